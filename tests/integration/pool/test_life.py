"""How sessions live and end: timeouts, limits, cooldown, crashes, and nothing left over."""

import json
import os
import signal
import socket
import threading
import time

from pool_driver import Connection, children, descendants, gone, parents_of_all


def test_timeout_interrupts_and_keeps_the_state(session):
    session("kept = 1")
    answer = session("print('begun')\nwhile True: pass", timeout=1)
    assert answer.body["status"] == "Failed"
    assert answer.result["stdout"] == "begun\n"
    assert "keeps its state" in answer.result["stderr"] and "KeyboardInterrupt" in answer.result["stderr"]
    assert session("kept").result["executionResult"] == 1


def test_timeout_reaches_a_program_that_the_cell_waits_for(session):
    started = time.monotonic()
    answer = session("!sleep 60", timeout=1)
    assert time.monotonic() - started < 50 and "TimeoutError" in answer.result["stderr"]
    assert session("1").result["executionResult"] == 1


def test_run_that_does_not_yield_is_killed_and_says_so(session):
    session("lost = 1")
    answer = session("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", timeout=1)
    assert answer.body["status"] == "Failed" and "its state is lost" in answer.result["stderr"]
    assert session("lost").result["errorName"] == "NameError"


def test_ignored_interrupts_are_taken_again_by_the_next_run(session):
    session("import signal; _ = signal.signal(signal.SIGINT, signal.SIG_IGN); kept = 1")
    session("while True: pass", timeout=1)
    assert session("kept").result["executionResult"] == 1


def test_crash_is_answered_at_once_and_the_session_replaced(session):
    for code, words in (("import os; os._exit(3)", "exit status 3"), ("import os, signal; os.abort()", "signal 6")):
        started = time.monotonic()
        answer = session(code, timeout=30)
        assert time.monotonic() - started < 25
        assert answer.body["status"] == "Failed" and words in answer.result["stderr"]
        assert session("1").result["executionResult"] == 1


def test_runs_of_one_session_take_turns(pool, session):
    session("import time; order = []")
    answers = []

    def one(number):
        connection = Connection(pool.socket)
        answers.append(session("time.sleep(0.2); order.append(%d); len(order)" % number, connection=connection))
        connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.result["executionResult"] for answer in answers) == [1, 2, 3, 4]


