#!/usr/bin/env python3
"""Runs small programs that bind a name of Python's own here and there, and compares what they reach with what is denied.

Usage: scopes.py SALLYPORT PROGRAMS [SEED]

Each program is run by this Python, with a function in the place of the builtin that notes where it was used. A use that
reached the builtin must be denied at that place. How many of the other uses are denied is told, and bounded.
"""
import builtins
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
import warnings

NAME = "vars"
MOST_DENIED = 0.85  # of the programs that never reached the builtin: they rebind it in every way at once


class Writer:
    """Programs of a few lines; every expression may use the name."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = []

    def pick(self, *makers):
        return self.rng.choice(makers)

    def use(self):
        return self.pick(NAME + "()", NAME, f"[{NAME}][0]()", f"{NAME}.x")

    def target(self):
        return self.pick(NAME, NAME, f"{NAME}, a", f"a, {NAME}", f"(a, {NAME})", f"*{NAME}, a", "a", "a, b", f"a.{NAME}",
                         f"d[{NAME}]")

    def params(self):
        count = self.rng.randrange(3)
        names = self.rng.sample([NAME, "a", "b", "*c", "**e"], count)
        names.sort(key=lambda name: name.count("*"))
        return ", ".join(name if "*" in name else name + "=" + self.expression(0) for name in names)

    def expression(self, depth=2):
        r = self.rng.randrange(16 if depth else 5)
        e = (lambda: self.expression(depth - 1)) if depth else (lambda: "1")
        if r < 5:
            return self.pick("1", "a", "A()", self.use(), self.use())
        if r < 7:
            return f"[{e()} for {self.target()} in {self.pick('[A()]', '[(A(), A())]', e())}{self.pick('', ' if ' + e())}]"
        if r < 9:
            return f"(lambda {self.params()}: {e()}){self.pick('()', '', '(1)')}"
        if r == 9:
            return f"lambda {self.params()}: {e()}, {e()}"
        if r == 10:
            return f"f({e()}, {NAME}={e()})"
        if r == 11:
            return f"({NAME} := {e()})"
        if r == 12:
            return f"sum({e()} for {self.target()} in {e()} for a in {e()})"
        if r == 13:
            return f"f'{{{e()}}}'"
        if r == 14:
            return f"{e()} if {e()} else {e()}"
        return f"({e()}, {e()})"

    def simple(self):
        r = self.rng.randrange(14)
        if r < 4:
            return self.expression()
        if r < 7:
            return f"{self.target()} = {self.pick('A()', '(A(), A())', self.expression())}"
        if r == 7:
            return f"a = {self.target()} = {self.expression()}"
        if r == 8:
            return f"{self.pick('global', 'nonlocal')} {NAME}"
        if r == 9:
            return f"del {self.pick(NAME, 'a')}"
        if r == 10:
            return self.pick(f"from json import loads as {NAME}", f"import json as {NAME}", f"from json import (dumps, loads as {NAME})")
        if r == 11:
            return f"{NAME}: {self.expression(0)}{self.pick('', ' = A()')}"
        if r == 12:
            return f"{NAME} += {self.expression(0)}"
        return "pass"

    def block(self, indent, depth):
        for _ in range(self.rng.randrange(1, 4)):
            self.statement(indent, depth)

    def header(self, indent, text, depth):
        if self.rng.random() < 0.2:
            self.lines.append(indent + text + " " + "; ".join(self.simple() for _ in range(self.rng.randrange(1, 3))))
            return
        self.lines.append(indent + text)
        self.block(indent + "  ", depth - 1)

    def statement(self, indent, depth):
        r = self.rng.randrange(14 if depth else 5)
        if r < 5:
            self.lines.append(indent + "; ".join(self.simple() for _ in range(self.rng.choice((1, 1, 1, 2)))))
        elif r < 8:
            name = self.pick("f", "g", NAME)
            if self.rng.random() < 0.2:
                self.lines.append(indent + "@" + self.pick("A()", f"(lambda {NAME}: {NAME})", "(lambda g: g() or g)"))
            self.header(indent, f"def {name}({self.params()}){self.pick('', ' -> ' + self.expression(0))}:", depth)
            if self.rng.random() < 0.8:
                self.lines.append(indent + self.pick(f"{name}()", f"{name}(A())"))
        elif r == 8:
            self.header(indent, f"class {self.pick('B', NAME)}:", depth)
        elif r == 9:
            self.header(indent, f"if {self.pick('0', '1', self.expression(1))}:", depth)
            if self.rng.random() < 0.5:
                self.header(indent, "else:", depth)
        elif r == 10:
            self.header(indent, f"for {self.target()} in {self.pick('[A()]', '[(A(), A())]', self.expression())}:", depth)
        elif r == 11:
            self.header(indent, f"with A() as {self.target()}:", depth)
        elif r == 12:
            self.header(indent, "try:", depth)
            self.header(indent, self.pick("except Exception:", f"except Exception as {NAME}:"), depth)
        else:
            self.lines.append(f"{indent}match A():")
            self.lines.append(f"{indent}  case {self.pick(NAME, '_', 'A(x=' + NAME + ')')}: {self.simple()}")

    def program(self):
        self.block("", 3)
        self.block("", 2)
        return "\n".join(self.lines) + "\n"


class Anything:
    """Takes part in every expression without a fault."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args, **keywords):
        return self

    def __iter__(self):
        return iter((self,) if type(self).deep else (Deep(), Deep()))

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        return True

    def __add__(self, other):
        return self

    __radd__ = __iadd__ = __add__
    deep = False

    def __getitem__(self, key):
        return self

    def __setitem__(self, key, value):
        pass

    def __delattr__(self, name):
        pass


