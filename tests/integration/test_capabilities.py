"""policy/capabilities.toml says what the modules of the image really hold: it is made again and compared."""
import ast
import importlib.util
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "policy" / "make-capabilities.py"


def packages():
    for node in ast.parse(SCRIPT.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "PACKAGES":
            return ast.literal_eval(node.value)
    raise AssertionError("the script names no packages")


def made():
    done = subprocess.run(["/usr/bin/python3", str(SCRIPT)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_is_not_stale():
    kept = (ROOT / "policy" / "capabilities.toml").read_text()
    version = next(line for line in kept.splitlines() if line.startswith("# Python "))
    if version != f"# Python {sys.version.split()[0]}":
        pytest.skip(f"the table is of {version[2:]}, this is {sys.version.split()[0]}: it cannot be told whether it is stale")
    absent = [name for name in packages() if importlib.util.find_spec(name) is None]
    if absent:
        pytest.skip(f"not installed here, so that it cannot be told whether the table is stale: {' '.join(absent)}")
    assert made() == kept, "policy/capabilities.toml is stale: run policy/make-capabilities.py > policy/capabilities.toml"
