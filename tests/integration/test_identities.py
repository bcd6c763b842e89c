"""`[audit] identities = "keyed"`: the log names nobody; who has a tenant's key finds its entries, and without it nobody does."""

import shutil
import signal

import pytest

from support.gateway import Gateway, SMALL_POOL, wait_for
from support import tlog

NAMES = ("local", "127.0.0.1")


@pytest.fixture
def keyed():
    gateway = Gateway(config=SMALL_POOL + '[audit]\nidentities = "keyed"\n')
    try:
        yield gateway.start()
    finally:
        gateway.close()


def configuration(gateway):
    path = gateway.folder / "reader.toml"
    path.write_text(f'[server]\nstate = "{gateway.state}"\n')
    return path


def search(gateway, *arguments):
    status, out, err = gateway.command("audit", "search", "-c", configuration(gateway), "--format", "json", *arguments)
    assert status in (0, 1), err
    return out.splitlines()


def test_no_name_stands_in_the_log_and_the_key_finds_them(keyed):
    assert keyed.run("print(1)", session="mine").status == 200
    assert keyed.run("import socket").status == 403
    assert keyed.send("GET", "/nowhere").status == 404
    assert keyed.send("GET", "/nowhere", headers=[("Authorization", "Bearer nobody's")]).status == 401
    wait_for(lambda: any(e["kind"] == "strangers" for e in keyed.entries()), 10, "the strangers' summary")
    told = [e for e in keyed.entries() if e["kind"] in ("intent", "denial", "refusal", "strangers")]
    assert {e["kind"] for e in told} >= {"intent", "denial", "refusal", "strangers"}
    for entry in told:
        for member in ("tenant", "principal", "source", "session"):
            if entry.get(member):
                assert entry[member].startswith("keyed:"), entry
    text = b"\n".join(tlog.lines(keyed.state)).decode()
    for name in NAMES:
        assert f'"{name}"' not in text
    assert len({e["tenant"] for e in told if "tenant" in e}) == 1, "one tenant has one form"
    found = search(keyed, "--tenant", "local")
    assert len(found) >= 4 and any('"kind":"outcome"' in line for line in found)
    assert search(keyed, "--tenant", "local", "--source", "127.0.0.1", "--kind", "denial")
    assert not search(keyed, "--tenant", "other")
    status, out, _ = keyed.command("audit", "verify", "-c", configuration(keyed))
    assert status == 0, out


def test_a_copy_is_searched_with_the_key_alone(keyed, tmp_path):
    assert keyed.run("print(1)").status == 200
    assert keyed.stop() == 0
    copy, key = tmp_path / "log", tmp_path / "key"
    shutil.copytree(keyed.state / "log", copy)
    shutil.copy(keyed.state / "identities/local", key)
    def found(*more):
        return keyed.command("audit", "search", "--tenant", "local", *more, copy)[0]
    assert (found(), found("--identity-key", key)) == (1, 0)


def test_erasure_is_for_ever(keyed):
    assert keyed.run("print(1)").status == 200
    before = len(search(keyed, "--tenant", "local"))
    assert before >= 2
    assert (keyed.state / "identities/local").stat().st_mode & 0o777 == 0o600
    status, out, _ = keyed.command("audit", "erase", "-c", configuration(keyed), "local")
    assert status == 0 and "destroyed" in out
    assert search(keyed, "--tenant", "local") == []
    assert keyed.command("audit", "erase", "-c", configuration(keyed), "local")[0] == 1
    keyed.process.send_signal(signal.SIGHUP)
    wait_for(lambda: (keyed.state / "identities/local").exists(), 20, "a new key")
    wait_for(lambda: keyed.run("print(2)").status == 200 and search(keyed, "--tenant", "local"), 20, "entries under the new key")
    forms = {e["tenant"] for e in keyed.entries() if e["kind"] == "intent"}
    assert len(forms) == 2, "what was erased is not found under the new key"
    assert keyed.stop() == 0
    assert keyed.command("audit", "verify", "-c", configuration(keyed))[0] == 0
