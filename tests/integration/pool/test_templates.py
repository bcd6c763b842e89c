"""Templates: replaced beside the old one, one for each key, and never the end of a session."""

import os
import pathlib
import signal
import time

import pytest

from conftest import users
from pool_driver import children, descendants, is_alive

# Where the interpreter's library lies, what a hash is salted with, and where an object of the template lies.
LAYOUT = """
import builtins
lines = open('/proc/self/maps').read().splitlines()
[next(line for line in lines if 'libpython' in line).split('-')[0], hash('salt'), id(builtins.len)]"""


def layout(pool, name, key=None):
    return tuple(pool.run(LAYOUT, name, key=key).result["executionResult"])


def templates(pool):
    """The processes that were executed as templates."""
    found = []
    for pid in descendants(pool.process.pid):
        try:
            words = pathlib.Path("/proc/%d/cmdline" % pid).read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--as" in words and pid in of_the_house(pool):
            found.append(pid)
    return found


def of_the_house(pool):
    """What the pool's own processes started: their process 1, or the one beside it that stands outside of sessions."""
    (keeper,) = children(pool.process.pid)
    return [pid for own in children(keeper) for pid in children(own)]


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.1)


def end(pool, name):
    assert pool.ask("DELETE", "/session?identifier=" + name).status == 204


@pytest.mark.parametrize("option", (("--template-forks", "3"), ("--template-life", "1")))
def test_template_is_replaced_and_sessions_live_on(make_pool, option):
    pool = make_pool(sessions=4, ready=0, options=option)
    first = layout(pool, "first")
    pool.run("kept = 7", "first")
    seen = {first}

    def another_layout():
        seen.add(layout(pool, "next"))
        end(pool, "next")
        return len(seen) > 1

    wait_for(another_layout)
    # The library, the salt and the objects have all moved.
    (second,) = seen - {first}
    assert all(one != other for one, other in zip(first, second))
    assert pool.run("kept", "first").result["executionResult"] == 7
    assert layout(pool, "first") == first


@pytest.mark.parametrize("uid", users())
def test_sessions_of_two_keys_never_share_a_template(make_pool, uid, tmp_path):
    for parent in (tmp_path, *tmp_path.parents):
        if str(parent).startswith("/tmp/") and uid is not None:
            parent.chmod(0o755)
    pool = make_pool(sessions=8, ready=2, uid=uid, options=("--templates", "4"))
    seen = {}
    for turn in range(3):
        for key in (7, 8):
            seen.setdefault(key, set()).add(layout(pool, "of-%d-%d" % (key, turn), key))
    # Each key has its own; a key never sees a layout of another.
    assert not seen[7] & seen[8]
    assert len(seen[7]) == 1 and len(seen[8]) == 1


def test_number_of_templates_is_bounded(make_pool):
    pool = make_pool(sessions=12, ready=0, options=("--templates", "2"))
    for key in range(1, 6):
        pool.run("kept = %d" % key, "of-%d" % key, key=key)
    # Those in use and a spare; the sessions of templates that had to go are still there.
    wait_for(lambda: len(templates(pool)) <= 3)
    for key in range(1, 6):
        assert pool.run("kept", "of-%d" % key, key=key).result["executionResult"] == key


def test_death_of_a_template_ends_no_session(make_pool):
    pool = make_pool(sessions=4, ready=0)
    pool.run("kept = 7", "before")
    (template,) = templates(pool)
    os.kill(template, signal.SIGKILL)
    wait_for(lambda: not is_alive(template))
    assert pool.run("kept", "before").result["executionResult"] == 7
    assert pool.run("1 + 1", "after").result["executionResult"] == 2


def test_wrong_key_is_refused(make_pool):
    pool = make_pool(sessions=4, ready=0)
    for key in ("7", "000000000000000g", "00000000000000001", "8000000000000000"):
        answer = pool.run("1", "session", key=key)
        assert (answer.status, answer.code) == (400, "InvalidRequest"), key
    assert pool.run("1", "session", key="7fffffffffffffff").status == 200
