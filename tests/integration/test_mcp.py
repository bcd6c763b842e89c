"""The MCP endpoint of a session pool: the messages of Azure's tutorials by curl, and of an MCP client, over the wire."""

import json
import subprocess

import pytest

from support.gateway import Gateway, executions, new_session

CONFIG = "[pool]\nready_sessions = 2\n"
POOL = "/subscriptions/s/resourceGroups/g/sessionPools/p"
PYTHON, SHELL = "runPythonCodeInRemoteEnvironment", "runShellCommandInRemoteEnvironment"


def key(gateway):
    return [("x-ms-apikey", gateway.token()), ("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]


def send(gateway, message, fields=None, target=f"{POOL}/mcp"):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    answer = gateway.send("POST", target, body, key(gateway) if fields is None else fields, timeout=60)
    assert answer is not None, gateway.output()
    return answer


def rpc(gateway, method, params=None, number=1):
    message = {"jsonrpc": "2.0", "id": number, "method": method} | ({} if params is None else {"params": params})
    answer = send(gateway, message)
    assert answer.status == 200 and answer.header("content-type") == "application/json", answer
    assert answer.json()["jsonrpc"] == "2.0" and answer.json()["id"] == number
    return answer


def call(gateway, tool, **arguments):
    return rpc(gateway, "tools/call", {"name": tool, "arguments": arguments}).json()["result"]


def launch(gateway):
    return call(gateway, "launchShell")["structuredContent"]["environmentId"]


def test_the_tutorial(gateway):
    result = rpc(gateway, "initialize", number="1").json()["result"]
    assert result["protocolVersion"] == "2025-03-26" and result["capabilities"]["tools"] == {"call": True, "list": True}
    assert result["serverInfo"]["name"]
    environment = launch(gateway)
    assert environment != launch(gateway)
    ran = call(gateway, PYTHON, environmentId=environment, pythonCode='import sys; print(f"Python {sys.version}")')
    assert ran["structuredContent"]["stdout"].startswith("Python 3.") and ran["isError"] is False
    code = "import math\nresults = {n: math.factorial(n) for n in range(1, 11)}\nfor k, v in results.items():\n    print(f\"{k}! = {v}\")"
    assert "10! = 3628800" in call(gateway, PYTHON, environmentId=environment, pythonCode=code)["structuredContent"]["stdout"]


def test_an_mcp_client(gateway):
    """Its order: initialize, the note that it is ready, the list, then tools; GET for a stream of events is not offered."""
    asked = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    assert rpc(gateway, "initialize", asked).json()["result"]["protocolVersion"] == "2025-06-18"
    noted = send(gateway, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (noted.status, noted.body) == (202, b"")
    stream = gateway.send("GET", f"{POOL}/mcp", b"", [("x-ms-apikey", gateway.token()), ("Accept", "text/event-stream")])
    assert (stream.status, stream.header("allow")) == (405, "OPTIONS, POST")
    tools = rpc(gateway, "tools/list").json()["result"]["tools"]
    assert [tool["name"] for tool in tools] == ["launchShell", PYTHON, SHELL]
    assert all(tool["inputSchema"]["type"] == "object" and tool["description"] for tool in tools)
    assert rpc(gateway, "ping").json()["result"] == {}
    environment = launch(gateway)
    shown = call(gateway, PYTHON, environmentId=environment, pythonCode="x = 6\nx * 7")
    assert shown["structuredContent"]["executionResult"] == 42 and shown["structuredContent"]["status"] == "Succeeded"
    assert json.loads(shown["content"][0]["text"]) == shown["structuredContent"] and shown["content"][0]["type"] == "text"
    assert call(gateway, PYTHON, environmentId=environment, pythonCode="print(x)")["structuredContent"]["stdout"] == "6\n"


def test_an_exception_is_the_tools_error(gateway):
    result = call(gateway, PYTHON, environmentId=launch(gateway), pythonCode="1 / 0")
    assert result["isError"] is True and "ZeroDivisionError" in result["structuredContent"]["stderr"]


def test_a_figure_is_a_picture_for_the_model(gateway):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    result = call(gateway, PYTHON, environmentId=launch(gateway), pythonCode=code)
    assert [piece["type"] for piece in result["content"]] == ["text", "image"]
    assert result["content"][1]["mimeType"] == "image/png" and result["content"][1]["data"].startswith("iVBOR")
    assert len(result["content"][0]["text"]) < 1000 and result["structuredContent"]["executionResult"]["format"] == "png"


def test_an_environment_is_a_session(gateway):
    """The tenant's own: what /executions does in it is seen by the tools, under any name that a session can have."""
    session = new_session()
    body = json.dumps({"code": "y = 'seen'", "timeoutInSeconds": 60}).encode()
    assert gateway.send("POST", executions(session), body).status == 200
    assert call(gateway, PYTHON, environmentId=session, pythonCode="y")["structuredContent"]["executionResult"] == "seen"


def test_every_run_is_inspected_and_recorded(gateway):
    environment = launch(gateway)
    answer = rpc(gateway, "tools/call", {"name": PYTHON, "arguments": {"environmentId": environment, "pythonCode": "import subprocess\nsubprocess.run(['id'])"}})
    result = answer.json()["result"]
    assert result["isError"] is True and result["structuredContent"]["code"] == "PolicyDenied"
    assert result["content"][0]["text"].startswith("PolicyDenied: ") and result["structuredContent"]["details"]
    entries = {entry["index"]: entry for entry in gateway.entries()}
    denial = entries[int(answer.header("x-sallyport-entry"))]
    assert denial["kind"] == "denial" and denial["operation"] == "execute"
    good = rpc(gateway, "tools/call", {"name": PYTHON, "arguments": {"environmentId": environment, "pythonCode": "1"}})
    entries = {entry["index"]: entry for entry in gateway.entries()}
    assert entries[int(good.header("x-sallyport-entry"))]["kind"] == "intent"


def test_commands_are_denied_where_processes_are(gateway):
    for arguments in ({"shellCommand": "id"}, {"execCommandAndArgs": ["id"]}):
        result = call(gateway, SHELL, environmentId=launch(gateway), **arguments)
        assert result["isError"] is True and result["structuredContent"]["code"] == "PolicyDenied"
    result = call(gateway, SHELL, environmentId=launch(gateway))
    assert result["isError"] is True and result["structuredContent"]["code"] == "InvalidRequest"


@pytest.mark.parametrize("message, code, number", [
    (b"{", -32700, None), (b"[]", -32600, None), (b'{"jsonrpc": "2.0", "id": 3}', -32600, None),
    (b'{"jsonrpc": "2.0", "id": 3, "method": "resources/list"}', -32601, 3),
    (b'{"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "rm"}}', -32602, 3),
    (json.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": PYTHON, "arguments": {"pythonCode": "1"}}}).encode(), -32602, 3),
])
def test_what_is_wrong_is_said_in_json_rpc(gateway, message, code, number):
    answer = send(gateway, message)
    assert answer.status == 200 and answer.json()["error"]["code"] == code and answer.json()["id"] == number, answer


@pytest.mark.parametrize("fields", [[("x-ms-apikey", "wrong")], []], ids=["wrong", "none"])
@pytest.mark.parametrize("message", [{"jsonrpc": "2.0", "id": 1, "method": "initialize"}, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
    "name": PYTHON, "arguments": {"environmentId": "some-environment", "pythonCode": "1"}}}, b"{"], ids=["initialize", "run", "nonsense"])
def test_strangers_are_told_nothing(gateway, fields, message):
    answer = send(gateway, message, fields + [("Content-Type", "application/json")])
    assert answer.status == 401 and "jsonrpc" not in answer.body.decode(), answer


def test_a_bearer_is_as_good_as_a_key(gateway):
    answer = send(gateway, {"jsonrpc": "2.0", "id": 1, "method": "ping"}, [("Authorization", f"Bearer {gateway.token()}")])
    assert answer.json()["result"] == {}


def test_a_message_that_is_too_large(gateway):
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": PYTHON, "arguments": {
        "environmentId": "some-environment", "pythonCode": "#" * 17_000}}}
    answer = send(gateway, message)
    assert (answer.status, answer.error()) == (413, "RequestTooLarge"), answer
    fitting = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": PYTHON, "arguments": {
        "environmentId": launch(gateway), "pythonCode": "print(1) #" + "#" * 15_000}}}
    assert send(gateway, fitting).json()["result"]["structuredContent"]["stdout"] == "1\n"


