"""Files as people and attackers make them, judged by `sallyport check` as uploads."""
import bz2
import gzip
import io
import json
import os
import pickle
import subprocess
import tarfile
import zipfile
import zlib

import pytest

SALLYPORT = os.path.join(os.environ["SP_BUILD"], "sallyport")


class Evil:
    def __reduce__(self):
        return os.system, ("id",)


class Getter:
    def __reduce__(self):
        return getattr, ("x", "upper")


def judge(path, *options):
    done = subprocess.run([SALLYPORT, "check", "--format", "json", "--upload", *options, str(path)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)[0]


def rules(answer):
    return {finding["rule"] for finding in answer["findings"]}


def zip_of(*members, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def tar_of(*members, mode="w", change=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if change:
                change(info)
            archive.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return out.getvalue()


def link(info):
    info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0


def notebook(*cells):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {},
                       "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
                                  "source": cell} for cell in cells]}).encode()


def overlapping():
    """Two names for the same bytes: the second entry of the directory points at the first member."""
    raw = bytearray(zip_of(("aa", b"x" * 100), ("ab", b"x" * 100)))
    first = raw.index(b"PK\1\2")
    second = raw.index(b"PK\1\2", first + 4)
    raw[second + 42:second + 46] = (0).to_bytes(4, "little")
    return bytes(raw)


DENIED = {
    "pickles of every protocol": None,
    "evil.zip": (zip_of(("a.txt", "x"), ("lib/helper.py", "import subprocess")), "process"),
    "unknown.zip": (zip_of(("pkg/__init__.py", "import elsewhere\n")), "unknown-module"),
    "evil.whl": (zip_of(("x.pth", "import os")), "file-type"),
    "traversal.zip": (zip_of(("../../etc/x", "x")), "archive-path"),
    "absolute.zip": (zip_of(("/etc/x", "x")), "archive-path"),
    "bomb.zip": (zip_of(("zeros", b"\0" * 20_000_000), compression=zipfile.ZIP_DEFLATED), "archive-limit"),
    "bzip2.zip": (zip_of(("a", b"abc" * 100), compression=zipfile.ZIP_BZIP2), "opaque"),
    "overlap.zip": (overlapping(), "opaque"),
    "pickle.zip": (zip_of(("a/data.pkl", pickle.dumps(Evil())), compression=zipfile.ZIP_DEFLATED), "process"),
    "deep.zip": (zip_of(("a.zip", zip_of(("b.zip", zip_of(("c.zip", zip_of(("d.txt", "x")))))))), "archive-limit"),
    "evil.tar": (tar_of(("a/sitecustomize.py", b"x = 1")), "file-type"),
    "evil.tar.gz": (tar_of(("a/b.pyc", b"\xa7\r\r\n" + bytes(12)), mode="w:gz"), "file-type"),
    "traversal.tar": (tar_of(("../x", b"x")), "archive-path"),
    "link.tar": (tar_of(("x", b""), change=link), "archive-link"),
    "bomb.csv.gz": (gzip.compress(b"\0" * 20_000_000), "archive-limit"),
    "evil.pkl.gz": (gzip.compress(pickle.dumps(Evil())), "process"),
    "evil.joblib": (zlib.compress(pickle.dumps(Evil())), "process"),
    "data.csv.bz2": (bz2.compress(b"a,b\n"), "opaque"),
    "shell.ipynb": (notebook("x = 1", "!id"), "shell-escape"),
    "across.ipynb": (notebook("import os as o", "o.system('id')"), "process"),
    "magic.ipynb": (notebook("%%bash\nid"), "shell-escape"),
    "picture.png": (open("/bin/true", "rb").read(), "file-type"),
    "both.png": (b"\x89PNG\r\n\x1a\n" + zip_of(("a.txt", "x")), "polyglot"),
    "attribute.pkl": (pickle.dumps(Getter()), "deserialize"),
}
DENIED.pop("pickles of every protocol")

