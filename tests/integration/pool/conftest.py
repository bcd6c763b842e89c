"""Pools for the tests: one for all that need no settings of their own, and makers of special ones."""

import os

import pytest

from pool_driver import Pool


def users():
    """As whoever runs the tests; root tries an ordinary user as well."""
    return [None, 12345] if os.geteuid() == 0 else [None]


def open_way(directory, uid):
    """pytest keeps its directories to the user who runs it; a pool of another one must be able to come to its own."""
    for parent in (directory, *directory.parents):
        if str(parent).startswith("/tmp/") and uid is not None:
            parent.chmod(0o755)


@pytest.fixture(scope="session", params=users(), ids=lambda uid: "uid-%s" % uid if uid else "own-uid")
def pool(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("pool")
    open_way(directory, request.param)
    pool = Pool(directory, uid=request.param)
    yield pool
    pool.stop()


@pytest.fixture
def make_pool(tmp_path):
    made = []

    def make(**named):
        open_way(tmp_path, named.get("uid"))
        pool = Pool(tmp_path, **named)
        made.append(pool)
        return pool

    yield make
    for pool in made:
        pool.stop()


_count = 0


@pytest.fixture
def session(pool):
    """A fresh identifier, and its session's end."""
    global _count
    _count += 1
    name = "session-%d" % _count
    yield lambda code, **named: pool.run(code, name, **named)
    pool.ask("DELETE", "/session?identifier=" + name)
