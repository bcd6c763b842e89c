"""Quotas from outside: what is let in, what a refusal says, what lasts across restarts and kills, what a tenant may read."""

import json
import os
import signal
import threading

import pytest

from support.gateway import SLOWNESS, SMALL_POOL, Gateway, children_of, executions, new_session, wait_for

USAGE = "/.sallyport/usage"


def body_of(code):
    return json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": code}).encode()


def config_of(quota="", token_quota="", organisation=""):
    text = SMALL_POOL + "[[tenant]]\nname = 'acme'\n"
    text += "organisation = 'group'\n" if organisation else ""
    text += f"[tenant.quota]\n{quota}\n[tenant.token_quota]\n{token_quota}\n"
    return text + (f"[[organisation]]\nname = 'group'\n[organisation.quota]\n{organisation}\n" if organisation else "")


@pytest.fixture
def started():
    gateways = []

    def start(config):
        gateway = Gateway(config)
        gateways.append(gateway)
        return gateway.start()

    yield start
    for gateway in gateways:
        gateway.close()


def run(gateway, code="print(1)", session=None):
    return gateway.send("POST", executions(session or new_session()), body_of(code), timeout=60)


def usage(gateway):
    answer = gateway.send("GET", USAGE)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def used(gateway, limit):
    return usage(gateway)["limits"][limit]["used"]


def kill_admit(gateway):
    for pid, argv in children_of(gateway.process.pid).items():
        if argv[0].startswith("sallyport: admit"):
            os.kill(pid, signal.SIGKILL)


def restart(gateway, how):
    if how == "stop":
        assert gateway.stop() == 0
        gateway.start()
    elif how == "kill":
        gateway.process.kill()
        gateway.process.wait()
        # The roles notice that their supervisor is gone, each by itself.
        wait_for(lambda: not os.path.exists(f"/proc/{gateway.process.pid}"), 10, "the supervisor to be gone")
        gateway.start()
    else:
        kill_admit(gateway)
        gateway.wait_ready()


def test_the_answer_over_a_rate_says_which_limit_and_when_it_resets(started):
    gateway = started(config_of("requests_per_minute = 3"))
    session = new_session()
    first = run(gateway, session=session)
    assert first.status == 200
    assert first.header("RateLimit-Policy") == '"requests";q=3;w=60'
    assert first.header("RateLimit").startswith('"requests";r=2;t=')
    assert [run(gateway, session=session).status for _ in range(2)] == [200, 200]
    refused = run(gateway, session=session)
    assert refused.status == 429
    wait = int(refused.header("Retry-After"))
    assert 1 <= wait <= 20
    assert refused.header("RateLimit-Policy") == '"requests";q=3;w=60'
    assert refused.header("RateLimit") == f'"requests";r=0;t={wait}'
    error = json.loads(refused.body)["error"]
    assert error["code"] == "QuotaExceeded"
    assert "the limit requests_per_minute of the tenant is 3 and 3 are used; ask again in" in refused.body.decode()


@pytest.mark.parametrize("how", ["stop", "kill", "kill admit"])
def test_a_day_and_a_minute_survive_every_kind_of_restart(started, how):
    gateway = started(config_of("code_bytes_per_day = '8 MiB'\nrequests_per_minute = 600"))
    code = "#" + "x" * 200000
    assert run(gateway, code).status == 200
    before = used(gateway, "code_bytes_per_day")
    assert before == len(code)
    restart(gateway, how)
    after = used(gateway, "code_bytes_per_day")
    share = 8 * 1024 * 1024 // 64 + 1
    body_and_share = len(body_of(code)) + share
    assert after == before if how == "stop" else before <= after <= body_and_share
    assert run(gateway).status == 200


