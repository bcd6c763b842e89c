"""Every rule of tools/check-style finds the fixture that breaks it, and nothing in the neighbour that does not."""

import pathlib
import re
import shutil
import subprocess

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check-style"
HEADER = "/*\n * thing - a thing.\n *\n * Runs in: every process.\n */\n#ifndef SP_CODEC_THING_H\n#define SP_CODEC_THING_H\n{}#endif\n"
FUNCTION = "int f(int a)\n{{\n{}}}\n"


def check(root, files):
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = subprocess.run([TOOL, "--root", root], capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S+):(\d+): ([a-z-]+): ", ran.stdout, re.MULTILINE)
    assert ran.returncode == (1 if found else 0), ran.stdout + ran.stderr
    return [(path, int(line), rule) for path, line, rule in found]


def with_test(path, text):
    """A source together with its unit test, so that test-missing stays quiet."""
    folder, name = path.split("/")[1], path.rsplit("/", 1)[1]
    return {path: text, f"tests/unit/{folder}/test_{name}": "/* cases */\n"}


SOURCE_CASES = [
    ("banned-function", "int f(void)\n{\n    return atoi(\"1\");\n}\n", 3, "int f(void)\n{\n    return own_atoi(1);\n}\n"),
    ("banned-function", "void f(void)\n{\n    memcpy(a, b, 1);\n}\n", 3, "/* memcpy(a, b, 1) */\nconst char *a = \"memcpy(\";\n"),
    ("line-comment", "int a; // here\n", 1, "const char *a = \"http://x\"; /* there // fine */\n"),
    ("function-length", FUNCTION.format("    a++;\n" * 70), 1, FUNCTION.format("    a++;\n" * 68)),
    ("parameter-count", "int f(int a, int b, int c, int d, int e,\n      int g, int h)\n{\n}\n", 1,
     "int f(int a, int b, int c, int d, int e, void (*g)(int, int))\n{\n}\n"),
    ("file-length", "int a;\n" * 601, 1, "int a;\n" * 600),
    ("raw-minus-one", FUNCTION.format("    return -1;\n"), 3, FUNCTION.format("    return -10;\n")),
    ("goto", FUNCTION.format("    goto out;\n"), 3, FUNCTION.format("    /* we goto nowhere */\n")),
    ("left-over", "/* TODO later */\n", 1, "/* nothing to do later */\n"),
    ("non-ascii", "/* caf\u00e9 */\n", 1, "/* cafe */\n"),
    ("non-ascii", b"int a;\x0c\n", 1, "int a;\n"),
    ("final-newline", "int a;", 1, "int a;\n"),
    ("final-newline", "int a;\n\n", 3, "int a;\n"),
    ("trailing-space", "int a; \n", 1, "int a;\n"),
    ("overflowing-check", FUNCTION.format("    if (b->len + more > max) {\n    }\n"), 3,
     FUNCTION.format("    if (more > max - b->len) {\n    }\n")),
    ("owner-without-value", FUNCTION.format("    SP_AUTO_BUF struct sp_buf b;\n    SP_TRY(g());\n    h(&b);\n"), 3,
     FUNCTION.format("    SP_AUTO_BUF struct sp_buf b;\n    SP_TRY(h(&b));\n    return SP_OK;\n")),
    ("layer", "#include \"wire/loop.h\"\n", 1, "#include \"base/err.h\"\n"),
    ("layer", "#include \"os/spawn.h\"\n", 1, "#include \"codec/other.h\"\n"),
    ("library-header", "#include <openssl/evp.h>\n", 1, "#include <stdio.h>\n"),
    ("library-header", "#include <cjson/cJSON.h>\n", 1, "#include <sys/types.h>\n"),
]


@pytest.mark.parametrize("rule,bad,line,good", SOURCE_CASES)
def test_source_rule(tmp_path, rule, bad, line, good):
    path = "src/codec/thing.c"
    assert check(tmp_path / "bad", with_test(path, bad)) == [(path, line, rule)]
    assert check(tmp_path / "good", with_test(path, good)) == []


HEADER_CASES = [
    ("header-comment", HEADER.replace("thing - a thing", "other - a thing").format("")),
    ("header-comment", HEADER.replace(" * Runs in: every process.\n", "").format("")),
    ("include-guard", HEADER.replace("SP_CODEC_THING_H", "THING_H").format("")),
    ("file-length", HEADER.format("int a;\n" * 200)),
]


@pytest.mark.parametrize("rule,bad", HEADER_CASES)
def test_header_rule(tmp_path, rule, bad):
    path = "src/codec/thing.h"
    assert check(tmp_path / "bad", {path: bad}) == [(path, 1, rule)]
    assert check(tmp_path / "good", {path: HEADER.format("")}) == []


