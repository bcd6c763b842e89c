/* Strict JSON: what is taken, what is refused and with which error, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/where.h"
#include "codec/json.h"

static const struct sp_json_limits usual = {1024 * 1024, SP_JSON_DEPTH, SP_JSON_NUL_REFUSED};
static const struct sp_json_limits with_nul = {1024 * 1024, SP_JSON_DEPTH, SP_JSON_NUL_ALLOWED};

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

struct good_case {
    const char *name;
    struct sp_slice in;
    struct sp_slice want; /* as sp_json_print writes it */
};

static const struct good_case good_cases[] = {
    {"null", TEXT("null"), TEXT("null")},
    {"true with blanks", TEXT(" \t\r\n true \n"), TEXT("true")},
    {"false", TEXT("false"), TEXT("false")},
    {"zero", TEXT("0"), TEXT("0")},
    {"minus zero", TEXT("-0"), TEXT("-0")},
    {"fraction keeps its zeros", TEXT("1.10"), TEXT("1.10")},
    {"exponent keeps its form", TEXT("1E+05"), TEXT("1E+05")},
    {"integer past int64", TEXT("123456789012345678901234567890"),
     TEXT("123456789012345678901234567890")},
    {"64 characters of number",
     TEXT("[1234567890123456789012345678901234567890123456789012345678901234,1]"),
     TEXT("[1234567890123456789012345678901234567890123456789012345678901234,1]")},
    {"many zeros",
     TEXT("[\"a\",-0.00000000000000000000000000000000000000000000000000000000000000000001,\"b\"]"),
     TEXT("[\"a\",-0.00000000000000000000000000000000000000000000000000000000000000000001,\"b\"]")},
    {"largest double", TEXT("1.7976931348623157e308"), TEXT("1.7976931348623157e308")},
    {"empty string", TEXT("\"\""), TEXT("\"\"")},
    {"short escapes", TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\\"\\\\/\\b\\f\\n\\r\\t\"")},
    {"escaped letter", TEXT("\"\\u0041\""), TEXT("\"A\"")},
    {"control as escape", TEXT("\"\\u001F\""), TEXT("\"\\u001f\"")},
    {"surrogate pair", TEXT("\"\\uD83D\\uDE00\""), TEXT("\"\xF0\x9F\x98\x80\"")},
    {"three bytes", TEXT("\"\\u20AC\""), TEXT("\"\xE2\x82\xAC\"")},
    {"two bytes", TEXT("\"\\u00e9\""), TEXT("\"\xC3\xA9\"")},
    {"raw utf-8", TEXT("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""),
     TEXT("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"")},
    {"delete is no control here", TEXT("\"\x7F\""), TEXT("\"\x7F\"")},
    {"empty containers", TEXT("[ { } , [ ] ]"), TEXT("[{},[]]")},
    {"nested", TEXT("{\"a\":[1,{\"b\":null}],\"c\":\"d\"}"),
     TEXT("{\"a\":[1,{\"b\":null}],\"c\":\"d\"}")},
    {"keys differ by case", TEXT("{\"a\":1,\"A\":2}"), TEXT("{\"a\":1,\"A\":2}")},
    {"equal keys in different objects", TEXT("[{\"a\":1},{\"a\":1}]"),
     TEXT("[{\"a\":1},{\"a\":1}]")},
    {"key of an outer object again", TEXT("{\"a\":{\"a\":1}}"), TEXT("{\"a\":{\"a\":1}}")},
    {"empty key", TEXT("{\"\":1}"), TEXT("{\"\":1}")},
    {"many keys",
     TEXT("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10}"),
     TEXT("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10}")},
};

static void test_a_document_prints_as_it_was_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(good_cases); i++) {
        const struct good_case *c = &good_cases[i];
        print_message("  %s\n", c->name);
        SP_AUTO_JSON struct sp_json *doc = NULL;
        struct sp_where where = {0};
        assert_int_equal(sp_json_parse(c->in, &usual, &doc, &where), SP_OK);
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 4096);
        assert_int_equal(sp_json_print(doc, sp_json_root(doc), &out), SP_OK);
        assert_int_equal(out.len, c->want.len);
        assert_memory_equal(out.ptr, c->want.ptr, out.len);
    }
}

