#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "python/facts.h"

#define SOURCE_BYTES_MAX ((size_t)4096)

struct row {
    const char *source;
    const char *want;
};

static struct sp_facts *facts;

static int make(void **state)
{
    (void)state;
    return sp_facts_new(SOURCE_BYTES_MAX, &facts) == SP_OK ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    sp_facts_free(facts);
    return 0;
}

static void text(struct sp_buf *out, const char *word)
{
    assert_int_equal(sp_buf_put_text(out, word), SP_OK);
}

/* "os@1 " and "a.b:c@2 " for each import. */
static void draw_imports(struct sp_buf *out)
{
    size_t count = 0;
    const struct sp_import *imports = sp_facts_imports(facts, &count);
    for (size_t i = 0; i < count; i++) {
        uint8_t module[SP_FACTS_PATH_BYTES_MAX];
        size_t len = 0;
        assert_int_equal(sp_facts_module(facts, &imports[i], module, &len), SP_OK);
        assert_int_equal(sp_buf_put(out, sp_slice_make(module, len)), SP_OK);
        if (imports[i].is_star) {
            text(out, ":*");
        } else if (imports[i].name != SP_FACTS_NONE) {
            text(out, ":");
            assert_int_equal(sp_buf_put(out, sp_facts_symbol(facts, imports[i].name)), SP_OK);
        }
        assert_int_equal(
            sp_buf_putf(out, "@%u ", sp_facts_place(facts, &imports[i].statement).line), SP_OK);
    }
}

/* Every path of each reference that an import is behind; `!` when its value goes where it is not followed. */
static void draw_refs(struct sp_buf *out)
{
    static struct sp_paths paths;
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(facts, &count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sp_facts_resolve(facts, &refs[i], &paths), SP_OK);
        for (unsigned p = 0; paths.is_import && p < paths.count; p++) {
            assert_int_equal(sp_buf_put(out, sp_slice_make(paths.text[p], paths.len[p])), SP_OK);
            text(out, (refs[i].flags & SP_REF_CALLED) != 0 ? "()" : "");
            text(out, (refs[i].flags & SP_REF_ESCAPES) != 0 ? "! " : " ");
        }
    }
}

static void expect(const struct row *row, void (*draw)(struct sp_buf *out))
{
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, (size_t)64 * 1024);
    enum sp_err err = sp_facts_scan(facts, sp_slice_of(row->source), SP_PYTHON_311, SP_PYTHON_CELL);
    if (err != SP_OK) {
        print_error("%s: %s\n", row->source, sp_python_fault_text(sp_facts_lexer(facts)->fault));
    }
    assert_int_equal(err, SP_OK);
    draw(&out);
    assert_int_equal(sp_buf_put_byte(&out, 0), SP_OK);
    assert_string_equal((const char *)out.ptr, row->want);
}

static void test_facts_find_imports(void **state)
{
    static const struct row rows[] = {
        {"import os", "os@1 "},
        {"import a.b as c, d", "a.b@1 d@1 "},
        {"from x import y as z, w", "x:y@1 x:w@1 "},
        {"from x import (\n y,\n z,\n)", "x:y@1 x:z@1 "},
        {"from . import a\nfrom ...b import c", ".:a@1 ...b:c@2 "},
        {"from x import *", "x:*@1 "},
        {"a = 1; import b; import c", "b@1 c@1 "},
        {"if x: import a\nelse:\n  import b", "a@1 b@3 "},
        {"def f():\n  try:\n    import a\n  except E: pass", "a@3 "},
        {"import \\\n  os", "os@1 "},
        {"\xef\xbd\x89\xef\xbd\x8d = 1\nimport \xef\xbd\x8f\xef\xbd\x93", "os@2 "},
        {"def g():\n  yield from x\n  raise E from e", ""},
        {">>> import os", "os@1 "},
        {"%%time\nimport os", "os@2 "},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i], draw_imports);
    }
}

