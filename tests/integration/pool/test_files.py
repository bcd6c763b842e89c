"""Files of a session over the pool's socket: in, out, listed, deleted, and never outside of /mnt/data."""

import http.client
import json
import os
import threading
import time
import urllib.parse

import pytest

from pool_driver import Connection, VERSION


class Files:
    """The operations on one session's files."""

    def __init__(self, pool, identifier):
        self.pool, self.identifier = pool, identifier

    def target(self, target, /, **query):
        query = {"api-version": VERSION, "identifier": self.identifier, **query}
        return target + "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)

    def raw(self, method, target, body=None, headers=None):
        """(status, headers, bytes)"""
        connection = self.pool.connection()
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def put(self, name, data, **query):
        head = ('--edge\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n' % name).encode()
        status, _, body = self.raw("POST", self.target("/files", **query), head + data + b"\r\n--edge--\r\n",
                                   {"Content-Type": "multipart/form-data; boundary=edge"})
        return status, json.loads(body)

    def get(self, name, headers=None, **query):
        return self.raw("GET", self.target("/files/%s/content" % urllib.parse.quote(name, safe=""), **query), None, headers)

    def about(self, name, **query):
        status, _, body = self.raw("GET", self.target("/files/" + urllib.parse.quote(name, safe=""), **query))
        return status, json.loads(body)

    def delete(self, name, **query):
        return self.raw("DELETE", self.target("/files/" + urllib.parse.quote(name, safe=""), **query))[0]

    def list(self, **query):
        status, _, body = self.raw("GET", self.target("/files", **query))
        return status, json.loads(body)


@pytest.fixture
def files(pool, session):
    name = session("1").body["identifier"]
    return Files(pool, name)


def test_file_goes_in_is_used_and_comes_out(files, session):
    status, body = files.put("table.csv", b"a,b\n1,2\n")
    assert status == 200
    assert (body["name"], body["type"], body["contentType"], body["sizeInBytes"], body["directory"]) == \
        ("table.csv", "file", "text/csv", 8, "/mnt/data")
    assert body["lastModifiedAt"].endswith("Z")
    assert session("open('/mnt/data/table.csv').read()").result["executionResult"] == "a,b\n1,2\n"
    session("open('/mnt/data/made.bin', 'wb').write(bytes(range(256)))")
    status, headers, data = files.get("made.bin")
    assert (status, data) == (200, bytes(range(256)))
    assert headers["Content-Type"] == "application/octet-stream" and headers["Accept-Ranges"] == "bytes"
    assert headers["Last-Modified"].endswith("GMT")


def test_upload_allocates_a_session(pool):
    files = Files(pool, "upload-first")
    assert files.put("x.txt", b"x")[0] == 200
    assert pool.run("open('x.txt').read()", "upload-first").result["executionResult"] == "x"
    pool.ask("DELETE", "/session?identifier=upload-first")


def test_list_of_a_new_session_is_empty(pool):
    files = Files(pool, "list-first")
    assert files.list() == (200, {"value": [], "nextLink": None})
    assert files.about("nothing")[0] == 404
    pool.ask("DELETE", "/session?identifier=list-first")
    assert Files(pool, "never-was").get("x")[0] == 404
    assert pool.ask("GET", "/session?identifier=never-was").status == 404


def test_nested_folders_and_both_kinds_of_list(files, session):
    assert files.put("deep.txt", b"d", path="a/b c")[0] == 200
    assert files.put("/mnt/data/top.txt", b"t")[0] == 200
    assert files.put("other.txt", b"o", path="/mnt/data/a")[0] == 200
    names = [(e["directory"], e["name"], e["type"]) for e in files.list()[1]["value"]]
    assert names == [("/mnt/data", "a", "directory"), ("/mnt/data", "top.txt", "file")]
    names = [(e["directory"], e["name"]) for e in files.list(recursive="true")[1]["value"]]
    assert names == [("/mnt/data", "a"), ("/mnt/data/a", "b c"), ("/mnt/data/a/b c", "deep.txt"),
                     ("/mnt/data/a", "other.txt"), ("/mnt/data", "top.txt")]
    assert [e["name"] for e in files.list(path="/mnt/data/a/b c")[1]["value"]] == ["deep.txt"]
    assert files.about("deep.txt", path="a/b c")[1]["sizeInBytes"] == 1
    assert files.get("a/b c/deep.txt")[2] == b"d"
    assert files.delete("a") == 409
    assert files.delete("deep.txt", path="a/b c") == 204 and files.delete("b c", path="a") == 204
    assert files.delete("deep.txt", path="a") == 404
    assert files.list(path="nothing")[0] == 404


