"""Control groups over a whole session, where this machine lets us write them; rlimits where it does not."""

import os
import pathlib
import signal
import time

import pytest

from pool_driver import children

GROUPS = pathlib.Path("/sys/fs/cgroup")


@pytest.fixture
def grouped(make_pool):
    pool = make_pool(sessions=3, options=["--preload", "", "--memory", str(256 << 20), "--data", str(64 << 20), "--processes", "40",
                                          "--cpus-milli", "500"])
    if not pool.ask("GET", "/metadata").body["isolation"]["memory-cgroup"]:
        pytest.skip("no control groups of memory can be written here")
    return pool


def own_groups():
    return [path for path in GROUPS.rglob("sallyport-*") if path.is_dir()]


def test_processes_of_a_session_share_one_memory_limit(grouped):
    """Each stays within the limit of a process; together they do not."""
    code = "import os\nkept = []\nchildren = []\n" + """
for n in range(4):
    pid = os.fork()
    if pid == 0:
        kept = bytearray(150 << 20)
        for at in range(0, len(kept), 4096):
            kept[at] = 1
        import time; time.sleep(20)
        os._exit(0)
    children.append(pid)
os.waitpid(-1, 0)[1]"""
    result = grouped.run(code, "hog-session").result
    assert result["executionResult"] == 9 or "LimitReached: memory" in result["stderr"], result
    assert grouped.run("1 + 1", "beside").result["executionResult"] == 2


def test_interpreter_that_is_ended_for_memory_says_which_limit(grouped):
    """Shared memory escapes the limit of a process."""
    code = """
import mmap, ctypes
libc = ctypes.CDLL(None)
kept = []
for n in range(60):
    area = mmap.mmap(-1, 16 << 20)
    for at in range(0, len(area), 4096):
        area[at] = 1
    kept.append(area)"""
    result = grouped.run(code, "shared").result
    assert "LimitReached: memory" in result["stderr"], result
    assert grouped.run("1 + 1", "shared").result["executionResult"] == 2


def test_group_is_the_whole_world_of_its_session_and_ends_with_it(grouped):
    seen = grouped.run("open('/proc/self/cgroup').read()", "seen").result["executionResult"]
    assert "sallyport" not in seen and all(line.endswith(":/") for line in seen.split("\n") if ":memory:" in line), seen
    before = {path for top in own_groups() for path in top.iterdir() if path.is_dir()}
    assert before
    grouped.ask("DELETE", "/session?identifier=seen")
    for _ in range(100):
        now = {path for top in own_groups() for path in top.iterdir() if path.is_dir()}
        if before - now:
            return
        grouped.run("1", "other")
    raise AssertionError("no group went with its session")


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_no_group_is_left_of_a_pool(grouped, signal_number):
    """Nor of one that could not tidy up itself."""
    grouped.run("1", "left-over")
    (keeper,) = children(grouped.process.pid)
    mine = [path for path in own_groups() if path.name == "sallyport-%d" % keeper]
    assert mine and any(path.is_dir() for top in mine for path in top.iterdir())
    grouped.process.send_signal(signal_number)
    grouped.process.wait()
    deadline = time.monotonic() + 60
    while any(path.exists() for path in mine) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [path for path in mine if path.exists()]


def test_pool_needs_no_more_descriptors_than_it_has_sessions(make_pool):
    """4096 is the kernel's own limit for whoever nobody gave more."""
    pool = make_pool(sessions=3, options=["--preload", ""], before=("prlimit", "--nofile=4096:4096"))
    assert pool.run("6 * 7", "few-files").result["executionResult"] == 42


def test_without_groups_metadata_says_so(make_pool):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody who cannot write them")
    pool = make_pool(sessions=2, uid=12345, options=["--preload", ""])
    meta = pool.ask("GET", "/metadata").body
    assert (meta["isolation"]["memory-cgroup"], meta["memoryLimit"]) == (False, "per process only")
