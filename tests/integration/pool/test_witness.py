"""What the witness sees of a run, and what it refuses."""

import json

import pytest


def run(pool, identifier, code, denied=None):
    connection = pool.connection()
    connection.request("POST", "/executions?identifier=" + identifier, json.dumps({"code": code, "timeoutInSeconds": 20}),
                       {"X-Sallyport-Deny": denied} if denied else {})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@pytest.mark.parametrize("code, want", [
    ("1 + 1", set()),
    ("print('x'); [n for n in range(10)]", set()),
    ("import colorsys", set()),
    ("open('/mnt/data/x', 'w').close()", {"filesystem"}),
    ("import socket; s = socket.socket(); s.close()", {"network"}),
    ("import os; _ = os.system('true')", {"process"}),
    ("import subprocess; _ = subprocess.run(['true'])", {"process"}),
    ("import ctypes; ctypes.CDLL(None)", {"native"}),
    ("eval('1'); exec('x = 1')", {"dynamic-code"}),
    ("import pickle, decimal; pickle.loads(pickle.dumps(decimal.Decimal(1)))", {"deserialize"}),
    ("import gc; _ = gc.get_objects()", {"introspection"}),
    ("import os; os.environ['A'] = '1'", {"environment"}),
])
def test_what_a_cell_does_is_counted(pool, session, code, want):
    name = session("import socket, subprocess, ctypes, pickle, decimal, gc").body["identifier"]
    seen = run(pool, name, code)[1]["result"]["diagnosticInfo"]
    assert want <= set(seen["capabilities"]) and (want or not seen["capabilities"]), seen
    assert seen["isWitnessComplete"] is True and seen["deniedCapabilities"] == []


def test_counts_are_of_one_run(pool, session):
    name = session("1").body["identifier"]
    seen = run(pool, name, "for n in range(7): open('/mnt/data/%d' % n, 'w').close()")[1]["result"]["diagnosticInfo"]
    assert seen["capabilities"]["filesystem"] == 7
    assert run(pool, name, "1")[1]["result"]["diagnosticInfo"]["capabilities"] == {}


def test_crash_is_counted_as_well(pool, session):
    name = session("1").body["identifier"]
    seen = run(pool, name, "import os; open('/mnt/data/x', 'w'); os._exit(1)")[1]["result"]["diagnosticInfo"]
    assert seen["capabilities"]["filesystem"] == 1 and seen["isWitnessComplete"] is False


def test_hook_that_is_taken_out_is_noticed(pool, session):
    """The head of the list of hooks lies in the exported _PyRuntime; native code finds it by what it points to."""
    name = session("1").body["identifier"]
    code = """
import ctypes
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, '_PyRuntime'))
ctypes.c_void_p.from_address(runtime + 656).value = None
open('/mnt/data/unseen', 'w').close()
"""
    seen = run(pool, name, code)[1]["result"]["diagnosticInfo"]
    assert seen["isWitnessComplete"] is False or "filesystem" in seen["capabilities"]
    assert seen["capabilities"]["native"] >= 1


@pytest.mark.parametrize("denied, code, allowed", [
    ("network", "import socket; socket.socket()", "import os; os.system('true')"),
    ("process", "import os; os.system('true')", "import socket; socket.socket().close()"),
    ("process, network", "import subprocess; subprocess.run(['true'])", "1"),
    ("native", "import ctypes; ctypes.CDLL(None)", "1"),
])
def test_denied_capability_raises_and_is_named(pool, denied, code, allowed):
    name = "denied-" + denied.replace(", ", "-")
    pool.run("import socket, subprocess, ctypes", name)
    status, body = run(pool, name, code, denied)
    assert (status, body["status"], body["result"]["errorName"]) == (200, "Failed", "PermissionError")
    assert "the policy denies" in body["result"]["stderr"]
    assert body["result"]["diagnosticInfo"]["deniedCapabilities"]
    assert run(pool, name, allowed, denied)[1]["status"] == "Succeeded"
    pool.ask("DELETE", "/session?identifier=" + name)


def test_denial_holds_without_the_witness(pool):
    """Calls that raise no event, from native code and after the hook is gone."""
    code = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, '_PyRuntime'))
ctypes.c_void_p.from_address(runtime + 656).value = None
seen = []
for call in (lambda: libc.socket(2, 1, 0), libc.fork, lambda: libc.execv(b'/usr/bin/true', (ctypes.c_char_p * 2)(b'true'))):
    ctypes.set_errno(0)
    seen.append(errno.errorcode[ctypes.get_errno()] if call() == -1 else 'done')
import threading
t = threading.Thread(target=seen.append, args=('thread',)); t.start(); t.join()
seen"""
    assert run(pool, "denied-natively", code, "process,network")[1]["result"]["executionResult"] == ["EPERM"] * 3 + ["thread"]
    pool.ask("DELETE", "/session?identifier=denied-natively")


def test_unknown_capability_is_refused(pool):
    assert run(pool, "denied-nothing", "1", "wizardry")[0] == 400
