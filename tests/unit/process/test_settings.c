#include "process/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_settings_arrive_as_they_were_written(void **state)
{
    SP_AUTO_BUF struct sp_buf encoded;
    struct sp_writer w;
    struct sp_settings_relay got;
    const struct sp_settings_relay sent = {.is_embedded = 1,
                                           .pools = SP_SLICE_LITERAL("two blocks"),
                                           .api_version = SP_SLICE_LITERAL("2024-10-02-preview"),
                                           .ca_pem = SP_SLICE_LITERAL("pem"),
                                           .connect_ms = 5000,
                                           .connections_max = 256,
                                           .attempts_max = 4,
                                           .failures_max = 5};
    (void)state;
    sp_buf_init(&encoded, 4096);
    sp_writer_init(&w, &encoded);
    sp_settings_relay_write(&w, &sent);
    assert_int_equal(sp_writer_end(&w), SP_OK);
    assert_int_equal(sp_settings_relay_read(sp_buf_slice(&encoded), &got), SP_OK);
    assert_true(sp_slice_is(got.pools, "two blocks"));
    assert_true(sp_slice_is(got.ca_pem, "pem"));
    assert_int_equal(got.is_embedded, 1);
    assert_int_equal(got.connect_ms, 5000);
    assert_int_equal(got.connections_max, 256);
    assert_int_equal(got.attempts_max, 4);
    assert_int_equal(got.failures_max, 5);
    /* One byte less is too short, one more is left over. */
    assert_int_equal(
        sp_settings_relay_read(sp_slice_sub(sp_buf_slice(&encoded), 0, encoded.len - 1), &got),
        SP_ERR_SHORT);
    assert_int_equal(sp_buf_put_byte(&encoded, 0), SP_OK);
    assert_int_equal(sp_settings_relay_read(sp_buf_slice(&encoded), &got), SP_ERR_TRAILING);
}

static void test_a_list_over_its_limit_is_not_written(void **state)
{
    static uint8_t long_text[SP_MSG_NAME_MAX + 1];
    SP_AUTO_BUF struct sp_buf encoded;
    struct sp_writer w;
    (void)state;
    for (size_t len = SP_MSG_NAME_MAX; len <= SP_MSG_NAME_MAX + 1; len++) {
        const struct sp_settings_token token = {.id = sp_slice_make(long_text, len)};
        sp_buf_init(&encoded, 4096);
        sp_writer_init(&w, &encoded);
        sp_settings_token_write(&w, &token);
        assert_int_equal(sp_writer_end(&w), len > SP_MSG_NAME_MAX ? SP_ERR_TOO_BIG : SP_OK);
        sp_buf_done(&encoded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_arrive_as_they_were_written),
        cmocka_unit_test(test_a_list_over_its_limit_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
