#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "python/syntax.h"

static enum sp_python_fault judge(const char *source, enum sp_python_family family,
                                  enum sp_python_mode mode)
{
    static struct sp_lexer lx;
    static struct sp_syntax syntax;
    struct sp_py_token token = {0};
    sp_lexer_init(&lx, sp_slice_of(source), family, mode);
    sp_syntax_start(&syntax, &lx);
    while (sp_lexer_next(&lx, &token) == SP_OK && sp_syntax_take(&syntax, &token) == SP_OK) {
        if (token.kind == SP_TOKEN_END) {
            return SP_PYTHON_FINE;
        }
    }
    return lx.fault;
}

struct row {
    const char *source;
    enum sp_python_fault fault;
};

static void check(const struct row *rows, size_t count, enum sp_python_family family,
                  enum sp_python_mode mode)
{
    for (size_t i = 0; i < count; i++) {
        enum sp_python_fault fault = judge(rows[i].source, family, mode);
        if (fault != rows[i].fault) {
            print_error(">>> %s: %s\n", rows[i].source, sp_python_fault_text(fault));
        }
        assert_int_equal(fault, rows[i].fault);
    }
}

#define CHECK(rows, family) check(rows, SP_COUNT(rows), family, SP_PYTHON_TEXT)

static void test_expressions_and_their_refused_neighbours(void **state)
{
    static const struct row rows[] = {
        {"a + -b ** ~c", SP_PYTHON_FINE},
        {"a + not b", SP_PYTHON_SYNTAX},
        {"a and not b", SP_PYTHON_FINE},
        {"a if b else lambda: c", SP_PYTHON_FINE},
        {"a if lambda: b else c", SP_PYTHON_SYNTAX},
        {"a if b", SP_PYTHON_ELSE_MISSING},
        {"a < b is not c not in d", SP_PYTHON_FINE},
        {"a is not not b", SP_PYTHON_SYNTAX},
        {"a <> b", SP_PYTHON_SYNTAX},
        {"(a := 1)", SP_PYTHON_FINE},
        {"a := 1", SP_PYTHON_SYNTAX},
        {"(a.b := 1)", SP_PYTHON_SYNTAX},
        {"f(a, b=1, *c, **d)", SP_PYTHON_FINE},
        {"f(b=1, a)", SP_PYTHON_ARGUMENT_ORDER},
        {"f(**a, *b)", SP_PYTHON_ARGUMENT_ORDER},
        {"f(a.b=1)", SP_PYTHON_KEYWORD},
        {"f(x for x in y)", SP_PYTHON_FINE},
        {"f(x for x in y, 1)", SP_PYTHON_GENERATOR},
        {"[x for x in y if z]", SP_PYTHON_FINE},
        {"[x for x in y if z else w]", SP_PYTHON_SYNTAX},
        {"[*a for a in b]", SP_PYTHON_SYNTAX},
        {"a[b:c:d, ...]", SP_PYTHON_FINE},
        {"a[b:c:d:e]", SP_PYTHON_SYNTAX},
        {"a[]", SP_PYTHON_SYNTAX},
        {"{a: b, **c}", SP_PYTHON_FINE},
        {"{a, **c}", SP_PYTHON_SYNTAX},
        {"(*a,)", SP_PYTHON_FINE},
        {"(*a)", SP_PYTHON_STAR_HERE},
        {"lambda a, /, b=1, *, c, **d: 1", SP_PYTHON_FINE},
        {"lambda a=1, b: 1", SP_PYTHON_DEFAULT_ORDER},
        {"lambda *: 1", SP_PYTHON_BARE_STAR},
        {"'a' \"b\" f'{c}'", SP_PYTHON_FINE},
        {"'a' b'b'", SP_PYTHON_STRING_MIX},
        {"'\\x41\\u0041\\N{DIGIT ONE}'", SP_PYTHON_FINE},
        {"'\\x4'", SP_PYTHON_ESCAPE},
        {"b'\\u12'", SP_PYTHON_FINE},
        {"'\\U00110000'", SP_PYTHON_ESCAPE},
        {"f'{a!r:>{b}}{c=}'", SP_PYTHON_FINE},
        {"f'{a!x}'", SP_PYTHON_FSTRING_CONVERSION},
        {"f'{a b}'", SP_PYTHON_SYNTAX},
        {"f'{lambda x:{1}}'", SP_PYTHON_SYNTAX},
    };
    (void)state;
    CHECK(rows, SP_PYTHON_311);
}

