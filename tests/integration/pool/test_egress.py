"""Sessions with a network, and without one."""

import os
import pathlib
import shutil
import socket
import threading

import pytest

from pool_driver import children, descendants, gone

PASTA = shutil.which("pasta", path="/usr/bin")


def own_address():
    """An address of this machine that is not loopback and not private, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # nothing is sent
        except OSError:
            return None
        return probe.getsockname()[0]


def is_closed(address):
    parts = [int(part) for part in address.split(".")]
    return parts[0] in (10, 127) or parts[:2] in ([192, 168], [169, 254]) or (parts[0] == 172 and 16 <= parts[1] < 32)


def usable_tun():
    return os.geteuid() == 0 and pathlib.Path("/sys/class/misc/tun").exists() or os.access("/dev/net/tun", os.R_OK | os.W_OK)


@pytest.fixture
def online(make_pool):
    if PASTA is None:
        pytest.skip("pasta is not installed (package passt)")
    if not usable_tun():
        pytest.skip("/dev/net/tun cannot be opened here")
    return make_pool(sessions=3, options=["--egress", "yes", "--preload", ""])


@pytest.fixture
def server():
    """Says hello to whoever connects, at every address of this machine."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        def serve():
            while True:
                try:
                    one, _ = listener.accept()
                except OSError:
                    return
                with one:
                    one.sendall(b"hello")
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def connect(address, port):
    return f"import socket; s = socket.create_connection(({address!r}, {port}), 5); s.recv(9).decode()"


def test_session_reaches_the_outside_and_not_the_hosts_loopback(online, server):
    meta = online.ask("GET", "/metadata").body
    assert (meta["networkStatus"], meta["isolation"]["no-egress"], meta["isolation"]["net-namespace"]) == ("EgressEnabled", False, True)
    assert online.run(connect("127.0.0.1", server)).result["errorName"] == "ConnectionRefusedError"
    assert online.run(connect("198.18.0.1", server).replace(", 5)", ", 1)")).result["errorName"] in ("TimeoutError", "ConnectionRefusedError")
    address = own_address()
    if address is None or is_closed(address):
        pytest.skip(f"this machine has no address to try that a session may reach: {address}")
    assert online.run(connect(address, server)).result["executionResult"] == "hello"


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "224.0.0.1"])
def test_metadata_and_private_addresses_cannot_be_reached(online, address):
    result = online.run(connect(address, 80)).result
    assert result["errorName"] == "OSError" and "private and link-local addresses cannot be reached" in result["stderr"]


def test_session_cannot_open_the_way_again(online):
    code = """
import socket, struct
tried = []
try:
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.send(struct.pack('=IHHIIBBBBBBBBI', 28 + 8, 25, 0x5, 1, 0, 2, 16, 0, 0, 254, 4, 0, 7, 0) + struct.pack('=HH4B', 8, 1, 169, 254, 0, 0))
    tried.append(struct.unpack('=i', s.recv(4096)[16:20])[0])
except OSError as error:
    tried.append(-error.errno)
tried[0] < 0"""
    assert online.run(code).result["executionResult"] is True


def test_names_are_asked_for_at_the_hosts_resolver(online):
    assert online.run("open('/etc/resolv.conf').read().split()[:2]").result["executionResult"] == ["nameserver", "198.18.0.53"]
    # Whether there is a resolver or not: the answer is no more that there is no network.
    result = online.run("import socket; socket.getaddrinfo('name.invalid', 80)").result
    assert result["errorName"] == "gaierror" and "EgressDisabled" not in result["stderr"]


def test_sessions_do_not_meet_each_other(online):
    listen = "import socket; s = socket.create_server(('0.0.0.0', 4321)); socket.gethostname()"
    assert online.run(listen, "net-one").status == 200
    for address in ("198.18.0.2", "127.0.0.1"):
        assert online.run(connect(address, 4321), "net-two").result["errorName"] == "ConnectionRefusedError"


def networks(pool):
    found = set()
    for pid in descendants(pool.process.pid):
        try:
            if "pas" in pathlib.Path(f"/proc/{pid}/comm").read_text():
                found.add(pid)
        except OSError:
            pass
    return found


def test_network_ends_with_its_session_and_with_the_pool(online):
    assert online.run("1", "net-ends").status == 200
    before = networks(online)
    assert before
    assert online.ask("DELETE", "/session?identifier=net-ends").status == 204
    ended = {pid for pid in before if not gone([pid], 2)}
    assert ended, "none of the processes went with the session"
    left = networks(online)
    for pid in children(online.process.pid):
        os.kill(pid, 9)
    online.process.kill()
    assert gone(left) == []


def test_without_a_network_a_connection_fails_at_once_and_says_why(pool, session):
    meta = pool.ask("GET", "/metadata").body
    assert (meta["networkStatus"], meta["isolation"]["no-egress"]) == ("EgressDisabled", True)
    for code in (connect("192.0.2.1", 80), "import socket; socket.getaddrinfo('example.com', 80)",
                 "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=5)"):
        result = session(code).result
        assert "EgressDisabled: sessions of this pool have no network" in result["stderr"], result["stderr"]
