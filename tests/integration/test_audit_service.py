"""The log over the service: who may read what of it, and what that leaves in the log; counts of malformed requests."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

from support import rawhttp, tlog
from support.gateway import PROGRAM, SLOWNESS, SMALL_POOL, Gateway, new_session, wait_for
from support.ocsf import problems_of

TENANTS = SMALL_POOL + '[[tenant]]\nname = "acme"\n[tenant.quota]\nrequests_per_minute = 500\n[[tenant]]\nname = "beta"\n'
READER = "execute,files,sessions,audit:read"


@pytest.fixture(scope="module")
def house():
    gateway = Gateway(TENANTS)
    try:
        yield gateway.start()
    finally:
        gateway.close()


class Reader:
    """A tenant's token, tried until admit knows it."""

    def __init__(self, gateway, tenant, scopes=READER):
        status, out, err = gateway.command("token", "issue", "--tenant", tenant, "--scope", scopes, "-c", gateway.config,
                                           "--state", gateway.state)
        assert status == 0, err
        self.gateway, self.token = gateway, out.strip()
        wait_for(lambda: self.get("checkpoint").status != 401, 10, "the token to be known")

    def headers(self):
        return [("Authorization", f"Bearer {self.token}"), ("Content-Type", "application/json")]

    def get(self, what, method="GET", **more):
        return self.gateway.send(method, f"/.sallyport/audit/{what}", headers=self.headers(), **more)

    def run(self, code="print(1)"):
        answer = self.gateway.run(code, new_session(), headers=self.headers())
        assert answer.status in (200, 403), answer
        return int(answer.header("x-sallyport-entry"))

    def entries(self, query=""):
        answer = self.get(f"entries?limit=1000{query}")
        assert answer.status == 200, answer
        return answer.json()["entries"]

    def until_there(self, index):
        """Reads are of what is published, which is within a second."""
        wait_for(lambda: self.get("entries?limit=1").json()["size"] > index, 10, f"entry {index} to be published")


def published(gateway):
    return [json.loads(line) for line in tlog.published(gateway.state / "log")]


@pytest.fixture(scope="module")
def acme(house):
    return Reader(house, "acme")


@pytest.fixture(scope="module")
def beta(house):
    return Reader(house, "beta")


@pytest.fixture(scope="module")
def auditor(house):
    return Reader(house, "beta", READER + ",admin")


def test_a_tenant_reads_its_own_entries_and_no_others(house, acme, beta):
    mine, theirs, denied = acme.run(), beta.run(), acme.run("import socket")
    acme.until_there(max(mine, theirs, denied))
    seen = acme.entries()
    assert {entry["kind"] for entry in seen} >= {"intent", "outcome", "denial", "read", "token"}
    assert {entry["tenant"] for entry in seen if "tenant" in entry} == {"acme"}
    intents = {entry["index"] for entry in seen if entry["kind"] == "intent"}
    assert mine in intents and theirs not in intents
    for entry in seen:
        assert "tenant" in entry or (entry["kind"] == "outcome" and entry["intent"] in intents), entry
    # every entry of the whole log, one by one: exactly those of the tenant
    allowed = {entry["index"] for entry in seen}
    plain = published(house)
    for entry in plain[:max(allowed)]:
        for what in (f"entries/{entry['index']}", f"proof/{entry['index']}"):
            answer = beta.get(what)
            owner = entry.get("tenant") or plain[entry.get("intent", 0)].get("tenant")
            assert answer.status == (200 if owner == "beta" else 404), (entry, answer)


def test_what_is_not_there_looks_like_what_is_anothers(acme, beta):
    theirs = beta.run()
    acme.until_there(theirs)
    hidden, absent = acme.get(f"entries/{theirs}"), acme.get("entries/0")
    assert (hidden.status, hidden.error(), hidden.json()["error"]["message"]) == \
        (absent.status, absent.error(), absent.json()["error"]["message"]) == \
        (404, "NotFound", "there is no such entry, or it is not of this tenant")
    assert acme.get("entries/99999999").status == 404


def test_filters_and_pages(acme, beta):
    mine = acme.run("import math")
    acme.until_there(mine)
    found = acme.entries("&module=math&kind=intent")  # and the outcomes of those
    assert [entry["index"] for entry in found if entry["kind"] == "intent"] == [mine]
    assert acme.entries("&tenant=beta") == []
    assert {entry["kind"] for entry in acme.entries("&verdict=denied")} <= {"denial"}
    seen, at = [], 0
    while True:
        page = acme.get(f"entries?limit=1&from={at}").json()
        seen += [entry["index"] for entry in page["entries"]]
        at = page["next"]
        if at >= page["size"] or len(seen) > 5:
            break
    assert seen == [entry["index"] for entry in acme.entries()][:len(seen)]
    for wrong in ("limit=0", "limit=1001", "limit=x", "from=-1", "tenat=acme", "verdict=maybe", "digest=zz", "kind=a&kind=b", "since=%"):
        answer = acme.get(f"entries?{wrong}")
        assert (answer.status, answer.error()) == (400, "InvalidRequest"), (wrong, answer)