static void test_facts_follow_aliases(void **state)
{
    static const struct row rows[] = {
        /* A name that is a reserved word only in NFKC is no reserved word, and the reserved word is not that name. */
        {"import os as \xef\xbd\x89"
         "f\nif x: pass\n\xef\xbd\x89"
         "f.path\n# with room behind it for short ways",
         "os.path "},
        {"import os\nos.system('x')", "os.system() "},
        {"import os as o\no.a.b", "os.a.b "},
        {"from os import system as s\ns('x')", "os.system() "},
        {"import a.b\na.b.c()", "a.b.c() "},
        {"import a.b as c\nc.d", "a.b.d "},
        {"import os\nx = os\nx.f()", "os os os.f() "},
        {"import os\nx = y = os\ny.f", "os os os os.f "},
        {"import os, sys\na, b = os, sys\nb.f()", "sys os sys os os sys sys.f() os.f() "},
        {"import os\nif (x := os): x.f()", "os os os.f() "},
        {"import os\nx: T = os\nx.f()", "os os os.f() "},
        {"def f(o=os): o.g()\nimport os", "os os os.g() "},
        {"import os\nf = lambda o=os: o.g()", "os os os os.g() "},
        {"import os\nx = os if 1 else os.path\nx.f()", "os.path os os os.path os.path.f() os.f() "},
        {"__import__('o' 's').f()", "os.f() "},
        {"__import__('o' + 's').f()", "os.f() "},
        {"from importlib import import_module as i\nm = i('os')\nm.f()",
         "os importlib.import_module() os os.f() "},
        {"import os\ngetattr(os, 'path').join", "os os.path.join "},
        {"f\"{os.a}\"\nimport os", "os.a! "},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i], draw_refs);
    }
}

static void test_facts_see_values_that_leave(void **state)
{
    static const struct row rows[] = {
        {"import os\nf(os)", "os! "},
        {"import os\nf(x, os)", "os! "},
        {"import os\nd = [os]", "os! "},
        {"import os\nd = {'k': os}", "os! "},
        {"import os\nd['k'] = os", "os! "},
        {"import os\nx = os, 1", "os os! "},
        {"import os\nx = (os, 1)", "os! "},
        {"import os\ndef f():\n  return os", "os! "},
        {"import os\nx = lambda: os", "os os! "},
        {"import os\n(os).f", "os! "},
        {"import os\nfor x in (os,): pass", "os! "},
        {"import os\ngetattr(os, 'path')", "os os.path "},
        {"import os\nos", "os "},
        {"import os\nx = (os)", "os os "},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i], draw_refs);
    }
}