def test_overwrites_silently_and_keeps_names_of_every_script(files):
    for name in ("a b-c_d.e@$&=;,#%^().txt", "\u00fcbersicht \u65e5\u672c.txt"):
        assert files.put(name, b"one")[0] == 200
        assert files.put(name, b"second")[0] == 200
        assert files.get(name)[2] == b"second"
        assert files.about(name)[1]["name"] == name


@pytest.mark.parametrize("name", ["..", "a/../../x", "a*b", "a\\\\b", "a:b", "a|b", "x/..", "\x01"])
def test_names_that_the_api_does_not_take(files, name):
    status, body = files.put(name, b"x")
    assert status == 400 and body["error"]["code"] in ("InvalidFileName", "InvalidRequest")


def test_ranges(files):
    files.put("digits.txt", b"0123456789")
    for value, status, data, place in (("bytes=2-4", 206, b"234", "bytes 2-4/10"), ("bytes=-2", 206, b"89", "bytes 8-9/10"),
                                       ("bytes=7-", 206, b"789", "bytes 7-9/10"), ("bytes=0-1,3-4", 200, b"0123456789", None)):
        got = files.get("digits.txt", {"Range": value})
        assert (got[0], got[2], got[1]["Content-Range"]) == (status, data, place)
    status, headers, body = files.get("digits.txt", {"Range": "bytes=10-"})
    assert status == 416 and headers["Content-Range"] == "bytes */10"
    assert json.loads(body)["error"]["code"] == "RangeNotSatisfiable"
    assert files.get("digits.txt")[0] == 200


def test_empty_file(files):
    assert files.put("empty", b"")[1]["sizeInBytes"] == 0
    assert files.get("empty")[2] == b""


def test_file_of_the_largest_size_and_one_byte_more(files, session):
    data = os.urandom(1 << 20) * 128
    status, body = files.put("big.bin", data)
    assert (status, body["sizeInBytes"]) == (200, 128 << 20)
    assert files.get("big.bin")[2] == data
    assert files.put("big.bin", data + b"x")[0] == 413
    assert files.about("big.bin")[1]["sizeInBytes"] == 128 << 20
    assert [e["name"] for e in files.list()[1]["value"]] == ["big.bin"]
    assert session("import os; os.remove('big.bin'); os.listdir('.')").result["executionResult"] == []


def test_full_disk_is_named_and_nothing_is_left(make_pool):
    pool = make_pool(sessions=1, ready=0, options=("--data", str(4 << 20)))
    files = Files(pool, "disk")
    assert files.put("fits", b"x" * (3 << 20))[0] == 200
    status, body = files.put("too-much", b"x" * (3 << 20))
    assert (status, body["error"]["code"]) == (507, "SessionDiskFull") and "data" in body["error"]["message"]
    assert [e["name"] for e in files.list()[1]["value"]] == ["fits"]
    assert files.put("small", b"x")[0] == 200


def test_links_of_a_session_lead_nowhere(files, session):
    session("import os\nos.symlink('/etc/passwd', 'passwd'); os.symlink('/etc', 'etc'); os.symlink('/proc/self/root', 'root')\n"
            "os.mkfifo('fifo'); os.link('/mnt/data/fifo', 'hard')")
    assert files.list()[1]["value"] == []
    for name in ("passwd", "etc/passwd", "root/etc/passwd", "fifo", "hard"):
        assert files.get(name)[0] == 409
    assert files.put("x", b"x", path="etc")[0] == 409
    assert files.get("../../etc/passwd")[0] == 400
    assert files.delete("passwd") == 204


