"""Where the pool's bearer comes from: each source against a provider of our own, renewal, refusals, and who holds the secret."""

import base64
import json
import os
import pathlib
import threading

import pytest

from support.certs import Authority, openssl
from support.gateway import Gateway, executions, is_sanitized, new_session, wait_for
from support.identity import IdentityProvider
from support.stubpool import answer_result, answer_with

SECRET = "a-long-lived-client-secret-9f8e7d6c5b4a"
BODY = b'{"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(1)"}'


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("identity")
    return Authority(folder)


@pytest.fixture
def provider(authority):
    provider = IdentityProvider(authority.issue("provider", "/CN=provider", "IP:127.0.0.1"))
    yield provider
    provider.close()


@pytest.fixture
def plain_provider():
    provider = IdentityProvider()
    yield provider
    provider.close()


class Upstream:
    """A gateway whose bearer comes from a provider."""

    def __init__(self, stub, credential, environment, **keys):
        lines = [line for line in stub.config().splitlines() if not line.startswith("token_env_var")]
        lines += [f'credential = "{credential}"'] + [f'{name} = "{value}"' for name, value in keys.items()]
        self.gateway = Gateway("\n".join(lines) + "\n", environment)
        self.stub = stub

    def __enter__(self):
        self.gateway.start()
        return self

    def __exit__(self, *_):
        self.gateway.close()

    def run(self):
        return self.gateway.send("POST", executions(new_session()), BODY)

    def bearer(self):
        """Runs something; the bearer that the pool saw."""
        answer = self.run()
        assert answer.status == 200, (answer, self.gateway.output())
        return self.stub.seen[-1].header("authorization").removeprefix("Bearer ")


def client(provider, authority):
    return {"tenant_id": "tenant-1", "client_id": "client-1", "authority_host": provider.url,
            "authority_ca_file": authority.certificate}


def with_secret(stub, provider, authority):
    return Upstream(stub, "client-secret", {"AZURE_CLIENT_SECRET": SECRET}, **client(provider, authority))


def test_client_secret(stub, provider, authority):
    with with_secret(stub, provider, authority) as upstream:
        assert upstream.bearer() == provider.given[0]
        assert upstream.bearer() == provider.given[0]
        assert len(provider.asked) == 1
        asked = provider.asked[0]
        assert asked.target == "/tenant-1/oauth2/v2.0/token"
        assert asked.form == {"grant_type": "client_credentials", "client_id": "client-1", "client_secret": SECRET,
                              "scope": "https://dynamicsessions.io/.default"}


