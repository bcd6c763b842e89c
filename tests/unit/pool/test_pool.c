#include "pool/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/session_act.h"

#define ANSWERS_MAX 64U

/* The world around the room: what it asked for, and what it answered. */
struct world {
    struct sp_pool *pool;
    struct sp_pool_now now;
    uint32_t forked[ANSWERS_MAX];
    unsigned forks;
    uint32_t killed[ANSWERS_MAX];
    unsigned kills;
    unsigned closes;
    struct sp_frame sent[ANSWERS_MAX];
    uint32_t sent_to[ANSWERS_MAX];
    unsigned sends;
    uint64_t request;
    unsigned status;
    unsigned retry_after_s;
    unsigned answers;
    struct sp_buf body;
    struct sp_buf streamed;
};

static void on_fork(void *ctx, uint32_t ticket, uint64_t key)
{
    struct world *w = ctx;
    (void)key;
    w->forked[w->forks++ % ANSWERS_MAX] = ticket;
}

static void on_kill(void *ctx, uint32_t ticket)
{
    struct world *w = ctx;
    w->killed[w->kills++ % ANSWERS_MAX] = ticket;
}

static void on_send(void *ctx, uint32_t ticket, const struct sp_frame *frame)
{
    struct world *w = ctx;
    w->sent[w->sends % ANSWERS_MAX] = *frame;
    w->sent_to[w->sends++ % ANSWERS_MAX] = ticket;
}

static void on_close(void *ctx, uint32_t ticket)
{
    struct world *w = ctx;
    (void)ticket;
    w->closes++;
}

static void on_answer(void *ctx, uint64_t request, unsigned status, unsigned retry_after_s,
                      struct sp_slice body)
{
    struct world *w = ctx;
    w->request = request;
    w->status = status;
    w->retry_after_s = retry_after_s;
    w->answers++;
    sp_buf_clear(&w->body);
    assert_int_equal(sp_buf_put(&w->body, body), SP_OK);
}

static void on_stream(void *ctx, uint64_t request, struct sp_slice bytes)
{
    struct world *w = ctx;
    w->request = request;
    assert_int_equal(sp_buf_put(&w->streamed, bytes), SP_OK);
}

static void on_file(void *ctx, uint64_t request, int *fd, const struct sp_pool_file *file)
{
    (void)ctx;
    (void)fd;
    fail_msg("request %u asked for no file, least of all %u", (unsigned)request,
             (unsigned)file->size);
}

static int open_world_with(void **state, uint32_t max, uint32_t ready)
{
    static struct world w;
    const struct sp_pool_config config = {.max_sessions = max,
                                          .ready_sessions = ready,
                                          .cooldown_ms = 10000,
                                          .max_life_ms = 25000,
                                          .output_max = 4096};
    const struct sp_pool_ports ports = {.ctx = &w,
                                        .fork = on_fork,
                                        .kill = on_kill,
                                        .send = on_send,
                                        .close = on_close,
                                        .answer = on_answer,
                                        .stream = on_stream,
                                        .file = on_file};
    w = (struct world){.now = {.mono_ms = 1000, .wall_us = 1000000}};
    sp_buf_init(&w.body, SP_POOL_ANSWER_BYTES_MAX);
    sp_buf_init(&w.streamed, SP_POOL_ANSWER_BYTES_MAX);
    *state = &w;
    return sp_pool_new(&config, &ports, 7, w.now, &w.pool) == SP_OK ? 0 : -1;
}

static int open_world(void **state)
{
    return open_world_with(state, 2, 0);
}

static int open_world_with_ready(void **state)
{
    return open_world_with(state, 3, 1);
}

static int close_world(void **state)
{
    struct world *w = *state;
    sp_pool_free(w->pool);
    sp_buf_done(&w->body);
    sp_buf_done(&w->streamed);
    return 0;
}

/* ---- short words for what happens ---- */

static void template_up(struct world *w)
{
    assert_int_equal(
        sp_pool_template_up(w->pool, SP_WALL_ALL, sp_slice_of("python 3\nnumpy 1"), w->now), SP_OK);
}

