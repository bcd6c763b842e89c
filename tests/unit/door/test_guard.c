/* The guard: what of a connection's bytes gets through, what is answered, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door/guard.h"

#define GET    "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEAD   "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST   "POST /a HTTP/1.1\r\nHost: h\r\n"
#define OK     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define ENOUGH ((size_t)64 * 1024)

static const struct sp_guard_limits limits = {.head_ms = 1000, .body_ms = 2000, .idle_ms = 5000};

/* A guard, and a front that answers every whole request with the next of `answers` (the last one again and again). */
struct play {
    struct sp_guard guard;
    uint64_t now_ms;
    const char *answer;
    uint64_t answered;
    struct sp_buf front; /* all that front got */
    struct sp_buf client; /* all that the client got */
};

static void start(struct play *p)
{
    *p = (struct play){.now_ms = 1000, .answer = OK};
    sp_guard_init(&p->guard, &limits, p->now_ms);
    sp_buf_init(&p->front, ENOUGH * 8);
    sp_buf_init(&p->client, ENOUGH * 8);
}

static void end(struct play *p)
{
    sp_guard_done(&p->guard);
    sp_buf_done(&p->front);
    sp_buf_done(&p->client);
}

/* Delivers both queues, as a pump with fast sockets would. */
static void deliver(struct play *p)
{
    struct sp_guard *g = &p->guard;
    assert_int_equal(sp_buf_put(&p->front, sp_buf_slice(&g->to_front)), SP_OK);
    sp_guard_front_wrote(g, g->to_front.len);
    assert_int_equal(sp_buf_put(&p->client, sp_buf_slice(&g->to_client)), SP_OK);
    sp_guard_client_wrote(g, g->to_client.len, p->now_ms);
}

static void answer_all(struct play *p, size_t step)
{
    struct sp_guard *g = &p->guard;
    deliver(p);
    while (p->answer != NULL && g->end == SP_GUARD_OPEN && g->is_request_done && p->answered < g->requests) {
        struct sp_slice in = sp_slice_of(p->answer);
        p->answered++;
        for (size_t at = 0; at < in.len; at += step) {
            sp_guard_from_front(g, sp_slice_sub(in, at, step), p->now_ms);
        }
        deliver(p);
    }
}

static void feed(struct play *p, struct sp_slice in, size_t step)
{
    for (size_t at = 0; at < in.len && p->guard.end == SP_GUARD_OPEN; at += step) {
        sp_guard_from_client(&p->guard, sp_slice_sub(in, at, step), p->now_ms);
        answer_all(p, step);
    }
}

static bool client_has(const struct play *p, const char *text)
{
    return p->client.len > 0 && memmem(p->client.ptr, p->client.len, text, strlen(text)) != NULL;
}

static bool front_has(const struct play *p, const char *text)
{
    return p->front.len > 0 && memmem(p->front.ptr, p->front.len, text, strlen(text)) != NULL;
}

static unsigned count(const struct sp_buf *b, const char *text)
{
    unsigned found = 0;
    size_t len = strlen(text);
    for (size_t at = 0; at + len <= b->len; at++) {
        found += memcmp(b->ptr + at, text, len) == 0;
    }
    return found;
}

