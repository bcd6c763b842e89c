"""What a policy says of run time holds in the sessions of the embedded pool, and the log says what a run did."""

import pathlib
import tempfile

import pytest

from support.gateway import Gateway, new_session

# Nothing is denied by inspection, so that what is denied is denied at run time.
OPEN = """
extends = 'record-only'
[runtime]
deny = ['process', 'network']
own_code = false
"""
HOOK_OUT = """
import ctypes
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, '_PyRuntime'))
ctypes.c_void_p.from_address(runtime + 656).value = None
"""


@pytest.fixture(scope="module")
def gateway():
    with tempfile.TemporaryDirectory(prefix="sp-test-", dir="/tmp") as folder:
        policy = pathlib.Path(folder, "open.toml")
        policy.write_text(OPEN)
        pathlib.Path(folder).chmod(0o755)
        started = Gateway("[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n"
                          f"[server]\npolicies = '{folder}'\n[[tenant]]\nname = 'local'\npolicy = 'open'\n")
        try:
            yield started.start()
        finally:
            started.close()


def run(gateway, code, session=None):
    answer = gateway.run(code, session)
    assert answer.status == 200, answer
    intent = int(answer.header("x-sallyport-entry"))
    return answer.json(), next(entry for entry in gateway.entries() if entry.get("intent") == intent)


@pytest.mark.parametrize("code, what", [
    ("import subprocess; subprocess.run(['true'])", "process"),
    ("import os; os.system('true')", "process"),
    ("import socket; socket.socket()", "network"),
])
def test_denied_by_the_policy_raises_and_is_in_the_log(gateway, code, what):
    body, entry = run(gateway, code)
    assert body["status"] == "Failed" and f"the policy denies {what}" in body["result"]["stderr"], body
    assert f"{what} denied" in entry["runtime"] and any(fact.startswith(what + " ") and fact.split()[1].isdigit()
                                                        for fact in entry["runtime"]), entry["runtime"]
    assert "witness incomplete" not in entry["runtime"]


def test_denial_holds_when_the_hook_is_gone_and_the_log_says_that_it_is(gateway):
    """Native code that takes the hook out; the head of its list lies in CPython 3.11's _PyRuntime."""
    body, entry = run(gateway, HOOK_OUT + """
import errno
libc = ctypes.CDLL(None, use_errno=True)
seen = []
for call in (lambda: libc.socket(2, 1, 0), lambda: libc.socket(10, 2, 0), libc.fork, libc.vfork,
             lambda: libc.system(b'true'), lambda: libc.execv(b'/usr/bin/true', (ctypes.c_char_p * 2)(b'true'))):
    ctypes.set_errno(0)
    call()
    seen.append(errno.errorcode.get(ctypes.get_errno(), 'done'))
seen""")
    assert body["result"]["executionResult"] == ["EPERM"] * 6, body
    assert "witness incomplete" in entry["runtime"] and any(fact.startswith("native ") for fact in entry["runtime"])


def test_log_counts_what_a_run_did(gateway):
    _, entry = run(gateway, "for n in range(5): open(f'/mnt/data/{n}', 'w').close()")
    assert "filesystem 5" in entry["runtime"], entry
    assert run(gateway, "1 + 1")[1]["runtime"] == []


def upload(gateway, session, name, content):
    body = (f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{content}\r\n--b--\r\n').encode()
    headers = [("Authorization", f"Bearer {gateway.token()}"), ("Content-Type", "multipart/form-data; boundary=b")]
    answer = gateway.send("POST", f"/files?api-version=2025-10-02-preview&identifier={session}", body, headers)
    assert answer.status == 200, answer


def test_code_that_inspection_let_pass_is_imported_and_no_other(gateway):
    session = new_session()
    upload(gateway, session, "helper.py", "def answer():\n    return 42\n")
    upload(gateway, session, "short.py", "x = 1\n")
    upload(gateway, session, "notes.txt", "this is = not code, as far as anybody said\n")
    body = run(gateway, "import helper, short; helper.answer() + short.x", session)[0]
    assert body["result"].get("executionResult") == 43, body
    for code in ("open('own.py', 'w').write('x = 1'); import own", "import runpy; runpy.run_path('notes.txt')",
                 "import os; os.rename('notes.txt', 'notes.py'); import notes"):
        body, entry = run(gateway, code, session)
        assert "may not be imported or executed" in body["result"]["stderr"], body
        assert "dynamic-code denied" in entry["runtime"]
