"""Thousands of tenants in one configuration: start, tokens, requests, reload, and what they weigh."""

import pathlib
import re
import signal

import pytest

from support.gateway import SLOWNESS, SMALL_POOL, Gateway, is_sanitized, wait_for

MANY = 5000
KIB_A_TENANT = 2  # 100,000 must fit into 200 MiB


def write(path, requests_per_minute, last=MANY):
    blocks = [f"[[tenant]]\nname = 'tenant-{i:05}'\norganisation = 'group'\n[tenant.quota]\n"
              f"requests_per_minute = {requests_per_minute}\nconcurrent_runs = 4\nrun_seconds_per_day = 36000\n"
              f"code_bytes_per_day = '64 MiB'\n" for i in range(last)]
    path.write_text(SMALL_POOL + "[[organisation]]\nname = 'group'\n" + "".join(blocks))


def memory_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", text).group(1))


@pytest.fixture(scope="module")
def crowded():
    gateway = Gateway("")
    write(gateway.config, 600)
    try:
        yield gateway.start()
    finally:
        gateway.close()


def issue(gateway, tenant):
    status, out, err = gateway.command("token", "issue", "-c", gateway.config, "--state", gateway.state, "--tenant", tenant)
    assert status == 0, err
    return re.search(r"sp_live_\S+", out).group(0)


def run_as(gateway, token):
    return gateway.run("print(6 * 7)", headers=gateway.headers(token), timeout=60)


def test_first_and_last_of_many_are_served(crowded):
    for tenant in ("tenant-00000", f"tenant-{MANY - 1:05}"):
        token = issue(crowded, tenant)
        answer = wait_for(lambda: (a := run_as(crowded, token)).status != 401 and a, 10, "the token to be known")
        assert answer.status == 200, answer


def test_a_reload_takes_all_of_them_over(crowded):
    last = f"tenant-{MANY:05}"
    token = issue(crowded, f"tenant-{MANY - 1:05}")
    write(crowded.config, 1, MANY + 1)
    crowded.process.send_signal(signal.SIGHUP)
    wait_for(lambda: f"tenants={MANY + 1}" in crowded.output(), 30, "the reload")
    fresh = issue(crowded, last)
    answer = wait_for(lambda: (a := run_as(crowded, fresh)).status != 401 and a, 10, "the token to be known")
    assert answer.status == 200, answer
    assert run_as(crowded, fresh).status == 429
    assert run_as(crowded, token).status in (200, 429)


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer keeps what was freed")
def test_they_weigh_little(crowded):
    supervisor = memory_kib(crowded.process.pid)
    admit = memory_kib(crowded.roles()["admit"][0])
    assert supervisor + admit < MANY * KIB_A_TENANT + 32 * 1024, (supervisor, admit)


def test_one_mistake_among_many_leaves_all_as_it_was(crowded):
    text = crowded.config.read_text()
    crowded.config.write_text(text + "[[tenant]]\nname = 'tenant-00007'\n")
    crowded.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "serve.reload.refused" in crowded.output(), 30 * SLOWNESS, "the refusal")
    line = text.count("\n") + 2
    assert f"line={line} column=8 why=\"two tenants have this name\"" in crowded.output()
    status, _, err = crowded.command("config", "check", "-c", crowded.config)
    assert status == 2
    assert f"{crowded.config}:{line}:8: two tenants have this name" in err


def test_they_are_all_there_after_another_start(crowded):
    """What a start writes for so many begins SQLite's log anew, which needs chance: admit may open no file for that."""
    write(crowded.config, 600)
    token = issue(crowded, "tenant-00001")
    for _ in range(2):
        assert crowded.stop() == 0
        crowded.start()
        answer = wait_for(lambda: (a := run_as(crowded, token)).status != 401 and a, 10, "the token to be known")
        assert answer.status == 200, answer
    assert "killed" not in crowded.output()
