"""What a run gives: values, output, figures, errors."""

import base64
import json
import time

import pytest

from pool_driver import Connection

HISTOGRAM = """
import numpy as np
import matplotlib.pyplot as plt
values = np.random.default_rng(1).normal(size=1000)
plt.hist(values, bins=30)
plt.title("1000 normal numbers")
%s
print(values.mean(), values.std(), values.min(), values.max())
"""


def is_png(value):
    return (value["type"], value["format"]) == ("image", "png") and \
        base64.b64decode(value["base64_data"], validate=True).startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("show", ["", "plt.show()"])
def test_histogram_of_a_thousand_numbers(session, show):
    answer = session(HISTOGRAM % show)
    assert answer.body["status"] == "Succeeded"
    figures = [float(text) for text in answer.result["stdout"].split()]
    assert len(figures) == 4 and figures[2] < figures[0] < figures[3] and 0.9 < figures[1] < 1.1
    assert is_png(answer.result["executionResult"])


@pytest.mark.parametrize("code, want", [
    ("1 + 1", 2),
    ("2 ** 0.5", 2 ** 0.5),
    ("'text'", "text"),
    ("'snow \\u2603 and \\x00'", "snow \u2603 and \x00"),
    ("True", True),
    ("None", None),
    ("x = 5", None),
    ("x = 5; x", 5),
    ("5;", None),
    ("float('nan')", "nan"),
    ("float('-inf')", "-inf"),
    ("[1, 2.5, None, 'a', (True,)]", [1, 2.5, None, "a", [True]]),
    ("{'a': {'b': [float('nan')]}}", {"a": {"b": ["nan"]}}),
    ("10 ** 30", str(10 ** 30)),
    ("{1, 2} == {2, 1}", True),
    ("import numpy; numpy.float64(1.5)", 1.5),
    ("import numpy; numpy.arange(3)", "array([0, 1, 2])"),
    ("object", "object"),
    ("'\\ud800'", "?"),
    ("import pandas; pandas.DataFrame({'a': [1]})", "   a\n0  1"),
])
def test_value_of_the_last_expression(session, code, want):
    assert session(code).result["executionResult"] == want


def test_only_what_is_one_expression_is_taken_for_one(session):
    """Each cell looks like an expression in its beginning or end; the value is that of a notebook's."""
    for code, want in (
            ("1 +\\\n 2", 3), ("(1,\n2)", [1, 2]), ("# a word\n5", 5), ("6\n", 6), ("7;", None), ("x = 8", None), ("x", 8),
            ("(y := 9)", 9), ("y", 9), ("10\n11", 11), ("*[1], 2", [1, 2]), ("  12", 12), ("[await __import__('asyncio').sleep(0, 13)]", [13]),
            ("%time 14", 14), ("_", 14)):
        answer = session(code)
        assert answer.body["status"] == "Succeeded", (code, answer.body)
        assert answer.result["executionResult"] == want, code


def test_each_cell_has_lines_of_its_own_in_a_traceback(session):
    session("def first():\n    return 1 / 0")
    session("second = lambda: first()")
    stderr = session("second()").result["stderr"]
    assert "return 1 / 0" in stderr and "second = lambda: first()" in stderr
    assert [stderr.count("Cell In [%d], line" % number) for number in (1, 2, 3)] == [1, 1, 1]


def test_state_is_kept_between_runs(session):
    assert session("def twice(x): return 2 * x\nimport math").body["status"] == "Succeeded"
    assert session("twice(math.floor(21.5))").result["executionResult"] == 42
    assert session("_").result["executionResult"] == 42


def test_output_of_child_processes_is_captured_in_order(session):
    answer = session("print('first')\n!echo second; echo oops >&2\nimport os\n_ = os.system('echo third')\n"
                     "import subprocess\n_ = subprocess.run(['echo', 'fourth'])\nprint('fifth')")
    assert answer.result["stdout"].split() == ["first", "second", "third", "fourth", "fifth"]
    assert answer.result["stderr"] == "oops\n"


def test_exception_is_a_failed_run_with_a_plain_traceback(session):
    answer = session("def f():\n    return 1 / 0\nprint('before')\nf()")
    assert answer.body["status"] == "Failed"
    assert answer.result["stdout"] == "before\n"
    text = answer.result["stderr"]
    assert "ZeroDivisionError: division by zero" in text and "return 1 / 0" in text
    assert "\x1b" not in text and "<sallyport>" not in text
    assert answer.result["errorName"] == "ZeroDivisionError"


