/* TOML: what a document holds, and every rule that makes one invalid, with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/buf.h"
#include "codec/toml.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

struct string_case {
    const char *name;
    struct sp_slice in; /* gives the value of key v */
    struct sp_slice want;
};

static const struct string_case string_cases[] = {
    {"basic", TEXT("v = \"a b\""), TEXT("a b")},
    {"empty", TEXT("v=\"\""), TEXT("")},
    {"escapes", TEXT("v = \"\\b\\t\\n\\f\\r\\\"\\\\\""), TEXT("\b\t\n\f\r\"\\")},
    {"short unicode", TEXT("v = \"\\u00e9\\u20AC\""), TEXT("\xC3\xA9\xE2\x82\xAC")},
    {"long unicode", TEXT("v = \"\\U0001F600\""), TEXT("\xF0\x9F\x98\x80")},
    {"NUL by escape", TEXT("v = \"a\\u0000b\""), TEXT("a\0b")},
    {"literal", TEXT("v = 'a\\n\"'"), TEXT("a\\n\"")},
    {"multi-line", TEXT("v = \"\"\"\na\n b\"\"\""), TEXT("a\n b")},
    {"multi-line on one line", TEXT("v = \"\"\"a\"\"\""), TEXT("a")},
    {"quotes inside", TEXT("v = \"\"\"a\"\"b\"\"\""), TEXT("a\"\"b")},
    {"two quotes at the end", TEXT("v = \"\"\"a\"\"\"\"\""), TEXT("a\"\"")},
    {"only two quotes", TEXT("v = \"\"\"\"\"\"\"\""), TEXT("\"\"")},
    {"fold", TEXT("v = \"\"\"a\\\n   \n\t b\"\"\""), TEXT("ab")},
    {"fold with blanks behind the backslash", TEXT("v = \"\"\"a\\ \t\n b\"\"\""), TEXT("ab")},
    {"literal multi-line", TEXT("v = '''\na\\\nb'''"), TEXT("a\\\nb")},
    {"apostrophes at the end", TEXT("v = '''a'''''"), TEXT("a''")},
    {"tab is allowed", TEXT("v = \"\t\""), TEXT("\t")},
    {"crlf after the quotes", TEXT("v = \"\"\"\r\na\"\"\"\r\n"), TEXT("a")},
    {"date", TEXT("v = 1979-05-27"), TEXT("1979-05-27")},
    {"leap day", TEXT("v = 2000-02-29"), TEXT("2000-02-29")},
    {"time", TEXT("v = 07:32:00.999"), TEXT("07:32:00.999")},
    {"local date and time", TEXT("v = 1979-05-27t07:32:00"), TEXT("1979-05-27T07:32:00")},
    {"blank between", TEXT("v = 1979-05-27 07:32:00z # c"), TEXT("1979-05-27T07:32:00Z")},
    {"offset", TEXT("v = 1979-05-27T07:32:00.5-07:30"), TEXT("1979-05-27T07:32:00.5-07:30")},
    {"leap second", TEXT("v = 23:59:60"), TEXT("23:59:60")},
};

static void test_strings_and_dates_are_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(string_cases); i++) {
        const struct string_case *c = &string_cases[i];
        print_message("  %s\n", c->name);
        SP_AUTO_TOML struct sp_toml *doc = NULL;
        assert_int_equal(sp_toml_parse(c->in, &doc, NULL), SP_OK);
        const struct sp_toml_value *v = sp_toml_get(sp_toml_root(doc), "v");
        struct sp_slice text = {NULL, 0};
        assert_int_equal(sp_toml_type(v) == SP_TOML_STRING ? sp_toml_string(v, &text)
                                                           : sp_toml_datetime(v, &text),
                         SP_OK);
        assert_true(sp_slice_equal(text, c->want));
    }
}

struct number_case {
    const char *in;
    enum sp_toml_type type;
    int64_t integer;
    double real;
};