struct bad_case {
    const char *name;
    struct sp_slice in;
    enum sp_err want;
    unsigned line;
    unsigned column;
};

static const struct bad_case bad_cases[] = {
    {"nothing", TEXT(""), SP_ERR_JSON, 1, 1},
    {"blanks only", TEXT(" \n "), SP_ERR_JSON, 2, 2},
    {"byte order mark", TEXT("\xEF\xBB\xBF{}"), SP_ERR_JSON, 1, 1},
    {"bytes after the value", TEXT("{} x"), SP_ERR_JSON, 1, 4},
    {"two values", TEXT("1 2"), SP_ERR_JSON, 1, 3},
    {"NUL after the value", TEXT("{}\0"), SP_ERR_JSON, 1, 3},
    {"form feed is no blank", TEXT("\f1"), SP_ERR_JSON, 1, 1},
    {"word", TEXT("nul"), SP_ERR_JSON, 1, 1},
    {"capital", TEXT("True"), SP_ERR_JSON, 1, 1},
    {"NaN", TEXT("NaN"), SP_ERR_JSON, 1, 1},
    {"infinity", TEXT("-Infinity"), SP_ERR_JSON, 1, 1},
    {"single quotes", TEXT("'a'"), SP_ERR_JSON, 1, 1},
    {"comment", TEXT("/**/1"), SP_ERR_JSON, 1, 1},
    {"leading zero", TEXT("01"), SP_ERR_JSON, 1, 1},
    {"minus alone", TEXT("-"), SP_ERR_JSON, 1, 1},
    {"plus", TEXT("+1"), SP_ERR_JSON, 1, 1},
    {"fraction without digits", TEXT("1."), SP_ERR_JSON, 1, 1},
    {"fraction without integer", TEXT(".5"), SP_ERR_JSON, 1, 1},
    {"exponent without digits", TEXT("1e"), SP_ERR_JSON, 1, 1},
    {"exponent with sign only", TEXT("1e+"), SP_ERR_JSON, 1, 1},
    {"hexadecimal", TEXT("0x10"), SP_ERR_JSON, 1, 2},
    {"underscore", TEXT("1_0"), SP_ERR_JSON, 1, 2},
    {"past the largest double", TEXT("1e400"), SP_ERR_RANGE, 1, 6},
    {"past the largest double, in many digits",
     TEXT("[1, 12345678901234567890123456789012345678901234567890123456789012345e300]"),
     SP_ERR_RANGE, 1, 5},
    {"open string", TEXT("\"abc"), SP_ERR_JSON, 1, 5},
    {"open string after backslash", TEXT("\"abc\\"), SP_ERR_JSON, 1, 5},
    {"escape is cut", TEXT("\"\\u12"), SP_ERR_JSON, 1, 2},
    {"escape with a foreign digit", TEXT("\"\\u12G4\""), SP_ERR_JSON, 1, 2},
    {"escape with a sign", TEXT("\"\\u+123\""), SP_ERR_JSON, 1, 2},
    {"no such escape", TEXT("\"\\x41\""), SP_ERR_JSON, 1, 2},
    {"raw line end in a string", TEXT("\"a\nb\""), SP_ERR_JSON, 1, 3},
    {"raw tab in a string", TEXT("\"a\tb\""), SP_ERR_JSON, 1, 3},
    {"raw NUL in a string", TEXT("\"a\0b\""), SP_ERR_NUL, 1, 3},
    {"NUL by escape", TEXT("{\"code\":\"x\\u0000y\"}"), SP_ERR_NUL, 1, 11},
    {"NUL in a key", TEXT("{\"co\\u0000de\":1}"), SP_ERR_NUL, 1, 5},
    {"high surrogate alone", TEXT("\"\\uD83D\""), SP_ERR_UTF8, 1, 2},
    {"high surrogate and a letter", TEXT("\"\\uD83Dx\\uDE00\""), SP_ERR_UTF8, 1, 2},
    {"two high surrogates", TEXT("\"\\uD83D\\uD83D\""), SP_ERR_UTF8, 1, 2},
    {"low surrogate alone", TEXT("\"\\uDE00\""), SP_ERR_UTF8, 1, 2},
    {"stray continuation", TEXT("\"\x80\""), SP_ERR_UTF8, 1, 2},
    {"overlong", TEXT("\"\xC0\xAF\""), SP_ERR_UTF8, 1, 2},
    {"surrogate as utf-8", TEXT("\"\xED\xA0\x80\""), SP_ERR_UTF8, 1, 2},
    {"past U+10FFFF", TEXT("\"\xF4\x90\x80\x80\""), SP_ERR_UTF8, 1, 2},
    {"cut sequence", TEXT("\"\xE2\x82\""), SP_ERR_UTF8, 1, 2},
    {"byte FF", TEXT("\"\xFF\""), SP_ERR_UTF8, 1, 2},
    {"open array", TEXT("[1"), SP_ERR_JSON, 1, 3},
    {"comma at the end", TEXT("[1,]"), SP_ERR_JSON, 1, 4},
    {"comma at the start", TEXT("[,1]"), SP_ERR_JSON, 1, 2},
    {"no comma", TEXT("[1 2]"), SP_ERR_JSON, 1, 4},
    {"wrong bracket", TEXT("[1}"), SP_ERR_JSON, 1, 3},
    {"bracket too many", TEXT("[1]]"), SP_ERR_JSON, 1, 4},
    {"open object", TEXT("{\"a\":1"), SP_ERR_JSON, 1, 7},
    {"comma before the brace", TEXT("{\"a\":1,}"), SP_ERR_JSON, 1, 8},
    {"no colon", TEXT("{\"a\" 1}"), SP_ERR_JSON, 1, 6},
    {"key without quotes", TEXT("{a:1}"), SP_ERR_JSON, 1, 2},
    {"number as key", TEXT("{1:1}"), SP_ERR_JSON, 1, 2},
    {"no value", TEXT("{\"a\":}"), SP_ERR_JSON, 1, 6},
    {"equal keys", TEXT("{\"a\":1,\n \"a\":2}"), SP_ERR_DUPLICATE, 2, 2},
    {"equal keys, one escaped", TEXT("{\"code\":1,\"c\\u006fde\":2}"), SP_ERR_DUPLICATE, 1, 11},
    {"equal empty keys", TEXT("{\"\":1,\"\":2}"), SP_ERR_DUPLICATE, 1, 7},
    {"equal keys among many",
     TEXT("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"c\":10}"),
     SP_ERR_DUPLICATE, 1, 56},
    {"equal keys around an object", TEXT("{\"a\":1,\"b\":{\"a\":1},\"a\":2}"), SP_ERR_DUPLICATE, 1,
     20},
};