def test_line_of_a_session_is_bounded(pool, session):
    statuses = []

    def one():
        connection = Connection(pool.socket)
        statuses.append(session("import time; time.sleep(0.1)", connection=connection).status)
        connection.close()

    session("1")
    threads = [threading.Thread(target=one) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(429) >= 1 and statuses.count(200) >= 16


def test_session_limit_and_delete(make_pool):
    pool = make_pool(sessions=2, ready=0)
    assert pool.run("1", "first").status == 200
    assert pool.run("1", "second").status == 200
    refused = pool.run("1", "third")
    assert refused.status == 429 and refused.code == "SessionLimitReached"
    assert int(refused.headers["Retry-After"]) >= 1
    listed = pool.ask("GET", "/listSessions").body["sessions"]
    assert sorted(entry["identifier"] for entry in listed) == ["first", "second"]
    assert pool.ask("DELETE", "/session?identifier=first").status == 204
    assert pool.ask("GET", "/session?identifier=first").status == 404
    assert pool.run("1", "third").status == 200


def test_cooldown_ends_idle_sessions(make_pool):
    pool = make_pool(sessions=2, ready=0, cooldown=3)
    pool.run("kept = 1", "idle")
    about = pool.ask("GET", "/session?identifier=idle").body
    assert about["identifier"] == "idle" and about["expireAt"] > about["lastAccessedAt"]
    time.sleep(4)
    assert pool.ask("GET", "/session?identifier=idle").status == 404
    assert pool.run("kept", "idle").result["errorName"] == "NameError"


def test_each_use_resets_the_cooldown(make_pool):
    pool = make_pool(sessions=2, ready=0, cooldown=4)
    pool.run("kept = 1", "used")
    for _ in range(6):
        time.sleep(0.8)
        assert pool.run("kept", "used").result["executionResult"] == 1


def test_template_that_dies_is_replaced(make_pool):
    pool = make_pool(sessions=3, ready=1)
    pool.run("kept = 1", "before")
    family = descendants(pool.process.pid)
    (keeper,) = children(pool.process.pid)
    os.kill(keeper, signal.SIGKILL)
    assert not gone(family)
    assert pool.run("1 + 1", "after", timeout=30).result["executionResult"] == 2


def test_nothing_is_left_when_the_pool_is_killed(make_pool):
    pool = make_pool(sessions=4, ready=2)
    for number in range(3):
        pool.run("import subprocess\np = [subprocess.Popen(['sleep', '600'], start_new_session=True) for _ in range(3)]\n"
                 "open('/mnt/data/big', 'wb').write(b'x' * (8 << 20))", "name-%d" % number)
    family = descendants(pool.process.pid)
    assert len(family) >= 3 + 3 * 5
    pool.process.kill()
    pool.process.wait()
    assert not gone(family)


def test_nothing_is_left_of_a_deleted_session(make_pool):
    pool = make_pool(sessions=2, ready=0)
    before = descendants(pool.process.pid)
    pool.run("import subprocess\np = [subprocess.Popen(['sleep', '600'], start_new_session=True) for _ in range(3)]", "name")
    # A room that was made ahead has no children; the session's own room may be older than it.
    (interpreter,) = [pid for pid in descendants(pool.process.pid) - before if children(pid)]
    family = {parents_of_all()[interpreter], interpreter} | descendants(interpreter)
    assert len(family) >= 5
    assert pool.ask("DELETE", "/session?identifier=name").status == 204
    assert not gone(family)


def test_client_that_leaves_does_not_stop_the_pool(pool, session):
    session("kept = 1")
    connection = Connection(pool.socket, timeout=0.3)
    try:
        session("import time; time.sleep(1)", connection=connection)
    except OSError:
        pass
    connection.close()
    assert session("kept").result["executionResult"] == 1


def execution(name, code):
    body = json.dumps({"code": code}).encode()
    return b"POST /executions?identifier=%s HTTP/1.1\r\nHost: pool\r\nContent-Length: %d\r\n\r\n" % (name, len(body)) + body


def test_client_that_sends_ahead_is_answered_in_order(pool):
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(60)
    line.connect(str(pool.socket))
    try:
        # The second comes with the first, the third while the first still runs.
        line.sendall(execution(b"ahead-1", "import time; time.sleep(0.5); 'first'") + execution(b"ahead-1", "'second'"))
        time.sleep(0.2)
        line.sendall(execution(b"ahead-1", "'third'"))
        seen = b""
        while b"third" not in seen:
            more = line.recv(1 << 16)
            assert more, seen
            seen += more
        assert seen.index(b"first") < seen.index(b"second") < seen.index(b"third")
    finally:
        line.close()
        pool.ask("DELETE", "/session?identifier=ahead-1")


def test_client_that_leaves_with_more_on_its_way_does_not_stop_the_pool(pool, session):
    session("kept = 1")
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(pool.socket))
    line.sendall(execution(b"ahead-2", "import time; time.sleep(0.5)"))
    time.sleep(0.1)
    line.sendall(b"GET /metadata HTTP/1.1\r\n")
    line.close()
    assert session("kept").result["executionResult"] == 1
    pool.ask("DELETE", "/session?identifier=ahead-2")


def test_requests_that_are_wrong(pool):
    for method, path, body, status, code in (
            ("POST", "/executions?identifier=abcd", "{", 400, "InvalidJson"),
            ("POST", "/executions?identifier=abcd", "{}", 400, "InvalidRequest"),
            ("POST", "/executions?identifier=abcd", '{"code": "1", "code": "2"}', 400, "InvalidJson"),
            ("POST", "/executions?identifier=abc", '{"code": "1"}', 400, "InvalidIdentifier"),
            ("POST", "/executions", '{"code": "1"}', 400, "InvalidIdentifier"),
            ("GET", "/executions?identifier=abcd", None, 405, "MethodNotAllowed"),
            ("GET", "/nothing", None, 404, "NotFound"),
            ("DELETE", "/session?identifier=unknown", None, 404, "SessionNotFound")):
        answer = pool.ask(method, path, body)
        assert (answer.status, answer.code) == (status, code), path


def test_metadata_tells_what_isolation_is_in_force(pool):
    body = pool.ask("GET", "/metadata").body
    assert body["runtimes"][0]["name"] == "python"
    assert {"numpy", "pandas", "matplotlib"} <= {entry["name"] for entry in body["preInstalledPackages"]}
    isolation = body["isolation"]
    missing = [name for name, holds in isolation.items() if not holds]
    assert set(missing) <= {"memory-cgroup", "landlock-scope"}
