#include "pool/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REQUEST "POST /executions HTTP/1.1\r\nHost: pool\r\nContent-Length: 2\r\n\r\n{}"

static bool starts(const struct sp_buf *out, const char *text)
{
    return sp_slice_starts(sp_buf_slice(out), text);
}

static void test_request_in_single_bytes_waits_for_its_answer(void **state)
{
    struct sp_pool_http http;
    const struct sp_slice request = SP_SLICE_LITERAL(REQUEST);
    (void)state;
    sp_pool_http_init(&http);
    for (size_t i = 0; i < request.len; i++) {
        size_t consumed = 0;
        assert_int_equal(http.state, SP_POOL_HTTP_READING);
        sp_pool_http_feed(&http, sp_slice_sub(request, i, 1), &consumed);
        assert_int_equal(consumed, 1);
    }
    assert_int_equal(http.state, SP_POOL_HTTP_WAITING);
    assert_true(sp_slice_is(sp_http1_target(&http.parser), "/executions"));
    assert_true(sp_slice_is(sp_buf_slice(&http.body), "{}"));
    sp_pool_http_answer(&http, 200, 0, sp_slice_of("{\"a\":1}"));
    assert_int_equal(http.state, SP_POOL_HTTP_READING);
    assert_true(starts(
        &http.out,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"));
    sp_pool_http_done(&http);
}

static void test_next_request_stays_unread_until_the_answer(void **state)
{
    struct sp_pool_http http;
    const struct sp_slice two = SP_SLICE_LITERAL(REQUEST REQUEST);
    size_t consumed = 0;
    (void)state;
    sp_pool_http_init(&http);
    sp_pool_http_feed(&http, two, &consumed);
    assert_int_equal(consumed, two.len / 2);
    sp_pool_http_answer(&http, 429, 7, sp_slice_of("{}"));
    assert_true(starts(&http.out, "HTTP/1.1 429 Too Many Requests\r\n"));
    sp_pool_http_feed(&http, sp_slice_sub(two, consumed, two.len), &consumed);
    assert_int_equal(http.state, SP_POOL_HTTP_WAITING);
    sp_pool_http_done(&http);
}

static void test_what_breaks_http_is_answered_and_closed(void **state)
{
    static const struct {
        const char *bytes;
        const char *want;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
         "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 413 "},
        {"GET / HTTP/1.1\n\n", "HTTP/1.1 400 "},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 "},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_pool_http http;
        size_t consumed = 0;
        sp_pool_http_init(&http);
        sp_pool_http_feed(&http, sp_slice_of(cases[i].bytes), &consumed);
        if (http.state != SP_POOL_HTTP_CLOSING || !starts(&http.out, cases[i].want)) {
            fail_msg("%s gives %.*s", cases[i].bytes, (int)http.out.len,
                     (const char *)http.out.ptr);
        }
        sp_pool_http_done(&http);
    }
}

static void test_continue_is_sent_before_a_large_body(void **state)
{
    struct sp_pool_http http;
    size_t consumed = 0;
    (void)state;
    sp_pool_http_init(&http);
    sp_pool_http_feed(
        &http,
        sp_slice_of(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
        &consumed);
    assert_true(starts(&http.out, "HTTP/1.1 100 Continue\r\n\r\n"));
    assert_int_equal(http.state, SP_POOL_HTTP_READING);
    sp_pool_http_done(&http);
}

static void test_connection_that_will_close_says_so(void **state)
{
    struct sp_pool_http http;
    size_t consumed = 0;
    (void)state;
    sp_pool_http_init(&http);
    sp_pool_http_feed(&http, sp_slice_of("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                      &consumed);
    sp_pool_http_answer(&http, 204, 0, sp_slice_of(""));
    assert_int_equal(http.state, SP_POOL_HTTP_CLOSING);
    assert_true(sp_slice_is(sp_buf_slice(&http.out),
                            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
    sp_pool_http_done(&http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_in_single_bytes_waits_for_its_answer),
        cmocka_unit_test(test_next_request_stays_unread_until_the_answer),
        cmocka_unit_test(test_what_breaks_http_is_answered_and_closed),
        cmocka_unit_test(test_continue_is_sent_before_a_large_body),
        cmocka_unit_test(test_connection_that_will_close_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
