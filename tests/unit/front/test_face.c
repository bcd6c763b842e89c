/* The HTTP face over real streams, with peers that a test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/result.h"
#include "front/face.h"
#include "wire/loop.h"

#define TARGET "/executions?api-version=2025-10-02-preview&identifier=ab%00cd"
#define EXEC   "/code/execute?api-version=2024-02-02-preview&identifier=abcd"

/* What the face sent, as letters: A ask, R ready, L left, J job, E empty. */
struct bench {
    struct sp_loop *loop;
    struct sp_face *face;
    int client;
    char log[64];
    size_t log_len;
    sp_exchange exchange;
    uint64_t declared;
    bool is_ready;
    uint64_t body_len;
    bool is_memfd;
    enum sp_err why_left;
    char target[256];
    char source[64];
    char got[8192];
};

static void note(struct bench *b, char what)
{
    b->log[b->log_len++] = what;
    b->log[b->log_len] = '\0';
}

static enum sp_err on_ask(void *ctx, const struct sp_msg_ask *ask)
{
    struct bench *b = ctx;
    note(b, 'A');
    b->exchange = ask->exchange;
    b->declared = ask->body_bytes;
    b->is_ready = ask->is_ready != 0;
    assert_true(ask->target.len < sizeof(b->target) && ask->source.len < sizeof(b->source));
    memcpy(b->target, ask->target.ptr, ask->target.len);
    b->target[ask->target.len] = '\0';
    memcpy(b->source, ask->source.ptr, ask->source.len);
    b->source[ask->source.len] = '\0';
    assert_true(ask->is_tls == 1 && ask->certificate.len == SP_DIGEST_BYTES &&
                sp_slice_is(ask->subject, "CN=robot"));
    return SP_OK;
}

static enum sp_err on_ready(void *ctx, const struct sp_msg_ready *ready)
{
    struct bench *b = ctx;
    note(b, 'R');
    assert_int_equal(ready->exchange, b->exchange);
    return SP_OK;
}

static enum sp_err on_left(void *ctx, const struct sp_msg_left *left)
{
    struct bench *b = ctx;
    note(b, 'L');
    b->why_left = left->why;
    return SP_OK;
}

static enum sp_err on_job(void *ctx, unsigned worker, const struct sp_msg_job *job)
{
    struct bench *b = ctx;
    (void)worker;
    note(b, 'J');
    b->body_len = job->body.bytes.len;
    b->is_memfd = job->body.fd >= 0;
    return SP_OK;
}

static void on_empty(void *ctx)
{
    note(ctx, 'E');
}

static void setup(struct bench *b)
{
    int pair[2];
    *b = (struct bench){.client = -1};
    assert_int_equal(sp_loop_new(&b->loop), SP_OK);
    const struct sp_face_config config = {.loop = b->loop,
                                          .incarnation = 1,
                                          .workers = 1,
                                          .body_bytes_max = 100000,
                                          .wires = {.ctx = b,
                                                    .ask = on_ask,
                                                    .ready = on_ready,
                                                    .left = on_left,
                                                    .job = on_job,
                                                    .empty = on_empty}};
    assert_int_equal(sp_face_new(&config, &b->face), SP_OK);
    sp_desk_wired(sp_face_desk(b->face), SP_ROLE_ADMIT);
    sp_desk_wired(sp_face_desk(b->face), SP_ROLE_AUDIT);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    b->client = pair[0];
    const struct sp_msg_stream from = {.source = SP_SLICE_LITERAL("192.0.2.7"),
                                       .is_tls = 1,
                                       .certificate =
                                           SP_SLICE_LITERAL("0123456789abcdef0123456789abcdef"),
                                       .subject = SP_SLICE_LITERAL("CN=robot")};
    assert_int_equal(sp_face_add_stream(b->face, pair[1], &from), SP_OK);
}

static void teardown(struct bench *b)
{
    (void)close(b->client);
    sp_face_free(b->face);
    sp_loop_free(b->loop);
}

static void turn(struct bench *b)
{
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(sp_loop_turn(b->loop, 1), SP_OK);
    }
}

