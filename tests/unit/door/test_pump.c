/* The pump over real sockets: delivery, backpressure, lost sides, lingering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "door/pump.h"

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* One pump between two sockets of the test: the client's and, once a stream was asked for, front's. */
struct bench {
    struct sp_pump_house house;
    struct sp_pump *pump;
    int client;
    int front;
    unsigned streams;
    bool has_front;
    bool is_over;
};

static enum sp_err on_stream(void *ctx, const struct sp_pump *pump, int fd)
{
    struct bench *b = ctx;
    (void)pump;
    if (!b->has_front) {
        return SP_ERR_UNAVAILABLE;
    }
    b->streams++;
    b->front = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return b->front < 0 ? SP_ERR_SYSTEM : SP_OK;
}

static void on_ended(void *ctx, struct sp_pump *pump)
{
    struct bench *b = ctx;
    assert_ptr_equal(pump, b->pump);
    sp_pump_free(pump);
    b->pump = NULL;
    b->is_over = true;
}

static struct bench *setup(void)
{
    int pair[2];
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    b->house.limits =
        (struct sp_guard_limits){.head_ms = 10000, .body_ms = 10000, .idle_ms = 10000};
    b->house.stream = on_stream;
    b->house.ended = on_ended;
    b->house.ctx = b;
    b->has_front = true;
    b->front = -1;
    assert_int_equal(sp_loop_new(&b->house.loop), SP_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    b->client = pair[0];
    assert_int_equal(sp_pump_new(&b->house, pair[1], sp_clock_mono_ms(), &b->pump), SP_OK);
    return b;
}

static void teardown(struct bench *b)
{
    sp_pump_free(b->pump);
    (void)close(b->client);
    (void)close(b->front);
    sp_loop_free(b->house.loop);
    free(b);
}

static void turn(struct bench *b)
{
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(sp_loop_turn(b->house.loop, 1), SP_OK);
    }
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void expect(int fd, const char *text)
{
    char got[4096] = {0};
    assert_true(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) > 0);
    assert_non_null(strstr(got, text));
}

static void expect_end(int fd)
{
    char got[16];
    assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 0);
}

static void test_bytes_go_both_ways_over_one_stream(void **state)
{
    struct bench *b = setup();
    (void)state;
    turn(b);
    assert_int_equal(b->streams, 0); /* front hears of a connection with its first request */
    for (unsigned i = 0; i < 3; i++) {
        say(b->client, GET);
        turn(b);
        expect(b->front, GET);
        say(b->front, OK);
        turn(b);
        expect(b->client, OK);
    }
    assert_int_equal(b->streams, 1);
    teardown(b);
}

static void test_without_front_the_answer_is_503(void **state)
{
    struct bench *b = setup();
    (void)state;
    b->has_front = false;
    say(b->client, GET);
    turn(b);
    expect(b->client, "HTTP/1.1 503 ");
    expect_end(b->client);
    assert_false(b->is_over); /* it lingers until the client agrees */
    assert_int_equal(shutdown(b->client, SHUT_WR), 0);
    turn(b);
    assert_true(b->is_over);
    teardown(b);
}

static void test_a_front_that_dies_is_replaced_for_the_next_request(void **state)
{
    struct bench *b = setup();
    (void)state;
    say(b->client, GET);
    turn(b);
    say(b->front, OK);
    turn(b);
    expect(b->client, OK);
    assert_int_equal(close(b->front), 0);
    turn(b);
    say(b->client, GET);
    turn(b);
    assert_int_equal(b->streams, 2);
    expect(b->front, GET);
    assert_int_equal(close(b->front), 0);
    b->front = -1;
    turn(b);
    expect(b->client, "HTTP/1.1 502 ");
    teardown(b);
}

static void test_front_sees_a_client_that_leaves(void **state)
{
    struct bench *b = setup();
    (void)state;
    say(b->client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
    turn(b);
    expect(b->front, "POST /a");
    assert_int_equal(close(b->client), 0);
    b->client = -1;
    turn(b);
    assert_true(b->is_over);
    expect_end(b->front);
    teardown(b);
}

static void test_a_client_that_half_closed_gets_its_answer(void **state)
{
    struct bench *b = setup();
    (void)state;
    say(b->client, GET);
    assert_int_equal(shutdown(b->client, SHUT_WR), 0);
    turn(b);
    expect(b->front, GET);
    say(b->front, OK);
    turn(b);
    expect(b->client, OK);
    expect_end(b->client);
    assert_true(b->is_over);
    teardown(b);
}

static void test_a_client_that_left_for_good_is_noticed_after_its_half_close(void **state)
{
    struct bench *b = setup();
    (void)state;
    say(b->client, GET);
    turn(b);
    assert_int_equal(close(b->client), 0);
    b->client = -1;
    turn(b);
    turn(b);
    assert_true(b->is_over);
    teardown(b);
}

/* A client that reads nothing stops front's sending, and nothing is lost when it reads again. */
static void test_backpressure_reaches_front(void **state)
{
    enum { LENGTH = 4 * 1024 * 1024 };
    static char block[64 * 1024];
    struct bench *b = setup();
    size_t sent = 0;
    size_t got = 0;
    (void)state;
    say(b->client, GET);
    turn(b);
    say(b->front, "HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n");
    for (unsigned idle = 0; idle < 4; idle++) {
        ssize_t n = send(b->front, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            idle = 0;
        }
        turn(b);
    }
    assert_true(sent < 2 * 1024 * 1024);
    while (got < LENGTH) {
        size_t left = LENGTH - sent;
        ssize_t n = left == 0 ? 0
                              : send(b->front, block, left < sizeof(block) ? left : sizeof(block),
                                     MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        turn(b);
        n = recv(b->client, block, sizeof(block), MSG_DONTWAIT);
        assert_true(n > 0 || errno == EAGAIN);
        got += n > 0 ? (size_t)n : 0;
    }
    say(b->client, GET); /* and the connection goes on */
    turn(b);
    expect(b->front, GET);
    teardown(b);
}

static void test_lingering_ends_by_itself(void **state)
{
    struct bench *b = setup();
    (void)state;
    say(b->client, "BAD\r\n");
    turn(b);
    expect(b->client, "HTTP/1.1 400 ");
    say(b->client, "and more, which is dropped");
    turn(b);
    assert_false(b->is_over);
    sp_pump_tick(b->pump, sp_clock_mono_ms() + SP_PUMP_LINGER_MS + 100);
    assert_true(b->is_over);
    teardown(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_both_ways_over_one_stream),
        cmocka_unit_test(test_without_front_the_answer_is_503),
        cmocka_unit_test(test_a_front_that_dies_is_replaced_for_the_next_request),
        cmocka_unit_test(test_front_sees_a_client_that_leaves),
        cmocka_unit_test(test_a_client_that_half_closed_gets_its_answer),
        cmocka_unit_test(test_a_client_that_left_for_good_is_noticed_after_its_half_close),
        cmocka_unit_test(test_backpressure_reaches_front),
        cmocka_unit_test(test_lingering_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
