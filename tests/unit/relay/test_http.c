/*
 * http: libcurl over descriptors that are connected already. The pool listens at a path: over a socketpair, which has no
 * peer name, libcurl 7.88 would use no connection again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/own.h"
#include "relay/fence.h"
#include "relay/http.h"

#define CONNECTIONS 8U
#define PAIRS       32U

struct world {
    struct sp_loop *loop;
    struct sp_http *http;
    int pool[CONNECTIONS];  /* our ends, in the order in which they were handed out */
    int ready[CONNECTIONS]; /* theirs, -1 once handed out */
    unsigned handed;
    unsigned available;
    unsigned ended;
    struct sp_http_end last;
    char body[256];
    char why[SP_HTTP_WHY_MAX];
};

static enum sp_err hand_out(void *ctx, int *out_fd)
{
    struct world *world = ctx;
    if (world->handed == world->available) {
        return SP_ERR_NOT_FOUND;
    }
    *out_fd = sp_take_fd(&world->ready[world->handed++]);
    return SP_OK;
}

static void note_end(void *ctx, size_t slot, const struct sp_http_end *end)
{
    struct world *world = ctx;
    (void)slot;
    world->ended++;
    world->last = *end;
    world->body[sp_slice_copy(end->body, world->body, sizeof(world->body) - 1)] = '\0';
    (void)snprintf(world->why, sizeof(world->why), "%s", end->why);
}

/* Behind the fence nobody connects any more, so all connections of all tests are made before it. */
static int dialled[PAIRS][2];
static unsigned dialled_count;

static int dial_pairs(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/sp-http-%d", (int)getpid());
    SP_AUTO_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, PAIRS) != 0) {
        return 1;
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        dialled[i][0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(dialled[i][0], (struct sockaddr *)&address, sizeof(address)) != 0) {
            return 1;
        }
        dialled[i][1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    }
    return unlink(address.sun_path);
}

static void open_connections(struct world *world, unsigned available)
{
    for (unsigned i = 0; i < available; i++) {
        assert_true(dialled_count < PAIRS);
        world->ready[i] = dialled[dialled_count][0];
        world->pool[i] = dialled[dialled_count][1];
        dialled_count++;
    }
}

static void open_world(struct world *world, unsigned available)
{
    struct sp_http_ops ops = {.take_connection = hand_out, .ended = note_end, .ctx = world};
    struct sp_http_config config = {.is_local = true,
                                    .host = SP_SLICE_LITERAL("localhost"),
                                    .connect_ms = 1000,
                                    .idle_s = 20,
                                    .slots = 4};
    *world = (struct world){.available = available};
    open_connections(world, available);
    assert_int_equal(sp_loop_new(&world->loop), SP_OK);
    assert_int_equal(sp_http_new(world->loop, &config, &ops, &world->http), SP_OK);
    config = (struct sp_http_config){.slots = 0}; /* copied, not kept */
    assert_int_equal(config.slots, 0);
}

static void close_world(struct world *world)
{
    sp_http_free(world->http);
    sp_loop_free(world->loop);
    for (unsigned i = 0; i < world->available; i++) {
        sp_close(world->ready[i] > 0 && i >= world->handed ? world->ready[i] : -1);
        sp_close(world->pool[i]);
    }
}

static void start(struct world *world, size_t slot, const char *body, uint32_t timeout_ms)
{
    struct sp_http_request request = {.target = SP_SLICE_LITERAL("/executions?identifier=a%2Fb"),
                                      .body = sp_slice_of(body),
                                      .timeout_ms = timeout_ms};
    assert_int_equal(sp_http_start(world->http, slot, &request), SP_OK);
}

/* Turns the loop until what arrived on a connection holds `until`. */
static void read_request(struct world *world, unsigned connection, const char *until, char *out,
                         size_t room)
{
    size_t have = 0;
    uint64_t deadline = sp_clock_mono_ms() + 5000;
    out[0] = '\0';
    while (strstr(out, until) == NULL && sp_clock_mono_ms() < deadline) {
        assert_int_equal(sp_loop_turn(world->loop, 10), SP_OK);
        ssize_t got = recv(world->pool[connection], out + have, room - 1 - have, MSG_DONTWAIT);
        have += got > 0 ? (size_t)got : 0;
        out[have] = '\0';
    }
    assert_non_null(strstr(out, until));
}

static void say(struct world *world, unsigned connection, const char *text)
{
    assert_int_equal(write(world->pool[connection], text, strlen(text)), strlen(text));
}

static void wait_end(struct world *world, unsigned count)
{
    uint64_t deadline = sp_clock_mono_ms() + 5000;
    while (world->ended < count && sp_clock_mono_ms() < deadline) {
        assert_int_equal(sp_loop_turn(world->loop, 10), SP_OK);
    }
    assert_int_equal(world->ended, count);
}

static const char *const good_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void test_http_sends_only_what_it_was_given(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 1);
    assert_int_equal(sp_http_set_bearer(world.http, sp_slice_of("t0ken")), SP_OK);
    start(&world, 0, "{\"a\":1}", 2000);
    read_request(&world, 0, "{\"a\":1}", seen, sizeof(seen));
    assert_string_equal(
        seen,
        "POST /executions?identifier=a%2Fb HTTP/1.1\r\nHost: localhost\r\nUser-Agent: sallyport\r\n"
        "Content-Type: application/json\r\nAccept: application/json\r\n"
        "Authorization: Bearer t0ken\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    say(&world, 0, good_answer);
    wait_end(&world, 1);
    assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
    assert_int_equal(world.last.status, 200);
    assert_string_equal(world.body, "ok");
    close_world(&world);
}

