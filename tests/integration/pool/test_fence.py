"""Code from places that a session can write to is imported or executed only if its bytes were approved."""

import hashlib
import json

import pytest

MODULE = "def answer():\n    return 42\n"


def run(pool, identifier, code, own=None, denied=None):
    connection = pool.connection()
    headers = {**({"X-Sallyport-Own-Code": own} if own else {}), **({"X-Sallyport-Deny": denied} if denied else {})}
    connection.request("POST", "/executions?identifier=" + identifier, json.dumps({"code": code, "timeoutInSeconds": 20}),
                       headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def upload(pool, identifier, name, content, approved=None, path=""):
    body = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--b--\r\n'
            % (name.encode(), content.encode()))
    connection = pool.connection()
    connection.request("POST", f"/files?identifier={identifier}&path={path}", body,
                       {"Content-Type": "multipart/form-data; boundary=b",
                        **({"X-Sallyport-Approved": approved} if approved else {})})
    response = connection.getresponse()
    response.read()
    return response.status


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def name(pool, request):
    name = "fence-" + digest(request.node.name)[:16]
    yield name
    pool.ask("DELETE", "/session?identifier=" + name)


def refused(answer):
    status, body = answer
    assert (status, body["status"], body["result"]["errorName"]) == (200, "Failed", "PermissionError"), body
    assert "may not be imported or executed" in body["result"]["stderr"] and "Upload the file" in body["result"]["stderr"]
    assert body["result"]["diagnosticInfo"]["deniedCapabilities"] == ["dynamic-code"], body
    return True


def value(answer):
    assert answer[1]["status"] == "Succeeded", answer
    return answer[1]["result"]["executionResult"]


def test_approved_upload_is_imported(pool, name):
    assert upload(pool, name, "helper.py", MODULE, digest(MODULE)) == 200
    assert value(run(pool, name, "import helper; helper.answer()")) == 42


def test_approved_package_is_imported(pool, name):
    assert upload(pool, name, "__init__.py", "", None, "pack") == 200
    assert upload(pool, name, "part.py", MODULE, digest(MODULE), "pack") == 200
    assert value(run(pool, name, "from pack import part; part.answer()")) == 42


def test_upload_that_nobody_approved_is_not(pool, name):
    assert upload(pool, name, "helper.py", MODULE) == 200
    assert refused(run(pool, name, "import helper"))
    assert upload(pool, name, "other.py", MODULE, digest("x")) == 200
    assert refused(run(pool, name, "import other"))


def test_upload_that_a_run_changed_is_not(pool, name):
    assert upload(pool, name, "helper.py", MODULE, digest(MODULE)) == 200
    run(pool, name, "open('helper.py', 'a').write('x = 1\\n')")
    assert refused(run(pool, name, "import helper"))
    run(pool, name, f"open('helper.py', 'w').write({MODULE!r})")
    assert value(run(pool, name, "import helper; helper.answer()")) == 42, "these bytes are the approved ones"


WRITTEN = "import os; open('/mnt/data/own.py', 'w').write('found = 7\\n'); "


@pytest.mark.parametrize("way", [
    "import own",
    "import importlib; importlib.import_module('own')",
    "import sys; sys.path.insert(0, '/tmp'); open('/tmp/tmpown.py', 'w').write('x = 1'); import tmpown",
    "import runpy; runpy.run_path('/mnt/data/own.py')",
    "import runpy; runpy.run_module('own')",
    "exec(compile(open('/mnt/data/own.py').read(), '/mnt/data/own.py', 'exec'))",
    "exec(compile(open('own.py').read(), 'own.py', 'exec'))",
    "exec(compile(open('own.py').read(), '../data/own.py', 'exec'))",
    "import ast; exec(compile(ast.parse(open('own.py').read()), 'own.py', 'exec'))",
    "import marshal; exec(marshal.loads(marshal.dumps(compile('found = 1', '/mnt/data/own.py', 'exec'))))",
    "import importlib.util as u; s = u.spec_from_file_location('z', '/mnt/data/own.py'); u.module_from_spec(s); "
    "s.loader.exec_module(u.module_from_spec(s))",
    "os.symlink('/mnt/data/own.py', '/tmp/linked.py'); import runpy; runpy.run_path('/tmp/linked.py')",
    "%run own.py",
    "%run -i own.py",
])
def test_what_a_run_wrote_is_not(pool, name, way):
    run(pool, name, WRITTEN)
    answer = run(pool, name, way if way.startswith("%") else WRITTEN + way)
    assert refused(answer)


@pytest.mark.parametrize("way", [
    "import site; open('/tmp/x.pth', 'w').write('import own'); site.addsitedir('/tmp')",
    "import zipfile, sys; z = zipfile.ZipFile('/tmp/z.zip', 'w'); z.writestr('own.py', 'x = 1'); z.close(); "
    "os.remove('/mnt/data/own.py'); sys.path.insert(0, '/tmp/z.zip')\ntry:\n    import own\nexcept ImportError:\n    pass",
])
def test_what_python_passes_over_in_silence_is_not_loaded_either(pool, name, way):
    body = run(pool, name, WRITTEN + way)[1]
    assert body["result"]["diagnosticInfo"]["deniedCapabilities"] == ["dynamic-code"], body
    assert value(run(pool, name, "import sys; 'own' in sys.modules")) is False