static const struct number_case number_cases[] = {
    {"v = 0", SP_TOML_INTEGER, 0, 0},
    {"v = +99", SP_TOML_INTEGER, 99, 0},
    {"v = -0", SP_TOML_INTEGER, 0, 0},
    {"v = 1_000", SP_TOML_INTEGER, 1000, 0},
    {"v = 9223372036854775807", SP_TOML_INTEGER, INT64_MAX, 0},
    {"v = -9223372036854775808", SP_TOML_INTEGER, INT64_MIN, 0},
    {"v = 0xDEAD_beef", SP_TOML_INTEGER, 0xDEADBEEF, 0},
    {"v = 0o0755", SP_TOML_INTEGER, 0755, 0},
    {"v = 0b1101", SP_TOML_INTEGER, 13, 0},
    {"v = 0x7fffffffffffffff", SP_TOML_INTEGER, INT64_MAX, 0},
    {"v = 1.0", SP_TOML_FLOAT, 0, 1.0},
    {"v = -0.25", SP_TOML_FLOAT, 0, -0.25},
    {"v = 5e+2", SP_TOML_FLOAT, 0, 500},
    {"v = 1E06", SP_TOML_FLOAT, 0, 1000000},
    {"v = 6_2.5e-0_1", SP_TOML_FLOAT, 0, 6.25},
};

static void test_numbers_of_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(number_cases); i++) {
        const struct number_case *c = &number_cases[i];
        print_message("  %s\n", c->in);
        SP_AUTO_TOML struct sp_toml *doc = NULL;
        assert_int_equal(sp_toml_parse(sp_slice_of(c->in), &doc, NULL), SP_OK);
        const struct sp_toml_value *v = sp_toml_get(sp_toml_root(doc), "v");
        int64_t integer = 0;
        double real = 0;
        assert_int_equal(sp_toml_type(v), c->type);
        assert_int_equal(sp_toml_integer(v, &integer),
                         c->type == SP_TOML_INTEGER ? SP_OK : SP_ERR_INVALID);
        assert_int_equal(sp_toml_float(v, &real),
                         c->type == SP_TOML_FLOAT ? SP_OK : SP_ERR_INVALID);
        assert_true(integer == c->integer);
        assert_true(fabs(real - c->real) < 1e-9);
    }
}

static void test_infinity_and_nan_have_signs(void **state)
{
    (void)state;
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    assert_int_equal(
        sp_toml_parse(sp_slice_of("a = inf\nb = -inf\nc = +nan\nd = false"), &doc, NULL), SP_OK);
    double a = 0;
    double b = 0;
    double c = 0;
    bool d = true;
    assert_int_equal(sp_toml_float(sp_toml_get(sp_toml_root(doc), "a"), &a), SP_OK);
    assert_int_equal(sp_toml_float(sp_toml_get(sp_toml_root(doc), "b"), &b), SP_OK);
    assert_int_equal(sp_toml_float(sp_toml_get(sp_toml_root(doc), "c"), &c), SP_OK);
    assert_int_equal(sp_toml_bool(sp_toml_get(sp_toml_root(doc), "d"), &d), SP_OK);
    assert_true(isinf(a) && a > 0 && isinf(b) && b < 0 && isnan(c) && !d);
}

struct bad_case {
    const char *name;
    struct sp_slice in;
    unsigned line;
    unsigned column;
};

