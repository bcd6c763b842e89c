#!/usr/bin/env python3
"""Compares the constants that we work out with what the installed CPython makes of the same expressions.

Usage: fold.py PROGRAM [COUNT]

The expressions are made at random, with a fixed seed, of all that folding knows and of its neighbours that it does not.
What we work out must be CPython's value; what CPython refuses must not be worked out. That we leave something computed is
right too, but not for most of what is made here: their number is checked, so that folding that stops working is seen.
"""
import random
import subprocess
import sys
import warnings

CHARS = list("abcoseyt_._%s{}0 -,/'\"") + ["\\x41", "\\n", "\\t", "\\101", "\\\\", "\\u0062", "\\z"]
FOLDED_LEAST = 0.4


def literal(rng, prefix=""):
    text = "".join(rng.choice(CHARS) for _ in range(rng.randrange(7)))
    quote = rng.choice("'\"")
    text = text.replace(quote, "")
    raw = rng.random() < 0.1 and not text.endswith("\\")
    if raw and text.endswith("\\"):
        raw = False
    return f"{prefix}{'r' if raw else ''}{quote}{text}{quote}"


def number(rng):
    return rng.choice(["0", "1", "2", "3", "-1", "-2", "1+1", "97", "111", "115", "0x41", "5-3", "2*3"])


def bound(rng):
    return rng.choice(["", "", number(rng)])


def slice_of(rng):
    if rng.random() < 0.3:
        return f"[{number(rng)}]"
    return f"[{bound(rng)}:{bound(rng)}{rng.choice(['', ':' + rng.choice(['', '1', '2', '-1', '-2', '0'])])}]"


def items(rng, depth, least=0):
    return ", ".join(text(rng, depth - 1) for _ in range(rng.randrange(least, 4)))


def method(rng, depth):
    return rng.choice([
        lambda: f".join([{items(rng, depth)}])",
        lambda: f".join(({items(rng, depth, 2)}))",
        lambda: f".join(({text(rng, depth - 1)}))",
        lambda: f".format({items(rng, depth)})",
        lambda: f".replace({text(rng, depth - 1)}, {text(rng, depth - 1)})",
        lambda: rng.choice([".lower()", ".upper()", ".strip()", ".title()"]),
        lambda: rng.choice([".encode().decode()", ".encode('ascii').decode('utf-8')", ".encode('latin-1').decode()"]),
    ])()


def text(rng, depth):
    if depth <= 0 or rng.random() < 0.25:
        return literal(rng)
    return rng.choice([
        lambda: literal(rng) + " " + literal(rng),
        lambda: text(rng, depth - 1) + " + " + text(rng, depth - 1),
        lambda: f"({text(rng, depth - 1)}){slice_of(rng)}",
        lambda: f"({text(rng, depth - 1)}){method(rng, depth)}",
        lambda: literal(rng) + method(rng, depth),
        lambda: literal(rng) + slice_of(rng),
        lambda: f"chr({number(rng)})",
        lambda: f"bytes([{number(rng)}, {number(rng)}]).decode()",
        lambda: f"({text(rng, depth - 1)}) * {rng.choice(['0', '1', '2', '-1'])}",
        lambda: f"{literal(rng)} % ({items(rng, depth, 1)},)",
        lambda: f"{literal(rng)} % {literal(rng)}",
        lambda: "f\"a{" + literal(rng).replace('"', "'").replace("\\", "") + "}b\"",
        lambda: literal(rng, "b") + ".decode()",
    ])()


def value_of(expression):
    """The text that CPython gives, the same for bytes of the same numbers; None when it gives anything else, or refuses."""
    try:
        value = eval(expression, {"__builtins__": {"chr": chr, "bytes": bytes}})  # made above, of constants alone
    except (SyntaxError, ValueError, TypeError, IndexError, KeyError, LookupError, AttributeError, OverflowError):
        return None
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else None


def main():
    warnings.simplefilter("ignore")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    rng = random.Random(1)
    expressions = [text(rng, 3) if rng.random() < 0.95 else literal(rng, "b") for _ in range(count)]
    sources = [f"f({expression})\n".encode() for expression in expressions]
    data = b"".join(b"%d\n" % len(source) + source for source in sources)
    answers = subprocess.run([sys.argv[1]], input=data, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    wrong, folded, possible = 0, 0, 0
    for expression, answer in zip(expressions, answers):
        value = value_of(expression)
        possible += value is not None
        if answer in ("-", "refused"):
            continue
        found = bytes.fromhex(answer.partition(" ")[2])
        folded += 1
        if found != value:
            wrong += 1
            print(f"{expression}\n  CPython: {value}\n  ours:    {found}")
    print(f"{count} expressions, {possible} have a value, {folded} were worked out, {wrong} of them wrong")
    return 0 if wrong == 0 and len(answers) == count and folded >= FOLDED_LEAST * possible else 1


if __name__ == "__main__":
    sys.exit(main())
