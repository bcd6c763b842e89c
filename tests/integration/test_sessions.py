"""Sessions and asynchronous runs: asked after, listed under the tenant's names, ended; runs that nobody waits for."""

import json
import re
import time

import pytest

from support.gateway import NEW, OLD, SLOWNESS, Gateway, executions, new_session

CONFIG = "[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n[[tenant]]\nname = \"local\"\ndenial = \"result\"\n"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def q(session=None, version=NEW, more=""):
    return f"?api-version={version}" + (f"&identifier={session}" if session else "") + more


def send(gateway, method, target, body=b"", more=()):
    answer = gateway.send(method, target, body, gateway.headers() + list(more), timeout=60)
    assert answer is not None, gateway.output()
    return answer


def run_async(gateway, session, code, version=NEW, more=(), **members):
    body = {"codeInputType": "Inline", "executionType": "Asynchronous", "code": code, **members}
    return send(gateway, "POST", executions(session, version), json.dumps(body).encode(), more)


def poll(gateway, location):
    end = time.monotonic() + 30 * SLOWNESS
    while time.monotonic() < end:
        answer = send(gateway, "GET", location)
        assert answer.status == 200, answer
        if answer.json()["status"] != "Running":
            return answer.json()
        time.sleep(0.05)
    raise AssertionError("the run does not end")


def test_session_is_made_by_a_run_and_by_nothing_else(gateway):
    session = new_session()
    answer = send(gateway, "GET", "/session" + q(session))
    assert (answer.status, answer.error()) == (404, "SessionNotFound"), answer
    assert send(gateway, "DELETE", "/session" + q(session)).status == 404
    assert send(gateway, "GET", "/session" + q(session)).status == 404
    gateway.run("1", session)
    body = send(gateway, "GET", "/session" + q(session)).json()
    assert body["identifier"] == session
    for key in ("createdAt", "lastAccessedAt", "expireAt"):
        assert re.match(r"20\d\d-\d\d-\d\dT", body[key]), body
    assert body["etag"]


def test_deleted_session_is_gone_with_its_state(gateway):
    session = new_session()
    gateway.run("kept = 1", session)
    answer = send(gateway, "DELETE", "/session" + q(session))
    assert (answer.status, answer.body) == (204, b"")
    assert send(gateway, "GET", "/session" + q(session)).status == 404
    assert "NameError" in gateway.run("kept", session).json()["result"]["stderr"]


def names(gateway):
    found, target = [], "/listSessions" + q()
    while target:
        body = send(gateway, "GET", target).json()
        found += [session["identifier"] for session in body["sessions"]]
        target = body["nextLink"]
    return found


def test_list_has_the_tenants_names(gateway):
    mine = [new_session() for _ in range(3)]
    for session in mine:
        gateway.run("1", session)
    listed = names(gateway)
    assert set(mine) <= set(listed), (mine, listed)
    send(gateway, "DELETE", "/session" + q(mine[0]))
    assert mine[0] not in names(gateway)
    hashes = {entry["session"] for entry in gateway.answered()}
    assert not hashes & set(names(gateway))


def test_metadata(gateway):
    body = send(gateway, "GET", "/metadata" + q()).json()
    assert isinstance(body, dict) and body


def test_management(gateway):
    session = new_session()
    gateway.run("1", session)
    assert send(gateway, "POST", f"/.management/getSession?identifier={session}").json()["identifier"] == session
    body = send(gateway, "POST", "/.management/listSessions?skip=0").json()
    assert session in [item["identifier"] for item in body["value"]] and body["value"] == body["sessions"]
    answer = send(gateway, "POST", f"/sessionPools/mine/.management/stopSession?identifier={session}")
    assert answer.status == 200 and answer.header("content-type").startswith("text/plain")
    assert answer.body.decode() == f"Session {session} in session pool mine stopped."
    assert send(gateway, "GET", "/session" + q(session)).status == 404


