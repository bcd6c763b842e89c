#!/usr/bin/env python3
"""Compares our readers of JSON and TOML with those of the installed CPython: same refusals, same values.

Usage: texts.py json|toml PROGRAM CORPUS [COUNT]

The files of the fuzzing corpus are damaged at random, with a fixed seed. Where CPython is more lenient than the house
(equal keys, NaN, lone surrogates, overflow), the check stands here in Python, written a second time.
"""
import json
import math
import pathlib
import random
import subprocess
import sys
import tomllib

NUMBER_BYTES_MAX = 1024
PIECES = {
    "json": [b'"', b"\\", b"\\u", b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b".", b"e", b"+", b"\0", b"\x1f", b"\xff",
             b"\xc3", b"\xa9", b" ", b"\n", b"null", b'"a":1,', b"\\ud800", b"\\udc00", b"\\u0000", b"1e400",
             b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\x7f", b"//"],
    "toml": [b'"', b"'", b'"""', b"'''", b"[", b"]", b"[[", b"]]", b"{", b"}", b".", b"=", b",", b"\n", b"#", b"_", b"-", b"0",
             b"1", b"e", b"a", b"a.b = 1\n", b"[a]\n", b"[a.b]\n", b"[[a]]\n", b"\\", b"\\u00e9", b" ", b"\t", b"true",
             b"1979-05-27", b"07:32:00", b"T", b"inf", b"0x", b"\xc3\xa9", b"\x01", b"\xff"],
}


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names) or any("\0" in name for name in names):
        raise ValueError("a name is given twice or holds NUL")
    return dict(pairs)


def number(text):
    if not math.isfinite(float(text)) or len(text) > NUMBER_BYTES_MAX:
        raise ValueError("out of range")
    return ("number", text)


def constant(text):
    raise ValueError(text)


def load_json(data):
    text = data.decode("utf-8")
    if text.startswith("\ufeff"):
        raise ValueError("byte order mark")
    value = json.loads(text, object_pairs_hook=unique, parse_int=number, parse_float=number, parse_constant=constant)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate cannot be encoded
    return value


def tag(value):
    """A value of tomllib in the form that our tagged JSON is brought to."""
    if isinstance(value, dict):
        return {key: tag(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tag(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return ("float", "nan")
    return (type(value).__name__, value)


def untag(value):
    if isinstance(value, list):
        return [untag(item) for item in value]
    if set(value) != {"type", "value"} or not isinstance(value["type"], str):
        return {key: untag(item) for key, item in value.items()}
    kind, text = value["type"], value["value"]
    if kind in ("string", "bool"):
        return tag(text if kind == "string" else text == "true")
    if kind in ("integer", "float"):
        return tag(int(text) if kind == "integer" else float(text))
    return tag(tomllib.loads(f"v = {text}")["v"])


def load_toml(data):
    text = data.decode("utf-8").removeprefix("\ufeff")
    if "\r\n" in text:
        return None  # tomllib changes line ends inside strings
    return tag(tomllib.loads(text))


def damage(rng, kind, seeds):
    data = rng.choice(seeds)
    if kind == "toml" and rng.random() < 0.3:
        data += b"\n" + rng.choice(seeds)
    for _ in range(rng.randint(0, 3)):
        at = rng.randint(0, len(data))
        data = data[:at] + rng.choice(PIECES[kind]) + data[at + rng.choice([0, 0, 1, 2]):]
    return data


def differs(kind, program, data):
    try:
        want, reason = (load_json if kind == "json" else load_toml)(data), ""
        if want is None:
            return None
    except (ValueError, RecursionError, OverflowError) as error:
        want, reason = None, str(error) or "refused"
    ran = subprocess.run([program], input=data, capture_output=True, timeout=30, check=False)
    if ran.returncode not in (0, 1):
        return f"ended with {ran.returncode}"
    if (ran.returncode == 0) != (reason == ""):
        return f"CPython says '{reason or 'fine'}', we say '{ran.stderr.decode() or 'fine'}'"
    if ran.returncode == 0:
        got = load_json(ran.stdout) if kind == "json" else untag(json.loads(ran.stdout))
        return None if got == want else f"CPython reads {want!r}, we read {got!r}"
    return None


def main():
    kind, program, corpus = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 1500
    rng = random.Random(20)
    seeds = [path.read_bytes() for path in sorted(pathlib.Path(corpus).iterdir())]
    assert seeds
    wrong = 0
    for _ in range(count):
        data = damage(rng, kind, seeds)
        said = differs(kind, program, data)
        if said:
            wrong += 1
            print(f"{data!r}: {said}")
    print(f"{kind}: {count} texts compared, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
