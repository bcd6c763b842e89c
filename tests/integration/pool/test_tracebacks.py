"""Tracebacks are those of IPython without colour: each is compared with what a real IPython shell says of the same cell."""

import json
import re
import subprocess

import pytest

from test_fence import run

# What runs outside: IPython's shell, one fresh namespace a cell.
REAL = """
import json, sys
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell
class Shell(InteractiveShell):
    def _showtraceback(self, etype, evalue, stb):
        seen.append(self.InteractiveTB.stb2text(stb))
    def enable_gui(self, gui=None):
        pass
HistoryManager.enabled = False
shell = Shell.instance(colors="NoColor")
codes = json.load(sys.stdin)
sys.path.append(sys.argv[1])
result, out = [], sys.stdout
sys.stdout = sys.stderr
for code in codes:
    seen = []
    shell.reset(new_session=True)
    shell.execution_count = 1
    shell.run_cell(code, store_history=False)
    result.append("\\n".join(seen))
json.dump(result, out)
out.flush()
"""

MODULES = {
    "broken.py": "x = 1\ny = = 2\n",
    "crooked.py": "if True:\n    x = 1\n  y = 2\n",
    "failing.py": "import json\n\n\ndef inner(text):\n    return json.loads(text)\n\n\ndef outer():\n    return inner('{')\n",
    "at_import.py": "VALUES = [1, 0]\nRESULT = [1 / v for v in VALUES]\n",
    "importer.py": "import at_import\n",
}

# Found while the cell is read.
SYNTAX = [
    "x =", "def f(:\n  pass", "  x = 1\n y = 2", "if True:\nx=1", "print 'x'", "'abc", '"""abc', "(1,", "x = [1, 2", "1 +", "a b",
    "return 1", "yield 1", "break", "continue", "await = 3", "nonlocal x", "def f():\n    nonlocal x", "f(a=1, a=2)",
    "def f(a, a): pass", "from __future__ import braces", "if 1:\n\tx=1\n        y=2", "x = 5 = y", "None = 1", "f() = 1", "del f()",
    "0777", "1__0", "0xg", "'\\N{foo}'", "b'\u00e9'", "\u20ac = 3", "x = \u00a0 1", "async def f():\n    yield 1\n    return 2",
    "class A:\n    return 1", "import x.y as", "from . import", "f'{'", "f'{a b}'", "raise", "x = (1\ny = 2", "x = 1\n  y = 2", "else:",
    "try:\n  pass", "for i in x", "while True print(1)", "def f()\n  pass", "class", "print(1))", "]", "@", "$x", "`x`", "a <> b",
    "0b12", "1.2.3", "f(x for x in y, 1)", "def f(*): pass", "def f(a=1, b): pass", "import a as b.c", "async x", "del 1",
    "1 = x", "(a, 1) = b", "(a := 1", "def __debug__(): pass", "\n\n\nx y\n\n", "x = 1 # \u2603\ny z", "s = '\u2603\u2603' a",
    "try:\n    raise ValueError\nexcept TypeError, e:\n    pass", "match 5:\n    case x: pass\n    case y: pass", "x = 1;;", "\\",
]

