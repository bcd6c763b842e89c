"""A role that is killed during a run: no client hangs, no recorded intent is lost, nothing runs unrecorded or twice."""

import json
import pathlib
import threading
import time

import pytest

from support import rawhttp
from support.gateway import SLOWNESS, Gateway, children_of, executions, free_port, new_session, wait_for
from support.stubpool import answer_late, answer_result, hang_up

MARK = "with open('/mnt/data/ran', 'a') as file:\n    file.write('x')\nimport time\ntime.sleep(1.5)\nprint('done')"
COUNT = "import os\nlen(open('/mnt/data/ran').read()) if os.path.exists('/mnt/data/ran') else 0"
# What a run that is under way may end as when the role dies. None: the connection ends.
DURING = {
    "door": (None,),
    "front": (None, 502, 503),
    "admit": (200, 502),
    "inspect": (200,),
    "audit": (502,),
    "relay": (502,),
    "dial": (200,),
    "pool": (502,),
    "nursery": (200, 502),
}


def body_of(code):
    return json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": code}).encode()


class Client(threading.Thread):
    """Sends one submission from a thread of its own and keeps the answer."""

    def __init__(self, gateway, session, code):
        super().__init__(daemon=True)
        self.gateway, self.session, self.code, self.answer, self.problem = gateway, session, code, None, None
        self.start()

    def run(self):
        try:
            self.answer = self.gateway.send("POST", executions(self.session), body_of(self.code), timeout=40)
        except (OSError, EOFError) as problem:
            self.problem = problem

    def result(self):
        self.join(40 * SLOWNESS)
        assert not self.is_alive(), f"the client hangs; the gateway says:\n{self.gateway.output()}"
        assert not isinstance(self.problem, TimeoutError), f"the client waits for ever:\n{self.gateway.output()}"
        return self.answer


def works_again(gateway):
    def try_once():
        try:
            answer = gateway.send("POST", executions(new_session()), body_of("print(1)"), timeout=10)
        except (OSError, EOFError):
            return False
        return answer is not None and answer.status == 200
    wait_for(try_once, 20, f"the gateway to work again; it says:\n{gateway.output()}")


def intents_and_outcomes(entries):
    """Index of each intent, and for each the states of the outcomes that refer to it."""
    intents = {index: [] for index, entry in enumerate(entries) if entry["kind"] == "intent"}
    for entry in entries:
        if entry["kind"] == "outcome":
            intents.setdefault(entry["intent"], []).append(entry["state"])
    return intents


def every_intent_ended_once(gateway):
    def ended():
        found = intents_and_outcomes(gateway.entries())
        return found and all(len(states) == 1 for states in found.values()) and found
    return wait_for(ended, 20, f"one outcome for each intent: {intents_and_outcomes(gateway.entries())}")


def start_run(gateway, session):
    """A run that has surely begun: its intent is in the log and its code has slept a little."""
    before = len(gateway.entries())
    client = Client(gateway, session, MARK)
    wait_for(lambda: any(entry["kind"] == "intent" for entry in gateway.entries()[before:]), 10, "the intent")
    time.sleep(min(0.4 * SLOWNESS, 0.8))  # well within the run's own 1.5 s
    return client


@pytest.mark.parametrize("role", list(DURING))
def test_killed_during_a_run(gateway, role):
    if role not in gateway.roles():
        pytest.skip(f"{role} is not a process of its own here")
    session = new_session()
    client = start_run(gateway, session)
    gateway.kill_role(role)
    answer = client.result()
    status = answer.status if answer else None
    assert status in DURING[role], (answer, gateway.output())
    if status == 502:
        assert answer.error() == "OutcomeUnknown"
        assert answer.header("retry-after") is None
    if status == 503:
        assert int(answer.header("retry-after")) >= 1
    works_again(gateway)
    every_intent_ended_once(gateway)
    status, _, problem = gateway.command("audit", "verify", gateway.state / "log")
    assert status == 0, problem
    count = gateway.run(COUNT, session)
    assert count.json()["result"]["executionResult"] in (0, 1), "nothing runs twice"