@pytest.mark.parametrize("code, name", [
    ("x =", "SyntaxError"),
    ("  x = 1\n y = 2", "IndentationError"),
    ("input()", "EOFError"),
    ("import sys; sys.exit(3)", "SystemExit"),
    ("nothing_of_this_name", "NameError"),
    ("%no_such_magic", None),
    ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ("class E(Exception):\n    def __str__(self): raise ValueError('x')\nraise E()", "E"),
    ("def f(): f()\nf()", "RecursionError"),
])
def test_each_failure_leaves_the_session_alive(session, code, name):
    session("kept = 1")
    answer = session(code)
    if name:
        assert answer.body["status"] == "Failed" and answer.result["errorName"] == name
    assert session("kept").result["executionResult"] == 1


@pytest.mark.parametrize("code, want", [
    ("import asyncio\nawait asyncio.sleep(0)\n'waited'", "waited"),
    ("%pwd", "/mnt/data"),
    ("x = !echo out\nx[0]", "out"),
    ("%%bash\necho from bash", None),
    ("async def f(): return 7\nawait f()", 7),
])
def test_cells_of_a_notebook(session, code, want):
    answer = session(code)
    assert answer.body["status"] == "Succeeded", answer.body
    assert answer.result["executionResult"] == want


def test_question_mark_explains(session):
    assert "Return the number of items" in session("len?").result["stdout"]


SEVERAL = ("import matplotlib.pyplot as plt\nfrom IPython.display import display, HTML\n"
           "plt.plot([1, 2]); plt.show()\ndisplay(HTML('<b>bold</b>'))\nplt.plot([2, 1]); plt.show()\n'last'")


def kinds_of(answer):
    return [sorted(output)[0] for output in answer.result["outputs"]]


def test_several_outputs_come_in_order(session):
    answer = session(SEVERAL)
    assert answer.result["executionResult"] == "last"
    assert kinds_of(answer) == ["image/png", "text/html", "image/png", "application/json"]


def test_figures_of_a_session_that_imports_matplotlib_itself(make_pool):
    pool = make_pool(sessions=4, options=["--preload", ""])
    assert kinds_of(pool.run(SEVERAL, "own-import")) == ["image/png", "text/html", "image/png", "application/json"]
    through_pandas = "import pandas\npandas.Series([1, 2]).plot().figure.show\nimport matplotlib.pyplot\nmatplotlib.pyplot.show()\n"
    assert kinds_of(pool.run(through_pandas + "display(1)", "by-pandas")) == ["image/png", "text/plain"]
    # A backend that the code has chosen stays: its figures are shown at the end.
    chosen = "import matplotlib\nmatplotlib.use('svg')\nimport matplotlib.pyplot as plt\nplt.plot([1]); plt.show()\ndisplay(1)"
    assert kinds_of(pool.run(chosen, "chosen")) == ["text/plain", "image/png"]


def test_picture_with_a_png_form_of_its_own(session):
    assert is_png(session("from PIL import Image\nImage.new('RGB', (4, 4))").result["executionResult"])


def test_picture_with_an_svg_form_only(session):
    code = """
class Drawing:
    def _repr_svg_(self):
        return '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'
Drawing()"""
    picture = session(code).result["executionResult"]
    assert (picture["type"], picture["format"]) == ("image", "svg")
    assert base64.b64decode(picture["base64_data"]).startswith(b"<svg ")


def test_value_with_html_tells_text_and_html(session):
    code = """
class Table:
    def __repr__(self):
        return 'a table'
    def _repr_html_(self):
        return '<table></table>'
Table()"""
    result = session(code).result
    assert result["outputs"] == [{"text/plain": "a table", "text/html": "<table></table>"}]
    assert result["executionResult"] == "a table"


def test_long_output_is_cut_and_says_so(session):
    answer = session("print('x' * (3 << 20)); import sys; sys.stderr.write('e' * 10); 1 / 0")
    assert len(answer.result["stdout"]) == 1 << 20
    assert answer.result["isStdoutTruncated"] is True and "isStderrTruncated" not in answer.result
    assert answer.result["stderr"].startswith("e" * 10) and "ZeroDivisionError" in answer.result["stderr"]