static void test_facts_decode_constants(void **state)
{
    static const struct row rows[] = {
        {"f('a' \"b\" + r'\\c')", "ab\\c"},
        {"f('\\x61\\142\\u0063\\N{LATIN SMALL LETTER D}\\n')", "abcd\n"},
        {"x = ('x'\n  'y\\x7a')", "xyz"},
        {"f('''a\\\nb''')", "ab"},
        {"f('\\N{LOW LINE}\\q')", "_\\q"},
        {"f(b'\\xe9')", "\xc3\xa9"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        uint8_t out[SP_FACTS_CONST_BYTES_MAX];
        size_t len = 0;
        size_t count = 0;
        struct sp_slice source = sp_slice_of(rows[i].source);
        assert_int_equal(sp_facts_scan(facts, source, SP_PYTHON_311, SP_PYTHON_TEXT), SP_OK);
        const struct sp_const *consts = sp_facts_consts(facts, &count);
        assert_int_equal(count, 1);
        assert_int_equal(sp_facts_decode(facts, &consts[0], out, &len), SP_OK);
        assert_true(sp_slice_is(sp_slice_make(out, len), rows[i].want));
    }
}

/* The first argument of the first call; NULL when it is computed. */
static const struct sp_const *argument_of(const char *source)
{
    size_t count = 0;
    assert_int_equal(sp_facts_scan(facts, sp_slice_of(source), SP_PYTHON_314, SP_PYTHON_TEXT),
                     SP_OK);
    const struct sp_call *calls = sp_facts_calls(facts, &count);
    assert_true(count > 0);
    return sp_facts_const(facts, calls[0].arg0);
}

static void test_facts_work_out_constants(void **state)
{
    static const struct row rows[] = {
        {"f('tekcos'[::-1])", "socket"},
        {"f('xosx'[1:-1])", "os"},
        {"f('abc'[-1])", "c"},
        {"f('' 'ab'[0:9])", "ab"},
        {"f('a_' * 2 + 'b')", "a_a_b"},
        {"f((2 * '_'))", "__"},
        {"f('x' * -1)", ""},
        {"f(''.join(['o', 's']))", "os"},
        {"f('.'.join(('a', 'b', 'c'),))", "a.b.c"},
        {"f('{}{}'.format('o', 's'))", "os"},
        {"f('{1}{{{0}}}'.format('a', 'b'))", "b{a}"},
        {"f('%s%%' % 'a')", "a%"},
        {"f('%s.%s' % ('a', 'b'))", "a.b"},
        {"f('o-s'.replace('-', ''))", "os"},
        {"f(' OS\\t'.strip().lower())", "os"},
        {"f('os'.upper())", "OS"},
        {"f(b'os'.decode())", "os"},
        {"f('os'.encode('ascii').decode('utf-8'))", "os"},
        {"f(bytes([0x6f, 115]).decode())", "os"},
        {"f(chr(100 + 11) + chr(0x73))", "os"},
        {"f(f'{\"o\"}s')", "os"},
        {"f('o' f's{\"\"}')", "os"},
        {"f((\n  'a' # b\n  + 'b'[0]\n))", "ab"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        uint8_t out[SP_FACTS_CONST_BYTES_MAX];
        size_t len = 0;
        const struct sp_const *constant = argument_of(rows[i].source);
        if (constant == NULL) {
            print_error("computed: %s\n", rows[i].source);
        }
        assert_non_null(constant);
        assert_int_equal(sp_facts_decode(facts, constant, out, &len), SP_OK);
        assert_true(sp_slice_is(sp_slice_make(out, len), rows[i].want));
    }
}

/* A wrong text would hide the real one: what is not exactly known is nothing. */
static void test_facts_leave_what_is_computed(void **state)
{
    static const char *const rows[] = {
        "f('a' + x)",
        "f('abc'[3])",
        "f('abc'[::0])",
        "f('abc'[x])",
        "f(b'abc'[0])",
        "f(b'abc')[0] + f(b'a' * 2)",
        "f('\xc3\xa9o'[1])",
        "f('\\ud800o'[1])",
        "f('\\N{LATIN CAPITAL LETTER A}'[0])",
        "f(''.join(['o', x]))",
        "f(''.join(('ab')))",
        "f(''.join(c for c in 'os'))",
        "f('{}'.format(1))",
        "f('{:>2}'.format('a'))",
        "f('{0.a}'.format('a'))",
        "f('{}{}'.format('a'))",
        "f('%r' % 'a')",
        "f('%s' % ('a', 'b'))",
        "f('%s' % b'a')",
        "f('os'.replace('', '-'))",
        "f('os'.replace('o', 'a', 0))",
        "f('os'.title())",
        "f('os'.strip('o'))",
        "f(b'os'.decode('rot13'))",
        "f(bytes([200]).decode())",
        "f(chr(960))",
        "f(chr(x))",
        "f(f'{\"o\"!r}s')",
        "f(f'{\"o\":3}s')",
        "f(t'{\"o\"}s')",
        "f('a'[0] for x in y)",
        "f('a' * 5000)",
        "f('a'[0] if x else 'b')",
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        const struct sp_const *constant = argument_of(rows[i]);
        if (constant != NULL && constant->is_folded) {
            print_error("worked out: %s\n", rows[i]);
        }
        assert_true(constant == NULL || !constant->is_folded);
    }
    assert_true(argument_of("f(chr(95))")->is_guess);
    assert_false(argument_of("f('_'[0])")->is_guess);
}

static void test_facts_bound_what_they_work_out(void **state)
{
    static char source[SOURCE_BYTES_MAX];
    static const char call[] = "f(('a'*4000)[::-1])\n";
    size_t used = 0;
    size_t count = 0;
    size_t folded = 0;
    (void)state;
    while (used + sizeof(call) < sizeof(source)) {
        for (size_t i = 0; i + 1 < sizeof(call); i++) {
            source[used + i] = call[i];
        }
        used += sizeof(call) - 1;
    }
    assert_int_equal(sp_facts_scan(facts, sp_slice_make((const uint8_t *)source, used),
                                   SP_PYTHON_311, SP_PYTHON_TEXT),
                     SP_OK);
    const struct sp_call *calls = sp_facts_calls(facts, &count);
    for (size_t i = 0; i < count; i++) {
        folded += calls[i].arg0 != SP_FACTS_NONE ? 1 : 0;
    }
    assert_true(folded >= 1 && folded < 10 && count > folded);
}

static void test_facts_refuse_what_cannot_be(void **state)
{
    static const struct {
        const char *source;
        enum sp_python_fault fault;
    } rows[] = {
        {"import", SP_PYTHON_SYNTAX},
        {"from a import (b", SP_PYTHON_BRACKET_OPEN},
        {"if x:\ny", SP_PYTHON_INDENT_MISSING},
        {"x\n  y", SP_PYTHON_INDENT_UNEXPECTED},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_slice source = sp_slice_of(rows[i].source);
        assert_int_equal(sp_facts_scan(facts, source, SP_PYTHON_311, SP_PYTHON_TEXT),
                         sp_python_fault_err(rows[i].fault));
        assert_int_equal(sp_facts_lexer(facts)->fault, rows[i].fault);
    }
}

static void test_facts_of_a_fragment_need_no_whole_statement(void **state)
{
    static const char *const broken[] = {"import",        "import a.",        "import a b",
                                         "from a import", "from a import b,", "from import b",
                                         "import class"};
    struct sp_slice query = sp_slice_of("a b > os.system('id')");
    size_t count = 0;
    (void)state;
    assert_int_equal(sp_facts_scan(facts, query, SP_PYTHON_311, SP_PYTHON_TEXT), SP_ERR_INVALID);
    assert_int_equal(sp_facts_scan(facts, query, SP_PYTHON_311, SP_PYTHON_FRAGMENT), SP_OK);
    (void)sp_facts_calls(facts, &count);
    assert_int_equal(count, 1);
    for (size_t i = 0; i < SP_COUNT(broken); i++) {
        assert_int_equal(
            sp_facts_scan(facts, sp_slice_of(broken[i]), SP_PYTHON_311, SP_PYTHON_FRAGMENT),
            SP_ERR_INVALID);
        assert_int_equal(sp_facts_lexer(facts)->fault, SP_PYTHON_IMPORT);
    }
}

static void test_facts_refuse_a_source_over_their_memory(void **state)
{
    static uint8_t big[SOURCE_BYTES_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = i % 2 == 0 ? 'x' : '\n';
    }
    assert_int_equal(
        sp_facts_scan(facts, sp_slice_make(big, sizeof(big)), SP_PYTHON_311, SP_PYTHON_TEXT),
        SP_ERR_TOO_BIG);
    assert_int_equal(
        sp_facts_scan(facts, sp_slice_make(big, sizeof(big) - 1), SP_PYTHON_311, SP_PYTHON_TEXT),
        SP_OK);
}

static void test_facts_give_up_on_too_many_meanings(void **state)
{
    static struct sp_paths paths;
    SP_AUTO_BUF struct sp_buf source;
    size_t count = 0;
    (void)state;
    sp_buf_init(&source, SOURCE_BYTES_MAX);
    for (unsigned i = 0; i <= SP_FACTS_PATHS_MAX; i++) {
        assert_int_equal(sp_buf_putf(&source, "import m%u as x\n", i), SP_OK);
    }
    text(&source, "x.f\n");
    assert_int_equal(sp_facts_scan(facts, sp_buf_slice(&source), SP_PYTHON_311, SP_PYTHON_TEXT),
                     SP_OK);
    const struct sp_ref *refs = sp_facts_refs(facts, &count);
    assert_int_equal(count, 1);
    assert_int_equal(sp_facts_resolve(facts, &refs[0], &paths), SP_ERR_FULL);
}

static void test_facts_know_places_in_characters(void **state)
{
    size_t count = 0;
    (void)state;
    assert_int_equal(sp_facts_scan(facts, SP_SLICE_LITERAL("x = 1\r\ny = '\xc3\xa4'; z.w"),
                                   SP_PYTHON_311, SP_PYTHON_TEXT),
                     SP_OK);
    const struct sp_ref *refs = sp_facts_refs(facts, &count);
    struct sp_place place = sp_facts_place(facts, &refs[count - 1].place);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 10);
    assert_int_equal(place.end_line, 2);
    assert_int_equal(place.end_column, 13);
    assert_int_equal(sp_facts_lines(facts), 2);
}

static void test_facts_count_lines_of_every_kind(void **state)
{
    /* The place of the last reference: line, column, end line, end column. */
    static const struct {
        const char *source;
        unsigned place[4];
    } rows[] = {
        {"a", {1, 1, 1, 2}},
        {"\n\na", {3, 1, 3, 2}},
        {"x = 1\ra", {2, 1, 2, 2}},
        {"x = 1\r\na", {2, 1, 2, 2}},
        {"x = 1\r\r\n\na", {4, 1, 4, 2}},
        {"'''\n\r\n\r''';a.b", {4, 5, 4, 8}},
        {"(a\n.b\r\n.c)", {1, 2, 3, 3}},
        {"(a\r.b)", {1, 2, 2, 3}},
        {"x = \\\r\n  \xc3\xa4", {2, 3, 2, 4}},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        size_t count = 0;
        assert_int_equal(
            sp_facts_scan(facts, sp_slice_of(rows[i].source), SP_PYTHON_311, SP_PYTHON_TEXT),
            SP_OK);
        const struct sp_ref *refs = sp_facts_refs(facts, &count);
        struct sp_place place = sp_facts_place(facts, &refs[count - 1].place);
        assert_int_equal(place.line, rows[i].place[0]);
        assert_int_equal(place.column, rows[i].place[1]);
        assert_int_equal(place.end_line, rows[i].place[2]);
        assert_int_equal(place.end_column, rows[i].place[3]);
    }
}

/* Whatever stands in parentheses that are used is handed on, however deep and beside what. */
static void test_facts_hand_on_what_used_brackets_hold(void **state)
{
    static const struct row rows[] = {
        {"import a\n(a)", "a "},
        {"import a\n(a).b", "a! "},
        {"import a\n((a).b, [a], f((a, a)), a()).c", "a! a! a! a! a() "},
        {"import a\n(((a, a).b), a)", "a! a! a! "},
        {"import a\n((x, (a).b).c, (a or a).b)[0]", "a! a! a! "},
        {"import a\nx = (a); y = (a).b", "a a a a! "},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i], draw_refs);
    }
}

