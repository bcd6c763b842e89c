"""Reads the tree once and cuts each C file into what the rules look at: code, comments, functions."""

import os
import re

SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".pytest_cache", ".cache", "corpus", "data", "third_party"}
TEXT_SUFFIXES = {".c", ".h", ".py", ".sh", ".md", ".toml", ".cmake", ".txt", ".json", ".dict"}
TEXT_NAMES = {"dev", "run", "check-style", "tally-tests", ".clang-format", ".gitignore"}
C_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
WAIVER_C = re.compile(r"/\*\s*style:\s*([a-z-]+):\s*\S[^*]*\*/")
FILE_RULES = {"file-length", "own-header-first", "test-missing"}
WAIVER_HASH = re.compile(r"#\s*style:\s*([a-z-]+):\s*\S")


def blank(text):
    """Spaces in place of everything but line ends, so that positions stay."""
    return re.sub(r"[^\n]", " ", text)


class Function:
    """A function's body: its name, the line of its name, its first and last line, its text without comments."""

    def __init__(self, name, line, first, last, code):
        self.name, self.line, self.first, self.last, self.code = name, line, first, last, code


class Source:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), "rb") as file:
            self.raw = file.read()
        self.text = self.raw.decode("utf-8", "replace")
        self.lines = self.text.split("\n")
        self.is_c = path.endswith((".c", ".h"))
        self.folder = path.split("/")[1] if path.startswith("src/") and path.count("/") >= 2 else ""
        self.comments = []
        self.code = self.cut() if self.is_c else self.text
        self.waivers = self.find_waivers()

    def cut(self):
        """The text with comments and the insides of strings blanked; comments are kept aside."""
        def replace(match):
            token = match.group(0)
            if token.startswith(("/*", "//")):
                self.comments.append((self.line_of(match.start()), token))
                return blank(token)
            return token[0] + blank(token[1:-1]) + token[-1]
        return C_TOKEN.sub(replace, self.text)

    def line_of(self, position):
        return self.text.count("\n", 0, position) + 1

    def find_waivers(self):
        pattern = WAIVER_C if self.is_c else WAIVER_HASH
        if not self.is_c and not self.path.endswith((".py", ".sh", ".cmake", ".txt", "dev", "run")):
            return []
        found = []
        for at, line in enumerate(self.lines, 1):
            found += [(at, match.group(1)) for match in pattern.finditer(line)]
        return found

    def waiver_for(self, line, rule):
        """A rule about the whole file may be excused anywhere in it."""
        for at, name in self.waivers:
            if name == rule and rule in FILE_RULES:
                return (at, name)
            stands_alone = self.lines[at - 1].lstrip().startswith(("/*", "#"))
            if name == rule and (at == line or (at == line - 1 and stands_alone)):
                return (at, name)
        return None

    def find(self, pattern):
        """Yields the line and the match of a pattern in the code."""
        for match in re.finditer(pattern, self.code):
            yield self.line_of(match.start()), match

    def functions(self):
        """House layout: a body opens with a brace in the first column after ')' and closes with one there."""
        found = []
        for match in re.finditer(r"^\{\n(.*?)^\}$", self.code, re.DOTALL | re.MULTILINE):
            head = self.code[:match.start()].rstrip()
            name = self.name_of(head)
            if name is not None:
                first = self.line_of(match.start())
                found.append(Function(name[0], self.line_of(name[1]), first, self.line_of(match.end()), match.group(1)))
        return found

    @staticmethod
    def name_of(head):
        """The identifier before the parameter list that ends the head, and where it stands."""
        if not head.endswith(")"):
            return None
        depth = 0
        for at in range(len(head) - 1, -1, -1):
            depth += {")": 1, "(": -1}.get(head[at], 0)
            if depth == 0:
                name = re.search(r"(\w+)\s*$", head[:at])
                return (name.group(1), name.start(1)) if name else None
        return None


class Tree:
    def __init__(self, root):
        self.root = str(root)
        self.sources = [Source(self.root, path) for path in sorted(self.walk())]
        self.by_path = {source.path: source for source in self.sources}

    def walk(self):
        for folder, below, files in os.walk(self.root):
            below[:] = [name for name in below if name not in SKIPPED_FOLDERS]
            for name in files:
                path = os.path.relpath(os.path.join(folder, name), self.root)
                if os.path.splitext(name)[1] in TEXT_SUFFIXES or name in TEXT_NAMES:
                    yield path

    def c(self, *prefixes):
        """C files under the given folders."""
        return [source for source in self.sources if source.is_c and source.path.startswith(prefixes)]
