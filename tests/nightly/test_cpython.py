"""CPython's own regression tests, of modules that need no network, inside a session: harmless work meets no wall.

Run by `./dev test --nightly`; the tests come from Debian's libpython3.11-testsuite.
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration" / "pool"))
from pool_driver import Pool  # pylint: disable=wrong-import-position

# Every case passes as outside.
WHOLE = """test_array test_ast test_base64 test_binascii test_bisect test_bool test_bytes test_calendar test_cmath test_collections
test_compile test_complex test_contextlib test_copy test_csv test_dataclasses test_datetime test_decimal test_deque test_dict
test_difflib test_enum test_exceptions test_float test_fnmatch test_format test_fractions test_fstring test_functools
test_generators test_glob test_gzip test_hashlib test_heapq test_html test_int test_itertools test_json test_keyword test_list
test_long test_math test_operator test_pprint test_random test_range test_re test_sched test_select test_set test_signal
test_slice test_statistics test_string test_struct test_tempfile test_textwrap test_threading test_time test_tuple test_typing
test_unicodedata test_uuid test_weakref test_zlib""".split()

# Some cases need what a session refuses with an error of its own (executable files, devices, other users): the test has to
# end by itself, which a kill by the filter would not let it.
TO_THE_END = "test_ctypes test_mmap test_os test_posix test_queue test_resource test_subprocess".split()

RUN = """
import subprocess, sys
done = subprocess.run([sys.executable, '-m', 'test', '-q', %r], capture_output=True, text=True, cwd='/tmp')
[done.returncode, (done.stdout + done.stderr)[-2000:]]"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    made = Pool(tmp_path_factory.mktemp("pool"), sessions=2, ready=0)
    yield made
    made.stop()


def run(pool, name):
    answer = pool.run(RUN % name, name, timeout=220)
    pool.ask("DELETE", "/session?identifier=" + name)
    assert answer.body["status"] == "Succeeded", answer.result["stderr"]
    return answer.result["executionResult"]


@pytest.mark.parametrize("name", WHOLE)
def test_passes(pool, name):
    status, text = run(pool, name)
    assert status == 0, text


@pytest.mark.parametrize("name", TO_THE_END)
def test_ends_by_itself(pool, name):
    status, text = run(pool, name)
    assert status in (0, 2) and "Tests result" in text, text


def test_every_installed_module_can_be_imported_or_fails_by_itself(pool):
    """Each in a process of its own; what cannot be imported says so, and is not killed."""
    code = """
import pkgutil, subprocess, sys
skipped = {'antigravity', 'this', 'idlelib', 'turtledemo', 'test', 'lib2to3'}
names = sorted({m.name for m in pkgutil.iter_modules() if m.name not in skipped and not m.name.startswith('_')})[%d::8]
bad = []
for name in names:
    done = subprocess.run([sys.executable, '-c', 'import ' + name], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode < 0 or (done.returncode != 0 and 'Error' not in done.stderr and 'Exit' not in done.stderr):
        bad.append([name, done.returncode, done.stderr[-200:]])
[len(names), bad]"""
    count = 0
    for part in range(8):
        answer = pool.run(code % part, "imports", timeout=220)
        assert answer.body["status"] == "Succeeded", answer.result["stderr"]
        found, bad = answer.result["executionResult"]
        assert not bad
        count += found
    assert count > 200
