"""`sallyport files`: files go to a session and come back, and nothing here is written over by mistake."""

import pytest

from support.gateway import command, new_session


@pytest.fixture
def files(gateway, tmp_path):
    token = tmp_path / "token"
    token.write_text(gateway.token())
    session = new_session()

    def run(action, *arguments, stdin=b""):
        return command("files", action, "--session", session, "--endpoint", f"http://127.0.0.1:{gateway.port}", "--token-file",
                       token, *arguments, stdin=stdin, cwd=tmp_path)
    run.session, run.folder = session, tmp_path
    return run


def test_there_and_back(files, gateway):
    data = bytes(range(256)) * 4000
    (files.folder / "data.bin").write_bytes(data)
    (files.folder / "notes with spaces.csv").write_text("a,b\n1,2\n")
    assert files("put", "data.bin", "notes with spaces.csv") == (0, "", "")
    answer = gateway.run("open('/mnt/data/notes with spaces.csv').read()", files.session)
    assert answer.json()["result"]["executionResult"] == "a,b\n1,2\n"
    status, out, err = files("list")
    assert status == 0 and "data.bin" in out and "1000.0 KiB" in out and "notes with spaces.csv" in out
    (files.folder / "data.bin").unlink()
    assert files("get", "data.bin")[0] == 0
    assert (files.folder / "data.bin").read_bytes() == data
    assert files("delete", "data.bin")[0] == 0
    assert "data.bin" not in files("list")[1]


def test_nothing_here_is_replaced_unasked(files):
    (files.folder / "a.txt").write_text("there")
    assert files("put", "a.txt")[0] == 0
    (files.folder / "a.txt").write_text("here")
    status, out, err = files("get", "a.txt")
    assert status == 1 and "--force" in err
    assert (files.folder / "a.txt").read_text() == "here"
    assert files("get", "--force", "a.txt")[0] == 0
    assert (files.folder / "a.txt").read_text() == "there"
    (files.folder / "folder").mkdir()
    assert files("get", "-o", "folder", "a.txt")[0] == 0
    assert (files.folder / "folder" / "a.txt").read_text() == "there"
    assert files("get", "-o", "-", "a.txt")[:2] == (0, "there")


def test_what_is_not_there_leaves_nothing_behind(files):
    status, out, err = files("get", "absent.txt")
    assert status == 1 and "404" in err
    assert not (files.folder / "absent.txt").exists()
    assert files("put", "absent.txt")[0] == 1
    assert files("delete", "absent.txt")[0] == 1


@pytest.mark.parametrize("arguments", [("put",), ("list", "a"), ("fetch", "a"), ("get", "--nonsense", "a")])
def test_wrong_usage_is_2(files, arguments):
    status, out, err = files(*arguments)
    assert (status, out) == (2, "") and err


def test_a_policy_speaks_of_uploads_too(files):
    (files.folder / "evil.so").write_bytes(b"\x7fELF" + bytes(100))
    status, out, err = files("put", "evil.so")
    assert status == 1 and "PolicyDenied" in err
