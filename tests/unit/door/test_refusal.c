/* The door's own answers: whole HTTP messages with a JSON error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "door/refusal.h"

static void test_a_refusal_is_a_whole_answer(void **state)
{
    static const char want[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 51\r\n"
        "Connection: close\r\nx-ms-error-code: BadRequest\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-ms-request-id: 0002c9253feeaa41\r\n\r\n"
        "{\"error\":{\"code\":\"BadRequest\",\"message\":\"a \\\"x\\\"\"}}";
    const struct sp_refusal refusal = {
        .err = SP_ERR_HTTP, .detail = "a \"x\"", .wall_us = 784111777000001U};
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 1024);
    assert_int_equal(sp_refusal_put(&refusal, &out), SP_OK);
    assert_int_equal(out.len, sizeof(want) - 1);
    assert_memory_equal(out.ptr, want, out.len);
}

static void test_the_answer_to_head_keeps_its_length_and_loses_its_body(void **state)
{
    static const char want[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
        "Content-Length: 84\r\nConnection: close\r\nx-ms-error-code: ServiceUnavailable\r\n"
        "Retry-After: 2\r\n\r\n";
    const struct sp_refusal refusal = {
        .err = SP_ERR_UNAVAILABLE, .retry_after_s = 2, .is_head_method = true};
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 1024);
    assert_int_equal(sp_refusal_put(&refusal, &out), SP_OK);
    assert_int_equal(out.len, sizeof(want) - 1);
    assert_memory_equal(out.ptr, want, out.len);
}

static void test_a_refusal_that_does_not_fit_leaves_nothing(void **state)
{
    const struct sp_refusal refusal = {.err = SP_ERR_TIMEOUT};
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 64);
    assert_int_equal(sp_buf_put_text(&out, "before"), SP_OK);
    assert_int_equal(sp_refusal_put(&refusal, &out), SP_ERR_TOO_BIG);
    assert_int_equal(out.len, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_is_a_whole_answer),
        cmocka_unit_test(test_the_answer_to_head_keeps_its_length_and_loses_its_body),
        cmocka_unit_test(test_a_refusal_that_does_not_fit_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
