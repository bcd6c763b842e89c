"""`[audit] code = "full"`: submitted code and files are kept sealed to an auditor, on a real gateway with the real filters."""

import hashlib
import os
import signal
import subprocess

import pytest

from support.gateway import Gateway, PROGRAM, SMALL_POOL, wait_for
from test_files import headers, put, q

CODE = "print('keep me')"
DENIED = "import socket  # never to run"


def keygen(folder):
    secret = folder / "auditor.key"
    helper = Gateway()
    try:
        status, out, err = helper.command("audit", "keygen", secret)
        assert status == 0, err
        assert secret.stat().st_mode & 0o777 == 0o600
        assert helper.command("audit", "keygen", secret)[0] == 2, "a key is never overwritten"
    finally:
        helper.close()
    return secret, out


@pytest.fixture
def keeping(tmp_path):
    secret, rows = keygen(tmp_path)
    gateway = Gateway(config=SMALL_POOL + "\n" + rows)
    gateway.secret = secret
    try:
        yield gateway.start()
    finally:
        gateway.close()


def configuration(gateway):
    path = gateway.folder / "reader.toml"
    path.write_text(f'[server]\nstate = "{gateway.state}"\n')
    return path


def code_of(gateway, entry, key=None):
    return gateway.command("audit", "code", "-c", configuration(gateway), "--key", key or gateway.secret, entry)


def entry_of(answer):
    return int(answer.header("x-sallyport-entry"))


def objects(gateway):
    return sorted(path for path in (gateway.state / "audit/code").rglob("*") if path.is_file())


def test_what_ran_and_what_was_denied_is_read_by_the_auditor_alone(keeping, tmp_path):
    ran, denied = keeping.run(CODE), keeping.run(DENIED)
    assert (ran.status, denied.status) == (200, 403)
    for answer, code in ((ran, CODE), (denied, DENIED)):
        status, out, err = code_of(keeping, entry_of(answer))
        assert (status, out) == (0, code), err
    kept = objects(keeping)
    assert {path.name for path in kept} == {hashlib.sha256(code.encode()).hexdigest() for code in (CODE, DENIED)}
    for path in kept:
        assert b"keep me" not in path.read_bytes() and b"socket" not in path.read_bytes()
    other = tmp_path / "other.key"
    assert keeping.command("audit", "keygen", other)[0] == 0
    status, _, err = code_of(keeping, entry_of(ran), other)
    assert status == 1 and "not sealed to this key" in err
    outcome = next(e["index"] for e in keeping.entries() if e["kind"] == "outcome")
    listed = keeping.send("GET", "/files" + q("listed"), headers=headers(keeping, None))
    assert code_of(keeping, outcome)[:2] == (0, CODE), "an outcome leads to its intent"
    for entry in (0, entry_of(listed), 10**6):
        status, _, err = code_of(keeping, entry)
        assert status == 1 and "names no code" in err, entry


def test_the_same_code_is_kept_once_also_after_a_restart(keeping):
    first = keeping.run(CODE)
    before = {path: path.read_bytes() for path in objects(keeping)}
    assert keeping.run(CODE).status == 200
    for pid in keeping.roles()["audit"]:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: keeping.run(CODE).status == 200, 20, f"audit to be back:\n{keeping.output()}")
    assert {path: path.read_bytes() for path in objects(keeping)} == before and len(before) == 1
    assert code_of(keeping, entry_of(first))[1] == CODE


def test_a_changed_object_is_noticed(keeping):
    ran = keeping.run(CODE)
    path, = objects(keeping)
    whole = path.read_bytes()
    for broken in (whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], whole[:-3], b""):
        path.write_bytes(broken)
        status, out, err = code_of(keeping, entry_of(ran))
        assert (status, out) == (1, "") and "damaged" in err
    path.unlink()
    status, out, err = code_of(keeping, entry_of(ran))
    assert status == 1 and "was not kept" in err


def test_a_large_submission_and_many_at_once_are_kept(keeping):
    large = "x = 1\n" * 100000 + "print(x)"
    assert code_of(keeping, entry_of(keeping.run(large)))[1] == large
    answers = [keeping.run(f"print({i})") for i in range(20)]
    for i, answer in enumerate(answers):
        assert code_of(keeping, entry_of(answer))[1] == f"print({i})"