static void test_targets_and_their_refused_neighbours(void **state)
{
    static const struct row rows[] = {
        {"a.b, [c, *d], (e) = f", SP_PYTHON_FINE},
        {"a.b, [c, d()] = f", SP_PYTHON_TARGET},
        {"a + b = c", SP_PYTHON_TARGET},
        {"None = c", SP_PYTHON_TARGET},
        {"*a, = b", SP_PYTHON_FINE},
        {"*a = b", SP_PYTHON_TARGET_STAR},
        {"*a, *b = c", SP_PYTHON_TARGET_STARS},
        {"(a) += 1", SP_PYTHON_FINE},
        {"(a,) += 1", SP_PYTHON_AUGMENTED},
        {"(a): int = 1", SP_PYTHON_FINE},
        {"a, b: int", SP_PYTHON_ANNOTATION},
        {"(a).b: int", SP_PYTHON_ANNOTATION},
        {"del a, (b, [c.d])", SP_PYTHON_FINE},
        {"del *a,", SP_PYTHON_TARGET},
        {"for a.b, *c in d: pass", SP_PYTHON_FINE},
        {"for a() in d: pass", SP_PYTHON_TARGET},
        {"with a as (b, *c), d as e[1]: pass", SP_PYTHON_FINE},
        {"with a as b(): pass", SP_PYTHON_TARGET},
        {"with (a as b, c,): pass", SP_PYTHON_FINE},
        {"with a as b,: pass", SP_PYTHON_SYNTAX},
        {"with a,: pass", SP_PYTHON_SYNTAX},
        {"with (a as b).c: pass", SP_PYTHON_COLON},
        {"with (a := b, c as d): pass", SP_PYTHON_SYNTAX},
    };
    (void)state;
    CHECK(rows, SP_PYTHON_311);
}

static void test_statements_and_their_refused_neighbours(void **state)
{
    static const struct row rows[] = {
        {"if a: b; c\nelif d: e\nelse: f", SP_PYTHON_FINE},
        {"if a: b\nelse: c\nelse: d", SP_PYTHON_SYNTAX},
        {"if a: if b: c", SP_PYTHON_SYNTAX},
        {"if a = b: c", SP_PYTHON_SYNTAX},
        {"if a:\nb", SP_PYTHON_INDENT_MISSING},
        {"a\n b", SP_PYTHON_INDENT_UNEXPECTED},
        {"try: a\nexcept b as c: d\nexcept: e\nelse: f\nfinally: g", SP_PYTHON_FINE},
        {"try: a\nelse: b", SP_PYTHON_SYNTAX},
        {"try: a\nb", SP_PYTHON_TRY},
        {"try: a", SP_PYTHON_TRY},
        {"try: a\nexcept: b\nexcept c: d", SP_PYTHON_EXCEPT_LAST},
        {"try: a\nexcept* b: c", SP_PYTHON_FINE},
        {"try: a\nexcept* b: c\nexcept d: e", SP_PYTHON_SYNTAX},
        {"try: a\nexcept b, c: d", SP_PYTHON_EXCEPT_TYPES},
        {"f(a, b c)", SP_PYTHON_COMMA},
        {"f(a, print c)", SP_PYTHON_SYNTAX},
        {"while a: break", SP_PYTHON_FINE},
        {"break", SP_PYTHON_BREAK},
        {"for a in b:\n def c(): continue", SP_PYTHON_CONTINUE},
        {"def f(): return", SP_PYTHON_FINE},
        {"class A: return", SP_PYTHON_RETURN},
        {"def f(): x = yield", SP_PYTHON_FINE},
        {"x = yield", SP_PYTHON_YIELD},
        {"def f(): [x for x in (yield)]", SP_PYTHON_FINE},
        {"def f(): [(yield) for x in y]", SP_PYTHON_YIELD_INSIDE},
        {"async def f(): await a", SP_PYTHON_FINE},
        {"def f(): await a", SP_PYTHON_AWAIT},
        {"def f(): (await a for b in c)", SP_PYTHON_FINE},
        {"def f(): [await a for b in c]", SP_PYTHON_AWAIT},
        {"async def f():\n yield 1\n return 2", SP_PYTHON_RETURN_VALUE},
        {"async def f(): yield from a", SP_PYTHON_YIELD_FROM},
        {"@a.b[c]\ndef f(): pass", SP_PYTHON_FINE},
        {"@a\nb", SP_PYTHON_SYNTAX},
        {"nonlocal a", SP_PYTHON_NONLOCAL},
        {"def f():\n from a import *", SP_PYTHON_IMPORT_STAR},
        {"from .a import (b as c, d,)", SP_PYTHON_FINE},
        {"from a import b,", SP_PYTHON_SYNTAX},
        {"import a.b as c.d", SP_PYTHON_SYNTAX},
        {"print a", SP_PYTHON_SYNTAX},
    };
    (void)state;
    CHECK(rows, SP_PYTHON_311);
}

