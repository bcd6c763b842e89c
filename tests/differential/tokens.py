#!/usr/bin/env python3
"""Compares the lexer with the installed CPython, file by file: same tokens, same places, same refusals.

Usage: tokens.py DUMP_TOKENS [SECONDS]

Every file of the standard library and then of the installed packages is read until the time is used up. A second part
damages sources at random (with a fixed seed) and compares acceptance: what compile() takes, the lexer must take, and
what CPython's tokenizer refuses, the lexer must refuse.
"""
import io
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
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


def theirs(text):
    lines = text.splitlines(keepends=True)
    starts, offset = [0], 0
    source = io.StringIO(text, newline="")
    result, byte_lines = [], []
    for line in iter(source.readline, ""):
        byte_lines.append(line)
        offset += len(line.encode())
        starts.append(offset)
    reader = iter(byte_lines)
    for token in tokenize.generate_tokens(lambda: next(reader, "")):
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
    del lines
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


def main(program, seconds):
    dump, count, bad, end = Dump(program), 0, [], time.monotonic() + float(seconds)
    texts = []
    for path in sources():
        try:
            with open(path, "rb") as file:
                raw = file.read()
            encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
            if encoding != "utf-8":
                continue
            text = raw.decode()
        except (OSError, SyntaxError, UnicodeDecodeError):
            continue
        problem = compare(dump, path, text)
        bad += [problem] if problem else []
        count += 1
        if len(texts) < 400:
            texts.append(text[:4000])
        if time.monotonic() > end - float(seconds) / 3:
            break
    state, damaged = random.Random(3), 0
    with tempfile.NamedTemporaryFile(suffix=".py") as file:
        while time.monotonic() < end and len(bad) < 20:
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
            damaged += 1
    print(f"{count} files and {damaged} damaged pieces compared, {len(bad)} differences")
    for line in bad[:20]:
        print(line)
    return 1 if bad or count < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else 30))