/* Each line is sent behind a good request, with a good request behind it: 0 means that all three are answered. */
static const struct wire_case {
    const char *name;
    const char *in;
    size_t len; /* when there is a NUL in it */
    unsigned refused; /* the status, or 0 */
} cases[] = {
    {"a plain request", GET, 0, 0},
    {"a length", POST "Content-Length: 3\r\n\r\nabc", 0, 0},
    {"two lengths", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0, 400},
    {"two lengths that differ", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 0, 400},
    {"a list of lengths", POST "Content-Length: 3, 3\r\n\r\nabc", 0, 400},
    {"a signed length", POST "Content-Length: +3\r\n\r\nabc", 0, 400},
    {"chunks", POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, 0},
    {"chunks and a length", POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a length and chunks", POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"chunked twice in a list", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"chunked in two lines", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"another coding", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"a coding that is hidden", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"a chunk size that is no number", POST "Transfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a chunk that is longer than it says", POST "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a chunk extension", POST "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a fold", "GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 0, 400},
    {"the same field in two lines", "GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\nA: c\r\n\r\n", 0, 0},
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

static void run_case(const struct wire_case *c, size_t step)
{
    struct play p;
    SP_AUTO_BUF struct sp_buf in;
    sp_buf_init(&in, ENOUGH);
    assert_int_equal(sp_buf_put_text(&in, GET), SP_OK);
    assert_int_equal(sp_buf_put(&in, bytes_of(c)), SP_OK);
    assert_int_equal(sp_buf_put_text(&in, GET), SP_OK);
    start(&p);
    feed(&p, sp_buf_slice(&in), step);
    if (c->refused == 0) {
        assert_int_equal(count(&p.client, OK), 3);
        assert_int_equal(p.guard.end, SP_GUARD_OPEN);
        assert_int_equal(p.guard.refused, SP_OK);
        assert_int_equal(p.front.len, in.len);
        assert_memory_equal(p.front.ptr, in.ptr, in.len);
    } else {
        char status[64];
        (void)snprintf(status, sizeof(status), "HTTP/1.1 %u ", c->refused);
        assert_int_equal(count(&p.client, OK), 1);
        assert_int_equal(count(&p.client, "x-ms-error-code: "), 1);
        assert_memory_equal(p.client.ptr, OK, sizeof(OK) - 1);
        assert_memory_equal(p.client.ptr + sizeof(OK) - 1, status, strlen(status));
        assert_true(client_has(&p, "Connection: close\r\n"));
        assert_true(client_has(&p, "Content-Type: application/json\r\n"));
        assert_true(client_has(&p, "{\"error\":{\"code\":\""));
        assert_int_equal(p.guard.end, SP_GUARD_LINGER);
        assert_int_equal(sp_err_http(p.guard.refused), c->refused);
        assert_int_equal(p.guard.requests <= 2, 1);
    }
    end(&p);
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
    start(&p);
    feed(&p, SP_SLICE_LITERAL("GET /a HTTP/1.1\r\nHost: h\r\nsecret : x\r\n\r\n" GET), 5);
    assert_int_equal(p.front.len, 0);
    assert_int_equal(p.guard.refused, SP_ERR_HTTP);
    assert_non_null(p.guard.rule);
    end(&p);
}

static void test_cookies_stay_outside(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } heads[] = {
        {"Cookie: a=b\r\nHost: h\r\nX: y\r\n", "Host: h\r\nX: y\r\n"},
        {"Host: h\r\ncookie: a=b\r\nX: y\r\nCOOKIE:\r\n", "Host: h\r\nX: y\r\n"},
        {"Host: h\r\nCookies: a=b\r\n", "Host: h\r\nCookies: a=b\r\n"},
        {"Host: h\r\nCookie: a\r\nCookie: b\r\n", "Host: h\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(heads); i++) {
        struct play p;
        char in[128];
        char want[128];
        (void)snprintf(in, sizeof(in), "POST /a HTTP/1.1\r\nContent-Length: 2\r\n%s\r\nok", heads[i].in);
        (void)snprintf(want, sizeof(want), "POST /a HTTP/1.1\r\nContent-Length: 2\r\n%s\r\nok", heads[i].out);
        start(&p);
        feed(&p, sp_slice_of(in), 3);
        assert_int_equal(p.front.len, strlen(want));
        assert_memory_equal(p.front.ptr, want, p.front.len);
        end(&p);
    }
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
        start(&p);
        feed(&p, sp_slice_make(in, len), ENOUGH);
        assert_int_equal(p.guard.refused, extra == 0 ? SP_OK : SP_ERR_URI_TOO_LONG);
        assert_int_equal(p.guard.requests, extra == 0 ? 1 : 0);
        end(&p);
    }
}

