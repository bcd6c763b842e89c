"""The wire form of each known client, byte by byte as it was seen or read in its source, and what it reads of the answers."""

import base64
import json
import urllib.parse

import pytest

from support import rawhttp
from support.gateway import Gateway, new_session

CONFIG = "[pool]\nready_sessions = 2\n[pool.session]\npreload = [\"numpy\", \"matplotlib\"]\n"
POOL = "/subscriptions/s/resourceGroups/g/sessionPools/p"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


class Client:
    """A kept connection that sends heads as a client's library writes them."""

    def __init__(self, gateway):
        self.gateway, self.connection = gateway, gateway.connect(60)

    def send(self, method, target, fields=(), body=b"", length=True):
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"] + [f"{name}: {value}" for name, value in fields]
        lines.append(f"Authorization: Bearer {self.gateway.token()}")
        if length and body:
            lines.append(f"Content-Length: {len(body)}")
        self.connection.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        answer = self.connection.read()
        while answer is not None and answer.status == 100:
            answer = self.connection.read()
        assert answer is not None, self.gateway.output()
        return answer

    def json(self, method, target, fields=(), body=b"", **more):
        answer = self.send(method, target, fields, body, **more)
        assert 200 <= answer.status < 300, answer
        return answer.json()


@pytest.fixture
def client(gateway):
    made = Client(gateway)
    yield made
    made.connection.close()


def chunked(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


def form(boundary, head, data):
    return f"--{boundary}\r\n{head}\r\n".encode("utf-8") + data + f"\r\n--{boundary}--\r\n".encode()


REQUESTS = [("User-Agent", "python-requests/2.32.3"), ("Accept-Encoding", "gzip, deflate"), ("Accept", "*/*"), ("Connection", "keep-alive")]


def test_langchain_python(client):
    session = "a/b-" + new_session()
    quoted = urllib.parse.quote(session)  # leaves the slash as it is
    fields = REQUESTS + [("Content-Type", "application/json")]

    def run(code):
        body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": code}}).encode()
        return client.json("POST", f"{POOL}/code/execute?identifier={quoted}&api-version=2024-02-02-preview", fields, body)["properties"]

    properties = run("print('hello')\n42")
    assert (properties["result"], properties["stdout"], properties["stderr"]) == (42, "hello\n", "")
    image = run(PLOT)["result"]
    assert image["type"] == "image" and image.pop("base64_data") and image["format"] == "png"
    boundary = "d1f7a7c3cf3b4e5f8a1b"
    head = 'Content-Disposition: form-data; name="file"; filename="test.csv"\r\nContent-Type: application/octet-stream\r\n'
    uploaded = client.json("POST", f"{POOL}/files/upload?identifier={quoted}&api-version=2024-02-02-preview",
                           REQUESTS + [("Content-Type", f"multipart/form-data; boundary={boundary}")], form(boundary, head, b"a,b\n"))
    first = uploaded["value"][0]["properties"]
    assert (first["filename"], first["size"]) == ("test.csv", 4)
    got = client.send("GET", f"{POOL}/files/content/test.csv?identifier={quoted}&api-version=2024-02-02-preview", REQUESTS)
    assert (got.status, got.body) == (200, b"a,b\n")
    listed = client.json("GET", f"{POOL}/files?identifier={quoted}&api-version=2024-02-02-preview", REQUESTS)
    assert [entry["properties"]["filename"] for entry in listed["value"]] == ["test.csv"]
    gone = client.send("DELETE", f"{POOL}/session?identifier={quoted}&api-version=2025-10-02-preview", REQUESTS)
    assert gone.status == 204


def test_langchain_python_with_a_query_in_its_endpoint(client):
    """The separator is & when the endpoint has a question mark already: ep?x=1/code/execute."""
    query = f"identifier={new_session()}&api-version=2024-02-02-preview"
    body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "6*7"}}).encode()
    headers = REQUESTS + [("Content-Type", "application/json")]
    assert client.json("POST", f"{POOL}?x=1/code/execute&{query}", headers, body)["properties"]["result"] == 42
    assert client.json("GET", f"{POOL}?x=1/files&{query}", REQUESTS)["value"] == []
    answer = client.send("POST", f"{POOL}?x=1/nothing&{query}", headers, body)
    assert answer.status == 404 and answer.error() == "NotFound"


