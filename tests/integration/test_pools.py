"""Session pools that are full, fail and come back: what is tried again, what never, and which pool a session goes to."""

import json
import threading
import time
import urllib.parse

import pytest

from support.gateway import NEW, Gateway, executions, free_port, new_session, wait_for
from support.stubpool import StubPool, answer_result, answer_with, hang_up

STUB_TOKEN = "stub-pool-credential-0123456789"
STUB_CONFIG = ""
FULL = {"error": {"code": "TooManyRequests", "message": "no sessions left"}}
ALLOCATING = b"Error happened when allocating pod for identifier abc in pool p"


def body_of(code):
    return json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": code}).encode()


def in_turn(*behaviours):
    """Each request gets the next behaviour, the last one stays."""
    left, lock = list(behaviours), threading.Lock()

    def behave(handler):
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        now(handler)
    return behave


def send(gateway, session=None):
    return gateway.send("POST", executions(session or new_session()), body_of("print(1)"))


def last_outcome(gateway):
    return [entry for entry in gateway.entries() if entry["kind"] == "outcome"][-1]


def session_in(seen):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(seen.target).query)["identifier"][0]


@pytest.fixture
def opened():
    """Opens gateways with a configuration of the test's own, and closes them."""
    gateways = []

    def start(config):
        gateway = Gateway(config, {"STUB_POOL_TOKEN": STUB_TOKEN})
        gateways.append(gateway)
        return gateway.start()
    yield start
    for gateway in gateways:
        gateway.close()


@pytest.mark.parametrize("refusal", [answer_with(429, FULL), answer_with(429, b""), answer_with(429, ALLOCATING),
                                     answer_with(500, ALLOCATING)],
                         ids=["429", "429 empty", "429 allocating", "500 allocating"])
def test_full_pool_is_asked_again(relaying, stub, refusal):
    stub.forget(in_turn(refusal, answer_result))
    answer = send(relaying)
    assert answer.status == 200, (answer, relaying.output())
    assert len(stub.seen) == 2
    assert stub.seen[0].body == stub.seen[1].body and stub.seen[0].target == stub.seen[1].target
    outcome = last_outcome(relaying)
    assert (outcome["attempts"], outcome["pool"], outcome["pool_status"]) == (2, "127.0.0.1", 200)


@pytest.mark.parametrize("failure", [hang_up, answer_with(500, {"error": {"message": "x"}}), answer_with(502, b""),
                                     answer_with(503, b"", [("Retry-After", "1")]), answer_with(504, b"")],
                         ids=["hang-up", "500", "502", "503", "504"])
def test_what_may_have_started_is_sent_once(relaying, stub, failure):
    stub.forget(in_turn(failure, answer_result))
    answer = send(relaying)
    assert (answer.status, answer.error()) == (502, "OutcomeUnknown")
    assert answer.header("retry-after") is None
    time.sleep(1.5)
    assert len(stub.seen) == 1
    assert last_outcome(relaying)["attempts"] == 1
    assert send(relaying).status == 200  # and the breaker counts from the beginning


def test_patience_of_the_pool_is_kept_and_passed_on(opened, stub):
    gateway = opened(stub.config() + "attempts = 2\n")
    stub.forget(in_turn(answer_with(429, FULL, [("Retry-After", "2")]), answer_with(429, FULL, [("Retry-After", "9")])))
    began = time.monotonic()
    answer = send(gateway)
    assert (answer.status, answer.header("retry-after")) == (429, "9")
    assert time.monotonic() - began >= 2
    assert len(stub.seen) == 2
    outcome = last_outcome(gateway)
    assert (outcome["attempts"], outcome["state"]) == (2, "not-started")


def test_one_attempt_is_one(opened, stub):
    gateway = opened(stub.config() + "attempts = 1\n")
    stub.forget(answer_with(429, FULL))
    assert send(gateway).status == 429
    assert len(stub.seen) == 1


def test_rest_holds_no_connection(opened, stub):
    gateway = opened(stub.config() + "connections = 1\n")
    stub.forget(in_turn(answer_with(429, FULL, [("Retry-After", "5")]), answer_result))
    answers = []
    first = threading.Thread(target=lambda: answers.append(send(gateway)))
    first.start()
    assert stub.arrived.wait(10)
    assert send(gateway).status == 200
    assert not answers, "the second had to wait for the first"
    first.join(20)
    assert answers[0].status == 200


def test_pool_that_fails_is_left_alone_until_it_answers(opened, stub):
    gateway = opened(stub.config() + "failures = 3\n")
    stub.forget(answer_with(503, b""))
    for _ in range(3):
        assert send(gateway).status == 502
    shut = time.monotonic()
    for _ in range(5):
        answer = send(gateway)
        if time.monotonic() - shut < 0.9:  # before the first probe is due
            assert (answer.status, answer.error()) == (503, "PoolUnavailable")
            assert int(answer.header("retry-after")) >= 1
            assert len(stub.seen) == 3
    assert last_outcome(gateway)["state"] in ("not-started", "unknown")
    stub.behave = answer_result
    wait_for(lambda: send(gateway).status == 200, 10, "the pool to be asked again")
    assert send(gateway).status == 200
    log = gateway.log.read_text()
    assert log.count("relay.pool.shut") >= 1 and log.count("relay.pool.open") == 1, log


