/* dial: against real sockets of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "dial/dial.h"

struct heard {
    unsigned count;
    uint64_t call;
    enum sp_err err;
    int fd;
    char why[SP_WHERE_TEXT_MAX];
};

static void hear(void *ctx, uint64_t call, const struct sp_dial_end *end)
{
    struct heard *heard = ctx;
    heard->count++;
    heard->call = call;
    heard->err = end->err;
    heard->fd = end->fd;
    (void)snprintf(heard->why, sizeof(heard->why), "%s", end->why->text);
}

static uint16_t listen_tcp(int *out_fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    *out_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(*out_fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(*out_fd, 8), 0);
    assert_int_equal(getsockname(*out_fd, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

static int listen_unix(const char *path, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)unlink(path);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void wait_for(struct sp_loop *loop, const struct heard *heard, unsigned count)
{
    uint64_t until = sp_clock_mono_ms() + 5000;
    while (heard->count < count && sp_clock_mono_ms() < until) {
        assert_int_equal(sp_loop_turn(loop, 20), SP_OK);
    }
    assert_int_equal(heard->count, count);
}

static struct sp_dial *make(struct sp_loop *loop, const char *host, uint16_t port,
                            uint32_t connect_ms, struct heard *heard)
{
    struct sp_dial_targets targets = {0};
    struct sp_dial *dial = NULL;
    *heard = (struct heard){.fd = -1};
    const struct sp_dial_place place = {
        .host = sp_slice_of(host), .port = port, .asker = SP_ROLE_RELAY};
    assert_int_equal(sp_dial_targets_add(&targets, &place), SP_OK);
    assert_int_equal(sp_dial_new(loop, &targets, connect_ms, hear, heard, &dial), SP_OK);
    return dial;
}

static void call(struct sp_dial *dial, uint64_t number)
{
    assert_int_equal(sp_dial_call(dial, number, SP_ROLE_RELAY, 0), SP_OK);
}

static void test_dial_hands_over_a_connected_descriptor(void **state)
{
    struct heard heard;
    int listener = -1;
    uint16_t port = listen_tcp(&listener);
    struct sp_dial *dial = make(*state, "127.0.0.1", port, 1000, &heard);
    call(dial, 42);
    wait_for(*state, &heard, 1);
    assert_int_equal(heard.err, SP_OK);
    assert_int_equal(heard.call, 42);
    SP_AUTO_CLOSE int client = heard.fd;
    SP_AUTO_CLOSE int server = accept(listener, NULL, NULL);
    char byte = 0;
    assert_int_equal(write(client, "x", 1), 1);
    assert_int_equal(read(server, &byte, 1), 1);
    sp_dial_free(dial);
    sp_close(listener);
}

static void test_dial_connects_to_a_path(void **state)
{
    struct heard heard;
    char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/sp-dial-%d", (int)getpid());
    SP_AUTO_CLOSE SP_UNUSED int listener = listen_unix(path, 8);
    struct sp_dial *dial = make(*state, path, 0, 1000, &heard);
    call(dial, 7);
    wait_for(*state, &heard, 1);
    assert_int_equal(heard.err, SP_OK);
    sp_close(heard.fd);
    sp_dial_free(dial);
    (void)unlink(path);
}

static void test_dial_waits_for_a_full_backlog(void **state)
{
    struct heard heard;
    char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/sp-dial-full-%d", (int)getpid());
    SP_AUTO_CLOSE SP_UNUSED int listener = listen_unix(path, 0);
    struct sp_dial *dial = make(*state, path, 0, 3000, &heard);
    call(dial, 1);
    call(dial, 2);
    assert_int_equal(sp_loop_turn(*state, 20), SP_OK);
    assert_int_equal(heard.count, 1); /* the second one waits */
    sp_close(heard.fd);
    SP_AUTO_CLOSE int first = accept(listener, NULL, NULL);
    assert_true(first >= 0);
    wait_for(*state, &heard, 2);
    assert_int_equal(heard.err, SP_OK);
    sp_close(heard.fd);
    sp_dial_free(dial);
    (void)unlink(path);
}

