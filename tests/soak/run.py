#!/usr/bin/python3
"""Full load for some minutes, of every kind that clients make, and the memory of every process stays flat.

    tests/soak/run.py [SECONDS]     600 unless told; the first fifth is the warming up

Workers on connections of their own run code (one session each, short and long answers), stream, repeat under idempotency
keys, start asynchronous runs and ask for them, move files, end their sessions, send what is denied, broken or of nobody,
and leave in the middle. Meanwhile memory, descriptors and ids of all processes are looked at. It fails when a process was
restarted, when memory or descriptors of one grew, when an answer was wrong, or when an intent has no outcome at the end.
"""

import json
import os
import pathlib
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
os.environ.setdefault("SP_BUILD", str(ROOT / "build"))

from support import rawhttp  # noqa: E402
from support.gateway import NEW, OLD, Gateway, children_of, executions, new_session  # noqa: E402

WORKERS = 24
SAMPLE_S = 2
# So much may the median of the last third be over that of the first third: caches fill slowly.
GROWTH_KIB, GROWTH_PART = 6 * 1024, 0.05
CONFIG = """
[pool]
ready_sessions = 4
max_sessions = 64
cooldown_period = 30
[pool.session]
preload = []
[[tenant]]
name = "local"
policy = "data-science"
[tenant.quota]
requests_per_minute = 1000000
concurrent_runs = 256
sessions = 64
run_seconds_per_day = 8640000
code_bytes_per_day = "1 TiB"
upload_bytes_per_day = "1 TiB"
"""
KEYS = ("VmRSS", "RssAnon", "RssShmem")


