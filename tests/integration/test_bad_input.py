"""What must be refused: each with its status, code, message and log entry, and without reaching a pool."""

import json

import pytest

from support.gateway import NEW, executions, new_session, wait_for

STUB_CONFIG = "[server.limits]\nbody = \"256 KiB\"\n"
GOOD = {"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(1)"}


def body_of(code):
    return json.dumps({**GOOD, "code": code}).encode()


# name, body, status, code of the error
BODIES = [
    ("cut off", b'{"code": "print(1)"', 400, "InvalidJson"),
    ("no JSON at all", b"code=print(1)", 400, "InvalidJson"),
    ("empty", b"", 400, "InvalidJson"),
    ("bytes after the value", b'{"code": "print(1)"} x', 400, "InvalidJson"),
    ("comment", b'{"code": "print(1)" /* c */}', 400, "InvalidJson"),
    ("single quotes", b"{'code': 'print(1)'}", 400, "InvalidJson"),
    ("raw control character", b'{"code": "print(1)\n"}', 400, "InvalidJson"),
    ("two equal keys", b'{"code": "print(1)", "code": "import socket"}', 400, "InvalidJson"),
    ("equal keys by escape", b'{"code": "print(1)", "c\\u006fde": "import socket"}', 400, "InvalidJson"),
    ("invalid UTF-8", b'{"code": "print(\'\xff\')"}', 400, "InvalidJson"),
    ("overlong UTF-8", b'{"code": "\xc0\xaf"}', 400, "InvalidJson"),
    ("lone surrogate", b'{"code": "\\ud800"}', 400, "InvalidJson"),
    ("number too large", b'{"code": "1", "timeoutInSeconds": 1e400}', 400, "InvalidJson"),
    ("too deep", b'{"code": "1", "x": ' + b"[" * 2000 + b"]" * 2000 + b"}", 400, "InvalidJson"),
    ("an array", b'["print(1)"]', 400, "InvalidRequest"),
    ("a string", b'"print(1)"', 400, "InvalidRequest"),
    ("no code", b'{"codeInputType": "Inline"}', 400, "InvalidRequest"),
    ("code is a number", b'{"code": 7}', 400, "InvalidRequest"),
    ("code is null", b'{"code": null}', 400, "InvalidRequest"),
    ("the key in another case", b'{"Code": "print(1)"}', 400, "InvalidRequest"),
    ("envelope is no object", b'{"properties": 1}', 400, "InvalidRequest"),
    ("unknown input type", b'{"code": "1", "codeInputType": "Pickle"}', 400, "InvalidRequest"),
    ("timeout is a string", b'{"code": "1", "timeoutInSeconds": "9"}', 400, "InvalidRequest"),
    ("timeout below 1", b'{"code": "1", "timeoutInSeconds": 0}', 400, "InvalidRequest"),
    ("timeout over the most", b'{"code": "1", "timeoutInSeconds": 100000}', 400, "InvalidRequest"),
    ("over the limit", body_of("#" + "a" * 300_000), 413, "RequestTooLarge"),
    ("banned import", body_of("import subprocess\nsubprocess.run(['id'])"), 403, "PolicyDenied"),
    ("banned import by alias", body_of("import os as o\no.system('id')"), 403, "PolicyDenied"),
    ("banned import behind good code", body_of("print(1)\nx = 2; import socket"), 403, "PolicyDenied"),
    ("computed import", body_of("__import__('so' + 'cket' + str())"), 403, "PolicyDenied"),
]


def refused(answer, status, code):
    assert answer is not None
    assert (answer.status, answer.error()) == (status, code), answer
    assert answer.json()["error"]["message"]
    assert answer.header("x-ms-error-code") in (None, code)


