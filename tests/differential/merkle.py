"""Checks the log's proof code against RFC 6962 as written down here: every proof of small trees, whole and spoilt."""

import base64
import hashlib
import json
import subprocess
import sys

SIZES = (1, 2, 3, 4, 5, 7, 8, 11)


def leaf(number):
    return hashlib.sha256(b"\0" + bytes([number])).digest()


def split(count):
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def inclusion(place, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if place < k:
        return inclusion(place, leaves[:k]) + [root(leaves[k:])]
    return inclusion(place - k, leaves[k:]) + [root(leaves[:k])]


def consistency(size, leaves, known=True):
    if size == len(leaves):
        return [] if known else [root(leaves)]
    k = split(len(leaves))
    if size <= k:
        return consistency(size, leaves[:k], known) + [root(leaves[k:])]
    return consistency(size - k, leaves[k:], False) + [root(leaves[:k])]


def edges():
    """Trees of no entries: the same root says the same, and beside a larger one nothing is shown."""
    empty = hashlib.sha256(b"").digest()
    for size, root2, proof, want in ((0, empty, [], 0), (0, empty, None, 0), (0, leaf(0), [], 1), (0, empty, [leaf(0)], 1),
                                     (1, leaf(0), [], 1), (1, leaf(0), [empty], 1), (1, empty, [], 1)):
        yield want, {"kind": "consistency", "size1": 0, "size2": size, "root1": empty, "root2": root2, "proof": proof}
    for odd in (b"short", b""):  # of equal sizes the roots are compared as they come
        yield 0, {"kind": "consistency", "size1": 0, "size2": 0, "root1": odd, "root2": odd, "proof": []}
    for size in (0, 1):
        yield 1, {"kind": "inclusion", "leafIdx": 0, "treeSize": size, "root": empty, "leafHash": b"", "proof": []}
    yield 0, {"kind": "inclusion", "leafIndex": 0, "treeSize": 1, "root": leaf(0), "leafHash": leaf(0), "proof": []}
    yield 1, {"kind": "inclusion", "leafIndex": 1, "treeSize": 1, "root": leaf(0), "leafHash": leaf(0), "proof": []}


def encode(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return [encode(item) for item in value] if isinstance(value, list) else value


def vectors():
    for size in SIZES:
        leaves = [leaf(number) for number in range(size)]
        for place in range(size):
            yield {"kind": "inclusion", "leafIdx": place, "treeSize": size, "root": root(leaves), "leafHash": leaves[place],
                   "proof": inclusion(place, leaves)}
        for first in range(1, size + 1):
            yield {"kind": "consistency", "size1": first, "size2": size, "root1": root(leaves[:first]),
                   "root2": root(leaves), "proof": consistency(first, leaves)}


def spoilt(vector):
    names = [name for name, value in vector.items() if isinstance(value, bytes)]
    for name in names:
        yield {**vector, name: bytes([vector[name][0] ^ 1]) + vector[name][1:]}
        yield {**vector, name: vector[name][:-1]} if name != names[0] else {**vector, name: b""}
    yield {**vector, "proof": vector["proof"] + [vector[names[0]]]}
    yield {**vector, "proof": [b""] + vector["proof"]}
    if vector["proof"]:
        yield {**vector, "proof": vector["proof"][:-1]}
        yield {**vector, "proof": None}
        yield {**vector, "proof": [bytes([vector["proof"][0][0] ^ 8]) + vector["proof"][0][1:]] + vector["proof"][1:]}
    if vector["kind"] == "inclusion":
        yield {**vector, "leafIdx": 2**64 - 1}
        yield {**vector, "treeSize": 0}
    else:
        yield {**vector, "size1": 0}
        yield {**vector, "size1": vector["size2"] + 1}


def verdict(program, vector):
    text = json.dumps({name: encode(value) for name, value in vector.items()} | {"desc": "made here", "wantErr": False})
    return subprocess.run([program], input=text.encode(), check=False).returncode


def cases():
    yield from edges()
    for vector in vectors():
        yield 0, vector
        yield from ((1, case) for case in spoilt(vector))


def main():
    program, wrong, count = sys.argv[1], 0, 0
    for want, case in cases():
        count += 1
        got = verdict(program, case)
        if got != want:
            wrong += 1
            print(f"exit status {got} instead of {want}: {case}")
    print(f"{count} proofs, {wrong} judged wrong")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
