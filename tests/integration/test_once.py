"""Idempotency keys: one run a key, the same answer again, also across a restart; what differs is refused."""

import json
import os
import signal
import subprocess
import threading
import time

import pytest

from support.gateway import NEW, OLD, PROGRAM, SLOWNESS, Gateway, children_of, executions, new_session, wait_for

COUNT = "try:\n    n += 1\nexcept NameError:\n    n = 1\nprint('run', n)\nn"
CONFIG = """
[pool]
ready_sessions = 1
[pool.session]
preload = []
[[tenant]]
name = "local"
policy = "data-science"
[[tenant]]
name = "other"
policy = "data-science"
"""


@pytest.fixture(scope="module")
def gateway():
    it = Gateway(CONFIG)
    try:
        yield it.start()
    finally:
        it.close()


def post(gateway, session, code, key, field="Idempotency-Key", version=NEW, token=None, **members):
    body = {"codeInputType": "Inline", "executionType": "Synchronous", "code": code, **members}
    headers = gateway.headers(token) + ([(field, key)] if key is not None else [])
    answer = gateway.send("POST", executions(session, version), json.dumps(body).encode(), headers, timeout=60)
    assert answer is not None, gateway.output()
    return answer


@pytest.mark.parametrize("field", ["Idempotency-Key", "operation-id"])
def test_one_run_a_key(gateway, field):
    session = new_session()
    first = post(gateway, session, COUNT, "abc-1", field)
    again = post(gateway, session, COUNT, "abc-1", field)
    assert first.status == again.status == 200 and first.json()["result"]["stdout"] == "run 1\n"
    assert again.json() == first.json() and again.header("operation-id") == first.header("operation-id")
    assert (first.header("idempotency-replayed"), again.header("idempotency-replayed")) == (None, "true")
    assert post(gateway, session, COUNT, "abc-2", field).json()["result"]["stdout"] == "run 2\n"
    assert post(gateway, session, COUNT, None).json()["result"]["stdout"] == "run 3\n"


def test_replay_is_recorded(gateway):
    session = new_session()
    first = post(gateway, session, COUNT, "recorded-1")
    again = post(gateway, session, COUNT, "recorded-1")
    entries = gateway.entries()
    intent = entries[int(first.header("x-sallyport-entry"))]
    entry = entries[int(again.header("x-sallyport-entry"))]
    assert (entry["kind"], entry["intent"], entry["error"]) == ("replay", intent["index"], "Ok")
    assert entry["order_sha256"] == intent["order_sha256"] and entry["policy_sha256"] == intent["policy_sha256"]
    assert entry["tenant"] == "local" and entry["principal"] == intent["principal"]


def test_the_same_answer_for_a_failed_run_and_in_other_words(gateway):
    session = new_session()
    first = post(gateway, session, "1/0", "failed-1")
    assert first.json()["status"] == "Failed" and post(gateway, session, "1/0", "failed-1").json() == first.json()
    body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "1/0"}}).encode()
    old = gateway.send("POST", f"/code/execute?api-version={OLD}&identifier={session}", body,
                       gateway.headers() + [("Idempotency-Key", "failed-1")], timeout=60)
    assert old.json()["properties"]["status"] == "Failure" and old.header("idempotency-replayed") == "true"


def test_another_body_or_session_is_refused(gateway):
    session = new_session()
    post(gateway, session, COUNT, "other-1")
    for answer in (post(gateway, session, COUNT + "\n", "other-1"), post(gateway, new_session(), COUNT, "other-1"),
                   post(gateway, session, COUNT, "other-1", timeoutInSeconds=7)):
        assert (answer.status, answer.error()) == (422, "IdempotencyKeyReused"), answer
    assert post(gateway, session, COUNT, None).json()["result"]["stdout"] == "run 2\n"


@pytest.mark.parametrize("key", ["", "with blank", "x" * 129, "\u00e4"])
def test_key_of_another_form(gateway, key):
    answer = post(gateway, new_session(), "1", key.encode().decode("latin-1"))
    assert (answer.status, answer.error()) == (400, "InvalidRequest"), answer
    assert "Idempotency-Key" in answer.json()["error"]["message"]


def test_key_of_the_longest_form(gateway):
    assert post(gateway, new_session(), "1", "x" * 128).status == 200


def test_running_one_is_a_conflict(gateway):
    session = new_session()
    sleepy = "import time\ntime.sleep(3)\nprint('slept')"
    answers = []
    before = len(gateway.entries())
    thread = threading.Thread(target=lambda: answers.append(post(gateway, session, sleepy, "running-1")))
    thread.start()
    wait_for(lambda: any(entry["kind"] == "intent" for entry in gateway.entries()[before:]), 20, "the intent")
    answer = post(gateway, session, sleepy, "running-1")
    assert (answer.status, answer.error()) == (409, "Conflict") and answer.header("retry-after"), answer
    thread.join(60 * SLOWNESS)
    assert answers[0].json()["result"]["stdout"] == "slept\n"
    assert post(gateway, session, sleepy, "running-1").json() == answers[0].json()