def test_runs_at_once_are_bounded_also_when_admit_dies_between(started):
    gateway = started(config_of("concurrent_runs = 2"))
    sessions = [new_session() for _ in range(2)]
    answers = []

    def long_run(session):
        answers.append(run(gateway, "import time\ntime.sleep(4)", session).status)

    threads = [threading.Thread(target=long_run, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    wait_for(lambda: used(gateway, "concurrent_runs") == 2, 20, "two runs")
    assert run(gateway).status == 429
    kill_admit(gateway)
    gateway.wait_ready()
    refused = run(gateway)
    assert refused.status == 429, refused  # those two may still run
    assert refused.header("RateLimit-Policy") == '"concurrent-runs";q=2'
    for thread in threads:
        thread.join(60 * SLOWNESS)
    # Their ends are known: both places are free at once, and not when the longest run could be over.
    assert answers == [200, 200]
    assert used(gateway, "concurrent_runs") == 0
    assert run(gateway).status == 200


def test_after_a_crash_of_all_only_what_may_still_run_is_counted_and_not_for_longer(started):
    gateway = started(config_of("concurrent_runs = 16"))
    assert run(gateway).status == 200

    def long_run():
        body = {"codeInputType": "Inline", "executionType": "Synchronous", "code": "import time\ntime.sleep(60)",
                "timeoutInSeconds": 61}
        try:
            gateway.send("POST", executions(new_session()), json.dumps(body).encode(), timeout=60)
        except OSError:
            pass  # the gateway dies under it

    thread = threading.Thread(target=long_run)
    thread.start()
    wait_for(lambda: used(gateway, "concurrent_runs") == 1, 20, "the run")
    wait_for(lambda: any(entry["kind"] == "intent" and entry["run_ms_max"] == 61000 for entry in gateway.entries()), 20,
             "its intent")
    restart(gateway, "kill")
    thread.join(60 * SLOWNESS)
    # Places were leased ahead for more runs than that one: they are free.
    wait_for(lambda: used(gateway, "concurrent_runs") == 1, 20, "the other places to be free")
    assert run(gateway).status == 200
    restart(gateway, "kill")
    wait_for(lambda: used(gateway, "concurrent_runs") == 1, 20, "the first run to be counted still")


def test_nothing_is_counted_after_an_orderly_restart(started):
    gateway = started(config_of("concurrent_runs = 16"))
    assert run(gateway).status == 200
    restart(gateway, "stop")
    assert used(gateway, "concurrent_runs") == 0
    restart(gateway, "kill")
    wait_for(lambda: used(gateway, "concurrent_runs") == 0, 20, "no run to be counted")


def test_sessions_are_bounded_and_one_that_is_known_goes_on(started):
    gateway = started(config_of("sessions = 2"))
    sessions = [new_session() for _ in range(3)]
    assert run(gateway, session=sessions[0]).status == 200
    assert run(gateway, session=sessions[1]).status == 200
    refused = run(gateway, session=sessions[2])
    assert refused.status == 429
    assert refused.header("RateLimit-Policy") == '"sessions";q=2'
    assert 200 <= int(refused.header("Retry-After")) <= 300
    assert run(gateway, session=sessions[0]).status == 200
    kill_admit(gateway)
    gateway.wait_ready()
    assert run(gateway, session=sessions[2]).status == 429
    assert run(gateway, session=sessions[1]).status == 200


def test_a_denied_run_gives_its_time_back_and_a_failed_one_is_settled(started):
    gateway = started(config_of("run_seconds_per_day = 300"))
    session = new_session()
    assert run(gateway, "import socket", session).status == 403
    assert used(gateway, "run_seconds_per_day") == 0
    assert run(gateway, "1/0", session).status == 200
    limits = usage(gateway)["limits"]["run_seconds_per_day"]
    assert limits["reserved"] == 0 and limits["used"] <= 1 and limits["size"] == 300


def test_a_tenant_with_less_time_than_the_longest_run_uses_all_of_it(started):
    gateway = started(config_of("run_seconds_per_day = 100"))
    session, answers = new_session(), []

    def ask(code, seconds):
        answers.append(gateway.run(code, session, seconds=seconds, timeout=60))

    assert gateway.run("print(1)", session, seconds=100, timeout=60).status == 200
    wait_for(lambda: usage(gateway)["limits"]["run_seconds_per_day"]["reserved"] == 0, 20, "the run to be settled")
    refused = gateway.run("print(1)", session, seconds=101, timeout=60)
    assert refused.status == 429, refused
    assert refused.header("RateLimit-Policy") == '"run-seconds";q=100;w=86400'
    message = refused.json()["error"]["message"]
    assert "the run may take 101 s (timeoutInSeconds); the limit run_seconds_per_day of the tenant is 100" in message
    # One that runs holds what it may use; beside it a shorter one fits, and a longer one may ask again soon.
    thread = threading.Thread(target=ask, args=("import time; time.sleep(5)", 60))
    thread.start()
    wait_for(lambda: usage(gateway)["limits"]["run_seconds_per_day"]["reserved"] >= 60, 20, "the long run to begin")
    refused = gateway.run("print(1)", new_session(), seconds=60, timeout=60)
    assert (refused.status, refused.header("Retry-After")) == (429, "1"), refused
    assert gateway.run("print(1)", new_session(), seconds=20, timeout=60).status == 200
    thread.join(60 * SLOWNESS)
    assert answers[0].status == 200
    # Nothing of the refused ones is kept, on the way to the pool or in the count.
    wait_for(lambda: usage(gateway)["limits"]["run_seconds_per_day"]["reserved"] == 0, 20, "all runs to be settled")
    assert 5 <= used(gateway, "run_seconds_per_day") <= 30
    intents = [entry["run_ms_max"] for entry in gateway.entries() if entry["kind"] == "intent"]
    assert intents == [100000, 60000, 20000]


def test_many_at_once_share_a_small_quota_of_time(started):
    gateway = started(config_of("run_seconds_per_day = 100"))
    answers = []

    def ask():
        answers.append(gateway.run("print(1)", new_session(), seconds=2, timeout=60).status)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * SLOWNESS)
    assert answers == [200] * 8


def test_an_organisation_and_a_token_have_limits_of_their_own(started):
    gateway = started(config_of(token_quota="requests_per_minute = 2", organisation="code_bytes_per_day = 4194304"))
    session = new_session()
    assert run(gateway, session=session).status == 200
    shown = usage(gateway)
    assert shown["organisation"]["name"] == "group"
    assert shown["organisation"]["limits"]["code_bytes_per_day"] == {
        "size": 4194304, "used": 8, "reserved": 0, "left": 4194296}
    assert [token["token"] for token in shown["tokens"]] == ["local"]
    assert shown["tokens"][0]["limits"]["requests_per_minute"]["size"] == 2
    assert run(gateway, session=session).status == 200
    refused = run(gateway, session=session)
    assert refused.status == 429
    assert refused.header("RateLimit-Policy") == '"token-requests";q=2;w=60'


def multipart(name, data):
    text = f'--b42\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{data}\r\n--b42--\r\n'
    return text.encode()


def upload(gateway, session, data):
    headers = [("Authorization", f"Bearer {gateway.token()}"), ("Content-Type", "multipart/form-data; boundary=b42")]
    return gateway.send("POST", f"/files?api-version=2025-10-02-preview&identifier={session}", multipart("a.txt", data), headers,
                        timeout=60)


def test_uploads_are_counted_by_the_day_and_refused_beyond(started):
    gateway = started(config_of("upload_bytes_per_day = 3000"))
    session = new_session()
    assert upload(gateway, session, "x" * 1000).status == 200
    counted = used(gateway, "upload_bytes_per_day")
    assert 1000 <= counted <= 1200
    refused = upload(gateway, session, "x" * 2500)
    assert refused.status == 429
    assert refused.header("RateLimit-Policy") == '"upload-bytes";q=3000;w=86400'
    assert refused.header("RateLimit").startswith(f'"upload-bytes";r={3000 - counted};t=')
    assert used(gateway, "upload_bytes_per_day") == counted
    assert run(gateway, session=session).status == 200


def test_a_deleted_session_makes_room_for_another(started):
    gateway = started(config_of("sessions = 1"))
    first, second = new_session(), new_session()
    assert run(gateway, session=first).status == 200
    assert run(gateway, session=second).status == 429
    answer = gateway.send("DELETE", f"/session?api-version=2025-10-02-preview&identifier={first}")
    assert answer.status in (200, 202, 204), answer
    assert run(gateway, session=second).status == 200
    # looking at one that is not there begins none
    assert gateway.send("GET", f"/session?api-version=2025-10-02-preview&identifier={first}").status == 404
    assert used(gateway, "sessions") == 1


def test_never_one_over_while_many_ask_at_once(started):
    gateway = started(config_of("requests_per_minute = 20"))
    session = new_session()
    assert run(gateway, session=session).status == 200
    answers = []

    def ask():
        answers.append(run(gateway, session=session).status)

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * SLOWNESS)
    # A request becomes free every three seconds.
    assert 19 <= answers.count(200) <= 19 + 20 * SLOWNESS // 3
    assert set(answers) == {200, 429}


