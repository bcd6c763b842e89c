"""Tokens of an issuer: signatures by the openssl command, keys in a file that is read again; client certificates."""

import base64
import json
import signal
import subprocess
import time

import pytest
from support import rawhttp
from support.certs import Authority
from support.gateway import SMALL_POOL, Gateway, executions, new_session, wait_for
from test_tls import TlsGateway, dial, tls_table, trusting

ISSUER = "https://issuer.test"
CODE = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(1)"}).encode()
CONFIG = """
[[tenant]]
name = "acme"
[[tenant]]
name = "beta"
[[issuer]]
name = "corp"
issuer = "{issuer}"
audiences = ["sallyport"]
jwks_file = "{keys}"
[[issuer.rule]]
match = ["groups=ops"]
tenant = "acme"
scopes = ["execute", "sessions"]
[[issuer.rule]]
match = ["groups=web", "level=3"]
tenant = "beta"
[[issuer.rule]]
match = ["groups=readers"]
tenant = "beta"
scopes = ["files"]
"""


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Signer:
    """An RSA key of the openssl command."""

    def __init__(self, folder, kid):
        self.kid, self.path = kid, folder / f"{kid}.key"
        subprocess.run(["openssl", "genrsa", "-out", self.path, "2048"], check=True, capture_output=True)

    def jwk(self):
        ran = subprocess.run(["openssl", "rsa", "-in", self.path, "-noout", "-modulus"], check=True, capture_output=True)
        modulus = bytes.fromhex(ran.stdout.decode().strip().partition("=")[2])
        return {"kty": "RSA", "use": "sig", "kid": self.kid, "n": b64(modulus), "e": "AQAB"}

    def sign(self, header, **changes):
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "sallyport", "sub": "alice", "exp": now + 600, "iat": now, "groups": ["ops"]}
        claims.update(changes)
        claims = {name: value for name, value in claims.items() if value is not None}
        data = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        ran = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], input=data.encode(), check=True,
                             capture_output=True)
        return f"{data}.{b64(ran.stdout)}"

    def token(self, **changes):
        return self.sign({"alg": "RS256", "kid": self.kid, "typ": "JWT"}, **changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("issuer")


@pytest.fixture(scope="module")
def signer(folder):
    return Signer(folder, "one")


@pytest.fixture(scope="module")
def keys(folder, signer):
    path = folder / "jwks.json"
    path.write_text(json.dumps({"keys": [signer.jwk()]}))
    return path


@pytest.fixture(scope="module")
def gateway(keys):
    server = Gateway(SMALL_POOL + CONFIG.format(issuer=ISSUER, keys=keys)).start()
    yield server
    server.close()


def ask(gateway, token, target=None, method="POST"):
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    return gateway.send(method, target or executions("one-session"), CODE if method == "POST" else b"", headers)


def who(gateway, token):
    answer = ask(gateway, token)
    assert answer.status == 200, answer
    entry = next(e for e in gateway.entries() if e["index"] == int(answer.header("x-sallyport-entry")))
    intent = entry if entry["kind"] == "intent" else next(e for e in gateway.entries() if e["index"] == entry["intent"])
    return intent["tenant"], intent["principal"]


def test_claims_are_mapped_to_tenants_and_scopes(gateway, signer):
    token = signer.token()
    assert who(gateway, token) == ("acme", "corp:alice")
    assert who(gateway, token) == ("acme", "corp:alice")  # the second time from memory
    assert who(gateway, signer.token(groups=["web"], level=3, sub="bob")) == ("beta", "corp:bob")
    assert ask(gateway, signer.token(groups=["web"])).error() == "TokenUnknown"
    answer = ask(gateway, signer.token(groups=["readers"]))
    assert (answer.status, answer.json()["error"]["message"]) == (403, "the token lacks the scope execute")


def test_a_refusal_says_which_kind_it_is(gateway, signer, folder):
    now = int(time.time())
    stranger = Signer(folder, "stranger")
    for token, error in (
            (signer.token(exp=now - 120), "TokenExpired"),
            (signer.token(nbf=now + 120), "TokenNotYetValid"),
            (signer.token(iat=now + 120), "TokenNotYetValid"),
            (signer.token(aud="somebody"), "TokenAudience"),
            (signer.token(aud=None), "TokenAudience"),
            (stranger.token(nbf=now + 300), "TokenUnknown"),
            (signer.token(exp=None), "TokenUnknown"),
            (signer.token(iss="https://other.test"), "TokenUnknown"),
            (signer.sign({"alg": "none", "kid": "one"}), "TokenUnknown"),
            (signer.sign({"alg": "HS256", "kid": "one"}), "TokenUnknown"),
            (signer.sign({"alg": "RS256", "kid": "one", "crit": ["exp"]}), "TokenUnknown"),
            (signer.sign({"alg": "RS256", "jwk": signer.jwk()}), "TokenUnknown"),
            (stranger.sign({"alg": "RS256", "kid": "one"}), "TokenUnknown"),
            (stranger.token(exp=now - 120), "TokenUnknown"),  # not even that it has expired
            (signer.token(aud="somebody")[:-4] + "AAAA", "TokenUnknown")):
        answer = ask(gateway, token)
        assert (answer.status, answer.error()) == (401, error), token


def test_keys_are_read_again_when_their_file_changes(gateway, signer, keys, folder):
    second = Signer(folder, "two")
    assert ask(gateway, second.token()).status == 401
    old = signer.token()
    assert ask(gateway, old).status == 200
    keys.write_text(json.dumps({"keys": [second.jwk()]}))
    wait_for(lambda: ask(gateway, second.token()).status == 200, 10, "the new key")
    assert ask(gateway, old).error() == "TokenUnknown"  # remembered, but its key is gone
    keys.write_text("<html>the provider is down</html>")
    time.sleep(2)
    assert ask(gateway, second.token()).status == 200
    other = folder / "other.json"
    other.write_text(json.dumps({"keys": [signer.jwk(), second.jwk()]}))
    other.rename(keys)
    wait_for(lambda: ask(gateway, old).status == 200, 10, "both keys")
    gateway.kill_role("admit")
    wait_for(lambda: ask(gateway, old).status == 200, 10, "admit to be back with its keys")


def test_entra_tokens_of_both_versions(keys, signer):
    directory = "6babcaad-604b-40ac-a9d7-9fd97c0b779f"
    config = f"""
[[tenant]]
name = "acme"
[[issuer]]
name = "entra"
entra_directories = ["{directory}"]
jwks_file = "{keys}"
[[issuer.rule]]
match = ["roles=Run"]
tenant = "acme"
"""
    keys.write_text(json.dumps({"keys": [signer.jwk()]}))
    gateway = Gateway(SMALL_POOL + config).start()
    try:
        common = {"tid": directory, "oid": "o-1", "roles": ["Run"], "aud": "https://dynamicsessions.io"}
        for iss in (f"https://sts.windows.net/{directory}/", f"https://login.microsoftonline.com/{directory}/v2.0"):
            assert who(gateway, signer.token(iss=iss, **common)) == ("acme", "entra:o-1")
            assert ask(gateway, signer.token(iss=iss, **{**common, "tid": "other"})).error() == "TokenUnknown"
            assert ask(gateway, signer.token(iss=iss, **{**common, "aud": "https://acasessions.io"})).status == 200
            assert ask(gateway, signer.token(iss=iss, **{**common, "aud": "https://other"})).error() == "TokenAudience"
    finally:
        gateway.close()


def test_an_issuer_comes_and_goes_with_a_reload(keys, signer):
    whole = SMALL_POOL + CONFIG.format(issuer=ISSUER, keys=keys)
    keys.write_text(json.dumps({"keys": [signer.jwk()]}))
    gateway = Gateway(whole.partition("[[issuer]]")[0]).start()
    try:
        status, issued, _ = gateway.command("token", "issue", "--tenant", "beta", "-c", gateway.config, "--state", gateway.state)
        issued, signed = issued.strip(), signer.token()
        assert status == 0 and ask(gateway, signed).error() == "TokenUnknown"
        for config, want in ((whole, 200), (whole.replace('"sallyport"', '"other"'), 401), (whole.partition("[[issuer]]")[0], 401)):
            gateway.config.write_text(config)
            gateway.process.send_signal(signal.SIGHUP)
            wait_for(lambda want=want: ask(gateway, signed).status == want, 10, f"the answer {want}")
            assert ask(gateway, issued).status == 200
    finally:
        gateway.close()


def test_a_certificate_stands_for_a_tenant(folder):
    ours = Authority(folder / "ours")
    server = ours.issue("server", "/CN=gateway", "IP:127.0.0.1")
    robot, both, nobody = (ours.issue(name, f"/O=acme/CN={name}") for name in ("robot", "both", "nobody"))
    spiffe = ours.issue("spiffe", "/CN=any", "URI:spiffe://acme.example/robot,DNS:Robot.acme.example")
    torn = ours.issue("torn", "/CN=any", "DNS:robot.acme.example,email:robot@beta.example")
    der = subprocess.run(["openssl", "x509", "-in", both[0], "-noout", "-fingerprint", "-sha256"], check=True,
                         capture_output=True).stdout.decode().strip().partition("=")[2].replace(":", "")
    config = tls_table(server, client_ca=ours.certificate) + f"""
[[tenant]]
name = "acme"
certificates = ["subject:CN=robot,O=acme", "uri:spiffe://acme.example/robot", "dns:robot.acme.example"]
[[tenant]]
name = "beta"
certificates = ["sha256:{der}", "email:robot@beta.example"]
certificate_use = "with-token"
"""
    gateway = TlsGateway(SMALL_POOL + config)
    gateway.authority = ours
    gateway.start()

    def run(certificate, token=None):
        connection = rawhttp.Connection.__new__(rawhttp.Connection)
        connection.pending, connection.socket = b"", dial(gateway, trusting(ours, certificate))
        headers = [("Content-Type", "application/json")] + ([("Authorization", f"Bearer {token}")] if token else [])
        with connection:
            connection.send(rawhttp.request("POST", executions(new_session()), headers, CODE))
            return connection.read()

    try:
        status, token, err = gateway.command("token", "issue", "--tenant", "beta", "-c", gateway.config, "--state", gateway.state)
        assert status == 0, err
        token = token.strip()
        assert run(robot).status == 200
        assert run(spiffe).status == 200
        assert run(torn).error() == "TokenMissing"  # its names are of two tenants
        assert run(nobody).error() == "TokenMissing"
        assert run(both).error() == "TokenMissing"
        wait_for(lambda: run(both, token).status == 200, 5, "certificate and token together")
        assert run(None, token).error() == "TokenUnknown"
        assert run(robot, token).error() == "TokenUnknown"
        assert run(nobody, gateway.token()).status == 200
        principals = {entry["principal"] for entry in gateway.answered() if entry["tenant"] == "acme"}
        assert any(principal.startswith("cert:") for principal in principals)
    finally:
        gateway.close()
