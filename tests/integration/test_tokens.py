"""Tokens of tenants: issued, used, limited by scopes, listed, revoked; each tenant by itself."""

import json
import os
import re
import stat
import subprocess
import sys
import time
import zlib

import pytest
from support.gateway import SMALL_POOL, Gateway, code_execute, executions, new_session, wait_for

TENANTS = SMALL_POOL + "[[tenant]]\nname = 'acme'\n[[tenant]]\nname = 'beta'\n"
NOBODY_SLOWED = "[server.limits]\nfailed_logins_per_minute = 0\n"  # tests ask until a new token is known
CODE = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(1)"}).encode()


@pytest.fixture(scope="module")
def gateway():
    server = Gateway(TENANTS + NOBODY_SLOWED).start()
    yield server
    server.close()


def token_command(gateway, *arguments):
    return gateway.command("token", *arguments, "-c", gateway.config, "--state", gateway.state)


def issue(gateway, tenant="acme", *more):
    status, out, err = token_command(gateway, "issue", "--tenant", tenant, *more)
    assert status == 0, err
    return out.strip()


def checksum(body):
    """The six characters behind the last underscore: CRC-32 of all before it, in base 62."""
    number, found = zlib.crc32(body[:-1].encode()), ""
    while len(found) < 6:
        number, digit = divmod(number, 62)
        found = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[digit] + found
    return found


def id_of(token):
    return token.split("_")[2]


def ask(gateway, token, target=None, method="POST", field="Authorization"):
    value = f"Bearer {token}" if field == "Authorization" else token
    headers = [("Content-Type", "application/json")] + ([(field, value)] if token is not None else [])
    return gateway.send(method, target or executions("one-session"), CODE if method == "POST" else b"", headers)


def in_force(gateway, token):
    """The token, once it is known: without a run, for sessions are not many."""
    wait_for(lambda: ask(gateway, token, "/nowhere", "GET").status == 404, 5, "a new token to be known")
    return token


def test_a_token_works_for_its_tenant_and_is_printed_once(gateway):
    status, out, err = token_command(gateway, "issue", "--tenant", "beta", "--ttl", "30d")
    token = out.strip()
    assert status == 0
    assert re.fullmatch(r"sp_live_[a-z0-9]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", token)
    assert f"token {id_of(token)} of tenant beta; scopes execute,files,sessions; expires 20" in err
    assert ask(gateway, in_force(gateway, token)).status == 200
    assert ask(gateway, token, field="x-ms-apikey").status == 200
    secret = token.split("_")[3]
    for path in gateway.state.rglob("*"):
        if path.is_file() and os.access(path, os.R_OK):
            assert secret.encode() not in path.read_bytes(), path
    entries = [entry for entry in gateway.entries() if entry["kind"] == "intent" and entry["principal"] == id_of(token)]
    assert {entry["tenant"] for entry in entries} == {"beta"}


def test_a_token_works_at_once(gateway):
    for turn in range(20):
        token = issue(gateway)
        assert ask(gateway, token, "/nowhere", "GET").status == 404, turn


def test_tokens_that_are_made_up_are_refused_and_hold_nobody_up(gateway):
    known = in_force(gateway, issue(gateway))
    for turn in range(20):
        body = "sp_live_aaaaaaaaa%03d_%s_" % (turn, "0" * 43)
        assert ask(gateway, body + checksum(body), "/nowhere", "GET").status in (401, 429), turn
    assert ask(gateway, known, "/nowhere", "GET").status in (404, 429)


def test_a_revoked_token_is_refused_without_a_restart(gateway):
    token = in_force(gateway, issue(gateway))
    assert ask(gateway, token).status == 200
    assert token_command(gateway, "revoke", id_of(token))[0] == 0
    answer = wait_for(lambda: (lambda a: a if a.status == 401 else None)(ask(gateway, token)), 10, "the revocation")
    assert answer.error() == "TokenUnknown"
    assert token_command(gateway, "revoke", id_of(token))[0] == 1
    assert ask(gateway, token).status == 401


