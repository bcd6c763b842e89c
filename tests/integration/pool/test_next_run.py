"""A run that replaces what the interpreter or its session is made of: the next run still says what it did itself.

A session is one interpreter, and what a run leaves in its namespace the next one finds there. What must not be left behind
are functions that answer in the next run's place.
"""

import pytest

FUNCTIONS = "g = get_ipython()._showtraceback.__func__.__globals__\n"

REPLACED = {
    "builtins": "import builtins\nfor n in ('len', 'isinstance', 'type', 'str', 'enumerate', 'repr', 'exec', 'eval', 'compile', 'bytes', "
                "'any', 'getattr', 'id', 'BaseException', 'ValueError', 'list'):\n    setattr(builtins, n, lambda *a, **k: 7)",
    "written over": "import sys\nfor s in (sys.stdout, sys.stderr):\n    s.write = s.flush = s.buffer.write = s.buffer.raw.write = lambda *a: 1",
    "streams that do not wait": "import os\nos.set_blocking(1, False); os.set_blocking(2, False)",
    "__import__": "import builtins\nbuiltins.__import__ = lambda *a, **k: None",
    "displayhook": "import sys\nsys.displayhook = sys.excepthook = lambda *a: None",
    "unraisablehook": "import sys\nsys.unraisablehook = lambda *a: None",
    "stdout": "import sys, io\nsys.stdout = sys.stderr = sys.__stdout__ = io.StringIO()",
    "closed streams": "import sys\nsys.stdout.close(); sys.stderr.close()",
    "detached streams": "import sys\nsys.stdout.detach(); sys.stderr.detach()",
    "streams of another encoding": "import sys\nsys.stdout.reconfigure(encoding='utf-16', line_buffering=False, write_through=False)",
    "closed descriptors": "import os\nos.closerange(0, 3)",
    "descriptors elsewhere": "import os\nnull = os.open('/dev/null', os.O_WRONLY)\nos.dup2(null, 1); os.dup2(null, 2)",
    "shell's system": "s = get_ipython()\ntype(s).system = s.system_raw = lambda *a: None",
    "json": "import json\njson.dumps = json.JSONEncoder.encode = json.JSONEncoder.iterencode = lambda *a, **k: '13'\n"
            "json.encoder.c_make_encoder = json.encoder.encode_basestring = json.encoder.encode_basestring_ascii = None",
    "ast": "import ast\nast.parse = lambda *a, **k: None\nast.Expr = ast.Expression = int",
    "signal": "import signal, _signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n_signal.signal = _signal.default_int_handler = lambda *a: 0",
    "atexit": "import atexit\natexit.register(print, 'late')",
    "profile": "import sys, threading\ndef p(frame, event, arg):\n    if event == 'call':\n        frame.f_globals.update(SUCCEEDED=0)\n        1 / 0\n"
               "threading.setprofile(p); sys.setprofile(p)",
    "trace": "import sys\ndef t(frame, event, arg):\n    raise RuntimeError('traced')\nsys.settrace(t)",
    "import hooks": "import sys\nclass F:\n    def find_spec(self, *a):\n        raise RuntimeError('import')\nsys.meta_path.insert(0, F())\nsys.path_hooks.clear()",
    "modules": "import sys\nfor n in ('json', 'ast', 'io', 'os', 'math', 'types', 'errno', 'socket'):\n    sys.modules[n] = None",
    "shell's functions": "s = get_ipython()\ns.showtraceback = s._showtraceback = s.run_cell = lambda *a, **k: None",
    "shell's class": "c = type(get_ipython())\nc.showtraceback = c._showtraceback = c.run_cell = c.run_line_magic = lambda *a, **k: None",
    "shell's compiler": "s = get_ipython()\ns.compile.ast_parse = s.compile.cache = lambda *a, **k: None\ntype(s.compile).__call__ = lambda *a: None",
    "shell's formatter": "f = get_ipython().display_formatter\nf.format = lambda *a, **k: ({}, {})",
    "custom exceptions": "get_ipython().set_custom_exc((Exception,), lambda *a, **k: [])",
    "hooks of cells": "s = get_ipython()\ns.ast_transformers.append(None)\ns.input_transformers_cleanup.append(lambda l: ['1'])\n"
                      "s.events.register('pre_run_cell', lambda *a: 1 / 0)\ns.events.register('post_run_cell', lambda *a: 1 / 0)",
    "run": FUNCTIONS + "g['run'] = g['_run'] = g['_finish'] = g['_native'] = g['_flush'] = g['_keep'] = lambda *a: None",
    "code of functions": FUNCTIONS + "for f in list(g.values()):\n    if hasattr(f, '__code__'):\n        try: f.__code__ = (lambda *a, **k: 1).__code__\n"
                         "        except ValueError: pass",
    "defaults of functions": FUNCTIONS + "g['_native'].__defaults__ = (99, None)\ng['_utf8'].__defaults__ = (0,)",
    "class of cells": FUNCTIONS + "g['_Cell'].put = lambda *a: None\ng['_Cell'].__init__ = lambda *a: None",
    "numbers": FUNCTIONS + "g.update(SUCCEEDED=0, FAILED=1, JSON=1, TEXT=0, ERROR=1, ITEM_BYTES_MAX=0, GROUPS_MAX=0)",
    "their builtins": FUNCTIONS + "b = g['__builtins__']\nb.update(len=None, str=None, type=None, BaseException=int)",
    "their names": FUNCTIONS + "g.clear()",
    "more names": FUNCTIONS + "g['float'] = g['exec'] = g['compile'] = g['isinstance'] = lambda *a: 7",
    "emit": FUNCTIONS + "g['emit'](0, 1, 0, b'13', True); g['emit'] = lambda *a: None",
    "linecache": "import linecache\nlinecache.checkcache = linecache.getlines = linecache.updatecache = None",
}


