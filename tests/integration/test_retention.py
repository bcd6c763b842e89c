"""`[audit] keep` and `keep_bytes`: what is older, or more, goes, as the log says; everything later is proved as before. On a real gateway."""

import os
import shutil
import time

import pytest

from support.gateway import Gateway, SMALL_POOL, wait_for
from support import tlog

DENIED = "import socket"
# A commit takes a block of a journal at least; what the journals hold is never dropped.
ENTRIES = 3000
OLD = 3


@pytest.fixture(scope="module")
def aged():
    """A gateway with a log whose first bundles are ten days old, as far as their files tell."""
    gateway = Gateway(config=SMALL_POOL + '[audit]\nkeep = "5d"\n')
    try:
        gateway.start()
        for _ in range(ENTRIES):
            assert gateway.run(DENIED).status == 403
        gateway.key = gateway.command("audit", "checkpoint", "-c", configuration(gateway))[1].split("\n")[0]
        gateway.proof = gateway.folder / "old.tlog-proof"
        gateway.proof.write_text(gateway.command("audit", "prove", 700, "-c", configuration(gateway))[1])
        gateway.kept = gateway.folder / "kept"
        wait_for(lambda: len(tlog.published(gateway.state / "log")) >= ENTRIES, 10, "the checkpoint")
        shutil.copy(gateway.state / "log/checkpoint", gateway.kept)
        for number in range(OLD):
            age(bundle(gateway, number), 10)
        wait_for(lambda: not bundle(gateway, OLD - 1).exists(), 40, f"old entries to go:\n{gateway.output()}")
        yield gateway
    finally:
        gateway.close()


def age(path, days):
    then = time.time() - days * 86400
    os.utime(path, (then, then))


def bundle(gateway, number):
    return gateway.state / f"log/tile/entries/{number:03}"


def configuration(gateway):
    path = gateway.folder / "reader.toml"
    path.write_text(f'[server]\nstate = "{gateway.state}"\n')
    return path


def audit(gateway, action, *arguments):
    return gateway.command("audit", action, "-c", configuration(gateway), *arguments)


def test_what_is_gone_is_what_the_log_says(aged):
    assert [bundle(aged, n).exists() for n in range(OLD + 1)] == [False] * OLD + [True]
    status, out, _ = audit(aged, "search", "--kind", "retention", "--format", "json")
    assert status == 0 and f'"first":{OLD * 256},' in out
    status, out, err = audit(aged, "verify", "--key", aged.key, "--checkpoint", aged.kept)
    assert status == 0, out + err
    assert f"the first {OLD * 256} entries were dropped, as the log says" in out


def test_every_proof_holds(aged, tmp_path):
    assert aged.command("audit", "verify", "--proof", aged.proof, "--key", aged.key)[0] == 0, "made before"
    path = tmp_path / "new.tlog-proof"
    status, out, err = audit(aged, "prove", 2000)
    assert status == 0, err
    path.write_text(out)
    assert aged.command("audit", "verify", "--proof", path, "--key", aged.key)[0] == 0
    assert audit(aged, "prove", 5)[0] != 0, "an entry that is gone cannot be shown"


def test_more_than_that_is_found(aged, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(aged.state / "log", copy)
    (copy / f"tile/entries/{OLD:03}").unlink()
    status, out, _ = aged.command("audit", "verify", "--key", aged.key, copy)
    assert status == 1 and f"the log says that of those before {OLD * 256} only" in out


def test_it_goes_on_after_a_restart(aged):
    assert aged.stop() == 0
    aged.start()
    answer = aged.run("print(1)")
    assert answer.status == 200
    age(bundle(aged, OLD), 10)
    wait_for(lambda: not bundle(aged, OLD).exists(), 60, f"one more to go:\n{aged.output()}")
    assert aged.stop() == 0
    status, out, _ = audit(aged, "verify", "--key", aged.key, "--checkpoint", aged.kept)
    assert status == 0 and f"the first {(OLD + 1) * 256} entries were dropped" in out, out


@pytest.fixture(scope="module")
def large():
    """A gateway with more entries than are to be kept, of which the first bundles are two days old."""
    gateway = Gateway(config=SMALL_POOL + '[audit]\nkeep_bytes = "1 MiB"\n')
    try:
        gateway.start()
        for _ in range(ENTRIES):
            assert gateway.run(DENIED).status == 403
        gateway.key = gateway.command("audit", "checkpoint", "-c", configuration(gateway))[1].split("\n")[0]
        wait_for(lambda: len(tlog.published(gateway.state / "log")) >= ENTRIES, 10, "the checkpoint")
        yield gateway
    finally:
        gateway.close()


def test_more_bytes_than_are_to_be_kept_go_when_they_are_a_day_old(large):
    sizes = [bundle(large, n).stat().st_size for n in range(ENTRIES // 256)]
    assert sum(sizes) > (1 << 20) + 2 * sizes[0], "more than three bundles are too many"
    for number in range(2):
        age(bundle(large, number), 2)
    wait_for(lambda: not bundle(large, 1).exists(), 40, f"old entries to go:\n{large.output()}")
    assert bundle(large, 2).exists(), "what is younger than a day stays"
    status, out, err = audit(large, "verify", "--key", large.key)
    assert status == 0 and "the first 512 entries were dropped, as the log says" in out, out + err
    for number in range(2, ENTRIES // 256):
        age(bundle(large, number), 2)
    # What a start needs stays in any case.
    wait_for(lambda: not bundle(large, 2).exists(), 40, f"more to go:\n{large.output()}")
    assert large.stop() == 0
    left = sum(path.stat().st_size for path in (large.state / "log/tile/entries").rglob("*") if path.is_file())
    assert left > 1 << 20, "no more goes than is too many"
    status, out, err = audit(large, "verify", "--key", large.key)
    assert status == 0 and "were dropped, as the log says" in out, out + err