static void test_http_uses_a_connection_again(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 2);
    for (unsigned i = 1; i <= 3; i++) {
        start(&world, i, "{}", 2000);
        read_request(&world, 0, "{}", seen, sizeof(seen));
        assert_int_equal(sp_http_idle(world.http), 0);
        say(&world, 0, good_answer);
        wait_end(&world, i);
        assert_int_equal(sp_http_idle(world.http), 1);
    }
    assert_int_equal(world.handed, 1);
    close_world(&world);
}

static void test_http_notices_that_an_idle_connection_ended(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 2);
    start(&world, 0, "{}", 2000);
    read_request(&world, 0, "{}", seen, sizeof(seen));
    say(&world, 0, good_answer);
    wait_end(&world, 1);
    sp_close(sp_take_fd(&world.pool[0]));
    assert_int_equal(sp_loop_turn(world.loop, 50), SP_OK);
    assert_int_equal(sp_http_idle(world.http), 0);
    start(&world, 0, "{}", 2000);
    read_request(&world, 1, "{}", seen, sizeof(seen));
    say(&world, 1, good_answer);
    wait_end(&world, 2);
    assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
    close_world(&world);
}

/* The heart of "at most once": libcurl alone would send the request again on a new connection. */
static void test_http_never_sends_a_body_twice(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 3);
    start(&world, 0, "{}", 2000);
    read_request(&world, 0, "{}", seen, sizeof(seen));
    say(&world, 0, good_answer);
    wait_end(&world, 1);
    start(&world, 0, "{\"x\":2}", 2000);
    read_request(&world, 0, "{\"x\":2}", seen, sizeof(seen));
    sp_close(sp_take_fd(&world.pool[0])); /* took it, and hung up */
    wait_end(&world, 2);
    assert_int_equal(world.last.state, SP_HTTP_BROKEN);
    assert_int_equal(world.handed, 1);
    assert_true(world.why[0] != '\0');
    close_world(&world);
}

static void test_http_calls_a_cut_answer_broken(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "garbage\r\n\r\n"};
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world world;
        char seen[2048];
        print_message("%s\n", cases[i]);
        open_world(&world, 2);
        start(&world, 0, "{}", 2000);
        read_request(&world, 0, "{}", seen, sizeof(seen));
        say(&world, 0, cases[i]);
        sp_close(sp_take_fd(&world.pool[0]));
        wait_end(&world, 1);
        assert_int_equal(world.last.state, SP_HTTP_BROKEN);
        assert_int_equal(world.handed, 1);
        close_world(&world);
    }
}

static void test_http_ends_a_request_at_its_time(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 1);
    start(&world, 0, "{}", 80);
    read_request(&world, 0, "{}", seen, sizeof(seen));
    wait_end(&world, 1);
    assert_int_equal(world.last.state, SP_HTTP_BROKEN);
    close_world(&world);
}

static void test_http_says_when_there_is_no_connection(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0);
    start(&world, 0, "{}", 2000);
    wait_end(&world, 1);
    assert_int_equal(world.last.state, SP_HTTP_NO_CONNECTION);
    close_world(&world);
}

static void test_http_says_when_a_fresh_connection_is_dead(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1);
    sp_close(sp_take_fd(&world.pool[0]));
    start(&world, 0, "{}", 2000);
    wait_end(&world, 1);
    assert_true(world.last.state == SP_HTTP_NO_CONNECTION || world.last.state == SP_HTTP_BROKEN);
    close_world(&world);
}

static void test_http_follows_nothing_and_keeps_the_pools_patience(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 2);
    start(&world, 0, "{}", 2000);
    read_request(&world, 0, "{}", seen, sizeof(seen));
    say(&world, 0,
        "HTTP/1.1 100 Continue\r\n\r\n"
        "HTTP/1.1 307 No\r\nLocation: http://elsewhere/\r\nRetry-After: 7\r\nContent-Length: "
        "0\r\n\r\n");
    wait_end(&world, 1);
    assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
    assert_int_equal(world.last.status, 307);
    assert_int_equal(world.last.retry_after_s, 7);
    assert_int_equal(world.handed, 1);
    close_world(&world);
}

static void test_http_carries_several_requests_at_once(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 3);
    for (unsigned i = 0; i < 3; i++) {
        start(&world, i, "{}", 2000);
    }
    for (unsigned i = 3; i > 0; i--) {
        read_request(&world, i - 1, "{}", seen, sizeof(seen));
        say(&world, i - 1, good_answer);
    }
    wait_end(&world, 3);
    assert_int_equal(sp_http_idle(world.http), 3);
    close_world(&world);
}

static int enter_fence(void **state)
{
    (void)state;
    return dial_pairs() == 0 && sp_fence_enter() == SP_OK ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_sends_only_what_it_was_given),
        cmocka_unit_test(test_http_uses_a_connection_again),
        cmocka_unit_test(test_http_notices_that_an_idle_connection_ended),
        cmocka_unit_test(test_http_never_sends_a_body_twice),
        cmocka_unit_test(test_http_calls_a_cut_answer_broken),
        cmocka_unit_test(test_http_ends_a_request_at_its_time),
        cmocka_unit_test(test_http_says_when_there_is_no_connection),
        cmocka_unit_test(test_http_says_when_a_fresh_connection_is_dead),
        cmocka_unit_test(test_http_follows_nothing_and_keeps_the_pools_patience),
        cmocka_unit_test(test_http_carries_several_requests_at_once),
    };
    return cmocka_run_group_tests(tests, enter_fence, NULL);
}
