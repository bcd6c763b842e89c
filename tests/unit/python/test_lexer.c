#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "python/lexer.h"

/* One letter a token, with the text of names and operators, so that a row can be read. */
static void draw(struct sp_lexer *lx, struct sp_buf *out)
{
    static const char letters[] = "$;><nds(m)o%";
    struct sp_py_token token = {0};
    do {
        enum sp_err err = sp_lexer_next(lx, &token);
        if (err != SP_OK) {
            assert_int_equal(err, sp_python_fault_err(lx->fault));
            return;
        }
        if (out->len > 0) {
            assert_int_equal(sp_buf_put_byte(out, ' '), SP_OK);
        }
        bool shows_text = token.kind == SP_TOKEN_NAME || token.kind == SP_TOKEN_OP ||
                          token.kind == SP_TOKEN_NUMBER || token.kind == SP_TOKEN_MAGIC ||
                          token.kind == SP_TOKEN_STRING;
        if (shows_text) {
            assert_int_equal(sp_buf_put(out, sp_lexer_text(lx, &token)), SP_OK);
        } else {
            assert_int_equal(sp_buf_put_byte(out, (uint8_t)letters[token.kind]), SP_OK);
        }
    } while (token.kind != SP_TOKEN_END);
}

static void expect(const char *source, size_t len, enum sp_python_family family,
                   enum sp_python_mode mode, const char *want, enum sp_python_fault fault)
{
    static struct sp_lexer lx;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, (size_t)64 * 1024);
    sp_lexer_init(&lx, sp_slice_make(source, len), family, mode);
    draw(&lx, &out);
    if (lx.fault != fault) {
        print_error("%s: %s\n", source, sp_python_fault_text(lx.fault));
    }
    assert_int_equal(lx.fault, fault);
    if (want != NULL) {
        assert_int_equal(sp_buf_put_byte(&out, 0), SP_OK);
        assert_string_equal((const char *)out.ptr, want);
    }
}

struct row {
    const char *source;
    const char *want;
    enum sp_python_fault fault;
};

static void check_rows(const struct row *rows, size_t count, enum sp_python_family family,
                       enum sp_python_mode mode)
{
    for (size_t i = 0; i < count; i++) {
        expect(rows[i].source, sp_slice_of(rows[i].source).len, family, mode, rows[i].want,
               rows[i].fault);
    }
}

static void test_lexer_finds_tokens_as_cpython(void **state)
{
    static const struct row rows[] = {
        {"", "$", SP_PYTHON_FINE},
        {"x", "x ; $", SP_PYTHON_FINE},
        {"import os as o", "import os as o ; $", SP_PYTHON_FINE},
        {"a=1;b=2", "a = 1 ; b = 2 ; $", SP_PYTHON_FINE},
        {"a\r\nb\rc\n", "a ; b ; c ; $", SP_PYTHON_FINE},
        {"\fa\n \f b\n", "a ; > b ; < $", SP_PYTHON_FINE},
        {"x = \\\n 1\n", "x = 1 ; $", SP_PYTHON_FINE},
        {"import \\\r\n os", "import os ; $", SP_PYTHON_FINE},
        {"if x:\n  y\nz", "if x : ; > y ; < z ; $", SP_PYTHON_FINE},
        {"if x:\n\ty\n# c\n\n\tz\n", "if x : ; > y ; z ; < $", SP_PYTHON_FINE},
        {"(a\n  b)\n", "( a b ) ; $", SP_PYTHON_FINE},
        {"a := b -> c ** d **= e ... .x", "a := b -> c ** d **= e ... . x ; $", SP_PYTHON_FINE},
        {"a != b <> c <<= d // e", "a != b <> c <<= d // e ; $", SP_PYTHON_FINE},
        {"r'\\'' b\"x\" Rb'''y''' u''", "r'\\'' b\"x\" Rb'''y''' u'' ; $", SP_PYTHON_FINE},
        {"ur'x'", "ur 'x' ; $", SP_PYTHON_FINE},
        {"'''a\n'b'' ''' c", "'''a\n'b'' ''' c ; $", SP_PYTHON_FINE},
        {"\xef\xbd\x8f\xef\xbd\x93 = 1", "\xef\xbd\x8f\xef\xbd\x93 = 1 ; $", SP_PYTHON_FINE},
        {"# only\n   # comments\n", "$", SP_PYTHON_FINE},
    };
    (void)state;
    check_rows(rows, SP_COUNT(rows), SP_PYTHON_311, SP_PYTHON_TEXT);
}