@pytest.mark.parametrize("body,status,code", [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_body(relaying, stub, body, status, code):
    before = len(relaying.answered())
    answer = relaying.send("POST", executions(new_session()), body or b"", relaying.headers() + (
        [] if body else [("Content-Length", "0")]))
    refused(answer, status, code)
    assert len(relaying.answered()) == before + 1, "a refusal of a tenant has one entry of its own"
    assert stub.seen == []


@pytest.mark.parametrize("code", ["print(1)\x00", "a = 'x\x00y'"])
def test_nul_in_the_code(relaying, stub, code):
    answer = relaying.send("POST", executions(new_session()), body_of(code), relaying.headers())
    assert (answer.status, answer.error()) in ((400, "InvalidRequest"), (400, "InvalidJson")), answer
    assert stub.seen == []


def test_denial_says_what_and_where(relaying, stub):
    answer = relaying.send("POST", executions(new_session()), body_of("print(1)\nimport subprocess"))
    refused(answer, 403, "PolicyDenied")
    assert "subprocess" in answer.body.decode()
    assert "line" in answer.body.decode()
    entry = relaying.entries()[int(answer.header("x-sallyport-entry"))]
    assert "subprocess" in json.dumps(entry)
    assert stub.seen == []


TARGETS = [
    ("unknown path", "POST", "/nothing/here?api-version=" + NEW, 404, "NotFound"),
    ("no path", "POST", "/", 404, "NotFound"),
    ("other method", "PUT", executions("abcd"), 405, "MethodNotAllowed"),
    ("no identifier", "POST", f"/executions?api-version={NEW}", 400, "InvalidIdentifier"),
    ("short identifier", "POST", executions("abc"), 400, "InvalidIdentifier"),
    ("long identifier", "POST", executions("a" * 129), 400, "InvalidIdentifier"),
    ("blank in the identifier", "POST", executions("ab%20cd"), 400, "InvalidIdentifier"),
    ("NUL in the identifier", "POST", executions("abcd%00ef"), 400, "InvalidIdentifier"),
    ("no version", "POST", "/executions?identifier=abcd", 400, "InvalidApiVersion"),
    ("unknown version", "POST", executions("abcd", "2020-01-01"), 400, "InvalidApiVersion"),
]


@pytest.mark.parametrize("method,target,status,code", [case[1:] for case in TARGETS], ids=[case[0] for case in TARGETS])
def test_target(relaying, stub, method, target, status, code):
    before = len(relaying.answered())
    refused(relaying.send(method, target, body_of("print(1)")), status, code)
    assert len(relaying.answered()) == before + 1
    assert stub.seen == []


STRANGERS = [
    ("no token", [], "TokenMissing"),
    ("wrong token", [("Authorization", "Bearer wrong-token-0123456789")], "TokenUnknown"),
    ("empty token", [("Authorization", "Bearer ")], None),
    ("other scheme", [("Authorization", "Basic YTpi")], None),
]


@pytest.mark.parametrize("headers,code", [case[1:] for case in STRANGERS], ids=[case[0] for case in STRANGERS])
def test_stranger(relaying, stub, headers, code):
    answer = relaying.send("POST", executions(new_session()), body_of("print(1)"), headers)
    assert answer.status == 401, answer
    assert answer.error() == code or code is None
    assert answer.error().startswith("Token")
    assert stub.seen == []


def test_token_with_one_letter_changed(relaying, stub):
    token = relaying.token()
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    answer = relaying.send("POST", executions(new_session()), body_of("1"), relaying.headers(wrong))
    refused(answer, 401, "TokenUnknown")
    assert stub.seen == []


def test_strangers_are_folded_into_summary_entries(relaying):
    for _ in range(30):
        assert relaying.send("POST", executions(new_session()), body_of("1"), []).status == 401

    def summed():
        return [entry for entry in relaying.entries() if entry["kind"] == "strangers"]
    entries = wait_for(summed, 20, "a summary of refused strangers")
    assert len(entries) < 20


def test_refused_body_is_not_in_the_log_or_the_operators_lines(relaying):
    secret = "correct-horse-battery-staple"
    relaying.send("POST", executions(new_session()), body_of(f"import subprocess\nx = '{secret}'"))
    assert secret not in json.dumps(relaying.entries())
    assert secret not in relaying.output()
    assert relaying.token() not in json.dumps(relaying.entries())
