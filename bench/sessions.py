#!/usr/bin/python3
"""Measures the embedded pool beside its yardsticks, all in one run, and prints one table.

Under test: the pool over its unix socket, with every wall that this machine has. Yardsticks: a bare fork of a process of
the same imports, bwrap with a fresh Python, and runc with one where it runs. Times are of the caller's clock.
"""

import argparse
import gc
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PYTHON = "/usr/bin/python3"
IMPORTS = "import numpy, pandas, matplotlib.pyplot"


class Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("pool", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Raw:
    """One kept connection without a library between: its own time must not count."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))

    @staticmethod
    def request(identifier, code):
        body = json.dumps({"code": code, "timeoutInSeconds": 60}).encode()
        return (b"POST /executions?identifier=%s HTTP/1.1\r\nHost: pool\r\nContent-Length: %d\r\n\r\n"
                % (identifier.encode(), len(body))) + body

    def ask(self, request):
        self.socket.sendall(request)
        answer = self.socket.recv(1 << 20)
        if not answer.startswith(b"HTTP/1.1 2"):
            raise SystemExit("bench: the pool answered %r" % answer[:300])
        return answer


class Pool:
    def __init__(self, folder, sessions, ready):
        self.path = folder / "pool.sock"
        self.log = open(folder / "pool.log", "wb")
        self.process = subprocess.Popen([BUILD / "bench" / "pool_stand", self.path, BUILD / "sallyport-session", str(sessions),
                                         str(ready), "600", str(1 << 20), "--sessions", "4096"], stdout=self.log, stderr=self.log, env={})
        for _ in range(600):
            try:
                if self.ask("POST", "/executions?identifier=warm-up", '{"code": "1"}')[0] == 200:
                    self.end("warm-up")
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("bench: the pool does not come up")

    def ask(self, method, target, body=None):
        connection = Connection(self.path)
        connection.request(method, target, body)
        response = connection.getresponse()
        found = response.status, response.read()
        connection.close()
        return found

    def end(self, name):
        self.ask("DELETE", "/session?identifier=" + name)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def row(name, values, unit="ms", goal=""):
    print(f"{name:<52} {percentile(values, 0.5):>9.3f} {percentile(values, 0.99):>9.3f} {unit:<5} {goal}", flush=True)


def timed(function):
    begun = time.perf_counter()
    function()
    return (time.perf_counter() - begun) * 1000


def wait_for_ready(pool, count):
    """Until this many sessions are forked ahead: they show as interpreters without a name."""
    time.sleep(0.05 * count + 0.1)


def fresh_sessions(folder, tries):
    pool = Pool(folder, tries + 10, 0)
    raw = Raw(pool.path)
    names = ["fresh-%d" % i for i in range(tries)]
    times = []
    for name in names:
        request = raw.request(name, "1")
        times.append(timed(lambda: raw.ask(request)))
        pool.end(name)
        time.sleep(0.02)
    row("pool: a fresh session with its first cell", times, goal="p50 <= 4.5")
    raw.socket.close()
    pool.stop()


def ready_sessions(folder, tries):
    pool = Pool(folder, 100, 10)
    raw = Raw(pool.path)
    times, warm = [], []
    for turn in range(tries // 10 + 1):
        wait_for_ready(pool, 10)
        for i in range(8):
            name = "ready-%d-%d" % (turn, i)
            request = raw.request(name, "print(1)")
            times.append(timed(lambda: raw.ask(request)))
            time.sleep(0.01)
            if i == 0:
                warm += [timed(lambda: raw.ask(request)) for _ in range(100)]
        for i in range(8):
            pool.end("ready-%d-%d" % (turn, i))
    row("pool: a session of the ready set with its first cell", times, goal="p50 <= 1")
    row("pool: print(1) in a warm session", warm, goal="p50 <= 0.15")
    raw.socket.close()
    pool.stop()


def rate(folder, seconds):
    pool = Pool(folder, 200, 0)
    raw = Raw(pool.path)
    end = time.perf_counter() + seconds
    count = 0
    while time.perf_counter() < end:
        name = "rate-%d" % count
        raw.ask(raw.request(name, "1"))
        raw.ask(b"DELETE /session?identifier=%s HTTP/1.1\r\nHost: pool\r\n\r\n" % name.encode())
        count += 1
    row("pool: sessions made, used and ended in a second", [count / seconds], "1/s", ">= 100")
    raw.socket.close()
    pool.stop()


def memory_of(pid):
    """Private and kernel memory of one process in KiB: its own pages, page tables, and the kernel's part for it."""
    private = sum(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                  if line.startswith(("Private_", "SwapPss")))
    tables = sum(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                 if line.startswith("VmPTE"))
    return private + tables


def family(pid):
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(pathlib.Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, wave = [], [pid]
    while wave:
        wave = [child for child, parent in parents.items() if parent in wave]
        found += wave
    return found


def used_memory():
    facts = dict(line.split(":") for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    free = sum(int(facts[name].split()[0]) for name in ("MemFree", "Buffers", "Cached", "SReclaimable"))
    return (int(facts["MemTotal"].split()[0]) - free + int(facts["Shmem"].split()[0])) / 1024


def many_sessions(folder, count):
    gc.collect()
    before = used_memory()
    pool = Pool(folder, count + 5, 0)
    template = used_memory() - before
    known = set(family(pool.process.pid))
    begun = time.perf_counter()
    raw = Raw(pool.path)
    for i in range(count):
        raw.ask(raw.request("many-%d" % i, "print(1)"))
    took = time.perf_counter() - begun
    time.sleep(1)
    after = used_memory()
    sizes = [memory_of(pid) for pid in family(pool.process.pid) if pid not in known]
    row(f"pool: {count} sessions alive, all they take", [after - before], "MiB", "<= 1536 for 500")
    row("  of it the template", [template], "MiB")
    row("pool: an idle session, by the machine's memory", [(after - before - template) / count], "MiB", "<= 3")
    row("  its processes' private pages and page tables", [sum(sizes) / count / 1024], "MiB")
    row(f"pool: time to make {count}", [took], "s")
    raw.socket.close()
    pool.stop()


FORK = f"""
import os, sys, time
{IMPORTS}
for _ in range(int(sys.argv[1])):
    begun = time.perf_counter()
    there, here = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(here, b'x')
        os._exit(0)
    os.read(there, 1)
    print((time.perf_counter() - begun) * 1000)
    os.close(there); os.close(here); os.waitpid(pid, 0)
"""

BWRAP = ["bwrap", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink",
         "usr/bin", "/bin", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--unshare-all",
         "--die-with-parent"]


def yardsticks(folder, tries):
    found = subprocess.run([PYTHON, "-c", FORK, str(tries)], capture_output=True, text=True, check=True).stdout.split()
    row("yardstick: bare fork of a Python with the imports", [float(value) for value in found])
    if shutil.which("bwrap"):
        for name, code, count in (("bwrap + python", "1", tries), ("bwrap + python with the imports", IMPORTS, max(3, tries // 20))):
            command = [*BWRAP, PYTHON, "-I", "-c", code]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                row("yardstick: " + name, [timed(lambda: subprocess.run(command, check=True)) for _ in range(count)])
    if shutil.which("runc"):
        runc(folder, tries)


def runc(folder, tries):
    """The host's own /usr and /etc, read-only, under a small root: no image is needed, and both see the same Python."""
    for name, code, count in (("runc + python", "1", tries), ("runc + python with the imports", IMPORTS, max(3, tries // 20))):
        bundle = folder / ("bundle-%d" % count)
        (bundle / "rootfs").mkdir(parents=True)
        subprocess.run(["runc", "spec", *([] if os.geteuid() == 0 else ["--rootless"])], cwd=bundle, check=True)
        spec = json.loads((bundle / "config.json").read_text())
        spec["process"]["terminal"] = False
        spec["process"]["args"] = [PYTHON, "-I", "-c", code]
        for place in ("usr", "lib", "lib64", "bin", "etc"):
            if (pathlib.Path("/") / place).exists():
                spec["mounts"].append({"destination": "/" + place, "type": "bind", "source": str((pathlib.Path("/") / place).resolve()),
                                       "options": ["rbind", "ro"]})
        spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})
        (bundle / "config.json").write_text(json.dumps(spec))
        command = ["runc", "--root", str(folder / "runc"), "run", "--bundle", str(bundle), "sp-bench"]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            print("yardstick: runc does not run on this machine")
            return
        row("yardstick: " + name, [timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(count)])


def main():
    parser = argparse.ArgumentParser(prog="./dev bench sessions", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=100, help="how often each time is taken")
    parser.add_argument("--many", type=int, default=500, help="how many sessions live at once")
    arguments = parser.parse_args()
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "bench_tools", "sallyport-session"], cwd=ROOT,
                   check=True, stdout=subprocess.DEVNULL)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sp-bench-"))
    folder.chmod(0o755)
    print(f"{'what':<52} {'p50':>9} {'p99':>9}")
    try:
        yardsticks(folder, arguments.tries)
        fresh_sessions(folder, arguments.tries)
        ready_sessions(folder, arguments.tries)
        rate(folder, 5)
        many_sessions(folder, arguments.many)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
