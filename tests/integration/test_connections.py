"""A thousand idle connections and 256 busy ones at once, in plain HTTP and in TLS: all are served, none is dropped."""

import concurrent.futures
import socket
import ssl

import pytest

from support import rawhttp
from support.certs import Authority
from support.gateway import NEW, SLOWNESS, SMALL_POOL, Gateway, is_sanitized, wait_for

IDLE, BUSY, ROUNDS = (100, 32, 2) if is_sanitized() else (1000, 256, 3)
LIMITS = '[server.limits]\nconnections_per_address = 2048\nidle_timeout = "300s"\nhead_timeout = "60s"\n'
TENANT = '[[tenant]]\nname = "local"\n[tenant.quota]\nrequests_per_minute = 1000000\nconcurrent_runs = 1024\n'


@pytest.fixture(scope="module", params=["plain", "tls"])
def gateway(request, tmp_path_factory):
    tls = ""
    authority = None
    if request.param == "tls":
        authority = Authority(tmp_path_factory.mktemp("many") / "ours")
        certificate, key = authority.issue("server", "/CN=gateway", "IP:127.0.0.1")
        tls = f'[server.tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'
    it = Gateway(SMALL_POOL + tls + LIMITS + TENANT)
    it.context = ssl.create_default_context(cafile=authority.certificate) if authority else None
    it.answers = lambda: answers(it)
    try:
        yield it.start()
    finally:
        it.close()


def answers(gateway):
    assert gateway.process.poll() is None, gateway.output()
    if not gateway.token_path().exists():
        return False
    try:
        run(gateway, dial(gateway))
    except (OSError, AssertionError):
        return False
    return True


def dial(gateway):
    plain = socket.create_connection(("127.0.0.1", gateway.port), timeout=60 * SLOWNESS)
    connection = rawhttp.Connection.__new__(rawhttp.Connection)
    connection.pending = b""
    connection.socket = gateway.context.wrap_socket(plain, server_hostname="127.0.0.1") if gateway.context else plain
    return connection


def run(gateway, connection):
    """What the pool says of itself: a request that goes through all rooms and back, and needs no session."""
    connection.send(rawhttp.request("GET", f"/metadata?api-version={NEW}", gateway.headers()))
    answer = connection.read()
    assert answer is not None and answer.status == 200, answer
    return answer


def test_idle_and_busy_connections(gateway):
    before = {role: sorted(pids) for role, pids in gateway.roles().items()}
    idle = [dial(gateway) for _ in range(IDLE)]
    busy = [dial(gateway) for _ in range(BUSY)]
    try:
        with concurrent.futures.ThreadPoolExecutor(BUSY) as threads:
            for _ in range(ROUNDS):
                done = list(threads.map(lambda connection: run(gateway, connection), busy))
                assert len(done) == BUSY
        # Those that said nothing so far are served as well, every one of them.
        for connection in idle:
            run(gateway, connection)
        after = {role: sorted(pids) for role, pids in gateway.roles().items()}
        assert before == after, f"a role was restarted:\n{gateway.output()}"
    finally:
        for connection in idle + busy:
            connection.close()
    wait_for(lambda: run(gateway, dial(gateway)), 20, "an answer when all have gone")
