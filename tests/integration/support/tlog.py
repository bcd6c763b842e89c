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


def bundle(folder, number, width):
    """The entries of a bundle; a partial one goes as soon as the full one is there, which begins with the same."""
    base = folder / "tile/entries" / index_path(number)
    if width < 256 and not base.exists():
        return bundle_entries((base.parent / f"{base.name}.p" / str(width)).read_bytes())
    return bundle_entries(base.read_bytes())[:width]


def published(folder):
    """The entries that the checkpoint covers."""
    size = published_size(folder)
    while True:
        try:
            return [entry for first in range(0, size, 256) for entry in bundle(folder, first // 256, min(256, size - first))]
        except FileNotFoundError:  # the full bundle came in between, or a longer one and another checkpoint
            before, size = size, published_size(folder)
            if before == size and not (folder / "tile/entries" / index_path(size // 256)).exists():
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
