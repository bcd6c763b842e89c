"""Pools for the tests: one for all that need no settings of their own, and makers of special ones."""

import os

import pytest

from pool_driver import Pool


def users():
    """As whoever runs the tests; root tries an ordinary user as well."""
    return [None, 12345] if os.geteuid() == 0 else [None]


@pytest.fixture(scope="session", params=users(), ids=lambda uid: "uid-%s" % uid if uid else "own-uid")
def pool(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("pool")
    for parent in (directory, *directory.parents):
        if str(parent).startswith("/tmp/") and request.param is not None:
            parent.chmod(0o755)
    pool = Pool(directory, uid=request.param)
    yield pool
    pool.stop()


@pytest.fixture
def make_pool(tmp_path):
    made = []

    def make(**named):
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
