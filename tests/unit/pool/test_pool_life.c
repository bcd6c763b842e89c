#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool/pool.h"

#define EVENTS_MAX 16U

/* The world around a room whose sessions come from the template of a key. */
struct world {
    struct sp_pool *pool;
    struct sp_pool_now now;
    uint32_t forked[EVENTS_MAX];
    uint64_t keys[EVENTS_MAX]; /* of their templates */
    unsigned forks;
    uint32_t killed[EVENTS_MAX];
    unsigned kills;
    struct sp_frame sent[EVENTS_MAX];
    uint32_t sent_to[EVENTS_MAX];
    unsigned sends;
};

static void on_fork(void *ctx, uint32_t ticket, uint64_t key)
{
    struct world *w = ctx;
    w->keys[w->forks % EVENTS_MAX] = key;
    w->forked[w->forks++ % EVENTS_MAX] = ticket;
}

static void on_kill(void *ctx, uint32_t ticket)
{
    struct world *w = ctx;
    w->killed[w->kills++ % EVENTS_MAX] = ticket;
}

static void on_send(void *ctx, uint32_t ticket, const struct sp_frame *frame)
{
    struct world *w = ctx;
    w->sent[w->sends % EVENTS_MAX] = *frame;
    w->sent_to[w->sends++ % EVENTS_MAX] = ticket;
}

static void on_close(void *ctx, uint32_t ticket)
{
    (void)ctx;
    (void)ticket;
}

static void on_answer(void *ctx, uint64_t request, unsigned status, unsigned retry_after_s,
                      struct sp_slice body)
{
    (void)ctx;
    (void)retry_after_s;
    (void)body;
    assert_true(request > 0 && status >= 200);
}

static void on_stream(void *ctx, uint64_t request, struct sp_slice bytes)
{
    (void)ctx;
    (void)request;
    (void)bytes;
    fail();
}

static void on_file(void *ctx, uint64_t request, int *fd, const struct sp_pool_file *file)
{
    (void)ctx;
    (void)request;
    (void)fd;
    (void)file;
    fail();
}

static int open_world_with(void **state, bool is_by_key)
{
    static struct world w;
    const struct sp_pool_config config = {.max_sessions = 4,
                                          .ready_sessions = 1,
                                          .cooldown_ms = 60000,
                                          .output_max = 100,
                                          .is_by_key = is_by_key};
    const struct sp_pool_ports ports = {.ctx = &w,
                                        .fork = on_fork,
                                        .kill = on_kill,
                                        .send = on_send,
                                        .close = on_close,
                                        .answer = on_answer,
                                        .stream = on_stream,
                                        .file = on_file};
    w = (struct world){.now = {.mono_ms = 1000, .wall_us = 1000000}};
    *state = &w;
    return sp_pool_new(&config, &ports, 7, w.now, &w.pool) == SP_OK ? 0 : -1;
}

static int open_world(void **state)
{
    return open_world_with(state, false);
}

static int open_world_by_key(void **state)
{
    return open_world_with(state, true);
}

static int close_world(void **state)
{
    struct world *w = *state;
    sp_pool_free(w->pool);
    return 0;
}

static void template_up(struct world *w)
{
    assert_int_equal(sp_pool_template_up(w->pool, SP_WALL_ALL, sp_slice_of("python 3"), w->now),
                     SP_OK);
}

static void execute_of(struct world *w, uint64_t request, const char *identifier, uint64_t key)
{
    const struct sp_pool_order order = {.request = request,
                                        .key = key,
                                        .identifier = sp_slice_of(identifier),
                                        .code = SP_SLICE_LITERAL("1+1"),
                                        .timeout_s = 5};
    sp_pool_execute(w->pool, &order, w->now);
}

static void say(struct world *w, uint32_t ticket, struct sp_frame frame)
{
    int no_fd = -1;
    sp_pool_frame(w->pool, ticket, &frame, &no_fd, w->now);
}

static void ready(struct world *w, uint32_t ticket)
{
    assert_true(sp_pool_forked(w->pool, ticket));
    say(w, ticket, (struct sp_frame){.type = SP_FRAME_READY});
}

