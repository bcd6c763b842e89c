"""Submissions that run: both families, their envelopes, results of every kind, sessions that keep their state."""

import base64
import json
import time

import pytest

from support import rawhttp
from support.gateway import NEW, OLD, SLOWNESS, code_execute, executions, new_session

CONFIG = "[pool]\nready_sessions = 1\n[pool.session]\npreload = [\"numpy\", \"matplotlib\"]\n"
FIGURE = """
import numpy, matplotlib.pyplot as plt
values = numpy.random.default_rng(1).normal(size=1000)
plt.hist(values)
print(f"{values.mean():.3f} {values.std():.3f} {values.min():.3f} {values.max():.3f}")
plt.show()
"""


def flat(code, **more):
    return {"codeInputType": "Inline", "executionType": "Synchronous", "code": code, **more}


def inline(code, **more):
    return {"codeInputType": "inline", "executionType": "synchronous", "code": code, **more}


def post(gateway, target, body):
    answer = gateway.send("POST", target, json.dumps(body).encode(), timeout=60)
    assert answer is not None, gateway.output()
    return answer


def run_new(gateway, code, session=None, version=NEW, **more):
    answer = post(gateway, executions(session or new_session(), version), flat(code, **more))
    assert answer.status in (200, 202), answer
    return answer.json()


def run_old(gateway, code, session=None, **more):
    answer = post(gateway, code_execute(session or new_session()), {"properties": inline(code, **more)})
    assert answer.status == 200, answer
    return answer.json()["properties"]


def test_new_family(gateway):
    session = new_session()
    answer = post(gateway, executions(session), flat("print('out')\nimport sys\nprint('err', file=sys.stderr)\n6*7"))
    assert answer.status == 200
    body = answer.json()
    assert (body["status"], body["identifier"], body["executionType"]) == ("Succeeded", session, "Synchronous")
    assert body["id"]
    assert body["result"]["stdout"] == "out\n"
    assert body["result"]["stderr"] == "err\n"
    assert body["result"]["executionResult"] == 42
    assert isinstance(body["result"]["executionTimeInMilliseconds"], (int, float))


def test_answer_names_its_log_entry(gateway):
    answer = post(gateway, executions(new_session()), flat("1"))
    index = int(answer.header("x-sallyport-entry"))
    assert index < len(gateway.entries())


def test_status_202_for_the_first_version_of_the_new_family(gateway):
    answer = post(gateway, executions(new_session(), "2024-10-02-preview"), flat("1"))
    assert answer.status == 202
    assert answer.json()["status"] == "Succeeded"


@pytest.mark.parametrize("version", ["2024-10-02-preview", "2025-02-02-preview"])
def test_result_is_a_string_before_2025_10(gateway, version):
    assert run_new(gateway, "6*7", version=version)["result"]["executionResult"] == "42"


def test_old_family(gateway):
    properties = run_old(gateway, "print('out')\nimport sys\nprint('err', file=sys.stderr)\n6*7")
    assert properties["status"] == "Success"
    assert properties["stdout"] == "out\n"
    assert properties["stderr"] == "err\n"
    assert properties["result"] == 42
    assert properties["executionResult"] == 42


def test_old_family_gives_strings_never_null(gateway):
    properties = run_old(gateway, "x = 1")
    assert (properties["stdout"], properties["stderr"]) == ("", "")
    assert "result" in properties


def test_either_body_on_either_path(gateway):
    enveloped_new = post(gateway, executions(new_session()), {"properties": flat("print(1)")})
    assert enveloped_new.json()["result"]["stdout"] == "1\n"
    flat_old = post(gateway, code_execute(new_session()), inline("print(2)"))
    assert flat_old.json()["properties"]["stdout"] == "2\n"


def test_oldest_alias(gateway):
    session = new_session()
    body = {"properties": {"identifier": session, "codeInputType": "inline", "executionType": "synchronous",
                           "pythonCode": "print('x')\n'v'"}}
    target = code_execute(session).replace("/code/execute", "/python/execute")
    answer = post(gateway, target, body).json()
    assert (answer["stdout"], answer["stderr"]) == ("x\n", "")
    assert "v" in answer["result"]