def test_bytecode_is_not(pool, name):
    """Without a source, and in the place of the bytecode of an approved one, which is then compiled from its source."""
    make = ("import py_compile, os; open('/tmp/evil.py', 'w').write('def answer(): return 13'); "
            "os.makedirs('__pycache__', exist_ok=True); ")
    assert run(pool, name, make + "py_compile.compile('/tmp/evil.py', 'bare.pyc', doraise=True)", "allow")[1]["status"] == "Succeeded"
    assert refused(run(pool, name, "import bare"))
    assert upload(pool, name, "helper.py", MODULE, digest(MODULE)) == 200
    cached = ("s = os.stat('helper.py'); os.utime('/tmp/evil.py', (s.st_mtime, s.st_mtime)); "
              "import importlib._bootstrap_external as b; c = compile('def answer(): return 13', 'helper.py', 'exec'); "
              "open('__pycache__/helper.cpython-311.pyc', 'wb').write("
              "b._code_to_timestamp_pyc(c, int(s.st_mtime), s.st_size))")
    assert run(pool, name, make + cached, "allow")[1]["status"] == "Succeeded"
    assert value(run(pool, name, "import helper; helper.answer()")) == 42


@pytest.mark.parametrize("harmless", [
    "exec('x = 1'); eval('x')",
    "import ast; ast.dump(ast.parse(open('own.py').read(), 'own.py')) != ''",
    "compile('1', 'own', 'eval') is not None",
    "from collections import namedtuple; namedtuple('P', 'a b')(1, 2).a",
    "import dataclasses; dataclasses.make_dataclass('D', ['a'])(1).a",
    "import colorsys, wave, this; 1",
    "open('own.py').read() != ''",
    "import json, csv, sqlite3, tempfile; tempfile.mkdtemp() != ''",
])
def test_everyday_code_does_not_meet_the_fence(pool, name, harmless):
    value(run(pool, name, WRITTEN + harmless))


def test_traceback_through_an_approved_file_shows_its_lines(pool, name):
    source = "def fail():\n    raise ValueError('from the file')\n"
    assert upload(pool, name, "failing.py", source, digest(source)) == 200
    body = run(pool, name, "import failing; failing.fail()")[1]
    assert body["result"]["errorName"] == "ValueError" and "raise ValueError('from the file')" in body["result"]["stderr"]


def test_policy_may_allow_own_code_run_by_run(pool, name):
    run(pool, name, WRITTEN)
    assert value(run(pool, name, "import own; own.found", "allow")) == 7
    assert refused(run(pool, name, "import runpy; runpy.run_path('own.py')", "deny"))
    assert value(run(pool, name, "import runpy; runpy.run_path('own.py')['found']", "allow")) == 7


def test_thread_of_an_earlier_run_meets_the_fence_as_well(pool, name):
    run(pool, name, WRITTEN + """
import threading, time, runpy
seen = []
def later():
    time.sleep(0.3)
    try:
        runpy.run_path('/mnt/data/own.py'); seen.append('ran')
    except PermissionError:
        seen.append('refused')
t = threading.Thread(target=later); t.start()""")
    assert value(run(pool, name, "t.join(); seen", "allow")) in (["refused"], ["ran"])
    run(pool, name, "t = threading.Thread(target=later); t.start(); t.join(); del seen[:]")
    run(pool, name, "t = threading.Thread(target=later); t.start(); 1")
    assert value(run(pool, name, "t.join(); seen", "deny")) == ["refused"]


@pytest.mark.parametrize("headers, want", [
    ({"X-Sallyport-Own-Code": "allow"}, 200),
    ({"X-Sallyport-Own-Code": "perhaps"}, 400),
])
def test_header_says_allow_or_deny(pool, name, headers, want):
    assert run(pool, name, "1", headers["X-Sallyport-Own-Code"])[0] == want


def test_approval_is_a_digest(pool, name):
    assert upload(pool, name, "a.py", MODULE, "0123") == 400
    assert upload(pool, name, "a.py", MODULE, digest(MODULE).replace(digest(MODULE)[0], "g")) == 400


@pytest.mark.parametrize("way", ["import ctypes; ctypes.CDLL('/tmp/copy.so')", "import sys; sys.path.insert(0, '/tmp'); import _copy"])
def test_native_code_from_writable_places_is_not_loaded(pool, name, way):
    """Here the mounts are the wall: nothing in a place that can be written may be executed, whatever a policy allows."""
    run(pool, name, "import glob, shutil\nsource = glob.glob('/usr/lib/python3*/lib-dynload/_json.*.so')[0]\n"
                    "shutil.copy(source, '/tmp/copy.so'); shutil.copy(source, '/tmp/_copy.so')")
    for own in ("deny", "allow"):
        body = run(pool, name, way, own)[1]
        assert body["status"] == "Failed" and body["result"]["errorName"] in ("OSError", "ImportError", "PermissionError"), body


def test_text_that_a_run_read_is_its_own_code(pool, name):
    """What is executed without a file's name is dynamic code of the cell, which inspection finds and the witness counts."""
    run(pool, name, WRITTEN)
    body = run(pool, name, "exec(open('/mnt/data/own.py').read()); found")[1]
    assert value((200, body)) == 7 and body["result"]["diagnosticInfo"]["capabilities"]["dynamic-code"] >= 1


def test_other_interpreters_take_a_process_to_start(pool, name):
    """They have no fence; a policy that wants none of it denies processes, as the shipped ones do, and that is a wall."""
    run(pool, name, WRITTEN)
    start = "import subprocess, sys; subprocess.run([sys.executable, 'own.py']).returncode"
    assert value(run(pool, name, start)) == 0
    body = run(pool, name, start, None, "process")[1]
    assert (body["status"], body["result"]["errorName"]) == ("Failed", "PermissionError"), body
