"""A pool that speaks either family: what it is asked, and how its words come out in the client's own."""

import json

import pytest

from support.gateway import NEW, OLD, Gateway, code_execute, executions, new_session, wait_for
from support.stubpool import answer_result, answer_with

STUB_TOKEN = "stub-pool-credential-0123456789"
PATH = "/subscriptions/s/resourceGroups/g/sessionPools/p"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BODY = (b'--XX\r\nContent-Disposition: form-data; name="file"; filename="/mnt/data/a.txt"\r\nX-Own: mine\r\n\r\nhello\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="other"\r\n\r\nsecret\r\n--XX--\r\n')


@pytest.fixture(scope="module", params=["2024-02-02-preview", "2025-10-02-preview"])
def speaking(request, stub_pool):
    """A gateway whose pool speaks this version."""
    own = Gateway(stub_pool.config() + f'api_version = "{request.param}"\n', {"STUB_POOL_TOKEN": STUB_TOKEN})
    own.version = request.param
    try:
        yield own.start()
    finally:
        own.close()


@pytest.fixture(scope="module")
def running_pool(stub_pool):
    own = Gateway(stub_pool.config(), {"STUB_POOL_TOKEN": STUB_TOKEN})
    try:
        yield own.start()
    finally:
        own.close()


def q(session, version=NEW, more=""):
    return f"?api-version={version}&identifier={session}{more}"


def send(gateway, method, target, body=b"", more=()):
    fields = [("Authorization", f"Bearer {gateway.token()}")] + list(more)
    answer = gateway.send(method, target, body, fields, timeout=30)
    assert answer is not None, gateway.output()
    return answer


def is_old(gateway):
    return gateway.version < "2024-10"


def file_of(gateway, name="a.txt", size=5):
    old = {"$id": "1", "value": [{"$id": "2", "properties": {"$id": "3", "filename": name, "size": size, "lastModifiedTime": "2026-01-01T00:00:00Z"}}]}
    return old if is_old(gateway) else {"name": name, "type": "file", "sizeInBytes": size, "lastModifiedAt": "2026-01-01T00:00:00Z"}


def test_run_is_asked_for_in_the_pools_family(speaking, stub):
    for target in (executions(new_session()), code_execute(new_session(), OLD)):
        assert send(speaking, "POST", target, b'{"code": "1"}', [("traceparent", TRACE)]).status == 200
    for seen in stub.seen:
        assert seen.target.startswith(PATH + ("/code/execute?" if is_old(speaking) else "/executions?"))
        assert ("properties" in seen.json()) == is_old(speaking)
        assert seen.header("traceparent") == TRACE


def test_traceparent_of_another_form_stays_here(speaking, stub):
    send(speaking, "POST", executions(new_session()), b'{"code": "1"}', [("traceparent", "00-ZZ-x: y")])
    assert stub.seen[0].header("traceparent") is None


def goes_on(questions, last=None):
    """A pool that answers a run before its end, and so many questions after it with the same."""
    running = {"id": "op/1", "identifier": "s", "executionType": "Synchronous", "status": "Running", "result": {}}

    def behave(handler):
        asked = sum(seen.method == "GET" for seen in handler.server.pool.seen)
        if handler.command == "GET" and asked > questions:
            (last or answer_result)(handler)
        else:
            handler.answer(202, running, [("Operation-Location", "/executions/op%2F1?api-version=x&identifier=s")])
    return behave


@pytest.mark.parametrize("target", [executions, code_execute], ids=["new", "old"])
def test_a_run_that_the_pool_goes_on_with_is_asked_after(running_pool, stub, target):
    stub.forget(goes_on(2))
    answer = send(running_pool, "POST", target(new_session(), OLD if target is code_execute else NEW), b'{"code": "1"}')
    assert answer.status == 200, answer
    result = answer.json()["properties"] if target is code_execute else answer.json()["result"]
    assert result["stdout"] == "stub out\n" and "Running" not in answer.body.decode()
    assert [seen.method for seen in stub.seen] == ["POST", "GET", "GET", "GET"]
    session = stub.seen[0].target.split("identifier=")[1]
    assert stub.seen[1].target == f"{PATH}/executions/op%2F1?api-version=2025-10-02-preview&identifier={session}"
    assert stub.seen[1].header("authorization") == f"Bearer {STUB_TOKEN}" and stub.seen[1].body == b""


def test_an_asynchronous_run_that_the_pool_goes_on_with(running_pool, stub):
    session = new_session()
    stub.forget(goes_on(1))
    begun = send(running_pool, "POST", executions(session), b'{"code": "1", "executionType": "Asynchronous"}')
    assert begun.json()["status"] == "Running"
    path = f"/executions/{begun.json()['id']}" + q(session)
    wait_for(lambda: send(running_pool, "GET", path).json()["status"] != "Running", 20, "the end")
    assert send(running_pool, "GET", path).json()["result"]["stdout"] == "stub out\n"


def test_a_run_that_the_pool_lost_is_unknown(running_pool, stub):
    stub.forget(goes_on(1, answer_with(404, {"error": {"code": "X", "message": "no such execution"}})))
    answer = send(running_pool, "POST", executions(new_session()), b'{"code": "1"}')
    assert (answer.status, answer.error()) == (502, "OutcomeUnknown"), answer
    assert "no such execution" in answer.json()["error"]["message"]
    assert [seen.method for seen in stub.seen] == ["POST", "GET", "GET"]