/* The run that was started last ends well. */
static void done(struct world *w, uint32_t ticket)
{
    say(w, ticket,
        (struct sp_frame){.type = SP_FRAME_DONE,
                          .nonce = w->sent[(w->sends - 1) % EVENTS_MAX].nonce,
                          .a = SP_CELL_SUCCEEDED});
}

static uint64_t after(struct world *w, uint64_t ms)
{
    w->now.mono_ms += ms;
    w->now.wall_us += ms * 1000;
    return sp_pool_tick(w->pool, w->now);
}

static void test_ready_session_goes_to_its_own_key_only(void **state)
{
    struct world *w = *state;
    template_up(w);
    assert_int_equal(w->forks, 0); /* whose would it be? */
    execute_of(w, 11, "first", 7);
    assert_int_equal(w->forks, 1);
    assert_true(w->keys[0] == 7);
    ready(w, w->forked[0]);
    done(w, w->forked[0]);
    (void)after(w, 1000);
    assert_int_equal(w->forks, 2);
    assert_true(w->keys[1] == 7);
    ready(w, w->forked[1]);
    execute_of(w, 12, "second", 8);
    assert_int_equal(w->forks, 3);
    assert_true(w->keys[2] == 8);
    ready(w, w->forked[2]);
    assert_int_equal(w->sent_to[w->sends - 1], w->forked[2]);
    done(w, w->forked[2]);
    /* The set follows the keys that are asked for: the one of key 7 makes room. */
    assert_int_equal(w->kills, 0);
    (void)after(w, 1000);
    assert_int_equal(w->kills, 1);
    assert_int_equal(w->killed[0], w->forked[1]);
    assert_int_equal(w->forks, 4);
    assert_true(w->keys[3] == 8);
    ready(w, w->forked[3]);
    execute_of(w, 13, "third", 8);
    assert_int_equal(w->sent_to[w->sends - 1], w->forked[3]);
    assert_int_equal(w->forks, 4);
}

static void test_without_keys_all_share_the_set(void **state)
{
    struct world *w = *state;
    template_up(w);
    assert_int_equal(w->forks, 1);
    assert_true(w->keys[0] == 0);
    ready(w, w->forked[0]);
    execute_of(w, 11, "first", 7);
    assert_int_equal(w->sent_to[0], w->forked[0]);
}

static void test_runs_that_wait_keep_their_key_in_a_new_session(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute_of(w, 11, "first", 7);
    ready(w, w->forked[0]);
    execute_of(w, 12, "first", 7);
    sp_pool_session_lost(w->pool, w->forked[0], w->now);
    assert_int_equal(w->forks, 2);
    assert_true(w->keys[1] == 7);
}

static void test_long_code_goes_in_parts(void **state)
{
    static uint8_t code[SP_FRAME_PART_MAX + 5];
    struct world *w = *state;
    struct sp_pool_order order = {.request = 11,
                                  .identifier = sp_slice_of("first"),
                                  .code = sp_slice_make(code, sizeof code),
                                  .timeout_s = 5};
    template_up(w);
    ready(w, w->forked[0]);
    sp_pool_execute(w->pool, &order, w->now);
    assert_int_equal(w->sends, 2);
    assert_int_equal(w->sent[0].type, SP_FRAME_RUN);
    assert_int_equal(w->sent[0].number, sizeof code);
    assert_int_equal(w->sent[0].bytes.len, SP_FRAME_PART_MAX);
    assert_int_equal(w->sent[1].type, SP_FRAME_CODE);
    assert_int_equal(w->sent[1].bytes.len, 5);
    done(w, w->forked[0]);
    order.code = sp_slice_make(NULL, 0);
    order.request = 12;
    sp_pool_execute(w->pool, &order, w->now);
    assert_int_equal(w->sends, 3);
    assert_int_equal(w->sent[2].type, SP_FRAME_RUN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_long_code_goes_in_parts, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_without_keys_all_share_the_set, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_ready_session_goes_to_its_own_key_only,
                                        open_world_by_key, close_world),
        cmocka_unit_test_setup_teardown(test_runs_that_wait_keep_their_key_in_a_new_session,
                                        open_world_by_key, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
