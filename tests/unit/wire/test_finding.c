#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/finding.h"

static const struct sp_finding sample = {
    .action = SP_ACTION_WARN,
    .rule = {(const uint8_t *)"modules.network", 15},
    .message = {(const uint8_t *)"socket opens connections", 24},
    .line = 3,
    .column = 8,
    .end_line = 3,
    .end_column = 14,
};

static void test_what_is_written_is_read(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    struct sp_reader r;
    struct sp_finding got = {0};
    (void)state;
    sp_buf_init(&b, 1024);
    sp_writer_init(&w, &b);
    sp_finding_write(&w, &sample);
    assert_int_equal(sp_writer_end(&w), SP_OK);
    sp_reader_init(&r, sp_buf_slice(&b));
    assert_int_equal(sp_finding_read(&r, &got), SP_OK);
    assert_int_equal(sp_reader_end(&r), SP_OK);
    assert_int_equal(got.action, SP_ACTION_WARN);
    assert_true(sp_slice_is(got.rule, "modules.network"));
    assert_true(sp_slice_is(got.message, "socket opens connections"));
    assert_int_equal(got.line, 3);
    assert_int_equal(got.column, 8);
    assert_int_equal(got.end_line, 3);
    assert_int_equal(got.end_column, 14);
}

static void test_every_cut_is_refused_and_moves_nothing(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    (void)state;
    sp_buf_init(&b, 1024);
    sp_writer_init(&w, &b);
    sp_finding_write(&w, &sample);
    for (size_t len = 0; len < b.len; len++) {
        struct sp_reader r;
        struct sp_finding got = {.line = 99};
        sp_reader_init(&r, sp_slice_make(b.ptr, len));
        assert_int_equal(sp_finding_read(&r, &got), SP_ERR_SHORT);
        assert_int_equal(sp_reader_left(&r), len);
        assert_int_equal(got.line, 99);
    }
}

static void test_bad_values_are_refused(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t byte;
        enum sp_err want;
    } rows[] = {
        {"action that does not exist", 0, SP_ACTION_COUNT, SP_ERR_WIRE},
        {"rule that is no UTF-8", 5, 0xFF, SP_ERR_UTF8},
        {"rule over its limit", 3, 0xFF, SP_ERR_TOO_BIG},
        {"message that is no UTF-8", 24, 0xFF, SP_ERR_UTF8},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_BUF struct sp_buf b;
        struct sp_writer w;
        struct sp_reader r;
        struct sp_finding got = {0};
        print_message("  %s\n", rows[i].name);
        sp_buf_init(&b, 1024);
        sp_writer_init(&w, &b);
        sp_finding_write(&w, &sample);
        b.ptr[rows[i].at] = rows[i].byte;
        sp_reader_init(&r, sp_buf_slice(&b));
        assert_int_equal(sp_finding_read(&r, &got), rows[i].want);
        assert_int_equal(sp_reader_left(&r), b.len);
    }
}

static void test_long_text_is_cut_between_characters(void **state)
{
    SP_AUTO_BUF struct sp_buf text;
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    struct sp_reader r;
    struct sp_finding long_one = sample;
    struct sp_finding got = {0};
    (void)state;
    sp_buf_init(&text, 1024);
    sp_buf_init(&b, 1024);
    assert_int_equal(sp_buf_put_byte(&text, 'a'), SP_OK);
    while (text.len < SP_FINDING_MESSAGE_MAX + 20) {
        assert_int_equal(sp_buf_put_text(&text, "\xE2\x82\xAC"), SP_OK);
    }
    long_one.message = sp_buf_slice(&text);
    sp_writer_init(&w, &b);
    sp_finding_write(&w, &long_one);
    sp_reader_init(&r, sp_buf_slice(&b));
    assert_int_equal(sp_finding_read(&r, &got), SP_OK);
    assert_true(got.message.len <= SP_FINDING_MESSAGE_MAX &&
                got.message.len > SP_FINDING_MESSAGE_MAX - 3);
    assert_int_equal(got.message.len % 3, 1);
}

static void test_actions_have_names_and_unknown_reads_as_deny(void **state)
{
    (void)state;
    assert_string_equal(sp_action_name(SP_ACTION_DENY), "deny");
    assert_string_equal(sp_action_name(SP_ACTION_WARN), "warn");
    assert_string_equal(sp_action_name(SP_ACTION_SHADOW), "shadow");
    assert_string_equal(sp_action_name(SP_ACTION_COUNT), "deny");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_every_cut_is_refused_and_moves_nothing),
        cmocka_unit_test(test_bad_values_are_refused),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
        cmocka_unit_test(test_actions_have_names_and_unknown_reads_as_deny),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
