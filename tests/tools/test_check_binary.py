"""tools/check-binary passes the program that is under test, and names what a program without its flags lacks."""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "check-binary"
BUILD = pathlib.Path(os.environ.get("SP_BUILD", ROOT / "build/gcc"))
SOURCE = "#include <string.h>\nint main(int argc, char **argv) { char text[20000]; strcpy(text, argv[argc - 1]); return text[7]; }\n"


def look(*programs):
    ran = subprocess.run([TOOL, *programs], capture_output=True, text=True, check=False)
    assert ran.stderr == "", ran.stderr
    return ran.returncode, ran.stdout


@pytest.mark.parametrize("name", ["sallyport", "sallyport-session"])
def test_what_is_built_is_hardened(name):
    if "-fzero-call-used-regs" not in (BUILD / "compile_commands.json").read_text():
        pytest.skip("a build by another compiler, or with sanitizers")
    assert look(BUILD / name) == (0, "")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
def test_what_is_missing_is_named(tmp_path):
    (tmp_path / "a.c").write_text(SOURCE)
    flags = ["-O2", "-no-pie", "-fno-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-fcf-protection=none",
             "-fno-stack-clash-protection", "-Wl,-z,norelro,-z,lazy,-z,execstack,-rpath,/tmp"]
    subprocess.run(["gcc", *flags, "-o", tmp_path / "a", tmp_path / "a.c"], check=True, capture_output=True)
    status, said = look(tmp_path / "a")
    assert status == 1
    words = ["PIE", "RELRO", "BIND_NOW", "stack that is not executable", "search path", "stack-protector", "FORTIFY_SOURCE"]
    if os.uname().machine == "x86_64":
        words += ["zero-call-used-regs", "stack-clash-protection"]
    assert [word for word in words if word not in said] == [], said


def test_without_a_program_it_says_how_to_use_it():
    assert look()[0] == 2 and "usage: " in look("--help")[1]