/* What fits the budget of a source is kept; what does not is refused, never left out. */
static void test_facts_keep_to_their_budget(void **state)
{
    static const struct {
        const char *piece;
        enum sp_err want;
    } rows[] = {{"a;", SP_OK},   {"print(x)\n", SP_OK},       {"f(x);", SP_ERR_FULL},
                {"!a\n", SP_OK}, {"a=b=c=d=e;", SP_ERR_FULL}, {"print('a')\n", SP_OK}};
    static uint8_t source[64 * 1024];
    struct sp_facts *large = NULL;
    (void)state;
    assert_int_equal(sp_facts_new(sizeof(source), &large), SP_OK);
    size_t empty = sp_facts_memory(large);
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_slice piece = sp_slice_of(rows[i].piece);
        size_t len = 0;
        while (piece.len <= sizeof(source) - len) {
            len += sp_slice_copy(piece, source + len, piece.len);
        }
        assert_int_equal(
            sp_facts_scan(large, sp_slice_make(source, len), SP_PYTHON_311, SP_PYTHON_CELL),
            rows[i].want);
        assert_true(sp_facts_memory(large) > empty);
        assert_true(sp_facts_memory(large) <= empty + 9 * sizeof(source));
    }
    sp_facts_free(large);
}

static void test_a_broken_source_leaves_nothing_behind(void **state)
{
    static const char *const broken[] = {"a.", "(a.", "x = (a.b.\n", "f'{a.", "import a.", "a.b.)"};
    (void)state;
    for (unsigned i = 0; i < SP_COUNT(broken); i++) {
        size_t count = 0;
        assert_int_not_equal(
            sp_facts_scan(facts, sp_slice_of(broken[i]), SP_PYTHON_311, SP_PYTHON_TEXT), SP_OK);
        struct sp_slice next = SP_SLICE_LITERAL("exec(x)\n");
        assert_int_equal(sp_facts_scan(facts, next, SP_PYTHON_311, SP_PYTHON_TEXT), SP_OK);
        const struct sp_ref *refs = sp_facts_refs(facts, &count);
        assert_int_equal(count, 2);
        assert_true(sp_slice_is(sp_facts_segment(facts, &refs[0], 0), "exec"));
        assert_int_equal(refs[0].count, 1);
    }
}

