#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include <cmocka.h>
#include <string.h>

static struct sp_text over(const char *text)
{
    struct sp_text t;
    sp_text_init(&t, sp_slice_of(text));
    return t;
}

static void test_byte_and_literal_move_only_on_a_match(void **state)
{
    struct sp_text t = over("HTTP/1.1");
    (void)state;
    assert_int_equal(sp_text_byte(&t, 'h'), SP_ERR_INVALID);
    assert_int_equal(sp_text_literal(&t, "HTTP/2"), SP_ERR_INVALID);
    assert_int_equal(sp_text_literal(&t, "HTTP/1.1 "), SP_ERR_SHORT);
    assert_int_equal(t.at, 0);
    assert_int_equal(sp_text_byte(&t, 'H'), SP_OK);
    assert_int_equal(sp_text_literal(&t, "TTP/1.1"), SP_OK);
    assert_true(sp_text_at_end(&t));
    assert_int_equal(sp_text_peek(&t), -1);
    assert_int_equal(sp_text_byte(&t, 'x'), SP_ERR_SHORT);
}

static void test_run_is_bounded(void **state)
{
    struct sp_text t = over("123x");
    struct sp_slice out = {NULL, 99};
    (void)state;
    assert_int_equal(sp_text_run(&t, sp_text_is_digit, 2, &out), SP_ERR_TOO_BIG);
    assert_int_equal(sp_text_run(&t, sp_text_is_alpha, 9, &out), SP_ERR_INVALID);
    assert_int_equal(out.len, 99);
    assert_int_equal(t.at, 0);
    assert_int_equal(sp_text_run(&t, sp_text_is_digit, 3, &out), SP_OK);
    assert_true(sp_slice_is(out, "123"));
    assert_true(sp_slice_is(sp_text_rest(&t), "x"));
    assert_int_equal(sp_text_run(&t, sp_text_is_digit, 3, &out), SP_ERR_SHORT);
}

static void test_skip_takes_also_nothing(void **state)
{
    struct sp_text t = over("  x");
    (void)state;
    assert_int_equal(sp_text_skip(&t, sp_text_is_digit).len, 0);
    assert_int_equal(sp_text_skip(&t, sp_text_is_space).len, 2);
    assert_int_equal(sp_text_peek(&t), 'x');
}

static void test_until_takes_the_delimiter(void **state)
{
    struct sp_text t = over("key: value");
    struct sp_slice out = {NULL, 99};
    (void)state;
    assert_int_equal(sp_text_until(&t, ':', 2, &out), SP_ERR_TOO_BIG);
    assert_int_equal(sp_text_until(&t, ';', 99, &out), SP_ERR_SHORT);
    assert_int_equal(out.len, 99);
    assert_int_equal(t.at, 0);
    assert_int_equal(sp_text_until(&t, ':', 3, &out), SP_OK);
    assert_true(sp_slice_is(out, "key"));
    assert_int_equal(t.at, 4);
}

static void test_number_stops_at_the_first_other_byte(void **state)
{
    struct sp_text t = over("120;");
    uint64_t value = 99;
    (void)state;
    assert_int_equal(sp_text_number(&t, 119, &value), SP_ERR_RANGE);
    assert_int_equal(value, 99);
    assert_int_equal(t.at, 0);
    assert_int_equal(sp_text_number(&t, 120, &value), SP_OK);
    assert_int_equal(value, 120);
    assert_int_equal(sp_text_number(&t, 120, &value), SP_ERR_INVALID);
    assert_int_equal(sp_text_byte(&t, ';'), SP_OK);
    assert_int_equal(sp_text_number(&t, 120, &value), SP_ERR_SHORT);
}

static void test_classes(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool digit = byte >= '0' && byte <= '9';
        bool upper = byte >= 'A' && byte <= 'Z';
        bool lower = byte >= 'a' && byte <= 'z';
        assert_int_equal(sp_text_is_digit((uint8_t)byte), digit);
        assert_int_equal(sp_text_is_alpha((uint8_t)byte), upper || lower);
        assert_int_equal(sp_text_is_alnum((uint8_t)byte), digit || upper || lower);
        assert_int_equal(sp_text_is_hex((uint8_t)byte),
                         digit || (upper && byte <= 'F') || (lower && byte <= 'f'));
        assert_int_equal(sp_text_is_space((uint8_t)byte), byte == ' ' || byte == '\t');
    }
}

