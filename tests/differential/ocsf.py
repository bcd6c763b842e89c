"""Checks that every kind of entry of the log becomes a valid OCSF event, and that the check itself refuses spoilt ones."""

import copy
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from support.ocsf import problems_of  # noqa: E402


def holders(value):
    """Every object in an event but what stands under unmapped, which is free."""
    if isinstance(value, dict):
        yield value
        for key, item in value.items():
            if key != "unmapped":
                yield from holders(item)


def spoilt(event):
    """Copies of an event with one fault each."""
    for number, holder in enumerate(holders(event)):
        for key in [*holder, "surplus"]:
            for fault in (None, "text", 5, -1, [], {}, True):
                broken = copy.deepcopy(event)
                target = list(holders(broken))[number]
                if target.get(key) != fault:
                    target[key] = fault
                    yield key, fault, broken


def free(key, fault, event):
    """What may be anything of its type, so that one more text or number is no fault."""
    if key == "activity_name" and event["activity_id"] == 99:
        return fault == "text"  # the source's own word
    texts = ("uid", "name", "operation", "log_name", "version", "vendor_name", "app_name", "status_code", "status_detail", "error")
    numbers = ("code", "sequence")
    return key in texts and fault == "text" or key in numbers and type(fault) is int or key in ("unmapped", "session", "response") and fault == {}


def main(program):
    lines = subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout.splitlines()
    events = [json.loads(line) for line in lines]
    kinds = {event["unmapped"]["kind"] for event in events}
    wrong = [(event["unmapped"]["kind"], problems_of(event)) for event in events if problems_of(event)]
    for kind, problems in wrong:
        print(kind, *problems, sep="\n  ")
    passed = []
    count = 0
    for event in events[::5]:
        for key, fault, broken in spoilt(event):
            count += 1
            if not problems_of(broken) and not free(key, fault, broken):
                passed.append((key, fault))
    for key, fault in passed[:20]:
        print(f"a fault was not found: {key} = {fault!r}")
    print(f"{len(events)} events of {len(kinds)} kinds, {len(wrong)} wrong; {count} faults, {len(passed)} not found")
    return 1 if wrong or passed or len(kinds) < 20 else 0


sys.exit(main(sys.argv[1]))