static void test_one_request_is_with_front_at_a_time(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = NULL;
    feed(&p, SP_SLICE_LITERAL(GET POST "Content-Length: 1\r\n\r\nx"), ENOUGH);
    assert_false(front_has(&p, "POST"));
    assert_false(sp_guard_wants_client(&p.guard));
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    deliver(&p);
    assert_true(front_has(&p, "POST"));
    assert_true(sp_guard_wants_client(&p.guard));
    end(&p);
}

static void test_a_broken_body_is_refused_while_front_has_not_answered(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = NULL;
    feed(&p, SP_SLICE_LITERAL(POST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), ENOUGH);
    feed(&p, SP_SLICE_LITERAL("Z" GET), ENOUGH);
    assert_true(front_has(&p, "POST"));
    assert_true(client_has(&p, "HTTP/1.1 400 "));
    assert_true(p.guard.is_front_over);
    end(&p);
}

static void test_a_broken_body_under_an_answer_lets_the_answer_end_first(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = NULL;
    feed(&p, SP_SLICE_LITERAL(POST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), ENOUGH);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL("HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nab"), p.now_ms);
    feed(&p, SP_SLICE_LITERAL("Z" GET), ENOUGH);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL("cd"), p.now_ms);
    deliver(&p);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    assert_int_equal(count(&p.client, "HTTP/1.1 "), 1);
    assert_true(client_has(&p, "Connection: close\r\n\r\nabcd"));
    end(&p);
}

static void test_an_early_answer_ends_the_connection(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = NULL;
    feed(&p, SP_SLICE_LITERAL(POST "Content-Length: 10\r\n\r\nab"), ENOUGH);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    deliver(&p);
    assert_true(client_has(&p, "Connection: close\r\n\r\nok"));
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    end(&p);
}

static void test_interim_answers_pass(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = "HTTP/1.1 100 Continue\r\n\r\n" OK;
    feed(&p, SP_SLICE_LITERAL(POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx" GET), 1);
    assert_int_equal(count(&p.client, "100 Continue"), 2);
    assert_int_equal(count(&p.client, OK), 2);
    end(&p);
}

static void test_the_answer_to_head_has_no_body(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    feed(&p, SP_SLICE_LITERAL(HEAD HEAD), ENOUGH);
    assert_int_equal(p.guard.requests, 2);
    assert_int_equal(count(&p.client, "HTTP/1.1 200"), 2);
    end(&p);
}

static void test_an_answer_that_nobody_asked_for_is_not_delivered(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = OK OK;
    feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    assert_int_equal(count(&p.client, OK), 1);
    assert_true(p.guard.is_front_over);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    end(&p);
}

/* What a lost front means goes by how much of the request it has. */
static const struct lost_case {
    const char *name;
    const char *request;
    bool is_delivered;
    const char *said; /* by front, before it was lost */
    const char *status;
    bool has_retry;
} lost_cases[] = {
    {"nothing was asked", "", true, "", NULL, false},
    {"half a head", "GET /a HT", true, "", NULL, false},
    {"a whole request, delivered", GET, true, "", "HTTP/1.1 502 ", false},
    {"a whole request, not delivered", GET, false, "", "HTTP/1.1 503 ", true},
    {"half a body", POST "Content-Length: 9\r\n\r\nab", true, "", "HTTP/1.1 503 ", true},
    {"half an answer's head", GET, true, "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 502 ", false},
    {"an interim answer", GET, true, "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 502 ", false},
};

static void test_a_lost_front_is_answered_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(lost_cases); i++) {
        const struct lost_case *c = &lost_cases[i];
        struct play p;
        print_message("%s\n", c->name);
        start(&p);
        sp_guard_from_client(&p.guard, sp_slice_of(c->request), p.now_ms);
        if (c->is_delivered) {
            deliver(&p);
        }
        if (c->said[0] != '\0') {
            sp_guard_from_front(&p.guard, sp_slice_of(c->said), p.now_ms);
        }
        sp_guard_front_gone(&p.guard, p.now_ms);
        deliver(&p);
        if (c->status == NULL) {
            assert_int_equal(p.client.len, 0);
            assert_int_equal(p.guard.end, SP_GUARD_OPEN);
        } else {
            assert_true(client_has(&p, c->status));
            assert_int_equal(client_has(&p, "Retry-After: 1\r\n"), c->has_retry);
            assert_int_equal(p.guard.end, SP_GUARD_LINGER);
        }
        end(&p);
    }
}

