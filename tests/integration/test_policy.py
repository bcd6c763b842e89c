"""sallyport policy: what the rules say before anybody is judged by them."""
import hashlib
import json
import os
import pathlib
import re
import subprocess

import pytest

SALLYPORT = os.path.join(os.environ["SP_BUILD"], "sallyport")


def policy(*arguments):
    done = subprocess.run([SALLYPORT, "policy", *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def test_help_fits_a_terminal():
    status, out, _ = policy("--help")
    assert status == 0
    assert all(len(line) <= 80 for line in out.splitlines())


def test_list_names_every_policy():
    status, out, _ = policy("list")
    assert status == 0
    for name in ("data-science", "strict", "record-only"):
        assert name in out


def test_tests_of_the_shipped_policies_pass():
    status, out, _ = policy("test")
    assert status == 0
    assert out.count(" 0 failed") == 3


def test_show_prints_a_policy_with_its_digest(tmp_path):
    status, out, _ = policy("show", "strict")
    first, _, text = out.partition("\n")
    assert status == 0
    assert hashlib.sha256(text.encode()).hexdigest() in first
    (tmp_path / "again.toml").write_text(out)
    _, again, _ = policy("show", tmp_path / "again.toml")
    assert again.partition("\n")[2] == text


def test_a_failing_test_is_shown(tmp_path):
    (tmp_path / "p.toml").write_text('extends = "data-science"\n[[test]]\ncode = "import os"\nexpect = "deny"\n')
    status, out, _ = policy("test", tmp_path / "p.toml")
    assert status == 1
    assert "p.toml:2: fails: import os" in out and "0 passed, 1 failed" in out


def test_diff_says_what_is_narrower_and_wider(tmp_path):
    (tmp_path / "p.toml").write_text('extends = "data-science"\n[capabilities]\nnetwork = "warn"\nfilesystem = "deny"\n')
    status, out, _ = policy("diff", "data-science", tmp_path / "p.toml")
    assert status == 1
    assert "wider    capabilities.network: deny -> warn" in out
    assert "narrower capabilities.filesystem: allow -> deny" in out
    assert "denied -> allowed: import socket" in out
    status, out, _ = policy("diff", "strict", "strict")
    assert (status, out) == (0, "strict -> strict: 0 narrower, 0 wider, 0 other\n")


@pytest.mark.parametrize("text, place, words", [
    ('[limit]\n', "1:2", "did you mean 'limits'?"),
    ('[limits]\ncode_byte = 1\n', "2:1", "did you mean 'code_bytes'?"),
    ('[limits]\nlines = 0\n', "2:9", "from 1 to"),
    ('[capabilities]\nnetwrok = "deny"\n', "2:1", "did you mean 'network'?"),
    ('[capabilities]\nnetwork = "denny"\n', "2:11", "did you mean 'deny'?"),
    ('[files]\ndeny = ["pickel"]\n', "2:9", "did you mean 'pickle'?"),
    ('[uploads]\nopaqe = "deny"\n', "2:1", "did you mean 'opaque'?"),
    ('[modules]\nallow = "numpy"\n', "2:9", "a list"),
    ('python = "3.7"\n', "1:10", "3.8"),
    ('extends = "data-sciense"\n', "1:11", "did you mean 'data-science'?"),
    ('[[test]]\ncod = "x"\n', "2:1", "did you mean 'code'?"),
    ('x = \n', "1:5", ""),
])
def test_mistakes_have_a_place_and_a_suggestion(tmp_path, text, place, words):
    (tmp_path / "p.toml").write_text(text)
    status, _, err = policy("show", tmp_path / "p.toml")
    assert status == 2
    assert f"p.toml:{place}: " in err and words in err, err


def test_a_mistake_in_what_is_extended_is_told_with_both_places(tmp_path):
    (tmp_path / "base.toml").write_text('[limits]\nlines = 0\n')
    (tmp_path / "p.toml").write_text(f'\nextends = "{tmp_path}/base.toml"\n')
    status, _, err = policy("show", tmp_path / "p.toml")
    assert status == 2
    assert "p.toml:2:11: in '" in err and "line 2, column 9" in err


@pytest.mark.parametrize("arguments", [(), ("shwo", "x"), ("show",), ("diff", "strict"), ("list", "x"), ("--loud",),
                                       ("show", "no-such-policy")])
def test_wrong_usage_is_told(arguments):
    status, out, err = policy(*arguments)
    assert (status, out) == (2, "") and err


PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/policy.md"


def test_the_example_of_the_page_is_right(tmp_path):
    (tmp_path / "team.toml").write_text(re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.S).group(1))
    status, out, err = policy("test", tmp_path / "team.toml")
    assert (status, err) == (0, ""), out
    assert "2 passed, 0 failed" in out


def test_the_page_names_every_key_and_rule():
    page = PAGE.read_text()
    _, shown, _ = policy("show", "record-only")
    section = ""
    for line in shown.splitlines():
        section = line if line.startswith("[") else section
        names = re.findall(r'"([a-z0-9]+)"', line) if section == "[files]" else re.findall(r"^([a-z_-]+) =", line)
        for name in names:
            assert name in ("name", "table", "allow", "deny", "warn", "shadow", "only") or name in page, name
    done = subprocess.run([SALLYPORT, "check", "--explain", "no-such-rule"], capture_output=True, text=True, timeout=60, check=False)
    for rule in done.stderr.split()[-20:]:
        assert f"`{rule}`" in page, rule


def test_sarif_has_what_its_schema_asks_for(tmp_path):
    (tmp_path / "a b.py").write_text("import os\nos.system('x')\n")
    done = subprocess.run([SALLYPORT, "check", "--format", "sarif", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    log = json.loads(done.stdout)
    assert log["version"] == "2.1.0" and log["$schema"].startswith("https://")
    run, = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(ids)) == len(ids)
    result, = run["results"]
    assert result["ruleId"] in ids and result["level"] in ("none", "note", "warning", "error") and result["message"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == f"file://{tmp_path}/a%20b.py"
    done = subprocess.run([SALLYPORT, "check", "--format", "sarif", "a b.py"], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    near = json.loads(done.stdout)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert near["artifactLocation"]["uri"] == "a%20b.py", "a reference, for whoever knows the folder"
    assert place["region"] == {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 10}