def test_directory_that_changes_all_the_time_shows_only_what_is_in_it(files, session):
    """A race between a directory and a link to /etc: an answer is the session's own file, or a refusal."""
    session("import os, threading\nos.mkdir('own'); open('own/hostname', 'w').write('mine'); os.symlink('/etc', 'link')\n"
            "on = [True]\ndef swap():\n    while on:\n        try:\n            os.rename('own', 'x'); os.rename('link', 'own')\n"
            "            os.rename('own', 'link'); os.rename('x', 'own')\n        except OSError: pass\n"
            "t = threading.Thread(target=swap, daemon=True); t.start()")
    seen = set()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        status, _, data = files.get("own/hostname")
        seen.add((status, data if status == 200 else b""))
    session("on.clear(); t.join()")
    assert {data for status, data in seen if status == 200} == {b"mine"}
    assert {status for status, _ in seen} <= {200, 404, 409}


def test_files_are_served_while_a_run_is_on(pool, files):
    connection = Connection(pool.socket)
    code = ("import os, time\nopen('/mnt/data/begun', 'w').close()\n"
            "while not os.path.exists('/mnt/data/meanwhile'):\n    time.sleep(0.02)\nos.path.getsize('/mnt/data/meanwhile')")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(pool.run(code, files.identifier, connection=connection)))
    thread.start()
    while files.get("begun")[0] != 200:
        time.sleep(0.02)
    assert files.put("meanwhile", b"x")[0] == 200 and files.get("meanwhile")[2] == b"x"
    thread.join()
    connection.close()
    assert answers[0].result["executionResult"] == 1


