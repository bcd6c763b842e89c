"""Answers that grow while their run goes on: what it prints and shows comes at once, the result last, after its record."""

import hashlib
import json
import socket
import threading
import time

import pytest

from support import rawhttp
from support.gateway import NEW, OLD, SLOWNESS, Gateway, executions, new_session, wait_for

CONFIG = '[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n[[tenant]]\nname = "local"\npolicy = "record-only"\n'
WAITS = "import pathlib, time\nprint('first')\nwhile not pathlib.Path('/mnt/data/go').exists():\n    time.sleep(0.02)\nprint('second')\n7"


@pytest.fixture(scope="module")
def gateway():
    it = Gateway(CONFIG)
    try:
        yield it.start()
    finally:
        it.close()


class Stream:
    """A streamed run: its head, then its events one by one."""

    def __init__(self, gateway, code, session=None, target=None, accept="text/event-stream", **members):
        self.connection = gateway.connect(60 * SLOWNESS)
        body = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": code, **members}).encode()
        headers = gateway.headers() + [("Accept", accept)]
        self.connection.send(rawhttp.request("POST", target or executions(session or new_session()), headers, body))
        self.status = int(self.connection.line().split()[1])
        self.headers = {}
        while line := self.connection.line():
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.text = ""

    def close(self):
        self.connection.close()

    def more(self):
        if "content-length" in self.headers:  # nothing was printed: it came whole
            self.text += self.connection.exactly(int(self.headers["content-length"])).decode()
            self.headers["content-length"] = "0"
            return "\n\n" in self.text
        size = int(self.connection.line(), 16)
        self.text += self.connection.exactly(size).decode()
        assert self.connection.exactly(2) == b"\r\n"
        return size > 0

    def next(self):
        """(name, data, id) of the next event; None at the end."""
        while "\n\n" not in self.text:
            if not self.more():
                return None
        event, self.text = self.text.split("\n\n", 1)
        fields = dict(line.split(": ", 1) for line in event.split("\n"))
        return fields["event"], json.loads(fields["data"]), fields.get("id")

    def rest(self):
        events = []
        while event := self.next():
            events.append(event)
        self.close()
        return events


def texts(events, name):
    return "".join(data["text"] for event, data, _ in events if event == name)


def put(gateway, session, name):
    body = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"\r\n\r\nx\r\n--b--\r\n')
    headers = gateway.headers()[:1] + [("Content-Type", "multipart/form-data; boundary=b")]
    answer = gateway.send("POST", f"/files?api-version={NEW}&identifier={session}", body, headers)
    assert answer.status == 200, answer


def test_what_is_printed_comes_before_the_end(gateway):
    session = new_session()
    stream = Stream(gateway, WAITS, session)
    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
    assert stream.next() == ("stdout", {"text": "first\n"}, None)
    put(gateway, session, "go")  # without this it would never end
    events = stream.rest()
    assert texts(events, "stdout") == "second\n"
    name, result, entry = events[-1]
    assert name == "result" and result["status"] == "Succeeded" and result["identifier"] == session
    assert (result["result"]["stdout"], result["result"]["executionResult"]) == ("first\nsecond\n", 7)
    intent = gateway.entries()[int(entry)]
    outcome = next(e for e in gateway.entries() if e["kind"] == "outcome" and e["intent"] == intent["index"])
    assert outcome["state"] == "done"


def test_streams_and_what_is_shown_in_their_order(gateway):
    code = ("import sys, base64\nfrom IPython.display import display, Image\nprint('a', flush=True)\nprint('b', file=sys.stderr, flush=True)\n"
            "display({'text/html': '<b>x</b>'}, raw=True)\n'end'")
    events = Stream(gateway, code).rest()
    assert texts(events, "stdout") == "a\n" and texts(events, "stderr") == "b\n"
    shown = [data for name, data, _ in events if name == "output"]
    assert {"text/html": "<b>x</b>"} in shown and any("'end'" in data.get("text/plain", "") for data in shown), shown


def test_what_was_streamed_is_in_the_log(gateway):
    events = Stream(gateway, "print('abc')").rest()
    outcome = wait_for(lambda: [e for e in gateway.entries() if e["kind"] == "outcome" and e["intent"] == int(events[-1][2])], 20, "outcome")[0]
    assert outcome["streamed_bytes"] == 4 and outcome["streamed_sha256"] == hashlib.sha256(b"abc\n").hexdigest()
    answer = gateway.run("print('abc')")
    outcome = next(e for e in gateway.entries() if e["kind"] == "outcome" and e["intent"] == int(answer.header("x-sallyport-entry")))
    assert (outcome["streamed_bytes"], outcome["streamed_sha256"]) == (0, "0" * 64)