static void test_each_leniency_is_refused_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(bad_cases); i++) {
        const struct bad_case *c = &bad_cases[i];
        print_message("  %s\n", c->name);
        struct sp_json *doc = NULL;
        struct sp_where where = {0};
        assert_int_equal(sp_json_parse(c->in, &usual, &doc, &where), c->want);
        assert_null(doc);
        assert_int_equal(where.line, c->line);
        assert_int_equal(where.column, c->column);
        assert_true(strlen(where.text) > 0);
    }
}

static void test_depth_counts_containers(void **state)
{
    (void)state;
    const struct sp_json_limits two = {1024, 2, SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    assert_int_equal(sp_json_parse(sp_slice_of("[[1]]"), &two, &doc, NULL), SP_OK);
    struct sp_json *none = NULL;
    assert_int_equal(sp_json_parse(sp_slice_of("[[[1]]]"), &two, &none, NULL), SP_ERR_DEPTH);
    assert_int_equal(sp_json_parse(sp_slice_of("[{\"a\":[]}]"), &two, &none, NULL), SP_ERR_DEPTH);
    assert_null(none);
}

static void test_the_deepest_document_is_read_and_printed(void **state)
{
    (void)state;
    const struct sp_json_limits deepest = {1024, SP_JSON_DEPTH_MAX, SP_JSON_NUL_REFUSED};
    uint8_t text[2 * SP_JSON_DEPTH_MAX];
    memset(text, '[', SP_JSON_DEPTH_MAX);
    memset(text + SP_JSON_DEPTH_MAX, ']', SP_JSON_DEPTH_MAX);
    SP_AUTO_JSON struct sp_json *doc = NULL;
    assert_int_equal(sp_json_parse(sp_slice_make(text, sizeof(text)), &deepest, &doc, NULL), SP_OK);
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 4096);
    assert_int_equal(sp_json_print(doc, sp_json_root(doc), &out), SP_OK);
    assert_int_equal(out.len, sizeof(text));
}

