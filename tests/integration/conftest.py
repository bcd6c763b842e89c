"""Fixtures: one gateway a module, with the embedded pool or with a stub pool over HTTPS behind it."""

import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support.gateway import PROGRAM, SMALL_POOL, Gateway  # noqa: E402
from support.stubpool import StubPool  # noqa: E402

STUB_TOKEN = "stub-pool-credential-0123456789"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """A directory of this run alone: pytest's own lies in one of all its runs, which each new run closes to other users."""
    assert PROGRAM.exists(), f"{PROGRAM} is not built; SP_BUILD names the build to test"
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="sp-pytest-", dir="/tmp")
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


@pytest.fixture(scope="module")
def gateway(request):
    """A gateway with the embedded pool; a module's CONFIG takes the place of the small default."""
    started = Gateway(getattr(request.module, "CONFIG", SMALL_POOL))
    try:
        yield started.start()
    finally:
        started.close()


@pytest.fixture(scope="module")
def stub_pool():
    pool = StubPool()
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def relaying(request, stub_pool):
    """A gateway that relays to the stub pool."""
    config = getattr(request.module, "STUB_CONFIG", "") + stub_pool.config()
    started = Gateway(config, {"STUB_POOL_TOKEN": STUB_TOKEN})
    try:
        yield started.start()
    finally:
        started.close()


@pytest.fixture
def stub(stub_pool):
    """The stub pool, with nothing seen yet."""
    stub_pool.forget()
    return stub_pool