class Client:
    """`sallyport audit` on another machine: no state, no configuration, only an address and a token."""

    def __init__(self, reader):
        self.gateway = reader.gateway
        self.token = reader.token

    def __call__(self, *arguments, token=None):
        return self.gateway.command("audit", *arguments, "--endpoint", f"http://127.0.0.1:{self.gateway.port}",
                                    environment={"SALLYPORT_TOKEN": token or self.token, "HOME": "/nonexistent"})

    def entries(self, *arguments):
        status, out, err = self(*arguments, "--format", "json")
        assert status in (0, 1) and err == "", (status, out, err)
        return [json.loads(line) for line in out.splitlines()]


def test_the_commands_read_a_gateway_elsewhere(acme, beta, auditor):
    mine, denied, theirs = acme.run("import math"), acme.run("import subprocess"), beta.run()
    acme.until_there(max(mine, denied, theirs))
    ours, all_of_it = Client(acme), Client(auditor)
    found = ours.entries("search", "--module", "math")
    assert mine in [entry["index"] for entry in found] and {entry["kind"] for entry in found} == {"intent", "outcome"}
    for filters in (["--verdict", "denied"], ["--capability", "process"], ["--rule", "process"], ["--kind", "denial", "--since", "1h"],
                    ["--source", "127.0.0.1", "--kind", "denial"]):
        assert denied in [entry["index"] for entry in ours.entries("search", *filters)], filters
    assert ours.entries("search", "--tenant", "beta") == []
    assert theirs in [entry["index"] for entry in all_of_it.entries("search", "--tenant", "beta")]
    assert f'"index":{mine},' in ours("show", str(mine), "--format", "json")[1]
    assert [len(ours("show", str(index))[1].splitlines()) > 10 for index in (mine, theirs)] == [True, False]
    assert 3 <= len(all_of_it.entries("tail", "-n", "3")) <= 6
    plain = published(acme.gateway)
    exported = all_of_it.entries("export")
    assert exported[:len(plain)] == plain[:len(exported)]
    status, out, err = all_of_it("export", "--format", "ocsf")
    assert status == 0, err
    assert [problems for problems in (problems_of(json.loads(line)) for line in out.splitlines()) if problems] == []


def test_proofs_and_checkpoints_of_a_gateway_elsewhere_are_checked_here(house, acme, tmp_path):
    mine = acme.run()
    acme.until_there(mine)
    key = next(entry["key"] for entry in published(house) if entry["kind"] == "start")
    for name, arguments in (("proof", ["prove", str(mine)]), ("kept", ["checkpoint"])):
        status, out, err = Client(acme)(*arguments)
        assert status == 0, err
        (tmp_path / name).write_text(out)
    assert house.command("audit", "verify", "--proof", tmp_path / "proof", "--key", key)[0] == 0
    assert house.command("audit", "verify", "--key", key, "--checkpoint", tmp_path / "kept", house.state / "log")[0] == 0


def test_what_a_gateway_elsewhere_refuses_is_said(house, acme):
    client = Client(acme)
    status, out, err = client("search", token="sp_nobody")
    assert (status, out) == (2, "") and "401" in err
    status, out, err = client("show", "99999999")
    assert (status, out) == (1, "") and "404" in err
    assert client("search", "--verdict", "maybe")[0] == 2
    for wrong in (["search", str(house.state / "log")], ["verify"], ["prove"], ["rotate-key"]):
        status, out, err = client(*wrong)
        assert (status, out) == (2, "") and err, wrong
    status, out, err = house.command("audit", "search", "--endpoint", "http://127.0.0.1:1", environment={"SALLYPORT_TOKEN": "x"})
    assert (status, out) == (3, "") and "no answer" in err


def test_a_gateway_elsewhere_is_followed_without_its_own_looks(acme):
    follower = subprocess.Popen([PROGRAM, "audit", "tail", "-f", "-n", "1", "--format", "json", "--endpoint",
                                 f"http://127.0.0.1:{acme.gateway.port}"], stdout=subprocess.PIPE,
                                env={"SALLYPORT_TOKEN": acme.token, "PATH": "/usr/bin:/bin"})
    try:
        os.set_blocking(follower.stdout.fileno(), False)
        seen, mine, end = b"", acme.run("'followed'"), time.monotonic() + 20 * SLOWNESS
        while f'"intent":{mine},'.encode() not in seen:
            assert time.monotonic() < end, seen
            seen += follower.stdout.read() or b""
            time.sleep(0.1)
        queries = [entry["query"] for entry in map(json.loads, seen.splitlines()) if entry["kind"] == "read"]
        assert [query for query in queries if query.startswith("from=") and "&limit=1000" in query] == []
    finally:
        follower.kill()
        follower.wait()


