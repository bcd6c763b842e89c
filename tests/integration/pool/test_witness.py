"""What the witness sees of a run, and what it refuses."""

import json

import pytest


def run(pool, identifier, code, denied=None):
    connection = pool.connection()
    connection.request("POST", "/executions?identifier=" + identifier, json.dumps({"code": code, "timeoutInSeconds": 20}),
                       {"X-Sallyport-Deny": denied} if denied else {})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@pytest.mark.parametrize("code, want", [
    ("1 + 1", set()),
    ("print('x'); [n for n in range(10)]", set()),
    ("import colorsys", set()),
    ("open('/mnt/data/x', 'w').close()", {"filesystem"}),
    ("import socket; s = socket.socket(); s.close()", {"network"}),
    ("import socket; a, b = socket.socketpair(); a.close(); b.close()", set()),
    ("import socket; s = socket.socket(socket.AF_UNIX); s.bind('/tmp/s'); s.close()", set()),
    ("import socket\ntry:\n    socket.getaddrinfo('localhost', 'http')\nexcept OSError:\n    pass", {"network"}),
    ("import os; _ = os.system('true')", {"process"}),
    ("import subprocess; _ = subprocess.run(['true'])", {"process"}),
    ("import ctypes; ctypes.CDLL(None)", {"native"}),
    ("eval('1'); exec('x = 1')", {"dynamic-code"}),
    ("import pickle, decimal; pickle.loads(pickle.dumps(decimal.Decimal(1)))", {"deserialize"}),
    ("import gc; _ = gc.get_objects()", {"introspection"}),
    ("import os; os.environ['A'] = '1'", {"environment"}),
])
def test_what_a_cell_does_is_counted(pool, session, code, want):
    name = session("import socket, subprocess, ctypes, pickle, decimal, gc").body["identifier"]
    seen = run(pool, name, code)[1]["result"]["diagnosticInfo"]
    assert want <= set(seen["capabilities"]) and (want or not seen["capabilities"]), seen
    assert seen["isWitnessComplete"] is True and seen["deniedCapabilities"] == []


def test_counts_are_of_one_run(pool, session):
    name = session("1").body["identifier"]
    seen = run(pool, name, "for n in range(7): open('/mnt/data/%d' % n, 'w').close()")[1]["result"]["diagnosticInfo"]
    assert seen["capabilities"]["filesystem"] == 7
    assert run(pool, name, "1")[1]["result"]["diagnosticInfo"]["capabilities"] == {}


def test_crash_is_counted_as_well(pool, session):
    name = session("1").body["identifier"]
    seen = run(pool, name, "import os; open('/mnt/data/x', 'w'); os._exit(1)")[1]["result"]["diagnosticInfo"]
    assert seen["capabilities"]["filesystem"] == 1 and seen["isWitnessComplete"] is False


def test_hook_that_is_taken_out_is_noticed(pool, session):
    """The head of the list of hooks lies in the exported _PyRuntime; native code finds it by what it points to."""
    name = session("1").body["identifier"]
    code = """
import ctypes
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, '_PyRuntime'))
ctypes.c_void_p.from_address(runtime + 656).value = None
open('/mnt/data/unseen', 'w').close()
"""
    seen = run(pool, name, code)[1]["result"]["diagnosticInfo"]
    assert seen["isWitnessComplete"] is False or "filesystem" in seen["capabilities"]
    assert seen["capabilities"]["native"] >= 1


@pytest.mark.parametrize("denied, code, allowed", [
    ("network", "import socket; socket.socket()", "import os; os.system('true')"),
    ("process", "import os; os.system('true')", "import socket; socket.socket().close()"),
    ("process, network", "import subprocess; subprocess.run(['true'])", "1"),
    ("native", "import ctypes; ctypes.CDLL(None)", "1"),
])
def test_denied_capability_raises_and_is_named(pool, denied, code, allowed):
    name = "denied-" + denied.replace(", ", "-")
    pool.run("import socket, subprocess, ctypes", name)
    status, body = run(pool, name, code, denied)
    assert (status, body["status"], body["result"]["errorName"]) == (200, "Failed", "PermissionError")
    assert "the policy denies" in body["result"]["stderr"]
    assert body["result"]["diagnosticInfo"]["deniedCapabilities"]
    assert run(pool, name, allowed, denied)[1]["status"] == "Succeeded"
    pool.ask("DELETE", "/session?identifier=" + name)


