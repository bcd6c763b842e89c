"""Starts the real program in a folder of its own and looks at it from outside."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

from . import rawhttp, tlog

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("SP_BUILD", ROOT / "build"))
PROGRAM = BUILD / "sallyport"
ROLES = ("door", "front", "admit", "inspect", "audit", "relay", "token", "dial", "pool", "nursery", "reader", "ship", "cli")
NEW = "2025-10-02-preview"
OLD = "2024-02-02-preview"
SMALL_POOL = "[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n"


def is_sanitized():
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and "SP_SANITIZE:BOOL=ON" in cache.read_text()


SLOWNESS = 4 if is_sanitized() else 1


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds, what):
    """Polls until the condition gives something true, which is returned."""
    end = time.monotonic() + seconds * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds * SLOWNESS} s for {what}"
        time.sleep(0.02)


def children_of(pid):
    """Every process below this one, as {pid: argv}."""
    parents, found = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
                argv = pathlib.Path("/proc", entry, "cmdline").read_bytes()
            except OSError:
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(entry)] = (int(parent), argv.decode("utf-8", "replace").rstrip("\0").split("\0"))
    wave = [pid]
    while wave:
        wave = [child for child, (parent, _) in parents.items() if parent in wave]
        found.update({child: parents[child][1] for child in wave})
    return found


class Gateway:
    def __init__(self, config=SMALL_POOL, environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sp-test-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.state = self.folder / "state"
        self.config = self.folder / "config.toml"
        self.config.write_text(config)
        self.log = self.folder / "gateway.log"
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(environment or {})}
        self.port = free_port()
        self.process = None

    def start(self):
        command = [PROGRAM, "serve", "-c", self.config, "--listen", f"127.0.0.1:{self.port}", "--state", self.state]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment)
        self.wait_ready()
        return self

    def wait_ready(self, seconds=30):
        wait_for(self.answers, seconds, f"the gateway to answer; its log:\n{self.output()}")

    def answers(self):
        assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.output()}"
        try:
            answer = rawhttp.exchange(self.port, rawhttp.request("GET", "/ready"), 5)
        except OSError:
            return False
        return answer is not None and answer.status < 500 and self.token_path().exists()

    def stop(self, seconds=20):
        """SIGTERM; the exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait_end(seconds)

    def wait_end(self, seconds=20):
        try:
            return self.process.wait(seconds * SLOWNESS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the gateway does not end; its log:\n{self.output()}") from None

    def close(self):
        try:
            if self.process and self.process.poll() is None:
                try:
                    self.stop()
                except AssertionError:
                    self.process.kill()
                    self.process.wait()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def output(self):
        return self.log.read_text(errors="replace")[-6000:] if self.log.exists() else ""

    def token_path(self):
        return self.state / "local.token"

    def token(self):
        return self.token_path().read_text().strip()

    def headers(self, token=None):
        return [("Authorization", f"Bearer {token or self.token()}"), ("Content-Type", "application/json")]

    def connect(self, timeout=rawhttp.READ_TIMEOUT):
        return rawhttp.Connection(self.port, timeout)

    def send(self, method, target, body=b"", headers=None, timeout=rawhttp.READ_TIMEOUT):
        """One request on a connection of its own, with the local token unless headers are given."""
        data = rawhttp.request(method, target, self.headers() if headers is None else headers, body)
        return rawhttp.exchange(self.port, data, timeout * SLOWNESS)

    def run(self, code, session=None, version=NEW, seconds=None, **more):
        """Runs code by the new family's path and gives the answer."""
        body = {"codeInputType": "Inline", "executionType": "Synchronous", "code": code}
        if seconds is not None:
            body["timeoutInSeconds"] = seconds
        target = executions(session or new_session(), version)
        return self.send("POST", target, json.dumps(body).encode(), **more)

    def roles(self):
        """The role processes of this gateway, as {role: [pid, ...]}."""
        found = {}
        for pid, argv in children_of(self.process.pid).items():
            role = role_of(argv)
            if role:
                found.setdefault(role, []).append(pid)
        return found

    def kill_role(self, role):
        """SIGKILLs every process of a role; gives their ids."""
        pids = self.roles().get(role, [])
        assert pids, f"no process of role {role}: {self.roles()}"
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it went with one that was killed before
        return pids

    def entries(self):
        """Every entry of the audit log, oldest first."""
        return tlog.entries(self.state)

    def answered(self):
        """The entries that requests made; roles that come up meanwhile write some of their own."""
        return [entry for entry in self.entries() if entry["kind"] in ("intent", "denial", "refusal")]

    def command(self, *arguments, **more):
        return command(*arguments, environment={**self.environment, **more.pop("environment", {})}, **more)


def role_of(argv):
    """A role's processes name it in argv: "sallyport", "role", "inspect", "0" or "sallyport: inspect 0"."""
    words = " ".join(argv[:4]).replace(":", " ").replace("=", " ").replace("[", " ").replace("]", " ").split()
    if not words or "sallyport" not in words[0]:
        return None
    return next((word for word in words[1:] if word in ROLES), None)


def command(*arguments, environment=None, stdin=b"", timeout=60, cwd=None):
    """Runs a subcommand: (exit status, stdout, stderr)."""
    ran = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout * SLOWNESS,
                         env=environment, cwd=cwd, check=False)
    return ran.returncode, ran.stdout.decode("utf-8", "replace"), ran.stderr.decode("utf-8", "replace")


def new_session():
    return f"s-{uuid.uuid4()}"


def executions(session, version=NEW):
    return f"/executions?api-version={version}&identifier={session}"


def code_execute(session, version=OLD):
    return f"/code/execute?api-version={version}&identifier={session}"
