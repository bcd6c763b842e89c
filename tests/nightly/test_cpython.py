"""CPython's own regression tests inside a session: harmless work meets no wall, or a plain error.

Run by `./dev test --nightly`. The tests come from Debian's libpython3.11-testsuite; every module of it runs but those named here, and of each
every case but those named here. What needs a network, a display or a terminal passes itself over.
"""

import pathlib
import re

import pytest

SUITE = pathlib.Path("/usr/lib/python3.11/test")

READ_ONLY = "removes compiled files beside the standard library, where nothing can be written"
NO_PROGRAMS = "executes a file that it wrote to /tmp, and nothing in a place that can be written is a program"
NO_TERMINALS = "there are no terminals"
ONE_USER = "there is one user, and no other to become or to give a file to"

LEFT_OUT = {
    "test_cppext": "loads a library that it compiled in /tmp: " + NO_PROGRAMS,
    "test_ensurepip": "Debian has pip as a package, and this module refuses",
    "test_idle": "idlelib is a package of its own and not there",
    "test_openpty": NO_TERMINALS,
    "test_venv": "makes an installation of Python: " + NO_PROGRAMS,
}

CASES = {
    "test_asyncio": (NO_TERMINALS, "test_bidirectional_pty", "test_read_pty_output", "test_write_pty"),
    "test_bdb": (READ_ONLY, "*.BreakpointTestCase.*", "*.IssuesTestCase.*", "test_next_over_import", "test_skip", "test_runeval_step"),
    "test_distutils": (NO_PROGRAMS, "test_spawn", "test_build_ext"),
    "test_doctest": (READ_ONLY, "test_empty_namespace_package"),
    "test_httpservers": (NO_PROGRAMS, "*.CGIHTTPServerTestCase.*"),
    "test_import": (READ_ONLY, "*.PycacheTests.*", "*.ImportTests.test_import"),
    "test_importlib": (READ_ONLY + "; the example fails on Debian itself", "test_circular_imports", "test_side_effect_import", "test_packages_distributions_example"),
    "test_io": ("a file may have 512 MiB", "test_large_file_ops"),
    "test_mmap": (NO_PROGRAMS, "test_access_parameter"),
    "test_os": ("other users, memory that no limit counts, terminals", "test_chown_without_permission", "test_memfd_create", "test_openpty"),
    "test_pickle": (READ_ONLY, "test_unpickle_module_race"),
    "test_pty": (NO_TERMINALS, "*.PtyTest.*"),
    "test_readline": (NO_TERMINALS, "test_auto_history_disabled", "test_auto_history_enabled", "test_history_size", "test_nonascii"),
    "test_resource": ("the size of a file is bounded", "test_fsize_ismax"),
    "test_runpy": (READ_ONLY, "*.RunModuleTestCase.*"),
    "test_shutil": (NO_PROGRAMS, "*.TestWhich.*", "*.TestWhichBytes.*"),
    "test_spwd": ("there is no file of passwords", "test_getspnam_exception"),
    "test_subprocess": (NO_PROGRAMS + "; " + ONE_USER, "test_args_string", "test_call_string", "test_group", "test_user"),
    "test_support": (READ_ONLY, "test_forget"),
    "test_trace": (READ_ONLY, "test_cover_files_written_no_highlight"),
}


def modules():
    found = {path.stem for path in SUITE.glob("test_*") if path.suffix == ".py" or path.is_dir()}
    return sorted(found - set(LEFT_OUT)) or [pytest.param("none", marks=pytest.mark.skip("libpython3.11-testsuite is not installed"))]


@pytest.mark.parametrize("name", modules())
def test_module_of_cpython_passes(sessions, name):
    _why, *cases = CASES.get(name, ("",))
    ignored = [word for case in cases for word in ("-i", case)]
    # Again what failed: some cases watch the clock, and the machine may have other things to do.
    status, said = sessions.program("cpython-" + name, ["-m", "test", "-q", "-w", *ignored, name])
    assert status == 0 and re.search(r"Tests result: (FAILURE then )?SUCCESS", said), said


def test_what_is_left_out_is_there_at_all():
    known = {path.stem for path in SUITE.glob("test_*")}
    if not known:
        pytest.skip("libpython3.11-testsuite is not installed")
    assert not (set(LEFT_OUT) | set(CASES)) - known
