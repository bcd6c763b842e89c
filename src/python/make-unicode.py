#!/usr/bin/env python3
"""Writes src/python/unicode_table.c: which characters may start or continue an identifier.

Usage: run it once under Python 3.11 with --dump, once under the
newest Python with --dump, then `make-unicode.py OLD.json NEW.json > unicode_table.c`. str.isidentifier() is what
CPython's tokenizer itself asks.
"""
import json
import sys


def kind(c):
    if 0xD800 <= c <= 0xDFFF:
        return 0
    if chr(c).isidentifier():
        return 2
    return 1 if ("a" + chr(c)).isidentifier() else 0


def dump():
    json.dump([kind(c) for c in range(0x110000)], sys.stdout)


def main(old_path, new_path):
    with open(old_path) as old_file, open(new_path) as new_file:
        old, new = json.load(old_file), json.load(new_file)
    # 0 none, 1 continue, 2 start; plus 4 where only the newer Unicode says so.
    merged = [n if n == o else n | 4 for o, n in zip(old, new)]
    ranges, first = [], 0x80
    for c in range(0x81, 0x110001):
        if c == 0x110000 or merged[c] != merged[first]:
            if merged[first]:
                ranges.append((first, c - 1, merged[first]))
            first = c
    print('/* Made by make-unicode.py. Do not edit. */\n#include "python/unicode.h"\n')
    print("/* clang-format off */")
    print("const struct sp_unicode_range sp_unicode_ranges[] = {")
    line = ""
    for low, high, what in ranges:
        item = "{0x%X, 0x%X, %d}," % (low, high, what)
        if len(line) + len(item) + 1 > 94:
            print("    " + line.strip())
            line = ""
        line += item + " "
    print("    " + line.strip())
    print("};\n/* clang-format on */")
    print("const size_t sp_unicode_range_count = SP_COUNT(sp_unicode_ranges);")


if __name__ == "__main__":
    dump() if sys.argv[1:] == ["--dump"] else main(*sys.argv[1:])