def test_failed_run(gateway):
    name, result, _ = Stream(gateway, "print('x')\n1/0").rest()[-1]
    assert name == "result" and result["status"] == "Failed" and "ZeroDivisionError" in result["result"]["stderr"]


def test_old_family(gateway):
    name, result, _ = Stream(gateway, "print('x')\n3", target=f"/code/execute?api-version={OLD}&identifier={new_session()}").rest()[-1]
    assert name == "result" and result["properties"]["status"] == "Success" and result["properties"]["result"] == 3


def test_run_that_prints_nothing(gateway):
    stream = Stream(gateway, "x = 1")
    assert stream.headers["content-type"] == "text/event-stream"
    assert [name for name, _, _ in stream.rest()] == ["result"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, text/event-stream"])
def test_who_takes_json_too_gets_json(gateway, accept):
    stream = Stream(gateway, "print(1)", accept=accept)
    assert stream.headers["content-type"] == "application/json"
    stream.close()


def test_what_does_not_run_is_an_error_as_ever(gateway):
    stream = Stream(gateway, "", target="/executions?api-version=1&identifier=abcd")
    assert (stream.status, stream.headers["content-type"]) == (400, "application/json")
    stream.close()


def test_denied_run(gateway):
    with_denial = Gateway(CONFIG.replace("record-only", "data-science"))
    try:
        stream = Stream(with_denial.start(), "import os\nos.system('id')")
        assert (stream.status, stream.headers["content-type"]) == (403, "application/json")
    finally:
        with_denial.close()


def test_asynchronous_run_is_not_streamed(gateway):
    stream = Stream(gateway, "print(1)", executionType="Asynchronous")
    assert stream.headers["content-type"] == "application/json"
    stream.close()


def test_run_over_its_time_ends_the_stream(gateway):
    events = Stream(gateway, "import time\nprint('x')\ntime.sleep(60)", timeoutInSeconds=1).rest()
    assert events[-1][0] == "result" and events[-1][1]["status"] == "Failed", events


def test_next_request_on_the_same_connection(gateway):
    stream = Stream(gateway, "print('x')")
    while stream.next():
        pass
    stream.connection.send(rawhttp.request("GET", f"/metadata?api-version={NEW}", gateway.headers()))
    assert stream.connection.line().split()[1] == "200"
    stream.close()


def test_client_that_leaves(gateway):
    session = new_session()
    stream = Stream(gateway, WAITS, session)
    assert stream.next()[1] == {"text": "first\n"}
    stream.close()
    put(gateway, session, "go")
    before = len(gateway.entries())
    wait_for(lambda: sum(e["kind"] == "intent" for e in gateway.entries()) == sum(e["kind"] == "outcome" for e in gateway.entries()),
             30, "the outcome of a run whose client left")
    assert gateway.run("print('works')", session).json()["result"]["stdout"] == "works\n" and before


def test_slow_reader_loses_parts_but_not_the_result(gateway):
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=60 * SLOWNESS)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    code = "for i in range(1000):\n    print('x' * 999, flush=True)"
    body = json.dumps({"code": code, "outputStreamsMaxLength": 1000000}).encode()
    connection.sendall(rawhttp.request("POST", executions(new_session()), gateway.headers() + [("Accept", "text/event-stream")], body))
    time.sleep(1.5)
    data = b""
    while not data.endswith(b"0\r\n\r\n"):
        got = connection.recv(1 << 16)
        assert got, "cut"
        data += got
    connection.close()
    assert data.count(b"event: result") == 1
    start = data.index(b"event: result")
    text = "".join(p for i, p in enumerate(data[start:].decode().split("\r\n")) if i % 2 == 0)
    result = json.loads(text.split("data: ", 1)[1].split("\n\n")[0])
    assert len(result["result"]["stdout"]) == 1000000


def test_many_at_once(gateway):
    said = []

    def one(number):
        events = Stream(gateway, f"for i in range(50):\n    print({number}, i, flush=True)").rest()
        said.append((number, texts(events, "stdout"), events[-1][1]["result"]["stdout"]))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * SLOWNESS)
    assert len(said) == 8
    for number, streamed, whole in said:
        assert streamed == whole == "".join(f"{number} {i}\n" for i in range(50))
