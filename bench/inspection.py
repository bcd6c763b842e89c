#!/usr/bin/python3
"""Measures inspection beside its yardsticks in one run, on one core: reading the standard library, the worst inputs of
64 KiB that are known, and the judgement of a submission of 4 KiB. Prints one table.

Yardsticks: CPython's tokenize and ast.parse, and bandit where it is installed (Debian: python3-bandit). They read every
16th file of what is read here: they are slow. CPU time of one core, best of several rounds.
"""
import ast
import io
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import tokenize
import warnings

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = ROOT / "build/bench/inspection"
SIZE = 64 * 1024
WORST_US_MAX, JUDGE_US_MAX, SPEED_MIN = 2000, 30, 200


def fill(piece, head="", tail=""):
    return head + piece * ((SIZE - len(head) - len(tail)) // len(piece)) + tail


def numbered(form, head=""):
    text, i = head, 0
    while len(text) + len(form.format(i=i, n=i + 1)) <= SIZE:
        text += form.format(i=i, n=i + 1)
        i += 1
    return text


def hostile():
    """Every shape that has a step which could cost more than its share."""
    blocks = "".join(" " * i + "if x:\n" for i in range(99)) + " " * 99 + "x\n"
    many = ",".join(f"a{i}" for i in range(9000))
    return {
        "brackets": fill("(" * 190 + ")" * 190 + "\n"),
        "brackets-open": fill("("),
        "indents": fill(blocks),
        "dedents": fill("if x:\n if x:\n  if x:\n   x\n"),
        "f-strings": fill("f'{f\"{1}\"}'\n"),
        "f-fields": fill("{x}", "f'", "'"),
        "f-specs": fill("{x:{y}}", "f'", "'"),
        "aliases": numbered("a{n} = a{i}\n", "import os as a0\n"),
        "aliases-backwards": "".join(reversed(numbered("a{n} = a{i}\n", "import os as a0\n").splitlines(True)))[:SIZE],
        "aliases-attributes": numbered("b = b.a{i}\n", "import os as b\n"),
        "aliases-one": numbered("a = m{i}\n", "import m0, m1, m2\n"),
        "alias-calls": fill("a=getattr(b,'c')\n", "import b\n"),
        "alias-grow": numbered("a{n}=a{i}.b\n", "import os as a0\n"),
        "alias-meanings": numbered("a{i}=b;", "import " + ",".join(f"m{i} as b" for i in range(8)) + "\n"),
        "deep-used": "(" * 180 + fill("a,")[:SIZE - 6 * 180] + "a" + ",(b).c).b" * 180 + "\n",
        "imports": numbered("import m{i}\n"),
        "imports-one": fill("import os\n"),
        "imports-dotted": fill("a.", "import ", "a"),
        "imports-from": "from m import " + many,
        "chain": fill(".a", "a"),
        "calls": fill("f(", "", ""),
        "calls-chain": fill("()", "a"),
        "calls-getattr": fill("getattr(os,'path').x\n", "import os\n"),
        "calls-import": fill("__import__('os').x\n"),
        "names": numbered("x{i} "),
        "names-list": numbered("x{i},"),
        "targets": fill("a=", "", "1"),
        "targets-tuple": fill("a,", "", "=1"),
        "strings": fill("'a' "),
        "strings-plus": fill("'a'+", "", "'a'"),
        "strings-escapes": fill("\\x5f", "'", "'"),
        "string-long": fill("_", "'", "'"),
        "string-open": fill("a", "'"),
        "strings-call": fill("f('__x__')\n"),
        "comments": fill("#\n"),
        "newlines": fill("\n"),
        "carriage-returns": fill("\r"),
        "continuations": fill("\\\n"),
        "spaces": fill(" "),
        "tabs": fill("\tx\n"),
        "numbers": fill("1_0.0e1j,"),
        "number-long": fill("1"),
        "nonascii": fill("\u00e9"),
        "nonascii-names": fill("\ufdfa,")[:SIZE // 3],
        "nonascii-many": numbered("\u00aa{i};")[:SIZE - SIZE // 4],
        "lambdas": fill("lambda:"),
        "lambda-defaults": fill("lambda x="),
        "walrus": fill("(a:=", "", ""),
        "match": fill("match (a)\n"),
        "match-statements": fill("match(a):\n case 1:a\n"),
        "semicolons": fill("a;"),
        "decorators": fill("@a\n"),
        "comprehensions": fill("[a for a in a];"),
        "magics": fill("%a\n"),
        "help": fill("a.*b?\n"),
        "prompts": fill(">>> a\n"),
        "command": fill("ls a ", "ls "),
        "keywords": fill("f(a=1,"),
        "dots": fill("...", "from ", " import a"),
        "stars": fill("*"),
        "nul": fill("a", "", "\0"),
        "invalid-line-ends": fill("a\n", "", "$"),
    }


def hostile_calls():
    """Shapes that cost a judgement most: what a policy speaks of, again and again, and calls inside of one another."""
    deep = SIZE // 360
    return {
        "calls-read-csv": fill("pd.read_csv(a,b,c,d)\n", "import pandas as pd\n", "#://"),
        "calls-in-calls": "import pandas as pd\n" + "pd.read_csv(" * deep + fill("a,")[:SIZE - 16 * deep] + ")" * deep + "#://\n",
        "loads-in-loads": "import numpy as np\n" + "np.load(" * deep + fill("a,")[:SIZE - 12 * deep] + ")" * deep + "\n",
        "timed-in-timed": "import timeit\n" + "timeit.timeit(" * deep + fill("a,")[:SIZE - 18 * deep] + ")" * deep + "\n",
        "timed": fill("timeit.timeit('import os')\n", "import timeit\n"),
        "objects": numbered("x{i}.obj\n"),
        "dictionaries": numbered("x{i}.__dict__[k]\n"),
        "queries": fill("df.query(a+b)\n"),
        "modules": numbered("__import__('m{i}')\n"),
        "templates": fill("jinja2.Template('{{a}}')\n", "import jinja2\n"),
    }


def measure_hostile():
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in hostile().items():
            path = pathlib.Path(folder, name)
            path.write_bytes(text.encode("utf-8", "surrogatepass")[:SIZE])
            paths.append(str(path))
        lines = subprocess.run([TOOL, "hostile", *paths], stdout=subprocess.PIPE, check=True, text=True).stdout
        rows = []
        for line in lines.splitlines():
            path, size, best_us, verdict = line.split(" ", 3)
            rows.append((float(best_us), pathlib.Path(path).name, int(size), verdict))
        return sorted(rows, reverse=True)


def library():
    return sorted(str(path) for path in pathlib.Path(sysconfig.get_path("stdlib")).rglob("*.py")
                  if "dist-packages" not in path.parts and "site-packages" not in path.parts)


def speed_of(work, texts):
    best = None
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            work(text)
        best = min(best or 1e9, time.process_time() - start)
    return sum(len(text) for text in texts) / best / 1e6


def run_tokenize(raw):
    try:
        for _ in tokenize.tokenize(io.BytesIO(raw).readline):
            pass
    except (tokenize.TokenError, SyntaxError):
        pass


def run_ast(raw):
    try:
        ast.parse(raw)
    except (SyntaxError, ValueError):
        pass


def speed_of_bandit(paths):
    program = shutil.which("bandit")
    if program is None:
        return None
    before = os.times()
    subprocess.run([program, "-q", *paths], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return sum(os.path.getsize(path) for path in paths) / used / 1e6


def measure_library(paths):
    run = subprocess.run([TOOL, "read"], input="\n".join(paths) + "\n", stdout=subprocess.PIPE, check=True, text=True)
    found = dict(line.split() for line in run.stdout.splitlines())
    size = int(found["bytes"])
    return {name: size / float(found[f"{name}_us"]) for name in ("lex", "syntax", "facts")}, size


def measure_hostile_calls():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (hostile() | hostile_calls()).items():
            path = pathlib.Path(folder, name)
            path.write_bytes(text.encode("utf-8", "surrogatepass")[:SIZE])
            run = subprocess.run([TOOL, "judge", ROOT / "policy/data-science.toml", path], stdout=subprocess.PIPE,
                                 check=True, text=True)
            rows.append((float(run.stdout.split()[2]), name, run.stdout.split()[3]))
    return sorted(rows, reverse=True)


def measure_judgement():
    line = "total = np.array([value * 2 for value in range(100)]).sum()  # what a script may look like\n"
    head = "import numpy as np\nimport pandas as pd\nframe = pd.read_csv('/mnt/data/a.csv')\n"
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(head + line * ((4096 - len(head)) // len(line)))
        file.flush()
        run = subprocess.run([TOOL, "judge", ROOT / "policy/data-science.toml", file.name], stdout=subprocess.PIPE,
                             check=True, text=True)
    return float(run.stdout.split()[2])


def main():
    warnings.simplefilter("ignore")
    paths = library()
    some = [pathlib.Path(path).read_bytes() for path in paths[::16]]
    ours, size = measure_library(paths)
    print(f"{'inspection on one core':42} {'MB/s':>8}  of tokenize")
    base = speed_of(run_tokenize, some)
    rows = [("CPython tokenize", base), ("CPython ast.parse", speed_of(run_ast, some)),
            ("bandit", speed_of_bandit(paths[::16])), ("ours: tokens", ours["lex"]),
            ("ours: tokens and grammar", ours["syntax"]), ("ours: with all facts", ours["facts"])]
    for name, speed in rows:
        print(f"{name:42} {'-' if speed is None else f'{speed:.1f}':>8}  "
              f"{'not installed' if speed is None else f'{speed / base:.1f}'}")
    print(f"({len(paths)} files of the standard library, {size / 1e6:.1f} MB; at least {SPEED_MIN} MB/s is asked)\n")
    worst = measure_hostile()
    print(f"worst of {len(worst)} hostile inputs of 64 KiB (at most {WORST_US_MAX} us is asked)")
    for best_us, name, _, verdict in worst[:8]:
        print(f"{name:42} {best_us:8.0f} us  {verdict}")
    calls = measure_hostile_calls()
    print(f"\nworst of {len(calls)} hostile inputs of 64 KiB, facts and judgement together")
    for best_us, name, verdict in calls[:4]:
        print(f"{name:42} {best_us:8.0f} us  {verdict}")
    judged = measure_judgement()
    print(f"\n{'judging 4 KiB under data-science':42} {judged:8.1f} us  (at most {JUDGE_US_MAX} us is asked)")
    return 0 if worst[0][0] <= WORST_US_MAX and judged <= JUDGE_US_MAX and ours["facts"] >= SPEED_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