def test_the_log_has_what_was_issued_and_revoked(gateway):
    token = issue(gateway, "acme", "--scope", "files,audit:read")
    token_command(gateway, "revoke", id_of(token))

    def told():
        entries = [entry for entry in gateway.entries() if entry["kind"] == "token" and entry["token"] == id_of(token)]
        return entries if len(entries) == 2 else None

    first, second = wait_for(told, 10, "both entries")
    assert (first["event"], first["tenant"], first["scopes"]) == ("issued", "acme", "files audit:read")
    assert (second["event"], first["expires"]) == ("revoked", "never")


@pytest.mark.parametrize("scopes, method, target, missing", [
    ("files", "POST", executions("{}"), "execute"),
    ("sessions,admin", "POST", code_execute("{}"), "execute"),
    ("execute", "GET", "/files?api-version=2025-10-02-preview&identifier={}", "files"),
    ("execute,sessions", "GET", "/files/a/content?api-version=2025-10-02-preview&identifier={}", "files"),
    ("execute,sessions", "DELETE", "/files/a?api-version=2025-10-02-preview&identifier={}", "files"),
    ("execute,files", "DELETE", "/session?api-version=2025-10-02-preview&identifier={}", "sessions"),
    ("execute,files", "GET", "/listSessions?api-version=2025-10-02-preview", "sessions"),
])
def test_a_missing_scope_is_named(gateway, scopes, method, target, missing):
    token = in_force(gateway, issue(gateway, "acme", "--scope", scopes))
    answer = ask(gateway, token, target.format(new_session()), method)
    assert (answer.status, answer.error()) == (403, "ScopeMissing")
    assert answer.json()["error"]["message"] == f"the token lacks the scope {missing}"
    assert answer.header("www-authenticate") == f'Bearer realm="sallyport", error="insufficient_scope", scope="{missing}"'


def test_an_expired_token_says_so(gateway):
    token = issue(gateway, "acme", "--ttl", "3s")
    assert ask(gateway, in_force(gateway, token)).status == 200
    answer = wait_for(lambda: (lambda a: a if a.status == 401 else None)(ask(gateway, token)), 10, "the token to expire")
    assert answer.error() == "TokenExpired"
    assert 'error="invalid_token", error_description="the token has expired"' in answer.header("www-authenticate")


def test_what_is_missing_and_what_is_unknown(gateway):
    assert ask(gateway, None).error() == "TokenMissing"
    assert ask(gateway, None).header("www-authenticate") == 'Bearer realm="sallyport"'
    good = in_force(gateway, issue(gateway))
    other = in_force(gateway, issue(gateway))
    swapped = "_".join(good.split("_")[:3] + other.split("_")[3:])
    for wrong in (swapped, good[:-1], good + "x", good.upper(), "sp_live_", "a.b.c", "x" * 9000):
        assert (ask(gateway, wrong).status, ask(gateway, wrong).error()) == (401, "TokenUnknown")
    both = [("Authorization", f"Bearer {good}"), ("x-ms-apikey", good)]
    assert gateway.send("POST", executions(new_session()), CODE, both).error() == "TokenUnknown"


def test_the_list_shows_use_and_state(gateway):
    used, idle = in_force(gateway, issue(gateway, "beta")), issue(gateway, "beta", "--scope", "admin")
    token_command(gateway, "revoke", id_of(idle))

    def rows():
        status, out, _ = token_command(gateway, "list", "--tenant", "beta")
        assert status == 0 and "sp_live_" not in out
        found = {line.split()[0]: line.split() for line in out.splitlines()}
        return found if found[id_of(used)][5] != "never" else None

    table = wait_for(rows, 15, "the latest use")
    assert table[id_of(used)][1:3] == ["beta", "good"]
    assert table[id_of(idle)][2] == "revoked" and table[id_of(idle)][5] == "never"
    assert "local" not in table  # it is acme's


