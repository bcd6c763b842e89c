"""SIGHUP: another configuration is taken over whole, or not at all; sessions are out of reach once a policy narrows."""

import json
import os
import re
import signal
import threading
import time

import pytest

from support.gateway import SLOWNESS, SMALL_POOL, Gateway, children_of, command, executions, new_session, wait_for

NARROW = "extends = 'data-science'\n[modules]\ndeny = ['decimal']\n"
WIDE = "extends = 'data-science'\n"


def body_of(code):
    return json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": code}).encode()


def run(gateway, code="print(1)", session=None):
    return gateway.send("POST", executions(session or new_session()), body_of(code), timeout=60)


def result_of(answer):
    assert answer.status in (200, 202), answer
    return json.loads(answer.body)["result"]


class World:
    """A gateway with a folder of policies of its own."""

    def __init__(self):
        self.gateway = Gateway("")
        self.policies = self.gateway.folder / "policies"
        self.policies.mkdir()
        self.policies.chmod(0o755)
        self.policy(WIDE)
        self.configure()

    def policy(self, text):
        (self.policies / "p.toml").write_text(text)

    def configure(self, tenant="", more="", server=""):
        self.gateway.config.write_text(
            f"{SMALL_POOL}[server]\npolicies = '{self.policies}'\n{server}\n"
            f"[[tenant]]\nname = 'acme'\npolicy = 'p'\n{tenant}\n{more}\n")

    def lines(self, event):
        return [line for line in self.gateway.log.read_text().splitlines() if f" {event} " in f"{line} "]

    def reload(self, event="serve.reloaded"):
        before = len(self.lines(event))
        self.gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(self.lines(event)) > before, 20, f"{event}; the log:\n{self.gateway.output()}")
        return self.lines(event)[-1]

    def entries(self, kind):
        status, out, err = command("audit", "export", "--format", "json", self.gateway.state / "log")
        text = out if status == 0 else ""
        found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        if not found:
            raw = b"".join(path.read_bytes() for path in sorted((self.gateway.state / "log").rglob("*")) if path.is_file())
            found = [json.loads(line) for line in re.findall(rb'\{"[^\n]*?"v":\d+[^\n]*?\}', raw)]
        return [entry for entry in found if entry.get("kind") == kind]


@pytest.fixture
def world():
    made = World()
    try:
        made.gateway.start()
        yield made
    finally:
        made.gateway.close()


def test_a_quota_and_a_tenant_are_taken_over_without_a_restart(world):
    roles = {argv[0]: pid for pid, argv in children_of(world.gateway.process.pid).items()}
    assert run(world.gateway).status == 200
    world.configure("[tenant.quota]\nrequests_per_minute = 1")
    world.reload()
    session = new_session()
    assert run(world.gateway, session=session).status == 200
    refused = run(world.gateway, session=session)
    assert refused.status == 429
    assert refused.header("RateLimit-Policy") == '"requests";q=1;w=60'
    world.configure()
    world.reload()
    assert run(world.gateway, session=session).status == 200
    again = {argv[0]: pid for pid, argv in children_of(world.gateway.process.pid).items()}
    for name, pid in roles.items():
        if any(word in name for word in ("admit", "audit", "inspect", "front", "relay")):
            assert again[name] == pid, name


def test_a_mistake_leaves_the_old_configuration_in_force_and_is_named(world):
    world.configure("[tenant.quota]\nrequests_per_minute = 'many'")
    world.reload("serve.reload.refused")
    why = world.lines("serve.reload.configuration")[-1]
    assert "line=" in why and "requests_per_minute" in why
    assert run(world.gateway).status == 200
    world.configure()
    world.policy("extends = 'data-science'\n[[test]]\ncode = 'import socket'\nexpect = 'allow'\n")
    world.reload("serve.reload.refused")
    assert "policy.refused" in world.gateway.output()
    assert run(world.gateway).status == 200
    assert run(world.gateway, "import decimal").status == 200