def test_langchain_js(client):
    session = urllib.parse.quote(new_session() + "|", safe="")
    fields = [("Content-Type", "application/json"), ("User-Agent", "langchain-azure-dynamic-sessions/1.0.1 (Language=JavaScript)"),
              ("accept", "*/*"), ("accept-language", "*"), ("sec-fetch-mode", "cors"), ("accept-encoding", "gzip, deflate"), ("connection", "keep-alive")]
    body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print(1)\n'v'"}}).encode()
    properties = client.json("POST", f"{POOL}/code/execute?identifier={session}&api-version=2024-02-02-preview", fields, body)["properties"]
    assert (properties["result"], properties["stdout"], properties["stderr"]) == ("v", "1\n", "")
    boundary = "----formdata-undici-012345678901"
    head = 'Content-Disposition: form-data; name="file"; filename="remote name.txt"\r\nContent-Type: application/octet-stream\r\n'
    uploaded = client.json("POST", f"{POOL}/files/upload?identifier={session}&api-version=2024-02-02-preview",
                           [("content-type", f"multipart/form-data; boundary={boundary}"), ("transfer-encoding", "chunked")],
                           chunked(*[form(boundary, head, b"data")[i:i + 40] for i in range(0, 300, 40)]), length=False)
    assert uploaded["value"][0]["properties"]["filename"] == "remote name.txt"
    listed = client.json("GET", f"{POOL}/files?identifier={session}&api-version=2024-02-02-preview", fields[1:])
    assert listed["value"][0]["properties"]["size"] == 4


def test_semantic_kernel_python(client):
    session = new_session()  # raw in the query, with the content type of before on the upload
    fields = [("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"), ("Connection", "keep-alive"), ("User-Agent", "python-httpx/0.28.1"),
              ("Content-Type", "application/json")]
    body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print(2)", "timeoutInSeconds": 100}}).encode()
    properties = client.json("POST", f"{POOL}/code/execute?identifier={session}&api-version=2024-02-02-preview", fields, body)["properties"]
    assert {"status", "result", "stdout", "stderr"} <= set(properties) and properties["status"] == "Success"
    boundary = "7b0e9a0d5c1f4c6b"
    head = 'Content-Disposition: form-data; name="file"; filename="/mnt/data/sk.txt"\r\nContent-Type: application/octet-stream\r\n'
    client.json("POST", f"{POOL}/files/upload?identifier={session}&api-version=2024-02-02-preview", fields, form(boundary, head, b"sk"))
    listed = client.json("GET", f"{POOL}/files?identifier={session}&api-version=2024-02-02-preview", fields)
    found = [entry["properties"] for entry in listed["value"]]
    assert [(entry["filename"].removeprefix("/mnt/data/"), entry["size"]) for entry in found] == [("sk.txt", 2)]
    got = client.send("GET", f"{POOL}/files/content/sk.txt?identifier={session}&api-version=2024-02-02-preview", fields)
    assert got.body == b"sk"


def test_semantic_kernel_dotnet(client):
    session = new_session()
    fields = [("Accept", "application/json"), ("User-Agent", "Semantic-Kernel/1.44 (Language=dotnet)"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]
    body = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "timeoutInSeconds": 100, "code": "print(3)\n7"}).encode()
    answer = client.send("POST", f"{POOL}/executions?identifier={session}&api-version=2024-10-02-preview",
                         fields + [("Content-Type", "application/json; charset=utf-8"), ("Expect", "100-continue")], body)
    assert answer.status == 202
    result = answer.json()["result"]
    assert answer.json()["status"] == "Succeeded" and result["executionResult"] == "7" and result["stdout"] == "3\n"
    boundary = "5d4d0a05-0f1f-4c3f-9d57-2a7a4f1b7a11"
    head = "Content-Disposition: form-data; name=file; filename=net.txt; filename*=utf-8''net.txt\r\n"
    uploaded = client.json("POST", f"{POOL}/files?identifier={session}&api-version=2024-10-02-preview",
                           fields + [("Content-Type", f'multipart/form-data; boundary="{boundary}"')], form(boundary, head, b"net"))
    assert uploaded["name"] == "net.txt" and uploaded["type"] and uploaded["lastModifiedAt"][:2] == "20" and uploaded["sizeInBytes"] == 3
    listed = client.json("GET", f"{POOL}/files?identifier={session}&api-version=2024-10-02-preview", fields)
    assert all({"name", "type", "lastModifiedAt"} <= set(entry) for entry in listed["value"])
    got = client.send("GET", f"{POOL}/files/net.txt/content?identifier={session}&api-version=2024-10-02-preview", fields)
    assert got.body == b"net"