@pytest.mark.parametrize("attack", sorted(REPLACED))
def test_next_run_says_what_it_did(session, attack):
    session(REPLACED[attack])
    good = session("print('said'); {'a': [40 + 2, None, 'x', 1.5]}")
    assert good.body["status"] == "Succeeded", good.body
    # IPython may complain behind it: it runs on the builtins that everybody has.
    assert good.result["stdout"].startswith("said\n") and good.result["stderr"] == ""
    assert good.result["executionResult"] == {"a": [42, None, "x", 1.5]}
    # The standard library runs on those builtins as well, so nothing of it can be asked to write.
    bad = session("1/0" if attack == "builtins" else "get_ipython().system('echo told >&2')\n1/0")
    assert (bad.body["status"], bad.result["errorName"]) == ("Failed", "ZeroDivisionError"), bad.body
    assert (attack == "builtins" or bad.result["stderr"].startswith("told\n")) and "ZeroDivisionError" in bad.result["stderr"]
    assert session("7").result["executionResult"] == 7


def test_what_a_run_wants_to_hold_for_the_next_ones_does(session):
    session("from __future__ import annotations\nx = 2")
    assert session("def f(a: no_such_name): return a\nf(x)").result["executionResult"] == 2
    session("import sys, logging\nlogging.basicConfig(stream=sys.stdout, format='%(message)s')")
    assert session("logging.warning('heard')").result["stdout"] == "heard\n"


def test_next_run_can_still_be_interrupted(session):
    session("import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\n"
            "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\nkept = 1")
    answer = session("while True: pass", timeout=1)
    assert answer.result["errorName"] == "KeyboardInterrupt" and "keeps its state" in answer.result["stderr"]
    assert session("kept").result["executionResult"] == 1


HOOKS = [
    "import sys\nsys.addaudithook(lambda event, args: 1 / 0 if event in ('compile', 'exec') else None)",
    "import sys\ndel sys.modules['sys']\nimport sys as again\nfor i in range(5):\n    again.addaudithook(lambda event, args: 1 / 0)",
    FUNCTIONS + "import gc\ngc.callbacks.append(lambda *a: g.clear())\ngc.set_threshold(1)",
    FUNCTIONS + "import gc\ncalled = gc.callbacks\ngc.callbacks = []\ncalled[:] = [lambda *a: g.clear()] * 3\ngc.set_threshold(1)",
    # What goes away with a hook adds another one.
    "import sys, gc\nclass Hook:\n    def __call__(self, *a): 1 / 0\n    def __del__(self):\n        gc.callbacks.append(Hook())\n"
    "gc.set_threshold(1)\ngc.callbacks.append(Hook())",
]


@pytest.mark.parametrize("hook", HOOKS)
def test_hooks_of_a_run_end_with_it(session, hook):
    session(hook)
    answer = session("print('said'); [[] for _ in range(1000)]; 42")
    assert (answer.body["status"], answer.result["executionResult"]) == ("Succeeded", 42), answer.body
    assert answer.result["stdout"] == "said\n"
    assert session("import gc\nlen(gc.callbacks)").body["status"] == "Succeeded"


def test_hooks_are_heard_in_their_own_run(session):
    answer = session("import sys, gc\nheard = []\nsys.addaudithook(lambda event, args: heard.append(event))\n"
                     "gc.callbacks.append(lambda phase, info: heard.append(phase))\nopen('/dev/null').close(); gc.collect()\n"
                     "'open' in heard and 'start' in heard")
    assert answer.result["executionResult"] is True
    assert session("heard.clear(); open('/dev/null').close(); gc.collect(); heard").result["executionResult"] == []


def test_what_is_left_of_a_run_dies_as_it_should(session):
    session("class D:\n    def __del__(self): raise ValueError('late')\nx = D(); y = D()")
    answer = session("x = None; 5")
    assert answer.result["executionResult"] == 5 and "ValueError: late" in answer.result["stderr"]