def test_mistakes_of_the_command_are_explained(gateway):
    for arguments, text in (
            (("issue",), "--tenant must be given"),
            (("issue", "--tenant", "nobody"), "there is no tenant 'nobody'"),
            (("issue", "--tenant", "acme", "--scope", "everything"), "scopes are execute"),
            (("issue", "--tenant", "acme", "--ttl", "soon"), "a span is written like"),
            (("issue", "--tenant", "acme", "--ttl", "0"), "a span is written like"),
            (("issue", "x", "--tenant", "acme"), "cannot make sense of x"),
            (("revoke",), "the id of a token must follow"),
            (("list", "--ttl", "3d"), "--ttl belongs to issue"),
            (("steal",), "there is no action 'steal'"),
            ((), "an action must follow")):
        status, out, err = token_command(gateway, *arguments)
        assert (status, out) == (2, "") and text in err, (arguments, err)
    status, _, err = token_command(gateway, "revoke", "nothere")
    assert status == 1 and "there is no token 'nothere'" in err
    assert "remove that file" in token_command(gateway, "revoke", "local")[2]


def test_the_store_is_private(gateway):
    for name in ("tokens.db", "tokens.db-journal", "tokens.used", "local.token", "session.key"):
        assert stat.S_IMODE((gateway.state / name).stat().st_mode) == 0o600


def test_a_store_that_is_replaced_is_opened_anew(gateway):
    before = in_force(gateway, issue(gateway))
    copy = gateway.state / "copy.db"
    copy.write_bytes((gateway.state / "tokens.db").read_bytes())
    copy.chmod(0o600)
    copy.rename(gateway.state / "tokens.db")
    after = issue(gateway)
    wait_for(lambda: ask(gateway, after).status == 200, 20, "the token in the new file")
    assert ask(gateway, before).status == 200


KILLED_HALF_WAY = """
import os, sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("PRAGMA journal_mode=TRUNCATE")
store.execute("PRAGMA cache_size=2")
store.execute("BEGIN IMMEDIATE")
store.execute("CREATE TABLE half(done)")
for _ in range(200):
    store.execute("INSERT INTO half VALUES(?)", ("x" * 3000,))
os.kill(os.getpid(), 9)
"""


def test_a_writer_that_was_killed_half_way_stops_no_revocation(gateway):
    token = in_force(gateway, issue(gateway))
    subprocess.run([sys.executable, "-c", KILLED_HALF_WAY, gateway.state / "tokens.db"], check=False)
    assert (gateway.state / "tokens.db-journal").stat().st_size > 0, "nothing was left half done"
    assert token_command(gateway, "revoke", id_of(token))[0] == 0
    wait_for(lambda: ask(gateway, token, "/nowhere", "GET").status == 401, 20, "the revoked token to be refused")
    another = issue(gateway)
    wait_for(lambda: ask(gateway, another, "/nowhere", "GET").status == 404, 20, "the next token to be taken")


def test_a_restart_keeps_tokens_and_tells_nothing_twice():
    gateway = Gateway(TENANTS).start()
    try:
        token = in_force(gateway, issue(gateway))
        wait_for(lambda: any(entry["kind"] == "token" for entry in gateway.entries()), 10, "the entry")
        time.sleep(0.5)
        assert gateway.stop() == 0
        gateway.start()
        assert ask(gateway, token).status == 200
        gateway.kill_role("admit")
        wait_for(lambda: ask(gateway, token).status == 200, 10, "admit to be back")
        time.sleep(1)
        assert sum(entry["kind"] == "token" for entry in gateway.entries()) == 1
    finally:
        gateway.close()


def test_wrong_tokens_of_one_address_are_slowed_and_right_ones_are_not():
    gateway = Gateway(TENANTS + "[server.limits]\nfailed_logins_per_minute = 20\n").start()
    try:
        answers = [ask(gateway, "sp_live_x") for _ in range(30)]
        assert [answer.status for answer in answers[:20]] == [401] * 20
        assert answers[-1].status == 429 and 1 <= int(answers[-1].header("retry-after")) <= 3
        assert ask(gateway, gateway.token()).status == 200
        assert ask(gateway, None).status == 401

        def folded():
            return [entry for entry in gateway.entries() if entry["kind"] == "strangers" and entry["error"] == "TokenUnknown"]

        wait_for(lambda: sum(entry["count"] for entry in folded()) == 30, 10, "all of them in folded entries")
        assert len(folded()) < 10
    finally:
        gateway.close()