def status_of(pid):
    """Memory that is this process's own (anonymous and shared), in KiB, and its descriptors."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    found = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if line.split(":")[0] in KEYS}
    return found["RssAnon"] + found["RssShmem"], len(os.listdir(f"/proc/{pid}/fd"))


class Worker(threading.Thread):
    """One client; `counts` has how often each kind of work was done."""

    def __init__(self, gateway, number, until):
        super().__init__(daemon=True)
        self.gateway, self.until = gateway, until
        self.random = random.Random(number)
        self.counts, self.problem = {}, None
        self.session, self.connection = new_session(), None
        self.token = gateway.headers()

    def run(self):
        kinds = [self.small, self.small, self.small, self.large, self.stream, self.key, self.asynchronous, self.files, self.denied,
                 self.broken, self.stranger, self.leaves, self.renew]
        try:
            while time.monotonic() < self.until:
                kind = self.random.choice(kinds)
                kind()
                self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
        except Exception as problem:  # told at the end, with the gateway's own words
            self.problem = problem

    def ask(self, method, target, body=b"", more=(), headers=None):
        if self.connection is None:
            self.connection = self.gateway.connect(120)
        self.connection.send(rawhttp.request(method, target, (self.token if headers is None else headers) + list(more), body))
        answer = self.connection.read()
        assert answer is not None, "the connection ended"
        if answer.header("connection") == "close":
            self.close()
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def execute(self, code, more=(), target=None, **members):
        return self.ask("POST", target or executions(self.session), json.dumps({"code": code, **members}).encode(), more)

    def result(self, answer):
        """The result of a run; None when the pool was full, which is no fault."""
        assert answer.status in (200, 429), answer
        if answer.status == 429:
            time.sleep(0.2)
            return None
        return answer.json()["result"]

    def small(self):
        number = self.random.randrange(1 << 30)
        result = self.result(self.execute(f"print({number})"))
        assert result is None or result["stdout"] == f"{number}\n", result

    def large(self):
        result = self.result(self.execute("print('x' * 200000)", outputStreamsMaxLength=300000))
        assert result is None or len(result["stdout"]) == 200001

    def stream(self):
        answer = self.execute("for i in range(20):\n    print(i, flush=True)", [("Accept", "text/event-stream")])
        assert answer.status in (200, 429), answer
        assert answer.status == 429 or answer.body.count(b"event: result") == 1, answer

    def key(self):
        key = [("Idempotency-Key", f"{self.session}-{self.random.randrange(1 << 40)}")]
        first = self.execute("import random\nprint(random.random())", key)
        again = self.execute("import random\nprint(random.random())", key) if first.status == 200 else first
        assert self.result(first) == self.result(again), (first, again)

    def asynchronous(self):
        started = self.execute("6 * 7", executionType="Asynchronous")
        if started.status == 200:
            answer = self.ask("GET", started.header("operation-location"))
            assert answer.status in (200, 404), answer

    def files(self):
        size = self.random.choice((10, 5000, 300000))
        part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n\r\n' + bytes(size) + b"\r\n--b--\r\n"
        query = f"?api-version={NEW}&identifier={self.session}"
        headers = self.token[:1] + [("Content-Type", "multipart/form-data; boundary=b")]
        put = self.ask("POST", "/files" + query, part, headers=headers)
        assert put.status in (200, 429), put
        if put.status == 200:
            got = self.ask("GET", "/files/f.bin/content" + query)
            assert got.status == 200 and len(got.body) == size, got
            assert self.ask("GET", "/files" + query).status == 200
            assert self.ask("DELETE", "/files/f.bin" + query).status == 204

    def denied(self):
        assert self.execute("import os\nos.system('id')").status == 403

    def broken(self):
        assert self.ask("POST", executions(self.session), b'{"code": ').status == 400

    def stranger(self):
        answer = self.ask("POST", executions(self.session), b'{"code": "1"}', headers=[("Authorization", "Bearer nobody")])
        assert answer.status in (401, 429), answer

    def leaves(self):
        self.close()
        connection = self.gateway.connect(120)
        target = f"/code/execute?api-version={OLD}&identifier={self.session}"
        body = json.dumps({"properties": {"code": "print('x' * 50000)"}}).encode()
        connection.send(rawhttp.request("POST", target, self.token, body))
        time.sleep(self.random.random() * 0.02)
        connection.close()

    def renew(self):
        if self.random.random() < 0.2:
            answer = self.ask("DELETE", f"/session?api-version={NEW}&identifier={self.session}")
            assert answer.status in (204, 404), answer
            self.session = new_session()


def median(values):
    return sorted(values)[len(values) // 2]


def judge(samples, names):
    """What grew, in words."""
    found = []
    for pid, rows in samples.items():
        third = max(1, len(rows) // 3)
        for what, limit, at in (("KiB", GROWTH_KIB, 0), ("descriptors", 40, 1)):
            early, late = median([row[at] for row in rows[:third]]), median([row[at] for row in rows[-third:]])
            print(f"  {names[pid]:12} {early:9} {what:12} at first, {late:9} at last")
            if late > early + max(limit, early * GROWTH_PART):
                found.append(f"{names[pid]} grew from {early} to {late} {what}")
    return found


def soak(gateway, seconds):
    until = time.monotonic() + seconds
    warm = time.monotonic() + seconds / 5
    roles = {pid: role for role, pids in gateway.roles().items() for pid in pids}
    roles[gateway.process.pid] = "supervisor"
    workers = [Worker(gateway, number, until) for number in range(WORKERS)]
    samples = {pid: [] for pid in roles}
    for worker in workers:
        worker.start()
    while time.monotonic() < until and not any(worker.problem for worker in workers):
        time.sleep(SAMPLE_S)
        if time.monotonic() > warm:
            for pid in roles:
                samples[pid].append(status_of(pid))
    for worker in workers:
        worker.join(180)
    problems = [repr(worker.problem) for worker in workers if worker.problem] + ["a client hangs" for w in workers if w.is_alive()]
    missing = [role for pid, role in roles.items() if pid != gateway.process.pid and pid not in children_of(gateway.process.pid)]
    problems += [f"{role} was restarted" for role in missing]
    total = {}
    for worker in workers:
        for kind, count in worker.counts.items():
            total[kind] = total.get(kind, 0) + count
    print("done:", ", ".join(f"{count} {kind}" for kind, count in sorted(total.items())))
    return problems + (judge(samples, roles) if all(samples.values()) else ["too short to be judged"])


def open_intents(gateway):
    """Intents without an outcome; runs whose clients left may still go on for a moment."""
    for _ in range(100):
        opened = set()
        for entry in gateway.entries():
            if entry["kind"] == "intent":
                opened.add(entry["index"])
            elif entry["kind"] == "outcome":
                opened.discard(entry["intent"])
        if not opened:
            return []
        time.sleep(0.3)
    return [f"{len(opened)} intents have no outcome"]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600
    gateway = Gateway(CONFIG)
    try:
        gateway.start()
        gateway.run("1")
        gateway.stop()
        gateway.start()  # on what an earlier one left, as nearly all starts are
        problems = soak(gateway, seconds) + open_intents(gateway)
        if gateway.stop(60) != 0:
            problems.append("it did not end in good order")
        if problems:
            print(gateway.output(), file=sys.stderr)
    finally:
        gateway.close()
    for problem in problems:
        print(f"soak: {problem}", file=sys.stderr)
    print(f"soak: {len(problems)} problems in {seconds:.0f} s")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