def test_many_at_once_run_once(gateway):
    session = new_session()
    answers = []
    code = COUNT + "\nimport time\ntime.sleep(0.3)"
    threads = [threading.Thread(target=lambda: answers.append(post(gateway, session, code, "many-1"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * SLOWNESS)
    assert sorted({answer.status for answer in answers}) in ([200], [200, 409]), answers
    assert {answer.json()["result"]["stdout"] for answer in answers if answer.status == 200} == {"run 1\n"}
    assert post(gateway, session, COUNT, None).json()["result"]["stdout"] == "run 2\n"


def token_command(gateway, *words):
    command = [PROGRAM, "token", *words, "-c", gateway.config, "--state", gateway.state]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def issue(gateway, tenant):
    return token_command(gateway, "issue", "--tenant", tenant).splitlines()[-1].split()[-1]


def id_of(token):
    return token.split("_")[2]


def works(gateway, token):
    return post(gateway, new_session(), "1", None, token=token).status == 200


def test_keys_of_different_principals_are_apart(gateway):
    session = new_session()
    tokens = [None, issue(gateway, "local"), issue(gateway, "other")]
    wait_for(lambda: all(works(gateway, token) for token in tokens if token), 20, "the tokens")
    said = [post(gateway, session, COUNT, "apart-1", token=token).json()["result"]["stdout"] for token in tokens]
    assert said == ["run 1\n", "run 2\n", "run 1\n"], "the third has a session of its own tenant"


def test_replay_is_authorised_anew(gateway):
    session = new_session()
    token = issue(gateway, "local")
    wait_for(lambda: works(gateway, token), 20, "the token")
    first = post(gateway, session, COUNT, "anew-1", token=token)
    assert post(gateway, session, COUNT, "anew-1", token=token).json() == first.json()
    token_command(gateway, "revoke", id_of(token))
    wait_for(lambda: post(gateway, session, COUNT, "anew-1", token=token).status == 401, 20, "the end of the token")


def test_policy_is_judged_anew(tmp_path):
    config = CONFIG.split("[[tenant]]")[0] + '[[tenant]]\nname = "local"\npolicy = "%s"\n'
    with_gateway = Gateway(config % "record-only")
    code = "import socket\nprint('seen')"
    try:
        gateway = with_gateway.start()
        session = new_session()
        assert post(gateway, session, code, "policy-1").json()["result"]["stdout"] == "seen\n"
        gateway.config.write_text(config % "data-science")
        gateway.process.send_signal(signal.SIGHUP)
        denied = wait_for(lambda: (a := post(gateway, session, code, "policy-1")).status == 403 and a, 20, "the policy")
        assert denied.error() == "PolicyDenied"
    finally:
        with_gateway.close()


def test_asynchronous_run(gateway):
    session = new_session()
    first = post(gateway, session, COUNT, "async-1", executionType="Asynchronous")
    assert first.json()["status"] == "Running"
    again = wait_for(lambda: (a := post(gateway, session, COUNT, "async-1", executionType="Asynchronous")).status == 200 and a,
                     20, "its end")
    assert again.json()["id"] == first.json()["id"] and again.header("operation-location") == first.header("operation-location")
    assert post(gateway, session, COUNT, None).json()["result"]["stdout"] == "run 2\n"


def test_large_answer(gateway):
    session = new_session()
    first = post(gateway, session, "print('x' * 200000)", "large-1", outputStreamsMaxLength=300000)
    assert len(first.json()["result"]["stdout"]) == 200001
    assert post(gateway, session, "print('x' * 200000)", "large-1", outputStreamsMaxLength=300000).json() == first.json()


def audit_pid(gateway):
    return next(pid for pid, argv in children_of(gateway.process.pid).items() if any(a.endswith("audit") for a in argv))


def test_across_restarts():
    it = Gateway(CONFIG)
    try:
        gateway = it.start()
        session = new_session()
        first = post(gateway, session, COUNT, "restart-1")
        assert first.status == 200
        # A run whose end nobody heard: the recorder dies while it runs.
        thread = threading.Thread(target=lambda: post(gateway, session, "import time\ntime.sleep(3)\n'late'", "restart-2"))
        thread.start()
        wait_for(lambda: sum(e["kind"] == "intent" for e in gateway.entries()) >= 2, 20, "the second intent")
        os.kill(audit_pid(gateway), signal.SIGKILL)
        thread.join(60 * SLOWNESS)
        wait_for(gateway.answers, 20, "the service")

        def check():
            again = wait_for(lambda: (a := post(gateway, session, COUNT, "restart-1")).status == 200 and a, 30, "the answer")
            assert again.json() == first.json() and again.header("idempotency-replayed") == "true"
            spent = post(gateway, session, "import time\ntime.sleep(3)\n'late'", "restart-2")
            assert (spent.status, spent.error()) == (409, "IdempotencyKeySpent"), spent
            changed = post(gateway, session, "2", "restart-1")
            assert changed.status == 422, changed

        check()
        assert gateway.stop() == 0
        gateway.start()
        check()
        assert not [e for e in gateway.entries() if e["kind"] == "intent" and e["index"] > int(first.header("x-sallyport-entry")) + 20
                    and e["operation"] == "execute" and e["code_bytes"] == len(COUNT)]
    finally:
        it.close()
