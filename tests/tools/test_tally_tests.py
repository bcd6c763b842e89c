"""tools/tally-tests counts what the test programs said, and takes silence for failure."""

import pathlib
import subprocess

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tally-tests"
CASE = '<testcase name="{name}" status="{status}">{inside}<system-out>{out}</system-out></testcase>'


def tally(tmp_path, *cases):
    path = tmp_path / "results.xml"
    path.write_text('<?xml version="1.0"?><testsuite>' + "".join(cases) + "</testsuite>")
    ran = subprocess.run([TOOL, path], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout.strip().rpartition("\n")[2]


def case(status, out, inside=""):
    return CASE.format(name="t", status=status, inside=inside, out=out)


@pytest.mark.parametrize("cases,want", [
    ([case("run", "[  PASSED  ] 12 test(s).")], (0, "12 passed, 0 failed, 0 skipped")),
    ([case("run", "[  PASSED  ] 2 test(s).\n[  SKIPPED ] 1 test(s), listed below:")], (0, "2 passed, 0 failed, 1 skipped")),
    ([case("fail", "[  PASSED  ] 2 test(s).\n[  FAILED  ] 1 test(s), listed below:", "<failure/>")],
     (1, "2 passed, 1 failed, 0 skipped")),
    ([case("run", "....\n5 passed, 2 skipped in 1.20s")], (0, "5 passed, 0 failed, 2 skipped")),
    ([case("run", "= 5 passed in 61.20s (0:01:01) =")], (0, "5 passed, 0 failed, 0 skipped")),
    ([case("fail", "1 failed, 5 passed, 1 error in 1.20s", "<failure/>")], (1, "5 passed, 2 failed, 0 skipped")),
    ([case("run", "replayed 12 inputs")], (0, "1 passed, 0 failed, 0 skipped")),
    ([case("fail", "[  PASSED  ] 3 test(s).\nAddressSanitizer", "<failure/>")], (1, "3 passed, 1 failed, 0 skipped")),
    ([case("fail", "", "<failure/>")], (1, "0 passed, 1 failed, 0 skipped")),
    ([case("notrun", "")], (1, "0 passed, 1 failed, 0 skipped")),
    ([], (1, "0 passed, 0 failed, 0 skipped")),
])
def test_counts(tmp_path, cases, want):
    assert tally(tmp_path, *cases) == want


def test_failures_are_named(tmp_path):
    (tmp_path / "results.xml").write_text("<testsuite>" + "".join([
        CASE.format(name="a", status="fail", inside="<failure/>", out="[  FAILED  ] test_one\n[  FAILED  ] 1 test(s), listed below:\n"),
        CASE.format(name="b", status="fail", inside="<failure/>", out="FAILED tests/test_b.py::test_two[1] - x\n1 failed in 1.20s"),
        CASE.format(name="c", status="fail", inside="<failure/>", out="")]) + "</testsuite>")
    ran = subprocess.run([TOOL, tmp_path / "results.xml"], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines() == [
        "failed: a: test_one (build/results.xml)", "failed: b: tests/test_b.py::test_two[1] (build/results.xml)",
        "failed: c: ended as fail and named no case (build/results.xml)", "0 passed, 3 failed, 0 skipped"]


@pytest.mark.parametrize("again,want", [
    (case("run", "4 passed in 1.20s"), (0, "4 passed, 0 failed, 0 skipped", "unsteady: t: ended as fail and named no case; passed alone")),
    (case("fail", "3 passed, 1 failed in 1.20s", "<failure/>"), (1, "3 passed, 1 failed, 0 skipped", "failed: t: ended as fail and named no case")),
    (CASE.format(name="u", status="run", inside="", out="4 passed in 1.20s"),
     (1, "3 passed, 1 failed, 0 skipped", "failed: t: ended as fail and named no case")),
])
def test_what_passes_alone_is_named_as_unsteady(tmp_path, again, want):
    (tmp_path / "results-again.xml").write_text("<testsuite>" + again + "</testsuite>")
    (tmp_path / "results.xml").write_text("<testsuite>" + case("fail", "3 passed, 1 failed in 1.20s", "<failure/>") + "</testsuite>")
    ran = subprocess.run([TOOL, tmp_path / "results.xml"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[-1], ran.stdout.splitlines()[0].partition(" (build")[0]) == want


def test_missing_results_are_a_failure(tmp_path):
    ran = subprocess.run([TOOL, tmp_path / "none.xml"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (1, "0 passed, 1 failed, 0 skipped")
