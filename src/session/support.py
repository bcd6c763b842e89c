"""What a cell means: the Python half of the program sallyport-session.

Compiled into the program; there is no file of it in a session. The C half calls prepare() in the template, awake() in
each new session and run() for each cell. What the cell shows goes out piece by piece through emit(), which C adds here
and which checks every number and length, because a tenant's code can change anything in this module.
"""

import os
import sys

# What the standard library does in a new process costs each session a hundred pages of its own, and nothing of it is
# needed there: the template has one thread and holds no lock. So these hooks are put off until a session has begun.
_PUT_OFF = ("random", "threading", "logging", "concurrent.futures.thread", "matplotlib.font_manager")
_register_at_fork = os.register_at_fork
_put_off = []


def _put_off_hooks(**hooks):
    if sys._getframe(1).f_globals.get("__name__") in _PUT_OFF:
        _put_off.append(hooks)
    else:
        _register_at_fork(**hooks)


os.register_at_fork = _put_off_hooks

import __future__
import _random
import importlib
import importlib.metadata
import io
import random
import subprocess
import threading
import types
from _signal import SIGINT, default_int_handler, signal
from ast import Expr, Expression, PyCF_ONLY_AST

FUTURE_FLAGS = 0
for _name in __future__.all_feature_names:
    FUTURE_FLAGS |= getattr(__future__, _name).compiler_flag

class _Cell:
    """What the present cell has shown so far."""

    def __init__(self):
        self.groups = 0
        self.value = None
        self.has_value = False
        self.failure = None
        self.drawn = set()

    def put(self, role, pieces):
        pieces = [(kind, data) for kind, data in pieces if len(data) <= ITEM_BYTES_MAX]
        if not pieces or self.groups >= GROUPS_MAX:
            return
        _flush()
        for number, (kind, data) in enumerate(pieces, 1):
            emit(self.groups, role, kind, data, number == len(pieces))
        self.groups += 1


_cell = _Cell()
_shell = None
_compiler = None
_cache = None
_streams = None


def _is_drawing(value, depth=2):
    """plt.title() and plt.hist() return objects of matplotlib that nobody wants to read."""
    if type(value) in (list, tuple):
        return depth > 0 and any(_is_drawing(item, depth - 1) for item in value[:8])
    return str(type(value).__module__).split(".")[0] == "matplotlib" and not _is_figure(value)


def _is_figure(value):
    figure = sys.modules.get("matplotlib.figure")
    return figure is not None and isinstance(value, figure.Figure)


def _png_of(figure):
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight")
    return out.getvalue()


def _show_figure(figure):
    if id(figure) in _cell.drawn:
        return
    _cell.drawn.add(id(figure))
    if figure.get_axes() or figure.lines or figure.texts or figure.images:
        _cell.put(DISPLAY, [(PNG, _png_of(figure))])


def _show_open_figures(*_args, **_named):
    """plt.show(), and the end of each cell: every open figure is shown once and closed."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    numbers = pyplot.get_fignums()
    for number in numbers:
        _show_figure(pyplot.figure(number))
    if numbers:
        pyplot.close("all")


def _show_value(value):
    """The value of the last expression, in every form that it has."""
    if value is None or _is_drawing(value):
        return
    if type(value) is int and -(1 << 63) <= value < (1 << 63):
        data = b"%d" % value
        _cell.put(RESULT, [(JSON, data), (TEXT, data)])
        return
    if _is_figure(value):
        _cell.drawn.add(id(value))
        _cell.put(RESULT, [(PNG, _png_of(value)), (TEXT, _utf8(repr(value)))])
        return
    try:
        data = "".join(_chunks(_native(value), 0)).encode("utf-8")
        if len(data) <= TEXT_BYTES_MAX:
            _cell.put(RESULT, [(JSON, data), (TEXT, _utf8(_shown(value)))])
            return
    except _NotNative:
        pass
    bundle, _metadata = _shell.display_formatter.format(value)
    _cell.put(RESULT, _bundle(bundle) or [(TEXT, _utf8(repr(value)))])


def _shown(value):
    """The text form of a value that is made of JSON's types: IPython's, for it breaks long ones into lines."""
    if type(value) in (bool, int, float, str):
        return repr(value)
    try:
        return _shell.display_formatter.format(value, include=("text/plain",))[0]["text/plain"]
    except Exception:
        return repr(value)


def _keep(value):
    """As a notebook's Out: the last values are _, __ and ___."""
    if value is None:
        return
    space = _shell.user_ns
    space["___"], space["__"], space["_"] = space.get("__"), space.get("_"), value
    _cell.value, _cell.has_value = value, True