def test_denial_holds_without_the_witness(pool):
    """Calls that raise no event, from native code and after the hook is gone."""
    code = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, '_PyRuntime'))
ctypes.c_void_p.from_address(runtime + 656).value = None
seen = []
for call in (lambda: libc.socket(2, 1, 0), libc.fork, lambda: libc.execv(b'/usr/bin/true', (ctypes.c_char_p * 2)(b'true'))):
    ctypes.set_errno(0)
    seen.append(errno.errorcode[ctypes.get_errno()] if call() == -1 else 'done')
import threading
t = threading.Thread(target=seen.append, args=('thread',)); t.start(); t.join()
seen"""
    assert run(pool, "denied-natively", code, "process,network")[1]["result"]["executionResult"] == ["EPERM"] * 3 + ["thread"]
    pool.ask("DELETE", "/session?identifier=denied-natively")


def test_unknown_capability_is_refused(pool):
    assert run(pool, "denied-nothing", "1", "wizardry")[0] == 400


EVERYDAY = [
    "import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.savefig('/mnt/data/a.png'); 1",
    "import matplotlib.font_manager as f; len(f._load_fontmanager(try_read_cache=False).ttflist) > 0",
    "import pandas as pd; pd.DataFrame({'a': [1, 2]}).to_csv('/mnt/data/a.csv'); len(pd.read_csv('/mnt/data/a.csv'))",
    "from sklearn.ensemble import RandomForestClassifier as R; R(n_estimators=4, n_jobs=2).fit([[0], [1]], [0, 1]).predict([[1]])[0] in (0, 1)",
    "from sklearn.model_selection import cross_val_score as c; from sklearn.linear_model import LinearRegression as L; "
    "len(c(L(), [[i] for i in range(12)], list(range(12)), cv=3, n_jobs=2))",
    "from sklearn.model_selection import GridSearchCV as G; from sklearn.svm import SVC; "
    "G(SVC(), {'C': [1, 2]}, cv=2, n_jobs=-1).fit([[i] for i in range(8)], [0, 1] * 4).best_score_ >= 0",
    "from joblib import Parallel, delayed; Parallel(n_jobs=2)(delayed(abs)(-i) for i in range(3))",
    "from concurrent.futures import ThreadPoolExecutor as T; list(T(2).map(abs, [-1, 2]))",
    "import asyncio; asyncio.run(asyncio.sleep(0, 5))",
    "import platform, uuid, tempfile, multiprocessing; (platform.platform(), uuid.uuid1(), uuid.getnode(), "
    "tempfile.mkdtemp(), multiprocessing.cpu_count(), multiprocessing.Lock()) is not None",
    "import seaborn as sns, sympy, scipy.optimize as o; o.minimize(lambda x: x[0] ** 2, [1]).success",
]


@pytest.mark.parametrize("code", EVERYDAY)
def test_everyday_code_passes_where_processes_and_the_network_are_denied(pool, code):
    name = "everyday-%d" % EVERYDAY.index(code)
    status, body = run(pool, name, code, "process,network")
    pool.ask("DELETE", "/session?identifier=" + name)
    assert (status, body["status"]) == (200, "Succeeded"), body["result"]["stderr"]


def test_joblib_that_was_used_before_does_without_processes_as_well(pool):
    code = "from joblib import Parallel, delayed; Parallel(n_jobs=2)(delayed(abs)(-i) for i in range(3))"
    for denied in (None, "process", "process"):
        assert run(pool, "joblib-before", code, denied)[1]["result"].get("executionResult") == [0, 1, 2]
    pool.ask("DELETE", "/session?identifier=joblib-before")