static void test_size_is_capped_before_anything_is_read(void **state)
{
    (void)state;
    const struct sp_json_limits four = {4, 8, SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    assert_int_equal(sp_json_parse(sp_slice_of("null"), &four, &doc, NULL), SP_OK);
    struct sp_json *none = NULL;
    assert_int_equal(sp_json_parse(sp_slice_of("false"), &four, &none, NULL), SP_ERR_TOO_BIG);
}

static void test_an_allowed_nul_arrives_whole(void **state)
{
    (void)state;
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_slice in =
        SP_SLICE_LITERAL("{\"a\":\"\\u0000x\\\\u0000\\u0000\",\"b\":\"y\",\"n\":1.50}");
    assert_int_equal(sp_json_parse(in, &with_nul, &doc, NULL), SP_OK);
    struct sp_slice out;
    assert_int_equal(sp_json_string(sp_json_get(sp_json_root(doc), "a"), &out), SP_OK);
    assert_true(sp_slice_equal(out, SP_SLICE_LITERAL("\0x\\u0000\0")));
    SP_AUTO_BUF struct sp_buf printed;
    sp_buf_init(&printed, 4096);
    assert_int_equal(sp_json_print(doc, sp_json_root(doc), &printed), SP_OK);
    assert_true(sp_slice_equal(sp_buf_slice(&printed), in));
    struct sp_json *none = NULL;
    assert_int_equal(sp_json_parse(SP_SLICE_LITERAL("{\"a\\u0000\":1}"), &with_nul, &none, NULL),
                     SP_ERR_NUL);
    assert_int_equal(sp_json_parse(SP_SLICE_LITERAL("\"\0\""), &with_nul, &none, NULL), SP_ERR_NUL);
    assert_int_equal(sp_json_parse(SP_SLICE_LITERAL("\"\xFF\""), &with_nul, &none, NULL),
                     SP_ERR_UTF8);
}

/* The longest number that is read, and one digit more. */
static void test_numbers_are_long_to_a_bound(void **state)
{
    (void)state;
    char text[SP_JSON_NUMBER_BYTES_MAX + 1];
    memset(text, '0', sizeof(text));
    memcpy(text, "0.5", 3);
    SP_AUTO_JSON struct sp_json *doc = NULL;
    double value = 0;
    assert_int_equal(
        sp_json_parse(sp_slice_make(text, SP_JSON_NUMBER_BYTES_MAX), &usual, &doc, NULL), SP_OK);
    assert_int_equal(sp_json_double(sp_json_root(doc), &value), SP_OK);
    assert_true(value > 0.4999 && value < 0.5001);
    struct sp_json *none = NULL;
    assert_int_equal(sp_json_parse(sp_slice_make(text, sizeof(text)), &usual, &none, NULL),
                     SP_ERR_RANGE);
}

struct integer_case {
    const char *text;
    enum sp_err want;
    int64_t value;
};

static const struct integer_case integer_cases[] = {
    {"0", SP_OK, 0},
    {"-0", SP_OK, 0},
    {"9223372036854775807", SP_OK, INT64_MAX},
    {"9223372036854775808", SP_ERR_RANGE, 0},
    {"-9223372036854775808", SP_OK, INT64_MIN},
    {"-9223372036854775809", SP_ERR_RANGE, 0},
    {"9007199254740993", SP_OK, 9007199254740993}, /* no double holds this one */
    {"1.0", SP_ERR_INVALID, 0},
    {"1e3", SP_ERR_INVALID, 0},
    {"\"1\"", SP_ERR_INVALID, 0},
    {"true", SP_ERR_INVALID, 0},
};

static void test_integers_are_exact_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(integer_cases); i++) {
        const struct integer_case *c = &integer_cases[i];
        print_message("  %s\n", c->text);
        SP_AUTO_JSON struct sp_json *doc = NULL;
        assert_int_equal(sp_json_parse(sp_slice_of(c->text), &usual, &doc, NULL), SP_OK);
        int64_t value = 77;
        assert_int_equal(sp_json_integer(doc, sp_json_root(doc), &value), c->want);
        assert_true(value == (c->want == SP_OK ? c->value : 77));
    }
}