static void say(struct bench *b, const char *text)
{
    assert_int_equal(send(b->client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    turn(b);
}

/* What was answered since the last time; "" when nothing was. */
static const char *heard(struct bench *b)
{
    ssize_t len = recv(b->client, b->got, sizeof(b->got) - 1, MSG_DONTWAIT);
    b->got[len > 0 ? len : 0] = '\0';
    return b->got;
}

static bool heard_status(struct bench *b, const char *status, const char *more)
{
    const char *got = heard(b);
    return strncmp(got, status, strlen(status)) == 0 && strstr(got, more) != NULL;
}

static void grant(struct bench *b, uint64_t most)
{
    const struct sp_msg_grant msg = {.exchange = b->exchange, .body_bytes_max = most};
    assert_int_equal(sp_desk_on_grant(sp_face_desk(b->face), &msg), SP_OK);
    turn(b);
}

static void send_to_worker(struct bench *b)
{
    const struct sp_msg_send msg = {.exchange = b->exchange, .worker = 0, .operation = 1};
    assert_int_equal(sp_desk_on_send(sp_face_desk(b->face), &msg, 1), SP_OK);
    turn(b);
}

static void refuse(struct bench *b, enum sp_err err)
{
    struct sp_msg_answer msg = {.exchange = b->exchange,
                                .err = err,
                                .has_entry = 1,
                                .entry = 5,
                                .answer = SP_PAYLOAD_EMPTY};
    assert_int_equal(sp_desk_on_answer(sp_face_desk(b->face), &msg), SP_OK);
    turn(b);
}

static void succeed(struct bench *b)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    const struct sp_result result = {.status = SP_RUN_SUCCEEDED,
                                     .out_text = SP_SLICE_LITERAL("hi"),
                                     .value_json = SP_SLICE_LITERAL("null")};
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&w, &bytes);
    sp_result_write(&w, &result);
    struct sp_msg_answer msg = {
        .exchange = b->exchange, .err = SP_OK, .answer = {.bytes = sp_buf_slice(&bytes), .fd = -1}};
    assert_int_equal(sp_desk_on_answer(sp_face_desk(b->face), &msg), SP_OK);
    turn(b);
}

static void test_a_small_submission_walks_through_and_the_stream_goes_on(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    for (unsigned i = 0; i < 3; i++) {
        b.log_len = 0;
        say(&b, "POST " EXEC " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
        assert_string_equal(b.log, "A"); /* with its body: nothing is granted */
        assert_true(b.is_ready);
        assert_string_equal(b.source, "192.0.2.7");
        assert_int_equal(b.declared, 3);
        send_to_worker(&b);
        assert_string_equal(b.log, "AJ");
        assert_int_equal(b.body_len, 3);
        assert_false(b.is_memfd);
        assert_string_equal(heard(&b), "");
        succeed(&b);
        assert_true(heard_status(&b, "HTTP/1.1 200 OK\r\n", "\"stdout\":\"hi\""));
    }
    teardown(&b);
}

static void test_the_raw_target_reaches_admit(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b, "GET " TARGET " HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal(b.target, TARGET);
    assert_int_equal(b.declared, 0);
    assert_true(b.is_ready); /* no body: ready at once */
    refuse(&b, SP_ERR_IDENTIFIER);
    assert_true(heard_status(&b, "HTTP/1.1 400 ", "InvalidIdentifier"));
    say(&b, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); /* and the stream goes on */
    assert_string_equal(b.log, "AA");
    teardown(&b);
}

static void test_a_hundred_is_held_back_until_the_grant(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b,
        "POST " EXEC " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_false(b.is_ready);
    assert_string_equal(heard(&b), "");
    grant(&b, 3);
    assert_string_equal(heard(&b), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_string_equal(b.log, "A");
    say(&b, "abc");
    assert_string_equal(b.log, "AR");
    send_to_worker(&b);
    succeed(&b);
    assert_true(heard_status(&b, "HTTP/1.1 200 OK\r\n", "hi"));
    teardown(&b);
}

static void test_a_refusal_at_the_head_comes_without_a_hundred(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b,
        "POST " EXEC " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    refuse(&b, SP_ERR_QUOTA);
    assert_true(heard_status(&b, "HTTP/1.1 429 ", "x-sallyport-entry: 5\r\n"));
    teardown(&b);
}

static void test_a_large_body_becomes_a_memfd(void **state)
{
    static char block[50000];
    char head[256];
    struct bench b;
    (void)state;
    setup(&b);
    (void)snprintf(head, sizeof(head),
                   "POST " EXEC " HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
                   sizeof(block));
    say(&b, head);
    grant(&b, sizeof(block));
    assert_int_equal(send(b.client, block, sizeof(block), MSG_NOSIGNAL), sizeof(block));
    turn(&b);
    assert_string_equal(b.log, "AR");
    send_to_worker(&b);
    assert_int_equal(b.body_len, sizeof(block));
    assert_true(b.is_memfd);
    teardown(&b);
}

/* A chunk of so many bytes, 5 digits of size. */
static void say_chunk(struct bench *b, unsigned size)
{
    static char text[70000];
    (void)snprintf(text, sizeof(text), "%05x\r\n", size);
    for (unsigned i = 0; i < size; i++) {
        text[7 + i] = 'a';
    }
    (void)snprintf(text + 7 + size, sizeof(text) - 7 - size, "\r\n");
    say(b, text);
}

#define CHUNKED "POST " EXEC " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

static void test_a_small_body_in_chunks_asks_once_and_whole(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b, CHUNKED "3\r\nabc\r\n");
    assert_string_equal(b.log, "");
    say(&b, "0\r\n\r\n");
    assert_string_equal(b.log, "A");
    assert_int_equal(b.declared, 3);
    teardown(&b);
}

static void test_a_large_body_in_chunks_asks_when_it_turns_out_to_be_one(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b, CHUNKED);
    say_chunk(&b, 16000);
    assert_string_equal(b.log, "");
    say_chunk(&b, 16000);
    assert_string_equal(b.log, "A");
    assert_int_equal(b.declared, UINT64_MAX);
    grant(&b, 90000);
    say_chunk(&b, 20000);
    say(&b, "0\r\n\r\n");
    assert_string_equal(b.log, "AR");
    teardown(&b);
}

