"""Rules about how the files of the tree relate: layers, libraries, tests. The tables are the house plan."""

import os
import re
import shutil
import subprocess

COMPLEXITY_MAX = 15

# Lowest first. A folder includes itself and lower layers, never a neighbour of its own layer.
LAYERS = (
    ("base",),
    ("codec", "crypto", "format", "os"),
    ("sandbox", "wire", "python", "api"),
    ("policy", "identity", "quota", "audit", "token", "relay", "dial", "config"),
    ("door", "front", "admit", "inspect", "ship", "pool", "session"),
    ("process",),
    ("command",),
)

# A third-party header, and the only places that may include it.
LIBRARIES = (
    (r"microhttpd\.h", "libmicrohttpd", ("src/front/", "tests/unit/front/", "bench/")),
    (r"curl/.*", "libcurl", ("src/relay/", "tests/unit/relay/", "bench/")),
    (r"openssl/.*", "OpenSSL", ("src/crypto/", "tests/unit/crypto/", "bench/")),
    (r"seccomp\.h", "libseccomp", ("src/sandbox/seccomp.c",)),
    (r"(cjson/)?cJSON\.h", "cJSON", ("src/codec/json.c",)),
    (r"event2/.*|event\.h", "libevent", ("src/wire/", "tests/unit/wire/")),
    (r"zlib\.h", "zlib", ("src/format/inflate.c",)),
    (r"utf8proc\.h", "libutf8proc", ("src/python/",)),
    (r"sqlite3\.h", "SQLite", ("src/quota/", "src/identity/", "tests/unit/quota/", "tests/unit/identity/")),
    (r"Python\.h", "CPython", ("src/session/",)),
    (r"cmocka\.h", "cmocka", ("tests/",)),
)

# Sources whose test is not a unit test of their own name, and what tests them instead.
TESTED_ELSEWHERE = {
    "src/audit/journals.c": "tests/unit/audit/test_log.c fills, removes and swaps journals",
    "src/main.c": "tests/integration/test_command.py runs it",
    "src/front/call.c": "tests/unit/front/test_face.c drives both halves of the HTTP face",
    "src/sandbox/landlock.c": "tests/unit/sandbox/test_confine.c confines a process by every profile",
    "src/sandbox/privilege.c": "tests/unit/sandbox/test_confine.c confines a process by every profile",
    "src/sandbox/profile_": "tests/unit/sandbox/test_confine.c confines a process by every profile",
    "src/sandbox/seccomp.c": "tests/unit/sandbox/test_confine.c confines a process by every profile",
    "src/session/birth.c": "tests/integration/pool runs the template and its sessions",
    "src/session/cell.c": "tests/integration/pool runs the template and its sessions",
    "src/session/house": "tests/integration/pool runs the house, its rooms and its templates",
    "src/session/room.c": "tests/integration/pool runs the house, its rooms and its templates",
    "src/session/main.c": "tests/integration/pool runs the template and its sessions",
    "src/session/probe.c": "tests/integration/pool runs the template and its sessions",
    "src/session/python.c": "tests/integration/pool runs the template and its sessions",
    "src/session/root.c": "tests/integration/pool runs the template and its sessions",
    "src/session/root_copy.c": "tests/integration/pool runs the template and its sessions",
    "src/session/template.c": "tests/integration/pool runs the template and its sessions",
    "src/session/witness.c": "tests/integration/pool/test_witness.py counts what cells do",
    "src/session/guard.c": "tests/integration/pool/test_next_run.py replaces all that it keeps",
    "src/session/asker.c": "tests/integration/pool/test_witness.py tells what the house does from what cells do",
    "src/session/egress.c": "tests/integration/pool/test_egress.py gives sessions a network",
    "src/session/outside.c": "tests/integration/pool/test_egress.py and test_groups.py have it do all that it does",
    "src/sandbox/network_session.c": "tests/integration/pool/test_egress.py tries each network that is closed",
    "src/session/fence.c": "tests/integration/pool/test_fence.py loads code in every way",
    "src/pool/face": "tests/integration/pool drives the pool over its socket",
    "src/pool/server.c": "tests/integration/pool drives the pool over its socket",
    "src/process/": "thin loops; tests/integration runs every role",
    "src/command/": "tests/integration/test_command.py runs every subcommand",
}
RULES = {}