# Found while it runs.
RUNNING = [
    "1/0", "def f(x):\n    y = x\n    return y / 0\n\ndef g():\n    return f(3)\ng()",
    "raise ValueError('a') from KeyError('b')", "try:\n    1/0\nexcept Exception as e:\n    raise RuntimeError('x') from e",
    "try:\n    1/0\nexcept Exception as e:\n    raise RuntimeError('x')",
    "try:\n    1/0\nexcept Exception as e:\n    raise RuntimeError('x') from None",
    "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])",
    "raise BaseExceptionGroup('g', [KeyboardInterrupt(), ExceptionGroup('h', [ValueError(1)])])",
    "def f(): f()\nf()", "def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nf(1)", "import json\njson.loads('{')",
    "import json\njson.dumps(object())", "int('x')", "[][1]", "{}['k']", "None.x", "len(5)", "undefined_name", "x = 1\nx.foo.bar",
    "assert False", "assert 1 == 2, 'message'", "raise Exception", "raise Exception('a', 1)", "raise Exception('one\\ntwo')",
    "raise KeyError('quoted')", "class E(Exception):\n    def __str__(self): raise ValueError('x')\nraise E()",
    "class E(Exception):\n    def __str__(self): return 5\nraise E()", "class E(Exception): pass\nraise E('\u2603 \\x1b[31mred')",
    "raise OSError(2, 'No such file', 'name')", "open('/no/such/file')", "raise StopIteration", "raise GeneratorExit",
    "raise KeyboardInterrupt('now')", "e = ValueError('x'); e.add_note('a note'); raise e", "raise SystemExit(3)",
    "import sys; sys.exit('message')", "x = 10\n# a comment\n\n\n\n\n\nfor i in range(3):\n    if i == 2:\n        x / (i - 2)\n    else:\n"
    "        x += 1\n\n\nprint('after')\n", "exec('1/0')", "exec('x = \\n')", "eval('1/')", "compile('a b', 'name.py', 'exec')",
    "def f():\n    exec('  x y')\nf()", "import numpy as np\nnp.zeros(3) + np.zeros(4)",
    "import numpy as np\nnp.linalg.inv(np.zeros((2,2)))", "import pandas as pd\npd.DataFrame({'a':[1]})['b']",
    "import asyncio\nasync def f():\n    1/0\nawait f()", "await 5",
    "import asyncio\nasync def h(): 1/0\nasync def f():\n    async with asyncio.TaskGroup() as g:\n        g.create_task(h())\nawait f()",
    "%timeit 1/0", "%%time\n1/0", "%run nofile.py", "x = !false\n1/0", "%%bash\nexit 3", "x = %pwd\nx.nothing",
    "class M(type):\n    def __getattr__(s, n): 1/0\nclass C(metaclass=M): pass\nC.x",
    "def deco(f):\n    def inner(*a):\n        return f(*a)\n    return inner\n@deco\ndef z(a):\n    return a.missing\nz(1)",
    "(lambda: 1/0)()", "[1/i for i in (1, 0)]", "list(1/i for i in (1, 0))", "def gen():\n    yield 1\n    raise ValueError('in')\nlist(gen())",
    "f'{1/0}'", "x = {\n  'a': 1,\n  'b': 1/0,\n}", "match 5:\n    case 5: 1/0", "raise 5", "raise None", "import no_such_module_x",
    "from os import no_such_name", "class V(Exception):\n    def _render_traceback_(self): return ['in my own way']\nraise V",
    "import broken", "import crooked", "import failing\nfailing.outer()", "import at_import", "import importer",
    "try:\n    import at_import\nexcept ZeroDivisionError as e:\n    raise ImportError('cannot') from e",
]


FRESH = """
import sys
def begin(shell):
    for name in ('broken', 'crooked', 'failing', 'at_import', 'importer'):
        sys.modules.pop(name, None)
    shell.reset(new_session=True)
    shell.execution_count = 0
begin(get_ipython())"""


def plain(text):
    """Without what differs from process to process: addresses, the frames below a cell, how many of them fit the stack."""
    text = re.sub(r"\n  File \S+interactiveshell\.py:\d+ in run_code\n    exec\(.*\n\n?", "\n", text)
    text = re.sub(r"(at line \d+) \(\d+ times\)", r"\1", text)
    return re.sub(r"0x[0-9a-f]+", "0x", text).strip("\n")


@pytest.fixture(scope="module")
def of_ipython(tmp_path_factory):
    here = tmp_path_factory.mktemp("real")
    for name, source in MODULES.items():
        (here / name).write_text(source)
    codes = SYNTAX + RUNNING
    done = subprocess.run(["/usr/bin/python3", "-B", "-c", REAL, here], input=json.dumps(codes), cwd=here, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
                          env={"HOME": str(here / "home"), "IPYTHONDIR": str(here / "home"), "PATH": "/usr/bin:/bin"})
    return {code: text.replace(str(here), "/mnt/data") for code, text in zip(codes, json.loads(done.stdout))}


@pytest.fixture(scope="module")
def with_modules(pool):
    run(pool, "tracebacks", "".join("open(%r, 'w').write(%r)\n" % pair for pair in MODULES.items()))
    yield pool
    pool.ask("DELETE", "/session?identifier=tracebacks")


@pytest.mark.parametrize("code", SYNTAX + RUNNING)
def test_traceback_is_that_of_ipython(with_modules, of_ipython, code):
    run(with_modules, "tracebacks", FRESH)
    body = run(with_modules, "tracebacks", code, "allow")[1]
    assert body["status"] == "Failed", body
    assert plain(body["result"]["stderr"]) == plain(of_ipython[code])


def test_tracebacks_of_earlier_cells_can_be_shown_again(session):
    session("def f():\n    return 1 / 0\nf()")
    first = session("1").result
    assert first["stderr"] == ""
    again = session("%tb").result["stderr"]
    assert "return 1 / 0" in again and "f()" in again and "<sallyport>" not in again
