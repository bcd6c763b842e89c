"""Keys of issuers that are fetched: over TLS, again when they rotate, kept while their server is down."""

import json
import signal
import threading
import time

import pytest

from support.certs import Authority
from support.gateway import SMALL_POOL, Gateway, command, wait_for
from support.identity import IdentityProvider
from test_issuers import ISSUER, Signer, ask

CONFIG = """
[[tenant]]
name = "acme"
[[issuer]]
name = "corp"
issuer = "{issuer}"
audiences = ["sallyport"]
jwks_uri = "{uri}/keys?v=1"
{more}
[[issuer.rule]]
tenant = "acme"
"""


class KeyServer(IdentityProvider):
    """Answers every question with its present set of keys."""

    def __init__(self, certificate=None):
        super().__init__(certificate)
        self.keys = []

    def next_answer(self):
        if self.failures:
            return self.failures.pop(0)
        return 200, {}, {"keys": self.keys}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return Signer(tmp_path_factory.mktemp("signer"), "one")


@pytest.fixture
def server(authority):
    server = KeyServer(authority.issue("keys", "/CN=keys", "IP:127.0.0.1"))
    yield server
    server.close()


def settled(server):
    """How often it was asked, once that no longer changes: a token that came before the keys has them fetched again."""
    seen = -1
    while seen != len(server.asked):
        seen = len(server.asked)
        time.sleep(2)
    return seen


def start(server, ca_file):
    more = f'jwks_ca_file = "{ca_file}"'
    return Gateway(SMALL_POOL + CONFIG.format(issuer=ISSUER, uri=server.url, more=more)).start()


def test_keys_come_by_tls_and_open_the_gateway(server, signer, authority):
    server.keys = [signer.jwk()]
    gateway = start(server, authority.certificate)
    try:
        wait_for(lambda: ask(gateway, signer.token()).status == 200, 10, "the keys to arrive")
        assert server.asked[0].method == "GET" and server.asked[0].target == "/keys?v=1"
        assert len(server.asked) == 1
        gateway.kill_role("admit")  # comes back without keys, and is told them again
        wait_for(lambda: ask(gateway, signer.token()).status == 200, 20, "the keys again")
        assert len(server.asked) == 1
    finally:
        gateway.close()


def test_a_server_that_fails_is_asked_again(server, signer, authority):
    server.keys = [signer.jwk()]
    server.fail(503, {"error": "later"}, times=2)
    server.fail(200, b"<html>no keys here</html>")
    server.fail(200, {"keys": []})
    gateway = start(server, authority.certificate)
    try:
        wait_for(lambda: ask(gateway, signer.token()).status == 200, 40, "the keys after failures")
        assert len(server.asked) == 5
        assert gateway.output().count("token.keys.kept") == 1
    finally:
        gateway.close()


def test_a_new_key_is_fetched_when_its_first_token_comes_and_strangers_drive_nothing(server, signer, authority, tmp_path):
    server.keys = [signer.jwk()]
    gateway = start(server, authority.certificate)
    try:
        wait_for(lambda: ask(gateway, signer.token()).status == 200, 10, "the keys to arrive")
        new, stranger = Signer(tmp_path, "two"), Signer(tmp_path, "three")
        server.keys = [signer.jwk(), new.jwk()]
        assert ask(gateway, new.token()).status == 401
        wait_for(lambda: ask(gateway, new.token()).status == 200, 10, "the new key")
        assert ask(gateway, signer.token()).status == 200
        for _ in range(20):
            assert ask(gateway, stranger.token()).status in (401, 429)
        assert len(server.asked) == 2
    finally:
        gateway.close()


