"""The subcommands: what they print, where, and how they end (0 done, 1 denied, 2 usage, 3 unreachable)."""

import json
import subprocess

import pytest

from support import tlog
from support.gateway import PROGRAM, Gateway, command, free_port, new_session

SUBCOMMANDS = ("serve", "check", "policy", "exec", "audit", "config", "version")
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('drawn')\n"


@pytest.fixture
def client(gateway, tmp_path):
    """Runs `sallyport exec` against the gateway, in an empty folder."""
    def run(*arguments, stdin=b"", token=None):
        token_file = tmp_path / "token"
        token_file.write_text(token or gateway.token())
        return command("exec", "--endpoint", f"http://127.0.0.1:{gateway.port}", "--token-file", token_file,
                       *arguments, stdin=stdin, cwd=tmp_path)
    return run


def test_help_of_all():
    status, out, err = command("--help")
    assert (status, err) == (0, "")
    for name in SUBCOMMANDS:
        assert name in out


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help_of_each(name):
    status, out, err = command(name, "--help")
    assert (status, err) == (0, "")
    assert name in out and len(out.splitlines()) > 1


@pytest.mark.parametrize("words", [(), *[(name,) for name in SUBCOMMANDS + ("token", "files")], ("audit", "search")])
def test_help_fits_a_terminal(words):
    assert max(len(line) for line in command(*words, "--help")[1].splitlines()) <= 80


@pytest.mark.parametrize("arguments,meant", [
    (("sreve",), "serve"), (("serve", "--lisen", "x"), "--listen"), (("exec", "--sesion", "x", "-"), "--session"),
    (("files", "list", "--sesion", "x"), "--session"), (("check", "--polcy", "x"), "--policy"), (("policy", "shw"), "show"),
    (("token", "isue"), "issue"), (("token", "issue", "--tenent", "x"), "--tenant"), (("config", "chek"), "check"),
    (("config", "check", "--confg", "x"), "--config"), (("audit", "verfy"), "verify"), (("audit", "serch"), "search"),
    (("audit", "search", "--tenent", "x"), "--tenant")])
def test_typing_mistake_names_what_was_meant(arguments, meant):
    status, out, err = command(*arguments)
    assert (status, out) == (2, "") and f"did you mean '{meant}'?" in err, err


def test_value_may_stand_in_the_word_of_its_option(client):
    assert client("--timeout=9", "--session=joined-1", "-", stdin=b"print(1)")[:2] == (0, "1\n")
    status, _, err = client("--timeout=900", "-")
    assert status == 2 and "1 to 220, not 900" in err


def test_mistakes_are_told_before_what_is_missing_around(tmp_path):
    state = {"XDG_STATE_HOME": str(tmp_path), "SALLYPORT_ENDPOINT": "http://127.0.0.1:1"}
    assert "no-such-file.py" in command("exec", "no-such-file.py", environment=state)[2]
    assert "the number of an entry must follow" in command("audit", "prove", environment=state)[2]
    assert command("serve", "--listen", "127.0.0.1:99999", environment=state)[2].startswith("sallyport: 'listen' must be")


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("serve", "--nonsense"), ("check", "--format", "poem", "-"),
                                       ("audit",), ("config", "nonsense"), ("exec",)])
def test_wrong_usage_is_2_and_says_so(arguments):
    status, out, err = command(*arguments)
    assert status == 2
    assert err and out == ""


def test_version():
    status, out, err = command("version")
    assert (status, err) == (0, "")
    assert out.startswith("sallyport 0.1.0")


def test_exec_prints_what_the_run_prints(client):
    status, out, err = client("-", stdin=b"import sys\nprint('out')\nprint('err', file=sys.stderr)\n")
    assert (status, out) == (0, "out\n")
    assert "err" in err


def test_exec_of_a_file(client, tmp_path):
    (tmp_path / "a.py").write_text("print(6*7)\n")
    assert client("a.py")[:2] == (0, "42\n")


def test_exec_of_code_that_fails_is_1(client):
    status, _, err = client("-", stdin=b"1/0")
    assert status == 1
    assert "ZeroDivisionError" in err


def test_exec_of_denied_code_is_1_and_says_why(client):
    status, out, err = client("-", stdin=b"import subprocess\n")
    assert (status, out) == (1, "")
    assert "subprocess" in err


def test_exec_keeps_a_session(client):
    session = new_session()
    client("--session", session, "-", stdin=b"kept = 5\n")
    assert client("--session", session, "-", stdin=b"print(kept)\n")[:2] == (0, "5\n")


