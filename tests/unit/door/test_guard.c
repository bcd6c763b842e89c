/* The guard: what of a connection's bytes gets through, what is answered, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "play.h"

#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* Each line is sent behind a good request, with a good request behind it: 0 means that all three are answered. */
static const struct wire_case {
    const char *name;
    const char *in;
    size_t len;       /* when there is a NUL in it */
    unsigned refused; /* the status, or 0 */
} cases[] = {
    {"a plain request", GET, 0, 0},
    {"a length", POST "Content-Length: 3\r\n\r\nabc", 0, 0},
    {"two lengths", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0, 400},
    {"two lengths that differ", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 0, 400},
    {"a list of lengths", POST "Content-Length: 3, 3\r\n\r\nabc", 0, 400},
    {"a signed length", POST "Content-Length: +3\r\n\r\nabc", 0, 400},
    {"chunks", POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, 0},
    {"chunks and a length",
     POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a length and chunks",
     POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"chunked twice in a list", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 0,
     501},
    {"a coding behind chunked", POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunked in two lines",
     POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"another coding", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"a coding that is hidden", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"a chunk size that is no number",
     POST "Transfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a chunk that is longer than it says",
     POST "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a chunk extension", CHUNKED "3;a=b\r\nabc\r\n0\r\n\r\n", 0, 0},
    {"a quoted chunk extension", CHUNKED "3 ;a = \"b\\\"\"\r\nabc\r\n0;c\r\nT: u\r\n\r\n", 0, 0},
    {"a chunk extension without a name", CHUNKED "3;\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a chunk extension that LF ends", CHUNKED "3;a\nabc\r\n0\r\n\r\n", 0, 400},
    {"a chunk extension with CR inside", CHUNKED "3;a\rb\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a quoted chunk extension with the end of the line inside",
     CHUNKED "3;a=\"\r\nabc\r\n0\r\n\r\n" GET "\"\r\n", 0, 400},
    {"an extension of the last chunk that LF ends", CHUNKED "3\r\nabc\r\n0;a\n\r\n" GET, 0, 400},
    {"a chunk size that a blank ends", CHUNKED "3 \r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a content coding", POST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 0, 415},
    {"a content coding on the second line",
     POST "Content-Encoding: Identity\r\nContent-Encoding: br\r\nTransfer-Encoding: "
          "chunked\r\n\r\n0\r\n\r\n",
     0, 415},
    {"no content coding", POST "Content-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 0, 0},
    {"a charset for a content coding",
     POST "Content-Encoding: UTF-8\r\nContent-Length: 3\r\n\r\nabc", 0, 0},
    {"a content coding of nothing", "GET /a HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n\r\n",
     0, 0},
    {"a fold", "GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 0, 400},
    {"the same field in two lines", "GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\nA: c\r\n\r\n", 0, 0},
    {"two tokens", "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: a\r\nauthorization: a\r\n\r\n", 0,
     400},
    {"two keys", "GET /a HTTP/1.1\r\nHost: h\r\nx-ms-apikey: a\r\nX-MS-APIKEY: b\r\n\r\n", 0, 400},
    {"a token and a key",
     "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: a\r\nx-ms-apikey: b\r\n\r\n", 0, 0},
    {"two types of the body",
     POST "Content-Type: a\r\nContent-Type: b\r\nContent-Length: 1\r\n\r\na", 0, 400},
    {"two idempotency keys",
     "GET /a HTTP/1.1\r\nHost: h\r\nIdempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n", 0, 400},
    {"two names of an operation",
     "GET /a HTTP/1.1\r\nHost: h\r\noperation-id: a\r\noperation-id: b\r\n\r\n", 0, 400},
    {"a bare CR", "GET /a HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", 0, 400},
    {"an LF-only line", "GET /a HTTP/1.1\nHost: h\r\n\r\n", 0, 400},
    {"a NUL", "GET /a HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n", 37, 400},
    {"a space before the colon", "GET /a HTTP/1.1\r\nHost : h\r\n\r\n", 0, 400},
    {"no Host", "GET /a HTTP/1.1\r\n\r\n", 0, 400},
    {"two Hosts", "GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 0, 400},
    {"a target without a slash", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400},
    {"another version", "GET /a HTTP/2.0\r\nHost: h\r\n\r\n", 0, 505},
    {"another expectation", POST "Expect: miracles\r\nContent-Length: 1\r\n\r\na", 0, 417},
    {"an expectation", POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", 0, 0},
};

static struct sp_slice bytes_of(const struct wire_case *c)
{
    return sp_slice_make(c->in, c->len > 0 ? c->len : strlen(c->in));
}

/* The messages in `in` one behind the other, each body without its framing. */
static void unframe(struct sp_slice in, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf head;
    struct sp_http1 p;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    while (in.len > 0) {
        size_t used = 0;
        enum sp_http1_event event = SP_HTTP1_NEED_MORE;
        assert_int_equal(sp_http1_feed(&p, in, &used, &event), SP_OK);
        assert_int_not_equal(event, SP_HTTP1_NEED_MORE);
        in = sp_slice_sub(in, used, in.len);
        if (event == SP_HTTP1_HEAD_DONE) {
            assert_int_equal(sp_buf_put(out, sp_buf_slice(&head)), SP_OK);
        } else if (event == SP_HTTP1_BODY) {
            assert_int_equal(sp_buf_put(out, p.body), SP_OK);
        } else {
            sp_http1_next(&p, SP_HTTP1_REQUEST);
        }
    }
}

/* Front got what was sent: byte by byte, but for the framing of chunks. */
static void check_front(const struct play *p, struct sp_slice in)
{
    SP_AUTO_BUF struct sp_buf got;
    SP_AUTO_BUF struct sp_buf want;
    sp_buf_init(&got, ENOUGH);
    sp_buf_init(&want, ENOUGH);
    unframe(sp_buf_slice(&p->front), &got);
    unframe(in, &want);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.ptr, want.ptr, want.len);
    if (!sp_play_front_has(p, "chunked\r\n\r\n")) {
        assert_int_equal(p->front.len, in.len);
        assert_memory_equal(p->front.ptr, in.ptr, in.len);
    }
}

static void run_case(const struct wire_case *c, size_t step)
{
    struct play p;
    SP_AUTO_BUF struct sp_buf in;
    sp_buf_init(&in, ENOUGH);
    assert_int_equal(sp_buf_put_text(&in, GET), SP_OK);
    assert_int_equal(sp_buf_put(&in, bytes_of(c)), SP_OK);
    assert_int_equal(sp_buf_put_text(&in, GET), SP_OK);
    sp_play_start(&p);
    sp_play_feed(&p, sp_buf_slice(&in), step);
    if (c->refused == 0) {
        assert_int_equal(sp_play_count(&p.client, OK), 3);
        assert_int_equal(p.guard.end, SP_GUARD_OPEN);
        assert_int_equal(p.guard.refused, SP_OK);
        check_front(&p, sp_buf_slice(&in));
    } else {
        char status[64];
        (void)snprintf(status, sizeof(status), "HTTP/1.1 %u ", c->refused);
        assert_int_equal(sp_play_count(&p.client, OK), 1);
        assert_int_equal(sp_play_count(&p.client, "x-ms-error-code: "), 1);
        assert_memory_equal(p.client.ptr, OK, sizeof(OK) - 1);
        assert_memory_equal(p.client.ptr + sizeof(OK) - 1, status, strlen(status));
        assert_true(sp_play_client_has(&p, "Connection: close\r\n"));
        assert_true(sp_play_client_has(&p, "Content-Type: application/json\r\n"));
        assert_true(sp_play_client_has(&p, "{\"error\":{\"code\":\""));
        assert_int_equal(p.guard.end, SP_GUARD_LINGER);
        assert_int_equal(sp_err_http(p.guard.refused), c->refused);
        assert_int_equal(p.guard.requests <= 2, 1);
    }
    sp_play_end(&p);
}

static void test_framing_is_strict_and_does_not_depend_on_how_bytes_arrive(void **state)
{
    static const size_t steps[] = {1, 2, 3, 7, 64, ENOUGH};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        for (size_t s = 0; s < SP_COUNT(steps); s++) {
            print_message("%s, %zu at a time\n", cases[i].name, steps[s]);
            run_case(&cases[i], steps[s]);
        }
    }
}

static void test_a_bad_head_never_reaches_front(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    sp_play_feed(&p, SP_SLICE_LITERAL("GET /a HTTP/1.1\r\nHost: h\r\nsecret : x\r\n\r\n" GET), 5);
    assert_int_equal(p.front.len, 0);
    assert_int_equal(p.guard.refused, SP_ERR_HTTP);
    assert_non_null(p.guard.rule);
    sp_play_end(&p);
}

static void test_cookies_and_blanks_behind_values_stay_outside(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } heads[] = {
        {"Cookie: a=b\r\nHost: h\r\nX: y\r\n", "Host: h\r\nX: y\r\n"},
        {"Host: h\r\ncookie: a=b\r\nX: y\r\nCOOKIE:\r\n", "Host: h\r\nX: y\r\n"},
        {"Host: h\r\nCookies: a=b\r\n", "Host: h\r\nCookies: a=b\r\n"},
        {"Host: h\r\nCookie: a\r\nCookie: b\r\n", "Host: h\r\n"},
        {"Host: h \r\nX: a\t \r\n", "Host: h\r\nX: a\r\n"},
        {"Host:h\t\r\nCookie: a \r\nX:\t a b \r\n", "Host:h\r\nX:\t a b\r\n"},
        {"traceparent: a\r\nHost: h\r\n", "traceparent: a\r\nHost: h\r\n"},
        {"traceparent: a\r\nHost: h\r\nTraceparent: b\r\n", "Host: h\r\n"},
        {"Host: h\r\nX:\r\nY: \t \r\n", "Host: h\r\nX:\r\nY:\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(heads); i++) {
        struct play p;
        char in[128];
        char want[128];
        (void)snprintf(in, sizeof(in), "POST /a HTTP/1.1\r\nContent-Length: 2\r\n%s\r\nok",
                       heads[i].in);
        (void)snprintf(want, sizeof(want), "POST /a HTTP/1.1\r\nContent-Length: 2\r\n%s\r\nok",
                       heads[i].out);
        sp_play_start(&p);
        sp_play_feed(&p, sp_slice_of(in), 3);
        assert_int_equal(p.front.len, strlen(want));
        assert_memory_equal(p.front.ptr, want, p.front.len);
        sp_play_end(&p);
    }
}

static void test_front_gets_the_origin_form_of_an_absolute_one(void **state)
{
    static const char *const targets[][2] = {
        {"GET HtTp://H:80/a?b=http://c/", "GET /a?b=http://c/"},
        {"GET http://h:80", "GET /"},
        {"GET http://h:80?b=/c", "GET /?b=/c"},
        {"OPTIONS http://h:80", "OPTIONS *"},
        {"OPTIONS http://h:80?b", "OPTIONS /?b"},
    };
    static const char tail[] = " HTTP/1.1\r\nHost: h:80\r\n";
    (void)state;
    for (size_t i = 0; i < SP_COUNT(targets); i++) {
        char in[128];
        char want[128];
        struct play p;
        (void)snprintf(in, sizeof(in), "%s%sCookie: x\r\n\r\n", targets[i][0], tail);
        (void)snprintf(want, sizeof(want), "%s%s\r\n", targets[i][1], tail);
        sp_play_start(&p);
        sp_play_feed(&p, sp_slice_of(in), 5);
        assert_int_equal(p.front.len, strlen(want));
        assert_memory_equal(p.front.ptr, want, p.front.len);
        sp_play_end(&p);
    }
}

static void test_chunks_are_framed_anew_without_extensions_and_trailers(void **state)
{
    static const char want[] = CHUNKED "5\r\nabcde\r\n1\r\nf\r\n0\r\n\r\n";
    struct play p;
    (void)state;
    sp_play_start(&p);
    sp_play_feed(&p,
                 SP_SLICE_LITERAL(
                     CHUNKED "0005;a=b\r\nabcde\r\n1 ; c=\"\\\"\"\r\nf\r\n00;z\r\nT: u\r\n\r\n"),
                 ENOUGH);
    assert_int_equal(p.front.len, sizeof(want) - 1);
    assert_memory_equal(p.front.ptr, want, p.front.len);
    sp_play_end(&p);
}

static void test_extensions_without_end_are_refused_as_too_large(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = NULL;
    sp_play_feed(&p, SP_SLICE_LITERAL(CHUNKED "1;a"), ENOUGH);
    for (size_t i = 0; i < SP_HTTP1_EXTENSION_BYTES_MAX; i++) {
        sp_play_feed(&p, SP_SLICE_LITERAL("a"), 1);
    }
    assert_true(sp_play_client_has(&p, "HTTP/1.1 413 "));
    assert_int_equal(p.guard.refused, SP_ERR_TOO_BIG);
    assert_int_equal(p.front.len, sizeof(CHUNKED) - 1);
    sp_play_end(&p);
}

static void test_the_parameters_of_a_query_are_counted(void **state)
{
    char in[512];
    (void)state;
    for (unsigned extra = 0; extra < 2; extra++) {
        struct play p;
        size_t len = (size_t)snprintf(in, sizeof(in), "GET /?");
        for (unsigned i = 1; i < SP_GUARD_PARAMETERS_MAX + extra; i++) {
            in[len++] = 'a';
            in[len++] = '&';
        }
        len += (size_t)snprintf(in + len, sizeof(in) - len, " HTTP/1.1\r\nHost: h\r\n\r\n");
        sp_play_start(&p);
        sp_play_feed(&p, sp_slice_make(in, len), ENOUGH);
        assert_int_equal(p.guard.refused, extra == 0 ? SP_OK : SP_ERR_URI_TOO_LONG);
        assert_int_equal(p.guard.requests, extra == 0 ? 1 : 0);
        sp_play_end(&p);
    }
}

static void test_one_request_is_with_front_at_a_time(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = NULL;
    sp_play_feed(&p, SP_SLICE_LITERAL(GET POST "Content-Length: 1\r\n\r\nx"), ENOUGH);
    assert_false(sp_play_front_has(&p, "POST"));
    assert_false(sp_guard_wants_client(&p.guard));
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    sp_play_deliver(&p);
    assert_true(sp_play_front_has(&p, "POST"));
    assert_true(sp_guard_wants_client(&p.guard));
    sp_play_end(&p);
}

static void test_a_broken_body_is_refused_while_front_has_not_answered(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = NULL;
    sp_play_feed(&p, SP_SLICE_LITERAL(POST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"),
                 ENOUGH);
    sp_play_feed(&p, SP_SLICE_LITERAL("Z" GET), ENOUGH);
    assert_true(sp_play_front_has(&p, "POST"));
    assert_true(sp_play_client_has(&p, "HTTP/1.1 400 "));
    assert_true(p.guard.is_front_over);
    sp_play_end(&p);
}

static void test_a_broken_body_under_an_answer_lets_the_answer_end_first(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = NULL;
    sp_play_feed(&p, SP_SLICE_LITERAL(POST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"),
                 ENOUGH);
    sp_guard_from_front(
        &p.guard, SP_SLICE_LITERAL("HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nab"), p.now_ms);
    sp_play_feed(&p, SP_SLICE_LITERAL("Z" GET), ENOUGH);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL("cd"), p.now_ms);
    sp_play_deliver(&p);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    assert_int_equal(sp_play_count(&p.client, "HTTP/1.1 "), 1);
    assert_true(sp_play_client_has(&p, "Connection: close\r\n\r\nabcd"));
    sp_play_end(&p);
}

static void test_an_early_answer_ends_the_connection(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = NULL;
    sp_play_feed(&p, SP_SLICE_LITERAL(POST "Content-Length: 10\r\n\r\nab"), ENOUGH);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    sp_play_deliver(&p);
    assert_true(sp_play_client_has(&p, "Connection: close\r\n\r\nok"));
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    sp_play_end(&p);
}

static void test_interim_answers_pass(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = "HTTP/1.1 100 Continue\r\n\r\n" OK;
    sp_play_feed(
        &p, SP_SLICE_LITERAL(POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx" GET), 1);
    assert_int_equal(sp_play_count(&p.client, "100 Continue"), 2);
    assert_int_equal(sp_play_count(&p.client, OK), 2);
    sp_play_end(&p);
}

static void test_the_answer_to_head_has_no_body(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    sp_play_feed(&p, SP_SLICE_LITERAL(HEAD HEAD), ENOUGH);
    assert_int_equal(p.guard.requests, 2);
    assert_int_equal(sp_play_count(&p.client, "HTTP/1.1 200"), 2);
    sp_play_end(&p);
}

static void test_an_answer_that_nobody_asked_for_is_not_delivered(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = OK OK;
    sp_play_feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    assert_int_equal(sp_play_count(&p.client, OK), 1);
    assert_true(p.guard.is_front_over);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_play_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing_is_strict_and_does_not_depend_on_how_bytes_arrive),
        cmocka_unit_test(test_a_bad_head_never_reaches_front),
        cmocka_unit_test(test_cookies_and_blanks_behind_values_stay_outside),
        cmocka_unit_test(test_front_gets_the_origin_form_of_an_absolute_one),
        cmocka_unit_test(test_chunks_are_framed_anew_without_extensions_and_trailers),
        cmocka_unit_test(test_extensions_without_end_are_refused_as_too_large),
        cmocka_unit_test(test_the_parameters_of_a_query_are_counted),
        cmocka_unit_test(test_one_request_is_with_front_at_a_time),
        cmocka_unit_test(test_a_broken_body_is_refused_while_front_has_not_answered),
        cmocka_unit_test(test_a_broken_body_under_an_answer_lets_the_answer_end_first),
        cmocka_unit_test(test_an_early_answer_ends_the_connection),
        cmocka_unit_test(test_interim_answers_pass),
        cmocka_unit_test(test_the_answer_to_head_has_no_body),
        cmocka_unit_test(test_an_answer_that_nobody_asked_for_is_not_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