static const struct bad_case bad_cases[] = {
    {"no value", TEXT("v ="), 1, 4},
    {"no equals sign", TEXT("v 1"), 1, 3},
    {"no key", TEXT("= 1"), 1, 1},
    {"two values", TEXT("v = 1 2"), 1, 7},
    {"two pairs on a line", TEXT("a = 1 b = 2"), 1, 7},
    {"bare word", TEXT("v = word"), 1, 5},
    {"capital", TEXT("v = True"), 1, 5},
    {"leading zero", TEXT("v = 01"), 1, 5},
    {"leading zero with sign", TEXT("v = -01"), 1, 5},
    {"underscore at the end", TEXT("v = 1_"), 1, 5},
    {"underscore at the start", TEXT("v = _1"), 1, 5},
    {"two underscores", TEXT("v = 1__2"), 1, 5},
    {"past int64", TEXT("v = 9223372036854775808"), 1, 5},
    {"past int64 in hexadecimal", TEXT("v = 0x8000000000000000"), 1, 5},
    {"past int64 in binary",
     TEXT("v = 0b1000000000000000000000000000000000000000000000000000000000000000"), 1, 5},
    {"sign before a radix", TEXT("v = +0x1"), 1, 5},
    {"capital radix", TEXT("v = 0X1"), 1, 5},
    {"radix without digits", TEXT("v = 0x"), 1, 5},
    {"octal digit", TEXT("v = 0o8"), 1, 5},
    {"fraction without digits", TEXT("v = 1."), 1, 5},
    {"no integer part", TEXT("v = .5"), 1, 5},
    {"exponent without digits", TEXT("v = 1e"), 1, 5},
    {"underscore beside the point", TEXT("v = 1_.5"), 1, 5},
    {"past a double", TEXT("v = 1e400"), 1, 5},
    {"infinity spelled out", TEXT("v = infinity"), 1, 5},
    {"no such day", TEXT("v = 2001-02-29"), 1, 5},
    {"no such month", TEXT("v = 2001-13-01"), 1, 5},
    {"hour 24", TEXT("v = 24:00:00"), 1, 5},
    {"time without seconds", TEXT("v = 07:32"), 1, 5},
    {"fraction of no digits", TEXT("v = 07:32:00."), 1, 5},
    {"offset of 24 hours", TEXT("v = 1979-05-27T07:32:00+24:00"), 1, 5},
    {"date with T and nothing", TEXT("v = 1979-05-27T"), 1, 5},
    {"offset without a date", TEXT("v = 07:32:00Z"), 1, 5},
    {"one digit of a day", TEXT("v = 1979-05-2"), 1, 5},
    {"open string", TEXT("v = \"a"), 1, 7},
    {"string over a line end", TEXT("v = \"a\nb\""), 1, 7},
    {"open multi-line string", TEXT("v = \"\"\"a\n"), 2, 1},
    {"six quotes and one more", TEXT("v = \"\"\"a\"\"\"\"\"\""), 1, 14},
    {"control character in a string", TEXT("v = \"a\x01\""), 1, 7},
    {"delete in a string", TEXT("v = 'a\x7F'"), 1, 7},
    {"bare CR in a multi-line string", TEXT("v = \"\"\"a\rb\"\"\""), 1, 9},
    {"no such escape", TEXT("v = \"a\\e\""), 1, 7},
    {"short escape", TEXT("v = \"\\u12\""), 1, 6},
    {"escape of a surrogate", TEXT("v = \"\\ud800\""), 1, 6},
    {"escape past Unicode", TEXT("v = \"\\U00110000\""), 1, 6},
    {"fold in a single-line string", TEXT("v = \"a\\\n\""), 1, 7},
    {"backslash and text behind blanks", TEXT("v = \"\"\"a\\ b\"\"\""), 1, 11},
    {"multi-line key", TEXT("\"\"\"a\"\"\" = 1"), 1, 1},
    {"control character in a comment", TEXT("# a\x01"), 1, 4},
    {"bare CR", TEXT("a = 1\rb = 2"), 1, 6},
    {"invalid UTF-8", TEXT("a = 1\n# \xFF"), 2, 3},
    {"byte order mark not at the start", TEXT("a = 1\n\xEF\xBB\xBF"), 2, 1},
    {"open array", TEXT("v = [1"), 1, 7},
    {"array without comma", TEXT("v = [1 2]"), 1, 8},
    {"comma first", TEXT("v = [,1]"), 1, 6},
    {"two commas", TEXT("v = [1,,2]"), 1, 8},
    {"open inline table", TEXT("v = {a = 1"), 1, 11},
    {"comma at the end of an inline table", TEXT("v = {a = 1,}"), 1, 12},
    {"line end in an inline table", TEXT("v = {a = 1,\n b = 2}"), 1, 12},
    {"open header", TEXT("[a"), 1, 3},
    {"empty header", TEXT("[]"), 1, 2},
    {"empty part", TEXT("[a..b]"), 1, 4},
    {"dot at the end", TEXT("a. = 1"), 1, 4},
    {"header with one bracket too few", TEXT("[[a]"), 1, 4},
    {"blank between brackets", TEXT("[ [a]]"), 1, 3},
    {"text behind a header", TEXT("[a] b = 1"), 1, 5},
    {"equal keys", TEXT("a = 1\na = 2"), 2, 1},
    {"equal keys, one quoted", TEXT("a = 1\n\"a\" = 2"), 2, 1},
    {"key and table", TEXT("a = 1\n[a]"), 2, 2},
    {"key inside a value", TEXT("a = 1\na.b = 2"), 2, 1},
    {"table twice", TEXT("[a]\n[b]\n[a]"), 3, 2},
    {"header of a dotted table", TEXT("a.b = 1\n[a]"), 2, 2},
    {"dotted keys into a header's table", TEXT("[a.b]\nx = 1\n[a]\nb.y = 2"), 4, 1},
    {"into an inline table", TEXT("a = {b = 1}\na.c = 2"), 2, 1},
    {"header in an inline table", TEXT("a = {b = 1}\n[a.c]"), 2, 2},
    {"dotted keys into an inline table inside", TEXT("v = {a = {b = 1}, a.c = 2}"), 1, 19},
    {"element of a written array", TEXT("a = []\n[[a]]"), 2, 3},
    {"element where a table is", TEXT("[a]\n[[a]]"), 2, 3},
    {"table where elements are", TEXT("[[a]]\n[a]"), 2, 2},
    {"element where an implicit table is", TEXT("[a.b]\n[[a]]"), 2, 3},
    {"column behind decoded text", TEXT("v = [\"\\u00e9\\t\", x]"), 1, 18},
};