static void test_lexer_takes_numbers_as_cpython(void **state)
{
    static const struct row rows[] = {
        {"0xF_f 0o17 0b1_0 1_000 00 0_0", "0xF_f 0o17 0b1_0 1_000 00 0_0 ; $", SP_PYTHON_FINE},
        {"1. .5 1e5 1E-5j 0777.5 1_0.0_1e1_0", "1. .5 1e5 1E-5j 0777.5 1_0.0_1e1_0 ; $",
         SP_PYTHON_FINE},
        {"1if x else 2or y", "1 if x else 2 or y ; $", SP_PYTHON_FINE},
        {"1else", "1 else ; $", SP_PYTHON_FINE},
        {"0777", NULL, SP_PYTHON_ZEROS},
        {"1__0", NULL, SP_PYTHON_DECIMAL},
        {"1_", NULL, SP_PYTHON_DECIMAL},
        {"1abc", NULL, SP_PYTHON_DECIMAL},
        {"1e+", NULL, SP_PYTHON_DECIMAL},
        {"1.real", NULL, SP_PYTHON_DECIMAL},
        {"0or y", NULL, SP_PYTHON_OCTAL},
        {"0x", NULL, SP_PYTHON_HEXADECIMAL},
        {"0xg", NULL, SP_PYTHON_HEXADECIMAL},
        {"0o8", NULL, SP_PYTHON_OCTAL},
        {"0o78", NULL, SP_PYTHON_OCTAL},
        {"0b12", NULL, SP_PYTHON_BINARY},
        {"1jx", NULL, SP_PYTHON_IMAGINARY},
    };
    (void)state;
    check_rows(rows, SP_COUNT(rows), SP_PYTHON_311, SP_PYTHON_TEXT);
}

static void test_lexer_refuses_what_cpython_refuses(void **state)
{
    static const struct row rows[] = {
        {"if x:\n\ty\n        z", NULL, SP_PYTHON_TABS},
        {"if x:\n    y\n  z", NULL, SP_PYTHON_DEDENT},
        {")", NULL, SP_PYTHON_BRACKET_UNMATCHED},
        {"(]", NULL, SP_PYTHON_BRACKET_MISMATCH},
        {"(", NULL, SP_PYTHON_BRACKET_OPEN},
        {"'a\n'", NULL, SP_PYTHON_STRING_OPEN},
        {"'a", NULL, SP_PYTHON_STRING_OPEN},
        {"'''a'", NULL, SP_PYTHON_TRIPLE_OPEN},
        {"b'\xc3\xa9'", NULL, SP_PYTHON_BYTES_NONASCII},
        {"a \\ b", NULL, SP_PYTHON_CONTINUATION},
        {"a \\", NULL, SP_PYTHON_CONTINUATION_END},
        {"a \\\n", NULL, SP_PYTHON_CONTINUATION_END},
        {"a $ b", NULL, SP_PYTHON_CHARACTER},
        {"a ? b", NULL, SP_PYTHON_CHARACTER},
        {"!ls", NULL, SP_PYTHON_CHARACTER},
        {"a\xc2\xa0= 1", NULL, SP_PYTHON_CHARACTER},
        {"\xef\xbb\xbfimport os", NULL, SP_PYTHON_CHARACTER},
        {"\xff", NULL, SP_PYTHON_UTF8},
        {"# \xed\xa0\x80", NULL, SP_PYTHON_UTF8},
    };
    (void)state;
    check_rows(rows, SP_COUNT(rows), SP_PYTHON_311, SP_PYTHON_TEXT);
    expect("a = 1\nb = '\0'", 12, SP_PYTHON_311, SP_PYTHON_TEXT, NULL, SP_PYTHON_NUL);
}

static void test_lexer_opens_fstrings_in_311(void **state)
{
    static const struct row rows[] = {
        {"f'a{b}c'", "( m { b } m ) ; $", SP_PYTHON_FINE},
        {"f'{x!r:>{w}}' fR'{{}}'", "( { x ! r : m { w } } ) ( m ) ; $", SP_PYTHON_FINE},
        {"f'{x=}{a==b}{a!=b}'", "( { x = } { a == b } { a != b } ) ; $", SP_PYTHON_FINE},
        {"f'{f\"{y}\"}'", "( { ( { y } ) } ) ; $", SP_PYTHON_FINE},
        {"f'\\N{BULLET}{x}'", "( m { x } ) ; $", SP_PYTHON_FINE},
        {"f'''{\n__import__('os')\n}'''", "( { __import__ ( 'os' ) } ) ; $", SP_PYTHON_FINE},
        {"f'{x:=5}{(y:=6)}'", "( { x : m } { ( y := 6 ) } ) ; $", SP_PYTHON_FINE},
        {"f'{a['b']}'", NULL, SP_PYTHON_FSTRING_OPEN},
        {"f'{a'", NULL, SP_PYTHON_FSTRING_OPEN},
        {"f'}'", NULL, SP_PYTHON_FSTRING_BRACE},
        {"f'{}'", NULL, SP_PYTHON_FSTRING_EMPTY},
        {"f'{ !r}'", NULL, SP_PYTHON_FSTRING_EMPTY},
        {"f'{\"\\n\"}'", NULL, SP_PYTHON_FSTRING_BACKSLASH},
        {"f'''{a # c\n}'''", NULL, SP_PYTHON_FSTRING_COMMENT},
        {"f'{a:{b:{c}}}'", NULL, SP_PYTHON_FSTRING_DEPTH},
        {"f'{a)}'", NULL, SP_PYTHON_BRACKET_MISMATCH},
    };
    (void)state;
    check_rows(rows, SP_COUNT(rows), SP_PYTHON_311, SP_PYTHON_TEXT);
}