def test_upload_that_breaks_off_leaves_nothing(pool, files):
    connection = Connection(pool.socket)
    connection.putrequest("POST", files.target("/files"))
    connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
    connection.putheader("Content-Length", "100000")
    connection.endheaders(b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nhalf')
    time.sleep(0.2)
    connection.close()
    time.sleep(0.2)
    assert files.list()[1]["value"] == []
    assert files.put("x", b"whole")[0] == 200


def test_chunked_upload(pool, files):
    connection = pool.connection()
    body = [b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n', b"0123" * 50000, b"\r\n--edge--\r\n"]
    connection.request("POST", files.target("/files"), iter(body), {"Content-Type": "multipart/form-data; boundary=edge"},
                       encode_chunked=True)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["sizeInBytes"]) == (200, 200000)


def test_asynchronous_execution(pool, session):
    def ask(identifier, code):
        body = json.dumps({"code": code, "executionType": "Asynchronous", "timeoutInSeconds": 20})
        return pool.ask("POST", "/executions?identifier=" + identifier, body)

    name = session("kept = 1").body["identifier"]
    answer = ask(name, "import time; time.sleep(2); print('late'); kept + 1")
    assert answer.status == 200 and answer.body["executionType"] == "Asynchronous"
    assert answer.body["status"] == "Running" and answer.body["result"] is None
    path = "/executions/%s?identifier=%s" % (answer.body["id"], name)
    assert pool.ask("GET", path).body["status"] == "Running"
    until = time.monotonic() + 60
    while pool.ask("GET", path).body["status"] == "Running" and time.monotonic() < until:
        time.sleep(0.05)
    done = pool.ask("GET", path).body
    assert done["id"] == answer.body["id"] and done["status"] == "Succeeded"
    assert done["result"]["stdout"] == "late\n" and done["result"]["executionResult"] == 2
    assert pool.ask("GET", path.replace(name, "other-name")).status == 404
    assert pool.ask("GET", "/executions/0000000000000000?identifier=" + name).code == "ExecutionNotFound"


def test_streams_are_cut_where_the_client_says(pool, session):
    name = session("1").body["identifier"]
    body = json.dumps({"code": "print('x' * 10000, end='')", "outputStreamsMaxLength": 100})
    result = pool.ask("POST", "/executions?identifier=" + name, body).result
    assert result["stdout"] == "x" * 100 and result["isStdoutTruncated"] is True


def test_strange_names_and_kinds_of_a_session_do_no_harm(files, session):
    """Whatever lies there is listed if it is a file with a name in UTF-8; what the API does not name cannot be asked for."""
    session("import os, socket\nsocket.socket(socket.AF_UNIX).bind('/mnt/data/socket'); os.mkfifo('fifo')\n"
            "for name in (b'not\\xffutf-8', b'line\\nend', b'a:b', b'.hidden', b'-rf', b'%41', b'q?x#y', b'\\x01', 'e\\u0301'.encode()):\n"
            "    open(name, 'w').write('x')")
    names = {entry["name"] for entry in files.list()[1]["value"]}
    assert names == {"line\nend", "a:b", ".hidden", "-rf", "%41", "q?x#y", "\x01", "e\u0301"}
    for name in ("a:b", ".hidden", "-rf", "%41", "q?x#y", "e\u0301"):
        assert files.get(name)[0::2] == (200, b"x") and files.delete(name) == 204
    for name in ("line\nend", "\x01"):
        assert files.get(name)[0] == 400
    for name in ("socket", "fifo"):
        assert files.get(name)[0] == 409


def test_files_that_nobody_may_read_are_conflicts(files, session):
    session("import os\nopen('closed', 'w').write('x'); os.chmod('closed', 0); os.mkdir('shut'); open('shut/x', 'w'); os.chmod('shut', 0)")
    assert files.get("closed")[0] == 409 and files.get("shut/x")[0] == 409 and files.list(path="shut")[0] == 409
    assert files.put("x", b"x", path="shut")[0] == 409
    assert files.list(recursive="true")[0] == 200
    assert files.put("closed", b"new")[0] == 200 and files.get("closed")[2] == b"new"
    session("os.chmod('/mnt/data', 0)")
    assert files.list()[0] == 409 and files.put("y", b"y")[0] == 409
    session("os.chmod('/mnt/data', 0o755)")
    assert files.put("y", b"y")[0] == 200


def test_sparse_and_many_and_deep(files, session):
    session("import os\nopen('sparse', 'w').close(); os.truncate('sparse', 300 << 20)")
    assert files.get("sparse", {"Range": "bytes=-4"})[0::2] == (206, b"\0" * 4)
    assert files.about("sparse")[1]["sizeInBytes"] == 300 << 20
    made = session("os.mkdir('many')\ntry:\n    for n in range(100000): open('many/%d' % n, 'w').close()\nexcept OSError: pass\n"
                   "len(os.listdir('many'))", timeout=120).result["executionResult"]
    status, body = files.list(path="many")
    assert (status == 200 and len(body["value"]) == made) or (status == 413 and made >= 65536)
    session("import shutil; shutil.rmtree('many')\nfor n in range(100):\n    os.mkdir('d'); os.chdir('d')\nos.chdir('/mnt/data')")
    status, body = files.list(recursive="true")
    assert status == 200 and [e["name"] for e in body["value"]].count("d") == 100
    assert files.put("bottom", b"b", path="/".join(["d"] * 100))[0] == 200
    listed = [e for e in files.list(recursive="true")[1]["value"] if e["name"] == "bottom"]
    assert [e["directory"] for e in listed] == ["/mnt/data" + "/d" * 100]


def test_storm_of_renames_and_removals_gets_plain_answers(files, session):
    session("""
import os, shutil, threading
on = [1]
def storm():
    while on:
        try:
            os.makedirs('s/a/b', exist_ok=True); open('s/a/b/f', 'w').write('x' * 1000)
            os.rename('s', 'other'); shutil.rmtree('other')
        except OSError:
            pass
threads = [threading.Thread(target=storm, daemon=True) for _ in range(3)]
for t in threads: t.start()""")
    seen = set()
    for _ in range(150):
        seen.add(files.list(recursive="true")[0])
        seen.add(files.put("f", b"y", path="s/a/b")[0])
        seen.add(files.delete("s/a/b/f"))
        try:
            status, _, data = files.get("s/a/b/f")
            assert status != 200 or data in (b"", b"y", b"x" * 1000)
            seen.add(status)
        except http.client.IncompleteRead:
            # It became shorter after its size had been told: then the connection ends.
            files.pool.connections.clear()
    assert seen <= {200, 204, 404, 409}
    assert session("on.clear()\nfor t in threads: t.join()\n1").result["executionResult"] == 1


def test_place_of_the_files_cannot_be_taken_away(files, session):
    for code in ("os.rename('/mnt/data', '/mnt/other')", "os.rmdir('/mnt/data')", "os.symlink('/etc', '/mnt/data2')"):
        assert session("import os; " + code).result["errorName"] in ("OSError", "PermissionError")
    assert files.put("still", b"x")[0] == 200