static void test_utf8(void **state)
{
    static const struct {
        const char *name;
        const char *in;
        enum sp_err want;
        uint32_t first;
    } rows[] = {
        {"ascii", "A", SP_OK, 'A'},
        {"two bytes, lowest", "\xC2\x80", SP_OK, 0x80},
        {"three bytes, lowest", "\xE0\xA0\x80", SP_OK, 0x800},
        {"four bytes, lowest", "\xF0\x90\x80\x80", SP_OK, 0x10000},
        {"the last code point", "\xF4\x8F\xBF\xBF", SP_OK, 0x10FFFF},
        {"one beyond the last", "\xF4\x90\x80\x80", SP_ERR_UTF8, 0},
        {"overlong slash, two bytes", "\xC0\xAF", SP_ERR_UTF8, 0},
        {"overlong slash, three bytes", "\xE0\x80\xAF", SP_ERR_UTF8, 0},
        {"overlong, four bytes", "\xF0\x80\x80\xAF", SP_ERR_UTF8, 0},
        {"first surrogate", "\xED\xA0\x80", SP_ERR_UTF8, 0},
        {"last before the surrogates", "\xED\x9F\xBF", SP_OK, 0xD7FF},
        {"last surrogate", "\xED\xBF\xBF", SP_ERR_UTF8, 0},
        {"first after the surrogates", "\xEE\x80\x80", SP_OK, 0xE000},
        {"lone continuation", "\x80", SP_ERR_UTF8, 0},
        {"cut off", "\xE2\x82", SP_ERR_UTF8, 0},
        {"continuation missing", "\xC3(", SP_ERR_UTF8, 0},
        {"byte that never occurs", "\xFF", SP_ERR_UTF8, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_text t = over(rows[i].in);
        uint32_t value = 99;
        size_t at = 99;
        print_message("  %s\n", rows[i].name);
        assert_int_equal(sp_utf8_next(&t, &value), rows[i].want);
        assert_int_equal(value, rows[i].want == SP_OK ? rows[i].first : 99);
        assert_int_equal(sp_text_at_end(&t), rows[i].want == SP_OK);
        assert_int_equal(sp_utf8_check(sp_slice_of(rows[i].in), &at), rows[i].want);
        assert_int_equal(at, rows[i].want == SP_OK ? 99 : 0);
    }
}

static void test_utf8_check_says_where(void **state)
{
    size_t at = 99;
    (void)state;
    assert_int_equal(sp_utf8_check(sp_slice_of("caf\xC3\xA9 \xFF!"), &at), SP_ERR_UTF8);
    assert_int_equal(at, 6);
    struct sp_text t = over("");
    uint32_t value = 0;
    assert_int_equal(sp_utf8_next(&t, &value), SP_ERR_SHORT);
    assert_int_equal(sp_utf8_check(sp_slice_make(NULL, 0), &at), SP_OK);
}

/* The bad byte at each place of a text whose length is no multiple of a step, after plain and after longer characters. */
static void test_utf8_check_misses_no_place(void **state)
{
    (void)state;
    for (size_t len = 1; len < 40; len++) {
        for (size_t bad = 0; bad < len; bad++) {
            char text[48];
            size_t at = 99;
            memset(text, 'a', sizeof(text));
            memcpy(text, "\xC3\xA9", bad >= 2 ? 2 : 0);
            assert_int_equal(sp_utf8_check(sp_slice_make(text, len), &at), SP_OK);
            text[bad] = '\x80';
            assert_int_equal(sp_utf8_check(sp_slice_make(text, len), &at), SP_ERR_UTF8);
            assert_int_equal(at, bad);
        }
    }
}

/* Every code point that there is, written and read back, takes the length that its range has. */
static void test_utf8_put_is_read_back(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF) {
            continue;
        }
        uint8_t bytes[SP_UTF8_MAX];
        const size_t len = sp_utf8_put(bytes, code);
        struct sp_text t = {.in = sp_slice_make(bytes, len)};
        uint32_t back = 0;
        assert_int_equal(sp_utf8_next(&t, &back), SP_OK);
        assert_int_equal(back, code);
        assert_true(sp_text_at_end(&t));
    }
}

/* Every byte at every place of texts that are and are not a multiple of a step long. */
static void test_small_hex_takes_digits_and_small_letters(void **state)
{
    (void)state;
    assert_true(sp_text_is_small_hex(sp_slice_make(NULL, 0)));
    for (size_t len = 1; len < 20; len++) {
        for (size_t at = 0; at < len; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char text[20] = "0123456789abcdef012";
                text[at] = (char)byte;
                const bool want = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
                assert_int_equal(sp_text_is_small_hex(sp_slice_make(text, len)), want);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_and_literal_move_only_on_a_match),
        cmocka_unit_test(test_run_is_bounded),
        cmocka_unit_test(test_skip_takes_also_nothing),
        cmocka_unit_test(test_until_takes_the_delimiter),
        cmocka_unit_test(test_number_stops_at_the_first_other_byte),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_check_says_where),
        cmocka_unit_test(test_utf8_check_misses_no_place),
        cmocka_unit_test(test_utf8_put_is_read_back),
        cmocka_unit_test(test_small_hex_takes_digits_and_small_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
