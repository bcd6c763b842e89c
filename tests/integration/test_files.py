"""Files of a session: both families' shapes, every spelling of a name, what a policy refuses, sizes and ranges."""

import base64
import hashlib
import json
import os

import pytest

from support import rawhttp
from support.gateway import NEW, OLD, executions, new_session

CONFIG = "[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n"
BOUNDARY = "0a1b2c"


def multipart(name, data, boundary=BOUNDARY, head=None):
    head = head or f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
    return b"--" + boundary.encode() + b"\r\n" + head.encode() + b"\r\n" + data + b"\r\n--" + boundary.encode() + b"--\r\n"


def headers(gateway, content_type=f"multipart/form-data; boundary={BOUNDARY}"):
    return [("Authorization", f"Bearer {gateway.token()}")] + ([("Content-Type", content_type)] if content_type else [])


def q(session, version=NEW, more=""):
    return f"?api-version={version}&identifier={session}{more}"


def put(gateway, session, name, data, version=NEW, more=""):
    path = "/files/upload" if version == OLD else "/files"
    answer = gateway.send("POST", path + q(session, version, more), multipart(name, data), headers(gateway), timeout=60)
    assert answer is not None, gateway.output()
    return answer


def get(gateway, target, **more):
    return gateway.send("GET", target, headers=headers(gateway, None), timeout=60, **more)


def content(gateway, session, name, version=NEW, more="", extra=()):
    path = f"/files/content/{name}" if version == OLD else f"/files/{name}/content"
    return gateway.send("GET", path + q(session, version, more), headers=headers(gateway, None) + list(extra), timeout=60)


def test_upload_and_all_there_is_to_know_of_a_file(gateway):
    session = new_session()
    uploaded = put(gateway, session, "a.csv", b"x,y\n1,2\n")
    assert uploaded.status == 200, (uploaded, gateway.output())
    body = uploaded.json()
    assert (body["name"], body["type"], body["sizeInBytes"], body["directory"]) == ("a.csv", "file", 8, "")
    assert body["lastModifiedAt"].startswith("20") and "T" in body["lastModifiedAt"]
    assert int(uploaded.header("x-sallyport-entry")) >= 0
    listed = get(gateway, "/files" + q(session)).json()
    assert [file["name"] for file in listed["value"]] == ["a.csv"] and listed["nextLink"] is None
    one = get(gateway, "/files/a.csv" + q(session)).json()
    assert (one["name"], one["sizeInBytes"]) == ("a.csv", 8)
    got = content(gateway, session, "a.csv")
    assert (got.status, got.body) == (200, b"x,y\n1,2\n")
    assert got.header("accept-ranges") == "bytes" and got.header("last-modified")
    deleted = gateway.send("DELETE", "/files/a.csv" + q(session), headers=headers(gateway, None))
    assert (deleted.status, deleted.body) == (204, b"")
    assert get(gateway, "/files/a.csv" + q(session)).status == 404
    assert get(gateway, "/files" + q(session)).json()["value"] == []


def test_old_family(gateway):
    session = new_session()
    uploaded = put(gateway, session, "/mnt/data/b.txt", b"old", OLD)
    assert uploaded.status == 200, uploaded
    first = uploaded.json()["value"][0]["properties"]
    assert (first["filename"], first["size"]) == ("b.txt", 3) and first["lastModifiedTime"]
    listed = get(gateway, "/files" + q(session, OLD)).json()
    assert listed["$id"] == "1"
    assert [file["properties"]["filename"] for file in listed["value"]] == ["b.txt"]
    one = get(gateway, "/files/b.txt" + q(session, OLD)).json()
    assert one["value"][0]["properties"]["size"] == 3
    assert content(gateway, session, "b.txt", OLD).body == b"old"
    deleted = gateway.send("DELETE", "/files/b.txt" + q(session, OLD), headers=headers(gateway, None))
    assert (deleted.status, deleted.json()) == (200, {"message": "file deleted successfully"})


@pytest.mark.parametrize("spelling", ["c.txt", "%2Fmnt%2Fdata%2Fc.txt", "/mnt/data/c.txt", "mnt/data/c.txt", "//c.txt"])
def test_spellings_of_a_name(gateway, spelling):
    session = new_session()
    put(gateway, session, "c.txt", b"same")
    assert content(gateway, session, spelling, OLD).body == b"same"