def test_client_certificate(stub, provider, authority, tmp_path):
    key, certificate, both = tmp_path / "k.pem", tmp_path / "c.pem", tmp_path / "both.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", "/CN=client", "-keyout", key, "-out", certificate)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    both.chmod(0o600)
    with Upstream(stub, "client-certificate", {}, client_certificate=both, **client(provider, authority)) as upstream:
        assert upstream.bearer() == provider.given[0]
        form = provider.asked[0].form
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        signed, _, signature = form["client_assertion"].rpartition(".")
        header, claims = (json.loads(unbase64(part)) for part in signed.split("."))
        assert header["alg"] == "PS256"
        openssl("x509", "-in", certificate, "-outform", "DER", "-out", tmp_path / "c.der")
        openssl("dgst", "-sha256", "-binary", "-out", tmp_path / "thumb", tmp_path / "c.der")
        assert unbase64(header["x5t#S256"]) == (tmp_path / "thumb").read_bytes()
        assert claims["aud"] == provider.url + "/tenant-1/oauth2/v2.0/token"
        assert claims["iss"] == claims["sub"] == "client-1" and claims["exp"] - claims["nbf"] == 600
        (tmp_path / "text").write_text(signed)
        (tmp_path / "signature").write_bytes(unbase64(signature))
        openssl("x509", "-in", certificate, "-pubkey", "-noout", "-out", tmp_path / "pub.pem")
        openssl("dgst", "-sha256", "-verify", tmp_path / "pub.pem", "-sigopt", "rsa_padding_mode:pss", "-sigopt",
                "rsa_pss_saltlen:32", "-signature", tmp_path / "signature", tmp_path / "text")


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_workload_identity_reads_its_file_again(stub, provider, authority, tmp_path):
    tmp_path.chmod(0o755)
    first, second = tmp_path / "..1", tmp_path / "..2"
    for folder, token in ((first, "projected.token.one\n"), (second, "projected.token.two\n")):
        folder.mkdir()
        (folder / "token").write_text(token)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "token").symlink_to("..data/token")  # as a cluster projects it
    provider.life = 2
    with Upstream(stub, "workload-identity", {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")},
                  **client(provider, authority)) as upstream:
        wait_for(lambda: provider.asked, 10, "the first question")
        assert provider.asked[0].form["client_assertion"] == "projected.token.one"
        provider.life = 3600
        (tmp_path / "..new").symlink_to("..2")
        os.replace(tmp_path / "..new", tmp_path / "..data")
        wait_for(lambda: provider.asked[-1].form["client_assertion"] == "projected.token.two", 10, "the renewed file")
        assert upstream.bearer() == provider.given[-1]


def test_managed_identity_of_container_apps(stub, plain_provider):
    environment = {"IDENTITY_ENDPOINT": plain_provider.url + "/msi/token", "IDENTITY_HEADER": SECRET}
    with Upstream(stub, "managed-identity", environment, client_id="mine") as upstream:
        assert upstream.bearer() == plain_provider.given[0]
        asked = plain_provider.asked[0]
        assert asked.method == "GET" and asked.target.startswith("/msi/token?")
        assert asked.query == {"api-version": "2019-08-01", "resource": "https://dynamicsessions.io", "client_id": "mine"}
        assert asked.headers["X-IDENTITY-HEADER"] == SECRET and asked.headers["Metadata"] is None


def test_managed_identity_of_virtual_machines(stub, plain_provider):
    with Upstream(stub, "managed-identity", {"AZURE_POD_IDENTITY_AUTHORITY_HOST": plain_provider.url + "/"}) as upstream:
        assert upstream.bearer() == plain_provider.given[0]
        asked = plain_provider.asked[0]
        assert asked.target.startswith("/metadata/identity/oauth2/token?")
        assert asked.query == {"api-version": "2018-02-01", "resource": "https://dynamicsessions.io"}
        assert asked.headers["Metadata"] == "true"


def test_failures_are_tried_again(stub, provider, authority):
    provider.fail(503, {"error": "temporarily_unavailable"}, times=2)
    provider.fail(200, b"this is no JSON")
    with with_secret(stub, provider, authority) as upstream:
        wait_for(lambda: provider.given, 20, "a token after three failures")
        assert len(provider.asked) == 4
        wait_for(lambda: upstream.run().status == 200, 20, "the token to be taken")
        assert upstream.bearer() == provider.given[0]


def test_a_wrong_secret_is_said_without_the_secret(stub, provider, authority):
    provider.fail(401, {"error": "invalid_client", "error_description": f"the secret {SECRET} is wrong",
                        "error_codes": [7000215]}, times=50)
    with with_secret(stub, provider, authority) as upstream:
        wait_for(lambda: "error=invalid_client code=7000215" in upstream.gateway.output(), 10, "the complaint")
        answer = upstream.run()
        assert (answer.status, answer.error()) == (503, "PoolUnavailable"), answer
        assert stub.seen == []
        assert SECRET not in upstream.gateway.output()


def takes_only(bearers):
    """A pool to which only these bearers are any good."""
    def behave(handler):
        if handler.headers["Authorization"].removeprefix("Bearer ") in bearers():
            answer_result(handler)
        else:
            handler.answer(401, {"error": {"code": "Unauthorized", "message": "that token is over"}})
    return behave


def test_a_run_whose_bearer_is_refused_goes_again_with_the_next(stub, provider, authority):
    with with_secret(stub, provider, authority) as upstream:
        assert upstream.bearer() == provider.given[0]
        stub.forget(takes_only(lambda: provider.given[1:]))
        answer = upstream.run()
        assert answer.status == 200, (answer, upstream.gateway.output())
        assert [seen.header("authorization").removeprefix("Bearer ") for seen in stub.seen] == provider.given[:2]
        assert stub.seen[0].body == stub.seen[1].body
        assert len(provider.asked) == 2


def test_an_upload_whose_bearer_is_refused_goes_again(stub, provider, authority):
    body = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"7" * 300_000 + b"\r\n--X--\r\n"
    with with_secret(stub, provider, authority) as upstream:
        upstream.bearer()
        good = takes_only(lambda: provider.given[1:])
        stub.forget(lambda handler: good(handler) if handler.headers["Authorization"].removeprefix("Bearer ") not in provider.given[1:]
                    else handler.answer(200, {"name": "a.txt", "type": "file", "sizeInBytes": 300_000, "lastModifiedAt": "t"}))
        answer = upstream.gateway.send("POST", f"/files?api-version=2025-10-02-preview&identifier={new_session()}", body, [
            ("Authorization", f"Bearer {upstream.gateway.token()}"), ("Content-Type", "multipart/form-data; boundary=X")])
        assert answer.status == 200, answer
        assert len(stub.seen) == 2 and stub.seen[0].body == stub.seen[1].body and b"7" * 300_000 in stub.seen[1].body


def test_a_run_that_every_bearer_is_refused_for_is_offered_twice(stub, provider, authority):
    with with_secret(stub, provider, authority) as upstream:
        first = upstream.bearer()
        stub.forget(takes_only(lambda: []))
        answer = upstream.run()
        assert (answer.status, answer.error()) == (502, "PoolCredentialRefused")
        assert "that token is over" in answer.json()["error"]["message"]
        assert len(stub.seen) == 2 and len(provider.given) == 2
        assert upstream.run().status == 502  # and does not wait for what was asked for a moment ago
        stub.forget()
        assert upstream.bearer() == provider.given[1] != first


def test_a_bearer_that_is_given_once_is_not_waited_for(stub):
    own = Gateway(stub.config(), {"STUB_POOL_TOKEN": "given-once"})
    try:
        own.start()
        stub.behave = answer_with(401, b"{}")
        for _ in range(2):
            answer = own.send("POST", executions(new_session()), BODY, timeout=8)
            assert answer is not None and (answer.status, answer.error()) == (502, "PoolCredentialRefused")
        assert len(stub.seen) == 2
    finally:
        own.close()


def test_many_refused_runs_are_one_question(stub, provider, authority):
    with with_secret(stub, provider, authority) as upstream:
        first = upstream.bearer()
        stub.behave = takes_only(lambda: provider.given[1:])
        provider.open.clear()
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(upstream.run().status)) for _ in range(12)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(provider.asked) == 2, 20, "the question for another bearer")
        provider.open.set()
        for thread in threads:
            thread.join(60)
        assert statuses == [200] * 12
        assert len(provider.asked) == 2
        assert upstream.bearer() == provider.given[1] != first


