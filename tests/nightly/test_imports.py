"""Every module that is installed, of the standard library and of Debian's packages, is imported in a session as outside of one."""

import json
import pathlib
import subprocess

SCRIPT = (pathlib.Path(__file__).parent / "imports.py").read_text()


def test_every_installed_module_is_imported_as_outside(sessions):
    outside = json.loads(subprocess.run(["/usr/bin/python3", "-P", "-c", SCRIPT], stdout=subprocess.PIPE, check=True, cwd="/tmp",
                                        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent",
                                             "MPLCONFIGDIR": "/tmp", "OPENBLAS_NUM_THREADS": "1"}).stdout)
    status, said = sessions.program("imports", ["-P", "-c", SCRIPT], 1 << 20)
    assert status == 0, said
    inside = json.loads(said)
    assert inside["count"] == outside["count"] > 3000
    assert inside["killed"] == {}
    assert {name: why for name, why in inside["failed"].items() if name not in outside["failed"]} == {}
