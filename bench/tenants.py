#!/usr/bin/python3
"""Starts a real gateway with 100,000 tenants, each with quotas, and prints what they cost: time to read and check the
configuration, to start, and to take it over again at SIGHUP while requests are served; and the memory of all processes
(PSS) and of the largest (its peak)."""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
from run import BUILD, ROOT, free_port, tree_of  # noqa: E402

BLOCK = """[[tenant]]
name = "tenant-{:06}"
organisation = "group"
[tenant.quota]
requests_per_minute = 1000000
concurrent_runs = 16
sessions = 20
run_seconds_per_day = 36000
code_bytes_per_day = "64 MiB"
upload_bytes_per_day = "4 GiB"

"""
BODY = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": "print(1)"}).encode()


def row(name, value, unit, bound=""):
    print(f"{name:<64} {value:>9.1f} {unit:<4} {bound}")


def memory_of(pids):
    """PSS of all and the highest peak of one, in MiB."""
    total, peak = 0, 0
    for pid in pids:
        try:
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M).group(1))
        peak = max(peak, int(re.search(r"^VmHWM:\s+(\d+)", status, re.M).group(1)))
    return total / 1024, peak / 1024


def ask(port, token):
    begun = time.perf_counter()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/executions?api-version=2025-10-02-preview&identifier=b", BODY,
                                     {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
    return (time.perf_counter() - begun) * 1000


def wait_for(log, text, process):
    while text not in log.read_text():
        if process.poll() is not None:
            raise SystemExit(f"bench: the gateway ended:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


def measure(folder, count):
    config, log, state, port = folder / "config.toml", folder / "log", folder / "state", free_port()
    config.write_text("[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n[[organisation]]\nname = \"group\"\n"
                      + "".join(BLOCK.format(i) for i in range(count)))
    begun = time.perf_counter()
    subprocess.run([BUILD / "sallyport", "config", "check", "-c", config], check=True, stdout=subprocess.DEVNULL)
    row(f"{count} tenants ({config.stat().st_size / 1e6:.0f} MB): read and check", time.perf_counter() - begun, "s")
    begun = time.perf_counter()
    with open(log, "wb") as output:
        process = subprocess.Popen([BUILD / "sallyport", "serve", "-c", config, "--listen", f"127.0.0.1:{port}", "--state", state],
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        wait_for(log, "is ready", process)
        row("  start, until it is ready", time.perf_counter() - begun, "s")
        token = (state / "local.token").read_text().strip()
        ask(port, token)
        row("  memory of all processes but the sessions'", memory_of(roles(process.pid))[0], "MiB", "<= 200")
        begun = time.perf_counter()
        process.send_signal(signal.SIGHUP)
        waits = []
        while "serve.reloaded" not in log.read_text():
            waits.append(ask(port, token))
        row("  reload by SIGHUP", time.perf_counter() - begun, "s")
        row(f"  slowest of {len(waits)} requests meanwhile", max(waits), "ms")
        time.sleep(0.5)
        total, peak = memory_of(roles(process.pid))
        row("  memory of all processes after the reload", total, "MiB", "<= 200")
        row("  highest peak of one of them", peak, "MiB", "<= 200")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def roles(pid):
    """The gateway's own processes, without the Python of sessions."""
    return [child for child in tree_of(pid) if "sallyport-session" not in os.readlink(f"/proc/{child}/exe")]


def main():
    parser = argparse.ArgumentParser(prog="./dev bench tenants", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=100_000)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sp-bench-"))
    folder.chmod(0o755)
    try:
        measure(folder, arguments.tenants)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