def test_exec_shows_what_is_printed_while_the_run_goes_on(gateway, tmp_path):
    session = new_session()
    (tmp_path / "token").write_text(gateway.token())
    (tmp_path / "go").write_text("x")
    code = ("import pathlib, time, sys\nprint('first')\nprint('warned', file=sys.stderr)\n"
            "while not pathlib.Path('/mnt/data/go').exists():\n    time.sleep(0.02)\nprint('second')\n7")
    remote = ["--endpoint", f"http://127.0.0.1:{gateway.port}", "--token-file", tmp_path / "token", "--session", session]
    run = subprocess.Popen([PROGRAM, "exec", *remote, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdin.write(code.encode())
    run.stdin.close()
    assert run.stdout.readline() == b"first\n"
    assert run.stderr.readline() == b"warned\n"
    assert run.poll() is None, "it waits for the file"
    assert command("files", "put", *remote, "go", cwd=tmp_path)[0] == 0
    assert run.stdout.read() == b"second\n7\n" and run.stderr.read() == b""
    assert run.wait(60) == 0
    run.stdout.close()
    run.stderr.close()


def test_exec_of_much_output_is_whole(client):
    status, out, err = client("-", stdin=b"for i in range(20000):\n    print(i, 'x' * 30)")
    assert status == 0 and out == "".join(f"{i} {'x' * 30}\n" for i in range(20000)), err


def test_exec_saves_each_image_once(client, tmp_path):
    status, _, err = client("-", stdin=(PLOT + "plt.figure()\nplt.plot([2, 1])\nplt.show()").encode())
    assert status == 0 and len(list(tmp_path.glob("*.png"))) == 2, err


def test_exec_saves_images(client, tmp_path):
    status, out, err = client("--timeout", "60", "-", stdin=PLOT.encode())
    assert status == 0 and "drawn" in out, err
    images = list(tmp_path.glob("*.png"))
    assert len(images) == 1 and images[0].read_bytes().startswith(b"\x89PNG")
    assert images[0].name in out + err


def test_exec_without_the_service_is_3(tmp_path):
    (tmp_path / "token").write_text("t" * 20)
    status, _, err = command("exec", "--endpoint", f"http://127.0.0.1:{free_port()}", "--token-file",
                             tmp_path / "token", "-", stdin=b"1")
    assert status == 3
    assert err


def test_exec_with_a_wrong_token_says_so(client):
    status, out, err = client("-", stdin=b"print(1)", token="wrong-token-0123456789")
    assert status in (1, 2) and out == ""
    assert "token" in err.lower()


def test_exec_of_a_file_that_is_not_there_is_2(client):
    status, _, err = client("missing.py")
    assert status == 2
    assert "missing.py" in err


def test_check_allows(tmp_path):
    (tmp_path / "good.py").write_text("import numpy\nprint(numpy.zeros(3))\n")
    assert command("check", tmp_path / "good.py")[0] == 0


def test_check_denies_and_names_the_place(tmp_path):
    (tmp_path / "bad.py").write_text("x = 1\nimport subprocess as s\ns.run(['id'])\n")
    status, out, _ = command("check", tmp_path / "bad.py")
    assert status == 1
    assert "bad.py:2:" in out and "subprocess" in out


def test_check_reads_standard_input():
    assert command("check", "-", stdin=b"import socket\n")[0] == 1
    assert command("check", "-", stdin=b"print(1)\n")[0] == 0


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_check_in_json(form):
    status, out, _ = command("check", "--format", form, "-", stdin=b"import socket\n")
    assert status == 1
    assert "socket" in json.dumps(json.loads(out))


def test_check_by_a_named_policy():
    assert command("check", "--policy", "record-only", "-", stdin=b"import socket\n")[0] == 0
    assert command("check", "--policy", "no-such-policy", "-", stdin=b"1\n")[0] == 2


def test_config_check_and_show(tmp_path):
    good = tmp_path / "good.toml"
    good.write_text("[pool]\nmax_sessions = 7\n")
    assert command("config", "check", "-c", good)[0] == 0
    status, out, _ = command("config", "show", "-c", good)
    assert status == 0
    assert "max_sessions = 7" in out and "listen" in out


@pytest.mark.parametrize("text,where,word", [
    ("[pool]\nmax_sesions = 7\n", "2:", "max_sessions"),
    ("[pool]\nmax_sessions = 7\nmax_sessions = 8\n", "3:", "max_sessions"),
    ("[pool]\nmax_sessions = \"7\"\n", "2:", "max_sessions"),
    ("[pool\n", "1:", ""),
    ("[server]\nlisten = \"0.0.0.0:8080\"\n", "", "plaintext"),
    ("[[tenant]]\nname = \"a\"\npolicy = \"data-sciense\"\n", "3:", "no policy"),
], ids=["unknown key", "repeated key", "wrong type", "no TOML", "open listener without TLS", "unknown policy"])
def test_config_mistakes_name_their_place(tmp_path, text, where, word):
    path = tmp_path / "config.toml"
    path.write_text(text)
    status, out, err = command("config", "check", "-c", path)
    assert status in (1, 2)
    assert f"config.toml:{where}" in out + err
    assert word in out + err


def test_serve_with_a_wrong_configuration_is_2(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("nonsense = 1\n")
    status, _, err = command("serve", "-c", path, "--state", tmp_path / "state")
    assert status == 2
    assert "config.toml:1:" in err


def test_serve_on_a_port_in_use_says_so(gateway, tmp_path):
    status, _, err = command("serve", "--listen", f"127.0.0.1:{gateway.port}", "--state", tmp_path / "state")
    assert status == 2
    assert f"another process listens on 127.0.0.1:{gateway.port}" in err


def test_serve_prints_where_the_token_is_and_a_line_to_try(gateway):
    text = gateway.output()
    assert str(gateway.token_path()) in text
    assert "curl" in text


def test_token_file_is_the_owners_alone(gateway):
    assert gateway.token_path().stat().st_mode & 0o777 == 0o600


def test_audit_verify():
    own = Gateway()
    try:
        own.start()
        assert own.run("print(1)").status == 200
        assert own.stop() == 0
        status, out, err = own.command("audit", "verify", own.state / "log")
        assert status == 0, err
        assert str(len(own.entries())) in out
        take_one_entry_out(own.state / "log")
        assert own.command("audit", "verify", own.state / "log")[0] == 1
    finally:
        own.close()


def take_one_entry_out(folder):
    """Removes an entry from the middle of the last bundle, and its hash."""
    size = int((folder / "checkpoint").read_text().split("\n")[1])
    bundle = folder / f"tile/entries/000.p/{size}"
    entries = tlog.bundle_entries(bundle.read_bytes())
    del entries[size // 2]
    bundle.write_bytes(b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries))
