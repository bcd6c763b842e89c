"""Reads a gateway's log from its files: bundles as they are published, and what audit's journals hold beyond them."""

import json
import struct

MAGIC = b"SPJL2001"
BLOCK = 4096


def bundle_entries(data):
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 2], "big")
        found.append(data[at + 2:at + 2 + size])
        at += 2 + size
    return found


def index_path(number):
    text = f"{number:03d}" if number < 1000 else f"{number % 1000:03d}"
    number //= 1000
    while number:
        text = f"x{number % 1000:03d}/{text}"
        number //= 1000
    return text


def published_size(folder):
    try:
        return int((folder / "checkpoint").read_text().split("\n")[1])
    except (FileNotFoundError, IndexError, ValueError):
        return 0


def published(folder):
    """The entries that the checkpoint covers. A partial bundle goes when a longer one is there: then the checkpoint is another one."""
    while True:
        size = published_size(folder)
        try:
            found = []
            for number in range(size // 256):
                found += bundle_entries((folder / "tile/entries" / index_path(number)).read_bytes())
            if size % 256:
                found += bundle_entries((folder / "tile/entries" / f"{index_path(size // 256)}.p/{size % 256}").read_bytes())
            return found
        except FileNotFoundError:
            if published_size(folder) == size:
                raise


def spans(data):
    """The records of a journal file: number of the first entry, the entries, and where the record ends."""
    at, after = 0, None
    while data[at:at + 8] == MAGIC:
        first, _, count, size, note, _ = struct.unpack_from(">QQIIII", data, at + 8)
        entries = bundle_entries(data[at + 40:at + 40 + size])
        if len(entries) != count or (after is not None and first != after):
            return
        after = first + count
        at += (40 + size + note + BLOCK - 1) // BLOCK * BLOCK
        yield first, entries, at


def records(data):
    return ((first, entries) for first, entries, _ in spans(data))


def journal_end(data):
    """Behind the last record."""
    return max((end for _, _, end in spans(data)), default=0)


def lines(state):
    """Every entry, oldest first, published or not."""
    found = published(state / "log")
    pieces = {}
    for path in (state / "audit").glob("journal-*"):
        try:
            pieces.update(records(path.read_bytes()))
        except (OSError, struct.error):
            continue
    for first in sorted(pieces):
        if first <= len(found) < first + len(pieces[first]):
            found += pieces[first][len(found) - first:]
    return found


def entries(state):
    return [json.loads(line) for line in lines(state)]