def _fail(kind, value, lines):
    _cell.failure = INTERRUPTED if kind is KeyboardInterrupt else FAILED
    text = lines if isinstance(lines, str) else "\n".join(str(line) for line in lines)
    try:
        message = str(value)
    except BaseException:
        message = "(the exception's text cannot be made)"
    try:
        limit = _limit_of(kind, value) or _network_of(value)
    except BaseException:
        limit = ""
    _cell.put(ERROR, [
        (ERROR_NAME, _utf8(getattr(kind, "__name__", "Exception"), 256)),
        (ERROR_MESSAGE, _utf8(message, 64 << 10)),
        (TRACEBACK, _utf8(text.rstrip("\n") + "\n" if text else "", TRACEBACK_BYTES_MAX) + limit.encode()),
    ])


def _is_quiet_exit(value):
    return isinstance(value, SystemExit) and (value.code is None or value.code == 0)


def _fail_with(error):
    """The traceback as IPython prints it, from the first frame of the cell on."""
    if _is_quiet_exit(error):
        return
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error.__traceback__ = trace
    try:
        _shell.showtraceback((type(error), error, trace), tb_offset=0, exception_only=isinstance(error, SystemExit),
                             running_compiled_code=True)
    except BaseException:
        pass
    if _cell.failure is None:
        _fail(type(error), error, "%s: (its traceback cannot be made)" % type(error).__name__)
    if trace is not None:
        # %tb passes over the first frame, which would be IPython's own.
        sys.last_traceback = types.TracebackType(trace, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)


def _make_shell():
    from IPython.core.compilerop import CachingCompiler
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type

    class Hook(DisplayHook):
        def __call__(self, result=None):
            if result is not None and not self.quiet():
                _keep(result)

        def quiet(self):
            return _cell_is_quiet

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, source=None, **_named):
            _cell.put(DISPLAY, _bundle(data))

        def clear_output(self, wait=False):
            # What was told is told; IPython's own way writes the codes of a terminal into both streams.
            pass

    class Compiler(CachingCompiler):
        serial = 0

        def get_code_name(self, raw_code, transformed_code, number):
            # Only different for each cell; a digest of it would be made anew for each run.
            self.serial += 1
            return "<ipython-input-%d-%d>" % (number, self.serial)

    class Shell(InteractiveShell):
        compiler_class = Type(Compiler)
        execution_count = 1  # a plain number: nobody observes it, and telling nobody takes longer than a cell
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def _showtraceback(self, etype, evalue, stb):
            if not _is_quiet_exit(evalue):
                _fail(etype, evalue, self.InteractiveTB.stb2text(stb) if isinstance(stb, list) else stb)

        def system(self, cmd):
            sys.stdout.flush()
            command = self.var_expand(cmd, depth=1)
            self.user_ns["_exit_code"] = subprocess.call(command, shell=True)

        def ask_exit(self):
            raise SystemExit(0)

        def enable_gui(self, gui=None):
            pass

    HistoryManager.enabled = False
    Shell._instance = None
    shell = Shell.instance(colors="NoColor")
    InteractiveShell._instance = shell
    shell.system_raw = shell.system_piped = shell.system
    shell.editor = "false"
    shell.Completer.use_jedi = False
    return shell


_cell_is_quiet = False


def _compile(source, name, kind, flags=0):
    """As the shell's own compiler, which a run can replace; `from __future__ import` holds for the cells that follow."""
    code = compile(source, name, kind, _compiler.flags | flags, True)
    if not flags:
        _compiler.flags |= code.co_flags & FUTURE_FLAGS
    return code


