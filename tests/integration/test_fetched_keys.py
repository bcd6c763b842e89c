"""Keys of issuers that are fetched: over TLS, again when they rotate, kept while their server is down."""

import json

import pytest

from support.certs import Authority
from support.gateway import SMALL_POOL, Gateway, wait_for
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
    from support.gateway import command
    status, out, err = command("config", "check", "-c", path)
    assert status == 2 and said in err and f"{path}:" in err