def test_semantic_kernel_dotnet_of_2024(client):
    """Its first versions name the session of a run in the body alone, and the file of a download in the query."""
    session = new_session()
    fields = [("User-Agent", "Semantic-Kernel/1.20 (Language=dotnet)")]

    def run(code, target=f"{POOL}/python/execute?api-version=2024-02-02-preview", name=session):
        body = json.dumps({"properties": {"identifier": name, "codeInputType": "inline", "executionType": "synchronous",
                                          "timeoutInSeconds": 100, "pythonCode": code}}).encode()
        return client.send("POST", target, fields + [("Content-Type", "application/json; charset=utf-8")], body)

    answer = run("x = 3\nprint(x)\nx")
    assert answer.status == 200, answer
    assert {name: answer.json()[name] for name in ("status", "result", "stdout", "stderr")} == {
        "status": "Success", "result": "3", "stdout": "3\n", "stderr": ""}
    assert run("print(x)").json()["stdout"] == "3\n"  # one session
    assert "NameError" in run("print(x)", name=new_session()).json()["stderr"]
    query = f"identifier={session}&api-version=2024-02-02-preview"
    assert run("print(x)", f"{POOL}/python/execute?{query}").json()["stdout"] == "3\n"  # the same in both places
    refused = run("print(x)", f"{POOL}/python/execute?{query}", new_session())
    assert (refused.status, refused.json()["error"]["code"]) == (400, "InvalidIdentifier"), refused
    assert "twice" in refused.json()["error"]["message"]
    boundary = "5d4d0a05-0f1f-4c3f-9d57-2a7a4f1b7a11"
    head = "Content-Disposition: form-data; name=file; filename=net.txt; filename*=utf-8''net.txt\r\n"
    uploaded = client.json("POST", f"{POOL}/files/upload?{query}", fields + [("Content-Type", f'multipart/form-data; boundary="{boundary}"')],
                           form(boundary, head, b"net"))
    assert uploaded["value"][0]["properties"]["filename"] == "net.txt"
    got = client.send("GET", f"{POOL}/python/downloadFile?identifier={session}&filename=net.txt&api-version=2024-02-02-preview", fields)
    assert (got.status, got.body) == (200, b"net"), got
    unnamed = client.send("GET", f"{POOL}/python/downloadFile?{query}", fields)
    assert (unnamed.status, unnamed.json()["error"]["code"]) == (400, "InvalidFileName"), unnamed


def test_autogen(client):
    session = new_session()
    fields = [("Content-Type", "application/json"), ("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"), ("User-Agent", "Python/3.12 aiohttp/3.11.11")]
    query = f"?api-version=2024-02-02-preview&identifier={session}"

    def run(code):
        body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": code}}).encode()
        return client.json("POST", f"{POOL}/code/execute{query}", fields, body)["properties"]

    done = run("import os; os.chdir('/mnt/data')")
    assert "Success" in done["status"] and isinstance(done["stderr"] + done["stdout"], str) and "result" in done
    failed = run("1/0")
    assert "Failure" in failed["status"] and "ZeroDivisionError" in failed["stderr"]
    boundary = "6f1cbbd0b2f14be1"
    head = 'Content-Type: application/octet-stream\r\nContent-Disposition: form-data; name="file"; filename="auto.txt"\r\n'
    body = form(boundary, head, b"gen")
    client.json("POST", f"{POOL}/files/upload{query}", fields[1:] + [("Content-Type", f"multipart/form-data; boundary={boundary}"),
                                                                     ("Transfer-Encoding", "chunked")], chunked(body[:60], body[60:]), length=False)
    assert run("print(open('auto.txt').read())")["stdout"] == "gen\n"
    listed = client.json("GET", f"{POOL}/files{query}", fields[1:])
    assert [entry["properties"]["filename"] for entry in listed["value"]] == ["auto.txt"]
    assert client.send("GET", f"{POOL}/files/content/auto.txt{query}", fields[1:]).body == b"gen"