static void test_lexer_opens_fstrings_in_312(void **state)
{
    static const struct row rows[] = {
        {"f'{a['b']}'", "( { a [ 'b' ] } ) ; $", SP_PYTHON_FINE},
        {"f'{'\\n'.join(x)}'", "( { '\\n' . join ( x ) } ) ; $", SP_PYTHON_FINE},
        {"f'{a # c\n}'", "( { a } ) ; $", SP_PYTHON_FINE},
        {"f'{a:{b:{c}}}'", "( { a : { b : { c } } } ) ; $", SP_PYTHON_FINE},
        {"f'{a:{b:{c:{d}}}}'", NULL, SP_PYTHON_FSTRING_DEPTH},
        {"f'a\n'", NULL, SP_PYTHON_STRING_OPEN},
        {"f'{a'", NULL, SP_PYTHON_STRING_OPEN},
        {"t'{a}'", "t '{a}' ; $", SP_PYTHON_FINE},
    };
    static const struct row newest[] = {
        {"t'{a}' rT'{b}'", "( { a } ) ( { b } ) ; $", SP_PYTHON_FINE}};
    (void)state;
    check_rows(rows, SP_COUNT(rows), SP_PYTHON_312, SP_PYTHON_TEXT);
    check_rows(newest, SP_COUNT(newest), SP_PYTHON_314, SP_PYTHON_TEXT);
}

static void test_lexer_sees_the_escapes_of_ipython(void **state)
{
    static const struct row rows[] = {
        {"%matplotlib inline\nx", "%matplotlib inline ; x ; $", SP_PYTHON_FINE},
        {"!ls \\\n -l\nx", "!ls \\\n -l ; x ; $", SP_PYTHON_FINE},
        {"%%bash\nif [ 'x; then\n", "%%bash\nif [ 'x; then\n ; $", SP_PYTHON_FINE},
        {"%%time\nimport os", "%%time ; import os ; $", SP_PYTHON_FINE},
        {"%time x = 1", "%time x = 1 ; $", SP_PYTHON_FINE},
        {"a = !ls -l\n", "a = !ls -l ; $", SP_PYTHON_FINE},
        {"a = %pwd\n", "a = %pwd ; $", SP_PYTHON_FINE},
        {"if x:\n  !ls\n", "if x : ; > !ls ; < $", SP_PYTHON_FINE},
        {"x?\n?y\n", "x ? ; ?y ; $", SP_PYTHON_FINE},
        {",f a\n;f a\n/f a\n", ",f a ; ;f a ; /f a ; $", SP_PYTHON_FINE},
        {"(a\n% b)", "( a % b ) ; $", SP_PYTHON_FINE},
        {"a != b % c", "a != b % c ; $", SP_PYTHON_FINE},
        {"(a ! b)", NULL, SP_PYTHON_CHARACTER},
        {"  x\n  y\n", "x ; y ; $", SP_PYTHON_FINE},
    };
    (void)state;
    check_rows(rows, SP_COUNT(rows), SP_PYTHON_311, SP_PYTHON_CELL);
}

static void fill(char *out, size_t count, const char *open, const char *close)
{
    size_t at = 0;
    for (size_t i = 0; i < 2 * count; i++) {
        out[at] = i < count ? open[0] : close[0];
        at++;
    }
    out[at] = '\0';
}

static void test_lexer_bounds_brackets(void **state)
{
    char source[512];
    (void)state;
    fill(source, SP_PYTHON_BRACKETS_MAX, "(", ")");
    expect(source, 2 * (size_t)SP_PYTHON_BRACKETS_MAX, SP_PYTHON_311, SP_PYTHON_TEXT, NULL,
           SP_PYTHON_FINE);
    fill(source, SP_PYTHON_BRACKETS_MAX + 1, "[", "]");
    expect(source, 2 * ((size_t)SP_PYTHON_BRACKETS_MAX + 1), SP_PYTHON_311, SP_PYTHON_TEXT, NULL,
           SP_PYTHON_BRACKET_DEPTH);
}

