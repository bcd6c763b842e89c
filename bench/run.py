#!/usr/bin/python3
"""Measures the relay beside its yardsticks, all on loopback, all in one run, and prints one table.

Under test, one after the other, in front of the same stub pool: nginx as a reverse proxy, a plain relay of libmicrohttpd
and libcurl (bench/plain_relay.c), and sallyport with everything on: token, inspection, quota, durable log.
CPU is user + system time of all processes of the server under test, from /proc/PID/stat, divided by the requests.
Latency added is what one connection sees through the server less what it sees of the stub pool itself.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
TOOLS = BUILD / "bench"
TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
TARGET = "/executions?api-version=2025-10-02-preview&identifier=bench-session"
# Bytes of the body, and how many requests that makes at 64 connections.
SIZES = ((300, 20_000), (4096, 12_000), (65536, 2_000))
LATENCY_REQUESTS = 1_000
CONNECTIONS = 64


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def body_of(size):
    """A submission of exactly this many bytes: whole lines of Python, then a comment."""
    head = {"codeInputType": "Inline", "executionType": "Synchronous", "timeoutInSeconds": 60}
    line = "total = [value * 2 for value in range(100)]  # what a script may look like\n"
    code = "print(1)\n"
    while len(json.dumps({**head, "code": code + line + "#"})) <= size:
        code += line
    code += "#" * (size - len(json.dumps({**head, "code": code})))
    return json.dumps({**head, "code": code}).encode()


def write_request(folder, port, size, token):
    body = body_of(size)
    head = (f"POST {TARGET} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
    path = folder / f"request-{port}-{size}"
    path.write_bytes(head.encode() + body)
    return path


def tree_of(pid):
    """This process and every one below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
                parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, wave = [pid], [pid]
    while wave:
        wave = [child for child, parent in parents.items() if parent in wave]
        found += wave
    return found


def name_of(pid):
    """What the process calls itself: "sallyport: relay 0", or the name of its program."""
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    return words[0].rpartition("/")[2] if "sallyport: " not in words[0] else words[0].split()[1]


def cpu_us(pids):
    """User and system time by process name, with that of children that have ended."""
    found = {}
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            name = name_of(pid)
        except OSError:
            continue
        found[name] = found.get(name, 0) + sum(int(value) for value in fields[11:15]) * TICK_US
    return found


class Server:
    """A server under test: its name, its process, its port, the token that it wants."""

    def __init__(self, name, process, port, token="none"):
        self.name, self.process, self.port, self.token = name, process, port, token

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def wait_open(port, process, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"bench: {process.args[0]} does not listen on port {port}")


def start(name, port, arguments, log, **more):
    with open(log, "wb") as output:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **more)
    server = Server(name, process, port)
    try:
        wait_open(port, process)
    except SystemExit:
        sys.stderr.write(pathlib.Path(log).read_text(errors="replace")[-2000:])
        raise
    return server


