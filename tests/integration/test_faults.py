"""Disks that fail under a running gateway: full, gone wrong, replaced. Where this machine lets a test mount something."""

import ctypes
import fcntl
import os
import re
import shutil
import subprocess

import pytest

from support import tlog
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


def mount_image(own, place, options):
    image = own.folder / "image"
    with open(image, "wb") as out:
        out.truncate(64 << 20)
    if not (shutil.which("mkfs.ext4") and run("mkfs.ext4", "-q", "-F", image) and run("mount", "-o", options, image, place)):
        pytest.skip("no loop device with ext4 here")
    own.mounted.append(place)
    (place / "lost+found").rmdir()
    return image


def put_copy_in_place(own, image, place):
    """What an operator does with a disk that is done for."""
    copy = own.folder / "copy"
    run("sync", "-f", image)
    shutil.copyfile(image, copy)
    run("e2fsck", "-fy", copy)
    assert run("umount", "-l", place)
    mount(own, place, "-o", "loop", copy)


@pytest.mark.parametrize("name", ["log", "audit"])
def test_a_disk_that_goes_wrong_is_noticed_and_one_that_takes_its_place_is_used(own, name):
    place = own.state / name
    image = mount_image(own, place, "loop")
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
    put_copy_in_place(own, image, place)
    recovers(own)
    is_whole(own)


def test_a_log_that_becomes_read_only_is_said_by_the_next_request(own):
    place = own.state / "log"
    mount(own, place, "-t", "tmpfs", "-o", "size=24m", "tmpfs")
    own.start()
    assert own.run("print(1)").status == 200
    wait_for(lambda: run("mount", "-o", "remount,ro", place), 10, "no file to be open for writing")
    assert "Read-only file system" in refused(own.run("print(2)"))
    assert run("mount", "-o", "remount,rw", place)
    recovers(own)
    assert "Read-only file system" in [entry["reason"] for entry in own.entries() if entry["kind"] == "recovery"]
    is_whole(own)


def test_a_disk_that_the_kernel_makes_read_only_is_said_by_the_next_request(own):
    place = own.state / "audit"
    image = mount_image(own, place, "loop,errors=remount-ro")
    device = os.path.basename(subprocess.run(["findmnt", "-n", "-o", "SOURCE", place], capture_output=True, check=True).stdout.decode().strip())
    trigger = f"/sys/fs/ext4/{device}/trigger_fs_error"
    if not os.access(trigger, os.W_OK):
        pytest.skip("this file system cannot be made to fail")
    own.start()
    assert own.run("print(1)").status == 200
    with open(trigger, "w", encoding="ascii") as out:
        out.write("1")
    assert "Read-only file system" in refused(own.run("print(2)"))
    put_copy_in_place(own, image, place)
    recovers(own)
    is_whole(own)


def limit_files(pid, limit):
    """As the process's own user, who may do that without a capability."""
    ids = dict(re.findall(r"^(Uid|Gid):\s+(\d+)", open(f"/proc/{pid}/status", encoding="ascii").read(), re.MULTILINE))
    who = ["setpriv", f"--reuid={ids['Uid']}", f"--regid={ids['Gid']}", "--clear-groups"] if ids["Uid"] != "0" else []
    assert run(*who, "prlimit", f"--pid={pid}", f"--fsize={limit}:unlimited")


def test_a_short_write_is_said_by_the_next_request_and_its_half_is_cut_off(own):
    """A file-size limit falls into the middle of a record: the first half is written, the rest fails."""
    own.start()
    assert own.run("print(1)").status == 200
    wait_for(lambda: len(tlog.published(own.state / "log")) == len(own.entries()), 10, "the checkpoint")
    audit = own.roles()["audit"][0]
    ends = max(tlog.journal_end((own.state / "audit" / name).read_bytes()) for name in ("journal-0", "journal-1"))
    limit_files(audit, ends + 4096)
    long = "\n".join(f"import {'unknown_' * 8}{number}" for number in range(300))
    message = refused(own.run(long))
    assert "File too large" in message
    assert own.roles()["audit"] == [audit], "a limit is an error, not a death"
    limit_files(audit, "unlimited")
    recovers(own)
    recovery = next(entry for entry in own.entries() if entry["kind"] == "recovery")
    assert recovery["cut_bytes"] > 4096 and "File too large" in recovery["reason"]
    assert all(entry["kind"] != "denial" for entry in own.entries()), "what was refused is not half there"
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