@pytest.mark.parametrize("prefix", ["/subscriptions/s/resourceGroups/g/sessionPools/p", "/a", "/"])
def test_any_prefix_before_the_path(gateway, prefix):
    answer = post(gateway, prefix + executions(new_session()), flat("print(3)"))
    assert answer.json()["result"]["stdout"] == "3\n"


@pytest.mark.parametrize("identifier", ["a|b-c", "test", "x(1)[2]{3}", "s%2F1-abc", "q" * 128])
def test_identifiers_as_clients_send_them(gateway, identifier):
    raw = identifier.replace("{", "%7B").replace("}", "%7D").replace("|", "%7C")
    assert post(gateway, executions(raw), flat("1")).status == 200


def test_enumeration_values_without_case(gateway):
    body = {"codeInputType": "INLINE", "executionType": "synchronous", "code": "print(4)"}
    assert post(gateway, executions(new_session()), body).json()["result"]["stdout"] == "4\n"


def test_unknown_members_are_ignored(gateway):
    answer = post(gateway, executions(new_session()), flat("print(5)", sanitizeInput=True, identifiers=["other"]))
    assert answer.json()["result"]["stdout"] == "5\n"


def test_body_in_chunks(gateway):
    body = json.dumps(flat("print(6)")).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    headers = gateway.headers() + [("Transfer-Encoding", "chunked")]
    answer = gateway.send("POST", executions(new_session()), chunks, headers)
    assert answer.json()["result"]["stdout"] == "6\n"


def test_exception_is_status_200(gateway):
    new = run_new(gateway, "1/0")
    assert new["status"] == "Failed"
    assert "ZeroDivisionError" in new["result"]["stderr"]
    old = run_old(gateway, "1/0")
    assert old["status"] == "Failure"
    assert "ZeroDivisionError" in old["stderr"]


def test_syntax_error_of_the_code_is_told(gateway):
    answer = post(gateway, executions(new_session()), flat("def f(:\n"))
    text = answer.body.decode()
    assert answer.status in (200, 400, 403), answer
    assert "SyntaxError" in text or "error" in text


def test_state_is_kept_within_a_session_and_not_across(gateway):
    mine, other = new_session(), new_session()
    run_new(gateway, "kept = 'yes'", mine)
    assert run_new(gateway, "kept", mine)["result"]["executionResult"] == "yes"
    assert run_old(gateway, "kept", mine)["result"] == "yes"
    assert "NameError" in run_new(gateway, "kept", other)["result"]["stderr"]


def test_files_are_kept_within_a_session_and_not_across(gateway):
    mine, other = new_session(), new_session()
    run_new(gateway, "open('/mnt/data/a.txt', 'w').write('hello')", mine)
    assert run_new(gateway, "open('/mnt/data/a.txt').read()", mine)["result"]["executionResult"] == "hello"
    assert "FileNotFoundError" in run_new(gateway, "open('/mnt/data/a.txt')", other)["result"]["stderr"]


@pytest.mark.parametrize("code,value", [
    ("6*7", 42), ("1.5", 1.5), ("'text'", "text"), ("[1, 'a', None]", [1, "a", None]), ("{'k': [1]}", {"k": [1]}),
    ("True", True), ("'caf\\u00e9 \\U0001F600'", "caf\u00e9 \U0001F600"),
])
def test_value_of_the_last_expression(gateway, code, value):
    assert run_old(gateway, code)["result"] == value


@pytest.mark.parametrize("code", ["x = 1", "None", "pass"])
def test_no_value(gateway, code):
    assert run_new(gateway, code)["result"]["executionResult"] in (None, "")


@pytest.mark.parametrize("code, shown, native", [
    ("a = float('nan');a", "nan", "nan"), ("a = 'nan';a", "'nan'", "nan"), ("a = None;a", None, None), ("a = 42;a", "42", 42),
    ("True", "True", True), ("1.5", "1.5", 1.5), ("'it\\'s'", '"it\'s"', "it's"), ("[1, 'a']", [1, "a"], [1, "a"]), ("2 ** 70", str(2 ** 70), str(2 ** 70)),
])
def test_plain_values_as_python_shows_them(gateway, code, shown, native):
    """Azure's own examples of 2025-10-02-preview, and their like; the second name is that of the examples."""
    for name, value, want in (("returnJupyterFormatExecutionResult", True, shown), ("returnJupyterFormat", True, shown),
                              ("returnJupyterFormatExecutionResult", False, native)):
        body = {"codeInputType": "Inline", "executionType": "Synchronous", "code": code, "timeoutInSeconds": 60, name: value}
        answer = gateway.send("POST", executions(new_session()), json.dumps(body).encode())
        assert (answer.status, answer.json()["status"]) == (200, "Succeeded"), answer
        assert answer.json()["result"]["executionResult"] == want