def test_llamaindex_python(client):
    session = urllib.parse.quote(new_session())
    body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print(5)\n"}}).encode()
    query = f"?api-version=2024-02-02-preview&identifier={session}"
    answer = client.json("POST", f"{POOL}/code/execute{query}", REQUESTS + [("Content-Type", "application/json")], body)
    assert answer["properties"]["stdout"] == "5\n"
    boundary = "0cf0a3ad1f5c"
    head = 'Content-Disposition: form-data; name="file"; filename="/mnt/data/llama.txt"\r\nContent-Type: application/octet-stream\r\n'
    uploaded = client.json("POST", f"{POOL}/files/upload{query}", REQUESTS + [("Content-Type", f"multipart/form-data; boundary={boundary}")],
                           form(boundary, head, b"llama"))
    assert uploaded["value"][0]["properties"]["size"] == 5
    assert client.send("GET", f"{POOL}/files/content/llama.txt{query}", REQUESTS).body == b"llama"


def test_llamaindex_ts(client):
    session = new_session()
    body = json.dumps({"properties": {"identifier": session, "codeInputType": "inline", "executionType": "synchronous", "pythonCode": "print(6)\n1.5"}}).encode()
    query = f"?api-version=2024-02-02-preview&identifier={session}"
    answer = client.json("POST", f"{POOL}/python/execute{query}", [("Content-Type", "application/json"), ("accept", "*/*")], body)
    assert (answer["stdout"], answer["stderr"], answer["result"]) == ("6\n", "", "1.5")
    boundary = "----formdata-undici-098765432109"
    head = 'Content-Disposition: form-data; name="file"; filename="ts.txt"\r\nContent-Type: application/octet-stream\r\n'
    for path in ("files/upload", "python/uploadFile"):
        uploaded = client.json("POST", f"{POOL}/{path}{query}", [("content-type", f"multipart/form-data; boundary={boundary}")], form(boundary, head, b"ts"))
        assert uploaded["value"][0]["properties"]["filename"] == "ts.txt"


def test_openmanus(client):
    session = new_session()
    body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print(7)"}}).encode()
    target = f"{POOL}//code/execute?api-version=2024-02-02-preview&identifier={session}"  # an endpoint that ends in a slash
    answer = client.send("POST", target, [("Content-Type", "application/json")], body)
    assert answer.status == 200 and answer.json()["properties"]["executionOutput"] == "7\n"  # all that it shows of a run
    failing = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print(8)\n1/0"}}).encode()
    output = client.json("POST", target, [("Content-Type", "application/json")], failing)["properties"]["executionOutput"]
    assert output.startswith("8\n") and "ZeroDivisionError" in output
    refused = rawhttp.exchange(client.gateway.port, rawhttp.request("POST", target, [("Content-Type", "application/json")], body))
    assert refused.status == 401 and refused.json()["error"]["message"]  # it reads JSON before it looks at the status


def test_az_cli(client):
    session = new_session()
    query = f"identifier={session}&api-version=2024-10-02-preview"
    old_body = json.dumps({"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": "print(8)", "timeoutInSeconds": 60}}).encode()
    new_body = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(8)", "timeoutInSeconds": 60}).encode()
    for body in (old_body, new_body):
        answer = client.send("POST", f"{POOL}/executions?{query}", REQUESTS + [("Content-Type", "application/json")], body)
        assert answer.status in (200, 201, 202) and answer.json()["result"]["stdout"] == "8\n"
    boundary = "b6a1d3f64c04"
    head = 'Content-Disposition: form-data; name="file"; filename="az.txt"\r\n'
    uploaded = client.send("POST", f"{POOL}/files?path=dir&{query}", REQUESTS + [("Content-Type", f"multipart/form-data; boundary={boundary}")],
                           form(boundary, head, b"az"))
    assert uploaded.status == 200, uploaded
    listed = client.json("GET", f"{POOL}/files?identifier={session}&path=&api-version=2024-10-02-preview", REQUESTS)
    assert [(entry["name"], entry["type"]) for entry in listed["value"]] == [("dir", "directory")]
    assert client.send("GET", f"{POOL}/files/az.txt/content?path=dir&{query}", REQUESTS).body == b"az"
    assert client.json("GET", f"{POOL}/files/az.txt?path=dir&{query}", REQUESTS)["name"] == "az.txt"
    assert client.send("DELETE", f"{POOL}/files/az.txt?path=dir&{query}", REQUESTS).status == 204


