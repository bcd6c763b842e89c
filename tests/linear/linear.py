#!/usr/bin/python3
"""Every hostile shape of bench/inspection.py takes as many steps a byte when it is twice as long: the time of the reader,
and of the judge, is linear in its input, whatever that is. Counts steps, not time, so that every machine finds the same.

    linear.py COUNT_STEPS facts|judge
"""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))
import inspection  # noqa: E402

LENGTHS = (16 * 1024, 32 * 1024, 64 * 1024)
GROWTH_MAX = 1.5     # of the steps a byte: 2 is quadratic; longer numbers in names, and fuller tables, are about 1.3
STEPS_LEAST = 20000  # of a shape that is refused at once


def write_shapes(folder, kind):
    for length in LENGTHS:
        inspection.SIZE = length
        shapes = inspection.hostile() | (inspection.hostile_calls() if kind == "judge" else {})
        for name, text in shapes.items():
            pathlib.Path(folder, f"{name}.{length}").write_bytes(text.encode("utf-8", "surrogatepass")[:length])


def count_steps(tool, kind, folder):
    """For each shape its (bytes, steps) by length: a shape is made of whole pieces, so it may be a little shorter."""
    paths = sorted(str(path) for path in pathlib.Path(folder).iterdir())
    lines = subprocess.run([tool, kind, *paths], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    found = {}
    for line in lines:
        path = pathlib.Path(line.rsplit(" ", 1)[1])
        name, length = path.name.rsplit(".", 1)
        found.setdefault(name, {})[int(length)] = (path.stat().st_size, int(line.split(" ", 1)[0]))
    return found


def growth(before, after):
    return (after[1] / after[0]) / (before[1] / before[0])


def main():
    with tempfile.TemporaryDirectory() as folder:
        write_shapes(folder, sys.argv[2])
        shapes = count_steps(sys.argv[1], sys.argv[2], folder)
    steep, worst, most = [], 0, 0
    for name, by_length in shapes.items():
        most = max(most, by_length[LENGTHS[-1]][1] / LENGTHS[-1])
        for short, long in zip(LENGTHS, LENGTHS[1:]):
            before, after = by_length[short], by_length[long]
            if after[1] <= STEPS_LEAST:
                continue
            worst = max(worst, growth(before, after))
            if growth(before, after) > GROWTH_MAX:
                steep.append(f"{name}: {before[1]} steps for {before[0]} bytes, {after[1]} for {after[0]}")
    print(f"{len(shapes)} shapes of {LENGTHS[0]} to {LENGTHS[-1]} bytes: at most {most:.0f} steps a byte, which grow by a "
          f"factor of at most {worst:.2f} when the shape is twice as long")
    print("\n".join(steep))
    is_counted = most >= 10 and len(shapes) >= 50
    return 0 if is_counted and not steep else 1


if __name__ == "__main__":
    sys.exit(main())