def test_other_ways_of_sending(gateway):
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(message), message)
    with gateway.connect(30) as connection:
        head = f"POST /mcp HTTP/1.1\r\nHost: h\r\nx-ms-apikey: {gateway.token()}\r\n"
        connection.send(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        assert connection.read().json()["result"] == {}
        connection.send(head.encode() + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(message))
        assert connection.read().status == 100
        connection.send(message)
        assert connection.read().json()["result"] == {}
        connection.send(head.encode() + b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s" % (len(message), message))
        assert connection.read().json()["result"] == {}


def test_curl(gateway):
    done = subprocess.run(["curl", "-sS", "-X", "POST", f"http://127.0.0.1:{gateway.port}{POOL}/mcp", "-H", "Content-Type: application/json", "-H",
                           f"x-ms-apikey: {gateway.token()}", "-d", '{ "jsonrpc": "2.0", "id": "1", "method": "initialize" }'],
                          capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout)["result"]["serverInfo"]


def test_a_pool_of_azure_gets_the_run_alone(stub_pool):
    own = Gateway(stub_pool.config(), {"STUB_POOL_TOKEN": "stub-pool-credential-0123456789"})
    try:
        own.start()
        stub_pool.forget()
        result = call(own, PYTHON, environmentId=launch(own), pythonCode="print(1)")
        assert result["structuredContent"]["stdout"] == "stub out\n"
        assert [seen.method for seen in stub_pool.seen] == ["POST"] and "/executions?" in stub_pool.seen[0].target
        assert stub_pool.seen[0].json()["code"] == "print(1)" and b"jsonrpc" not in stub_pool.seen[0].body
    finally:
        own.close()