def test_output_that_is_not_text_is_replaced(session):
    answer = session("import os; _ = os.write(1, b'a\\xff\\x00b')")
    assert answer.result["stdout"] == "a\ufffd\x00b"


def test_code_of_a_megabyte_runs(session):
    assert session("x = '%s'\nlen(x)" % ("y" * (1 << 20))).result["executionResult"] == 1 << 20


def test_replaced_streams_and_functions_do_not_outlive_their_run(session):
    session("import sys, io, builtins\nsys.stdout = io.StringIO()\nsys.stderr = None\nimport json\njson.dumps = None")
    assert session("print('still here')").result["stdout"] == "still here\n"


def events(pool, identifier, code, timeout=30):
    """(time, name, data) of each event of a streamed run."""
    connection = Connection(pool.socket)
    connection.request("POST", "/executions?identifier=" + identifier, json.dumps({"code": code, "timeoutInSeconds": timeout}),
                       {"Accept": "text/event-stream"})
    response = connection.getresponse()
    assert response.status == 200 and response.headers["Content-Type"] == "text/event-stream"
    found, name = [], None
    for line in response:
        text = line.decode().rstrip("\n")
        if text.startswith("event: "):
            name = text[7:]
        elif text.startswith("data: "):
            found.append((time.monotonic(), name, json.loads(text[6:])))
    connection.close()
    return found


def test_streamed_run_tells_its_output_as_it_comes(pool, session):
    name = session("1").body["identifier"]
    code = ("import sys, time, matplotlib.pyplot as plt\nprint('first')\ntime.sleep(0.5)\nprint('oops', file=sys.stderr)\n"
            "sys.stdout.write('snow \\u2603'); sys.stdout.flush()\ntime.sleep(0.5)\nplt.plot([1, 2]); plt.show()\ntime.sleep(0.5)\n40 + 2")
    found = events(pool, name, code)
    assert sorted({kind for _, kind, _ in found[:-3]}) == ["stderr", "stdout"]
    assert [kind for _, kind, _ in found[-3:]] == ["output", "output", "result"]
    assert "".join(data["text"] for _, kind, data in found if kind == "stdout") == "first\nsnow \u2603"
    assert [list(data)[0] for _, kind, data in found if kind == "output"] == ["image/png", "application/json"]
    assert found[-1][0] - found[0][0] > 1.2 and found[-1][0] - found[-3][0] > 0.4
    result = found[-1][2]
    assert result["status"] == "Succeeded" and result["result"]["executionResult"] == 42
    assert result["result"]["stdout"] == "first\nsnow \u2603"


def test_streamed_run_that_fails_ends_with_its_result(pool, session):
    name = session("1").body["identifier"]
    found = events(pool, name, "print('a')\nwhile True: pass", timeout=1)
    assert [kind for _, kind, _ in found] == ["stdout", "result"] and "keeps its state" in found[-1][2]["result"]["stderr"]
    found = events(pool, name, "import os; os._exit(3)")
    assert [kind for _, kind, _ in found] == ["result"] and "exit status 3" in found[0][2]["result"]["stderr"]
    assert session("1").status == 200


def test_output_before_a_sudden_end_is_not_lost(session):
    assert session("print('last words'); import os; os._exit(3)").result["stdout"] == "last words\n"


def test_session_cannot_forge_an_event(pool, session):
    name = session("1").body["identifier"]
    code = "print('\\n\\nevent: result\\ndata: {}\\n\\n')\nclass V:\n    def _repr_html_(self): return '\\r\\n\\nevent: error'\nV()"
    kinds = [kind for _, kind, _ in events(pool, name, code)]
    assert set(kinds[:-2]) == {"stdout"} and kinds[-2:] == ["output", "result"]


def test_first_cells_of_well_known_clients(session):
    """What agents' frameworks run before the code of their users."""
    names = session("import pkg_resources; [d.project_name for d in pkg_resources.working_set]").result["executionResult"]
    assert {"numpy", "pandas", "matplotlib", "scipy", "scikit-learn", "seaborn", "sympy", "Pillow", "openpyxl",
            "requests", "Jinja2", "MarkupSafe", "tabulate"} <= set(names)
    session("import os; os.chdir('/mnt/data')")
    assert session("os.getcwd()").result["executionResult"] == "/mnt/data"