/* A dot without a name, which only the readers of fragments and of IPython's lines see: the name behind is its own. */
static void test_a_name_behind_a_lone_dot_is_found(void **state)
{
    size_t count = 0;
    bool found = false;
    (void)state;
    assert_int_equal(
        sp_facts_scan(facts, SP_SLICE_LITERAL("a.*exec(b)?\n"), SP_PYTHON_311, SP_PYTHON_CELL),
        SP_OK);
    const struct sp_ref *refs = sp_facts_refs(facts, &count);
    for (size_t i = 0; i < count; i++) {
        found = found || sp_slice_is(sp_facts_segment(facts, &refs[i], 0), "exec");
    }
    assert_true(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_find_imports),
        cmocka_unit_test(test_facts_follow_aliases),
        cmocka_unit_test(test_facts_see_values_that_leave),
        cmocka_unit_test(test_facts_decode_constants),
        cmocka_unit_test(test_facts_work_out_constants),
        cmocka_unit_test(test_facts_leave_what_is_computed),
        cmocka_unit_test(test_facts_bound_what_they_work_out),
        cmocka_unit_test(test_facts_refuse_what_cannot_be),
        cmocka_unit_test(test_facts_of_a_fragment_need_no_whole_statement),
        cmocka_unit_test(test_facts_refuse_a_source_over_their_memory),
        cmocka_unit_test(test_facts_give_up_on_too_many_meanings),
        cmocka_unit_test(test_facts_know_places_in_characters),
        cmocka_unit_test(test_facts_count_lines_of_every_kind),
        cmocka_unit_test(test_facts_hand_on_what_used_brackets_hold),
        cmocka_unit_test(test_facts_keep_to_their_budget),
        cmocka_unit_test(test_a_broken_source_leaves_nothing_behind),
        cmocka_unit_test(test_a_name_behind_a_lone_dot_is_found),
    };
    return cmocka_run_group_tests(tests, make, end);
}
