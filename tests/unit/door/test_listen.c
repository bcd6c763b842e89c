/* The listener: bounds on connections, counts, and emptying the house. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "door/listen.h"

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

struct bench {
    struct sp_loop *loop;
    struct sp_listen *listen;
    struct sockaddr_in address;
    unsigned emptied;
    char source[SP_ADDRESS_TEXT_BYTES];
};

/* There is no front here: every good request is answered 503. */
static enum sp_err on_stream(void *ctx, const struct sp_pump_card *card, int fd)
{
    struct bench *b = ctx;
    (void)fd;
    memcpy(b->source, card->source, sizeof(b->source));
    return SP_ERR_UNAVAILABLE;
}

static void on_refused(void *ctx, enum sp_err err, const char *rule, struct sp_slice source)
{
    (void)ctx;
    assert_int_not_equal(err, SP_OK);
    assert_non_null(rule);
    assert_true(source.len > 0);
}

static void on_empty(void *ctx)
{
    struct bench *b = ctx;
    b->emptied++;
}

static void setup(struct bench *b, unsigned all, unsigned per_address)
{
    socklen_t len = sizeof(b->address);
    *b = (struct bench){.address = {.sin_family = AF_INET}};
    b->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&b->address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&b->address, &len), 0);
    assert_int_equal(sp_loop_new(&b->loop), SP_OK);
    const struct sp_listen_config config = {
        .loop = b->loop,
        .limits = {.head_ms = 300, .body_ms = 300, .idle_ms = 300},
        .connections_max = all,
        .connections_per_address = per_address,
        .stream = on_stream,
        .empty = on_empty,
        .refused = on_refused,
        .ctx = b};
    assert_int_equal(sp_listen_new(&config, fd, &b->listen), SP_OK);
    assert_int_equal(sp_listen_open(b->listen), SP_OK);
}

static void teardown(struct bench *b)
{
    sp_listen_free(b->listen);
    sp_loop_free(b->loop);
}

static void turn(struct bench *b)
{
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(sp_loop_turn(b->loop, 2), SP_OK);
    }
}

static int join(struct bench *b)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&b->address, sizeof(b->address)), 0);
    turn(b);
    return fd;
}

static bool is_told(int fd, const char *text)
{
    char got[1024] = {0};
    return recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) > 0 && strstr(got, text) != NULL;
}

static void test_an_address_has_its_share_of_connections(void **state)
{
    struct bench b;
    (void)state;
    setup(&b, 10, 2);
    int one = join(&b);
    int two = join(&b);
    int three = join(&b);
    assert_true(is_told(three, "HTTP/1.1 503 "));
    assert_int_equal(sp_listen_counts(b.listen).open, 2);
    assert_int_equal(sp_listen_counts(b.listen).turned_away, 1);
    (void)close(one);
    turn(&b);
    int four = join(&b);
    assert_false(is_told(four, "HTTP/1.1 503 "));
    assert_int_equal(sp_listen_counts(b.listen).open, 2);
    (void)close(two);
    (void)close(three);
    (void)close(four);
    turn(&b);
    assert_int_equal(sp_listen_counts(b.listen).open, 0);
    teardown(&b);
}

static void test_all_connections_have_a_bound(void **state)
{
    struct bench b;
    (void)state;
    setup(&b, 1, 5);
    int one = join(&b);
    int two = join(&b);
    assert_true(is_told(two, "too many connections"));
    assert_int_equal(sp_listen_counts(b.listen).open, 1);
    (void)close(one);
    (void)close(two);
    teardown(&b);
}

static void test_front_hears_where_a_client_comes_from(void **state)
{
    struct bench b;
    (void)state;
    setup(&b, 5, 5);
    int one = join(&b);
    assert_int_equal(send(one, GET, sizeof(GET) - 1, 0), sizeof(GET) - 1);
    turn(&b);
    assert_string_equal(b.source, "127.0.0.1");
    assert_true(is_told(one, "HTTP/1.1 503 "));
    (void)close(one);
    turn(&b);
    assert_int_equal(sp_listen_counts(b.listen).front_lost, 1);
    assert_int_equal(sp_listen_counts(b.listen).requests, 1);
    teardown(&b);
}

static void test_deadlines_tick(void **state)
{
    struct bench b;
    char byte = 0;
    (void)state;
    setup(&b, 5, 5);
    int idle = join(&b);
    int slow = join(&b);
    assert_int_equal(send(slow, "GET", 3, 0), 3);
    for (unsigned i = 0; i < 100 && sp_listen_counts(b.listen).open > 0; i++) {
        assert_int_equal(sp_loop_turn(b.loop, 20), SP_OK);
        if (is_told(slow, "HTTP/1.1 408 ")) {
            (void)shutdown(slow, SHUT_WR);
        }
        if (recv(idle, &byte, 1, MSG_DONTWAIT) == 0) {
            (void)shutdown(idle, SHUT_WR);
        }
    }
    assert_int_equal(sp_listen_counts(b.listen).open, 0);
    assert_int_equal(sp_listen_counts(b.listen).timed_out, 1);
    (void)close(idle);
    (void)close(slow);
    teardown(&b);
}

static void test_draining_closes_the_listener_and_tells_when_all_left(void **state)
{
    struct bench b;
    (void)state;
    setup(&b, 5, 5);
    int one = join(&b);
    sp_listen_drain(b.listen);
    int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(late, (struct sockaddr *)&b.address, sizeof(b.address)), -1);
    assert_int_equal(b.emptied, 0); /* the idle one is asked to go first */
    (void)close(one);
    turn(&b);
    assert_int_equal(b.emptied, 1);
    (void)close(late);
    teardown(&b);
}

static void test_an_empty_house_is_told_to_be_so_at_once(void **state)
{
    struct bench b;
    (void)state;
    setup(&b, 5, 5);
    sp_listen_drain(b.listen);
    assert_int_equal(b.emptied, 1);
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_address_has_its_share_of_connections),
        cmocka_unit_test(test_all_connections_have_a_bound),
        cmocka_unit_test(test_front_hears_where_a_client_comes_from),
        cmocka_unit_test(test_deadlines_tick),
        cmocka_unit_test(test_draining_closes_the_listener_and_tells_when_all_left),
        cmocka_unit_test(test_an_empty_house_is_told_to_be_so_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
