"""Shipping the log: real collectors on this machine, some of which stall, go away, or are not there at all."""

import json
import os
import re
import signal
import socket
import ssl
import threading
import time

import pytest

from support import certs, tlog
from support.gateway import SLOWNESS, SMALL_POOL, Gateway, free_port, wait_for

COUNTED = re.compile(rb"(\d+) ")
RFC5424 = re.compile(rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (\S+) sallyport - (\S+) - (\{.*\})", re.S)


def message(data):
    """One RFC 5424 message: its JSON, checked against its head."""
    found = RFC5424.fullmatch(data)
    assert found, data
    body = json.loads(found[5])
    assert int(found[1]) // 8 == 13 and found[4].decode() == body["kind"], data[:120]
    return body


class Collector:
    """Takes messages in a thread; what came is in `seen`, entry by entry, checkpoints apart."""

    def __init__(self, listener):
        self.listener, self.seen, self.checkpoints, self.gaps, self.error = listener, [], [], [], None
        self.is_stalled, self.is_over, self.connections = False, False, 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def take(self, body):
        {"checkpoint": self.checkpoints, "gap": self.gaps}.get(body["kind"] if "index" not in body else "", self.seen).append(body)

    def serve(self):
        try:
            self.loop()
        except Exception as error:  # told by whoever waits
            if not self.is_over:
                self.error = error

    def indexes(self):
        assert self.error is None, self.error
        return sorted({entry["index"] for entry in self.seen})

    def close(self):
        self.is_over = True
        self.listener.close()


class Datagrams(Collector):
    def loop(self):
        while not self.is_over:
            while self.is_stalled:
                time.sleep(0.02)
            self.take(message(self.listener.recv(1 << 17)))


class Stream(Collector):
    def wrap(self, connection):
        return connection

    def loop(self):
        self.listener.settimeout(0.1)
        while not self.is_over:
            try:
                connection = self.wrap(self.listener.accept()[0])
            except TimeoutError:
                continue
            except ssl.SSLError:
                continue
            self.connections += 1
            with connection:
                self.read(connection)

    def read(self, connection):
        pending = b""
        connection.settimeout(0.1)
        while not self.is_over:
            while self.is_stalled and not self.is_over:
                time.sleep(0.02)
            try:
                data = connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            pending += data
            while (head := COUNTED.match(pending)) and len(pending) >= head.end() + int(head[1]):
                end = head.end() + int(head[1])
                self.take(message(pending[head.end():end]))
                pending = pending[end:]


class Tls(Stream):
    def __init__(self, listener, context):
        self.context = context
        super().__init__(listener)

    def wrap(self, connection):
        connection.settimeout(10)
        return self.context.wrap_socket(connection, server_side=True)


def listen(port=0):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def ship_to(*collectors, more=""):
    return SMALL_POOL + "".join(f'[[audit.ship]]\nto = "{to}"\n{more}\n' for to in collectors)


@pytest.fixture
def start():
    started = []

    def begin(config):
        gateway = Gateway(config)
        started.append(gateway)
        return gateway.start()
    yield begin
    for gateway in started:
        gateway.close()


def published(gateway):
    return [json.loads(line) for line in tlog.published(gateway.state / "log")]


def all_there(gateway, collector, seconds=30):
    """Every entry of the log has come, as it stands there, and a checkpoint behind the last."""
    def is_there():
        return collector.indexes()[-1:] == [len(published(gateway)) - 1] and collector.checkpoints and \
            collector.checkpoints[-1]["size"] == len(published(gateway))
    wait_for(is_there, seconds, f"all entries; {len(collector.seen)} came; the log:\n{gateway.output()}")
    plain = published(gateway)
    assert collector.indexes() == list(range(len(plain)))
    by_index = {entry["index"]: entry for entry in collector.seen}
    assert [by_index[index] for index in sorted(by_index)] == plain[:len(by_index)]
    return plain


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_unix_socket(start, tmp_path_factory, kind):
    folder = tmp_path_factory.mktemp("s")
    for parent in [folder, *list(folder.parents)[:2]]:
        os.chmod(parent, 0o755)
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(str(folder / "log"))
    os.chmod(folder / "log", 0o666)
    if kind == socket.SOCK_STREAM:
        listener.listen()
    collector = (Datagrams if kind == socket.SOCK_DGRAM else Stream)(listener)
    gateway = start(ship_to(f"unix:{folder}/log"))
    assert gateway.run("print(1)").status == 200
    all_there(gateway, collector)
    collector.close()


def test_udp(start):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    listener.bind(("127.0.0.1", 0))
    collector = Datagrams(listener)
    gateway = start(ship_to(f"udp://127.0.0.1:{listener.getsockname()[1]}"))
    assert gateway.run("print(1)").status == 200
    all_there(gateway, collector)
    collector.close()


def test_tcp_and_a_restart_goes_on_where_it_stood(start):
    listener = listen()
    collector = Stream(listener)
    gateway = start(ship_to(f"tcp://localhost:{listener.getsockname()[1]}"))
    assert gateway.run("print(1)").status == 200
    all_there(gateway, collector)
    assert gateway.stop() == 0
    plain = published(gateway)
    wait_for(lambda: collector.indexes()[-1] == len(plain) - 1, 10, "the stop to be shipped")
    assert collector.seen[-1]["kind"] == "stop"
    before = len(collector.seen)
    assert before == len(plain), "an orderly end and a steady connection ship nothing twice"
    gateway.start()
    assert gateway.run("print(2)").status == 200
    all_there(gateway, collector)
    assert collector.seen[before]["index"] == before, "it went on where it stood"
    collector.close()


def test_tls_wants_the_right_certificate(start, tmp_path):
    ca = certs.Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ca.issue("good", "/CN=localhost", "DNS:localhost"))
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(*ca.issue("other", "/CN=elsewhere", "DNS:elsewhere.example"))
    good, bad = Tls(listen(), context), Tls(listen(), other)
    ports = [collector.listener.getsockname()[1] for collector in (good, bad)]
    gateway = start(ship_to(*(f"tls://localhost:{port}" for port in ports), more=f'ca_file = "{ca.certificate}"'))
    assert gateway.run("print(1)").status == 200
    all_there(gateway, good)
    assert bad.seen == []
    wait_for(lambda: f"to=tls://localhost:{ports[1]} " in gateway.output(), 10, "the operator to be told")
    good.close()
    bad.close()


