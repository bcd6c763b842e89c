"""Reading a log as an auditor does: search, show, tail and export, of a gateway that runs and of a copy."""

import json
import os
import shutil
import subprocess
import time

import pytest

from support.gateway import PROGRAM, SLOWNESS, new_session, wait_for
from support.ocsf import problems_of


@pytest.fixture(scope="module")
def asked(gateway):
    """A gateway that was asked for a good run, a denied one and a session list."""
    session = new_session()
    assert gateway.run("import math\nprint(math.pi)", session).status == 200
    assert gateway.run("import subprocess\n", session).status == 403
    # a log that is read by its folder shows what is published, which is within a second
    wait_for(lambda: {"denial", "outcome"} <= {entry["kind"] for entry in entries(gateway, "search")}, 10, "all of it")
    return gateway


def lines(gateway, *arguments):
    status, out, err = gateway.command("audit", *arguments)
    assert status in (0, 1) and err == "", (status, out, err)
    return out.splitlines()


def entries(gateway, *arguments):
    return [json.loads(line) for line in lines(gateway, *arguments, "--format", "json", gateway.state / "log")]


def test_search_finds_what_fits_and_nothing_else(asked):
    kinds = [entry["kind"] for entry in entries(asked, "search", "--verdict", "allowed")]
    assert kinds == ["intent", "outcome"]  # the outcome of a run that was found
    assert [entry["kind"] for entry in entries(asked, "search", "--verdict", "denied")] == ["denial"]
    assert {entry["kind"] for entry in entries(asked, "search", "--tenant", "local")} == {"intent", "denial", "outcome"}
    assert entries(asked, "search", "--module", "math")[0]["modules"] == ["math"]
    assert entries(asked, "search", "--capability", "process")[0]["kind"] == "denial"
    denial = entries(asked, "search", "--kind", "denial")[0]
    assert entries(asked, "search", "--rule", denial["findings"][0]["rule"]) == [denial]
    assert denial in entries(asked, "search", "--digest", denial["code_sha256"][:12].upper().lower())
    assert entries(asked, "search", "--since", "1h") and entries(asked, "search", "--until", "1h") == []


def test_nothing_found_is_1_and_nonsense_is_2(asked):
    log = asked.state / "log"
    assert asked.command("audit", "search", "--tenant", "nobody", log) == (1, "", "")
    for wrong in (["--verdict", "maybe"], ["--digest", "zz"], ["--since", "soon"], ["--format", "poem"], ["--nonsense"]):
        status, out, err = asked.command("audit", "search", *wrong, log)
        assert (status, out) == (2, "") and err


def test_show_prints_each_member(asked):
    denial = entries(asked, "search", "--kind", "denial")[0]
    shown = lines(asked, "show", str(denial["index"]), asked.state / "log")
    assert {line.split()[0] for line in shown} == set(denial)
    assert asked.command("audit", "show", "999999", asked.state / "log")[0] == 1


def test_text_has_one_line_an_entry(asked):
    shown = lines(asked, "search", "--verdict", "denied", asked.state / "log")
    assert len(shown) == 1 and "denial" in shown[0] and "tenant=local" in shown[0] and "rule=" in shown[0]


def test_tail_follows_a_running_gateway(asked):
    follower = subprocess.Popen([PROGRAM, "audit", "tail", "-f", "-n", "1", "--format", "json", "-c", asked.config, asked.state / "log"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        os.set_blocking(follower.stdout.fileno(), False)
        seen, end = b"", time.monotonic() + 60 * SLOWNESS
        # It may begin late: what ran before its first line would be in that line.
        while not seen.endswith(b"\n"):
            assert time.monotonic() < end, seen
            seen += follower.stdout.read() or b""
            time.sleep(0.05)
        assert asked.run("'a new one'").status == 200
        while b'"outcome"' not in seen.split(b"\n", 1)[-1]:
            assert time.monotonic() < end, seen
            seen += follower.stdout.read() or b""
            time.sleep(0.05)
        numbers = [json.loads(line)["index"] for line in seen.splitlines()]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    finally:
        follower.kill()
        follower.wait()


def test_export_of_every_entry_is_an_event(asked):
    events = [json.loads(line) for line in lines(asked, "export", "--format", "ocsf", asked.state / "log")]
    plain = [json.loads(line) for line in lines(asked, "export", asked.state / "log")]
    assert [event["unmapped"] for event in events][:len(plain)] == plain[:len(events)]
    for event in events:
        assert problems_of(event) == []
        assert event["metadata"]["sequence"] == event["unmapped"]["index"]


def test_a_copy_can_be_read_anywhere(asked, tmp_path):
    shutil.copytree(asked.state / "log", tmp_path / "copy")
    assert lines(asked, "search", "--verdict", "denied", tmp_path / "copy")