def test_a_narrower_policy_holds_at_once_and_old_state_is_out_of_reach(world):
    session = new_session()
    assert run(world.gateway, "import decimal\nkept = 7", session).status == 200
    assert result_of(run(world.gateway, "print(kept)", session))["stdout"] == "7\n"
    # wider, or the same: the session stays
    world.reload()
    assert result_of(run(world.gateway, "print(kept)", session))["stdout"] == "7\n"
    world.policy(NARROW)
    world.reload()
    assert run(world.gateway, "import decimal", session).status == 403
    assert "NameError" in result_of(run(world.gateway, "print(kept)", session))["stderr"]
    epochs = json.loads((world.gateway.state / "epochs.json").read_text())
    assert [(t["name"], t["epoch"]) for t in epochs["tenants"]] == [("acme", 2)]
    assert (world.gateway.state / "epochs.json").stat().st_mode & 0o777 == 0o600
    # and back: what was made in between goes on
    result_of(run(world.gateway, "later = 8", session))
    world.policy(WIDE)
    world.reload()
    assert result_of(run(world.gateway, "import decimal; print(later)", session))["stdout"] == "8\n"


def test_a_raw_and_an_encoded_spelling_are_one_session(world):
    session = "a!" + new_session()
    encoded = "%61%21" + session[2:].replace("-", "%2D")
    result_of(run(world.gateway, "one = 1", session))
    assert result_of(run(world.gateway, "print(one)", encoded))["stdout"] == "1\n"


def test_the_log_has_both_digests(world):
    world.configure("[tenant.quota]\nsessions = 9")
    line = world.reload()
    digest = re.search(r"configuration=([0-9a-f]{64})", line).group(1)
    assert world.gateway.stop() == 0
    reloads = world.entries("reload")
    assert len(reloads) == 1
    assert reloads[0]["configuration_sha256"] == digest
    start = world.entries("start")[-1]
    assert reloads[0]["previous_sha256"] == start["configuration_sha256"] != digest


def test_keys_that_need_a_restart_are_named_and_keep_their_values(world):
    world.configure("[tenant.quota]\nsessions = 9", server="listen = '127.0.0.1:9'\n[server.limits]\nqueue = 7")
    world.reload()
    assert 'keys="server.limits.queue"' in world.lines("serve.reload.needs-restart")[-1]
    assert run(world.gateway).status == 200
    old = world.gateway.folder / "old.toml"
    old.write_text(SMALL_POOL)
    status, out, err = command("config", "check", "-c", world.gateway.config, "--running", old)
    assert (status, err) == (0, "")
    assert out == "ok\na reload leaves these to a restart: server.listen, server.limits.queue\n"


def test_reloads_under_load_lose_no_request(world):
    statuses, over = [], threading.Event()

    def ask():
        session = new_session()
        while not over.is_set():
            statuses.append(run(world.gateway, session=session).status)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(6):
        world.policy(NARROW if number % 2 == 0 else WIDE)
        world.reload()
        time.sleep(0.2)
    over.set()
    for thread in threads:
        thread.join(60 * SLOWNESS)
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) > 20 and statuses.count(503) <= 6 * 4
    assert not world.lines("role.blamed") and not world.lines("role.killed")


def test_a_role_that_dies_during_a_reload_comes_back_with_what_is_in_force(world):
    world.policy(NARROW)
    for pid, argv in children_of(world.gateway.process.pid).items():
        if argv[0].startswith("sallyport: admit") or argv[0].startswith("sallyport: audit"):
            os.kill(pid, signal.SIGSTOP)
            world.gateway.process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
            os.kill(pid, signal.SIGKILL)
            break
    wait_for(lambda: world.lines("serve.reloaded"), 20, f"the reload; the log:\n{world.gateway.output()}")
    world.gateway.wait_ready()
    assert run(world.gateway, "import decimal").status == 403
    assert run(world.gateway).status == 200