def test_every_role_is_started_again(gateway):
    before = gateway.roles()
    for role in before:
        if role in gateway.roles():  # one that lost its peer may have ended by itself already
            gateway.kill_role(role)
    wait_for(lambda: {role: len(pids) for role, pids in gateway.roles().items()} ==
             {role: len(pids) for role, pids in before.items()}, 30, "every role to be back")
    after = gateway.roles()
    assert not {pid for pids in before.values() for pid in pids} & {pid for pids in after.values() for pid in pids}
    works_again(gateway)


def test_a_role_that_dies_again_and_again_does_not_take_the_rest_down(gateway):
    for _ in range(5):
        if "inspect" in gateway.roles():
            gateway.kill_role("inspect")
        time.sleep(0.1)
    works_again(gateway)


def is_ours(pid):
    """Whether this process is there and one of the gateway's."""
    try:
        return "sallyport" in pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return False


def test_supervisor_killed_leaves_no_role_behind():
    own = Gateway()
    try:
        own.start()
        left = list(children_of(own.process.pid))
        own.process.kill()
        own.process.wait()
        wait_for(lambda: not [pid for pid in left if is_ours(pid)], 30, "the roles to leave with their supervisor")
    finally:
        own.close()


def test_open_intents_are_closed_as_unknown_at_the_next_start():
    own = Gateway()
    try:
        own.start()
        start_run(own, new_session())
        left = list(children_of(own.process.pid))
        own.process.kill()
        own.process.wait()
        wait_for(lambda: not [pid for pid in left if is_ours(pid)], 30, "the roles to leave with their supervisor")
        own.start()
        assert list(every_intent_ended_once(own).values())[0][0] == "unknown"
        assert own.command("audit", "verify", own.state / "log")[0] == 0
    finally:
        own.close()


def test_pool_that_takes_a_request_and_hangs_up_sees_it_once(relaying, stub):
    stub.forget(hang_up)
    answer = relaying.send("POST", executions(new_session()), body_of("print('once')"), timeout=30)
    assert (answer.status, answer.error()) == (502, "OutcomeUnknown"), answer
    assert answer.header("retry-after") is None
    time.sleep(1)
    assert len(stub.seen) == 1
    assert list(every_intent_ended_once(relaying).values())[-1] == ["unknown"]


def test_hang_up_on_a_connection_that_was_used_before_is_not_sent_again(relaying, stub):
    stub.forget(answer_result)
    with relaying.connect() as connection:
        for _ in range(2):
            connection.send(rawhttp.request("POST", executions(new_session()), relaying.headers(), body_of("1")))
            assert connection.read().status == 200
        stub.forget(hang_up)
        connection.send(rawhttp.request("POST", executions(new_session()), relaying.headers(), body_of("2")))
        assert connection.read().status == 502
    time.sleep(1)
    assert len(stub.seen) == 1


@pytest.mark.parametrize("role", ["front", "admit", "audit", "relay", "token", "dial"])
def test_killed_while_the_pool_works_sends_nothing_twice(relaying, stub, role):
    stub.forget(answer_late(1.5))
    client = Client(relaying, new_session(), "print('late')")
    assert stub.arrived.wait(10 * SLOWNESS)
    relaying.kill_role(role)
    answer = client.result()
    assert answer is None or answer.status in (200, 502, 503), answer
    if role == "relay":
        assert (answer.status, answer.error()) == (502, "OutcomeUnknown")
    time.sleep(2)
    assert len(stub.seen) == 1
    stub.forget(answer_result)
    works_again(relaying)
    every_intent_ended_once(relaying)


def test_pool_that_cannot_be_reached_is_503(stub_pool):
    config = stub_pool.config().replace(str(stub_pool.server.server_address[1]), str(free_port()))
    own = Gateway(config, {"STUB_POOL_TOKEN": "x" * 20})
    try:
        own.start()
        answer = own.send("POST", executions(new_session()), body_of("1"))
        assert (answer.status, answer.error()) == (503, "PoolUnavailable"), answer
        assert int(answer.header("retry-after")) >= 1
    finally:
        own.close()