ALLOWED = {
    "data.csv": b"a,b\n1,2\n",
    "data.csv.gz": gzip.compress(b"a,b\n1,2\n" * 1000),
    "data.json": b'{"a": [1, 2]}',
    "data.zip": zip_of(("a.csv", "a,b\n1,2\n" * 100), ("d/b.json", "[1]"), compression=zipfile.ZIP_DEFLATED),
    "data.tar": tar_of(("d/a.csv", b"a,b\n"), ("d/b.txt", b"x")),
    "data.tgz": tar_of(("d/a.csv", b"a,b\n"), mode="w:gz"),
    "package.zip": zip_of(("pkg/__init__.py", "from .core import mean\n"), ("pkg/core.py", "from pkg import util\nimport numpy\n"),
                          ("pkg/util.py", "x = 1\n")),
    "package.tar": tar_of(("pkg/__init__.py", b"from .core import mean\n"), ("main.py", b"import pkg\n")),
    "helpers.py": b"import pandas as pd\n\ndef load(p):\n    return pd.read_csv(p)\n",
    "work.ipynb": notebook("import numpy as np\n%matplotlib inline", "x = np.arange(3)\nx"),
    "numbers.pkl": pickle.dumps({"a": [1, 2.5, None, (True, "x")], "b": {1, 2}}),
    "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "empty.txt": b"",
}


@pytest.mark.parametrize("name", sorted(DENIED))
def test_denied(tmp_path, name):
    content, rule = DENIED[name]
    (tmp_path / name).write_bytes(content)
    answer = judge(tmp_path / name)
    assert answer["verdict"] == "deny"
    assert rule in rules(answer), answer
    assert judge(tmp_path / name, "--policy", "record-only")["verdict"] == "allow"


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_allowed(tmp_path, name):
    (tmp_path / name).write_bytes(ALLOWED[name])
    answer = judge(tmp_path / name)
    assert answer["verdict"] == "allow", answer


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol(tmp_path, protocol):
    (tmp_path / "evil").write_bytes(pickle.dumps([1, {"a": Evil()}], protocol))
    answer = judge(tmp_path / "evil")
    assert answer["verdict"] == "deny" and "process" in rules(answer), answer
    (tmp_path / "good").write_bytes(pickle.dumps([1, {"a": {1, 2}}, b"x", "y" * 1000], protocol))
    assert judge(tmp_path / "good")["verdict"] == "allow"


def test_arrays_and_tables(tmp_path):
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    numpy.save(tmp_path / "a.npy", numpy.arange(3.0))
    numpy.savez(tmp_path / "b.npz", a=numpy.arange(3), b=numpy.eye(2))
    numpy.save(tmp_path / "c.npy", numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
    pandas.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": pandas.to_datetime(["2020", "2021"])}).to_pickle(tmp_path / "d.pkl")
    for name in ("a.npy", "b.npz", "c.npy", "d.pkl"):
        assert judge(tmp_path / name)["verdict"] == "allow", judge(tmp_path / name)
    numpy.save(tmp_path / "evil.npy", numpy.array([Evil()], dtype=object), allow_pickle=True)
    numpy.savez(tmp_path / "evil.npz", a=numpy.array([Evil()], dtype=object))
    for name in ("evil.npy", "evil.npz"):
        answer = judge(tmp_path / name)
        assert answer["verdict"] == "deny" and "process" in rules(answer), answer


def test_encrypted_members_cannot_be_looked_into(tmp_path):
    raw = bytearray(zip_of(("a.txt", "x")))
    raw[6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(raw)
    assert "opaque" in rules(judge(tmp_path / "a.zip"))


def test_long_archives_end_in_time(tmp_path):
    (tmp_path / "many.zip").write_bytes(zip_of(*((f"d/{i}.txt", "x") for i in range(10001))))
    assert "archive-limit" in rules(judge(tmp_path / "many.zip"))