NGINX = """worker_processes 1; daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 10000000; client_body_buffer_size 256k; client_max_body_size 1m;
  client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy; fastcgi_temp_path {folder}/nginx-f;
  uwsgi_temp_path {folder}/nginx-u; scgi_temp_path {folder}/nginx-s;
  upstream pool {{ server 127.0.0.1:{pool}; keepalive 128; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{port} backlog=1024;
    location / {{ proxy_pass http://pool; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""


def start_nginx(folder, pool):
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, pool=pool, port=port))
    return start("nginx", port, ["/usr/sbin/nginx", "-c", str(config)], folder / "nginx.log")


def start_plain(folder, pool):
    port = free_port()
    return start("microhttpd + curl", port, [TOOLS / "plain_relay", str(port), f"http://127.0.0.1:{pool}"],
                 folder / "plain.log")


GATEWAY = """[azure_code_interpreter]
pool_endpoint = "http://127.0.0.1:{pool}"
token_env_var = "BENCH_POOL_TOKEN"
[[tenant]]
name = "local"
policy = "data-science"
[tenant.quota]
requests_per_minute = 1000000
concurrent_runs = 4096
"""


def start_gateway(folder, pool):
    port = free_port()
    config = folder / "config.toml"
    config.write_text(GATEWAY.format(pool=pool))
    state = folder / "state"
    server = start("sallyport", port, [BUILD / "sallyport", "serve", "-c", config, "--listen", f"127.0.0.1:{port}",
                                       "--state", state], folder / "gateway.log",
                   env={"PATH": os.environ["PATH"], "BENCH_POOL_TOKEN": "bench-credential"})
    end = time.monotonic() + 30
    while b"is ready on" not in (folder / "gateway.log").read_bytes() and time.monotonic() < end:
        time.sleep(0.05)
    server.token = (state / "local.token").read_text().strip()
    return server


def load(port, connections, requests, path):
    ran = subprocess.run([TOOLS / "load", str(port), str(connections), str(requests), path], capture_output=True,
                         text=True, check=False)
    if not ran.stdout.strip():
        raise SystemExit(f"bench: the load generator failed: {ran.stderr}")
    found = json.loads(ran.stdout)
    if found["errors"]:
        raise SystemExit(f"bench: {found['errors']} of {found['requests']} answers were errors: {ran.stderr}")
    return found


def measure(server, folder, scale):
    """{size: CPU in microseconds a request, requests a second, p50 and p99 at one connection}."""
    rows = {}
    for size, requests in SIZES:
        path = write_request(folder, server.port, size, server.token)
        requests = max(200, int(requests * scale))
        load(server.port, CONNECTIONS, max(200, requests // 10), path)
        pids = tree_of(server.process.pid)
        before = cpu_us(pids)
        loaded = load(server.port, CONNECTIONS, requests, path)
        after = cpu_us(tree_of(server.process.pid))
        roles = {name: (after[name] - before.get(name, 0)) / requests for name in after}
        alone = load(server.port, 1, max(100, int(LATENCY_REQUESTS * scale)), path)
        rows[size] = {"cpu": sum(roles.values()), "roles": roles, "rate": requests / loaded["seconds"], "p50": alone["p50_us"], "p99": alone["p99_us"]}
    return rows


def print_table(results, direct):
    """One line a server and size; the ratio is to nginx in the same run."""
    print(f"{'body':>7}  {'server':<18} {'CPU us/request':>14} {'ratio':>6} {'requests/s':>11} "
          f"{'p50 added us':>13} {'p99 added us':>13}")
    for size, _ in SIZES:
        base = results["nginx"][size]["cpu"] if "nginx" in results else 0
        for name, rows in results.items():
            row, stub = rows[size], direct[size]
            ratio = f"{row['cpu'] / base:6.2f}" if base else "     -"
            print(f"{size:>7}  {name:<18} {row['cpu']:>14.1f} {ratio} {row['rate']:>11.0f} "
                  f"{row['p50'] - stub['p50']:>13.0f} {row['p99'] - stub['p99']:>13.0f}")


def print_roles(results):
    """Where the CPU of a server of several processes goes."""
    for name, rows in results.items():
        for size, row in rows.items():
            if len(row["roles"]) > 1:
                parts = sorted(row["roles"].items(), key=lambda part: -part[1])
                print(f"{size:>7}  {name}: " + ", ".join(f"{role} {cpu:.1f}" for role, cpu in parts if cpu >= 0.05))


def build_tools():
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "bench_tools"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the number of requests")
    parser.add_argument("--only", choices=("nginx", "plain", "sallyport"), help="measure this server alone")
    arguments = parser.parse_args()
    build_tools()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sp-bench-"))
    folder.chmod(0o755)
    port = free_port()
    pool = start("stub pool", port, [TOOLS / "stub_pool", str(port)], folder / "pool.log")
    results = {}
    try:
        direct = measure(pool, folder, arguments.scale)
        for key, starter in (("nginx", start_nginx), ("plain", start_plain), ("sallyport", start_gateway)):
            if arguments.only in (None, key):
                server = starter(folder, port)
                try:
                    results[server.name] = measure(server, folder, arguments.scale)
                finally:
                    server.stop()
        print_table(results, direct)
        print_roles(results)
        if arguments.only in (None, "sallyport"):
            print(flush=True)
            subprocess.run([TOOLS / "identity"], check=True)
            subprocess.run([TOOLS / "log", folder / "log", str(int(128_000 * arguments.scale))], check=True)
    except SystemExit:
        for line in (folder / "gateway.log").read_text(errors="replace").splitlines()[-60:]:
            print(line, file=sys.stderr)
        raise
    finally:
        pool.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
