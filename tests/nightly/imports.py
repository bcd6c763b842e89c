"""Imports every installed module, each package in a process of its own; prints as JSON what failed, and what was killed.

Run as it is, outside of a session and inside of one.
"""

import json
import os
import subprocess
import sys

# They open a browser or draw at once, print, or are tests of others.
SKIPPED = {"antigravity", "this", "idlelib", "turtledemo", "test", "__phello__", "xxsubtype"}
NOT_ON_TOP = {"dist-packages", "site-packages", "lib-dynload", "__pycache__"}
MARK = "\x01"

CHILD = """
import os, sys
out = os.fdopen(os.dup(1), "w")
for name in sys.argv[1:]:
    print("\\x01>" + name, file=out, flush=True)
    try:
        __import__(name)
    except BaseException as error:
        text = "%s: %s" % (type(error).__name__, error)
        print("\\x01!" + " ".join(text.split())[:200], file=out, flush=True)
"""


def modules_in(place):
    for folder, folders, files in os.walk(place):
        path = os.path.relpath(folder, place)
        parts = [] if path == "." else path.split(os.sep)
        folders[:] = [name for name in folders if name.isidentifier() and name != "__pycache__"
                      and (parts or name not in NOT_ON_TOP and name not in SKIPPED)]
        if parts and not any(name.startswith("__init__.") for name in files):
            folders.clear()
            continue
        for name in files:
            stem = name.split(".")[0]
            if name.endswith((".py", ".so")) and stem.isidentifier() and stem != "__main__":
                yield ".".join(parts + ([] if stem == "__init__" else [stem]))


def groups():
    found = {}
    for place in sys.path:
        for name in modules_in(place) if os.path.isdir(place) else ():
            top = name.split(".")[0]
            if name and top not in SKIPPED:
                found.setdefault(top, set()).add(name)
    return [sorted(names) for _, names in sorted(found.items())]


def import_all(names, failed, killed):
    while names:
        done = subprocess.run([sys.executable, "-P", "-c", CHILD, *names], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
        seen = []
        for line in done.stdout.decode(errors="replace").split("\n"):
            if line.startswith(MARK + ">"):
                seen.append(line[2:])
            elif line.startswith(MARK + "!"):
                failed[seen[-1]] = line[2:]
        if done.returncode != 0:
            killed[seen[-1] if seen else names[0]] = done.returncode
        names = names[max(len(seen), 1):]


def main():
    failed, killed, count = {}, {}, 0
    for names in groups():
        import_all(names, failed, killed)
        count += len(names)
    print(json.dumps({"count": count, "failed": failed, "killed": killed}))


main()