static void test_chunks_over_the_grant_are_refused_in_the_middle(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b, CHUNKED);
    say_chunk(&b, 16000);
    say_chunk(&b, 1000);
    assert_string_equal(b.log, "A");
    grant(&b, 17005);
    assert_string_equal(b.log, "A");
    say_chunk(&b, 6);
    assert_string_equal(b.log, "AL");
    assert_int_equal(b.why_left, SP_ERR_TOO_BIG);
    assert_string_equal(heard(&b), ""); /* not before it is recorded */
    refuse(&b, SP_ERR_TOO_BIG);
    assert_true(heard_status(&b, "HTTP/1.1 413 ", "Connection: close\r\n"));
    assert_int_equal(recv(b.client, b.got, sizeof(b.got), MSG_DONTWAIT), 0);
    teardown(&b);
}

static void test_a_client_that_leaves_while_it_waits_is_noticed(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b, "POST " EXEC " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    assert_int_equal(close(b.client), 0);
    b.client = -1;
    turn(&b);
    assert_string_equal(b.log, "AL");
    assert_int_equal(b.why_left, SP_ERR_CLOSED);
    assert_int_equal(sp_desk_live(sp_face_desk(b.face)), 0);
    teardown(&b);
}

static void test_a_client_that_leaves_inside_its_body_is_noticed(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b, "POST " EXEC " HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\n");
    grant(&b, 30000);
    say(&b, "abc");
    assert_int_equal(close(b.client), 0);
    b.client = -1;
    turn(&b);
    assert_string_equal(b.log, "AL");
    teardown(&b);
}

static void test_a_missing_peer_is_answered_at_once(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    sp_desk_lost(sp_face_desk(b.face), SP_ROLE_ADMIT);
    say(&b, "POST " EXEC " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    assert_true(heard_status(&b, "HTTP/1.1 503 ", "Retry-After: 1\r\n"));
    sp_desk_wired(sp_face_desk(b.face), SP_ROLE_ADMIT);
    say(&b, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal(b.log, "A");
    sp_desk_lost(sp_face_desk(b.face), SP_ROLE_AUDIT);
    turn(&b);
    assert_true(heard_status(&b, "HTTP/1.1 503 ", "Retry-After: 1\r\n"));
    teardown(&b);
}

static void test_draining_finishes_what_is_in_flight(void **state)
{
    struct bench b;
    (void)state;
    setup(&b);
    say(&b, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    sp_face_drain(b.face);
    assert_string_equal(b.log, "A");
    refuse(&b, SP_ERR_NOT_FOUND);
    assert_true(heard_status(&b, "HTTP/1.1 404 ", "Connection: close\r\n"));
    assert_string_equal(b.log, "AE");
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_submission_walks_through_and_the_stream_goes_on),
        cmocka_unit_test(test_the_raw_target_reaches_admit),
        cmocka_unit_test(test_a_hundred_is_held_back_until_the_grant),
        cmocka_unit_test(test_a_refusal_at_the_head_comes_without_a_hundred),
        cmocka_unit_test(test_a_large_body_becomes_a_memfd),
        cmocka_unit_test(test_a_small_body_in_chunks_asks_once_and_whole),
        cmocka_unit_test(test_a_large_body_in_chunks_asks_when_it_turns_out_to_be_one),
        cmocka_unit_test(test_chunks_over_the_grant_are_refused_in_the_middle),
        cmocka_unit_test(test_a_client_that_leaves_while_it_waits_is_noticed),
        cmocka_unit_test(test_a_client_that_leaves_inside_its_body_is_noticed),
        cmocka_unit_test(test_a_missing_peer_is_answered_at_once),
        cmocka_unit_test(test_draining_finishes_what_is_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
