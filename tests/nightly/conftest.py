"""A pool for what takes long: a program is started in a session and waited for by one run after another."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration" / "pool"))
from pool_driver import Connection, Pool  # pylint: disable=wrong-import-position

BEGIN = """
import subprocess, sys
text = open('/tmp/said', 'wb')
child = subprocess.Popen([sys.executable, *%r], stdout=text, stderr=text, stdin=subprocess.DEVNULL, cwd='/tmp')"""

WAIT = """
try:
    status = child.wait(60)
except subprocess.TimeoutExpired:
    status = None
status"""

SAID = "open('/tmp/said', 'rb').read().decode(errors='replace')[-%d:]"


class Sessions:
    def __init__(self, pool):
        self.pool = pool
        self.connection = Connection(pool.socket, timeout=600)

    def run(self, identifier, code):
        answer = self.pool.run(code, identifier, timeout=180, connection=self.connection)
        assert answer.body["status"] == "Succeeded", answer.result["stderr"]
        return answer.result["executionResult"]

    def program(self, identifier, arguments, keep=4000):
        """Runs Python with these arguments in a session of its own: how it ended, and the last that it said."""
        self.run(identifier, BEGIN % (list(arguments),))
        status = None
        while status is None:
            status = self.run(identifier, WAIT)
        said = self.run(identifier, SAID % keep)
        assert self.pool.ask("DELETE", "/session?identifier=" + identifier).status == 204
        return status, said


@pytest.fixture(scope="session")
def sessions(tmp_path_factory):
    # Tests of queues and pools start a hundred threads or processes at once.
    pool = Pool(tmp_path_factory.mktemp("pool"), sessions=2, ready=0, options=["--processes", "400"])
    yield Sessions(pool)
    pool.stop()