static void execute(struct world *w, uint64_t request, const char *identifier)
{
    const struct sp_pool_order order = {.request = request,
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

/* The nonce of the last RUN that was sent. */
static uint64_t nonce_of_run(const struct world *w)
{
    unsigned i = w->sends;
    while (i > 0 && w->sent[i - 1].type != SP_FRAME_RUN) {
        i--;
    }
    assert_true(i > 0);
    return w->sent[i - 1].nonce;
}

static void done(struct world *w, uint32_t ticket)
{
    say(w, ticket,
        (struct sp_frame){.type = SP_FRAME_DONE, .nonce = nonce_of_run(w), .a = SP_CELL_SUCCEEDED});
}

static bool body_has(const struct world *w, const char *text)
{
    for (size_t i = 0; i < w->body.len; i++) {
        if (sp_slice_starts(sp_slice_sub(sp_buf_slice(&w->body), i, w->body.len), text)) {
            return true;
        }
    }
    return false;
}

static uint64_t after(struct world *w, uint64_t ms)
{
    w->now.mono_ms += ms;
    w->now.wall_us += ms * 1000;
    return sp_pool_tick(w->pool, w->now);
}

/* ---- life ---- */

static void test_first_use_makes_a_session_and_runs(void **state)
{
    struct world *w = *state;
    template_up(w);
    assert_int_equal(w->forks, 0);
    execute(w, 11, "first");
    assert_int_equal(w->forks, 1);
    assert_int_equal(w->sends, 0);
    ready(w, w->forked[0]);
    assert_int_equal(w->sent[0].type, SP_FRAME_RUN);
    assert_int_equal(w->sent[0].number, 3);
    assert_int_equal(w->sent[0].bytes.len, 3);
    assert_int_equal(w->sends, 1);
    done(w, w->forked[0]);
    assert_int_equal(w->request, 11);
    assert_int_equal(w->status, 200);
    assert_true(body_has(w, "\"status\":\"Succeeded\""));
    execute(w, 12, "first");
    assert_int_equal(w->forks, 1);
}

static void test_run_waits_for_the_template(void **state)
{
    struct world *w = *state;
    execute(w, 11, "first");
    assert_int_equal(w->forks, 0);
    template_up(w);
    assert_int_equal(w->forks, 1);
}

static void test_run_is_refused_when_no_template_comes(void **state)
{
    struct world *w = *state;
    execute(w, 11, "first");
    assert_true(after(w, 1000) < UINT64_MAX);
    assert_int_equal(w->answers, 0);
    (void)after(w, SP_POOL_BIRTH_MS);
    assert_int_equal(w->answers, 1);
    assert_int_equal(w->status, 503);
    assert_true(w->retry_after_s > 0);
}

static void test_ready_session_is_taken_and_replaced(void **state)
{
    struct world *w = *state;
    template_up(w);
    assert_int_equal(w->forks, 1);
    ready(w, w->forked[0]);
    execute(w, 11, "first");
    assert_int_equal(w->sends, 1);
    assert_int_equal(w->sent_to[0], w->forked[0]);
    /* The run comes first; then the set is filled. */
    assert_int_equal(w->forks, 1);
    assert_true(sp_pool_tick(w->pool, w->now) <= w->now.mono_ms + 1000);
    (void)after(w, 1000);
    assert_int_equal(w->forks, 2);
}

static void test_session_limit_answers_with_a_time(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    execute(w, 12, "second");
    execute(w, 13, "third");
    assert_int_equal(w->request, 13);
    assert_int_equal(w->status, 429);
    assert_true(w->retry_after_s >= 1);
    assert_true(body_has(w, "SessionLimitReached"));
}

static void test_cooldown_ends_an_idle_session_and_not_a_busy_one(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "idle");
    ready(w, w->forked[0]);
    done(w, w->forked[0]);
    (void)after(w, 9999);
    assert_int_equal(w->kills, 0);
    (void)after(w, 1);
    assert_int_equal(w->kills, 1);
    sp_pool_session_get(w->pool, 12, sp_slice_of("idle"));
    assert_int_equal(w->status, 404);
}

static void test_session_ends_at_the_end_of_its_life_but_not_in_a_run(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "busy");
    ready(w, w->forked[0]);
    done(w, w->forked[0]);
    for (uint64_t i = 0; i < 5; i++) {
        (void)after(w, 4000);
        execute(w, 20 + i, "busy");
        done(w, w->forked[0]);
    }
    (void)after(w, 4000);
    assert_int_equal(w->kills, 0);
    execute(w, 30, "busy");
    (void)after(w, 2000);
    assert_int_equal(w->kills, 0);
    done(w, w->forked[0]);
    assert_int_equal(w->status, 200);
    (void)after(w, 1);
    assert_int_equal(w->kills, 1);
}

/* The third run ends when its 25 s are over: the one that is left in line goes to a new session. */
static void test_session_with_a_line_ends_at_the_end_of_its_life_too(void **state)
{
    struct world *w = *state;
    template_up(w);
    for (uint64_t i = 0; i < 4; i++) {
        execute(w, 11 + i, "busy");
    }
    ready(w, w->forked[0]);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(w->kills, 0);
        (void)after(w, 9000);
        done(w, w->forked[0]);
    }
    ready(w, w->forked[1]);
    assert_int_equal(w->kills, 1);
}