def rule(name):
    def register(function):
        RULES[name] = function
        return function
    return register


def level_of(folder):
    for level, folders in enumerate(LAYERS):
        if folder in folders:
            return level
    return None


def includes(source):
    """Line, form of quotes and name of every include."""
    for at, line in enumerate(source.lines, 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if match:
            yield at, match.group(1), match.group(2)


@rule("layer")
def layer(tree):
    """A folder includes itself and lower layers only."""
    for source in tree.c("src/"):
        if not source.folder:
            continue
        own = level_of(source.folder)
        if own is None:
            yield source.path, 1, f"the folder '{source.folder}' is in no layer"
            continue
        for at, form, name in includes(source):
            folder = name.split("/")[0]
            if "/" not in name and name.endswith("_py.h"):
                continue  # made from a Python file of the same folder
            if form == '"' and folder != source.folder:
                other = level_of(folder)
                if other is None or other >= own:
                    yield source.path, at, f"'{source.folder}' may not include '{folder}'"


@rule("library-header")
def library_header(tree):
    """A third-party library is included in its wrapper only."""
    for source in tree.c(""):
        for at, _, name in includes(source):
            for pattern, library, places in LIBRARIES:
                if re.fullmatch(pattern, name) and not source.path.startswith(places):
                    yield source.path, at, f"{library} belongs to {places[0]}"


@rule("own-header-first")
def own_header_first(tree):
    """A source includes its own header first, which proves that the header stands alone."""
    for source in tree.c("src/"):
        header = source.path[len("src/"):-2] + ".h"
        if source.path.endswith(".c") and "src/" + header in tree.by_path:
            names = [name for _, _, name in includes(source) if name != "Python.h"]  # CPython wants to be first
            first = names[0] if names else None
            if first != header:
                yield source.path, 1, f"the first include is not \"{header}\""


@rule("test-missing")
def test_missing(tree):
    """Every source has a unit test: src/<f>/<m>.c is tested by tests/unit/<f>/test_<m>.c."""
    for source in tree.c("src/"):
        if not source.path.endswith(".c") or source.path.startswith(tuple(TESTED_ELSEWHERE)):
            continue
        if not any(name in tree.by_path for name in tests_of(source.path)):
            yield source.path, 1, f"there is no {tests_of(source.path)[0]}"


def tests_of(path):
    """The test of a_b_c.c is test_a_b_c.c, or one that also covers its siblings: test_a_b.c, test_a.c."""
    folder, stem = path[len("src/"):-2].rsplit("/", 1)
    words = stem.split("_")
    return [f"tests/unit/{folder}/test_{'_'.join(words[:count])}.c" for count in range(len(words), 0, -1)]


@rule("test-elsewhere-stale")
def test_elsewhere_stale(tree):
    """The list of sources that are tested elsewhere names only what exists."""
    for path in TESTED_ELSEWHERE:
        exists = any(source.path.startswith(path) for source in tree.c("src/"))
        if not exists and os.path.isdir(os.path.join(tree.root, "tools/stylecheck")):
            yield "tools/stylecheck/rules_tree.py", 1, f"{path} does not exist"


@rule("complexity")
def complexity(tree):
    """A function branches at most 15 times (pmccabe's modified count; not checked where pmccabe is missing)."""
    if shutil.which("pmccabe") is None:
        return
    paths = [source.path for source in tree.c("src/") if source.path.endswith(".c")]
    if not paths:
        return
    ran = subprocess.run(["pmccabe", *paths], cwd=tree.root, capture_output=True, text=True, check=False)
    for row in ran.stdout.splitlines():
        match = re.match(r"(\d+)\t\d+\t\d+\t(\d+)\t\d+\t([^(]+)\(\d+\): (\w+)", row)
        if match and int(match.group(1)) > COMPLEXITY_MAX:
            yield match.group(3), int(match.group(2)), f"{match.group(4)} has {match.group(1)} branches"