def test_foreign_certificate_gets_no_secret(stub, provider, authority, tmp_path):
    other = Authority(tmp_path / "other", "another authority")
    keys = {**client(provider, authority), "authority_ca_file": other.certificate}
    with Upstream(stub, "client-secret", {"AZURE_CLIENT_SECRET": SECRET}, **keys) as upstream:
        wait_for(lambda: "token.provider.down" in upstream.gateway.output(), 10, "the complaint")
        assert provider.asked == []


@pytest.mark.parametrize("credential,environment,keys,said", [
    ("client-secret", {}, {"tenant_id": "t", "client_id": "c"}, "AZURE_CLIENT_SECRET is not set"),
    ("client-secret", {"AZURE_CLIENT_SECRET": "x"}, {"client_id": "c"}, "AZURE_TENANT_ID"),
    ("client-secret", {"AZURE_CLIENT_SECRET": "x", "AZURE_TENANT_ID": "t"}, {}, "AZURE_CLIENT_ID"),
    ("workload-identity", {}, {"tenant_id": "t", "client_id": "c"}, "AZURE_FEDERATED_TOKEN_FILE"),
    ("client-certificate", {}, {"tenant_id": "t", "client_id": "c"}, "AZURE_CLIENT_CERTIFICATE_PATH"),
    ("client-secret", {"AZURE_CLIENT_SECRET": "x"},
     {"tenant_id": "t", "client_id": "c", "authority_host": "http://login.example"}, "must be https"),
    ("managed-identity", {"IDENTITY_ENDPOINT": "http://169.254.login.example/", "IDENTITY_HEADER": "x"}, {}, "must be https"),
])
def test_what_is_missing_is_named(stub, credential, environment, keys, said):
    upstream = Upstream(stub, credential, environment, **keys)
    try:
        status, out, err = upstream.gateway.command("serve", "-c", upstream.gateway.config, "--state", upstream.gateway.state)
        assert status == 2
        assert said in err
    finally:
        upstream.gateway.close()


def memory_of(pid):
    """Every readable byte of a process, piece by piece."""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            if "r" not in rights or line.endswith(("[vvar]", "[vvar_vclock]", "[vsyscall]")):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            for at in range(start, end, 1 << 24):
                try:
                    memory.seek(at)
                    yield memory.read(min(1 << 24, end - at))
                except (OSError, ValueError, OverflowError):
                    pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into other processes")
@pytest.mark.skipif(is_sanitized(), reason="a sanitizer maps terabytes")
def test_the_secret_stays_in_the_token_process(stub, provider, authority):
    with with_secret(stub, provider, authority) as upstream:
        upstream.bearer()
        roles = upstream.gateway.roles()
        others = {role: pids for role, pids in roles.items() if role != "token"}
        others["supervisor"] = [upstream.gateway.process.pid]
        needle = SECRET.encode()
        for role, pids in others.items():
            for pid in pids:
                assert needle not in pathlib.Path(f"/proc/{pid}/environ").read_bytes(), role
                assert not any(needle in piece for piece in memory_of(pid)), role
        assert any(needle in piece for pid in roles["token"] for piece in memory_of(pid)), "the test sees nothing at all"
        assert needle not in upstream.gateway.output().encode()
