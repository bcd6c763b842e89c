"""A wall that the kernel does not give: the pool stops, unless the wall was given up by name."""

import pathlib
import subprocess
import sys
import time

from pool_driver import BUILD

# The kernel of this machine, but without Landlock: a filter answers its first call with ENOSYS.
LAUNCHER = """
import ctypes, os, struct, sys
LOAD_NUMBER, JUMP_UNLESS, RETURN = 0x20, 0x15, 0x06
steps = ((LOAD_NUMBER, 0, 0, 0), (JUMP_UNLESS, 0, 1, 444), (RETURN, 0, 0, 0x50000 | 38), (RETURN, 0, 0, 0x7FFF0000))
code = b"".join(struct.pack("HBBI", *step) for step in steps)
kept = ctypes.create_string_buffer(code, len(code))
program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(kept))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""
WITHOUT_LANDLOCK = (sys.executable, "-c", LAUNCHER)


def test_pool_stops_when_a_layer_is_missing(tmp_path):
    tmp_path.chmod(0o777)
    log = tmp_path / "log"
    with open(log, "wb") as out:
        pool = subprocess.Popen([*WITHOUT_LANDLOCK, BUILD / "tests" / "pool_stand", tmp_path / "pool.sock",
                                 BUILD / "sallyport-session", "2", "1", "300", "4096", "--preload", ""], stdout=out, stderr=out, env={})
    try:
        deadline = time.monotonic() + 120
        while "template.ended" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        text = log.read_text()
        assert "layer=landlock wanted=1" in text and "template.ended" in text and "template.ready" not in text, text
    finally:
        pool.kill()
        pool.wait()


def test_layer_may_be_given_up_by_name(make_pool):
    pool = make_pool(sessions=2, options=["--preload", "", "--give-up", "landlock,landlock-scope"], before=WITHOUT_LANDLOCK)
    isolation = pool.ask("GET", "/metadata").body["isolation"]
    assert not isolation["landlock"] and not isolation["landlock-scope"]
    assert isolation["seccomp"] and isolation["no-capabilities"] and isolation["read-only-root"]
    assert pool.run("6 * 7", "given-up").result["executionResult"] == 42
    text = pathlib.Path(pool.log.name).read_text()
    assert "layer=landlock wanted=0" in text and "template.ready" in text