def test_who_waits_for_news_is_one_entry(house, acme, beta):
    """Both wait for a run of theirs: beta's wakes beta alone."""
    answers = {}

    def wait(client, name, seconds):
        answers[name] = client.get(f"entries?kind=intent&from={before}&wait={seconds}", timeout=90)

    before = acme.get("entries?limit=1").json()["size"] + 100
    for _ in range(100):  # so that what is there is behind `before`, and what comes is not
        acme.get("checkpoint")
    acme.until_there(before)
    threads = [threading.Thread(target=wait, args=(acme, "acme", 5)), threading.Thread(target=wait, args=(beta, "beta", 45))]
    for thread in threads:
        thread.start()
    wait_for(lambda: sum("kind=intent&from=" in entry.get("query", "") for entry in published(house)) == 2, 20, "both readings")
    own = beta.run()
    for thread in threads:
        thread.join()
    assert [entry["index"] for entry in answers["beta"].json()["entries"] if entry["kind"] == "intent"] == [own]
    assert answers["acme"].json()["entries"] == []
    assert sum("kind=intent&from=" in entry.get("query", "") for entry in published(house)) == 2, "one entry each"
    assert beta.get(f"entries?kind=intent&from={before}&wait=45").json()["entries"][0]["index"] == own, "what is there is told at once"
    assert acme.get("entries?wait=46").status == 400


def test_a_gateway_stops_though_somebody_waits_for_news():
    gateway = Gateway(config=SMALL_POOL + '[[tenant]]\nname = "acme"\n')
    try:
        client = Reader(gateway.start(), "acme")
        thread = threading.Thread(target=lambda: client.get("entries?kind=stop&wait=45", timeout=90))
        thread.start()
        wait_for(lambda: any("wait=" in entry.get("query", "") for entry in published(gateway)), 20, "the reading")
        assert gateway.stop() == 0
        thread.join()
        assert "front.stop.cut" not in gateway.output(), "it was waited for until the end of the grace"
    finally:
        gateway.close()


def test_who_may_read_all_sees_all(house, acme, auditor):
    mine = acme.run()
    acme.until_there(mine)
    plain = published(house)
    seen = auditor.entries()
    assert seen[:len(plain)] == plain[:len(seen)]
    assert {"start", "role"} <= {entry["kind"] for entry in seen}
    assert {entry.get("tenant", "acme") for entry in auditor.entries("&tenant=acme")} == {"acme"}


def test_a_proof_that_came_over_the_service_is_checked_without_it(house, acme, tmp_path):
    mine = acme.run()
    acme.until_there(mine)
    answer = acme.get(f"proof/{mine}")
    assert answer.header("content-type").startswith("text/plain")
    path = tmp_path / "p"
    path.write_bytes(answer.body)
    key = next(entry["key"] for entry in published(house) if entry["kind"] == "start")
    status, out, err = house.command("audit", "verify", "--proof", path, "--key", key)
    assert status == 0 and f'"index":{mine},' in out, err
    checkpoint = acme.get("checkpoint")
    assert checkpoint.status == 200 and checkpoint.body.decode().splitlines()[0] == key.split("+")[0]


def test_hashes_are_for_every_reader_and_bundles_for_who_reads_all(house, acme, auditor):
    size = len(published(house))
    width = size % 256

    def tile(who, level):
        found = [p for p in (house.state / f"log/tile/{level}/000.p").iterdir()] if size < 256 else []
        names = [f"000.p/{p.name}" for p in found] or ["000"]
        return next((answer for answer in (who.get(f"tile/{level}/{name}") for name in names) if answer.status == 200), None)

    hashes = tile(acme, "0")
    assert hashes is not None and len(hashes.body) % 32 == 0, width
    assert hashes.header("content-type") == "application/octet-stream"
    assert tile(acme, "entries") is None
    assert b'"kind":"start"' in tile(auditor, "entries").body
    for wrong in ("tile/0/000.p/300", "tile/../checkpoint", "tile/%2e%2e/%2e%2e/audit/key", "key", "proof/x", "entries/1/2"):
        assert acme.get(wrong).status in (400, 404), wrong