def test_langchain_bash_files(client):
    """The files of SessionsBashTool; a policy that denies processes denies its commands, in words."""
    query = f"api-version=2025-02-02-preview&identifier={new_session()}"
    boundary = "4c1d0f9a"
    head = 'Content-Disposition: form-data; name="file"; filename="bash.txt"\r\nContent-Type: application/octet-stream\r\n'
    uploaded = client.json("POST", f"{POOL}/files?{query}&path=/mnt/data", REQUESTS + [("Content-Type", f"multipart/form-data; boundary={boundary}")],
                           form(boundary, head, b"bash"))
    assert (uploaded["name"], uploaded["sizeInBytes"]) == ("bash.txt", 4)
    assert client.send("GET", f"{POOL}/files/bash.txt/content?{query}", REQUESTS).body == b"bash"
    listed = client.json("GET", f"{POOL}/files?{query}", REQUESTS)
    assert [(entry["name"], entry["sizeInBytes"]) for entry in listed["value"]] == [("bash.txt", 4)]
    refused = client.send("POST", f"{POOL}/executions?{query}", REQUESTS + [("Content-Type", "application/json")], b'{"shellCommand": "ls"}')
    assert refused.status == 403 and refused.error() == "PolicyDenied" and "subprocess" in refused.json()["error"]["message"]


@pytest.fixture(scope="module")
def shell():
    """A gateway whose policy lets processes run."""
    config = '[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n[[tenant]]\nname = "local"\npolicy = "record-only"\n'
    it = Gateway(config)
    try:
        yield Client(it.start())
    finally:
        it.close()


def bash(client, session, **body):
    """As SessionsBashTool and SessionsBashBackend send it, and read it."""
    target = f"{POOL}/executions?identifier={session}&api-version=2025-02-02-preview"
    answer = client.json("POST", target, REQUESTS + [("Content-Type", "application/json")], json.dumps(body).encode())
    return int(answer["status"]), answer["result"]["stdout"], answer["result"]["stderr"]


def test_langchain_bash_commands(shell):
    session = new_session()
    assert bash(shell, session, shellCommand="echo hello") == (0, "hello\n", "")
    assert bash(shell, session, shellCommand="echo \"it's\" '\"q\"' $HOME >/dev/null; echo '\u00fc \U0001f600' >&2; exit 3") == (3, "", "\u00fc \U0001f600\n")
    assert bash(shell, session, shellCommand="false || no-such-command")[0] == 127
    assert bash(shell, session, shellCommand="kill -9 $$")[0] == 137
    assert bash(shell, session, execCommandAndArgs=["printf", "%s|", "a b", "$x"], stdin="") == (0, "a b|$x|", "")
    assert bash(shell, session, shellCommand="cat", stdin="from stdin\n") == (0, "from stdin\n", "")
    status, out, err = bash(shell, session, shellCommand="echo so far; sleep 300 & sleep 300", timeoutInSeconds=1)
    assert (status, out) == (124, "so far\n") and "did not end in its time" in err and "Traceback" not in err
    assert bash(shell, session, shellCommand="echo quick", timeoutInSeconds=600) == (0, "quick\n", "")
    assert bash(shell, session, execCommandAndArgs=["no-such-program"]) == (127, "", "no-such-program: No such file or directory\n")
    assert bash(shell, session, execCommandAndArgs=["/etc/passwd"]) == (126, "", "/etc/passwd: Permission denied\n")
    assert bash(shell, session, shellCommand="printf 'a\\0b'") == (0, "a\0b", "")
    assert bash(shell, session, shellCommand="pwd; cd /; pwd")[1] == "/mnt/data\n/\n"