def test_library_in_its_wrapper_is_fine(tmp_path):
    assert check(tmp_path, with_test("src/codec/json.c", "#include <cjson/cJSON.h>\n")) == []


def test_base_may_use_what_others_may_not(tmp_path):
    text = "int f(int a)\n{\n    memcpy(a, b, 1);\n    return -1;\n}\n"
    assert check(tmp_path, with_test("src/base/thing.c", text)) == []


def test_folder_without_a_layer(tmp_path):
    assert check(tmp_path, with_test("src/extra/a.c", "int a;\n")) == [("src/extra/a.c", 1, "layer")]


def test_own_header_comes_first(tmp_path):
    files = {"src/codec/thing.h": HEADER.format("")}
    bad = with_test("src/codec/thing.c", "#include <stdio.h>\n\n#include \"codec/thing.h\"\n")
    good = with_test("src/codec/thing.c", "#include \"codec/thing.h\"\n\n#include <stdio.h>\n")
    assert check(tmp_path / "bad", {**files, **bad}) == [("src/codec/thing.c", 1, "own-header-first")]
    assert check(tmp_path / "good", {**files, **good}) == []


@pytest.mark.parametrize("row,bad", [
    ("SP_ALLOW(\"read\", \"\"),", True),
    ("SP_ALLOW(\"read\", \"why\"),", True),
    ("SP_ALLOW(\"read\", \"messages from the front\"),", False),
    ("SP_ALLOW_IF(\"mmap\", 2, SP_CHECK_CLEAR, PROT_EXEC, \"\"),", True),
    ("SP_ALLOW_IF(\"mmap\", 2, SP_CHECK_CLEAR, PROT_EXEC,\n                \"never executable\"),", False),
    ("SP_ANSWER(\"ioctl\", ENOTTY, \"why\"),", True),
])
def test_seccomp_reason(tmp_path, row, bad):
    path = "src/sandbox/profile.c"
    found = check(tmp_path, with_test(path, "static const struct rule rows[] = {\n    %s\n};\n" % row))
    assert found == ([(path, 2, "seccomp-reason")] if bad else [])


def test_missing_test(tmp_path):
    assert check(tmp_path, {"src/codec/thing.c": "int a;\n"}) == [("src/codec/thing.c", 1, "test-missing")]


def test_one_test_may_cover_siblings(tmp_path):
    files = with_test("src/codec/thing.c", "int a;\n")
    files["src/codec/thing_more.c"] = "int b;\n"
    assert check(tmp_path, files) == []


def test_stale_list_of_untested_sources(tmp_path):
    (tmp_path / "tools/stylecheck").mkdir(parents=True)
    rules = [rule for _, _, rule in check(tmp_path, {"src/codec/a.h": HEADER.format("")})]
    assert "test-elsewhere-stale" in rules


@pytest.mark.skipif(shutil.which("pmccabe") is None, reason="pmccabe is not installed")
def test_complexity(tmp_path):
    branches = "    if (a == {0}) {{\n        return {0};\n    }}\n"
    path = "src/codec/thing.c"
    bad = FUNCTION.format("".join(branches.format(n) for n in range(15)))
    good = FUNCTION.format("".join(branches.format(n) for n in range(14)))
    assert check(tmp_path / "bad", with_test(path, bad)) == [(path, 1, "complexity")]
    assert check(tmp_path / "good", with_test(path, good)) == []


def test_waiver_excuses_its_line_and_the_next(tmp_path):
    on_line = FUNCTION.format("    return -1; /* style: raw-minus-one: the library asks for it */\n")
    above = FUNCTION.format("    /* style: raw-minus-one: the library asks for it */\n    return -1;\n")
    assert check(tmp_path / "a", with_test("src/codec/thing.c", on_line)) == []
    assert check(tmp_path / "b", with_test("src/codec/thing.c", above)) == []


def test_waiver_needs_a_reason(tmp_path):
    text = FUNCTION.format("    return -1; /* style: raw-minus-one: */\n")
    assert check(tmp_path, with_test("src/codec/thing.c", text)) == [("src/codec/thing.c", 3, "raw-minus-one")]


def test_unused_waiver_is_a_finding(tmp_path):
    text = FUNCTION.format("    return a; /* style: raw-minus-one: no longer */\n")
    assert check(tmp_path, with_test("src/codec/thing.c", text)) == [("src/codec/thing.c", 3, "unused-waiver")]


def test_waiver_of_another_rule_excuses_nothing(tmp_path):
    text = FUNCTION.format("    return -1; /* style: goto: the wrong one */\n")
    rules = [rule for _, _, rule in check(tmp_path, with_test("src/codec/thing.c", text))]
    assert sorted(rules) == ["raw-minus-one", "unused-waiver"]