static void test_patterns_and_their_refused_neighbours(void **state)
{
    static const struct row rows[] = {
        {"match a:\n case 1 | -2 + 3j | 'b' | c.d: pass", SP_PYTHON_FINE},
        {"match a:\n case 1 + 2: pass", SP_PYTHON_SYNTAX},
        {"match a:\n case f'b': pass", SP_PYTHON_SYNTAX},
        {"match a:\n case [b, *_], {'c': d, **e}, F(1, g=2): pass", SP_PYTHON_FINE},
        {"match a:\n case [*b, *c]: pass", SP_PYTHON_SYNTAX},
        {"match a:\n case {b: 1}: pass", SP_PYTHON_SYNTAX},
        {"match a:\n case F(g=2, 1): pass", SP_PYTHON_SYNTAX},
        {"match a:\n case b as _: pass", SP_PYTHON_SYNTAX},
        {"match a:\n case b if c: pass\n case d: pass", SP_PYTHON_FINE},
        {"match a:\n case b: pass\n case d: pass", SP_PYTHON_UNREACHABLE},
        {"match a:\n case b | 1: pass", SP_PYTHON_UNREACHABLE},
        {"match a:\n pass", SP_PYTHON_SYNTAX},
        {"match (a)\nmatch[b] = case\nmatch: int", SP_PYTHON_FINE},
        {"match (a):\n case b: pass", SP_PYTHON_FINE},
    };
    (void)state;
    CHECK(rows, SP_PYTHON_311);
}

