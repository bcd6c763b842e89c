"""The Azure CLI as the source of the pool's bearer: what it is started with, what becomes of what it says, who starts it."""

import datetime
import json
import os
import pathlib
import shutil
import tempfile
import time

import pytest

from support.gateway import Gateway, executions, new_session, wait_for
from test_credential import BODY

STRANGER = 54321  # when the tests run as root, the session belongs to this user

AZ = """#!/usr/bin/python3 -I
# A stand-in for the Azure CLI: notes how it was started and prints what it is told to.
import json, os, subprocess, sys, time
folder = os.environ["AZURE_CONFIG_DIR"]
tries = {}
for name, way in (("/etc/sallyport-test", "w"), (os.path.join(folder, "cache"), "w"), ("/etc/passwd", "r")):
    try:
        open(name, way).close()
        tries[name.rpartition("/")[2]] = "fine"
    except OSError as e:
        tries[name.rpartition("/")[2]] = e.strerror
child = subprocess.run(["/bin/sh", "-c", "echo from a shell"], capture_output=True, text=True).stdout.strip()
fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))
with open(os.path.join(folder, "calls"), "a") as calls:
    print(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "uid": os.getuid(), "tries": tries, "child": child,
                      "fds": len(fds), "nnp": "NoNewPrivs:\\t1" in open("/proc/self/status").read()}), file=calls)
script = json.load(open(os.path.join(folder, "script.json")))
time.sleep(script.get("sleep", 0))
sys.stderr.write("a word for a person, with a secret of the CLI\\n")
sys.stdout.write(script["say"])
sys.exit(script.get("status", 0))
"""


class Cli:
    """A gateway whose bearer comes from `az`."""

    def __init__(self, stub, **keys):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sp-az-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.bin, self.session = self.folder / "bin", self.folder / "session"
        self.bin.mkdir()
        self.session.mkdir(mode=0o700)
        (self.bin / "az").write_text(AZ)
        (self.bin / "az").chmod(0o755)
        self.stub = stub
        self.count = 0
        lines = [line for line in stub.config().splitlines() if not line.startswith("token_env_var")]
        lines += ['credential = "azure-cli"'] + [f'{name} = "{value}"' for name, value in keys.items()]
        environment = {"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.folder), "AZURE_CONFIG_DIR": str(self.session),
                       "SOME_SECRET": "nothing-for-az"}
        self.gateway = Gateway("\n".join(lines) + "\n", environment)

    def says(self, text, **more):
        (self.session / "script.json").write_text(json.dumps({"say": text, **more}))

    def gives(self, life=3600, **more):
        """Another token from now on."""
        self.count += 1
        token = f"cli-token-{self.count}"
        local = datetime.datetime.fromtimestamp(time.time() + life)
        self.says(json.dumps({"accessToken": token, "expires_on": int(time.time() + life), "expiresOn": str(local),
                              "subscription": "s", "tenant": "t", "tokenType": "Bearer"}), **more)
        return token

    def __enter__(self):
        if os.geteuid() == 0:
            for path in (self.session, *self.session.iterdir()):
                os.chown(path, STRANGER, STRANGER)
        self.gateway.start()
        return self

    def __exit__(self, *_):
        self.gateway.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def calls(self):
        path = self.session / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def run(self):
        return self.gateway.send("POST", executions(new_session()), BODY)

    def bearer(self):
        answer = self.run()
        assert answer.status == 200, (answer, self.gateway.output())
        return self.stub.seen[-1].header("authorization").removeprefix("Bearer ")


def test_it_is_asked_once_with_these_arguments_and_nothing_of_ours(stub):
    cli = Cli(stub, tenant_id="tenant-1")
    token = cli.gives()
    with cli:
        assert cli.bearer() == token
        assert cli.bearer() == token
        assert set(cli.gateway.roles()) >= {"cli", "token"}
        (call,) = cli.calls()
        assert call["argv"] == ["account", "get-access-token", "--output", "json", "--resource", "https://dynamicsessions.io",
                                "--tenant", "tenant-1"]
        mine = {name: value for name, value in call["env"].items() if name not in ("LC_CTYPE", "PWD", "SHLVL", "_")}
        assert mine == {"TZ": "UTC", **{name: cli.gateway.environment[name] for name in ("HOME", "PATH", "AZURE_CONFIG_DIR")}}
        assert call["tries"] == {"sallyport-test": "Permission denied", "cache": "fine", "passwd": "fine"}
        assert call["child"] == "from a shell" and call["nnp"]
        assert call["fds"] <= 4  # input, output, errors, and the listing itself
        assert call["uid"] == (STRANGER if os.geteuid() == 0 else os.geteuid())
        assert "seccomp=errno" in json.dumps([entry for entry in cli.gateway.entries() if entry.get("role") == "cli"])


def test_an_older_one_says_the_end_in_local_time(stub):
    cli = Cli(stub)
    end = datetime.datetime.fromtimestamp(time.time() + 3600, datetime.timezone.utc)
    cli.says(json.dumps({"accessToken": "cli-token-old", "expiresOn": end.strftime("%Y-%m-%d %H:%M:%S.%f")}))
    with cli:
        assert cli.bearer() == "cli-token-old"


@pytest.mark.parametrize("script,said", [
    ({"say": "", "status": 1}, "run 'az login'"),
    ({"say": "x" * 100000}, "says too much"),
    ({"say": "Please run az login"}, ""),
    ({"say": '{"accessToken": "a b", "expires_on": 99999999999}'}, ""),
])
def test_what_goes_wrong_is_said_without_its_words_and_tried_again(stub, script, said):
    cli = Cli(stub)
    cli.says(script["say"], status=script.get("status", 0))
    with cli:
        wait_for(lambda: "token.provider.down" in cli.gateway.output(), 20, "the complaint")
        assert said in cli.gateway.output()
        assert "secret of the CLI" not in cli.gateway.output()
        token = cli.gives()
        wait_for(lambda: cli.run().status == 200, 30, "a bearer")
        assert cli.bearer() == token


def test_it_is_asked_again_ahead_of_the_end_and_after_the_role_died(stub):
    cli = Cli(stub)
    cli.gives(life=2)
    with cli:
        wait_for(lambda: len(cli.calls()) >= 1, 20, "the first question")
        token = cli.gives()
        wait_for(lambda: len(cli.calls()) >= 2, 20, "the second question")
        wait_for(lambda: cli.run().status == 200 and cli.bearer() == token, 20, "the next bearer")
        cli.gateway.kill_role("cli")
        assert cli.bearer() == token  # nobody needs it now
        wait_for(lambda: cli.gateway.roles().get("cli"), 20, "the role")


def test_what_is_missing_is_named(stub, tmp_path):
    cli = Cli(stub)
    cli.gateway.environment["PATH"] = "/nonexistent"
    config = cli.gateway.config
    status, _, err = cli.gateway.command("serve", "-c", config, "--state", tmp_path / "state")
    assert status == 2 and "there is no 'az' on the PATH" in err
    assert cli.gateway.command("config", "check", "-c", config)[0] == 0
    cli.gateway.environment |= {"PATH": str(cli.bin), "AZURE_CONFIG_DIR": str(tmp_path / "nowhere")}
    status, _, err = cli.gateway.command("serve", "-c", config, "--listen", "127.0.0.1:0", "--state", tmp_path / "state")
    assert status == 2 and "run 'az login' first" in err
    shutil.rmtree(cli.folder)