def test_a_collector_that_stalls_holds_nobody_up(start):
    slow, quick = Stream(listen()), Stream(listen())
    slow.is_stalled = True
    gateway = start(ship_to(*(f"tcp://127.0.0.1:{c.listener.getsockname()[1]}" for c in (slow, quick))))
    for _ in range(30):
        assert gateway.run("import socket").status == 403
    all_there(gateway, quick)
    slow.is_stalled = False
    all_there(gateway, slow)
    slow.close()
    quick.close()


def test_one_that_goes_away_and_comes_back_misses_nothing(start):
    port = free_port()
    gateway = start(ship_to(f"tcp://127.0.0.1:{port}"))  # nobody is there
    assert gateway.run("print(1)").status == 200
    first = Stream(listen(port))
    all_there(gateway, first)
    first.close()
    first.thread.join()
    for _ in range(5):
        assert gateway.run("import socket").status == 403
    again = Stream(listen(port))
    wait_for(lambda: again.indexes()[-1:] == [len(published(gateway)) - 1], 30, "the rest")
    assert set(first.indexes()) | set(again.indexes()) == set(range(len(published(gateway))))
    gateway.kill_role("ship")
    assert gateway.run("import socket").status == 403
    wait_for(lambda: again.indexes()[-1] == len(published(gateway)) - 1, 30, "what came after the death of ship")
    assert again.gaps == [] and not [entry for entry in gateway.entries() if entry["kind"] == "gap"]
    again.close()


def test_a_reload_that_renumbers_who_is_connected_to_sends_the_log_to_nobody_else(start):
    """Whoever serves an issuer's keys gets a place before the collector's in the list of those that may be connected to."""
    keys, asked = listen(), []

    def serve_keys():
        while True:
            connection, _ = keys.accept()
            with connection:
                connection.settimeout(10)
                asked.append(connection.recv(65536))
    threading.Thread(target=serve_keys, daemon=True).start()
    port = free_port()
    first = Stream(listen(port))
    gateway = start(ship_to(f"tcp://127.0.0.1:{port}"))
    all_there(gateway, first)
    gateway.config.write_text(gateway.config.read_text() + f"""
[[issuer]]
name = "corp"
issuer = "https://issuer.example"
audiences = ["sallyport"]
jwks_uri = "http://127.0.0.1:{keys.getsockname()[1]}/keys"
[[issuer.rule]]
tenant = "local"
""")
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "serve.reloaded" in gateway.output(), 20, "the reload")
    wait_for(lambda: asked, 20, "the keys to be asked for")
    first.close()
    first.thread.join()
    assert gateway.run("import socket").status == 403
    again = Stream(listen(port))
    wait_for(lambda: again.indexes()[-1:] == [len(published(gateway)) - 1], 30, "the rest")
    assert all(request.startswith(b"GET /keys ") for request in asked), asked
    assert "role.blamed" not in gateway.output(), gateway.output()
    again.close()


