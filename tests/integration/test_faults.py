"""Disks that fail under a running gateway: full, gone wrong, replaced. Where this machine lets a test mount something."""

import ctypes
import fcntl
import os
import shutil
import subprocess

import pytest

from support.gateway import Gateway, wait_for

SHUTDOWN, WITHOUT_THE_JOURNAL = 0x8004587D, 2  # of a file system: everything fails with EIO from then on
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode == 0


def can_mount(tmp_path_factory):
    folder = tmp_path_factory.mktemp("try")
    works = os.geteuid() == 0 and run("mount", "-t", "tmpfs", "tmpfs", folder)
    if works:
        run("umount", folder)
    return works


@pytest.fixture
def own(tmp_path_factory):
    if not can_mount(tmp_path_factory):
        pytest.skip("mounting is for root, where the machine permits it")
    gateway = Gateway()
    gateway.mounted = []
    for name in ("log", "audit"):
        (gateway.state / name).mkdir(parents=True)
    yield gateway
    try:
        gateway.stop()
    finally:
        for path in reversed(gateway.mounted):
            run("umount", "-l", path)
        gateway.close()


def mount(gateway, path, *arguments):
    assert run("mount", *arguments, path), arguments
    gateway.mounted.append(path)


def refused(answer):
    assert (answer.status, answer.error()) == (503, "LogUnavailable"), answer
    assert int(answer.header("retry-after")) >= 1
    return answer.json()["error"]["message"]


def recovers(gateway):
    return wait_for(lambda: gateway.run("print(1)").status == 200, 40, f"work to be taken again:\n{gateway.output()}")


def is_whole(gateway):
    assert gateway.stop() == 0
    status, out, err = gateway.command("audit", "verify", gateway.state / "log")
    assert status == 0, out + err


@pytest.mark.parametrize("name", ["log", "audit"])
def test_a_full_disk_is_said_and_work_goes_on_when_there_is_room(own, name):
    for place in ("log", "audit"):
        mount(own, own.state / place, "-t", "tmpfs", "-o", "size=24m", "tmpfs")
    own.start()
    assert own.run("print(1)").status == 200
    filler = own.state / name / "filler"
    with open(filler, "wb") as out, pytest.raises(OSError):
        while True:
            out.write(b"x" * 65536)
            out.flush()
    if name == "audit":  # its journals have their room already
        assert own.run("print(2)").status == 200
        filler.unlink()
    else:
        wait_for(lambda: own.run("print(2)").status == 503, 30, "the disk to be noticed")
        assert refused(own.run("print(2)"))
        filler.unlink()
        recovers(own)
        assert any(entry["kind"] == "recovery" for entry in own.entries())
    is_whole(own)


@pytest.mark.parametrize("name", ["log", "audit"])
def test_a_disk_that_goes_wrong_is_noticed_and_one_that_takes_its_place_is_used(own, name):
    image, place = own.folder / "image", own.state / name
    with open(image, "wb") as out:
        out.truncate(64 << 20)
    if not (shutil.which("mkfs.ext4") and run("mkfs.ext4", "-q", "-F", image) and run("mount", "-o", "loop", image, place)):
        pytest.skip("no loop device with ext4 here")
    own.mounted.append(place)
    (place / "lost+found").rmdir()
    own.start()
    assert own.run("print(1)").status == 200
    fd = os.open(place, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, SHUTDOWN, bytes([WITHOUT_THE_JOURNAL, 0, 0, 0]))
    except OSError:
        pytest.skip("this file system cannot be made to fail")
    finally:
        os.close(fd)
    wait_for(lambda: own.run("print(2)").status == 503, 30, f"the disk to be noticed:\n{own.output()}")
    assert refused(own.run("print(2)"))
    # the operator mounts a copy of it in its place
    copy = own.folder / "copy"
    run("sync", "-f", image)
    shutil.copyfile(image, copy)
    assert run("umount", "-l", place)
    mount(own, place, "-o", "loop", copy)
    recovers(own)
    is_whole(own)


def test_a_log_that_is_moved_away_is_not_written_on(own):
    own.start()
    assert own.run("print(1)").status == 200
    wait_for(lambda: (own.state / "log/checkpoint").exists(), 10, "a checkpoint")
    (own.state / "log").rename(own.state / "moved")
    wait_for(lambda: (own.state / "log/checkpoint").exists(), 40, f"another directory:\n{own.output()}")
    recovers(own)
    assert own.stop() == 0
    assert (own.state / "log/tile/entries").exists()
