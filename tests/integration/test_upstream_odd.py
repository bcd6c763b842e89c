"""A pool whose answers are broken, odd or hostile: nothing is sent twice, nothing is taken for what it is not, and the gateway goes on."""

import gzip
import json

import pytest

from support.gateway import NEW, executions, new_session

RESULT = {"stdout": "o", "stderr": "", "executionResult": 1, "executionTimeInMilliseconds": 1}
GOOD = json.dumps({"id": "e", "identifier": "i", "executionType": "Synchronous", "status": "Succeeded", "result": RESULT}).encode()
BODY = b'{"code": "1"}'


def answer(status, body=b"", fields=("Content-Type: application/json",), length=None):
    head = [f"HTTP/1.1 {status} X", *fields, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def chunks(*parts):
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(parts)


def saying(raw):
    """Writes these bytes, as they are, and hangs up."""
    def behave(handler):
        handler.close_connection = True
        for piece in raw if isinstance(raw, list) else [raw]:
            try:
                handler.wfile.write(piece)
            except OSError:
                return
    return behave


@pytest.mark.parametrize("raw,status,code", [
    (answer(200, GOOD, ["Content-Type: text/plain"]), 200, None),
    (chunks(b"%x\r\n" % len(GOOD), GOOD, b"\r\n0\r\nTrailer: x\r\n\r\n"), 200, None),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200, GOOD), 200, None),
    (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(200, GOOD), 200, None),
    (b"HTTP/1.0 200 OK\r\n\r\n" + GOOD, 200, None),
    ([bytes([byte]) for byte in answer(200, GOOD)], 200, None),
    (answer(200, GOOD[:-5]), 502, "PoolAnswerInvalid"),
    (answer(200, b"<html></html>", ["Content-Type: text/html"]), 502, "PoolAnswerInvalid"),
    (answer(200), 502, "PoolAnswerInvalid"),
    (answer(204), 502, "PoolAnswerInvalid"),
    (answer(200, gzip.compress(GOOD), ["Content-Encoding: gzip"]), 502, "PoolAnswerInvalid"),
    (answer(200, GOOD.replace(b'"o"', b'"\xff\xfe"')), 502, "PoolAnswerInvalid"),
    (answer(200, b"[" * 100_000), 502, "PoolAnswerInvalid"),
    (answer(200, b'{"status": "Succeeded", "status": "Failed", "result": {}}'), 502, "PoolAnswerInvalid"),
    (answer(202, b'{"status": "Running"}'), 502, "PoolAnswerInvalid"),
    (answer(200, GOOD[:-5], length=len(GOOD)), 502, "OutcomeUnknown"),
    (chunks(b"zz\r\nabc\r\n0\r\n\r\n"), 502, "OutcomeUnknown"),
    (chunks(b"ff\r\nabc"), 502, "OutcomeUnknown"),
    (b"HTTP/1.1 100 Continue\r\n\r\n", 502, "OutcomeUnknown"),
    (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 502, "OutcomeUnknown"),
    (b"hello", 502, "OutcomeUnknown"),
    (b"", 502, "OutcomeUnknown"),
    ([chunks()] + [b"10000\r\n" + b"x" * 65536 + b"\r\n"] * 2000, 502, "OutcomeUnknown"),
    ([b"HTTP/1.1 200 OK\r\n"] + [b"X-Field: " + b"y" * 1000 + b"\r\n"] * 1000, 502, "OutcomeUnknown"),
    (answer(302, fields=["Location: /elsewhere"]), 502, "PoolRefused"),
    (answer(307, fields=["Location: https://127.0.0.1:1/elsewhere"]), 502, "PoolRefused"),
    (answer(400, b'{"title": "One or more validation errors", "errors": {}}'), 502, "PoolRefused"),
], ids=lambda value: None if isinstance(value, (bytes, list)) else str(value))
def test_run_is_sent_once_and_ends_as_it_should(relaying, stub, raw, status, code):
    stub.forget(saying(raw))
    told = relaying.send("POST", executions(new_session()), BODY, timeout=60)
    assert told.status == status and (code is None or told.error() == code), told
    assert code is not None or told.json()["result"]["stdout"] == "o"
    assert len(stub.seen) == 1
    stub.forget()
    assert relaying.send("POST", executions(new_session()), BODY).status == 200


@pytest.mark.parametrize("raw,status,want", [
    (answer(200, b"whole", ["Content-Type: text/csv"]), 200, b"whole"),
    (chunks(b"5\r\nwhole\r\n0\r\n\r\n"), 200, b"whole"),
    (answer(200), 200, b""),
    (answer(200, b"whole", length=500), 503, "PoolUnavailable"),
    (chunks(b"ff\r\ncut"), 503, "PoolUnavailable"),
    (answer(206, b"part", ["Content-Range: bytes 0-3/100"]), 502, "PoolAnswerInvalid"),
    (answer(302, fields=["Location: /elsewhere"]), 502, "PoolRefused"),
    (answer(404), 404, "FileNotFound"),
], ids=lambda value: None if isinstance(value, bytes) else str(value))
def test_download_is_whole_or_none(relaying, stub, raw, status, want):
    stub.forget(saying(raw))
    told = relaying.send("GET", f"/files/a.csv/content?api-version={NEW}&identifier={new_session()}")
    assert told.status == status and (told.body == want if status == 200 else told.error() == want), told
    assert len(stub.seen) == 1


def test_fields_of_the_pool_stay_there(relaying, stub):
    stub.forget(saying(answer(200, b"<b>", ["Content-Type: text/html", "Set-Cookie: a=b", "Content-Disposition: attachment; filename=x", "X-Own: 1"])))
    told = relaying.send("GET", f"/files/a.html/content?api-version={NEW}&identifier={new_session()}")
    assert told.header("x-content-type-options") == "nosniff" and told.header("content-type") == "text/html"
    assert not [name for name in ("set-cookie", "content-disposition", "x-own") if told.header(name) is not None]