def test_a_reading_is_an_entry_before_it_is_answered(house, acme):
    answer = acme.get("entries?kind=denial&limit=3")
    index = int(answer.header("x-sallyport-entry"))
    entry = house.entries()[index]
    assert {key: entry[key] for key in ("kind", "what", "query", "reach", "tenant")} == \
        {"kind": "read", "what": "entries", "query": "kind=denial&limit=3", "reach": "tenant", "tenant": "acme"}
    assert entry["principal"] == acme.token.split("_")[2] and entry["source"] == "127.0.0.1"


def test_a_token_without_the_scope_is_refused(house):
    plain = Reader(house, "acme", "execute")
    answer = plain.get("checkpoint")
    assert (answer.status, answer.error()) == (403, "ScopeMissing")
    assert house.entries()[int(answer.header("x-sallyport-entry"))]["kind"] == "refusal"
    assert house.send("GET", "/.sallyport/audit/checkpoint", headers=[]).status == 401
    assert plain.get("checkpoint", "POST").status == 405


def test_a_doubled_slash_is_read_alike_by_everyone(house, acme):
    before = house.roles()["reader"]
    assert house.send("GET", "/x//.sallyport//audit///checkpoint/", headers=acme.headers()).status == 200
    assert house.send("GET", "/%2esallyport/audit/checkpoint", headers=acme.headers()).status == 404
    assert house.roles()["reader"] == before


def test_reader_may_die(house, acme):
    house.kill_role("reader")
    wait_for(lambda: acme.get("checkpoint").status == 200, 20, "another reader")
    assert acme.run() > 0


def malformed(gateway):
    return [entry for entry in gateway.entries() if entry["kind"] == "malformed"]


def test_malformed_requests_are_counted_exactly_by_rule(house):
    before = sum(entry["count"] for entry in malformed(house))
    bad = (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n",
           b"GET / HTTP/1.1\nHost: a\n\n")
    for data in bad * 7:
        answer = rawhttp.exchange(house.port, data, 10)
        assert answer.status == 400, answer
    wait_for(lambda: sum(entry["count"] for entry in malformed(house)) - before >= 21, 20, "the counts")
    entries = malformed(house)
    assert sum(entry["count"] for entry in entries) - before == 21
    assert len({entry["rule"] for entry in entries}) >= 3
    assert all(entry["source"] == "127.0.0.1" and entry["sources"] == 1 for entry in entries)


def test_a_change_of_limits_is_an_entry_behind_the_reload(house):
    text = house.config.read_text()
    house.config.write_text(text.replace("= 500", "= 400\nsessions = 9") + "[tenant.token_quota]\nconcurrent_runs = 2\n")
    house.process.send_signal(signal.SIGHUP)
    wait_for(lambda: any(entry["kind"] == "quota" for entry in house.entries()), 20, f"the entry; the log:\n{house.output()}")
    entries = house.entries()
    at = next(i for i, entry in enumerate(entries) if entry["kind"] == "reload")
    changes = [(entry["kind"], entry["tenant"], entry["whose"], entry["changes"]) for entry in entries[at + 1:at + 3]]
    assert changes == [("quota", "acme", "tenant", ["requests_per_minute 500 400", "sessions 0 9"]),
                       ("quota", "beta", "token", ["concurrent_runs 0 2"])]


def test_the_whole_log_verifies(house):
    assert house.stop() == 0
    status, out, err = house.command("audit", "verify", house.state / "log")
    assert status == 0, out + err
    assert json.loads(tlog.lines(house.state)[-1])["kind"] == "stop"


def test_changed_quotas_are_recorded_though_audit_ends_meanwhile():
    gateway = Gateway(TENANTS)
    try:
        gateway.start()
        text = pathlib.Path(gateway.config).read_text()
        for limit, delay in ((501, 0), (502, 0.1), (503, 0.5)):
            pid, = gateway.roles()["audit"]
            os.kill(pid, signal.SIGSTOP)
            pathlib.Path(gateway.config).write_text(text.replace("requests_per_minute = 500", f"requests_per_minute = {limit}"))
            gateway.process.send_signal(signal.SIGHUP)
            time.sleep(delay)  # whatever step of the reload it is in
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: gateway.output().count("serve.reloaded") >= limit - 500, 60, f"the reload:\n{gateway.output()}")
            wait_for(lambda: any(f"requests_per_minute {limit - 1} {limit}" in change for entry in gateway.entries()
                                 if entry["kind"] == "quota" for change in entry["changes"]), 20, f"{limit}:\n{gateway.output()}")
        wait_for(lambda: gateway.run("print(1)").status != 503, 20, f"the wires of the new audit:\n{gateway.output()}")
        assert gateway.stop() == 0
        assert gateway.command("audit", "verify", gateway.state / "log")[0] == 0
    finally:
        gateway.close()