def test_pool_that_is_not_there(opened, stub):
    endpoint = f'pool_endpoint = "https://127.0.0.1:{free_port()}/p"\n'
    config = "".join(endpoint if line.startswith("pool_endpoint") else line for line in stub.config().splitlines(True))
    gateway = opened(config + "attempts = 2\nfailures = 3\n")
    began = time.monotonic()
    answer = send(gateway)
    assert (answer.status, answer.error()) == (503, "PoolUnavailable")
    assert time.monotonic() - began >= 0.5
    outcome = last_outcome(gateway)
    assert (outcome["attempts"], outcome["state"], outcome["pool_status"]) == (2, "not-started", 0)
    assert send(gateway).status == 503
    # the last attempt may be the first probe, where the machine is slow: that is told too
    assert gateway.log.read_text().count("relay.pool.shut") in (1, 2)


# --- several pools ---


@pytest.fixture(scope="module")
def second_pool(stub_pool):
    pool = StubPool(stub_pool.folder)
    yield pool
    pool.close()


@pytest.fixture
def pair(stub, second_pool):
    second_pool.forget()
    return stub, second_pool


def config_of(pair, *more, weights=(1, 1)):
    head = "".join(line for line in pair[0].config().splitlines(True) if not line.startswith("pool_endpoint"))
    pools = "".join(f'[[azure_code_interpreter.pool]]\nname = "{name}"\nendpoint = "{pool.endpoint()}"\nweight = {weight}\n'
                    for name, pool, weight in zip(("one", "two"), pair, weights))
    return head + "".join(f"{line}\n" for line in more) + pools


def home_of(gateway, pair, session):
    """Runs something in a session; the pool that it went to."""
    before = [len(pool.seen) for pool in pair]
    answer = send(gateway, session)
    assert answer.status == 200, (answer, gateway.output())
    moved = [index for index in (0, 1) if len(pair[index].seen) > before[index]]
    assert len(moved) == 1
    return moved[0]


def test_sessions_spread_and_stay(opened, pair):
    gateway = opened(config_of(pair))
    sessions = [new_session() for _ in range(24)]
    homes = [home_of(gateway, pair, session) for session in sessions]
    assert 3 <= sum(homes) <= 21
    assert [home_of(gateway, pair, session) for session in sessions] == homes
    pools = [entry["pool"] for entry in gateway.entries() if entry["kind"] == "outcome"]
    assert pools[:24] == [("one", "two")[home] for home in homes]
    gateway.kill_role("relay")  # nobody remembers, and nothing moves
    gateway.wait_ready()
    wait_for(lambda: send(gateway, sessions[0]).status == 200, 10, "relay to come back")
    assert [home_of(gateway, pair, session) for session in sessions] == homes


def test_weights_are_shares(opened, pair):
    gateway = opened(config_of(pair, weights=(1, 1000)))
    assert [home_of(gateway, pair, new_session()) for _ in range(12)].count(1) >= 11


def test_new_sessions_go_elsewhere_and_stay_there(opened, pair):
    gateway = opened(config_of(pair, "failures = 2"))
    known = new_session()
    home = home_of(gateway, pair, known)
    bad, other = pair[home], 1 - home
    bad.behave = answer_with(503, b"")
    assert send(gateway, known).status == 502
    wait_for(lambda: send(gateway).status == 502, 30, "a second session of the pool that fails")
    fresh = [new_session() for _ in range(8)]
    assert {home_of(gateway, pair, session) for session in fresh} == {other}
    answer = send(gateway, known)
    assert (answer.status, answer.error()) == (503, "PoolUnavailable")
    assert int(answer.header("retry-after")) >= 1
    assert last_outcome(gateway)["pool"] == ("one", "two")[home]
    bad.behave = answer_result
    wait_for(lambda: send(gateway, known).status == 200, 10, "the pool to be asked again")
    assert home_of(gateway, pair, known) == home
    assert {home_of(gateway, pair, session) for session in fresh} == {other}


def test_list_of_sessions_is_of_all_pools(opened, pair):
    gateway = opened(config_of(pair))
    sessions = [new_session() for _ in range(10)]
    homes = {home_of(gateway, pair, session) for session in sessions}
    assert homes == {0, 1}

    def list_own(pool):
        names = sorted({session_in(seen) for seen in pool.seen})
        pool.behave = answer_with(200, {"value": [{"identifier": name, "etag": "x"} for name in names]})
    for pool in pair:
        list_own(pool)
    answer = gateway.send("GET", f"/listSessions?api-version={NEW}")
    assert answer.status == 200, answer
    assert {item["identifier"] for item in answer.json()["sessions"]} == set(sessions)
