#!/usr/bin/env python3
"""Compares the imports that `sallyport check` finds with those of CPython's own parser.

Usage: imports.py SALLYPORT [FOLDER...]

Without folders: the standard library. Files that CPython accepts must be read to the end,
and have the same modules on the same lines and columns.
"""
import ast
import json
import subprocess
import sys
import sysconfig
import warnings

REFUSED = {"syntax", "encoding", "limit"}


def expected(tree):
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, node.col_offset, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, node.col_offset, "." * node.level + (node.module or "")))
    return sorted(found)


def read(path):
    with open(path, "rb") as file:
        raw = file.read()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(raw), raw
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None, raw


def compare(entry):
    tree, raw = read(entry["file"])
    refused = [f for f in entry["findings"] if f["rule"] in REFUSED]
    if tree is None:
        return None
    if refused:
        named = refused[0]["rule"] == "encoding"
        return None if named else f"{entry['file']}: CPython accepts, the lexer says {refused[0]}"
    mine = [(i["line"], i["module"]) for i in entry["imports"]]
    theirs = expected(tree)
    if sorted(mine) != sorted((line, module) for line, _, module in theirs):
        return f"{entry['file']}: {set(mine) ^ {(a, c) for a, _, c in theirs}}"
    if raw.isascii():
        columns = sorted((i["line"], i["column"] - 1, i["module"]) for i in entry["imports"])
        if columns != theirs:
            return f"{entry['file']}: columns {set(columns) ^ set(theirs)}"
    return None


def main(program, folders):
    folders = folders or [sysconfig.get_path("stdlib")]
    run = subprocess.run([program, "check", "--policy", "record-only", "--format", "json", *folders],
                         stdout=subprocess.PIPE, check=False)
    if run.returncode not in (0, 1):
        print(f"sallyport check ended with {run.returncode}")
        return 1
    entries = json.loads(run.stdout)
    bad = [problem for problem in map(compare, entries) if problem]
    print(f"{len(entries)} files, {sum(len(e['imports']) for e in entries)} imports compared, {len(bad)} differences")
    for line in bad[:20]:
        print(line[:400])
    return 1 if bad or len(entries) < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
