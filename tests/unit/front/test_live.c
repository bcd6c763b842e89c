/* Answers that grow, over a real stream, with peers that a test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/result.h"
#include "base/clock.h"
#include "front/face.h"
#include "front/live.h"
#include "wire/loop.h"

#define EXEC                                                                                       \
    "POST /executions?api-version=2025-10-02-preview&identifier=abcd HTTP/1.1\r\nHost: "           \
    "h\r\nContent-Length: 2\r\n"

struct bench {
    struct sp_loop *loop;
    struct sp_face *face;
    int client;
    sp_exchange exchange;
    bool is_stream;
    unsigned left;
    char got[64 * 1024];
};

static enum sp_err on_ask(void *ctx, const struct sp_msg_ask *ask)
{
    struct bench *b = ctx;
    b->exchange = ask->exchange;
    b->is_stream = ask->is_stream != 0;
    return SP_OK;
}

static enum sp_err on_ready(void *ctx, const struct sp_msg_ready *ready)
{
    (void)ctx;
    (void)ready;
    return SP_OK;
}

static enum sp_err on_left(void *ctx, const struct sp_msg_left *left)
{
    struct bench *b = ctx;
    (void)left;
    b->left++;
    return SP_OK;
}

static enum sp_err on_job(void *ctx, unsigned worker, const struct sp_msg_job *job)
{
    (void)ctx;
    (void)worker;
    (void)job;
    return SP_OK;
}

static void on_empty(void *ctx)
{
    (void)ctx;
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

/* What was answered since the last time. */
static const char *heard(struct bench *b)
{
    ssize_t len = recv(b->client, b->got, sizeof(b->got) - 1, MSG_DONTWAIT);
    b->got[len > 0 ? len : 0] = '\0';
    return b->got;
}

static int setup(void **state)
{
    static struct bench bench;
    struct bench *b = &bench;
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
    const struct sp_msg_stream from = {.source = SP_SLICE_LITERAL("192.0.2.7")};
    assert_int_equal(sp_face_add_stream(b->face, pair[1], &from), SP_OK);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    (void)close(b->client);
    sp_face_free(b->face);
    sp_loop_free(b->loop);
    return 0;
}

/* A request that takes events, until it is with a worker. */
static void ask(struct bench *b)
{
    const struct sp_msg_send send = {.worker = 0, .operation = 1};
    struct sp_msg_send msg = send;
    say(b, EXEC "Accept: text/event-stream\r\n\r\n{}");
    assert_true(b->is_stream);
    msg.exchange = b->exchange;
    assert_int_equal(sp_desk_on_send(sp_face_desk(b->face), &msg, sp_clock_mono_ms()), SP_OK);
    turn(b);
}

static void part(struct bench *b, unsigned what, struct sp_slice data, uint32_t lost)
{
    const struct sp_msg_part msg = {.exchange = b->exchange,
                                    .what = (uint8_t)what,
                                    .lost = lost,
                                    .data = {.bytes = data, .fd = -1}};
    assert_int_equal(sp_desk_on_part(sp_face_desk(b->face), &msg), SP_OK);
    turn(b);
}

static void end(struct bench *b, enum sp_err err)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    const struct sp_result result = {.status = SP_RUN_SUCCEEDED,
                                     .out_text = SP_SLICE_LITERAL("hi"),
                                     .value_json = SP_SLICE_LITERAL("null")};
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&w, &bytes);
    sp_result_write(&w, &result);
    struct sp_msg_answer msg = {.exchange = b->exchange,
                                .err = err,
                                .has_entry = 1,
                                .entry = 5,
                                .answer = {.bytes = sp_buf_slice(&bytes), .fd = -1},
                                .content = SP_PAYLOAD_EMPTY};
    assert_int_equal(sp_desk_on_answer(sp_face_desk(b->face), &msg), SP_OK);
    turn(b);
}

