"""The log of a real gateway: what its answers name, what proves it, and what happens when somebody meddles with its files."""

import os
import pty
import shutil
import signal
import subprocess

import pytest

from support.gateway import PROGRAM, Gateway, wait_for
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
    newest.write_text(own.command("audit", "checkpoint", "-c", configuration(own))[1])  # with the key before it
    assert verify(own, "--checkpoint", kept)[0] == 0
    assert verify(own, "--checkpoint", newest)[0] == 0
    status, out, _ = own.command("audit", "verify", tmp_path / "before", "--checkpoint", newest)
    assert status == 1 and "the end was cut off" in out


def test_verify_shows_its_progress_on_a_terminal_and_nothing_of_it_in_a_pipe(own):
    assert own.run("print(1)").status == 200
    assert own.stop() == 0
    command = [PROGRAM, "audit", "verify", own.state / "log"]
    piped = subprocess.run(command, capture_output=True, check=True)
    assert piped.stderr == b"" and b"\r" not in piped.stdout
    here, there = pty.openpty()
    shown = subprocess.run(command, stdout=subprocess.PIPE, stderr=there, check=True)
    os.close(there)
    seen = os.read(here, 4096)
    os.close(here)
    assert shown.stdout == piped.stdout, "what it found is the same"
    assert b"\r100 %" in seen and seen.endswith(b"\r     \r"), seen


def test_verify_right_after_a_run_counts_all_that_is_durable(own):
    for number in range(3):  # the first is published at once, those that follow it within a second
        last = entry_of(own.run(f"print({number})"))
        status, out, err = verify(own)
        assert status == 0, out + err
        assert int(out.split("whole: ")[1].split(" entries")[0]) >= last + 2, "the outcome too"


def test_what_a_crash_left_in_the_journal_is_counted_and_its_signature_checked(own):
    for attempt in range(10):
        for number in range(3):
            assert own.run(f"print({number})").status == 200
        own.kill_role("audit")  # which would publish at its end
        own.process.kill()
        own.process.wait()
        missing = len(tlog.lines(own.state)) - len(tlog.published(own.state / "log"))
        status, out, err = verify(own)
        assert status == 0, out + err
        if missing > 0:
            break
        own.start()  # it was published in time
    else:
        pytest.skip("everything was published before it could be killed, ten times")
    assert f"{missing} entries more are durable in the journal and not published yet" in out
    (own.state / "audit/journal-0").rename(own.folder / "journal-0")
    (own.state / "audit/journal-1").rename(own.folder / "journal-1")
    assert "durable in the journal" not in verify(own)[1]


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


# --- another signing key ---

def rotate(gateway):
    status, out, err = gateway.command("audit", "rotate-key", "-c", configuration(gateway))
    assert status == 0, err
    return out


def kinds(gateway):
    return [entry["kind"] for entry in gateway.entries()]


def test_another_key_takes_over_and_old_proofs_stay(own, tmp_path):
    ran = own.run("print(1)")
    old_key = key_of(own)
    old_proof = tmp_path / "old.tlog-proof"
    old_proof.write_text(own.command("audit", "prove", entry_of(ran), "-c", configuration(own))[1])
    wait_for(lambda: len(tlog.published(own.state / "log")) == len(own.entries()), 10, "the checkpoint")
    kept = tmp_path / "kept"
    shutil.copy(own.state / "log/checkpoint", kept)
    assert old_key in rotate(own)
    assert "rotation" not in kinds(own), "only when the service is told to look"
    own.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "rotation" in kinds(own), 20, f"the other key:\n{own.output()}")
    new_key = key_of(own)
    assert new_key != old_key
    wait_for(lambda: "audit.key.changed" in own.output(), 10, f"the operator to be told:\n{own.output()}")
    printed = own.command("audit", "checkpoint", "-c", configuration(own))[1].split("\n")
    entries = own.entries()
    at = kinds(own).index("key")
    assert entries[at]["old_key"] == old_key and entries[at]["new_key"] == new_key
    assert printed[1] == f"until entry {at}: {old_key}"
    note = entries[kinds(own).index("rotation")]["checkpoint"]
    assert note.count("\n\u2014 ") == 2 and note.split("\n")[1] == str(at + 1)
    after = own.run("print(2)")
    assert after.status == 200
    wait_for(lambda: len(tlog.published(own.state / "log")) == len(own.entries()), 10, "the checkpoint")
    for key in (old_key, new_key):
        status, out, _ = verify(own, "--key", key, "--checkpoint", kept)
        assert status == 0 and "the key was changed 1 time;" in out, out
    assert own.command("audit", "verify", "--proof", old_proof, "--key", old_key)[0] == 0
    new_proof = tmp_path / "new.tlog-proof"
    new_proof.write_text(own.command("audit", "prove", entry_of(after), "-c", configuration(own))[1])
    assert own.command("audit", "verify", "--proof", new_proof, "--key", new_key)[0] == 0
    assert own.command("audit", "verify", "--proof", new_proof, "--key", old_key)[0] == 1
    status, out, _ = own.command("audit", "verify", "--proof", own.state / "log/keys/2", "--key", old_key)
    assert status == 0 and f'"new_key":"{new_key}"' in out, "the file alone leads from the old key to the new one"
    files = own.state / "audit"
    assert "PRIVATE" not in (files / "key").read_text(), "the old key cannot sign any more"
    assert (files / "key-2").stat().st_mode & 0o777 == 0o600
    assert own.stop() == 0
    assert verify(own, "--key", old_key)[0] == 0


def test_another_key_is_made_at_the_start_and_again(own):
    first = key_of(own)
    for number in (2, 3):
        rotate(own)
        assert own.stop() == 0
        own.start()
        recovers(own)
        wait_for(lambda: kinds(own).count("rotation") == number - 1, 20, f"key {number}:\n{own.output()}")
        assert (own.state / f"audit/key-{number}").exists()
    for pid in own.roles()["audit"]:
        os.kill(pid, signal.SIGKILL)
    recovers(own)
    assert own.stop() == 0
    status, out, _ = verify(own, "--key", first)
    assert status == 0 and "the key was changed 2 times" in out, out
    assert kinds(own).count("key") == 2, "a request is met once"
