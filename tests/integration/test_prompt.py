"""`sallyport exec` on a terminal: a prompt with blocks, errors, a history, and state that lasts as long as the prompt."""

import os
import pty
import select
import time

import pytest

from support.gateway import PROGRAM, SLOWNESS


# Ctrl-U and Ctrl-D. An end of input that comes before the terminal is the prompt's own stands in the line as a NUL.
FAREWELL = "\x15\x04"


class Terminal:
    """The command on a pseudo terminal of its own."""

    def __init__(self, gateway, folder, *arguments):
        token = folder / "token"
        token.write_text(gateway.token())
        environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        argv = [str(PROGRAM), "exec", "--endpoint", f"http://127.0.0.1:{gateway.port}", "--token-file", str(token), *arguments]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(argv[0], argv, environment)
        self.seen = ""

    def wait(self, text, seconds=15):
        end = time.monotonic() + seconds * SLOWNESS
        while text not in self.seen:
            assert time.monotonic() < end, f"waited for {text!r}, saw {self.seen!r}"
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    data = os.read(self.fd, 4096)
                except OSError:
                    data = b""
                assert data, f"ended before {text!r}: {self.seen!r}"
                self.seen += data.decode()
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, farewell=""):
        """Reads to the end; the exit status. A farewell is typed again while nothing follows: what is typed before the
        terminal is the prompt's own can get lost."""
        end = time.monotonic() + 15 * SLOWNESS
        try:
            while True:
                self.type(farewell)
                assert time.monotonic() < end, f"does not end: {self.seen!r}"
                while select.select([self.fd], [], [], 1.0)[0]:
                    data = os.read(self.fd, 4096)
                    if not data:
                        raise OSError
                    self.seen += data.decode()
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def terminal(gateway, tmp_path):
    started = []

    def start(*arguments):
        started.append(Terminal(gateway, tmp_path, *arguments))
        started[-1].wait(">>> ")
        return started[-1]
    yield start
    for one in started:
        try:
            os.kill(one.pid, 9)
        except ProcessLookupError:
            pass


def test_a_prompt_keeps_its_state(terminal):
    shell = terminal()
    shell.type("x = 20\n")
    shell.wait(">>> ")
    shell.type("x + 22\n")
    shell.wait("\n42\r\n")
    shell.type("for i in range(2):\n")
    shell.wait("... ")
    shell.type("    print('line', i)\n")
    shell.wait("... ")
    shell.type("\n")
    shell.wait("line 0\r\nline 1\r\n")
    shell.type("1 / 0\n")
    shell.wait("ZeroDivisionError")
    shell.wait(">>> ")
    shell.type("import subprocess\n")
    shell.wait("PolicyDenied")
    shell.type("x\n")
    shell.wait("\n20\r\n")
    shell.wait(">>> ")
    assert shell.end("\x15exit()\n") == 0


def test_a_history_comes_back(terminal, tmp_path):
    shell = terminal()
    shell.type("'a line to remember'\n")
    shell.wait("\na line to remember\r\n")
    shell.wait(">>> ")
    assert shell.end(FAREWELL) == 0
    again = terminal()
    again.type("\x10\n")  # the line before, by Ctrl-P
    again.wait("\na line to remember\r\n")
    again.wait(">>> ")
    again.end(FAREWELL)
    assert (tmp_path / ".local/state/sallyport/exec-history").exists()


def test_a_wrong_token_ends_the_prompt(terminal, gateway, tmp_path):
    shell = terminal()
    (tmp_path / "other").write_text("wrong-token-0123456789")
    second = terminal("--token-file", str(tmp_path / "other"))
    second.type("1\n")
    second.wait("TokenUnknown")
    assert second.end() == 2
    shell.end(FAREWELL)