static void test_each_rule_is_kept_and_tells_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(bad_cases); i++) {
        const struct bad_case *c = &bad_cases[i];
        print_message("  %s\n", c->name);
        struct sp_toml *doc = NULL;
        struct sp_where where = {0};
        assert_int_equal(sp_toml_parse(c->in, &doc, &where), SP_ERR_CONFIG);
        assert_null(doc);
        assert_int_equal(where.line, c->line);
        assert_int_equal(where.column, c->column);
        assert_true(where.text[0] != '\0');
    }
}

static const char *const good_documents[] = {
    "",
    "\n\n# only a comment",
    ("\xEF\xBB\xBF"
     "a = 1"),
    "a.b = 1\na.c = 2",
    "[a]\nb.c = 1\nb.d = 2\n[a.b.e]",
    "[a.b]\n[a]\nc = 1",
    "[a.b.c]\n[a]\nb.d = 1",
    "[[a]]\n[a.b]\n[[a]]\n[a.b]",
    "[[a]]\n[[a.b]]\n[[a.b]]\n[[a]]\n[[a.b]]",
    "v = [\n 1, # one\n\n 2,\n]",
    "v = [[], [{}], {a.b = [1], a.c = 2}]",
    "v = {}",
    "\"\" = 1\n'a.b' = 2\n1.2 = 3",
    "[ a . 'b' ]\nc = 1",
    "a = 1\r\n[b]\r\n",
    "v = {a.b = 1, a.c = {d = 2}}",
};

static void test_documents_that_only_look_wrong_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(good_documents); i++) {
        print_message("  %zu\n", i);
        SP_AUTO_TOML struct sp_toml *doc = NULL;
        assert_int_equal(sp_toml_parse(sp_slice_of(good_documents[i]), &doc, NULL), SP_OK);
    }
}

