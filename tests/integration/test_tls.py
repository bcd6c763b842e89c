"""TLS at the door: versions, protocols, certificates of clients, revocation, renewal without a restart."""

import os
import shutil
import signal
import socket
import ssl

import pytest

from support import rawhttp
from support.certs import Authority
from support.gateway import SLOWNESS, SMALL_POOL, Gateway, wait_for

TIMEOUT = 20 * SLOWNESS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ours(folder):
    return Authority(folder / "ours")


def tls_table(server, **more):
    certificate, key = server
    lines = ["[server.tls]", f'certificate = "{certificate}"', f'key = "{key}"']
    return "\n".join(lines + [f'{name} = "{value}"' for name, value in more.items()]) + "\n"


class TlsGateway(Gateway):
    """Waits for its port only: the plain question whether it is ready has no answer here."""

    def answers(self):
        assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.output()}"
        try:
            with dial(self, trusting(self.authority)) as client:
                return client.version() is not None and self.token_path().exists()
        except ssl.SSLError:
            return True  # it wants a certificate
        except OSError:
            return False


def trusting(authority, certificate=None, lowest=ssl.TLSVersion.TLSv1_2, highest=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile=authority.certificate)
    context.minimum_version, context.maximum_version = lowest, highest
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def dial(gateway, context):
    plain = socket.create_connection(("127.0.0.1", gateway.port), timeout=TIMEOUT)
    try:
        return context.wrap_socket(plain, server_hostname="127.0.0.1")
    except BaseException:
        plain.close()
        raise


def ask(gateway, context, target="/nowhere", headers=()):
    """One request; the parsed answer. A refused certificate shows at the first read with TLS 1.3."""
    connection = rawhttp.Connection.__new__(rawhttp.Connection)
    connection.pending = b""
    connection.socket = dial(gateway, context)
    with connection:
        connection.send(rawhttp.request("GET", target, list(headers)))
        return connection.read()


def start(authority, config):
    gateway = TlsGateway(SMALL_POOL + config)
    gateway.authority = authority
    return gateway.start()


@pytest.fixture(scope="module")
def gateway(folder, ours):
    server = ours.issue("server", "/CN=gateway", "IP:127.0.0.1")
    gateway = start(ours, tls_table(server, client_ca=ours.certificate))
    yield gateway
    gateway.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_both_versions_serve(gateway, ours, version):
    answer = ask(gateway, trusting(ours, lowest=version, highest=version))
    assert (answer.status, answer.error()) == (401, "TokenMissing")


def test_a_run_through_tls(gateway, ours):
    connection = rawhttp.Connection.__new__(rawhttp.Connection)
    connection.pending, connection.socket = b"", dial(gateway, trusting(ours))
    body = b'{"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(6*7)"}'
    big = b'{"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(len(\'' + b"a" * 200_000 + b"'))\"}"
    with connection:
        for data, printed in ((body, "42\n"), (big, "200000\n")):
            connection.send(rawhttp.request("POST", "/executions?api-version=2025-10-02-preview&identifier=tls-session",
                                            gateway.headers(), data))
            answer = connection.read()
            assert answer.status == 200, answer
            assert answer.json()["result"]["stdout"] == printed


def test_old_versions_and_other_protocols_do_not_pass(gateway, ours):
    old = trusting(ours, lowest=ssl.TLSVersion.TLSv1, highest=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        dial(gateway, old)
    only_h2 = trusting(ours)
    only_h2.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError):
        dial(gateway, only_h2)
    both = trusting(ours)
    both.set_alpn_protocols(["h2", "http/1.1"])
    with dial(gateway, both) as client:
        assert client.selected_alpn_protocol() == "http/1.1"


def test_plain_http_is_told_to_use_tls(gateway):
    answer = rawhttp.exchange(gateway.port, rawhttp.request("GET", "/"), TIMEOUT)
    assert answer.status == 400
    assert "https" in answer.json()["error"]["message"]


def test_framing_is_guarded_within_tls(gateway, ours):
    with dial(gateway, trusting(ours)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_a_silent_handshake_ends_and_others_go_on(folder, ours):
    gateway = start(ours, tls_table(ours.issue("short", "/CN=gateway", "IP:127.0.0.1")) +
                    '[server.limits]\nhead_timeout = "1s"\n')
    try:
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=TIMEOUT) as silent:
            assert ask(gateway, trusting(ours)).status == 401
            assert silent.recv(1) == b""
    finally:
        gateway.close()


def test_certificates_of_clients(folder, ours):
    foreign = Authority(folder / "foreign", "foreign authority")
    server = ours.issue("strict-server", "/CN=gateway", "IP:127.0.0.1")
    good, bad = ours.issue("good", "/O=acme/CN=good"), ours.issue("bad", "/O=acme/CN=bad")
    stranger = foreign.issue("stranger", "/CN=stranger")
    crl = ours.revoked(bad[0])
    gateway = start(ours, tls_table(server, client_ca=ours.certificate, client_crl=crl, client_certificates="required"))
    try:
        assert ask(gateway, trusting(ours, good)).status == 401  # the certificate alone is no token
        for shown in (None, bad, stranger):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(gateway, trusting(ours, shown))
    finally:
        gateway.close()


def test_renewed_files_without_a_restart(folder, ours):
    first = ours.issue("first", "/CN=first", "IP:127.0.0.1")
    second = ours.issue("second", "/CN=second", "IP:127.0.0.1")
    served = (folder / "served.pem", folder / "served.key")
    gateway = None

    def place(pair):
        for source, target in zip(pair, served):
            shutil.copy(source, str(target) + ".new")
            os.chmod(str(target) + ".new", 0o600)
            os.replace(str(target) + ".new", target)

    def subject():
        with dial(gateway, trusting(ours)) as client:
            return client.getpeercert()["subject"][0][0][1]

    place(first)
    gateway = start(ours, tls_table(served))
    try:
        with dial(gateway, trusting(ours)) as standing:
            assert subject() == "first"
            place(second)
            gateway.process.send_signal(signal.SIGHUP)
            wait_for(lambda: subject() == "second", 10, "the renewed certificate")
            served[1].write_text("this is no key")
            gateway.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "door.tls.kept" in gateway.output(), 10, "the complaint")
            assert subject() == "second"
            standing.sendall(rawhttp.request("GET", "/nowhere", []))
            assert standing.recv(4096).startswith(b"HTTP/1.1 401 ")
    finally:
        gateway.close()


@pytest.mark.parametrize("break_it,said", [
    (lambda pair: pair[1].write_bytes(pair[0].read_bytes()), "the key's file holds no private key"),
    (lambda pair: pair[1].unlink(), "cannot open"),
    (lambda pair: pair[1].chmod(0o644), "every user can read the key"),
], ids=["no key", "absent", "readable by all"])
def test_files_that_cannot_be_used_stop_the_start(tmp_path, folder, ours, break_it, said):
    pair = tuple(shutil.copy(path, tmp_path / name)
                 for path, name in zip(ours.issue("broken", "/CN=gateway", "IP:127.0.0.1"), ("c.pem", "k.pem")))
    os.chmod(pair[1], 0o600)
    break_it(pair)
    gateway = TlsGateway(SMALL_POOL + tls_table(pair))
    try:
        status, out, err = gateway.command("serve", "-c", gateway.config, "--listen", f"127.0.0.1:{gateway.port}", "--state",
                                           gateway.state)
        assert status != 0
        assert said in out + err
    finally:
        gateway.close()
