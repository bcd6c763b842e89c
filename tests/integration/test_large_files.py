"""Files up to 128 MiB: through all rooms, in bounded memory, beside small runs; above that they are refused early."""

import hashlib
import threading
import time

from support import rawhttp
from support.gateway import NEW, SLOWNESS, is_sanitized, new_session

CONFIG = "[pool]\nready_sessions = 1\n[pool.session]\npreload = []\n"
MIB = 1024 * 1024
LIMIT = 128 * MIB
GROWTH = (2048 if is_sanitized() else 32) * MIB  # a sanitizer keeps what was freed, in each process
HEAD = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\n\r\n'
TAIL = b"\r\n--XX--\r\n"
BLOCK = (b"1,2,3,4,5,6,7,8,9,0\n" * 60000)[:MIB]


def head_of(gateway, session, length):
    fields = [("Authorization", f"Bearer {gateway.token()}"), ("Content-Type", "multipart/form-data; boundary=XX"),
              ("Content-Length", str(length))]
    return rawhttp.request("POST", f"/files?api-version={NEW}&identifier={session}", fields)


def upload(gateway, session, size):
    with gateway.connect(120 * SLOWNESS) as connection:
        connection.send(head_of(gateway, session, len(HEAD) + size + len(TAIL)) + HEAD)
        left = size
        while left > 0:
            connection.send(BLOCK[:min(left, MIB)])
            left -= min(left, MIB)
        connection.send(TAIL)
        return connection.read()


def resident_bytes(gateway):
    """What the roles hold for themselves, file pages and shared memory not counted."""
    total = 0
    for pids in gateway.roles().values():
        for pid in pids:
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                total += sum(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon:"))
    return total


def test_largest_file_there_and_back(gateway):
    session = new_session()
    upload(gateway, session, MIB)
    before = resident_bytes(gateway)
    answer = upload(gateway, session, LIMIT)
    assert answer.status == 200, (answer, gateway.output())
    assert answer.json()["sizeInBytes"] == LIMIT
    assert resident_bytes(gateway) - before < GROWTH
    got = gateway.send("GET", f"/files/big.csv/content?api-version={NEW}&identifier={session}", timeout=120)
    assert got.status == 200 and len(got.body) == LIMIT
    assert hashlib.sha256(got.body).digest() == hashlib.sha256(BLOCK * 128).digest()
    part = gateway.send("GET", f"/files/big.csv/content?api-version={NEW}&identifier={session}",
                        headers=gateway.headers() + [("Range", f"bytes={LIMIT - 5}-")], timeout=60)
    assert (part.status, part.body) == (206, BLOCK[-5:])
    assert resident_bytes(gateway) - before < GROWTH


def test_one_byte_more_is_413_before_it_is_sent(gateway):
    with gateway.connect() as connection:
        connection.send(head_of(gateway, new_session(), LIMIT + 70000))
        answer = connection.read()
    assert (answer.status, answer.error()) == (413, "RequestTooLarge"), answer


def test_file_of_one_byte_more_inside_the_body_is_413(gateway):
    answer = upload(gateway, new_session(), LIMIT + 1)
    assert (answer.status, answer.error()) == (413, "RequestTooLarge"), answer


def test_small_runs_do_not_wait_for_large_files(gateway):
    session, times = new_session(), []
    gateway.run("1", session)
    sender = threading.Thread(target=upload, args=(gateway, new_session(), 96 * MIB))
    sender.start()
    while sender.is_alive():
        started = time.monotonic()
        assert gateway.run("1", session).status == 200
        times.append(time.monotonic() - started)
    assert times and sorted(times)[len(times) // 2] < 0.25 * SLOWNESS, times