static void test_values_and_keys_know_their_places(void **state)
{
    (void)state;
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    struct sp_slice in = sp_slice_of("# one\n[server]\n  listen = \"x\"\n[[t]]\na.b = [1,\n 2]\n");
    assert_int_equal(sp_toml_parse(in, &doc, NULL), SP_OK);
    const struct sp_toml_value *root = sp_toml_root(doc);
    const struct sp_toml_value *listen = sp_toml_get(sp_toml_get(root, "server"), "listen");
    assert_int_equal(sp_toml_key_place(listen).line, 3);
    assert_int_equal(sp_toml_key_place(listen).column, 3);
    assert_int_equal(sp_toml_place(listen).column, 12);
    assert_int_equal(sp_toml_key_place(sp_toml_get(root, "server")).column, 2);
    const struct sp_toml_value *b =
        sp_toml_get(sp_toml_get(sp_toml_first(sp_toml_get(root, "t")), "a"), "b");
    assert_int_equal(sp_toml_count(b), 2);
    assert_int_equal(sp_toml_place(sp_toml_next(sp_toml_first(b))).line, 6);
    assert_int_equal(sp_toml_place(sp_toml_next(sp_toml_first(b))).column, 2);
    assert_true(sp_slice_is(sp_toml_key(b), "b"));
    assert_int_equal(sp_toml_key(sp_toml_first(b)).len, 0);
    assert_null(sp_toml_get(b, "b"));
    assert_null(sp_toml_get(NULL, "b"));
    assert_int_equal(sp_toml_count(NULL), 0);
}

/* `levels` arrays inside one another. */
static enum sp_err try_depth(size_t levels)
{
    uint8_t text[1024] = "v=";
    size_t len = 2;
    for (size_t i = 0; i < levels; i++) {
        text[len++] = '[';
    }
    for (size_t i = 0; i < levels; i++) {
        text[len++] = ']';
    }
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    return sp_toml_parse(sp_slice_make(text, len), &doc, NULL);
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(try_depth(SP_TOML_DEPTH_MAX), SP_OK);
    assert_int_equal(try_depth(SP_TOML_DEPTH_MAX + 1), SP_ERR_CONFIG);
    assert_int_equal(try_depth(500), SP_ERR_CONFIG);
}

static void test_a_table_of_many_keys_costs_no_square(void **state)
{
    (void)state;
    static uint8_t text[2 * 1024 * 1024];
    size_t len = 0;
    for (unsigned i = 0; i < 100000; i++) {
        unsigned n = i;
        text[len++] = 'k';
        for (unsigned k = 0; k < 6; k++) {
            text[len++] = (uint8_t)('0' + n % 10);
            n /= 10;
        }
        text[len++] = '=';
        text[len++] = '1';
        text[len++] = '\n';
    }
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    assert_int_equal(sp_toml_parse(sp_slice_make(text, len), &doc, NULL), SP_OK);
    assert_int_equal(sp_toml_count(sp_toml_root(doc)), 100000);
    assert_non_null(sp_toml_get(sp_toml_root(doc), "k999990"));
}

/* --- one by one --- */

struct handed {
    unsigned count;
    unsigned most; /* SP_ERR_FULL beyond */
    size_t held;   /* members of all of them */
    const struct sp_toml_value *last;
};

static enum sp_err take(void *ctx, const struct sp_toml_value *table)
{
    struct handed *handed = ctx;
    int64_t number = -1;
    if (handed->count == handed->most) {
        return SP_ERR_FULL;
    }
    assert_int_equal(sp_toml_integer(sp_toml_get(table, "n"), &number), SP_OK);
    assert_int_equal(number, handed->count);
    assert_int_equal(sp_toml_place(table).line, handed->count * 4 + 2);
    assert_non_null(sp_toml_get(sp_toml_get(table, "deep"), "a"));
    handed->count++;
    handed->held += sp_toml_count(table);
    handed->last = table;
    return SP_OK;
}

static void put_items(struct sp_buf *out, unsigned count)
{
    sp_buf_init(out, 1024 * 1024);
    assert_int_equal(sp_buf_put_text(out, "first = 1\n"), SP_OK);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(sp_buf_putf(out, "[[item]]\nn = %u\n[item.deep]\na = [1, {b = 2}]\n", i),
                         SP_OK);
    }
}