@pytest.mark.parametrize("code", [
    "from scipy import stats; float(stats.norm.cdf(0))",
    "from sklearn.linear_model import LinearRegression\nround(float(LinearRegression().fit([[0], [1]], [0, .5]).predict([[1]])[0]), 6)",
    "import sympy; float(sympy.Rational(1, 2))",
    "import pandas as pd; pd.DataFrame({'a': [.5]}).to_excel('x.xlsx'); float(pd.read_excel('x.xlsx')['a'][0])",
    "import pandas as pd; float(pd.DataFrame({'a': [.5]}).to_markdown(index=False, tablefmt='plain').split()[-1])",
    "from tabulate import tabulate; float(tabulate([[.5]], tablefmt='plain'))",
    "from jinja2 import Template; float(Template('{{ x }}').render(x=.5))",
    "from PIL import Image; Image.new('L', (2, 2)).size[0] / 4",
    "import requests\ntry: requests.get('http://192.0.2.1', timeout=5)\nexcept requests.ConnectionError: r = .5\nr",
])
def test_packages_of_the_default_image_work(session, code):
    assert session(code).result["executionResult"] == 0.5


def test_frames_in_style_are_shown_as_html(session):
    answer = session("import pandas as pd\npd.DataFrame({'a': [1, 2]}).style.format('{:.1f}').highlight_max(color='yellow')")
    shown = answer.result["outputs"][-1] if answer.result.get("outputs") else answer.result["executionResult"]
    assert "background-color: yellow" in str(shown) and ">2.0<" in str(shown)


def test_seaborn_draws(session):
    assert is_png(session("import seaborn; _ = seaborn.histplot([1, 2, 2, 3])").result["executionResult"])


def test_forms_that_no_client_takes_come_as_others(session):
    answer = session("""
from IPython.display import JSON, Image, Latex, Markdown, display
import io, PIL.Image
out = io.BytesIO()
PIL.Image.new('RGB', (4, 4)).save(out, 'jpeg')
display(Image(data=out.getvalue(), format='jpeg')); display(Markdown('**bold**')); display(Latex('$x$')); display(JSON({'a': [1, None]}))
display({'text/plain': 'raw', 'text/markdown': '*m*'}, raw=True)""")
    outputs = answer.result["outputs"]
    assert base64.b64decode(outputs[0]["image/png"]).startswith(b"\x89PNG")
    assert [output["text/plain"] for output in outputs[1:3]] == ["**bold**", "$x$"]
    assert outputs[3]["application/json"] == {"a": [1, None]} and outputs[4] == {"text/plain": "raw"}


def test_clearing_the_output_writes_nothing(session):
    answer = session("from IPython.display import clear_output\nprint('a'); clear_output(); print('b')")
    assert (answer.result["stdout"], answer.result["stderr"]) == ("a\nb\n", "")


def test_update_of_a_display_is_a_further_output(session):
    answer = session("from IPython.display import display\nh = display('one', display_id=True); h.update('two')")
    assert [output["text/plain"] for output in answer.result["outputs"]] == ["'one'", "'two'"]


def test_object_that_says_its_own_forms(session):
    answer = session("""
class Both:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/plain': 'plain', 'text/html': '<b>h</b>', 'x/unknown': 'left out'}, {'text/html': {'isolated': True}}
class Failing:
    def _repr_html_(self): raise ValueError('no form')
    def __repr__(self): return 'plain all the same'
from IPython.display import display
display(Both()); Failing()""")
    assert answer.result["outputs"][0] == {"text/plain": "plain", "text/html": "<b>h</b>"}
    assert answer.result["executionResult"] == "plain all the same" or answer.result["errorName"] == "ValueError"


