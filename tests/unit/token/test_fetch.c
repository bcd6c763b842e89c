/* fetch: one exchange over a pair of sockets; every way that a peer can answer, or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "token/fetch.h"

#define REQUEST "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define TURNS   8U

struct world {
    struct sp_loop *loop;
    struct sp_fetch *fetch;
    int peer;
    unsigned ends;
    enum sp_err err;
    unsigned status;
    uint64_t retry_after_ms;
    char body[64];
    char why[128];
};

static void on_end(void *ctx, const struct sp_fetch_end *end)
{
    struct world *world = ctx;
    world->ends++;
    world->err = end->err;
    world->status = end->status;
    world->retry_after_ms = end->retry_after_ms;
    sp_slice_to_text(end->body, world->body, sizeof(world->body));
    sp_slice_to_text(sp_slice_of(end->why), world->why, sizeof(world->why));
    sp_fetch_free(world->fetch); /* as the process does */
    world->fetch = NULL;
}

static void open_world(struct world *world, size_t answer_max, uint64_t timeout_ms)
{
    int fds[2];
    *world = (struct world){.peer = -1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(sp_loop_new(&world->loop), SP_OK);
    const struct sp_fetch_how how = {.loop = world->loop,
                                     .host = "h",
                                     .request = SP_SLICE_LITERAL(REQUEST),
                                     .answer_bytes_max = answer_max,
                                     .timeout_ms = timeout_ms,
                                     .fn = on_end,
                                     .ctx = world};
    assert_int_equal(sp_fetch_new(&how, fds[0], &world->fetch), SP_OK);
    world->peer = fds[1];
}

static void turn(struct world *world)
{
    for (unsigned i = 0; i < TURNS; i++) {
        assert_int_equal(sp_loop_turn(world->loop, 1), SP_OK);
    }
}

static void close_world(struct world *world)
{
    sp_fetch_free(world->fetch);
    if (world->peer >= 0) {
        close(world->peer);
    }
    sp_loop_free(world->loop);
}

static void test_answers_of_every_framing(void **state)
{
    (void)state;
    const struct {
        const char *answer;
        bool hangs_up;
        enum sp_err err;
        unsigned status;
        uint64_t retry_after_ms;
        const char *body;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, SP_OK, 200, 0, "hi"},
        {"HTTP/1.1 204 No\r\n\r\n", false, SP_OK, 204, 0, ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
         false, SP_OK, 200, 0, "hi!"},
        {"HTTP/1.0 200 OK\r\n\r\nuntil the end", true, SP_OK, 200, 0, "until the end"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false, SP_OK,
         200, 0, "x"},
        {"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", false, SP_OK, 429,
         7000, ""},
        {"HTTP/1.1 429 Slow\r\nRetry-After: tomorrow\r\nContent-Length: 0\r\n\r\n", false, SP_OK,
         429, 0, ""},
        {"HTTP/1.1 302 Elsewhere\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n", false,
         SP_OK, 302, 0, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", true, SP_ERR_SHORT, 0, 0, ""},
        {"HTTP/1.1 200 OK\r\nContent-", true, SP_ERR_SHORT, 0, 0, ""},
        {"", true, SP_ERR_SHORT, 0, 0, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", false, SP_ERR_HTTP,
         0, 0, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n12345678901234567", false, SP_ERR_TOO_BIG, 0,
         0, ""},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world world;
        char sent[128] = {0};
        open_world(&world, 16, 60000);
        turn(&world);
        assert_true(read(world.peer, sent, sizeof(sent) - 1) > 0);
        assert_string_equal(sent, REQUEST);
        const struct sp_slice answer = sp_slice_of(cases[i].answer);
        assert_int_equal(write(world.peer, answer.ptr, answer.len), answer.len);
        if (cases[i].hangs_up) {
            close(world.peer);
            world.peer = -1;
        }
        turn(&world);
        assert_int_equal(world.ends, 1);
        assert_int_equal(world.err, cases[i].err);
        assert_int_equal(world.status, cases[i].status);
        assert_int_equal(world.retry_after_ms, cases[i].retry_after_ms);
        assert_string_equal(world.body, cases[i].body);
        close_world(&world);
    }
}

static void test_an_answer_may_come_byte_by_byte(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    struct world world;
    open_world(&world, 16, 60000);
    turn(&world);
    for (size_t i = 0; i + 1 < sizeof(answer); i++) {
        assert_int_equal(world.ends, 0);
        assert_int_equal(write(world.peer, answer + i, 1), 1);
        turn(&world);
    }
    assert_int_equal(world.ends, 1);
    assert_string_equal(world.body, "hi");
    close_world(&world);
}

static void test_silence_ends_by_time(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 16, 20);
    for (unsigned i = 0; i < 100 && world.ends == 0; i++) {
        turn(&world);
    }
    assert_int_equal(world.err, SP_ERR_TIMEOUT);
    assert_string_equal(world.why, "no answer in time");
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_of_every_framing),
        cmocka_unit_test(test_an_answer_may_come_byte_by_byte),
        cmocka_unit_test(test_silence_ends_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
