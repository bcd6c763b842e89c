/* sink: a file is sealed when it is whole, and never longer than its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/memfd.h"
#include "relay/sink.h"

static void test_file_is_sealed_with_what_was_put(void **state)
{
    struct sp_sink sink = {.fd = 0};
    struct sp_payload payload = SP_PAYLOAD_EMPTY;
    struct sp_http_end end = {.state = SP_HTTP_ANSWERED, .why = ""};
    (void)state;
    sp_sink_note(&sink, SP_SLICE_LITERAL("Content-Type:  text/csv \r\n"));
    sp_sink_note(&sink, SP_SLICE_LITERAL("last-modified: Sun, 01 Jan 2026 00:00:00 GMT\r\n"));
    sp_sink_note(&sink, SP_SLICE_LITERAL("X-Other: 1\r\n"));
    assert_int_equal(sp_sink_begin(&sink, 8), SP_OK);
    assert_int_equal(sp_sink_put(&sink, SP_SLICE_LITERAL("12345")), SP_OK);
    assert_int_equal(sp_sink_put(&sink, SP_SLICE_LITERAL("6789")), SP_ERR_TOO_BIG);
    assert_int_equal(sp_sink_put(&sink, SP_SLICE_LITERAL("678")), SP_OK);
    sp_sink_end(&sink, &payload, &end);
    assert_ptr_equal(end.content, &payload);
    assert_true(sp_slice_is(payload.bytes, "12345678"));
    assert_int_equal(sp_memfd_check(payload.fd, 8), SP_OK);
    assert_string_equal(end.content_type, "text/csv");
    assert_string_equal(end.last_modified, "Sun, 01 Jan 2026 00:00:00 GMT");
    sp_payload_done(&payload);
    sp_sink_done(&sink);
}

static void test_file_without_a_byte_is_a_file(void **state)
{
    struct sp_sink sink = {.fd = 0};
    struct sp_payload payload = SP_PAYLOAD_EMPTY;
    (void)state;
    assert_int_equal(sp_sink_begin(&sink, 8), SP_OK);
    assert_int_equal(sp_sink_take(&sink, &payload), SP_OK);
    assert_true(payload.fd > 0 && payload.bytes.len == 0);
    sp_payload_done(&payload);
}

static void test_no_file_and_no_whole_answer_give_none(void **state)
{
    struct sp_sink sink = {.fd = 0};
    struct sp_payload payload = SP_PAYLOAD_EMPTY;
    struct sp_http_end end = {.state = SP_HTTP_ANSWERED};
    (void)state;
    sp_sink_end(&sink, &payload, &end);
    assert_null(end.content);
    assert_int_equal(sp_sink_begin(&sink, 8), SP_OK);
    end.state = SP_HTTP_BROKEN;
    sp_sink_end(&sink, &payload, &end);
    assert_null(end.content);
    sp_sink_done(&sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_is_sealed_with_what_was_put),
        cmocka_unit_test(test_file_without_a_byte_is_a_file),
        cmocka_unit_test(test_no_file_and_no_whole_answer_give_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
