"""RFC 9112 at the door: what breaks its rules is refused, the connection closed, and nothing behind it answered."""

import json
import time

import pytest

from support import rawhttp
from support.gateway import OLD, SLOWNESS, SMALL_POOL, executions, new_session

CONFIG = "[server.limits]\nhead_timeout = \"2s\"\nbody_timeout = \"2s\"\nidle_timeout = \"3s\"\n" + SMALL_POOL
BODY = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(1)"}).encode()
N = str(len(BODY)).encode()

# name, head lines after the request line (None: the line itself is replaced), body
HEADS = [
    ("two lengths", b"Content-Length: %s\r\nContent-Length: 5\r\n" % N, BODY),
    ("two equal lengths", b"Content-Length: %s\r\nContent-Length: %s\r\n" % (N, N), BODY),
    ("a list of lengths", b"Content-Length: %s, %s\r\n" % (N, N), BODY),
    ("length with a sign", b"Content-Length: +%s\r\n" % N, BODY),
    ("length in hexadecimal", b"Content-Length: 0x10\r\n", BODY),
    ("length with a blank inside", b"Content-Length: 1 0\r\n", BODY),
    ("empty length", b"Content-Length: \r\n", BODY),
    ("length over 64 bits", b"Content-Length: 18446744073709551616\r\n", BODY),
    ("transfer coding beside a length", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"),
    ("length beside a transfer coding", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    ("chunked twice", b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"),
    ("two transfer codings", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    ("chunked not last", b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
    ("unknown transfer coding", b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    ("transfer coding gzip", b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    ("transfer coding with a control", b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"),
    ("fold", b"X-A: one\r\n two\r\nContent-Length: %s\r\n" % N, BODY),
    ("fold by tab", b"X-A: one\r\n\ttwo\r\nContent-Length: %s\r\n" % N, BODY),
    ("blank before the first field", b" X-A: one\r\nContent-Length: %s\r\n" % N, BODY),
    ("blank before the colon", b"X-A : one\r\nContent-Length: %s\r\n" % N, BODY),
    ("bare CR in a value", b"X-A: one\rtwo\r\nContent-Length: %s\r\n" % N, BODY),
    ("bare CR as line end", b"X-A: one\rContent-Length: %s\r\n" % N, BODY),
    ("LF as line end", b"X-A: one\nContent-Length: %s\r\n" % N, BODY),
    ("NUL in a value", b"X-A: o\x00ne\r\nContent-Length: %s\r\n" % N, BODY),
    ("NUL in a name", b"X-\x00A: one\r\nContent-Length: %s\r\n" % N, BODY),
    ("no colon", b"X-A\r\nContent-Length: %s\r\n" % N, BODY),
    ("no name", b": one\r\nContent-Length: %s\r\n" % N, BODY),
    ("brackets in a name", b"X(A): one\r\nContent-Length: %s\r\n" % N, BODY),
    ("two hosts", b"Host: other.test\r\nContent-Length: %s\r\n" % N, BODY),
    ("two tokens", b"Authorization: Bearer x\r\nContent-Length: %s\r\n" % N, BODY),
    ("two types", b"Content-Type: text/plain\r\nContent-Length: %s\r\n" % N, BODY),
    ("two keys", b"x-ms-apikey: a\r\nx-ms-apikey: b\r\nContent-Length: %s\r\n" % N, BODY),
    ("bad chunk size", b"Transfer-Encoding: chunked\r\n", b"zz\r\nab\r\n0\r\n\r\n"),
    ("negative chunk size", b"Transfer-Encoding: chunked\r\n", b"-1\r\nab\r\n0\r\n\r\n"),
    ("chunk size with 0x", b"Transfer-Encoding: chunked\r\n", b"0x2\r\nab\r\n0\r\n\r\n"),
    ("chunk size over 64 bits", b"Transfer-Encoding: chunked\r\n", b"10000000000000002\r\nab\r\n0\r\n\r\n"),
    ("chunk longer than it says", b"Transfer-Encoding: chunked\r\n", b"2\r\nabc\r\n0\r\n\r\n"),
    ("chunk line with LF", b"Transfer-Encoding: chunked\r\n", b"2\nab\r\n0\r\n\r\n"),
    ("chunk data with LF", b"Transfer-Encoding: chunked\r\n", b"2\r\nab\n0\r\n\r\n"),
    ("bare CR in a chunk line", b"Transfer-Encoding: chunked\r\n", b"2\rx\r\nab\r\n0\r\n\r\n"),
    ("head over its limit", b"X-A: " + b"a" * 70_000 + b"\r\nContent-Length: %s\r\n" % N, BODY),
    ("too many fields", b"X-A: b\r\n" * 2_000 + b"Content-Length: %s\r\n" % N, BODY),
]

LINES = [
    ("version 2", b"POST %s HTTP/2.0"), ("version 1.2", b"POST %s HTTP/1.2"), ("version missing", b"POST %s"),
    ("version in lower case", b"POST %s http/1.1"), ("two blanks", b"POST  %s HTTP/1.1"),
    ("tab", b"POST\t%s HTTP/1.1"), ("blank at the start", b" POST %s HTTP/1.1"), ("blank at the end", b"POST %s HTTP/1.1 "),
    ("NUL in the target", b"POST %s\x00 HTTP/1.1"), ("bare CR", b"POST %s\r HTTP/1.1"),
    ("high byte in the target", b"POST %s\xff HTTP/1.1"), ("brackets in the method", b"PO(ST %s HTTP/1.1"),
    ("fragment", b"POST %s#a HTTP/1.1"), ("no slash", b"POST x%s HTTP/1.1"),
    ("another host", b"POST http://other.test%s HTTP/1.1"), ("a user before the host", b"POST http://a@gateway.test%s HTTP/1.1"),
    ("no host", b"POST http://%s HTTP/1.1"), ("target too long", b"POST %s" + b"a" * 70_000 + b" HTTP/1.1"),
]


# Forms that the rules allow: each is served as the plain one is, and so is the request behind it.
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def chunks(*parts, size=b"%x", last=b"0", trailer=b""):
    return b"".join(size % len(part) + b"\r\n" + part + b"\r\n" for part in parts) + last + b"\r\n" + trailer + b"\r\n"


FORMS = [
    ("length without a blank", b"Content-Length:%s\r\n" % N, BODY),
    ("length with a blank behind it", b"Content-Length: %s \r\n" % N, BODY),
    ("length with tabs around it", b"Content-Length:\t%s\t \r\n" % N, BODY),
    ("length with zeros before it", b"Content-Length: " + b"0" * 40 + b"%s\r\n" % N, BODY),
    ("coding with a blank behind it", b"Transfer-Encoding: chunked \r\n", chunks(BODY)),
    ("coding with a tab behind it", b"Transfer-Encoding:\tchunked\t\r\n", chunks(BODY)),
    ("coding in capitals", b"TRANSFER-ENCODING: CHUNKED\r\n", chunks(BODY)),
    ("chunk sizes in capitals", CHUNKED, chunks(BODY, size=b"%X")),
    ("chunk sizes of 16 digits", CHUNKED, chunks(BODY, size=b"%016x", last=b"0" * 16)),
    ("chunks of a byte", CHUNKED, chunks(*[BODY[at:at + 1] for at in range(len(BODY))])),
    ("trailer that names a length", CHUNKED, chunks(BODY, trailer=b"Content-Length: 5\r\n")),
    ("trailer that names a coding", CHUNKED, chunks(BODY, trailer=b"Transfer-Encoding: chunked\r\n")),
    ("trailer with another token", CHUNKED, chunks(BODY, trailer=b"Authorization: Bearer x\r\n")),
    ("trailer of many fields", CHUNKED, chunks(BODY, trailer=b"X: b\r\n" * 600)),
    ("connection with a blank behind it", b"Connection: keep-alive \r\nContent-Length: %s\r\n" % N, BODY),
    ("upgrade to HTTP/2", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: %s\r\n" % N, BODY),
    ("upgrade to a web socket", b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: %s\r\n" % N, BODY),
    ("length as a field of the connection", b"Connection: Content-Length\r\nContent-Length: %s\r\n" % N, BODY),
    ("another method on the side", b"X-HTTP-Method-Override: DELETE\r\nContent-Length: %s\r\n" % N, BODY),
    ("high bytes in a value", b"X: \xff\xfe\r\nContent-Length: %s\r\n" % N, BODY),
    ("a length that is spelled otherwise", b"Content_Length: 1\r\nContent-Length: %s\r\n" % N, BODY),
]


def authorization(gateway):
    return b"Authorization: Bearer " + gateway.token().encode() + b"\r\nContent-Type: application/json\r\n"


def good(gateway, session=None):
    return rawhttp.request("POST", executions(session or new_session()), gateway.headers(), BODY)


def refused_and_closed(gateway, data):
    """The bytes get one error answer in JSON, then the connection ends: what stands behind is not answered."""
    with gateway.connect(15) as connection:
        try:
            connection.send(data + good(gateway))
        except OSError:
            pass
        answer = connection.read()
        if answer is None:
            return None
        assert answer.status >= 400, answer
        answer.error()
        assert answer.header("connection") == "close", answer.headers
        assert connection.read() is None
        return answer


@pytest.mark.parametrize("head,body", [case[1:] for case in HEADS], ids=[case[0] for case in HEADS])
def test_head_that_breaks_the_rules(gateway, head, body):
    line = b"POST " + executions(new_session()).encode() + b" HTTP/1.1\r\nHost: gateway.test\r\n"
    before = len([entry for entry in gateway.entries() if entry["kind"] == "intent"])
    answer = refused_and_closed(gateway, line + authorization(gateway) + head + b"\r\n" + body)
    assert answer is not None and answer.status in (400, 413, 431, 501), answer
    assert len([entry for entry in gateway.entries() if entry["kind"] == "intent"]) == before


@pytest.mark.parametrize("line", [case[1] for case in LINES], ids=[case[0] for case in LINES])
def test_request_line_that_breaks_the_rules(gateway, line):
    head = line.replace(b"%s", executions(new_session()).encode()) + b"\r\nHost: gateway.test\r\n"
    answer = refused_and_closed(gateway, head + authorization(gateway) + b"Content-Length: %s\r\n\r\n" % N + BODY)
    assert answer is not None and answer.status in (400, 414, 431, 501, 505), answer


def test_the_largest_head_is_served(gateway):
    """The bounds of the door are the only ones: what it lets through, the rooms behind it hold."""
    line = b"POST " + executions(new_session()).encode() + b" HTTP/1.1\r\nHost: gateway.test\r\n"
    head = line + authorization(gateway) + b"Content-Length: %s\r\n" % N
    fields = b"".join(b"X-%03d: b\r\n" % number for number in range(101 - head.count(b"\r\n")))
    left = 32 * 1024 - len(head) - len(fields) - len(b"\r\n")
    with gateway.connect(15) as connection:
        connection.send(head + fields[:-2] + b"a" * left + b"\r\n\r\n" + BODY)
        answer = connection.read()
        assert answer.status == 200 and answer.json()["result"]["stdout"] == "1\n", answer


@pytest.mark.parametrize("head,body", [case[1:] for case in FORMS], ids=[case[0] for case in FORMS])
def test_forms_that_the_rules_allow_are_served_in_whatever_pieces(gateway, head, body):
    line = b"POST %s HTTP/1.1\r\nHost: gateway.test\r\n" % executions(new_session()).encode()
    second = new_session()
    data = line + authorization(gateway) + head + b"\r\n" + body + good(gateway, second)
    for step in (len(data), 7):
        with gateway.connect(15 * SLOWNESS) as connection:
            for at in range(0, len(data), step):
                connection.send(data[at:at + step])
            first, behind = connection.read(), connection.read()
            assert first.status == 200 and first.json()["result"]["stdout"] == "1\n", first
            assert behind.status == 200 and behind.json()["identifier"] == second, behind


def test_expect_continue_with_a_blank_behind_it(gateway):
    headers = gateway.headers() + [("Expect", "100-continue "), ("Content-Length", N.decode())]
    with gateway.connect() as connection:
        connection.send(rawhttp.request("POST", executions(new_session()), headers))
        assert connection.read().status == 100
        connection.send(BODY)
        assert connection.read().status == 200


def test_a_token_that_nobody_could_have_made_is_not_asked_for_again(gateway):
    headers = [("Authorization", "Bearer " + "a" * 17_000), ("Content-Type", "application/json")]
    answer = gateway.send("POST", executions(new_session()), BODY, headers)
    assert (answer.status, answer.error(), answer.header("Retry-After")) == (431, "HeaderFieldsTooLarge", None)


def test_host_is_required(gateway):
    head = b"POST " + executions(new_session()).encode() + b" HTTP/1.1\r\n"
    answer = refused_and_closed(gateway, head + authorization(gateway) + b"Content-Length: %s\r\n\r\n" % N + BODY)
    assert answer is not None and answer.status == 400


def test_a_refusal_waits_for_the_answers_before_it(gateway):
    with gateway.connect() as connection:
        connection.send(good(gateway) + b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + good(gateway))
        first = connection.read()
        assert first.status == 200 and first.json()["result"]["stdout"] == "1\n"
        second = connection.read()
        assert second is None or second.status == 400
        assert connection.read() is None


def test_requests_in_one_packet_are_answered_in_order(gateway):
    sessions = [new_session() for _ in range(5)]
    with gateway.connect() as connection:
        connection.send(b"".join(good(gateway, session) for session in sessions))
        assert [connection.read().json()["identifier"] for _ in sessions] == sessions


def test_bytes_one_by_one(gateway):
    with gateway.connect() as connection:
        data = good(gateway)
        for at in range(len(data)):
            connection.send(data[at:at + 1])
        assert connection.read().status == 200


def test_connection_is_kept_until_close_is_asked(gateway):
    with gateway.connect() as connection:
        for _ in range(3):
            connection.send(good(gateway))
            assert connection.read().status == 200
        headers = gateway.headers() + [("Connection", "close")]
        connection.send(rawhttp.request("POST", executions(new_session()), headers, BODY) + good(gateway))
        assert connection.read().status == 200
        assert connection.read() is None


def test_http_1_0_is_answered_and_closed(gateway):
    with gateway.connect() as connection:
        connection.send(good(gateway).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        assert connection.read().status == 200
        assert connection.read() is None


@pytest.mark.parametrize("target", [b"http://gateway.test%s", b"HTTPS://Gateway.Test%s"])
def test_target_in_absolute_form_is_served(gateway, target):
    """RFC 9112, 3.2.2: a server has to take it; clients behind a proxy send it."""
    line = b"POST " + target % executions(new_session()).encode() + b" HTTP/1.1\r\nHost: gateway.test\r\n"
    with gateway.connect() as connection:
        connection.send(line + authorization(gateway) + b"Content-Length: %s\r\n\r\n" % N + BODY + good(gateway))
        assert [connection.read().status for _ in range(2)] == [200, 200]


def test_empty_line_before_a_request_is_skipped(gateway):
    with gateway.connect() as connection:
        connection.send(b"\r\n" + good(gateway))
        assert connection.read().status == 200


@pytest.mark.parametrize("first, last", [(b";name=value", b""), (b';a="b;\\"c"', b";d"), (b" ; e = f\t;g", b';h="\xff"')])
def test_chunk_extensions_and_trailers_are_passed_over(gateway, first, last):
    """RFC 9112, 7.1.1: what is not known in an extension has to be ignored."""
    chunks = b"%x%b\r\n%b\r\n0%b\r\nX-Trailer: t\r\n\r\n" % (len(BODY), first, BODY, last)
    headers = gateway.headers() + [("Transfer-Encoding", "chunked")]
    with gateway.connect() as connection:
        connection.send(rawhttp.request("POST", executions(new_session()), headers, chunks) + good(gateway))
        assert [connection.read().status for _ in range(2)] == [200, 200]


def test_chunks_of_one_byte_in_packets_of_one_byte(gateway):
    """Each byte is framed anew; extensions and sizes are cut anywhere."""
    chunks = b"".join(b"0%x;x=%d\r\n%c\r\n" % (1, i % 10, byte) for i, byte in enumerate(BODY)) + b"0\r\n\r\n"
    headers = gateway.headers() + [("Transfer-Encoding", "chunked")]
    with gateway.connect() as connection:
        connection.send(rawhttp.request("POST", executions(new_session()), headers))
        for byte in chunks:
            connection.send(bytes([byte]))
        connection.send(good(gateway))
        assert [connection.read().status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("line", [b"%x;\r\n", b"%x;a\n", b"%x;a\rb\r\n", b'%x;a="\n"\r\n', b'%x;a="\r\n"\r\n', b"%x \r\n", b"%x;a \r\n",
                                  b"%x;a=\r\n", b";a\r\n", b"%x;a\x00\r\n"],
                         ids=["no name", "LF", "CR", "LF in quotes", "CRLF in quotes", "blank", "blank at the end", "no value",
                              "no size", "NUL"])
def test_chunk_extensions_that_could_hide_a_request_are_refused(gateway, line):
    size = line % len(BODY) if b"%x" in line else line
    chunks = size + BODY + b"\r\n0\r\n\r\n"
    headers = gateway.headers() + [("Transfer-Encoding", "chunked")]
    with gateway.connect() as connection:
        connection.send(rawhttp.request("POST", executions(new_session()), headers, chunks) + good(gateway))
        assert connection.read().status == 400
        assert connection.read() is None


def test_chunk_extensions_are_bounded(gateway):
    chunks = b"%x;%s\r\n%s\r\n0\r\n\r\n" % (len(BODY), b"a" * 17000, BODY)
    headers = gateway.headers() + [("Transfer-Encoding", "chunked")]
    with gateway.connect() as connection:
        connection.send(rawhttp.request("POST", executions(new_session()), headers, chunks))
        assert connection.read().status == 413
        assert connection.read() is None


def test_expect_continue(gateway):
    headers = gateway.headers() + [("Expect", "100-continue"), ("Content-Length", N.decode())]
    with gateway.connect() as connection:
        connection.send(rawhttp.request("POST", executions(new_session()), headers))
        assert connection.read().status == 100
        connection.send(BODY)
        assert connection.read().status == 200
        connection.send(good(gateway))
        assert connection.read().status == 200


def test_expect_continue_without_a_token_gets_no_100(gateway):
    headers = [("Expect", "100-continue"), ("Content-Length", N.decode())]
    with gateway.connect() as connection:
        connection.send(rawhttp.request("POST", executions(new_session()), headers))
        assert connection.read().status == 401


def test_other_expectation_is_refused(gateway):
    headers = gateway.headers() + [("Expect", "the-unexpected")]
    with gateway.connect() as connection:
        connection.send(rawhttp.request("POST", executions(new_session()), headers, BODY))
        assert connection.read().status == 417


@pytest.mark.parametrize("data", [b"", b"POST /exec", b"POST / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n"],
                         ids=["nothing", "half a line", "half a head"])
def test_slow_head_is_closed(gateway, data):
    with gateway.connect(20 * SLOWNESS) as connection:
        started = time.monotonic()
        connection.send(data)
        answer = connection.read()
        assert answer is None or answer.status == 408
        assert answer is None or connection.read() is None
        assert time.monotonic() - started < 12 * SLOWNESS


def test_head_that_trickles_is_closed(gateway):
    with gateway.connect(2) as connection:
        started = time.monotonic()
        closed = False
        connection.send(b"GET / HTTP/1.1\r\n")
        while not closed and time.monotonic() - started < 12 * SLOWNESS:
            try:
                connection.send(b"X-A: b\r\n")
                time.sleep(0.2)
            except OSError:
                closed = True
        assert closed


def test_slow_body_is_closed(gateway):
    headers = gateway.headers() + [("Content-Length", N.decode())]
    with gateway.connect(20 * SLOWNESS) as connection:
        started = time.monotonic()
        connection.send(rawhttp.request("POST", executions(new_session()), headers) + BODY[:5])
        answer = connection.read()
        assert answer is None or answer.status == 408
        assert answer is None or connection.read() is None
        assert time.monotonic() - started < 12 * SLOWNESS


def test_half_closed_client_gets_its_answer_or_the_end(gateway):
    import socket
    with gateway.connect(15) as connection:
        connection.send(good(gateway))
        connection.socket.shutdown(socket.SHUT_WR)
        answer = connection.read()
        assert answer is None or answer.status == 200


def test_many_connections_by_one_address_are_bounded(gateway):
    """Whatever the bound is, it refuses the newcomers, and the gateway works once they are gone."""
    connections = []
    try:
        for _ in range(300):
            connections.append(gateway.connect(5))
    except OSError:
        pass
    for connection in connections:
        connection.close()
    time.sleep(0.5)
    assert rawhttp.exchange(gateway.port, good(gateway)).status == 200


def test_body_without_a_length_is_asked_for_one(gateway):
    for target in (executions(new_session()), f"/files/upload?api-version={OLD}&identifier=abcd"):
        head = f"POST {target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {gateway.token()}\r\n\r\n".encode()
        answer = rawhttp.exchange(gateway.port, head)
        assert (answer.status, answer.error()) == (411, "LengthRequired"), answer
    empty = rawhttp.exchange(gateway.port, head.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"))
    assert empty.status in (400, 415), empty


@pytest.mark.parametrize("kind,status", [("text/plain", 415), ("multipart/form-data; boundary=b", 415), ("application/json; charset=utf-8", 200),
                                         ("application/x-www-form-urlencoded", 200), (None, 200)])
def test_code_is_json(gateway, kind, status):
    headers = gateway.headers()[:1] + ([("Content-Type", kind)] if kind else [])
    answer = gateway.send("POST", executions(new_session()), b'{"code": "1"}', headers)
    assert answer.status == status, answer
    assert status == 200 or answer.error() == "UnsupportedMediaType"