def _run_expression(code, name):
    """A cell that is one expression, as many are, needs no tree in Python's own objects. False: it is something else."""
    if _cell_is_quiet:
        return False
    try:
        compiled = compile(code, name, "eval", _compiler.flags, True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    _keep(eval(compiled, _shell.user_ns))
    return True


def _run_plain(tree, name):
    """compile and exec; False when only IPython can run it, as with top-level await."""
    body, last = tree.body, None
    if body and isinstance(body[-1], Expr) and not _cell_is_quiet:
        last = Expression(body.pop().value)
    try:
        head = _compile(tree, name, "exec") if body else None
        tail = _compile(last, name, "eval") if last is not None else None
    except SyntaxError:
        return False
    space = _shell.user_ns
    if head is not None:
        exec(head, space)
    if tail is not None:
        _keep(eval(tail, space))
    return True


def _run_ipython(code):
    result = _shell.run_cell(code, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    if error is not None and _cell.failure is None and not _is_quiet_exit(error):
        # IPython has told it already in a way of its own, as it does with an unknown magic.
        _fail(type(error), error, "")


def _name_of(code):
    """By this name tracebacks find the lines of the cell."""
    try:
        return str(_cache(code, _shell.execution_count, raw_code=code))
    except Exception:
        return "<cell>"


def _run(code):
    # A cell that parses as Python holds no magic; everything else is IPython's to understand or to refuse.
    name = _name_of(code)
    try:
        if _run_expression(code, name):
            return
        try:
            tree = _compile(code, name, "exec", PyCF_ONLY_AST)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            tree = None
        if tree is None or not _run_plain(tree, name):
            _run_ipython(code)
    finally:
        _shell.execution_count += 1


def _finish():
    if _cell.has_value and _cell.failure is None:
        _show_value(_cell.value)
    _show_open_figures()


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass


def run(code):
    """Runs one cell: how it ended."""
    global _cell, _cell_is_quiet
    _cell = _Cell()
    _cell_is_quiet = code.rstrip().endswith(";")
    sys.stdin, sys.stdout, sys.stderr = _streams
    signal(SIGINT, default_int_handler)
    for step in (lambda: _run(code), _finish):
        try:
            step()
        except BaseException as error:
            if _cell.failure is None:
                _fail_with(error)
    _flush()
    status = SUCCEEDED if _cell.failure is None else _cell.failure
    _cell.value = None
    return status


class _PyplotWatch:
    """For a matplotlib that a session imports by itself: its backend becomes ours, unless the code has chosen one."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "matplotlib.pyplot":
            sys.meta_path.remove(_PyplotWatch)
            matplotlib = sys.modules["matplotlib"]
            # MPLBACKEND says agg; what is anything else was chosen since.
            if str(dict.__getitem__(matplotlib.rcParams, "backend")).lower() == "agg":
                _use_matplotlib()


def _settings(stream):
    return {"encoding": stream.encoding, "errors": stream.errors, "line_buffering": stream.line_buffering}


def _is_open(stream):
    try:
        return not stream.closed and stream.buffer is not None
    except ValueError:
        return False


def rest():
    """Between two runs: the streams are put right. They stay the same objects where they can, for loggers hold on to them."""
    global _streams
    fresh = list(_streams)
    for number, (stream, settings) in enumerate(zip(_streams, _STREAM_SETTINGS)):
        if not _is_open(stream):
            fresh[number] = stream = io.open(number, "w" if number else "r", closefd=False)
        for layer in (stream, stream.buffer, stream.buffer.raw):
            for name in set(layer.__dict__) - {"mode", "name"}:
                del layer.__dict__[name]
        if _settings(stream) != settings:
            stream.reconfigure(**settings)
    _streams = tuple(fresh)


def _use_matplotlib():
    """A backend of our own, so that plt.show() shows; figures of other backends are shown at the end of the cell."""
    import matplotlib
    from matplotlib.backends import backend_agg

    backend = types.ModuleType("sallyport_figures")
    backend.FigureCanvas = backend_agg.FigureCanvasAgg
    backend.FigureManager = backend_agg.FigureManager
    backend.new_figure_manager = backend_agg.new_figure_manager
    backend.new_figure_manager_given_figure = backend_agg.new_figure_manager_given_figure
    backend.draw_if_interactive = lambda *_args, **_named: None
    backend.show = _show_open_figures
    sys.modules["sallyport_figures"] = backend
    matplotlib.use("module://sallyport_figures")
    _shell.display_formatter.formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", _png_of)


WARM_CELLS = (
    "1+1",
    "1/0",
    "%pwd",
    "!true",
    "import asyncio",
    "print('warm')",
    "[1, {'a': 2.5}]",
)
WARM_MATPLOTLIB = """
import matplotlib.pyplot as plt
_ = plt.hist([1, 2, 2, 3]); plt.title('warm'); plt.show()
"""
WARM_PANDAS = "import pandas as pd\npd.DataFrame({'a': [1, 2]}).describe()"


def _warm():
    """Runs each kind of cell once, so that no session pays for the first."""
    before = set(_shell.user_ns)
    cells = list(WARM_CELLS)
    if "matplotlib" in sys.modules:
        cells.append(WARM_MATPLOTLIB)
    if "pandas" in sys.modules:
        cells.append(WARM_PANDAS)
    for cell in cells:
        run(cell)
    if "ssl" in sys.modules:
        # Finding its algorithms takes OpenSSL milliseconds; awake() makes the state of each session its own.
        sys.modules["ssl"].RAND_bytes(1)
    for name in set(_shell.user_ns) - before:
        del _shell.user_ns[name]
    for name in ("_", "__", "___"):
        _shell.user_ns[name] = ""
    _shell.execution_count = 1
    fonts = sys.modules.get("matplotlib.font_manager")
    if fonts is not None and hasattr(fonts, "_get_font"):
        # A cached font keeps its file open, and descriptors do not survive the way into a session.
        fonts._get_font.cache_clear()


def prepare(preload):
    """In the template: import what every session needs; the names that could not be imported come back."""
    global _shell, _compiler, _cache, _streams, _STREAM_SETTINGS, _GUARDED
    _streams = sys.stdin, sys.stdout, sys.stderr
    # A line is told as soon as it is written, in order with what children write, and not lost when the process ends.
    sys.stdout.reconfigure(line_buffering=True)
    _STREAM_SETTINGS = tuple(_settings(stream) for stream in _streams)
    missing = []
    _shell = _make_shell()
    _compiler, _cache = _shell.compile, _shell.compile.cache
    # What guard.c puts back after each run, beside this module.
    _GUARDED = (_Cell, type(_shell), type(_compiler), type(_shell.displayhook), type(_shell.display_pub))
    for name in preload:
        try:
            importlib.import_module(name)
            if name == "matplotlib":
                _use_matplotlib()
                importlib.import_module("matplotlib.pyplot")
        except Exception as error:
            missing.append("%s (%s)" % (name, type(error).__name__))
    if "matplotlib.pyplot" not in sys.modules:
        sys.meta_path.insert(0, _PyplotWatch)
    # Last, so that a file of a session stands in for no module; what may be imported from there the fence says.
    sys.path.append("/mnt/data")
    os.register_at_fork = _register_at_fork
    _warm()
    _own_numpy_state()
    return missing


def _own_numpy_state():
    """Whether C has found the words of numpy's global generator, so that a session can draw its own without numpy."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is None:
        return
    numpy_random.seed()
    try:
        generator = numpy_random.mtrand._rand._bit_generator
        state = generator.state["state"]
        found = type(generator).__name__ == "MT19937" and find_words(
            generator.capsule, state["key"].tobytes(), state["pos"])
    except Exception:
        found = False
    global _is_numpy_found
    _is_numpy_found = found
    del globals()["find_words"]


_is_numpy_found = False


def awake():
    """In a new session: nothing random may be what another session has."""
    for hooks in _put_off:
        _register_at_fork(**hooks)
    threading._main_thread._native_id = threading.get_native_id()
    _random.Random.seed(random._inst)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None and not _is_numpy_found:
        # Numbers of ours: without them numpy goes a long way through Python, which every session would have to copy.
        numpy_random.seed(tuple(os.urandom(32)))
    ssl = sys.modules.get("ssl")
    if ssl is not None:
        # Stirring the primary generator makes OpenSSL's others reseed before their next byte.
        ssl.RAND_add(os.urandom(48), 48.0)
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile._name_sequence = None
    uuid = sys.modules.get("uuid")
    if uuid is not None:
        uuid._node = uuid._last_timestamp = None


def settle():
    """A first cell touches pages that then become the session's own; better now than in the tenant's time."""
    run("print('', end='')\n1")
    for name in ("_", "__", "___"):
        _shell.user_ns[name] = ""
    _shell.execution_count = 1


def without_processes():
    """Processes are denied: joblib runs its jobs here, as it does where there is no multiprocessing."""
    os.environ["JOBLIB_MULTIPROCESSING"] = "0"
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "joblib" and getattr(module, "mp", None) is not None:
            module.mp = None


def packages():
    """One "name version" line for the interpreter and for each installed distribution."""
    lines = {"python %d.%d.%d" % sys.version_info[:3]}
    for found in importlib.metadata.distributions():
        name = found.metadata["Name"]
        if name and found.version:
            lines.add("%s %s" % (name.lower(), found.version))
    return "\n".join(sorted(lines, key=lambda line: (not line.startswith("python "), line)))
