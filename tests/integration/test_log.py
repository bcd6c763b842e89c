"""The log of a real gateway: what its answers name, what proves it, and what happens when somebody meddles with its files."""

import os
import shutil
import signal

import pytest

from support.gateway import Gateway, wait_for
from support import tlog

DENIED = "import socket"


@pytest.fixture
def own():
    gateway = Gateway()
    try:
        yield gateway.start()
    finally:
        gateway.close()


def entry_of(answer):
    return int(answer.header("x-sallyport-entry"))


def key_of(gateway):
    status, out, err = gateway.command("audit", "checkpoint", "-c", configuration(gateway))
    assert status == 0, err
    return out.split("\n")[0]


def configuration(gateway):
    path = gateway.folder / "reader.toml"
    path.write_text(f'[server]\nstate = "{gateway.state}"\n')
    return path


def verify(gateway, *arguments):
    return gateway.command("audit", "verify", "-c", configuration(gateway), *arguments)


def recovers(gateway):
    def works():
        answer = gateway.run("print(1)")
        return answer.status == 200 and answer
    return wait_for(works, 20, f"the log to be written again:\n{gateway.output()}")


def refused(answer):
    assert (answer.status, answer.error()) == (503, "LogUnavailable"), answer
    assert int(answer.header("retry-after")) >= 1
    return answer.json()["error"]["message"]


def test_answers_name_their_entries_and_these_are_proved(own, tmp_path):
    ran, denied = own.run("print(1)"), own.run(DENIED)
    assert (ran.status, denied.status) == (200, 403)
    entries = own.entries()
    assert entries[entry_of(ran)]["kind"] == "intent"
    assert entries[entry_of(denied)]["kind"] == "denial"
    key = key_of(own)
    for answer in (ran, denied):
        status, proof, err = own.command("audit", "prove", entry_of(answer), "-c", configuration(own))
        assert status == 0, err
        path = tmp_path / "one.tlog-proof"
        path.write_text(proof)
        status, out, _ = own.command("audit", "verify", "--proof", path, "--key", key)
        assert status == 0 and tlog.lines(own.state)[entry_of(answer)].decode() in out
        path.write_text(proof.replace("\nindex ", "\nindex 1"))
        assert own.command("audit", "verify", "--proof", path, "--key", key)[0] == 1
    assert verify(own, "--key", key)[0] == 0, "also while it runs"


def test_a_kept_checkpoint_shows_a_cut_log(own, tmp_path):
    assert own.run("print(1)").status == 200
    kept = tmp_path / "kept"
    wait_for(lambda: len(tlog.published(own.state / "log")) == len(own.entries()), 10, "the checkpoint")
    shutil.copy(own.state / "log/checkpoint", kept)
    shutil.copytree(own.state / "log", tmp_path / "before")
    assert own.run("print(2)").status == 200
    assert own.stop() == 0
    newest = tmp_path / "newest"
    shutil.copy(own.state / "log/checkpoint", newest)
    assert verify(own, "--checkpoint", kept)[0] == 0
    status, out, _ = own.command("audit", "verify", tmp_path / "before", "--checkpoint", newest)
    assert status == 1 and "the end was cut off" in out


def test_killed_outright_the_log_is_whole_and_goes_on(own):
    answer = own.run("print(1)")
    own.process.kill()
    own.process.wait()
    wait_for(lambda: tlog.lines(own.state)[entry_of(answer)], 5, "the entry")
    assert verify(own)[0] == 0
    own.start()
    assert own.run("print(2)").status == 200
    assert own.stop() == 0
    status, out, err = verify(own)
    assert status == 0, out + err
    assert [entry["kind"] for entry in own.entries()].count("start") == 2


@pytest.mark.parametrize("path, reason", [
    ("log/checkpoint", "the checkpoint was removed"),
    ("audit/journal-0", "No such file or directory"),
])
def test_a_removed_file_is_noticed_by_the_next_request(own, path, reason):
    assert own.run("print(1)").status == 200
    wait_for(lambda: len(tlog.published(own.state / "log")) == len(own.entries()), 10, "the checkpoint")
    (own.state / path).unlink()
    assert reason in refused(own.run("print(2)"))
    recovers(own)
    assert own.stop() == 0
    status, out, err = verify(own)
    assert status == 0, out + err
    assert reason in [entry.get("reason") for entry in own.entries()]


def test_a_removed_directory_is_made_again(own):
    answer = own.run("print(1)")
    wait_for(lambda: len(tlog.published(own.state / "log")) == len(own.entries()), 10, "the checkpoint")
    shutil.rmtree(own.state / "log")
    refused(own.run("print(2)"))
    recovers(own)
    assert own.stop() == 0
    status, out, err = verify(own)
    assert status == 0, out + err
    assert own.entries()[entry_of(answer)]["kind"] == "intent", "what the journals had is there again"


def test_the_key_is_audits_alone(own):
    path = own.state / "audit/key"
    assert path.stat().st_mode & 0o777 == 0o600
    for pid in own.roles()["audit"]:
        os.kill(pid, signal.SIGKILL)
    recovers(own)
    assert own.stop() == 0
    assert verify(own, "--key", key_of(own))[0] == 0
