"""`[azure_code_interpreter]`: relaying over HTTPS, with the gateway's own credential and a body built from what was inspected."""

import json

import pytest

from support.gateway import NEW, OLD, Gateway, code_execute, executions, new_session
from support.stubpool import StubPool, answer_with

STUB_TOKEN = "stub-pool-credential-0123456789"
ODD = (b'{ "code" : "print(\\u0041)" ,\n "unknown": [1, {"a": null}], "codeInputType":"INLINE", '
       b'"executionType" : "Synchronous", "timeoutInSeconds": 9 }')


def body_of(code):
    return json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": code}).encode()


def test_pool_gets_the_gateways_credential_and_not_the_callers(relaying, stub):
    answer = relaying.send("POST", executions(new_session()), body_of("print(1)"))
    assert answer.status == 200, (answer, relaying.output())
    assert answer.json()["result"]["stdout"] == "stub out\n"
    assert len(stub.seen) == 1
    assert stub.seen[0].header("authorization") == f"Bearer {STUB_TOKEN}"
    assert relaying.token() not in json.dumps(stub.seen[0].headers) + stub.seen[0].body.decode()


def test_answer_of_the_old_family(relaying, stub):
    answer = relaying.send("POST", code_execute(new_session(), OLD), body_of("print(1)"))
    properties = answer.json()["properties"]
    assert (properties["status"], properties["stdout"], properties["stderr"]) == ("Success", "stub out\n", "")
    assert len(stub.seen) == 1


def test_request_goes_to_the_configured_pool(relaying, stub):
    relaying.send("POST", "/some/prefix" + executions(new_session()), body_of("1"))
    path, _, query = stub.seen[0].target.partition("?")
    assert path.startswith("/subscriptions/s/resourceGroups/g/sessionPools/p/")
    assert "api-version=" in query and "identifier=" in query


def test_no_header_of_the_caller_reaches_the_pool(relaying, stub):
    own = [("X-Own", "mine"), ("Cookie", "a=b"), ("User-Agent", "caller/1"), ("X-Forwarded-For", "10.0.0.1"),
           ("Operation-Id", "caller-operation"), ("Accept-Encoding", "gzip")]
    relaying.send("POST", executions(new_session()), body_of("1"), relaying.headers() + own)
    sent = json.dumps(stub.seen[0].headers)
    for trace in ("mine", "a=b", "caller/1", "10.0.0.1", "caller-operation", "gateway.test"):
        assert trace not in sent


def test_body_is_built_anew_from_what_was_inspected(relaying, stub):
    assert relaying.send("POST", executions(new_session()), ODD).status == 200
    sent = stub.seen[0].json()
    flat = sent.get("properties", sent)
    assert flat["code"] == "print(A)"
    assert flat["timeoutInSeconds"] == 9
    assert "unknown" not in stub.seen[0].body.decode()
    assert b"\n" not in stub.seen[0].body and stub.seen[0].body != ODD


def test_same_submission_gives_the_same_bytes(relaying, stub):
    session = new_session()
    relaying.send("POST", executions(session), b'{"code": "print(1)", "codeInputType": "Inline", "x": 1}')
    relaying.send("POST", executions(session), b'{"codeInputType":"inline","code":"\\u0070rint(1)"}')
    assert stub.seen[0].body == stub.seen[1].body


def test_identifier_at_the_pool_is_a_keyed_hash(relaying, stub):
    first, second = new_session(), new_session()
    for session in (first, first, second):
        relaying.send("POST", executions(session), body_of("1"))
    targets = [seen.target for seen in stub.seen]
    assert targets[0] == targets[1] != targets[2]
    assert first not in targets[0]


def test_client_sees_its_own_identifier(relaying, stub):
    session = new_session()
    assert relaying.send("POST", executions(session), body_of("1")).json()["identifier"] == session


@pytest.mark.parametrize("status,body,want,code", [
    (401, {"error": {"code": "Unauthorized", "message": "no"}}, 502, "PoolCredentialRefused"),
    (403, b"", 502, None),
    (404, {"error": {"code": "NotFound", "message": "no"}}, 502, "PoolRefused"),
    (400, {"error": {"code": "BadRequest", "message": "no"}}, 502, "PoolRefused"),
    (200, b"this is not JSON", 502, "PoolAnswerInvalid"),
    (200, {"unexpected": True}, 502, "PoolAnswerInvalid"),
], ids=["401", "403 empty", "404", "400", "no JSON", "other shape"])
def test_refusal_of_the_pool(relaying, stub, status, body, want, code):
    stub.forget(answer_with(status, body))
    answer = relaying.send("POST", executions(new_session()), body_of("1"))
    assert answer.status == want, answer
    assert answer.error() == code or code is None, answer
    assert STUB_TOKEN not in answer.body.decode()


def test_full_pool_is_429_with_retry_after(relaying, stub):
    stub.forget(answer_with(429, {"error": {"code": "TooManyRequests", "message": "x"}}, [("Retry-After", "70")]))
    answer = relaying.send("POST", executions(new_session()), body_of("1"))
    assert answer.status == 429, answer
    assert answer.header("retry-after") == "70"
    assert len(stub.seen) == 1  # nobody is kept waiting for as long as that


def test_status_202_of_the_pool_is_an_answer(relaying, stub):
    result = {"status": "Succeeded", "result": {"stdout": "late\n", "stderr": "", "executionResult": "",
                                                "executionTimeInMilliseconds": 1}}
    stub.forget(answer_with(202, result))
    assert relaying.send("POST", executions(new_session()), body_of("1")).json()["result"]["stdout"] == "late\n"


def test_credential_is_in_no_log(relaying, stub):
    relaying.send("POST", executions(new_session()), body_of("1"))
    assert STUB_TOKEN not in relaying.output()
    assert STUB_TOKEN not in json.dumps(relaying.entries())


def test_pool_with_a_strangers_certificate_is_refused(stub_pool):
    other = StubPool()
    own = Gateway(stub_pool.config(ca_file=other.folder / "ca.pem"), {"STUB_POOL_TOKEN": STUB_TOKEN})
    try:
        stub_pool.forget()
        own.start()
        answer = own.send("POST", executions(new_session()), body_of("1"))
        assert answer.status in (502, 503), answer
        assert stub_pool.seen == []
    finally:
        own.close()
        other.close()


def test_missing_credential_stops_the_start_or_the_run(stub_pool):
    own = Gateway(stub_pool.config("NOT_SET_ANYWHERE"))
    try:
        stub_pool.forget()
        try:
            own.start()
        except AssertionError:
            assert own.process.returncode == 2
            assert "NOT_SET_ANYWHERE" in own.output()
            return
        answer = own.send("POST", executions(new_session()), body_of("1"))
        assert answer.status in (502, 503), answer
        assert stub_pool.seen == []
    finally:
        own.close()


def test_newest_version_is_asked_of_the_pool(relaying, stub):
    relaying.send("POST", executions(new_session(), NEW), body_of("1"))
    assert "api-version=2025-10-02-preview" in stub.seen[0].target


def test_number_stays_a_number_and_a_text_a_text(relaying, stub):
    for value in (42, "42", [1, None], None):
        result = {"stdout": "", "stderr": "", "executionResult": value, "executionTimeInMilliseconds": 1}
        stub.forget(answer_with(200, {"id": "e", "identifier": "i", "executionType": "Synchronous", "status": "Succeeded", "result": result}))
        answer = relaying.send("POST", code_execute(new_session()), json.dumps({"properties": {"code": "1"}}).encode())
        assert answer.json()["properties"]["result"] == value