/* PEP 695, 696, 701, 750 and 758: what the newer ones take, and the older ones do not. */
static void test_newer_grammar_and_its_refused_neighbours(void **state)
{
    static const struct {
        const char *source;
        enum sp_python_fault old, middle, new;
    } rows[] = {
        {"type X[T: int, *Ts, **P] = T", SP_PYTHON_SYNTAX, SP_PYTHON_FINE, SP_PYTHON_FINE},
        {"type X[] = T", SP_PYTHON_SYNTAX, SP_PYTHON_SYNTAX, SP_PYTHON_SYNTAX},
        {"type X.y = T", SP_PYTHON_SYNTAX, SP_PYTHON_SYNTAX, SP_PYTHON_SYNTAX},
        {"type = 1; type(x)", SP_PYTHON_FINE, SP_PYTHON_FINE, SP_PYTHON_FINE},
        {"def f[T](a: T): pass", SP_PYTHON_SYNTAX, SP_PYTHON_FINE, SP_PYTHON_FINE},
        {"class A[T = int](B): pass", SP_PYTHON_SYNTAX, SP_PYTHON_FINE, SP_PYTHON_FINE},
        {"class A(B)[T]: pass", SP_PYTHON_COLON, SP_PYTHON_COLON, SP_PYTHON_COLON},
        {"f'{f'{1}'}'", SP_PYTHON_FSTRING_OPEN, SP_PYTHON_FINE, SP_PYTHON_FINE},
        {"f'{a!r }'", SP_PYTHON_SYNTAX, SP_PYTHON_FINE, SP_PYTHON_FINE},
        {"f'{a! r}'", SP_PYTHON_FSTRING_CONVERSION, SP_PYTHON_FSTRING_CONVERSION,
         SP_PYTHON_FSTRING_CONVERSION},
        {"t'{a}' rt'b'", SP_PYTHON_SYNTAX, SP_PYTHON_SYNTAX, SP_PYTHON_FINE},
        {"t'a' 'b'", SP_PYTHON_SYNTAX, SP_PYTHON_SYNTAX, SP_PYTHON_STRING_MIX},
        {"try: a\nexcept b, c: d", SP_PYTHON_EXCEPT_TYPES, SP_PYTHON_EXCEPT_TYPES, SP_PYTHON_FINE},
        {"try: a\nexcept b, c as d: e", SP_PYTHON_EXCEPT_TYPES, SP_PYTHON_EXCEPT_TYPES,
         SP_PYTHON_SYNTAX},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        const enum sp_python_fault want[] = {rows[i].old, rows[i].middle, rows[i].new};
        for (unsigned family = SP_PYTHON_311; family <= SP_PYTHON_314; family++) {
            const struct row row = {rows[i].source, want[family]};
            check(&row, 1, (enum sp_python_family)family, SP_PYTHON_TEXT);
        }
    }
}

static void test_cells_hold_what_ipython_reads(void **state)
{
    static const struct row rows[] = {
        {"await a", SP_PYTHON_FINE},
        {"def f(): await a", SP_PYTHON_AWAIT},
        {"%time a + b\nx = !ls\ny?\nif a:\n  %pwd\n", SP_PYTHON_FINE},
        {"np.*load*?\na = 1", SP_PYTHON_FINE},
        {"np.*load*\na = 1", SP_PYTHON_SYNTAX},
        {"cd ../a", SP_PYTHON_FINE},
        {"cd ../a\na = 1", SP_PYTHON_SYNTAX},
        {">>> import os\n>>> if a:\n...     b", SP_PYTHON_FINE},
        {"x = 1 2", SP_PYTHON_SYNTAX},
        {"  a = 1\n  b = 2", SP_PYTHON_FINE},
    };
    (void)state;
    check(rows, SP_COUNT(rows), SP_PYTHON_311, SP_PYTHON_CELL);
}

static void test_depth_is_bounded(void **state)
{
    static char source[8192];
    size_t at = 0;
    (void)state;
    for (unsigned i = 0; i < SP_SYNTAX_LEVELS_MAX; i++) {
        for (const char *c = "lambda x="; *c != '\0'; c++) {
            source[at] = *c;
            at++;
        }
    }
    assert_int_equal(judge(source, SP_PYTHON_311, SP_PYTHON_TEXT), SP_PYTHON_BRACKET_DEPTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions_and_their_refused_neighbours),
        cmocka_unit_test(test_targets_and_their_refused_neighbours),
        cmocka_unit_test(test_statements_and_their_refused_neighbours),
        cmocka_unit_test(test_patterns_and_their_refused_neighbours),
        cmocka_unit_test(test_newer_grammar_and_its_refused_neighbours),
        cmocka_unit_test(test_cells_hold_what_ipython_reads),
        cmocka_unit_test(test_depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
