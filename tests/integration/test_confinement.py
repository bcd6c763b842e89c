"""Every role as the kernel sees it: no new privileges, a filter, no capabilities, an empty environment, its own files."""

import os
import pathlib
import re
import signal

import pytest

from support.gateway import NEW, ROLES, Gateway, is_sanitized, wait_for

EVERYWHERE = tuple(role for role in ROLES if role not in ("token", "ship", "cli"))
NETWORK = {"door", "relay", "dial", "token", "pool"}


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def descriptors(pid):
    folder = f"/proc/{pid}/fd"
    found = {}
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except OSError:
            continue
    return found


def tcp_listeners(port):
    """Inodes of sockets that listen on the port."""
    rows = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return {row.split()[9] for row in rows if row.split()[3] == "0A" and int(row.split()[1].split(":")[1], 16) == port}


def pids_of(gateway, role):
    pids = gateway.roles().get(role)
    if not pids:
        pytest.skip(f"no process of the role {role} with this configuration")
    return pids


def test_the_roles_of_the_plan_are_there(gateway):
    missing = set(EVERYWHERE) - set(gateway.roles()) - {"nursery", "pool", "dial"}
    assert not missing


@pytest.mark.parametrize("role", ROLES)
def test_kernel_status(gateway, role):
    for pid in pids_of(gateway, role):
        status = status_of(pid)
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        for capabilities in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            assert int(status[capabilities], 16) == 0, (role, capabilities, status[capabilities])


@pytest.mark.parametrize("role", ROLES)
def test_environment_is_empty(gateway, role):
    for pid in pids_of(gateway, role):
        assert pathlib.Path(f"/proc/{pid}/environ").read_bytes().strip(b"\0") == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="own uids only when started as root")
def test_every_role_has_a_uid_of_its_own(gateway):
    uids = {}
    for role, pids in gateway.roles().items():
        for pid in pids:
            values = set(status_of(pid)["Uid"].split())
            assert len(values) == 1 and values != {"0"}, (role, values)
            uids.setdefault(values.pop(), set()).add(role)
    assert all(len(roles) == 1 for roles in uids.values()), uids


@pytest.mark.parametrize("role", ROLES)
def test_descriptors(gateway, role):
    state = str(gateway.state)
    listening = {f"socket:[{inode}]" for inode in tcp_listeners(gateway.port)}
    assert listening
    for pid in pids_of(gateway, role):
        found = descriptors(pid)
        files = [path for path in found.values() if path.startswith(state)]
        own = [state + "/log"] if role == "reader" else []
        assert role in ("audit", "admit") or files == own, (role, files)
        assert role == "door" or not listening & set(found.values()), (role, found)
        odd = [path for fd, path in found.items() if fd > 2 and path.startswith("/") and not path.startswith(
            (state, "/dev/null", "/dev/urandom", "/memfd:", "/usr/", "/lib", "/proc", "/etc", "/sys/fs/cgroup"))]
        assert role in ("pool", "nursery") or not odd, (role, odd)


def test_supervisor_has_no_entries_open(gateway):
    """It keeps the log's directory, for an audit that starts anew, and never opens what is in it."""
    found = descriptors(gateway.process.pid)
    assert not [path for path in found.values() if path.startswith(str(gateway.state / "log") + "/")]


@pytest.mark.parametrize("role", ROLES)
def test_core_dumps_are_off_and_nobody_may_trace(gateway, role):
    for pid in pids_of(gateway, role):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], (role, core)


def test_no_process_leaves_a_dump_of_its_memory(gateway):
    for pid in [gateway.process.pid, *(pid for pids in gateway.roles().values() for pid in pids)]:
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer's report goes to the service's own standard error")
def test_what_a_role_writes_on_its_standard_error_is_stamped_and_bounded():
    gateway = Gateway()
    try:
        gateway.start()
        for role, pids in gateway.roles().items():
            for pid in pids:
                assert os.readlink(f"/proc/{pid}/fd/2").startswith("pipe:"), role
        pid = gateway.roles()["front"][0]
        with open(f"/proc/{pid}/fd/2", "wb", buffering=0) as errors:
            errors.write(b"2026-01-01T00:00:00Z info supervisor[1] forged\x1b[2J\r\nno end ")
        wait_for(lambda: "forged" in gateway.output(), 10, "the line")
        (line,) = [line for line in gateway.log.read_text().splitlines() if "forged" in line]
        assert f" front[{pid}] role.said 2026-01-01T00:00:00Z info supervisor[1] forged\\x1b[2J\\x0d" in line
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: f" front[{pid}] role.said no end " in gateway.log.read_text(), 10, "its last words")
        wait_for(lambda: gateway.roles().get("front", [pid]) != [pid], 20, "another front")
        pid = gateway.roles()["front"][0]
        with open(f"/proc/{pid}/fd/2", "wb", buffering=0) as errors:
            for _ in range(50):
                try:
                    errors.write(b"x\n" * 500)
                except BlockingIOError:
                    pass
        wait_for(lambda: "log.flood" in gateway.log.read_text(), 10, "the bound")
        gateway.wait_ready()
        assert gateway.run("print(1)").status == 200
    finally:
        gateway.close()


def test_start_reports_the_confinement_in_force(gateway):
    text = gateway.output().lower()
    for layer in ("seccomp", "landlock"):
        assert layer in text, text
    assert any("landlock" in str(entry).lower() for entry in gateway.entries()[:40])


def test_log_says_what_holds_the_sessions(gateway):
    isolation = gateway.send("GET", f"/metadata?api-version={NEW}").json()["isolation"]
    missing = [name for name, holds in isolation.items() if not holds]
    want = "sessions=without:" + ",".join(missing) if missing else "sessions=all-layers"
    (nursery, *_) = [entry for entry in gateway.entries() if entry["kind"] == "role" and entry["role"] == "nursery"]
    assert nursery["confinement"].split()[-1] == want