def test_asynchronous_run(gateway):
    session = new_session()
    answer = run_async(gateway, session, "import time\ntime.sleep(1)\nprint('late')\n6*7")
    assert answer.status == 200 and answer.json()["status"] == "Running" and answer.json()["executionType"] == "Asynchronous"
    location = answer.header("operation-location")
    assert answer.header("operation-id") == answer.json()["id"] and answer.json()["id"] in location
    done = poll(gateway, location)
    assert (done["status"], done["id"], done["identifier"]) == ("Succeeded", answer.json()["id"], session)
    assert (done["result"]["stdout"], done["result"]["executionResult"]) == ("late\n", 42)


def test_asynchronous_run_is_not_waited_for(gateway):
    session = new_session()
    answer = run_async(gateway, session, "import time\ntime.sleep(200)", timeoutInSeconds=210)
    assert answer.json()["status"] == "Running"
    assert send(gateway, "GET", answer.header("operation-location")).json()["status"] == "Running"
    assert send(gateway, "DELETE", "/session" + q(session)).status == 204
    assert poll(gateway, answer.header("operation-location"))["status"] == "Failed"


def test_asynchronous_run_of_an_older_path_can_be_asked_after(gateway):
    session = new_session()
    body = json.dumps({"properties": {"code": "6*7", "executionType": "asynchronous"}}).encode()
    for path in ("/code/execute", "/python/execute"):
        answer = send(gateway, "POST", path + q(session, "2024-02-02-preview"), body)
        assert answer.status == 200
        assert poll(gateway, answer.header("operation-location"))["result"]["executionResult"] == "42"


def test_executions_of_the_version_with_paths_of_its_own(gateway):
    session, version = new_session(), "2024-09-01"
    body = {"codeInputType": "Inline", "executionType": "Synchronous", "networkStatus": "EgressDisabled", "multiArrayStatus": "MultiArrayDisabled",
            "code": "print(1)\n[42]", "timeoutInSeconds": 60}
    done = send(gateway, "POST", "/p/execute" + q(session, version), json.dumps(body).encode())
    seen = done.json()
    assert done.status == 200 and (seen["status"], seen["stdout"], seen["stderr"], seen["result"], seen["executionType"]) == \
        ("Success", "1\n", "", [42], "Synchronous") and seen["id"] == done.header("operation-id") and seen["executionTimeInMilliseconds"] >= 0
    failed = send(gateway, "POST", "/execute" + q(session, version), b'{"code": "1/0"}').json()
    assert failed["status"] == "Failure" and "ZeroDivisionError" in failed["stderr"]
    started = send(gateway, "POST", "/execute" + q(session, version), json.dumps({**body, "executionType": "Asynchronous"}).encode())
    assert (started.status, started.json()["id"]) == (202, started.header("operation-id"))
    assert started.header("location") == started.header("operation-location")
    ended = poll(gateway, started.header("location"))
    assert (ended["status"], ended["stdout"], ended["result"]) == ("Success", "1\n", [42])
    for other in ("2024-08-02-preview", "2024-10-02-preview"):
        assert send(gateway, "POST", "/execute" + q(session, other), b'{"code": "1"}').status == 404


def test_asynchronous_run_of_the_first_version_is_202(gateway):
    answer = run_async(gateway, new_session(), "1", "2024-10-02-preview")
    assert answer.status == 202
    assert poll(gateway, answer.header("operation-location"))["result"]["executionResult"] == "1"


def test_asynchronous_failure(gateway):
    done = poll(gateway, run_async(gateway, new_session(), "1/0").header("operation-location"))
    assert done["status"] == "Failed" and "ZeroDivisionError" in done["result"]["stderr"]


def test_outcome_is_recorded_whether_or_not_anybody_asks(gateway):
    answer = run_async(gateway, new_session(), "2")
    intent = int(answer.header("x-sallyport-entry"))
    end = time.monotonic() + 20 * SLOWNESS
    while not [entry for entry in gateway.entries() if entry["kind"] == "outcome" and entry["intent"] == intent]:
        assert time.monotonic() < end, "no outcome"
        time.sleep(0.1)