@pytest.mark.parametrize("name", ["with space.txt", "caf\u00e9.txt", "a&c=d;e,f#g%h.txt", "dots...txt", "@$^().txt"])
def test_names_of_any_character(gateway, name):
    session = new_session()
    quoted = "".join(chr(b) if chr(b).isalnum() and b < 128 else f"%{b:02X}" for b in name.encode())
    head = f"Content-Disposition: form-data; name=file; filename=x; filename*=utf-8''{quoted}\r\n"
    answer = gateway.send("POST", "/files" + q(session), multipart("", b"data", head=head), headers(gateway))
    assert (answer.status, answer.json().get("name")) == (200, name), answer
    assert content(gateway, session, quoted).body == b"data"
    assert get(gateway, "/files" + q(session)).json()["value"][0]["name"] == name


def test_directories(gateway):
    session = new_session()
    answer = put(gateway, session, "d.txt", b"deep", more="&path=sub/dir")
    assert (answer.status, answer.json()["directory"]) == (200, ""), answer
    assert content(gateway, session, "d.txt", more="&path=/mnt/data/sub/dir").body == b"deep"
    assert content(gateway, session, "sub%2Fdir%2Fd.txt").body == b"deep"
    assert content(gateway, session, "sub/dir/d.txt", OLD).body == b"deep"
    assert get(gateway, "/files/sub%2Fdir%2Fd.txt" + q(session)).json()["directory"] == "sub/dir"
    for path, where in (("", "sub/dir"), ("/mnt/data", "sub/dir"), ("sub", "dir"), ("/mnt/data/sub/", "dir"), ("sub/dir", "")):
        """As in Azure's examples: from the directory that is listed."""
        listed = get(gateway, "/files" + q(session, more=f"&recursive=true&path={path}")).json()["value"]
        assert (where, "d.txt") in [(file["directory"], file["name"]) for file in listed], (path, listed)
    top = get(gateway, "/files" + q(session, more="&path=")).json()["value"]
    assert [(file["name"], file["type"]) for file in top] == [("sub", "directory")]


def test_versions_before_2025_10_have_no_directory(gateway):
    session = new_session()
    answer = put(gateway, session, "e.txt", b"e", "2025-02-02-preview")
    assert "directory" not in answer.json() and answer.json()["name"] == "e.txt"


def test_uploaded_file_is_where_code_finds_it(gateway):
    session = new_session()
    put(gateway, session, "f.txt", b"seen")
    result = gateway.run("print(open('/mnt/data/f.txt').read())\nopen('/mnt/data/g.txt', 'w').write('made')", session)
    assert result.json()["result"]["stdout"] == "seen\n", result
    assert content(gateway, session, "g.txt").body == b"made"
    put(gateway, session, "f.txt", b"again")
    assert content(gateway, session, "f.txt").body == b"again"


@pytest.mark.parametrize("name,want", [
    ("../x", "InvalidFileName"), ("a/../../x", "InvalidFileName"), ("..", "InvalidFileName"), ("a%00b", "InvalidFileName"),
])
def test_names_that_lead_astray(gateway, name, want):
    answer = content(gateway, new_session(), name.replace("/", "%2F"))
    assert (answer.status, answer.error()) == (400, want), answer


def test_what_is_not_there(gateway):
    session = new_session()
    for answer in (get(gateway, "/files/none.txt" + q(session)), content(gateway, session, "none.txt"),
                   gateway.send("DELETE", "/files/none.txt" + q(session), headers=headers(gateway, None))):
        assert (answer.status, answer.error()) == (404, "FileNotFound"), answer


def test_upload_that_the_policy_denies_reaches_no_session(gateway):
    session = new_session()
    answer = put(gateway, session, "evil.py", b"import os\nos.system('id')\n")
    assert (answer.status, answer.error()) == (403, "PolicyDenied"), answer
    assert answer.json()["error"]["details"]
    assert get(gateway, "/files" + q(session)).json()["value"] == []
    denial = [entry for entry in gateway.entries() if entry["kind"] == "denial"][-1]
    assert denial["operation"] == "file-put" and denial["code_sha256"] == hashlib.sha256(
        b"import os\nos.system('id')\n").hexdigest()


