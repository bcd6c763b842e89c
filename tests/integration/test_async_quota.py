"""A run that nobody waits for holds its reservation to its end, whether or not anybody asks after it."""

import json
import time

from support.gateway import SLOWNESS, executions, new_session

CONFIG = ("[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n"
          "[[tenant]]\nname = \"local\"\n[tenant.quota]\nconcurrent_runs = 1\n")


def test_reservation_is_held_and_given_back(gateway):
    body = {"code": "import time\ntime.sleep(2)", "executionType": "Asynchronous"}
    started = gateway.send("POST", executions(new_session()), json.dumps(body).encode())
    assert started.json()["status"] == "Running", started
    refused = gateway.run("1")
    assert (refused.status, refused.error()) == (429, "QuotaExceeded"), refused
    end = time.monotonic() + 20 * SLOWNESS
    while gateway.run("1").status == 429:
        assert time.monotonic() < end, "the reservation is not given back"
        time.sleep(0.2)