def test_a_file_is_written_on_and_a_checkpoint_in_it_shows_a_cut_log(start, tmp_path):
    path = tmp_path / "shipped.log"
    gateway = start(ship_to(f"file:{path}"))
    assert gateway.run("print(1)").status == 200
    lines = lambda: [json.loads(line) for line in path.read_text().splitlines()]  # noqa: E731
    wait_for(lambda: len([one for one in lines() if "index" in one]) == len(published(gateway)), 20, "the entries")
    path.rename(tmp_path / "shipped.old")
    gateway.process.send_signal(1)
    wait_for(path.exists, 20, "a new file")
    assert gateway.run("print(2)").status == 200
    assert gateway.stop() == 0
    both = [json.loads(line) for name in ("shipped.old", "shipped.log") for line in (tmp_path / name).read_text().splitlines()]
    assert sorted({one["index"] for one in both if "index" in one}) == list(range(len(published(gateway))))
    # the whole stream, or a line of it, is a checkpoint for verify
    command = ("audit", "verify", gateway.state / "log", "--checkpoint")
    assert gateway.command(*command, path)[0] == 0
    kept = tmp_path / "kept"
    kept.write_text(path.read_text().splitlines()[-1])
    assert gateway.command(*command, kept)[0] == 0
    # another log, written over this one
    for name in ("log", "audit"):
        (gateway.state / name).rename(gateway.state / f"{name}.gone")
    gateway.start()
    assert gateway.run("print(3)").status == 200
    assert gateway.stop() == 0
    status, out, _ = gateway.command(*command, kept)
    assert status == 1 and "checkpoint" in out


def test_a_pipe_without_a_reader_is_waited_for(start, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    gateway = start(ship_to(f"file:{path}", more='format = "ocsf"'))
    assert gateway.run("print(1)").status == 200
    size = len(published(gateway))
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    data, end = b"", time.monotonic() + 20 * SLOWNESS
    while data.count(b'"class_uid":6003') < size:
        assert time.monotonic() < end, data[-500:]
        try:
            data += os.read(fd, 65536)
        except BlockingIOError:
            pass
        time.sleep(0.02)
    os.close(fd)
    events = [json.loads(line) for line in data.splitlines() if b"class_uid" in line]
    assert [event["metadata"]["sequence"] for event in events[:size]] == list(range(size))


def test_too_far_behind_is_a_gap_in_the_stream_and_in_the_log(start):
    port = free_port()
    gateway = start(ship_to(f"tcp://127.0.0.1:{port}", more="behind = 5"))
    for _ in range(20):
        assert gateway.run("import socket").status == 403
    wait_for(lambda: [entry for entry in gateway.entries() if entry["kind"] == "gap"], 20, "the entry")
    collector = Stream(listen(port))
    wait_for(lambda: collector.indexes()[-1:] == [len(published(gateway)) - 1] and collector.checkpoints, 30, "the rest")
    gaps = [entry for entry in gateway.entries() if entry["kind"] == "gap"]
    missing = set(range(len(published(gateway)))) - set(collector.indexes())
    assert sum(gap["count"] for gap in collector.gaps) == len(missing) > 0
    assert {gap["to"] for gap in gaps} == {f"tcp://127.0.0.1:{port}"}
    wait_for(lambda: sum(entry["count"] for entry in gateway.entries() if entry["kind"] == "gap") == len(missing), 20,
             "all of the gap to be recorded")
    assert gateway.stop() == 0
    assert gateway.command("audit", "verify", gateway.state / "log")[0] == 0
    collector.close()


def test_config_check_names_the_mistake(tmp_path):
    gateway = Gateway("")
    for to, word in (("", "missing"), ("http://x", "begins with"), ("tcp://x", "port"), ("tls://", "host"), ("file:x", "absolute"),
                     ("udp://[::1", "host"), ("tcp://x:1:2", "port")):
        gateway.config.write_text(ship_to(to))
        status, out, err = gateway.command("config", "check", "-c", gateway.config)
        assert status == 2 and word in out + err, (to, out, err)
    gateway.config.write_text(ship_to("udp://x", more='ca_file = "/x"'))
    assert "tls://" in "".join(gateway.command("config", "check", "-c", gateway.config)[1:])
    gateway.close()
