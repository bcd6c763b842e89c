"""A tenant's identifier reaches the pool only as a keyed hash, whatever the operation and however it is spelled."""

import json
import re
import urllib.parse

import pytest

from conftest import STUB_TOKEN
from support.gateway import NEW, OLD, Gateway, new_session
from support.stubpool import answer_with

RUN = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": "1"}).encode()
OLD_RUN = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "1"}}).encode()
BOUNDARY = "b-0123456789"
UPLOAD = (f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n"
          f"Content-Type: text/plain\r\n\r\nhello\r\n--{BOUNDARY}--\r\n").encode()
# All but GET /executions/ID, which the gateway answers from what it keeps itself.
OPERATIONS = [
    ("POST", "/executions", NEW, RUN),
    ("POST", "/code/execute", OLD, OLD_RUN),
    ("POST", "/python/execute", "2023-08-01-preview", OLD_RUN),
    ("GET", "/files", NEW, b""),
    ("POST", "/files", NEW, UPLOAD),
    ("POST", "/files/upload", OLD, UPLOAD),
    ("GET", "/files/a.txt", NEW, b""),
    ("GET", "/files/a.txt/content", NEW, b""),
    ("GET", "/files/content/a.txt", OLD, b""),
    ("DELETE", "/files/a.txt", NEW, b""),
    ("GET", "/session", NEW, b""),
    ("DELETE", "/session", NEW, b""),
    ("POST", "/.management/stopSession", NEW, b""),
]


def send(gateway, operation, identifier):
    method, path, version, body = operation
    headers = gateway.headers()
    if body is UPLOAD:
        headers = [(name, value) for name, value in headers if name != "Content-Type"]
        headers.append(("Content-Type", f"multipart/form-data; boundary={BOUNDARY}"))
    return gateway.send(method, f"{path}?api-version={version}&identifier={identifier}", body, headers, timeout=30)


def identifiers_of(seen):
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(seen.target).query)
    return query.get("identifier", [])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation[0]} {operation[1]}")
def test_every_operation_names_the_session_by_the_same_hash(relaying, stub, operation):
    identifier = f"my!{new_session()}"
    send(relaying, OPERATIONS[0], identifier)
    known = identifiers_of(stub.seen[-1])[0]
    assert re.fullmatch("[0-9a-f]{64}", known)
    stub.forget(answer_with(404, {"error": {"code": "NotFound", "message": "no"}}))
    for spelling in (identifier, identifier.replace("!", "%21"), urllib.parse.quote(identifier, safe="").replace("-", "%2D")):
        send(relaying, operation, spelling)
    reached = [seen for seen in stub.seen if identifiers_of(seen)]
    assert len(reached) == 3, [seen.target for seen in stub.seen]
    for seen in reached:
        assert identifiers_of(seen) == [known]
        whole = f"{seen.target} {seen.headers} {seen.body!r}"
        assert identifier not in whole and identifier[3:] not in whole


def test_replicas_with_one_key_name_a_session_alike_and_others_do_not(stub_pool):
    identifier, names = new_session(), []
    gateways = []
    try:
        for key in ("5a" * 32, "5a" * 32, "a5" * 32, None):
            gateway = Gateway("", {"STUB_POOL_TOKEN": STUB_TOKEN})
            gateways.append(gateway)
            path = gateway.folder / "key"
            path.write_text(f"{key}\n")
            server = f"[server]\nsession_key_file = '{path}'\n" if key else ""
            gateway.config.write_text(server + stub_pool.config())
            gateway.start()
            stub_pool.forget()
            assert send(gateway, OPERATIONS[0], identifier).status == 200
            names.append(identifiers_of(stub_pool.seen[-1])[0])
            assert gateway.stop() == 0
        assert names[0] == names[1] and len(set(names)) == 3
        own = gateways[3].state / "session.key"
        assert own.stat().st_mode & 0o777 == 0o600 and own.stat().st_size == 32
        assert not (gateways[0].state / "session.key").exists()
    finally:
        for gateway in gateways:
            gateway.close()


def test_a_key_that_is_none_stops_the_start(stub_pool):
    gateway = Gateway("", {"STUB_POOL_TOKEN": STUB_TOKEN})
    try:
        path = gateway.folder / "key"
        path.write_text("5a" * 31)
        gateway.config.write_text(f"[server]\nsession_key_file = '{path}'\n" + stub_pool.config())
        with pytest.raises(AssertionError):
            gateway.start()
        assert "it must hold 64 hexadecimal digits and nothing else" in gateway.output()
    finally:
        gateway.close()
