"""SIGTERM: what is in flight gets its answer, the log is closed, nothing is left behind."""

import os
import socket
import threading
import time

import pytest

from support.gateway import SLOWNESS, Gateway, children_of, new_session, wait_for


@pytest.fixture
def own():
    gateway = Gateway()
    try:
        yield gateway.start()
    finally:
        gateway.close()


class Run(threading.Thread):
    def __init__(self, gateway, code):
        super().__init__(daemon=True)
        self.gateway, self.code, self.answer, self.problem = gateway, code, None, None
        self.start()

    def run(self):
        try:
            self.answer = self.gateway.run(self.code, new_session(), timeout=30)
        except (OSError, EOFError) as problem:
            self.problem = problem


def intent_count(gateway):
    return sum(1 for entry in gateway.entries() if entry["kind"] == "intent")


def test_idle_gateway_ends_at_once_with_0(own):
    pids = list(children_of(own.process.pid))
    started = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - started < 5 * SLOWNESS
    wait_for(lambda: not [pid for pid in pids if os.path.exists(f"/proc/{pid}")], 5, "every child to be gone")


def test_run_in_flight_gets_its_answer(own):
    run = Run(own, "import time\ntime.sleep(1)\nprint('through')")
    wait_for(lambda: intent_count(own) == 1, 10, "the intent")
    assert own.stop() == 0
    run.join(10)
    assert run.answer is not None, (run.problem, own.output())
    assert run.answer.status in (200, 502, 503), run.answer
    if run.answer.status == 200:
        assert run.answer.json()["result"]["stdout"] == "through\n"
    assert own.command("audit", "verify", own.state / "log")[0] == 0


def test_every_intent_has_its_outcome_after_the_end(own):
    runs = [Run(own, "import time\ntime.sleep(0.5)") for _ in range(4)]
    wait_for(lambda: intent_count(own) >= 1, 10, "an intent")
    assert own.stop() == 0
    for run in runs:
        run.join(10)
        assert not run.is_alive()
    kinds = [entry["kind"] for entry in own.entries()]
    assert kinds.count("intent") == kinds.count("outcome")


def test_no_new_connection_after_sigterm(own):
    assert own.stop() == 0
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", own.port), 1)


def test_idle_keep_alive_connection_does_not_hold_the_end_up(own):
    with own.connect() as connection:
        started = time.monotonic()
        assert own.stop() == 0
        assert time.monotonic() - started < 10 * SLOWNESS
        assert connection.read() is None


def test_second_start_continues_the_log(own):
    own.run("1")
    assert own.stop() == 0
    before = own.entries()
    own.start()
    own.run("2")
    assert own.entries()[:len(before)] == before
    assert own.command("audit", "verify", own.state / "log")[0] == 0
