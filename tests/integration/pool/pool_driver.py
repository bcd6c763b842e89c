"""The embedded pool by itself, over its unix socket: tests/tools/pool_stand.c around the real program of the sessions."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse

BUILD = pathlib.Path(os.environ.get("SP_BUILD", pathlib.Path(__file__).parents[3] / "build" / "gcc"))
VERSION = "2025-10-02-preview"

# A sanitizer needs terabytes of address space, so memory is not bounded in such a build.
SANITIZED = "SP_SANITIZE:BOOL=ON" in (BUILD / "CMakeCache.txt").read_text()


class Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout=60):
        super().__init__("pool", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        body = response.read()
        self.body = json.loads(body) if body else None

    @property
    def result(self):
        assert self.status == 200, (self.status, self.body)
        return self.body["result"]

    @property
    def code(self):
        return self.body["error"]["code"]


def parents_of_all():
    """Process to parent, without zombies."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    return parents


def children(pid):
    return [child for child, parent in parents_of_all().items() if parent == pid]


def descendants(pid):
    """All processes that come from this one."""
    parents = parents_of_all()
    found = set()
    grown = True
    while grown:
        more = {child for child, parent in parents.items() if parent in found or parent == pid} - found
        found |= more
        grown = bool(more)
    return found


def is_alive(pid):
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Pool:
    def __init__(self, directory, sessions=6, ready=1, cooldown=300, output=1 << 20, uid=None, options=(), before=()):
        self.socket = directory / "pool.sock"
        self.log = open(directory / "log", "wb")
        directory.chmod(0o777)
        self.process = subprocess.Popen(
            [*before, BUILD / "tests" / "pool_stand", self.socket, BUILD / "sallyport-session", str(sessions), str(ready),
             str(cooldown), str(output), *options],
            stdout=self.log, stderr=self.log, env={}, user=uid, group=uid, extra_groups=[] if uid else None)
        self.connections = {}
        try:
            self.wait_up()
        except BaseException:
            self.stop()
            raise

    def wait_up(self):
        for _ in range(600):
            assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()
            try:
                # Runs wait for the template, so the first answer means that it stands.
                assert self.run("1", "warm-up").status == 200
                assert self.ask("DELETE", "/session?identifier=warm-up").status == 204
                return
            except (FileNotFoundError, ConnectionRefusedError):
                self.connections.clear()
                time.sleep(0.05)
        raise AssertionError("the pool does not answer")

    def connection(self, name="main"):
        if name not in self.connections:
            self.connections[name] = Connection(self.socket)
        return self.connections[name]

    def ask(self, method, path, body=None, connection=None, key=None):
        used = connection or self.connection()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key is not None:
            headers["X-Sallyport-Template"] = key if isinstance(key, str) else "%016x" % key
        used.request(method, path, body, headers)
        return Answer(used.getresponse())

    def run(self, code, identifier="test-session", timeout=30, connection=None, key=None):
        path = "/executions?api-version=%s&identifier=%s" % (VERSION, urllib.parse.quote(identifier, safe=""))
        body = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": code,
                           "timeoutInSeconds": timeout})
        return self.ask("POST", path, body, connection, key)

    def stop(self):
        for connection in self.connections.values():
            connection.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        self.log.close()


def gone(pids, seconds=10):
    """Waits until none of these processes is left; the ones that stay."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(is_alive(pid) for pid in pids):
        time.sleep(0.05)
    return [pid for pid in pids if is_alive(pid)]
