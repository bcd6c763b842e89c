"""Rules that look at one file at a time. A rule takes the tree and yields (path, line, text)."""

import re

FUNCTION_LINES_MAX = 70
SOURCE_LINES_MAX = 600
HEADER_LINES_MAX = 200
PARAMETERS_MAX = 6
BANNED = ("sprintf vsprintf strcpy strncpy stpcpy strcat strncat strtok strtok_r atoi atol atoll atof strtol strtoul "
          "strtoll strtoull strtod sscanf gets memcmp memcpy memmove mempcpy alloca bcopy bcmp system popen tmpnam "
          "mktemp").split()
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
REASON_MIN = 6
RULES = {}


def rule(name):
    def register(function):
        RULES[name] = function
        return function
    return register


@rule("banned-function")
def banned_function(tree):
    """A libc function that reads or writes past what it was given; base has the bounded ones."""
    pattern = r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED)
    for source in tree.c("src/"):
        if source.folder != "base":
            for line, match in source.find(pattern):
                yield source.path, line, f"{match.group(1)} is banned outside src/base"


@rule("line-comment")
def line_comment(tree):
    """Comments are written /* like this */."""
    for source in tree.c(""):
        for line, text in source.comments:
            if text.startswith("//"):
                yield source.path, line, "write /* ... */ instead of //"


@rule("function-length")
def function_length(tree):
    """A function has at most 70 lines."""
    for source in tree.c(""):
        for function in source.functions():
            lines = function.last - function.first + 1
            if lines > FUNCTION_LINES_MAX:
                yield source.path, function.line, f"{function.name} has {lines} lines, at most {FUNCTION_LINES_MAX}"


@rule("parameter-count")
def parameter_count(tree):
    """A function has at most 6 parameters."""
    for source in tree.c("src/"):
        for function in source.functions():
            head = source.code.split("\n")[function.line - 1:function.first - 1]
            inside = "\n".join(head).partition("(")[2]
            plain = re.sub(r"\([^()]*\)", "", inside.rpartition(")")[0])
            if plain.count(",") >= PARAMETERS_MAX:
                yield source.path, function.line, f"{function.name} has more than {PARAMETERS_MAX} parameters"


@rule("file-length")
def file_length(tree):
    """A source file has at most 600 lines, a header 200."""
    for source in tree.sources:
        if not source.path.endswith((".c", ".h", ".py")):
            continue
        most = HEADER_LINES_MAX if source.path.endswith(".h") else SOURCE_LINES_MAX
        lines = source.text.count("\n")
        if lines > most:
            yield source.path, 1, f"{lines} lines, at most {most}: split it"


@rule("header-comment")
def header_comment(tree):
    """A header opens with a comment: its name, what it is, and where it runs."""
    for source in tree.c("src/"):
        if not source.path.endswith(".h"):
            continue
        stem = source.path.rsplit("/", 1)[1][:-2]
        opening = source.comments[0][1] if source.comments and source.comments[0][0] == 1 else ""
        if not re.match(r"/\*\n \* %s - \S" % re.escape(stem), opening):
            yield source.path, 1, f"the first line of the opening comment is not '{stem} - what it is'"
        elif "Runs in:" not in opening:
            yield source.path, 1, "the opening comment does not say 'Runs in:'"


@rule("include-guard")
def include_guard(tree):
    """A header is guarded by SP_<FOLDER>_<FILE>_H."""
    for source in tree.c("src/"):
        if source.path.endswith(".h"):
            name = "SP_" + re.sub(r"\W", "_", source.path[len("src/"):]).upper()
            if not re.search(r"^#ifndef %s\n#define %s$" % (name, name), source.text, re.MULTILINE):
                yield source.path, 1, f"the include guard is not {name}"


@rule("seccomp-reason")
def seccomp_reason(tree):
    """Every row of a seccomp table says why."""
    row = re.compile(r'\bSP_(?:ALLOW|ANSWER)(?:_IF)?\(\s*"(\w+)"\s*,(.*?)\),\n', re.DOTALL)
    for source in tree.c("src/sandbox/"):
        for match in row.finditer(source.text):
            reason = "".join(re.findall(r'"([^"]*)"', match.group(2)))
            if len(reason) < REASON_MIN:
                yield source.path, source.line_of(match.start()), f"the row of {match.group(1)} does not say why"


@rule("raw-minus-one")
def raw_minus_one(tree):
    """A failure is an enum sp_err, not -1."""
    for source in tree.c("src/"):
        if source.folder != "base":
            for line, _ in source.find(r"\breturn\s+-1\s*;"):
                yield source.path, line, "return an enum sp_err instead of -1"


@rule("goto")
def no_goto(tree):
    """The cleanup attribute replaces goto."""
    for source in tree.c(""):
        for line, _ in source.find(r"\bgoto\s+\w"):
            yield source.path, line, "no goto; use SP_AUTO_* and early returns"


@rule("left-over")
def left_over(tree):
    """Nothing is marked to be done later."""
    for source in tree.sources:
        if source.path.startswith(("tools/", "tests/tools/")):
            continue
        for at, line in enumerate(source.lines, 1):
            if LEFT_OVER.search(line):
                yield source.path, at, "finish it now, or describe it as an issue"


@rule("non-ascii")
def non_ascii(tree):
    """The text of the tree is plain ASCII (test data excepted)."""
    for source in tree.sources:
        for at, line in enumerate(source.raw.split(b"\n"), 1):
            bad = [byte for byte in line if byte > 0x7E or (byte < 0x20 and byte != 0x09)]
            if bad:
                yield source.path, at, f"byte 0x{bad[0]:02X}"


@rule("final-newline")
def final_newline(tree):
    """A file ends with one line end."""
    for source in tree.sources:
        if source.raw and (not source.raw.endswith(b"\n") or source.raw.endswith(b"\n\n")):
            yield source.path, len(source.lines), "the file does not end with exactly one line end"


@rule("trailing-space")
def trailing_space(tree):
    """No line ends in blanks, no line of C is indented by tabs."""
    for source in tree.sources:
        for at, line in enumerate(source.lines, 1):
            if line.endswith((" ", "\t")) or (source.is_c and line.startswith("\t")):
                yield source.path, at, "blanks at the end, or a tab at the start"


@rule("overflowing-check")
def overflowing_check(tree):
    """A bound is compared by subtraction: a sum on the left of a comparison may wrap."""
    pattern = r"\bif \((?:\w+(?:->|\.))*(?:used|len|size|at|offset) \+ (?:\w+(?:->|\.))*(?:len|size|n|more|count) > "
    for source in tree.c("src/"):
        for line, _ in source.find(pattern):
            yield source.path, line, "compare as len > max - used, or use sp_size_add"


@rule("owner-without-value")
def owner_without_value(tree):
    """A local that is released at the end of its scope has a value before the first way out."""
    declaration = re.compile(r"\bSP_(?:AUTO_\w+|CLEANUP\(\w+\))\s+[\w *]*?(\w+);")
    for source in tree.c("src/"):
        for function in source.functions():
            for match in declaration.finditer(function.code):
                name, rest = match.group(1), function.code[match.end():]
                first = re.search(r"&%s\b|\b%s = |\breturn\b|\bSP_TRY\b" % (name, name), rest)
                if first and first.group(0) in ("return", "SP_TRY") and not re.match(
                        r"[^;]*&%s\b" % name, rest[first.start():]):
                    line = function.first + 1 + function.code.count("\n", 0, match.start())
                    yield source.path, line, f"'{name}' is released by a way out that comes before its first value"