def test_name_of_ones_own_for_a_run(gateway):
    session = new_session()
    answer = run_async(gateway, session, "3", more=[("operation-id", "my-operation-1")])
    assert answer.json()["id"] == "my-operation-1"
    assert poll(gateway, "/executions/my-operation-1" + q(session))["result"]["executionResult"] == 3
    assert send(gateway, "GET", "/executions/my-operation-1" + q(new_session())).status == 404


def test_execution_that_never_was(gateway):
    answer = send(gateway, "GET", "/executions/none-such" + q(new_session()))
    assert (answer.status, answer.error()) == (404, "ExecutionNotFound"), answer
    assert "not kept any more" in answer.json()["error"]["message"]


def test_denied_run_as_a_result(gateway):
    code = "import os\nos.system('id')"
    new = gateway.run(code).json()
    assert new["status"] == "Failed" and "PolicyDenied" in new["result"]["stderr"] and "line 2" in new["result"]["stderr"]
    body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": code}}).encode()
    old = send(gateway, "POST", "/code/execute" + q(new_session(), OLD), body)
    properties = old.json()["properties"]
    assert (old.status, properties["status"], properties["stdout"]) == (200, "Failure", "")
    assert "os.system" in properties["stderr"] or "process" in properties["stderr"]
    assert old.header("x-sallyport-entry")


@pytest.mark.parametrize("method,target", [
    ("POST", executions("abcd-run")), ("GET", "/files" + q("abcd-run")), ("GET", "/nothing"), ("GET", "/session" + q("never-was")),
    ("PUT", "/files" + q("abcd-run")),
])
def test_every_answer_has_a_request_id(gateway, method, target):
    body = b'{"code": "1"}' if method == "POST" else b""
    assert re.match(r"^[0-9a-f]{16}$", send(gateway, method, target, body).header("x-ms-request-id"))


def test_headers_of_an_execution(gateway):
    answer = gateway.run("1")
    assert re.match(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", answer.header("x-ms-session-guid"))
    assert int(answer.header("x-ms-overall-execution-time")) >= 0
    assert answer.header("operation-id") == answer.json()["id"]


def test_trace_of_the_caller_is_in_the_log_and_in_errors(gateway):
    answer = send(gateway, "POST", executions(new_session()), b'{"code": "1"}', [("traceparent", TRACE)])
    entry = gateway.entries()[int(answer.header("x-sallyport-entry"))]
    assert entry["traceparent"] == TRACE
    failed = send(gateway, "POST", executions(new_session()), b"{", [("traceparent", TRACE)])
    assert failed.json()["error"]["traceId"] == TRACE.split("-")[1]


@pytest.fixture
def short_lived():
    gateway = Gateway(config=CONFIG.replace("[pool]\n", "[pool]\nmax_life = 2\n"))
    try:
        yield gateway.start()
    finally:
        gateway.close()


def test_a_session_ends_at_the_end_of_its_life_though_it_is_used(short_lived):
    session = new_session()
    before = time.monotonic()
    assert short_lived.run("x = 41; y = 0", session).status == 200
    end = before + 60 * SLOWNESS
    while "NameError" not in (answer := short_lived.run("y += 1; print(x)", session)).body.decode():
        assert answer.status == 200 and "41" in answer.body.decode(), answer
        assert time.monotonic() < end, "the session lives on"
    assert time.monotonic() - before >= 2, "its life is as long as it was configured"
    assert short_lived.run("x = 42; print(x)", session).status == 200


def test_a_run_that_is_on_outlives_its_session_and_those_in_line_go_to_a_new_one(short_lived):
    session = new_session()
    codes = ["import time\nx = 41\nfor _ in range(30): time.sleep(0.1)\nprint('whole', x)"]
    codes += ["try: print(x)\nexcept NameError: print('new')"] * 3
    started = [run_async(short_lived, session, code) for code in codes]
    assert {answer.status for answer in started} <= {200, 202}, started
    ended = [poll(short_lived, answer.header("operation-location")) for answer in started]
    assert [one["result"]["stdout"] for one in ended] == ["whole 41\n"] + ["new\n"] * 3, ended