static void test_ended_session_frees_its_place(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    done(w, w->forked[0]);
    sp_pool_session_delete(w->pool, 12, sp_slice_of("first"), w->now);
    assert_int_equal(w->status, 204);
    assert_int_equal(w->killed[0], w->forked[0]);
    sp_pool_ended(w->pool, w->forked[0], w->now);
    assert_false(sp_pool_forked(w->pool, w->forked[0]));
    execute(w, 13, "first");
    assert_int_equal(w->forks, 2);
    assert_true(w->forked[1] != w->forked[0]);
}

/* ---- turns ---- */

static void test_runs_of_one_session_take_turns(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    execute(w, 12, "first");
    assert_int_equal(w->sends, 1);
    done(w, w->forked[0]);
    assert_int_equal(w->request, 11);
    assert_int_equal(w->sends, 2);
    done(w, w->forked[0]);
    assert_int_equal(w->request, 12);
}

static void test_line_is_bounded(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    for (uint64_t i = 0; i < SP_POOL_LINE_MAX; i++) {
        execute(w, 20 + i, "first");
    }
    assert_int_equal(w->answers, 0);
    execute(w, 99, "first");
    assert_int_equal(w->request, 99);
    assert_int_equal(w->status, 429);
}

static void test_timeout_interrupts_then_kills(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    (void)after(w, 4999);
    assert_int_equal(w->sends, 1);
    (void)after(w, 1);
    assert_int_equal(w->sent[1].type, SP_FRAME_INTERRUPT);
    (void)after(w, SP_POOL_GRACE_MS);
    assert_int_equal(w->kills, 1);
    assert_int_equal(w->status, 200);
    assert_true(body_has(w, "its state is lost"));
}

static void test_run_that_yields_keeps_its_session(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    (void)after(w, 5000);
    say(w, w->forked[0],
        (struct sp_frame){
            .type = SP_FRAME_DONE, .nonce = nonce_of_run(w), .a = SP_CELL_INTERRUPTED});
    assert_true(body_has(w, "keeps its state"));
    assert_int_equal(w->kills, 0);
}

static void test_crash_is_answered_and_the_line_goes_to_a_new_session(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    execute(w, 12, "first");
    say(w, w->forked[0], (struct sp_frame){.type = SP_FRAME_GONE, .a = 1, .number = 11});
    assert_int_equal(w->request, 11);
    assert_true(body_has(w, "signal 11"));
    assert_int_equal(w->forks, 2);
    ready(w, w->forked[1]);
    done(w, w->forked[1]);
    assert_int_equal(w->request, 12);
}

static void test_lost_template_makes_the_running_unknown_and_keeps_the_waiting(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    execute(w, 12, "first");
    sp_pool_template_lost(w->pool, w->now);
    assert_int_equal(w->request, 11);
    assert_int_equal(w->status, 502);
    assert_true(body_has(w, "OutcomeUnknown"));
    template_up(w);
    assert_int_equal(w->forks, 2);
    ready(w, w->forked[1]);
    done(w, w->forked[1]);
    assert_int_equal(w->request, 12);
    assert_int_equal(w->status, 200);
}

static void test_session_that_cannot_be_made_refuses_its_line(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    sp_pool_ended(w->pool, w->forked[0], w->now);
    assert_int_equal(w->request, 11);
    assert_int_equal(w->status, 503);
}

static void test_client_that_left_gets_no_answer(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    execute(w, 12, "first");
    sp_pool_left(w->pool, 11);
    sp_pool_left(w->pool, 12);
    done(w, w->forked[0]);
    assert_int_equal(w->answers, 0);
    assert_int_equal(w->sends, 1);
}

static void test_streamed_run_tells_its_output_as_it_comes(void **state)
{
    struct world *w = *state;
    const struct sp_pool_order order = {.request = 11,
                                        .identifier = SP_SLICE_LITERAL("first"),
                                        .code = SP_SLICE_LITERAL("1"),
                                        .timeout_s = 5,
                                        .is_streamed = true};
    template_up(w);
    sp_pool_execute(w->pool, &order, w->now);
    ready(w, w->forked[0]);
    uint64_t nonce = nonce_of_run(w);
    say(w, w->forked[0],
        (struct sp_frame){
            .type = SP_FRAME_STREAM, .nonce = nonce, .a = 1, .bytes = SP_SLICE_LITERAL("a\nb")});
    assert_true(
        sp_slice_is(sp_buf_slice(&w->streamed), "event: stdout\ndata: {\"text\":\"a\\nb\"}\n\n"));
    assert_int_equal(w->answers, 0);
    done(w, w->forked[0]);
    assert_int_equal(w->answers, 1);
    assert_true(body_has(w, "\"stdout\":\"a\\nb\""));
}

/* ---- hostile sessions ---- */

