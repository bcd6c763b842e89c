"""Code that was uploaded and approved can be imported by later runs of its session, and by no other's."""

from support.gateway import new_session
from test_files import CONFIG, headers, put, q  # noqa: F401 (CONFIG is read by the gateway fixture)

HELPERS = b"def double(x):\n    return 2 * x\n"
RUN = "import sys\nsys.path.append('/mnt/data')\nimport helpers\nprint(helpers.double(21))\n"


def ran(answer):
    return answer.status == 200 and "42" in answer.body.decode()


def unknown(answer):
    return answer.status == 403 and "helpers is not part of the session image" in answer.body.decode()


def test_an_approved_module_is_known_to_its_session(gateway):
    session, other = new_session(), new_session()
    assert unknown(gateway.run(RUN, session))
    assert put(gateway, session, "helpers.py", HELPERS).status == 200
    assert ran(gateway.run(RUN, session)), gateway.output()
    assert unknown(gateway.run(RUN, other))


def test_a_module_may_use_an_approved_one(gateway):
    session = new_session()
    more = b"import helpers\n\ndef four(x):\n    return helpers.double(helpers.double(x))\n"
    assert put(gateway, session, "more.py", more).status == 403
    assert put(gateway, session, "helpers.py", HELPERS).status == 200
    assert put(gateway, session, "more.py", more).status == 200
    assert ran(gateway.run(RUN.replace("helpers.double(21)", "42").replace("import helpers", "import more"), session))


def test_a_package_is_known_by_its_folder(gateway):
    session = new_session()
    run = "import helpers\nfrom helpers.inner.more import four\nprint(helpers.double(19) + four)\n"
    assert unknown(gateway.run(run, session))
    for name, content in (("helpers/inner/__init__.py", b""), ("helpers/inner/more.py", b"four = 4\n"),
                          ("helpers/double.py", HELPERS), ("helpers/__init__.py", b"from .double import double\nfrom . import inner\n")):
        assert put(gateway, session, name, content).status == 200
    assert ran(gateway.run(run, session)), gateway.output()
    assert gateway.send("DELETE", "/files/helpers%2Fdouble.py" + q(session), headers=headers(gateway, None)).status == 204
    assert ran(gateway.run("from helpers.inner import more\nprint(more.four + 38)", session))
    assert unknown(gateway.run("import helpers", new_session()))


def test_a_module_that_is_deleted_or_denied_is_unknown(gateway):
    session = new_session()
    assert put(gateway, session, "helpers.py", b"import os\nos.system('id')\n").status == 403
    assert unknown(gateway.run(RUN, session))
    assert put(gateway, session, "helpers.py", HELPERS).status == 200
    assert gateway.send("DELETE", "/files/helpers.py" + q(session), headers=headers(gateway, None)).status == 204
    assert unknown(gateway.run(RUN, session))


def test_what_a_run_writes_is_no_module(gateway):
    session = new_session()
    assert gateway.run("open('/mnt/data/helpers.py', 'w').write('def double(x): return 42')", session).status == 200
    assert unknown(gateway.run(RUN, session))


def test_the_end_of_a_session_forgets_its_modules(gateway):
    session = new_session()
    assert put(gateway, session, "helpers.py", HELPERS).status == 200
    assert gateway.send("DELETE", "/session" + q(session), headers=headers(gateway, None)).status in (200, 202, 204)
    assert unknown(gateway.run(RUN, session))