static void indented(struct sp_buf *out, size_t levels)
{
    for (size_t i = 0; i < levels; i++) {
        for (size_t space = 0; space < i; space++) {
            assert_int_equal(sp_buf_put_byte(out, ' '), SP_OK);
        }
        assert_int_equal(sp_buf_put_text(out, i + 1 < levels ? "if x:\n" : "y\n"), SP_OK);
    }
}

static void test_lexer_bounds_indentation(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, (size_t)64 * 1024);
        indented(&out, SP_PYTHON_INDENTS_MAX + extra);
        expect((const char *)out.ptr, out.len, SP_PYTHON_311, SP_PYTHON_TEXT, NULL,
               extra == 0 ? SP_PYTHON_FINE : SP_PYTHON_INDENT_DEPTH);
    }
}

static void test_lexer_says_where_a_fault_is(void **state)
{
    static struct sp_lexer lx;
    struct sp_py_token token = {0};
    (void)state;
    sp_lexer_init(&lx, SP_SLICE_LITERAL("a = 1\nbc = 'x"), SP_PYTHON_311, SP_PYTHON_TEXT);
    while (sp_lexer_next(&lx, &token) == SP_OK) {
        assert_int_not_equal(token.kind, SP_TOKEN_END);
    }
    assert_int_equal(lx.fault_line, 2);
    assert_int_equal(lx.fault_at - lx.fault_line_start, 5);
    assert_int_equal(sp_lexer_next(&lx, &token), SP_ERR_INVALID);
}

/* Text of several lines is gone over in windows of 64 bytes: where in one a mark stands does not matter. */
/* Behind a place in a source that was read; what is no text is refused there as well. */
static void test_lexer_goes_on_behind_a_place(void **state)
{
    struct sp_lexer whole;
    struct sp_lexer behind;
    struct sp_py_token token;
    (void)state;
    sp_lexer_init(&whole, SP_SLICE_LITERAL("f(a)[b]"), SP_PYTHON_312, SP_PYTHON_CELL);
    sp_lexer_init_behind(&behind, &whole, 4);
    assert_int_equal(sp_lexer_next(&behind, &token), SP_OK);
    assert_true(token.kind == SP_TOKEN_OP && token.op == '[' && token.start == 0);
    sp_lexer_init_behind(&behind, &whole, 7);
    assert_int_equal(sp_lexer_next(&behind, &token), SP_OK);
    assert_int_equal(token.kind, SP_TOKEN_END);
    sp_lexer_init(&whole, SP_SLICE_LITERAL("f(a)\xff"), SP_PYTHON_312, SP_PYTHON_CELL);
    sp_lexer_init_behind(&behind, &whole, 4);
    assert_int_not_equal(sp_lexer_next(&behind, &token), SP_OK);
    assert_int_equal(behind.fault, SP_PYTHON_UTF8);
}

static void test_lexer_counts_the_lines_of_long_texts(void **state)
{
    static struct sp_lexer lx;
    static const struct {
        const char *mark;
        uint32_t lines;
    } marks[] = {{"\n", 1}, {"\r\n", 1}, {"\r", 1}, {"\\\n", 1}, {"\n\n", 2}, {"\\'\n", 1}};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(marks); i++) {
        for (int before = 1; before < 140; before++) {
            char text[512];
            struct sp_py_token token = {0};
            int len = snprintf(text, sizeof(text), "'''%*c%s%90s''' b\n", before, '-',
                               marks[i].mark, "\n-");
            sp_lexer_init(&lx, sp_slice_make((const uint8_t *)text, (size_t)len), SP_PYTHON_311,
                          SP_PYTHON_TEXT);
            assert_int_equal(sp_lexer_next(&lx, &token), SP_OK);
            assert_int_equal(token.kind, SP_TOKEN_STRING);
            assert_int_equal(sp_lexer_next(&lx, &token), SP_OK);
            assert_int_equal(token.line, 2 + marks[i].lines);
            assert_int_equal(token.start - token.line_start, 5);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lexer_finds_tokens_as_cpython),
        cmocka_unit_test(test_lexer_takes_numbers_as_cpython),
        cmocka_unit_test(test_lexer_refuses_what_cpython_refuses),
        cmocka_unit_test(test_lexer_opens_fstrings_in_311),
        cmocka_unit_test(test_lexer_opens_fstrings_in_312),
        cmocka_unit_test(test_lexer_sees_the_escapes_of_ipython),
        cmocka_unit_test(test_lexer_bounds_brackets),
        cmocka_unit_test(test_lexer_bounds_indentation),
        cmocka_unit_test(test_lexer_says_where_a_fault_is),
        cmocka_unit_test(test_lexer_goes_on_behind_a_place),
        cmocka_unit_test(test_lexer_counts_the_lines_of_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