def test_nan_is_a_string(gateway):
    assert run_old(gateway, "float('nan')")["result"] == "nan"


def test_object_without_a_json_form_is_its_representation(gateway):
    assert "object" in str(run_old(gateway, "object()")["result"])


def test_four_figures_and_a_picture(gateway):
    answer = run_new(gateway, FIGURE, timeoutInSeconds=60)
    assert answer["status"] == "Succeeded", answer
    figures = answer["result"]["stdout"].split()
    assert len(figures) == 4 and abs(float(figures[0])) < 0.2
    image = answer["result"]["executionResult"]
    assert (image["type"], image["format"]) == ("image", "png")
    assert base64.b64decode(image["base64_data"]).startswith(b"\x89PNG\r\n")


def test_picture_in_the_old_family(gateway):
    properties = run_old(gateway, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", timeoutInSeconds=60)
    assert properties["result"]["type"] == "image"


def test_run_ends_at_its_timeout_and_the_session_lives(gateway):
    session = new_session()
    run_new(gateway, "kept = 7", session)
    started = time.monotonic()
    answer = post(gateway, executions(session), flat("import time\ntime.sleep(30)", timeoutInSeconds=1))
    assert time.monotonic() - started < 10 * SLOWNESS
    assert answer.status == 200 and answer.json()["status"] == "Failed", answer
    assert run_new(gateway, "kept", session)["result"]["executionResult"] == 7


def test_code_that_ignores_the_interrupt_is_killed(gateway):
    session = new_session()
    code = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
    started = time.monotonic()
    answer = post(gateway, executions(session), flat(code, timeoutInSeconds=1))
    assert time.monotonic() - started < 20 * SLOWNESS
    assert answer.status == 200 and answer.json()["status"] == "Failed", answer
    assert run_new(gateway, "1", session)["status"] == "Succeeded"


@pytest.mark.parametrize("size", [100, 20_000, 60_000])
def test_code_of_any_size(gateway, size):
    code = "text = '" + "a" * size + "'\nlen(text)"
    assert run_old(gateway, code)["result"] == size


def test_much_output(gateway):
    answer = run_new(gateway, "print('x' * 3000)")
    assert answer["result"]["stdout"] == "x" * 3000 + "\n"


def test_session_has_no_network(gateway):
    code = "__builtins__.__import__('socket').create_connection(('127.0.0.1', %d), 1)" % gateway.port
    answer = post(gateway, executions(new_session()), flat(code))
    assert answer.status == 403 or answer.json()["status"] == "Failed", answer


def test_keep_alive_many(gateway):
    body = json.dumps(flat("1+1")).encode()
    session = new_session()
    with gateway.connect() as connection:
        for _ in range(20):
            connection.send(rawhttp.request("POST", executions(session), gateway.headers(), body))
            assert connection.read().json()["result"]["executionResult"] == 2


def test_versions_of_both_families_share_sessions(gateway):
    session = new_session()
    post(gateway, code_execute(session, OLD), {"properties": inline("a = 'old'")})
    assert run_new(gateway, "a", session)["result"]["executionResult"] == "old"


def test_streams_are_cut_where_the_client_says(gateway):
    session = new_session()
    code = "import sys\nprint('x' * 9000, end=''); print('y' * 70, end='', file=sys.stderr)"
    result = run_new(gateway, code, session, outputStreamsMaxLength=100)["result"]
    assert result["stdout"] == "x" * 100 and result["isStdoutTruncated"] is True
    assert result["stderr"] == "y" * 70 and "isStderrTruncated" not in result
    assert len(run_new(gateway, code, session)["result"]["stdout"]) == 9000
    answer = post(gateway, executions(session), flat("1", outputStreamsMaxLength=0))
    assert answer.status == 400