static void test_parts_come_at_once_and_the_result_last(void **state)
{
    struct bench *b = *state;
    ask(b);
    part(b, SP_PART_STDOUT, SP_SLICE_LITERAL("a\n"), 0);
    assert_non_null(strstr(heard(b), "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(b->got, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(b->got, "event: stdout\ndata: {\"text\":\"a\\n\"}\n\n"));
    part(b, SP_PART_STDERR, SP_SLICE_LITERAL("b"), 3);
    assert_non_null(strstr(
        heard(b), "event: gap\ndata: {\"parts\":3}\n\nevent: stderr\ndata: {\"text\":\"b\"}\n\n"));
    part(b, SP_PART_OUTPUT, SP_SLICE_LITERAL("{\"text/plain\":\"1\"}"), 0);
    assert_non_null(strstr(heard(b), "event: output\ndata: {\"text/plain\":\"1\"}\n\n"));
    end(b, SP_OK);
    assert_non_null(strstr(heard(b), "id: 5\nevent: result\ndata: {"));
    assert_non_null(strstr(b->got, "\"stdout\":\"hi\""));
    assert_non_null(strstr(b->got, "\r\n0\r\n\r\n"));
    ask(b); /* and the stream goes on */
}

static void test_an_error_after_the_first_part_is_an_event(void **state)
{
    struct bench *b = *state;
    ask(b);
    part(b, SP_PART_STDOUT, SP_SLICE_LITERAL("a"), 0);
    (void)heard(b);
    end(b, SP_ERR_OUTCOME_UNKNOWN);
    assert_non_null(
        strstr(heard(b), "id: 5\nevent: error\ndata: {\"error\":{\"code\":\"OutcomeUnknown\""));
}

static void test_an_error_before_it_has_its_status(void **state)
{
    struct bench *b = *state;
    ask(b);
    end(b, SP_ERR_SESSIONS_FULL);
    assert_non_null(strstr(heard(b), "HTTP/1.1 429 "));
    assert_non_null(strstr(b->got, "Content-Type: application/json\r\n"));
}

static void test_a_result_without_parts_is_one_event(void **state)
{
    struct bench *b = *state;
    ask(b);
    end(b, SP_OK);
    assert_non_null(strstr(heard(b), "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(b->got, "x-sallyport-entry: 5\r\n"));
    assert_non_null(strstr(b->got, "\r\n\r\nid: 5\nevent: result\ndata: {"));
}

/* What another process says can neither end an event nor begin one. */
static void test_a_part_with_a_line_end_is_left_out(void **state)
{
    struct bench *b = *state;
    ask(b);
    part(b, SP_PART_STDOUT, SP_SLICE_LITERAL("x\n\nevent: result"), 0);
    assert_non_null(strstr(heard(b), "data: {\"text\":\"x\\n\\nevent: result\"}\n\n"));
    part(b, SP_PART_OUTPUT, SP_SLICE_LITERAL("{}\n\nevent: result\ndata: {}"), 0);
    assert_string_equal(heard(b), "");
    part(b, SP_PART_STDOUT, SP_SLICE_LITERAL("y"), 0);
    assert_non_null(strstr(heard(b), "event: gap\ndata: {\"parts\":1}\n\nevent: stdout"));
    end(b, SP_OK);
}

/* Whether something came. */
static bool drain(struct bench *b, char *all, size_t room, size_t *len)
{
    assert_int_equal(sp_loop_turn(b->loop, 1), SP_OK);
    ssize_t got = recv(b->client, all + *len, room - 1 - *len, MSG_DONTWAIT);
    *len += got > 0 ? (size_t)got : 0;
    return got > 0;
}

static void test_who_does_not_read_loses_parts_and_is_told(void **state)
{
    struct bench *b = *state;
    static char piece[16 * 1024];
    static char all[4 * SP_LIVE_WAITING_MAX];
    size_t len = 0;
    memset(piece, 'x', sizeof(piece));
    ask(b);
    for (unsigned i = 0; i < 2 * SP_LIVE_WAITING_MAX / sizeof(piece); i++) {
        part(b, SP_PART_STDOUT, sp_slice_make(piece, sizeof(piece)), 0);
    }
    for (unsigned quiet = 0; quiet < 20;) {
        quiet = drain(b, all, sizeof(all), &len) ? 0 : quiet + 1;
    }
    part(b, SP_PART_STDOUT, sp_slice_make(piece, 1), 0);
    end(b, SP_OK);
    for (unsigned quiet = 0; quiet < 20;) {
        quiet = drain(b, all, sizeof(all), &len) ? 0 : quiet + 1;
    }
    assert_non_null(strstr(all, "event: gap"));
    assert_non_null(strstr(all, "event: result"));
    assert_true(len < 2 * SP_LIVE_WAITING_MAX);
}

static void test_a_client_that_leaves_is_forgotten(void **state)
{
    struct bench *b = *state;
    ask(b);
    part(b, SP_PART_STDOUT, SP_SLICE_LITERAL("a"), 0);
    (void)close(b->client);
    b->client = -1;
    turn(b);
    assert_int_equal(sp_desk_live(sp_face_desk(b->face)), 0);
    part(b, SP_PART_STDOUT, SP_SLICE_LITERAL("b"), 0);
    end(b, SP_OK);
}

static void test_who_takes_other_types_too_gets_a_whole_answer(void **state)
{
    struct bench *b = *state;
    say(b, EXEC "Accept: application/json, text/event-stream\r\n\r\n{}");
    assert_false(b->is_stream);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parts_come_at_once_and_the_result_last),
        TEST(test_an_error_after_the_first_part_is_an_event),
        TEST(test_an_error_before_it_has_its_status),
        TEST(test_a_result_without_parts_is_one_event),
        TEST(test_a_part_with_a_line_end_is_left_out),
        TEST(test_who_does_not_read_loses_parts_and_is_told),
        TEST(test_a_client_that_leaves_is_forgotten),
        TEST(test_who_takes_other_types_too_gets_a_whole_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