def test_langchain_bash_backend(shell):
    """The commands of SessionsBashBackend: files written, listed, read, searched and edited by shell means."""
    session = new_session()
    content = base64.b64encode("one\ntwo\nthree\n".encode()).decode()
    assert bash(shell, session, shellCommand=f"mkdir -p $(dirname '/mnt/data/d/f.txt') && echo '{content}' | base64 -d > '/mnt/data/d/f.txt'")[0] == 0
    assert bash(shell, session, shellCommand="ls -1apL '/mnt/data' 2>/dev/null || true")[1].split() == ["./", "../", "d/"]
    awk = "awk 'NR>=2 && NR<=3 {printf \"%6d\\t%s\\n\", NR, $0}' '/mnt/data/d/f.txt' 2>&1"
    assert bash(shell, session, shellCommand=awk)[1] == "     2\ttwo\n     3\tthree\n"
    assert bash(shell, session, shellCommand="grep -rHnF 'two' '/mnt/data' 2>/dev/null || true")[1] == "/mnt/data/d/f.txt:2:two\n"
    found = "cd '/mnt/data' 2>/dev/null && find . -path './**/*.txt' -printf '%P\\n' 2>/dev/null"
    assert bash(shell, session, shellCommand=found)[1] == "d/f.txt\n"
    edit = "TMPF=$(mktemp) && sed 's/two/2/' '/mnt/data/d/f.txt' > \"$TMPF\" && mv \"$TMPF\" '/mnt/data/d/f.txt' && grep -cF 2 '/mnt/data/d/f.txt'"
    assert bash(shell, session, shellCommand=edit)[:2] == (0, "1\n")


def test_langchain_compute_backend(shell):
    """The successor's backend ends each program with a mark of its own, reads in windows of base64, and edits by awk."""
    session = new_session()
    mark = "__LCDONE0123456789abcdef__"
    assert bash(shell, session, shellCommand="mkdir -p '/tmp/w/src/sub' '/tmp/w/a dir'")[0] == 0
    text = base64.b64encode("h\u00e9llo w\u00f6rld \u2713\nneedle\n".encode()).decode()
    write = f"p='/tmp/w/src/sub/lib.py'; if [ -e \"$p\" ]; then exit 10; fi; printf %s '{text}' | base64 -d > \"$p\""
    assert [bash(shell, session, shellCommand=write)[0] for _ in range(2)] == [0, 10]
    found = "cd /tmp/w; { find . -path './src/*/*.py' -type f -print0; } | sort -zu | xargs -0 -r grep -HnFZ -e needle -- | head -n 3; true"
    assert bash(shell, session, shellCommand=found)[1] == "./src/sub/lib.py\0" + "2:needle\n"
    early = f"trap 'printf %s {mark}' EXIT; if [ ! -e /nothing ]; then echo __ERR__path_not_found; exit 0; fi; echo late"
    assert bash(shell, session, shellCommand=early) == (0, f"__ERR__path_not_found\n{mark}", "")
    window = "LC_ALL=C awk 'NR>=1 && NR<=1' /tmp/w/src/sub/lib.py | head -c 3000 | base64 | tr -d '\\n'; echo"
    assert base64.b64decode(bash(shell, session, shellCommand=window)[1]).decode() == "h\u00e9llo w\u00f6rld \u2713\n"
    edit = "OLD='w\u00f6rld' LC_ALL=C awk '{ i = index($0, ENVIRON[\"OLD\"]); if (i) n++ } END { print n > \"/dev/stderr\"; exit n == 1 ? 0 : 11 }'"
    assert bash(shell, session, shellCommand=f"{edit} /tmp/w/src/sub/lib.py") == (0, "", "1\n")
    large = base64.b64encode(b"x" * 90_000).decode()  # the most that it sends in one command
    assert bash(shell, session, shellCommand=f"printf %s '{large}' | base64 -d | wc -c")[:2] == (0, "90000\n")
    assert len(bash(shell, session, shellCommand="printf '%8000s' '' | tr ' ' z")[1]) == 8000  # 4096 and more is read as cut


@pytest.mark.parametrize("body", [{"shellCommand": "ls", "code": "1"}, {"shellCommand": "ls", "execCommandAndArgs": ["ls"]}, {"shellCommand": 1},
                                  {"execCommandAndArgs": []}, {"execCommandAndArgs": ["ls", 1]}, {"shellCommand": "ls", "stdin": 1}])
def test_command_of_another_form(shell, body):
    answer = shell.send("POST", f"{POOL}/executions?identifier={new_session()}&api-version=2025-10-02-preview",
                        REQUESTS + [("Content-Type", "application/json")], json.dumps(body).encode())
    assert (answer.status, answer.error()) == (400, "InvalidRequest"), answer