# Every operation that takes an identifier: method, target, body. What the pool sees is a hash by tenant.
VERSIONED = "?api-version=2025-10-02-preview&identifier={}"
UPLOAD = (b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n",
          "multipart/form-data; boundary=b")
OPERATIONS = [
    ("POST", "/executions" + VERSIONED, CODE),
    ("POST", "/code/execute?api-version=2024-02-02-preview&identifier={}",
     json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print(1)"}}).encode()),
    ("POST", "/python/execute?api-version=2023-08-01-preview&identifier={}",
     json.dumps({"properties": {"pythonCode": "print(1)"}}).encode()),
    ("GET", "/executions/e1" + VERSIONED, b""),
    ("GET", "/files" + VERSIONED, b""),
    ("POST", "/files" + VERSIONED, UPLOAD),
    ("GET", "/files/a.txt" + VERSIONED, b""),
    ("GET", "/files/a.txt/content" + VERSIONED, b""),
    ("DELETE", "/files/a.txt" + VERSIONED, b""),
    ("GET", "/session" + VERSIONED, b""),
    ("DELETE", "/session" + VERSIONED, b""),
    ("POST", "/.management/getSession" + VERSIONED, b""),
    ("POST", "/.management/stopSession" + VERSIONED, b""),
    ("POST", "/files/upload?api-version=2024-02-02-preview&identifier={}", UPLOAD),
    ("GET", "/files/content/a.txt?api-version=2024-02-02-preview&identifier={}", b""),
    ("POST", "/python/uploadFile?api-version=2023-08-01-preview&identifier={}", UPLOAD),
    ("GET", "/python/downloadFile/a.txt?api-version=2023-08-01-preview&identifier={}", b""),
]


@pytest.mark.parametrize("method, target, body", OPERATIONS, ids=[f"{row[0]} {row[1].split('?')[0]}" for row in OPERATIONS])
def test_spellings_of_a_name_are_one_name_and_tenants_have_their_own(gateway, method, target, body):
    mine, theirs = (in_force(gateway, issue(gateway, tenant)) for tenant in ("acme", "beta"))

    data, kind = body if isinstance(body, tuple) else (body, "application/json")

    def session(token, name):
        """What stands in the log, which is what the pool is told, whether it has such a thing or not."""
        headers = [("Authorization", f"Bearer {token}")] + ([("Content-Type", kind)] if data else [])
        answer = gateway.send(method, target.format(name), data, headers)
        assert answer.status in (200, 201, 202, 204, 404), answer
        entry = next(e for e in gateway.entries() if e["index"] == int(answer.header("x-sallyport-entry")))
        intent = entry if "session" in entry else next(e for e in gateway.entries() if e["index"] == entry["intent"])
        return intent["session"]

    names = {session(mine, spelling) for spelling in ("my-session_1", "my%2Dsession_1", "%6dy-session%5F1", "my-session%5f1")}
    assert len(names) == 1 and re.fullmatch("[0-9a-f]{64}", names.copy().pop())
    assert session(theirs, "my-session_1") not in names
    assert session(mine, "my-session_2") not in names


def test_state_of_one_tenant_is_out_of_reach_of_another(gateway):
    mine, theirs = (in_force(gateway, issue(gateway, tenant)) for tenant in ("acme", "beta"))
    name = new_session()

    def run(token, code, is_in_body):
        body = {"codeInputType": "Inline", "executionType": "Synchronous", "code": code} | ({"identifier": name} if is_in_body else {})
        target = "/executions?api-version=2025-10-02-preview" if is_in_body else executions(name)
        answer = gateway.send("POST", target, json.dumps(body).encode(), [("Authorization", f"Bearer {token}"),
                                                                         ("Content-Type", "application/json")])
        return answer.json()["result"]

    run(mine, "secret = 41", False)
    for is_in_body in (True, False):
        assert "NameError" in run(theirs, "print(secret)", is_in_body)["stderr"]
        assert run(mine, "print(secret + 1)", is_in_body)["stdout"] == "42\n"
