#!/usr/bin/env python3
"""Compares what inspection lets pass of Jinja's templates with what Jinja's own parser makes of them.

Usage: templates.py SALLYPORT [COUNT]

Templates are made at random, with a fixed seed, of the pieces that matter. What passes must reach no private attribute, no
attribute by a computed name, and no filter or block beyond those that show values. Everyday ones must pass: how many do is
checked, so that a reader who refuses everything is seen.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    from jinja2 import Environment, TemplateSyntaxError, nodes
except ImportError:
    print("skipped: python3-jinja2 is not installed")
    sys.exit(77)

PIECES = ("{{ }} {% %} {# #} {%- -%} {{- -}} x a b row ' \" 'a' \"b\" '__cl' 'ass__' ~ + | attr map upper join default format ( ) [ ] , . .. "
          "attribute = for in if elif endif endfor else set macro endmacro include import extends filter endfilter raw endraw block call with "
          "endwith do is not and 1 2 -1 1.5 { } : __class__ _p mro system read_pickle % ** * - / < > == \\ \\x5f # ## in[a] not[a] is[a] "
          "if[a] else[a] [1,2] ['_a'] ['a']").split() + [
    " ", "\n", "\u00e9", "{{ x.y }}", "{{ x[a] }}", "{{ x|attr('y') }}", "{{ '}}' ", "{% set a = x.y %}", "{{ (x)[a] }}", "{{ x() [a] }}", "{{ x.y [ a ] }}",
    "{{ x|first[a] }}", "{{ [x][a] }}", "{{ x.a\n.b }}", "{{ x.\n_p }}", "{{ x . __class__ }}", "|\nattr('z')", "|  attr(a)"]
EVERYDAY = ["{{ x }}", "{{ x.y|upper }}", "{% for a in x %}{{ a[0] }}{% endfor %}", "{{ x['k']|join(', ') }}",
            "{% if a is defined and a in [1, 2] %}{{ 'q' if a else b }}{% endif %}", "{# c #}{{ '%.2f'|format(x) }}",
            "{% set t = x|length %}{% if t >= 2 and not b %}{{ t }}{% elif b %}-{% else %}+{% endif %}"]
FILTERS = set("""abs batch capitalize center count d default e escape first float format filesizeformat indent int items join last length list
    lower nl2br replace reverse round safe slice string tojson title trim striptags truncate upper urlencode urlize wordcount wordwrap""".split())
ATTRIBUTES = {"mro", "system", "read_pickle", "format"}
BLOCKS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.FilterBlock, nodes.CallBlock, nodes.Block)
PASSED_LEAST = 0.3
AT_ONCE = 500


def is_fixed(argument):
    """A number, or a text that is no private name; in a tuple it names no attribute at all."""
    if isinstance(argument, nodes.Neg):
        argument = argument.node
    if isinstance(argument, nodes.Tuple):
        return all(isinstance(item, (nodes.Const, nodes.Neg)) for item in argument.items)
    return isinstance(argument, nodes.Const) and not str(argument.value).startswith("_")


def reach(tree):
    """What in a template is more than showing values, as a word; None when there is nothing."""
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Getattr) and (node.attr.startswith("_") or node.attr in ATTRIBUTES):
            return "attribute " + node.attr
        if isinstance(node, nodes.Getitem) and not is_fixed(node.arg):
            return "computed subscript"
        if isinstance(node, nodes.Filter) and (node.name not in FILTERS or (node.name == "join" and (len(node.args) > 1 or node.kwargs))):
            return "filter " + str(node.name)
        if isinstance(node, nodes.Keyword) and node.key == "attribute":
            return "argument attribute"
        if isinstance(node, BLOCKS):
            return type(node).__name__
    return None


def template(rng):
    if rng.random() < 0.4:
        return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 9)))
    text = rng.choice(EVERYDAY)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(PIECES) + text[at + rng.choice([0, 0, 0, 1, 2]):]
    return text


def parsed(count):
    """Templates that Jinja takes, each with what it reaches."""
    rng, environment, found = random.Random(20260101), Environment(), [(text, None) for text in EVERYDAY]
    while len(found) < count:
        text = template(rng)
        try:
            found.append((text, reach(environment.parse(text))))
        except TemplateSyntaxError:
            pass
    return found


def verdicts(program, templates, folder):
    """What inspection says of a program around each."""
    paths = []
    for number, (text, _) in enumerate(templates):
        paths.append(folder / f"{number}.py")
        paths[-1].write_text(f"from jinja2 import Template\nTemplate({text!r}).render(x=1)\n")
    said = []
    for at in range(0, len(paths), AT_ONCE):
        done = subprocess.run([program, "check", "--format", "json", *paths[at:at + AT_ONCE]], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        said += [file["verdict"] == "allow" for file in json.loads(done.stdout)]
    assert len(said) == len(templates)
    return said


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    templates = parsed(count)
    with tempfile.TemporaryDirectory() as folder:
        said = verdicts(program, templates, pathlib.Path(folder))
    holes = [(why, text) for (text, why), passed in zip(templates, said) if passed and why is not None]
    for why, text in holes[:20]:
        print(f"passed, though it has a {why}: {text!r}")
    refused = [text for text, passed in zip(EVERYDAY, said) if not passed]
    for text in refused:
        print(f"refused, though it is everyday: {text!r}")
    print(f"{count} templates, {sum(said)} passed, {len(holes)} of them reach further")
    return 1 if holes or refused or sum(said) < PASSED_LEAST * count else 0


if __name__ == "__main__":
    sys.exit(main())