def test_traceparent_of_a_later_version_goes_on_as_the_first(speaking, stub):
    """Of two none is the one; neither those nor one that is too long are a reason to refuse a run."""
    for fields in [[("traceparent", "cc" + TRACE[2:] + "-more")], [("traceparent", TRACE), ("Traceparent", TRACE)], [("traceparent", TRACE + "-" + "x" * 2000)]]:
        assert send(speaking, "POST", executions(new_session()), b'{"code": "1"}', fields).status == 200
    assert [seen.header("traceparent") for seen in stub.seen] == [TRACE, None, None]


def test_upload_is_built_anew(speaking, stub):
    stub.forget(answer_with(200, file_of(speaking)))
    answer = send(speaking, "POST", "/files" + q(new_session()), BODY, [("Content-Type", "multipart/form-data; boundary=XX")])
    assert (answer.status, answer.json()["name"], answer.json()["sizeInBytes"]) == (200, "a.txt", 5), answer
    seen = stub.seen[0]
    assert seen.method == "POST" and seen.target.startswith(PATH + ("/files/upload?" if is_old(speaking) else "/files?"))
    assert seen.body.count(b"hello") == 1 and b'filename="a.txt"' in seen.body
    assert b"secret" not in seen.body and b"mine" not in seen.body and b"XX" not in seen.body
    old = send(speaking, "POST", "/files/upload" + q(new_session(), OLD), BODY, [("Content-Type", "multipart/form-data; boundary=XX")])
    assert old.json()["value"][0]["properties"]["filename"] == "a.txt"


@pytest.mark.parametrize("method,path,want_new,want_old", [
    ("GET", "/files/d%2Fa.txt", "/files/a.txt?", "/files/d%2Fa.txt?"),
    ("GET", "/files/d%2Fa.txt/content", "/files/a.txt/content?", "/files/content/d%2Fa.txt?"),
    ("DELETE", "/files/a.txt", "/files/a.txt?", "/files/a.txt?"),
    ("GET", "/session", "/session?", "/session?"),
    ("DELETE", "/session", "/session?", "/session?"),
])
def test_paths_at_the_pool(speaking, stub, method, path, want_new, want_old):
    session = new_session()
    stub.forget(answer_with(200, file_of(speaking)))
    assert send(speaking, method, path + q(session)).status in (200, 204)
    seen = stub.seen[0]
    assert seen.method == method and seen.target.startswith(PATH + (want_old if is_old(speaking) else want_new))
    assert session not in seen.target and seen.header("authorization") == f"Bearer {STUB_TOKEN}"
    assert "session" not in path or "api-version=2025-10-02-preview" in seen.target
    assert "d%2F" in seen.target or "path=d" in seen.target or "d%2F" not in path


def test_download_has_the_pools_type_and_date(speaking, stub):
    stub.forget(answer_with(200, b"bytes", [("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")]))
    answer = send(speaking, "GET", "/files/a.txt/content" + q(new_session()))
    assert (answer.status, answer.body) == (200, b"bytes")
    assert answer.header("last-modified") == "Thu, 01 Jan 2026 00:00:00 GMT" and answer.header("content-type") == "application/json"


@pytest.mark.parametrize("status,body,want,code", [
    (404, b"", 404, "FileNotFound"),
    (404, {"error": {"code": "SessionNotFound", "message": "x"}}, 404, "SessionNotFound"),
    (401, b"", 502, "PoolCredentialRefused"),
    (500, {"error": {"code": "E", "message": "Error happened when allocating pod for identifier X in pool Y"}}, 429, "SessionLimitReached"),
    (503, b"", 503, "PoolUnavailable"),
    (200, b"nonsense", 502, "PoolAnswerInvalid"),
])
def test_refusals_of_the_pool(speaking, stub, status, body, want, code):
    stub.forget(answer_with(status, body, [("Retry-After", "7")]))
    answer = send(speaking, "GET", "/files/a.txt" + q(new_session()))
    assert (answer.status, answer.error()) == (want, code), answer
    assert want not in (429, 503) or answer.header("retry-after") == "7"


def test_pools_own_words_are_kept(speaking, stub):
    stub.forget(answer_with(400, {"error": {"code": "X", "message": "the reason is this"}}))
    answer = send(speaking, "POST", executions(new_session()), b'{"code": "1"}')
    assert "the reason is this" in answer.json()["error"]["message"]


def test_list_in_either_shape(speaking, stub):
    old = {"$id": "1", "value": [{"$id": "2", "properties": {"$id": "3", "filename": "a.txt", "size": 5, "lastModifiedTime": "t"}}]}
    new = {"value": [{"name": "a.txt", "type": "File", "sizeInBytes": 5, "lastModifiedAt": "t"}], "nextLink": None}
    for body in (old, new):
        stub.forget(answer_with(200, body))
        assert send(speaking, "GET", "/files" + q(new_session())).json()["value"][0]["sizeInBytes"] == 5
        assert send(speaking, "GET", "/files" + q(new_session(), OLD)).json()["value"][0]["properties"]["size"] == 5


def test_list_of_sessions_names_nobody_elses(speaking, stub):
    session = new_session()
    send(speaking, "POST", executions(session), b'{"code": "1"}')
    mine = stub.seen[0].target.split("identifier=")[1].split("&")[0]
    stub.forget(answer_with(200, {"sessions": [{"identifier": "somebody-else"}, {"identifier": mine, "etag": "e"}], "nextLink": None}))
    body = send(speaking, "GET", f"/listSessions?api-version={NEW}").json()
    assert [item["identifier"] for item in body["sessions"]] == [session]
    assert "somebody-else" not in json.dumps(body) and mine not in json.dumps(body)