def test_many_unknown_keys_at_once_are_one_question(server, signer, authority, tmp_path):
    server.keys = [signer.jwk()]
    gateway = start(server, authority.certificate)
    try:
        wait_for(lambda: ask(gateway, signer.token()).status == 200, 10, "the keys to arrive")
        before = settled(server)
        new, statuses = Signer(tmp_path, "two"), []
        server.keys = [signer.jwk(), new.jwk()]
        server.open.clear()
        threads = [threading.Thread(target=lambda: statuses.append(ask(gateway, new.token()).status)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        # Nobody waits for the server, nobody is let in without the key, and those with known keys are.
        assert set(statuses) <= {401, 429} and len(statuses) == 16
        assert ask(gateway, signer.token()).status == 200
        wait_for(lambda: len(server.asked) > before, 90, "the question")
        for _ in range(8):
            assert ask(gateway, new.token()).status in (401, 429)
        assert len(server.asked) == before + 1
        server.open.set()
        wait_for(lambda: ask(gateway, new.token()).status == 200, 90, "the new key")
        assert len(server.asked) == before + 1
    finally:
        gateway.close()


def reload(gateway):
    before = gateway.output().count("serve.reloaded")
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: gateway.output().count("serve.reloaded") > before, 20, "the reload")


def test_a_reload_keeps_fetched_keys_and_begins_to_fetch_others(server, signer, authority, tmp_path):
    server.keys = [signer.jwk()]
    gateway = Gateway(SMALL_POOL + "[[tenant]]\nname = 'acme'\n").start()
    try:
        alone = gateway.config.read_text()
        corp = CONFIG.format(issuer=ISSUER, uri=server.url, more=f'jwks_ca_file = "{authority.certificate}"')
        gateway.config.write_text(SMALL_POOL + corp)  # nobody was fetching until now
        reload(gateway)
        wait_for(lambda: ask(gateway, signer.token()).status == 200, 20, "the keys to arrive")
        asked = settled(server)
        reload(gateway)  # the same once more: nobody waits for keys
        assert ask(gateway, signer.token()).status == 200
        assert len(server.asked) == asked
        other = Signer(tmp_path, "two")
        (tmp_path / "keys.json").write_text(json.dumps({"keys": [other.jwk()]}))
        first = (f'[[issuer]]\nname = "first"\nissuer = "https://first.example"\naudiences = ["sallyport"]\n'
                 f'jwks_uri = "{server.url}/first"\njwks_ca_file = "{authority.certificate}"\n[[issuer.rule]]\ntenant = "acme"\n')
        tenant, _, issuer = corp.partition("[[issuer]]")
        gateway.config.write_text(SMALL_POOL + tenant + first + "[[issuer]]" + issuer)  # its place is another one now
        reload(gateway)
        wait_for(lambda: any(seen.target == "/first" for seen in server.asked), 20, "the other issuer to be asked")
        assert ask(gateway, signer.token()).status == 200
        gateway.config.write_text(alone)
        reload(gateway)
        assert ask(gateway, signer.token()).status == 401
    finally:
        gateway.close()


def test_a_file_of_authorities_that_is_none_is_named_with_its_place(server, authority, tmp_path):
    for text, said in (("no certificate", "/ca.pem: "), ("", "/ca.pem: it is empty"), (None, "/ca.pem: it cannot be read")):
        if text is None:
            (tmp_path / "ca.pem").unlink()
        else:
            (tmp_path / "ca.pem").write_text(text)
        path = tmp_path / "config.toml"
        path.write_text(CONFIG.format(issuer=ISSUER, uri="https://i.example", more=f'jwks_ca_file = "{tmp_path}/ca.pem"'))
        for arguments in (("config", "check", "-c", path), ("serve", "-c", path, "--state", tmp_path / "state")):
            status, _, err = command(*arguments)
            assert status == 2 and f"{path}:9:16: 'jwks_ca_file' names " in err and said in err, err


def test_a_foreign_server_gives_no_keys(server, signer, tmp_path):
    other = Authority(tmp_path / "other", "another authority")
    server.keys = [signer.jwk()]
    gateway = start(server, other.certificate)
    try:
        wait_for(lambda: "token.keys.kept" in gateway.output(), 10, "the complaint")
        assert ask(gateway, signer.token()).status == 401
        assert server.asked == []
    finally:
        gateway.close()


@pytest.mark.parametrize("keys,said", [
    ('jwks_uri = "http://issuer.example/keys"', "'jwks_uri' must be an https URL"),
    ('jwks_uri = "https://a.example/"\njwks_file = "k.json"', "an issuer has either 'jwks_file' or 'jwks_uri'"),
    ("", "an issuer needs a 'jwks_file' or a 'jwks_uri'"),
])
def test_mistakes_are_named_with_their_place(tmp_path, keys, said):
    path = tmp_path / "config.toml"
    path.write_text('[[tenant]]\nname = "acme"\n[[issuer]]\nname = "corp"\nissuer = "https://i"\naudiences = ["s"]\n' + keys +
                    '\n[[issuer.rule]]\ntenant = "acme"\n')
    status, out, err = command("config", "check", "-c", path)
    assert status == 2 and said in err and f"{path}:" in err