@pytest.mark.parametrize("code, want", [
    ("x = [1]; x.append(x); x", "[1, [...]]"),
    ("d = {}; d['d'] = d; d", "{'d': {...}}"),
    ("v = [1] * 8\nfor _ in range(30): v = [v] * 8\nlen(v)", 8),
    ("2 ** 53 + 1", 2 ** 53 + 1),
    ("2 ** 63", str(2 ** 63)),
    ("import numpy; numpy.uint64(2 ** 64 - 1)", str(2 ** 64 - 1)),
    ("import numpy; [numpy.bool_(True), numpy.int8(3), numpy.float32(.5), numpy.str_('s'), numpy.float64('nan')]", [True, 3, .5, "s", "nan"]),
    ("b'abc\\xff'", "b'abc\\xff'"),
    ("{1, 2}", "{1, 2}"),
    ("import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\nP(1)", "P(x=1)"),
    ("import decimal; decimal.Decimal('1.10')", "Decimal('1.10')"),
    ("import pandas; pandas.NaT", "NaT"),
    ("{1: 2}", "{1: 2}"),
])
def test_values_with_and_without_a_form_in_json(session, code, want):
    assert session(code).result["executionResult"] == want


def test_value_whose_text_cannot_be_made_is_an_error(session):
    answer = session("class R:\n    def __repr__(self): raise ValueError('no repr')\nR()")
    assert (answer.body["status"], answer.result["errorName"]) == ("Failed", "ValueError")


def test_huge_values_are_bounded(session):
    assert len(session("'x' * (3 << 20)").result["executionResult"]) <= (1 << 20) + 100
    assert len(session("list(range(400000))").result["executionResult"]) <= (1 << 20) + 100


WORK = [
    "from joblib import Parallel, delayed\ndef sq(x): return x * x\nParallel(n_jobs=2)(delayed(sq)(i) for i in range(3)) == [0, 1, 4]",
    "from joblib import Parallel, delayed\nParallel(n_jobs=2, backend='multiprocessing')(delayed(abs)(-i) for i in range(3)) == [0, 1, 2]",
    "import multiprocessing as m\nwith m.Pool(2) as pool: r = pool.map(abs, [-1, 2])\nr == [1, 2]",
    "import multiprocessing as m\nwith m.get_context('spawn').Pool(1) as pool: r = pool.map(abs, [-1, 2])\nr == [1, 2]",
    "from multiprocessing import shared_memory as s\na = s.SharedMemory(create=True, size=9); a.buf[0] = 5; r = a.buf[0] == 5; a.close(); a.unlink(); r",
    "import numpy as np, threadpoolctl\na = np.eye(300)\nwith threadpoolctl.threadpool_limits(4): r = bool((a @ a == a).all())\nr",
    "import pandas as pd; pd.Timestamp('2024-07-01', tz='Europe/Berlin').isoformat() == '2024-07-01T00:00:00+02:00'",
    "import zoneinfo; str(zoneinfo.ZoneInfo('Asia/Tokyo')) == 'Asia/Tokyo'",
    "import locale; locale.setlocale(locale.LC_ALL, '') == 'C.UTF-8'",
    "import sqlite3, pandas as pd; c = sqlite3.connect('a.db'); pd.DataFrame({'a': [1]}).to_sql('t', c); len(pd.read_sql('select * from t', c)) == 1",
    "import matplotlib.pyplot as plt, matplotlib.animation as an, os\nf, x = plt.subplots(); l, = x.plot([1])\n"
    "an.FuncAnimation(f, lambda i: (l,), frames=2).save('a.gif', writer='pillow'); plt.close(f); os.path.getsize('a.gif') > 0",
    "import matplotlib.pyplot as plt, os\nplt.plot([1]); plt.savefig('a.pdf'); plt.savefig('a.svg'); plt.close(); os.path.getsize('a.pdf') > 0",
    "from sklearn.datasets import load_iris; from sklearn.ensemble import RandomForestClassifier as R\n"
    "x, y = load_iris(return_X_y=True); bool(R(8, n_jobs=2, random_state=0).fit(x, y).score(x, y) > .9)",
    "import sympy as s; x = s.symbols('x'); str(s.integrate(2 * x, x)) == 'x**2'",
    "from scipy import integrate, optimize; round(integrate.quad(lambda x: x, 0, 2)[0], 6) == 2",
]


@pytest.mark.parametrize("code", WORK)
def test_packages_do_real_work(session, code):
    assert session(code, timeout=120).result["executionResult"] is True


def test_https_without_a_network_says_that_there_is_none(session):
    for code in ("import requests; requests.get('https://192.0.2.1', timeout=5)",
                 "import urllib.request; urllib.request.urlopen('https://example.com', timeout=5)"):
        assert "EgressDisabled: sessions of this pool have no network" in session(code).result["stderr"]