class Deep(Anything):
    deep = True


def run(text):
    """The lines where the builtin was reached; None when the program is none."""
    reached = set()

    class Builtins(dict):
        def __getitem__(self, key):
            if key == NAME:
                frame = sys._getframe(1)
                if frame.f_code.co_filename == "program":
                    reached.add(frame.f_lineno)
                return Anything()
            return super().__getitem__(key)

    try:
        code = compile(text, "program", "exec")
    except (SyntaxError, ValueError):
        return None
    # Statements of the module go on behind a fault, as cells of a session do.
    space = {"A": Anything, "a": Anything(), "b": Anything(), "d": Anything(), "f": Anything(), "g": Anything(),
             "__builtins__": Builtins(vars(builtins)), "__name__": "program"}
    try:
        exec(code, space)
    except Exception:
        pass
    return reached


class Everything(set):
    """Every line is denied."""

    def __bool__(self):
        return True

    def __ge__(self, other):
        return True


def judge(program, texts, folder):
    for number, text in enumerate(texts):
        with open(os.path.join(folder, f"{number:06}.py"), "w", encoding="utf-8") as file:
            file.write(text)
    done = subprocess.run([program, "check", "--format", "json", folder], stdout=subprocess.PIPE, check=False)
    found = collections.defaultdict(set)
    for entry in json.loads(done.stdout):
        number = int(os.path.basename(entry["file"])[:-3])
        for finding in entry["findings"]:
            if finding["action"] == "deny":
                found[number].add(finding["line"])
                if "re-assigned" in finding["message"] or finding["rule"] == "limit":
                    found[number] = Everything()  # nothing of it is followed
    return found


def main():
    warnings.simplefilter("ignore")
    program, count = sys.argv[1], int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 311)
    texts, reached = [], []
    while len(texts) < count:
        text = Writer(rng).program()
        lines = run(text)
        if lines is not None and NAME in text:
            texts.append(text)
            reached.append(lines)
    with tempfile.TemporaryDirectory() as folder:
        found = judge(program, texts, folder)
    missed = clean = kept = hits = 0
    for number, text in enumerate(texts):
        hits += len(reached[number])
        if not found[number] >= reached[number]:
            missed += 1
            if missed <= 5:
                print(f"lines {sorted(reached[number] - set(found[number]))} reach the builtin and pass:\n{text}")
        if not reached[number]:
            clean += 1
            kept += not found[number]
    print(f"{len(texts)} programs, {hits} lines that reach the builtin, {missed} programs where one passes; "
          f"{kept} of the {clean} that do not reach it are allowed")
    return 1 if missed or not hits or kept < clean * (1 - MOST_DENIED) else 0


if __name__ == "__main__":
    sys.exit(main())