static void test_dial_says_why_it_failed(void **state)
{
    struct heard heard;
    int listener = -1;
    uint16_t port = listen_tcp(&listener);
    sp_close(listener); /* nobody listens there now */
    struct sp_dial *dial = make(*state, "127.0.0.1", port, 1000, &heard);
    call(dial, 1);
    wait_for(*state, &heard, 1);
    assert_int_equal(heard.err, SP_ERR_POOL_UNAVAILABLE);
    assert_string_equal(heard.why, "cannot connect to 127.0.0.1: Connection refused");
    sp_dial_free(dial);
}

static void test_dial_refuses_a_target_that_is_not_the_askers(void **state)
{
    struct heard heard;
    struct sp_dial *dial = make(*state, "127.0.0.1", 1, 1000, &heard);
    assert_int_equal(sp_dial_call(dial, 1, SP_ROLE_RELAY, 1), SP_ERR_RANGE);
    assert_int_equal(sp_dial_call(dial, 1, SP_ROLE_SHIP, 0), SP_ERR_RANGE);
    assert_int_equal(sp_dial_call(dial, 1, SP_ROLE_TOKEN, 0), SP_ERR_RANGE);
    assert_int_equal(heard.count, 0);
    sp_dial_free(dial);
}

/* Whoever takes a relay over must not keep the token from its identity provider. */
static void test_dial_leaves_room_for_others_than_one_asker(void **state)
{
    struct heard heard = {.fd = -1};
    char path[64];
    struct sp_dial_targets targets = {0};
    struct sp_dial *dial = NULL;
    (void)snprintf(path, sizeof(path), "/tmp/sp-dial-room-%d", (int)getpid());
    SP_AUTO_CLOSE SP_UNUSED int listener = listen_unix(path, 0);
    for (size_t i = 0; i < 2; i++) {
        const struct sp_dial_place place = {.host = sp_slice_of(path),
                                            .asker = i == 0 ? SP_ROLE_RELAY : SP_ROLE_TOKEN};
        assert_int_equal(sp_dial_targets_add(&targets, &place), SP_OK);
    }
    assert_int_equal(sp_dial_new(*state, &targets, 60000, hear, &heard, &dial), SP_OK);
    call(dial, 0); /* it fills the backlog */
    sp_close(heard.fd);
    for (size_t i = 0; i < SP_DIAL_CALLS_MAX; i++) {
        call(dial, 1 + i);
    }
    assert_int_equal(heard.count, 1); /* all others wait */
    call(dial, 5000);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.err, SP_ERR_FULL);
    assert_int_equal(sp_dial_call(dial, 6000, SP_ROLE_TOKEN, 1), SP_OK);
    assert_int_equal(heard.count, 2);
    sp_dial_free(dial);
    (void)unlink(path);
}

static void test_dial_gives_up_in_time(void **state)
{
    struct heard heard;
    char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/sp-dial-slow-%d", (int)getpid());
    SP_AUTO_CLOSE SP_UNUSED int listener = listen_unix(path, 0);
    struct sp_dial *dial = make(*state, path, 0, 60, &heard);
    call(dial, 1);
    assert_int_equal(heard.err, SP_OK);
    sp_close(heard.fd);
    call(dial, 2); /* the backlog is full and nobody accepts */
    wait_for(*state, &heard, 2);
    assert_int_equal(heard.err, SP_ERR_POOL_UNAVAILABLE);
    sp_dial_free(dial);
    (void)unlink(path);
}

static int open_loop(void **state)
{
    struct sp_loop *loop = NULL;
    if (sp_loop_new(&loop) != SP_OK) {
        return 1;
    }
    *state = loop;
    return 0;
}

static int close_loop(void **state)
{
    sp_loop_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dial_hands_over_a_connected_descriptor),
        cmocka_unit_test(test_dial_connects_to_a_path),
        cmocka_unit_test(test_dial_waits_for_a_full_backlog),
        cmocka_unit_test(test_dial_says_why_it_failed),
        cmocka_unit_test(test_dial_refuses_a_target_that_is_not_the_askers),
        cmocka_unit_test(test_dial_leaves_room_for_others_than_one_asker),
        cmocka_unit_test(test_dial_gives_up_in_time),
    };
    return cmocka_run_group_tests(tests, open_loop, close_loop);
}