def test_the_usage_is_for_the_tenants_own_eyes(gateway):
    assert gateway.send("GET", USAGE, headers=[]).status == 401
    answer = gateway.send("POST", USAGE, b"{}")
    assert answer.status == 405
    answer = gateway.send("GET", USAGE)
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("x-sallyport-entry") is None
    assert json.loads(answer.body)["tenant"] == "local"


def issue(gateway, tenant, scope):
    status, out, err = gateway.command("token", "issue", "-c", gateway.config, "--state", gateway.state, "--tenant", tenant,
                                       "--scope", scope)
    assert status == 0, err
    return out.strip()


def get(gateway, target, token):
    return gateway.send("GET", target, headers=gateway.headers(token))


def test_the_usage_of_all_tenants_is_told_to_an_administrator_and_as_a_table(started, tmp_path):
    gateway = started(config_of("requests_per_minute = 600\nrun_seconds_per_day = '10h'\ncode_bytes_per_day = '64 MiB'")
                      + "[[tenant]]\nname = 'beta'\n[[tenant]]\nname = 'idle'\n")
    beta = issue(gateway, "beta", "execute")
    assert run(gateway).status == 200
    wait_for(lambda: get(gateway, USAGE, beta).status == 200, 10, "the token to be known")
    assert gateway.send("POST", executions(new_session()), body_of("print(2)"), headers=gateway.headers(beta),
                        timeout=60).status == 200
    for target in (USAGE + "?tenant=acme", USAGE + "?all=true"):
        refused = get(gateway, target, beta)
        assert (refused.status, refused.error()) == (403, "ScopeMissing")
    assert json.loads(get(gateway, USAGE + "?tenant=beta", beta).body)["tenant"] == "beta"
    assert gateway.send("GET", USAGE + "?tenant=nobody").status == 404
    assert gateway.send("GET", USAGE + "?all=true&from=x").status == 400
    page = json.loads(gateway.send("GET", USAGE + "?all=true").body)
    assert [tenant["tenant"] for tenant in page["tenants"]] == ["acme", "beta"] and "next" not in page
    more = ("--usage", "-c", gateway.config, "--state", gateway.state, "--endpoint", f"http://127.0.0.1:{gateway.port}")
    status, out, err = gateway.command("token", "list", *more)
    assert status == 0, err
    lines = out.splitlines()
    assert all(len(line) <= 80 for line in lines), lines
    assert lines[0].split() == ["TENANT", "TOKEN", "REQ/MIN", "RUNS", "SESS", "RUN", "TIME", "CODE", "UPLOADS"]
    acme = lines[1].split()
    assert acme[:2] == ["acme", "(all)"] and acme[2].endswith("/600") and acme[3:5] == ["0", "1"] and acme[6].endswith("B/64M")
    assert [line.split()[0] for line in lines[1:]] == ["acme", "acme", "beta", "beta"]
    status, out, _ = gateway.command("token", "list", *more, "--tenant", "beta", "--format", "json")
    assert status == 0 and json.loads(out)["tenant"] == "beta"
    (tmp_path / "token").write_text(beta)
    status, _, err = gateway.command("token", "list", *more, "--token-file", tmp_path / "token")
    assert status == 1 and "the token lacks the scope admin" in err
    for wrong in (("token", "issue", "--usage", "--tenant", "beta"), ("token", "list", "--format", "json"),
                  ("token", "list", "--usage", "--format", "xml")):
        assert gateway.command(*wrong)[0] == 2
    gateway.stop()
    assert gateway.command("token", "list", *more)[0] == 3


def log_salt(gateway):
    """Two numbers in the head of SQLite's write-ahead log that are new whenever it begins anew."""
    return (gateway.state / "quota" / "quota.db-wal").read_bytes()[16:24]


def test_store_that_was_there_before_goes_on_when_its_log_begins_anew(started):
    gateway = started(config_of("sessions = 50"))
    assert run(gateway).status == 200
    assert gateway.stop() == 0
    gateway.start()
    admit, salt = gateway.roles()["admit"], log_salt(gateway)
    for _ in range(500):
        session = new_session()
        assert run(gateway, session=session).status == 200
        assert gateway.send("DELETE", f"/session?api-version=2025-10-02-preview&identifier={session}").status == 204
        if log_salt(gateway) != salt:
            break
    assert log_salt(gateway) != salt, "the log never began anew"
    assert run(gateway).status == 200
    assert gateway.roles()["admit"] == admit, gateway.output()