static void test_a_cut_answer_is_cut_for_the_client_too(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    sp_guard_from_client(&p.guard, SP_SLICE_LITERAL(GET), p.now_ms);
    deliver(&p);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), p.now_ms);
    sp_guard_front_gone(&p.guard, p.now_ms);
    assert_int_equal(p.guard.end, SP_GUARD_DROP);
    end(&p);
}

static void test_the_next_request_survives_a_front_that_was_lost_between(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    sp_guard_front_gone(&p.guard, p.now_ms);
    assert_true(p.guard.is_front_over);
    p.guard.is_front_over = false;
    feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    assert_int_equal(count(&p.client, OK), 2);
    end(&p);
}

static void test_a_client_that_half_closed_gets_its_answer(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = NULL;
    feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    sp_guard_client_over(&p.guard, p.now_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + SP_GUARD_PROBE_MS - 1);
    assert_int_equal(p.guard.to_client.len, 0);
    sp_guard_tick(&p.guard, p.now_ms + SP_GUARD_PROBE_MS);
    sp_guard_tick(&p.guard, p.now_ms + SP_GUARD_PROBE_MS + 1);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    deliver(&p);
    assert_int_equal(count(&p.client, "HTTP/1.1 100 "), 1);
    assert_int_equal(count(&p.client, "HTTP/1.1 200 "), 1);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    end(&p);
}

static void test_a_client_that_leaves_inside_a_request_ends_the_stream(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    feed(&p, SP_SLICE_LITERAL(POST "Content-Length: 9\r\n\r\nab"), ENOUGH);
    sp_guard_client_over(&p.guard, p.now_ms);
    assert_int_equal(p.guard.end, SP_GUARD_DROP);
    assert_true(p.guard.is_front_over);
    assert_int_equal(p.client.len, 0);
    end(&p);
}

static void test_slow_heads_are_refused_and_idle_connections_closed(void **state)
{
    struct play p;
    (void)state;
    start(&p); /* never a byte: closed without a word */
    sp_guard_tick(&p.guard, 1000 + limits.head_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, 1001 + limits.head_ms);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    assert_int_equal(p.guard.to_client.len, 0);
    end(&p);

    start(&p); /* a byte now and then does not help */
    feed(&p, SP_SLICE_LITERAL("GET /"), ENOUGH);
    p.now_ms += limits.head_ms;
    feed(&p, SP_SLICE_LITERAL("a"), ENOUGH);
    sp_guard_tick(&p.guard, p.now_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + 1);
    deliver(&p);
    assert_int_equal(p.guard.refused, SP_ERR_TIMEOUT);
    assert_true(client_has(&p, "HTTP/1.1 408 "));
    end(&p);

    start(&p); /* between requests the longer time holds */
    feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    sp_guard_tick(&p.guard, p.now_ms + limits.idle_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + limits.idle_ms + 1);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    end(&p);
}

static void test_a_body_has_to_keep_coming(void **state)
{
    struct play p;
    static const uint8_t block[8 * 1024];
    (void)state;
    start(&p);
    feed(&p, SP_SLICE_LITERAL(POST "Content-Length: 99999999\r\n\r\n"), ENOUGH);
    sp_guard_tick(&p.guard, p.now_ms + limits.body_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    feed(&p, sp_slice_make(block, sizeof(block)), ENOUGH); /* earns two seconds */
    sp_guard_tick(&p.guard, p.now_ms + limits.body_ms + 2000);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + limits.body_ms + 2001);
    assert_int_equal(p.guard.refused, SP_ERR_TIMEOUT);
    end(&p);
}