def test_nothing_runs_whose_code_cannot_be_kept(keeping):
    assert keeping.run(CODE).status == 200
    day = objects(keeping)[0].parent
    name = hashlib.sha256(b"print(2)").hexdigest()
    (day / name).write_bytes(b"0" * 10000)  # longer than the object: nobody may cut it
    answer = keeping.run("print(2)")
    assert (answer.status, answer.error()) == (503, "LogUnavailable"), answer
    assert "longer" in answer.json()["error"]["message"]
    assert keeping.run("print(3)").status == 200
    (day / name).unlink()
    assert keeping.run("print(2)").status == 200
    assert keeping.stop() == 0
    status, out, _ = keeping.command("audit", "verify", "-c", configuration(keeping))
    assert status == 0, out


def upload(gateway, name, data):
    return put(gateway, "files", name, data)


def bytes_of(gateway, entry, folder):
    """What the auditor reads, byte for byte."""
    out = folder / "opened"
    with out.open("wb") as file:
        done = subprocess.run([str(PROGRAM), "audit", "code", "-c", str(configuration(gateway)), "--key",
                               str(gateway.secret), str(entry)], stdout=file, stderr=subprocess.PIPE, timeout=60, check=False)
    return done.returncode, out.read_bytes(), done.stderr.decode()


def test_uploaded_files_are_kept_allowed_and_denied_small_and_large(keeping, tmp_path):
    module, denied, empty = b"def f():\n    return 1\n", b"import os\nos.system('id')\n", b""
    files = {"m.py": module, "bad.pth": denied, "empty.txt": empty, "large.csv": b"a,b\n" * 1300000 + b"1,2", "again.csv": module}
    for name, data in files.items():
        answer = upload(keeping, name, data)
        assert answer.status == (403 if data is denied else 200), (name, answer)
        status, out, err = bytes_of(keeping, entry_of(answer), tmp_path)
        assert (status, out == data) == (0, True), (name, err)
    assert len(objects(keeping)) == len(set(files.values()))
    for path in objects(keeping):
        assert b"return 1" not in path.read_bytes() and b"a,b\n" not in path.read_bytes()
    assert keeping.stop() == 0
    assert keeping.command("audit", "verify", "-c", configuration(keeping))[0] == 0


def test_files_over_their_bound_leave_their_digest_alone(tmp_path):
    secret, rows = keygen(tmp_path)
    gateway = Gateway(config=SMALL_POOL + "\n" + rows + "files = 1000\n")
    gateway.secret = secret
    try:
        gateway.start()
        kept, not_kept = upload(gateway, "a.csv", b"1" * 1000), upload(gateway, "b.csv", b"2" * 1001)
        assert (kept.status, not_kept.status) == (200, 200)
        assert bytes_of(gateway, entry_of(kept), tmp_path)[1] == b"1" * 1000
        status, out, err = bytes_of(gateway, entry_of(not_kept), tmp_path)
        assert (status, out) == (1, b"") and "was not kept" in err
        assert {path.name for path in objects(gateway)} == {hashlib.sha256(b"1" * 1000).hexdigest()}
    finally:
        gateway.close()


def test_no_file_goes_on_that_cannot_be_kept(keeping):
    assert upload(keeping, "a.csv", b"1").status == 200
    day = objects(keeping)[0].parent
    data = b"2" * 3000000
    name = hashlib.sha256(data).hexdigest()
    (day / name).write_bytes(b"0" * 4000000)  # longer than the object: nobody may cut it
    answer = upload(keeping, "b.csv", data)
    assert (answer.status, answer.error()) == (503, "LogUnavailable"), answer
    assert upload(keeping, "c.csv", b"3" * 3000000).status == 200
    (day / name).unlink()
    assert upload(keeping, "b.csv", data).status == 200


def test_without_an_auditor_the_configuration_is_refused(tmp_path):
    gateway = Gateway()
    try:
        path = tmp_path / "c.toml"
        path.write_text('[audit]\ncode = "full"\n')
        status, out, err = gateway.command("config", "check", "-c", path)
        assert status == 2 and "keygen" in out + err, (status, out, err)
    finally:
        gateway.close()