static void test_tables_are_handed_over_and_not_kept(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf in;
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    struct handed handed = {.most = 2000};
    const struct sp_toml_each each = {.name = "item", .fn = take, .ctx = &handed};
    put_items(&in, 2000);
    assert_int_equal(sp_buf_put_text(&in, "[other]\nx = 1\n[[more]]\nn = 5\n"), SP_OK);
    assert_int_equal(sp_toml_parse_each(sp_buf_slice(&in), &each, &doc, NULL), SP_OK);
    assert_int_equal(handed.count, 2000);
    assert_int_equal(handed.held, 4000);
    const struct sp_toml_value *root = sp_toml_root(doc);
    assert_int_equal(sp_toml_count(sp_toml_get(root, "item")), 2000);
    assert_null(sp_toml_first(sp_toml_get(root, "item")));
    assert_non_null(sp_toml_get(root, "first"));
    assert_non_null(sp_toml_get(sp_toml_get(root, "other"), "x"));
    assert_non_null(sp_toml_get(sp_toml_first(sp_toml_get(root, "more")), "n"));
}

static void test_who_is_handed_a_table_may_end_the_reading(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf in;
    struct sp_toml *doc = NULL;
    struct handed handed = {.most = 3};
    const struct sp_toml_each each = {.name = "item", .fn = take, .ctx = &handed};
    put_items(&in, 4);
    assert_int_equal(sp_toml_parse_each(sp_buf_slice(&in), &each, &doc, NULL), SP_ERR_FULL);
    assert_null(doc);
    assert_int_equal(handed.count, 3);
}

static enum sp_err count(void *ctx, const struct sp_toml_value *table)
{
    (void)table;
    ++*(unsigned *)ctx;
    return SP_OK;
}

/* Only [[item]] of the root: neither one beneath it, nor an array in brackets, nor a table. */
static void test_only_headers_of_that_name_are_handed_over(void **state)
{
    static const struct {
        const char *in;
        unsigned count;
        size_t kept;
    } cases[] = {
        {"[[item]]\na=1\n[[item]]\n[[item.item]]\nb=1\n[[item.item]]\n", 2, 0},
        {"item = [{a = 1}, {a = 2}]\n", 0, 2},
        {"[item]\na = 1\n", 0, 1},
        {"[[x.item]]\n[[x.item]]\n", 0, 0},
        {"x = 1\n", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_TOML struct sp_toml *doc = NULL;
        unsigned handed = 0;
        size_t kept = 0;
        const struct sp_toml_each each = {.name = "item", .fn = count, .ctx = &handed};
        assert_int_equal(sp_toml_parse_each(sp_slice_of(cases[i].in), &each, &doc, NULL), SP_OK);
        const struct sp_toml_value *v = sp_toml_first(sp_toml_get(sp_toml_root(doc), "item"));
        for (; v != NULL; v = sp_toml_next(v)) {
            kept++;
        }
        assert_int_equal(handed, cases[i].count);
        assert_int_equal(kept, cases[i].kept);
    }
}

/* A key that is freed and one that comes again are told apart from one that is there twice. */
static void test_keys_of_tables_that_went_may_come_again(void **state)
{
    (void)state;
    struct sp_toml *doc = NULL;
    struct sp_where where = {0};
    unsigned handed = 0;
    const struct sp_toml_each each = {.name = "item", .fn = count, .ctx = &handed};
    assert_int_equal(
        sp_toml_parse_each(SP_SLICE_LITERAL("[[item]]\na=1\n[[item]]\na=1\nb=1\na=2\n"), &each,
                           &doc, &where),
        SP_ERR_CONFIG);
    assert_int_equal(where.line, 6);
    assert_string_equal(where.text, "'a' is already defined in line 4");
    assert_int_equal(handed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_handed_over_and_not_kept),
        cmocka_unit_test(test_who_is_handed_a_table_may_end_the_reading),
        cmocka_unit_test(test_only_headers_of_that_name_are_handed_over),
        cmocka_unit_test(test_keys_of_tables_that_went_may_come_again),
        cmocka_unit_test(test_strings_and_dates_are_decoded),
        cmocka_unit_test(test_numbers_of_every_form),
        cmocka_unit_test(test_infinity_and_nan_have_signs),
        cmocka_unit_test(test_each_rule_is_kept_and_tells_its_place),
        cmocka_unit_test(test_documents_that_only_look_wrong_are_read),
        cmocka_unit_test(test_values_and_keys_know_their_places),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_a_table_of_many_keys_costs_no_square),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