static void test_time_that_front_takes_is_not_the_client_s(void **state)
{
    struct play p;
    static const uint8_t block[SP_GUARD_READ_BYTES_MAX];
    (void)state;
    start(&p);
    feed(&p, SP_SLICE_LITERAL(POST "Content-Length: 99999999\r\n\r\n"), ENOUGH);
    sp_guard_from_client(&p.guard, sp_slice_make(block, sizeof(block)), p.now_ms); /* and front takes nothing */
    assert_false(sp_guard_wants_client(&p.guard));
    sp_guard_tick(&p.guard, p.now_ms + 100 * limits.body_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    end(&p);

    start(&p); /* nor is the time before 100-continue */
    feed(&p, SP_SLICE_LITERAL(POST "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n"), ENOUGH);
    sp_guard_tick(&p.guard, p.now_ms + 100 * limits.body_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL("HTTP/1.1 100 Continue\r\n\r\n"), p.now_ms);
    deliver(&p);
    sp_guard_tick(&p.guard, p.now_ms + 102 * limits.body_ms);
    assert_int_equal(p.guard.refused, SP_ERR_TIMEOUT);
    end(&p);
}

static void test_a_client_that_takes_nothing_is_dropped(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    sp_guard_from_client(&p.guard, SP_SLICE_LITERAL(GET), p.now_ms);
    sp_guard_front_wrote(&p.guard, p.guard.to_front.len);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    sp_guard_tick(&p.guard, p.now_ms);
    sp_guard_tick(&p.guard, p.now_ms + limits.body_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + limits.body_ms + 1);
    assert_int_equal(p.guard.end, SP_GUARD_DROP);
    end(&p);
}

static void test_draining_ends_with_the_present_answer(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    p.answer = NULL;
    feed(&p, SP_SLICE_LITERAL(GET GET), ENOUGH);
    sp_guard_drain(&p.guard);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    deliver(&p);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    assert_true(client_has(&p, "Connection: close\r\n\r\nok"));
    assert_int_equal(p.guard.requests, 1);
    end(&p);

    start(&p); /* an idle one ends at once */
    feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    sp_guard_drain(&p.guard);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    end(&p);
}

static void test_a_request_that_says_close_is_the_last(void **state)
{
    struct play p;
    (void)state;
    start(&p);
    feed(&p, SP_SLICE_LITERAL("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" GET), ENOUGH);
    assert_int_equal(p.guard.requests, 1);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    assert_true(client_has(&p, "Connection: close\r\n"));
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing_is_strict_and_does_not_depend_on_how_bytes_arrive),
        cmocka_unit_test(test_a_bad_head_never_reaches_front),
        cmocka_unit_test(test_cookies_stay_outside),
        cmocka_unit_test(test_the_parameters_of_a_query_are_counted),
        cmocka_unit_test(test_one_request_is_with_front_at_a_time),
        cmocka_unit_test(test_a_broken_body_is_refused_while_front_has_not_answered),
        cmocka_unit_test(test_a_broken_body_under_an_answer_lets_the_answer_end_first),
        cmocka_unit_test(test_an_early_answer_ends_the_connection),
        cmocka_unit_test(test_interim_answers_pass),
        cmocka_unit_test(test_the_answer_to_head_has_no_body),
        cmocka_unit_test(test_an_answer_that_nobody_asked_for_is_not_delivered),
        cmocka_unit_test(test_a_lost_front_is_answered_for),
        cmocka_unit_test(test_a_cut_answer_is_cut_for_the_client_too),
        cmocka_unit_test(test_the_next_request_survives_a_front_that_was_lost_between),
        cmocka_unit_test(test_a_client_that_half_closed_gets_its_answer),
        cmocka_unit_test(test_a_client_that_leaves_inside_a_request_ends_the_stream),
        cmocka_unit_test(test_slow_heads_are_refused_and_idle_connections_closed),
        cmocka_unit_test(test_a_body_has_to_keep_coming),
        cmocka_unit_test(test_time_that_front_takes_is_not_the_client_s),
        cmocka_unit_test(test_a_client_that_takes_nothing_is_dropped),
        cmocka_unit_test(test_draining_ends_with_the_present_answer),
        cmocka_unit_test(test_a_request_that_says_close_is_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
