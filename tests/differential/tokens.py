#!/usr/bin/env python3
"""Compares the lexer with the installed CPython, file by file: same tokens, same places, same refusals.

Usage: tokens.py DUMP_TOKENS [STEP [PIECES [SEED]]]

Every file of the standard library and of the installed packages is read, or every STEPth of them. A second part damages
PIECES of sources at random (with a fixed seed) and compares acceptance: what compile() takes, the lexer must take, and
what CPython's tokenizer refuses, the lexer must refuse. Nothing depends on the speed of the machine.
"""
import io
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import tokenize
import warnings

KINDS = {tokenize.NAME: "NAME", tokenize.NUMBER: "NUMBER", tokenize.STRING: "STRING", tokenize.OP: "OP",
         tokenize.NEWLINE: "NEWLINE", tokenize.INDENT: "INDENT", tokenize.DEDENT: "DEDENT",
         tokenize.ENDMARKER: "END"}
BARE = {"NEWLINE", "INDENT", "DEDENT", "END"}  # their places are a matter of taste

# Words of messages that CPython's tokenizer itself gives, so that the lexer must refuse as well.
LEXICAL = ("invalid decimal literal", "invalid hexadecimal literal", "invalid octal literal", "invalid binary literal",
           "invalid imaginary literal", "invalid digit", "leading zeros", "unterminated", "never closed", "unmatched '",
           "does not match opening", "inconsistent use of tabs", "unindent does not match", "too many levels",
           "unexpected character after line", "invalid character", "invalid non-printable", "too many nested",
           "bytes can only contain", "f-string: expecting '}'", "single '}'", "cannot include a backslash",
           "cannot include '#'", "empty expression", "nested too deeply", "null bytes")


class Dump:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, path):
        self.process.stdin.write(path + "\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"the lexer died at {path}")
            if line == "EOF\n":
                return lines
            lines.append(line.rstrip("\n").split(" ", 3))


def ours(lines):
    """f-strings become one STRING again, as tokenize of 3.11 gives them."""
    result, depth, start = [], 0, None
    for kind, line, column, end in lines:
        if kind == "FSTART":
            if depth == 0:
                start = (int(line), int(column))
            depth += 1
        elif kind == "FEND":
            depth -= 1
            if depth == 0:
                result.append(("STRING", *start, int(end)))
        elif depth == 0:
            result.append((kind,) if kind in BARE else (kind, int(line), int(column), int(end)))
    return result


def whole_names(tokens):
    """Joins names that tokenize tears: its pattern for a name lacks the combining marks that identifiers may have."""
    held, torn = None, (tokenize.NAME, tokenize.ERRORTOKEN)
    for token in tokens:
        if held and held.end == token.start and held.type in torn and token.type in torn \
                and (held.string + token.string).isidentifier():
            held = held._replace(type=tokenize.NAME, string=held.string + token.string, end=token.end)
            continue
        if held:
            yield held
        held = token
    if held:
        yield held


def theirs(text):
    starts, offset = [0], 0
    source = io.StringIO(text, newline="")
    result, byte_lines = [], []
    for line in iter(source.readline, ""):
        byte_lines.append(line)
        offset += len(line.encode())
        starts.append(offset)
    reader = iter(byte_lines)
    for token in whole_names(tokenize.generate_tokens(lambda: next(reader, ""))):
        if token.type in (tokenize.COMMENT, tokenize.NL):
            continue
        kind = KINDS.get(token.type, "ERROR")
        if kind in BARE:
            result.append((kind,))
            continue

        def to_bytes(place):
            row, column = place
            line = byte_lines[row - 1]
            return len(line[:column].encode())
        result.append((kind, token.start[0], to_bytes(token.start), starts[token.end[0] - 1] + to_bytes(token.end)))
    return result


def verdict(text):
    """None when CPython accepts, else its message."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "x", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return error.msg if isinstance(error, SyntaxError) else str(error)
    except (RecursionError, MemoryError, OverflowError):
        return "too deep"
    return None


def sources():
    paths = [sysconfig.get_path("stdlib"), "/usr/lib/python3/dist-packages"]
    for base in paths:
        for folder, folders, names in os.walk(base):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".py"):
                    yield os.path.join(folder, name)


def compare(dump, path, text):
    lines = dump.read(path)
    refused = lines and lines[-1][0] == "FAULT"
    error = verdict(text)
    if error is None and refused:
        return f"{path}: CPython accepts, the lexer says {lines[-1]}"
    if error is not None:
        lexical = any(words in error for words in LEXICAL)
        return f"{path}: CPython says {error!r}, the lexer accepts" if lexical and not refused else None
    a, b = ours(lines), theirs(text)
    if a == b:
        return None
    for mine, other in zip(a, b):
        if mine != other:
            return f"{path}: the lexer has {mine}, tokenize has {other}"
    return f"{path}: {len(a)} tokens against {len(b)}"


def damage(random_state, text):
    """One small mistake of the kind that people and attackers make."""
    pieces = ["(", ")", "]", "{", "}", "'", '"', "'''", "\\", "\n", "\r", "\t", "\f", " ", "0", "1_", ".", "f'", "{x}",
              "#", "\x00", "\u00e9", "\u2028", "\ufeff", "e5", "0x", "$", "?", "!", ":=", "\\\n", "rb'", "j", "\u037a"]
    at = random_state.randrange(len(text) + 1)
    piece = random_state.choice(pieces)
    drop = random_state.choice((0, 0, 1, 2))
    return text[:at] + piece + text[at + drop:]


def readable(path):
    """The text of a file in UTF-8, or None."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        return raw.decode() if encoding == "utf-8" else None
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None


def compare_files(dump, step):
    """The number of files compared, the differences, and the beginnings of some, to be damaged."""
    count, bad, texts = 0, [], []
    for number, path in enumerate(sources()):
        wanted = number % step == 0
        text = readable(path) if wanted or len(texts) < 400 else None
        if text is None:
            continue
        if len(texts) < 400:
            texts.append(text[:4000])
        if wanted:
            problem = compare(dump, path, text)
            bad += [problem] if problem else []
            count += 1
    return count, bad, texts


def compare_damaged(dump, texts, pieces, seed):
    state, bad = random.Random(seed), []
    with tempfile.NamedTemporaryFile(suffix=".py") as file:
        for _ in range(pieces):
            text = state.choice(texts)
            first = text.rfind("\n", 0, state.randrange(len(text) + 1)) + 1
            text = damage(state, text[first:first + 300])
            with open(file.name, "wb") as out:
                out.write(text.encode(errors="surrogatepass"))
            lines = dump.read(file.name)
            refused = lines and lines[-1][0] == "FAULT"
            error = verdict(text)
            if (error is None and refused) or (error and not refused and any(w in error for w in LEXICAL)):
                bad.append(f"{text!r}: CPython {error!r}, the lexer {lines[-1]}")
    return bad


def main(program, step=1, pieces=40000, seed=3):
    dump = Dump(program)
    count, bad, texts = compare_files(dump, step)
    damaged = compare_damaged(dump, texts, pieces, seed)
    print(f"{count} files and {pieces} damaged pieces compared, {len(bad)} and {len(damaged)} differences")
    for line in bad[:20] + damaged[:20]:
        print(line)
    return 1 if bad or damaged or count < 80 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:5])))
