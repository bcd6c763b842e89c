#!/usr/bin/env python3
"""Compares what is accepted as Python with compile() of the installed CPython, and where faults are.

Usage: syntax.py files JUDGE_PYTHON STEP
       syntax.py mutants JUDGE_PYTHON PIECES [SEED]

files: every file of the standard library and of the installed packages, or every STEPth. mutants: PIECES of the same with tokens left out, doubled,
swapped or replaced. What CPython accepts must be accepted; what it refuses must be refused, but for the faults that
only its symbol table or code generator finds (SYMBOLS below).
"""
import os
import pathlib
import random
import re
import subprocess
import sys
import sysconfig
import warnings

# Faults that need the meaning of names over a whole scope, or the size of what is compiled: they are CPython's alone.
SYMBOLS = re.compile(
    r"duplicate argument|declaration|is parameter and|nonlocal and global|no binding for nonlocal|annotated name"
    r"|assignment expression (cannot|within)|__future__|future feature|not a chance|cannot assign to __debug__"
    r"|cannot delete __debug__|statically nested|too many expressions|keyword argument repeated|alternative patterns"
    r"|multiple assignments to name|multiple starred expressions in seq|attribute name repeated"
    r"|mapping pattern checks duplicate|unknown Unicode character name|too deep|nested too deeply|too complex")

SEEDS = pathlib.Path(__file__).resolve().parents[2] / "fuzz/python/corpus/syntax"


class Judge:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, text, family=311):
        raw = text.encode()
        self.process.stdin.write(b"%d %d\n" % (family, len(raw)) + raw)
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode().rstrip("\n")
        if not answer:
            raise SystemExit(f"the judge died at {text!r}")
        return answer


def verdict(text):
    """None when CPython accepts, else (message, line, column)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "x", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.msg, error.lineno, error.offset
    except (RecursionError, MemoryError, OverflowError, ValueError) as error:
        return f"too deep: {error}", 0, 0
    return None


def texts():
    for base in (sysconfig.get_path("stdlib"), "/usr/lib/python3/dist-packages"):
        for folder, folders, names in os.walk(base):
            folders.sort()
            for name in sorted(names):
                if not name.endswith(".py"):
                    continue
                try:
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        yield os.path.join(folder, name), file.read()
                except UnicodeDecodeError:
                    continue


TOKEN = re.compile(r"'''|\"\"\"|\"[^\"\n\\]*\"|'[^'\n\\]*'|\w+|\s+|#[^\n]*|[^\w\s]")
EXTRA = ("( ) [ ] { } , : ; . = := -> * ** + - ~ @ == != <> += / // % | if else elif for in not is and or lambda yield await "
         "async with as def class return break continue pass del global nonlocal import from try except finally raise "
         "while assert match case type _ None True x 1 1.5j 'a' b'a' f'{x}' f'{x!r:>{y}}' rb'x' ... \n \n\t \\\n").split(" ")


def mutate(rng, text):
    """A piece of a source, cut out by lines, with one or two tokens changed."""
    lines = text.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if line.strip()]
    start = rng.choice(starts) if starts else 0
    indent = re.match(r"[ \t]*", lines[start] if lines else "").group()
    size, piece = rng.choice((2, 4, 8, 20, 40)), ""
    for line in lines[start:start + size]:
        if line.strip() and not line.startswith(indent):
            break
        piece += line.removeprefix(indent)
    tokens = TOKEN.findall(piece)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if not tokens:
            break
        at = rng.randrange(len(tokens))
        other = rng.randrange(len(tokens))
        kind = rng.randrange(5)
        if kind == 0:
            del tokens[at]
        elif kind == 1:
            tokens.insert(at, tokens[other])
        elif kind == 2:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif kind == 3:
            tokens.insert(at, " " + rng.choice(EXTRA) + " ")
        else:
            tokens[at] = " " + rng.choice(EXTRA) + " "
    return "".join(tokens)


class Tally:
    def __init__(self):
        self.count = self.accepted = self.refused = self.placed = self.lined = self.beyond = 0
        self.bad = []
        self.places = {}

    def compare(self, judge, name, text):
        theirs, ours = verdict(text), judge.ask(text)
        self.count += 1
        if theirs is None:
            self.accepted += 1
            if ours != "ok":
                self.bad.append(f"{name}: CPython accepts, we say {ours}")
            return
        message, line, column = theirs
        if ours == "ok":
            if SYMBOLS.search(message):
                self.beyond += 1
            else:
                self.bad.append(f"{name}: CPython says {message!r} at {line}:{column}, we accept")
            return
        self.refused += 1
        our_line, our_column, our_text = ours.split(" ", 2)
        self.lined += int(our_line) == line
        if (int(our_line), int(our_column)) == (line, column):
            self.placed += 1
        else:
            key = re.sub(r"'[^']*'|\d+", "_", message)
            self.places.setdefault(key, []).append(
                f"{name}: {message!r} at {line}:{column}, we say {our_line}:{our_column} {our_text}")

    def report(self, shown):
        print(f"{self.count} sources: {self.accepted} accepted by CPython, {self.refused} refused by both "
              f"({self.placed} at the same line and column, {self.lined} on the same line), "
              f"{self.beyond} refused only by its symbol table; {len(self.bad)} differ")
        for problem in self.bad[:shown]:
            print(problem[:1500])


def run_files(judge, step):
    tally = Tally()
    for number, (path, text) in enumerate(texts()):
        if number % step == 0:
            tally.compare(judge, path, text)
    return tally


def run_mutants(judge, pieces, seed):
    tally, rng = Tally(), random.Random(seed)
    # Of the library alone, without its optional tests: the same mutants wherever this Python is.
    library = sysconfig.get_path("stdlib") + "/"
    sources = [text for path, text in texts()
               if text and path.startswith(library) and not path.startswith(library + "test/")]
    dense = [path.read_text() for path in sorted(SEEDS.iterdir())]
    for _ in range(pieces):
        text = mutate(rng, rng.choice(dense if rng.random() < 0.3 else sources))
        tally.compare(judge, repr(text), text)
    return tally


def main():
    kind, program = sys.argv[1:3]
    amount = int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 311
    judge = Judge(program)
    tally = run_files(judge, amount) if kind == "files" else run_mutants(judge, amount, seed)
    tally.report(20)
    if "SP_SHOW_PLACES" in os.environ:
        for key, rows in sorted(tally.places.items(), key=lambda item: -len(item[1])):
            print(len(rows), key, rows[0][-600:], sep="\n   ")
    enough = tally.count >= 100
    return 1 if tally.bad or not enough else 0


if __name__ == "__main__":
    sys.exit(main())