def test_upload_is_in_the_log_with_its_digest(gateway):
    data = os.urandom(1000)
    answer = put(gateway, new_session(), "noise.txt", data)
    entry = gateway.entries()[int(answer.header("x-sallyport-entry"))]
    assert (entry["kind"], entry["operation"], entry["code_sha256"]) == ("intent", "file-put", hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("body,code", [
    (b"{}", "InvalidMultipart"), (b"", "InvalidMultipart"), (b"--0a1b2c\r\n", "InvalidMultipart"),
    (multipart("a.txt", b"x")[:-10], "InvalidMultipart"),
    (multipart("a.txt", b"x")[:-12] + b"\r\n" + multipart("b.txt", b"y"), "InvalidMultipart"),
    (multipart("", b"x"), "InvalidFileName"),
])
def test_bodies_that_are_no_upload(gateway, body, code):
    answer = gateway.send("POST", "/files" + q(new_session()), body, headers(gateway) + [("Content-Length", str(len(body)))])
    assert (answer.status, answer.error()) == (400, code), answer


def test_upload_of_another_type_is_415(gateway):
    answer = gateway.send("POST", "/files" + q(new_session()), b"{}", headers(gateway, "application/json"))
    assert (answer.status, answer.error()) == (415, "UnsupportedMediaType"), answer


@pytest.mark.parametrize("size", [0, 1, 16_000, 17_000, 300_000, 3_000_000])
def test_files_of_any_size(gateway, size):
    session, data = new_session(), os.urandom(size)
    answer = put(gateway, session, "size.bin.txt", data)
    if answer.status == 403:
        pytest.skip("the policy has something against noise of this size")
    assert answer.json()["sizeInBytes"] == size
    got = content(gateway, session, "size.bin.txt")
    assert (got.status, hashlib.sha256(got.body).digest()) == (200, hashlib.sha256(data).digest())


@pytest.mark.parametrize("value,status,want,field", [
    ("bytes=0-3", 206, b"0123", "bytes 0-3/10"), ("bytes=7-", 206, b"789", "bytes 7-9/10"), ("bytes=-2", 206, b"89", "bytes 8-9/10"),
    ("bytes=5-100", 206, b"56789", "bytes 5-9/10"), ("bytes=10-", 416, None, "bytes */10"), ("bytes=3-1", 200, b"0123456789", None),
    ("bytes=0-1,3-4", 200, b"0123456789", None), ("lines=0-1", 200, b"0123456789", None),
])
def test_ranges(gateway, value, status, want, field):
    session = new_session()
    put(gateway, session, "r.txt", b"0123456789")
    answer = content(gateway, session, "r.txt", extra=[("Range", value)])
    assert (answer.status, answer.header("content-range")) == (status, field), answer
    assert want is None or answer.body == want


def test_head_and_options(gateway):
    session = new_session()
    put(gateway, session, "h.txt", b"0123456789")
    with gateway.connect() as connection:
        connection.send(rawhttp.request("HEAD", "/files/h.txt/content" + q(session), headers(gateway, None)))
        line = connection.line()
        fields = {}
        while True:
            field = connection.line()
            if not field:
                break
            fields[field.split(":")[0].lower()] = field.split(":", 1)[1].strip()
        assert " 200 " in line and fields["content-length"] == "10"
        connection.send(rawhttp.request("OPTIONS", "/files" + q(session), headers(gateway, None)))
        answer = connection.read()
    assert (answer.status, answer.header("allow")) == (204, "GET, HEAD, OPTIONS, POST"), answer


def test_wrong_method_names_the_right_ones(gateway):
    answer = gateway.send("PUT", "/files/x.txt" + q(new_session()), headers=headers(gateway, None))
    assert (answer.status, answer.header("allow")) == (405, "DELETE, GET, HEAD, OPTIONS"), answer


def test_files_of_another_session_are_not_there(gateway):
    mine, other = new_session(), new_session()
    put(gateway, mine, "m.txt", b"mine")
    assert content(gateway, other, "m.txt").status == 404


def test_every_operation_is_recorded(gateway):
    session = new_session()
    before = len(gateway.answered())
    put(gateway, session, "l.txt", b"l")
    get(gateway, "/files" + q(session))
    content(gateway, session, "l.txt")
    entries = gateway.answered()[before:]
    assert [(entry["kind"], entry["operation"]) for entry in entries] == [
        ("intent", "file-put"), ("intent", "file-list"), ("intent", "file-content")]
    assert len({entry["session"] for entry in entries}) == 1
    assert session not in json.dumps(entries)


def test_code_of_a_run_is_not_a_file(gateway):
    assert gateway.send("POST", executions(new_session()), multipart("a.py", b"1"), headers(gateway)).status == 415


@pytest.mark.parametrize("size", [10, 20_000, 700_000])
def test_uploads_in_chunks(gateway, size):
    session, data = new_session(), b"1,2\n" * (size // 4)
    body = multipart("c.csv", data)
    pieces = [body[at:at + 5000] for at in range(0, len(body), 5000)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    answer = gateway.send("POST", "/files" + q(session), chunks, headers(gateway) + [("Transfer-Encoding", "chunked")], timeout=60)
    assert answer.status == 200 and answer.json()["sizeInBytes"] == len(data), answer
    assert content(gateway, session, "c.csv").body == data


def test_range_is_of_the_file_that_was_begun(gateway):
    session = new_session()
    put(gateway, session, "c.txt", b"0123456789")
    date = content(gateway, session, "c.txt").header("last-modified")
    for condition, status, want in ((date, 206, b"0123"), ("Mon, 01 Jan 2024 00:00:00 GMT", 200, b"0123456789"), ('"a-tag"', 200, b"0123456789")):
        answer = content(gateway, session, "c.txt", extra=[("Range", "bytes=0-3"), ("If-Range", condition)])
        assert (answer.status, answer.body) == (status, want), (condition, answer)


def test_options_of_the_server(gateway):
    with gateway.connect() as connection:
        connection.send(rawhttp.request("OPTIONS", "*", headers(gateway, None)))
        answer = connection.read()
        assert (answer.status, answer.header("allow"), answer.header("content-type")) == (204, "DELETE, GET, HEAD, OPTIONS, POST", None), answer
        connection.send(rawhttp.request("GET", "/files" + q(new_session()), headers(gateway, None)))
        assert connection.read().status == 200


def test_pool_with_the_name_of_an_operation(gateway):
    """Behind `sessionPools` stands the name of a pool, whatever it is."""
    session = new_session()
    put(gateway, session, "p.txt", b"12")
    for name in ("files", "executions", "session", "code"):
        pool = f"/subscriptions/s/resourceGroups/files/sessionPools/{name}"
        assert [entry["name"] for entry in get(gateway, pool + "/files" + q(session)).json()["value"]] == ["p.txt"], name
        assert get(gateway, pool + "/files/p.txt/content" + q(session)).body == b"12"
        assert "identifier" in get(gateway, pool + "/session" + q(session)).json()


DATED = "2024-09-01"


def test_files_of_the_version_with_paths_of_its_own(gateway):
    session, data = new_session(), bytes(range(256)) * 391 + b"x"
    target = "/p/files:uploadFile" + q(session, DATED, "&path=d")
    seen = gateway.send("POST", target, multipart("a b.txt", data), headers(gateway), timeout=60).json()
    assert (seen["fileName"], seen["sizeInBytes"]) == ("d/a b.txt", len(data)) and seen["createdAt"] and seen["lastModifiedAt"]
    listed = get(gateway, "/files" + q(session, DATED, "&path=d")).json()["value"]
    assert [(entry["fileName"], entry["properties"]["filename"]) for entry in listed] == [("d/a b.txt", "d/a b.txt")]
    assert get(gateway, "/files/a%20b.txt" + q(session, DATED, "&path=d")).json()["sizeInBytes"] == len(data)
    for name, more in (("a%20b.txt", "&path=d"), ("d/a%20b.txt", ""), ("d%2Fa%20b.txt", "")):
        got = gateway.send("POST", f"/files/{name}:downloadFile" + q(session, DATED, more), headers=headers(gateway, None), timeout=60)
        assert got.header("content-type") == "application/json" and base64.b64decode(got.json()["content"], validate=True) == data
    missing = gateway.send("POST", "/files/no.txt:downloadFile" + q(session, DATED), headers=headers(gateway, None))
    assert (missing.status, missing.error()) == (404, "FileNotFound")
    gone = gateway.send("DELETE", "/files/d%2Fa%20b.txt" + q(session, DATED), headers=headers(gateway, None))
    assert gone.status == 204
    elsewhere = gateway.send("POST", "/files:uploadFile" + q(session, NEW), multipart("x.txt", b"x"), headers(gateway))
    assert (elsewhere.status, elsewhere.error()) == (404, "NotFound")


def test_name_that_may_not_be_is_told_what_may(gateway):
    answer = put(gateway, new_session(), "c++.txt", b"x")
    assert (answer.status, answer.error()) == (400, "InvalidFileName") and "letters, digits" in answer.json()["error"]["message"], answer