static void test_members_are_found_by_exact_name(void **state)
{
    (void)state;
    SP_AUTO_JSON struct sp_json *doc = NULL;
    assert_int_equal(sp_json_parse(sp_slice_of("{\"Code\":\"a\",\"list\":[1,true,null],\"d\":0.5}"),
                                   &usual, &doc, NULL),
                     SP_OK);
    const struct sp_json_value *root = sp_json_root(doc);
    assert_null(sp_json_get(root, "code"));
    assert_non_null(sp_json_get(root, "Code"));
    assert_null(sp_json_get(NULL, "Code"));
    const struct sp_json_value *list = sp_json_get(root, "list");
    assert_null(sp_json_get(list, "Code"));
    assert_int_equal(sp_json_count(list), 3);
    assert_int_equal(sp_json_count(root), 3);
    bool flag = false;
    assert_int_equal(sp_json_bool(sp_json_next(sp_json_first(list)), &flag), SP_OK);
    assert_true(flag);
    assert_int_equal(sp_json_bool(sp_json_first(list), &flag), SP_ERR_INVALID);
    assert_true(sp_json_is(sp_json_next(sp_json_next(sp_json_first(list))), SP_JSON_NULL));
    double half = 0;
    assert_int_equal(sp_json_double(sp_json_get(root, "d"), &half), SP_OK);
    assert_true(half > 0.49 && half < 0.51);
    assert_true(sp_slice_is(sp_json_key(sp_json_first(root)), "Code"));
    struct sp_slice text;
    assert_int_equal(sp_json_string(NULL, &text), SP_ERR_INVALID);
}

/* An object made to be slow: equal long prefixes, so that every comparison is long. */
static void test_a_hostile_object_costs_no_square(void **state)
{
    (void)state;
    const unsigned keys = 20000;
    SP_AUTO_BUF struct sp_buf in;
    sp_buf_init(&in, 1024 * 1024);
    assert_int_equal(sp_buf_put_byte(&in, '{'), SP_OK);
    for (unsigned i = 0; i < keys; i++) {
        assert_int_equal(
            sp_buf_putf(&in, "%s\"aaaaaaaaaaaaaaaaaaaaaaaa%u\":1", i == 0 ? "" : ",", i), SP_OK);
    }
    assert_int_equal(sp_buf_put_byte(&in, '}'), SP_OK);
    SP_AUTO_JSON struct sp_json *doc = NULL;
    assert_int_equal(sp_json_parse(sp_buf_slice(&in), &usual, &doc, NULL), SP_OK);
    assert_int_equal(sp_json_count(sp_json_root(doc)), keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_document_prints_as_it_was_meant),
        cmocka_unit_test(test_each_leniency_is_refused_at_its_place),
        cmocka_unit_test(test_depth_counts_containers),
        cmocka_unit_test(test_the_deepest_document_is_read_and_printed),
        cmocka_unit_test(test_size_is_capped_before_anything_is_read),
        cmocka_unit_test(test_an_allowed_nul_arrives_whole),
        cmocka_unit_test(test_numbers_are_long_to_a_bound),
        cmocka_unit_test(test_integers_are_exact_or_refused),
        cmocka_unit_test(test_members_are_found_by_exact_name),
        cmocka_unit_test(test_a_hostile_object_costs_no_square),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