static void test_frames_of_another_run_are_dropped(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    say(w, w->forked[0],
        (struct sp_frame){
            .type = SP_FRAME_DONE, .nonce = nonce_of_run(w) + 1, .a = SP_CELL_SUCCEEDED});
    assert_int_equal(w->answers, 0);
    say(w, w->forked[0], (struct sp_frame){.type = SP_FRAME_READY});
    assert_int_equal(w->sends, 1);
    done(w, w->forked[0]);
    assert_int_equal(w->answers, 1);
    done(w, w->forked[0]);
    assert_int_equal(w->answers, 1);
}

static void test_wrong_item_ends_the_session(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    say(w, w->forked[0],
        (struct sp_frame){
            .type = SP_FRAME_ITEM, .nonce = nonce_of_run(w), .b = SP_ITEM_KIND_COUNT});
    assert_int_equal(w->kills, 1);
    assert_true(body_has(w, "SessionLost"));
}

static void test_end_of_a_run_tells_what_was_seen(void **state)
{
    struct world *w = *state;
    uint8_t seen[1 + 4 + 4 * SP_ACT_COUNT] = {1};
    struct sp_frame end = {.type = SP_FRAME_DONE, .a = SP_CELL_SUCCEEDED};
    template_up(w);
    execute(w, 11, "first");
    ready(w, w->forked[0]);
    end.nonce = nonce_of_run(w);
    end.bytes = sp_slice_make(seen, sizeof seen);
    say(w, w->forked[0], end);
    assert_int_equal(w->kills, 0);
    assert_true(body_has(w, "\"isWitnessComplete\":true"));
    execute(w, 12, "first");
    end.nonce = nonce_of_run(w);
    end.bytes.len--;
    say(w, w->forked[0], end);
    assert_int_equal(w->kills, 1);
    assert_true(body_has(w, "SessionLost"));
}

static void test_late_word_of_an_earlier_session_is_dropped(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    uint32_t old = w->forked[0];
    ready(w, old);
    sp_pool_session_delete(w->pool, 12, sp_slice_of("first"), w->now);
    sp_pool_ended(w->pool, old, w->now);
    execute(w, 13, "first");
    say(w, old, (struct sp_frame){.type = SP_FRAME_READY});
    assert_false(sp_pool_forked(w->pool, old));
    sp_pool_ended(w->pool, old, w->now);
    assert_true(sp_pool_forked(w->pool, w->forked[1]));
}

static void test_metadata_and_list(void **state)
{
    struct world *w = *state;
    template_up(w);
    execute(w, 11, "first");
    sp_pool_session_list(w->pool, 12, 0);
    assert_true(body_has(w, "\"identifier\":\"first\""));
    sp_pool_session_list(w->pool, 15, 1);
    assert_true(body_has(w, "{\"sessions\":[],\"nextLink\":null}"));
    sp_pool_metadata(w->pool, 13);
    assert_true(body_has(w, "{\"name\":\"numpy\",\"version\":\"1\"}"));
    assert_true(body_has(w, "\"landlock\":true"));
    sp_pool_session_get(w->pool, 14, sp_slice_of(""));
    assert_int_equal(w->status, 404);
}

#define LIVE(test)  cmocka_unit_test_setup_teardown(test, open_world, close_world)
#define READY(test) cmocka_unit_test_setup_teardown(test, open_world_with_ready, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIVE(test_first_use_makes_a_session_and_runs),
        LIVE(test_run_waits_for_the_template),
        LIVE(test_run_is_refused_when_no_template_comes),
        READY(test_ready_session_is_taken_and_replaced),
        LIVE(test_session_limit_answers_with_a_time),
        LIVE(test_cooldown_ends_an_idle_session_and_not_a_busy_one),
        LIVE(test_session_ends_at_the_end_of_its_life_but_not_in_a_run),
        LIVE(test_session_with_a_line_ends_at_the_end_of_its_life_too),
        LIVE(test_ended_session_frees_its_place),
        LIVE(test_runs_of_one_session_take_turns),
        LIVE(test_line_is_bounded),
        LIVE(test_timeout_interrupts_then_kills),
        LIVE(test_run_that_yields_keeps_its_session),
        LIVE(test_crash_is_answered_and_the_line_goes_to_a_new_session),
        LIVE(test_lost_template_makes_the_running_unknown_and_keeps_the_waiting),
        LIVE(test_session_that_cannot_be_made_refuses_its_line),
        LIVE(test_client_that_left_gets_no_answer),
        LIVE(test_streamed_run_tells_its_output_as_it_comes),
        LIVE(test_frames_of_another_run_are_dropped),
        LIVE(test_wrong_item_ends_the_session),
        LIVE(test_end_of_a_run_tells_what_was_seen),
        LIVE(test_late_word_of_an_earlier_session_is_dropped),
        LIVE(test_metadata_and_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
