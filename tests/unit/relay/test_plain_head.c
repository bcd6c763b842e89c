/* plain_head: what differs between requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/plain_head.h"

static const struct {
    struct sp_http_request request;
    const char *want;
} cases[] = {
    {{.target = {(const uint8_t *)"/x", 2}, .body = {(const uint8_t *)"{}", 2}},
     "POST /x HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\nContent-Type: "
     "application/json\r\nContent-Length: 2\r\n\r\n"},
    {{.target = {(const uint8_t *)"/x", 2}},
     "POST /x HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\nContent-Type: "
     "application/json\r\nContent-Length: 0\r\n\r\n"},
    {{.method = "GET", .target = {(const uint8_t *)"/x", 2}},
     "GET /x HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n"},
    {{.method = "GET", .target = {(const uint8_t *)"/x", 2}, .is_stream = true},
     "GET /x HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n"},
    {{.method = "DELETE",
      .target = {(const uint8_t *)"/x", 2},
      .traceparent = {(const uint8_t *)"00-1", 4}},
     "DELETE /x HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\ntraceparent: 00-1\r\n\r\n"},
    {{.method = "GET",
      .target = {(const uint8_t *)"/x", 2},
      .fields = {{"X-A", {(const uint8_t *)"1", 1}}, {"X-B", {(const uint8_t *)"2", 1}}}},
     "GET /x HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\nX-A: 1\r\nX-B: 2\r\n\r\n"},
    {{.target = {(const uint8_t *)"/x", 2},
      .content_type = {(const uint8_t *)"a/b", 3},
      .body = {(const uint8_t *)"1", 1},
      .content = {(const uint8_t *)"22", 2},
      .tail = {(const uint8_t *)"333", 3}},
     "POST /x HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\nContent-Type: "
     "a/b\r\nContent-Length: 6\r\n\r\n"},
};

static void test_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 1024);
        assert_int_equal(
            sp_plain_put_head(SP_SLICE_LITERAL("Host: h\r\n"), &cases[i].request, &out), SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
