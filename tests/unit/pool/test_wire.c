#include "pool/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"

struct world {
    struct sp_loop *loop;
    struct sp_pool_wire *wire;
    int far;
    struct sp_frame last;
    unsigned frames;
    unsigned lost;
    int kept_fd;
    bool frees_itself;
};

static void on_frame(void *ctx, struct sp_pool_wire *wire, const struct sp_frame *frame, int *fd)
{
    struct world *w = ctx;
    w->frames++;
    w->last = *frame;
    if (*fd >= 0) {
        w->kept_fd = sp_take_fd(fd);
    }
    if (w->frees_itself) {
        sp_pool_wire_free(wire);
        w->wire = NULL;
    }
}

static void on_lost(void *ctx, struct sp_pool_wire *wire)
{
    struct world *w = ctx;
    w->lost++;
    sp_pool_wire_free(wire);
    w->wire = NULL;
}

static int open_world(void **state)
{
    static struct world w;
    const struct sp_pool_wire_events events = {
        .frame = on_frame, .lost = on_lost, .ctx = &w, .ticket = 9};
    int pair[2] = {-1, -1};
    w = (struct world){.far = -1, .kept_fd = -1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                     0);
    assert_int_equal(sp_loop_new(&w.loop), SP_OK);
    assert_int_equal(sp_pool_wire_new(w.loop, pair[0], &events, &w.wire), SP_OK);
    w.far = pair[1];
    *state = &w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    sp_pool_wire_free(w->wire);
    sp_close(w->far);
    sp_close(w->kept_fd);
    sp_loop_free(w->loop);
    return 0;
}

static void say(const struct world *w, const void *bytes, size_t len)
{
    assert_int_equal(send(w->far, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void turn(const struct world *w)
{
    assert_int_equal(sp_loop_turn(w->loop, 50), SP_OK);
}

static void test_frame_is_handed_over(void **state)
{
    static const uint8_t forked[] = {SP_FRAME_FORKED, 0, 0, 1, 2};
    struct world *w = *state;
    say(w, forked, sizeof forked);
    turn(w);
    assert_int_equal(w->frames, 1);
    assert_int_equal(w->last.ticket, 0x102);
    assert_int_equal(sp_pool_wire_ticket(w->wire), 9);
    assert_int_equal(w->lost, 0);
}

static void test_what_is_no_frame_ends_the_wire(void **state)
{
    static const uint8_t wrong[] = {SP_FRAME_FORKED, 0, 0, 1};
    struct world *w = *state;
    say(w, wrong, sizeof wrong);
    turn(w);
    assert_int_equal(w->frames, 0);
    assert_int_equal(w->lost, 1);
}

static void test_end_of_the_far_side_is_told_once(void **state)
{
    struct world *w = *state;
    sp_close(sp_take_fd(&w->far));
    turn(w);
    assert_int_equal(w->lost, 1);
}

static void test_wire_may_be_freed_in_its_callback(void **state)
{
    static const uint8_t ready[] = {SP_FRAME_READY, 0, 0, 0, 0};
    struct world *w = *state;
    w->frees_itself = true;
    say(w, ready, sizeof ready);
    say(w, ready, sizeof ready);
    turn(w);
    assert_int_equal(w->frames, 1);
    assert_int_equal(w->lost, 0);
}

static void test_frames_wait_when_the_far_side_does_not_read(void **state)
{
    static uint8_t part[SP_FRAME_PART_MAX];
    static uint8_t space[SP_FRAME_BYTES_MAX];
    struct world *w = *state;
    const struct sp_frame code = {.type = SP_FRAME_CODE, .nonce = 5, .bytes = {part, sizeof part}};
    unsigned got = 0;
    for (unsigned i = 0; i < 40; i++) {
        sp_pool_wire_send(w->wire, &code);
    }
    for (unsigned i = 0; i < 400 && got < 40; i++) {
        while (recv(w->far, space, sizeof space, 0) > 0) {
            got++;
        }
        turn(w);
    }
    assert_int_equal(got, 40);
    assert_int_equal(w->lost, 0);
}

static void test_queue_over_its_limit_ends_the_wire(void **state)
{
    static uint8_t part[SP_FRAME_PART_MAX];
    struct world *w = *state;
    const struct sp_frame code = {.type = SP_FRAME_CODE, .nonce = 5, .bytes = {part, sizeof part}};
    for (size_t sent = 0; sent < SP_POOL_WIRE_QUEUE_MAX + (size_t)4 * 1024 * 1024;
         sent += sizeof part) {
        sp_pool_wire_send(w->wire, &code);
    }
    for (unsigned i = 0; i < 10 && w->lost == 0; i++) {
        turn(w);
    }
    assert_int_equal(w->lost, 1);
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIVE(test_frame_is_handed_over),
        LIVE(test_what_is_no_frame_ends_the_wire),
        LIVE(test_end_of_the_far_side_is_told_once),
        LIVE(test_wire_may_be_freed_in_its_callback),
        LIVE(test_frames_wait_when_the_far_side_does_not_read),
        LIVE(test_queue_over_its_limit_ends_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
