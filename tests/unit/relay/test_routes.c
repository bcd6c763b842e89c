/* routes: pools that fail and come back, and which session goes where. */
#include "pools_world.h"

/* --- breakers --- */

static void fail_once(struct world *w, sp_exchange exchange, const char *session)
{
    run(w, exchange, session);
    answered(w, 503, "down", 0);
}

static void test_pool_that_fails_is_left_alone_and_asked_again_by_one(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 1, 2);
    fail_once(&w, 1, "s");
    fail_once(&w, 2, "t");
    assert_int_equal(w.news, 1);
    assert_true(w.is_open);
    run(&w, 3, "u");
    assert_int_equal(w.started, 2);
    assert_int_equal(w.last.exchange, 3);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.err, SP_ERR_POOL_UNAVAILABLE);
    assert_int_equal(w.last.retry_after_ms, 1000);
    later(&w, S);
    run(&w, 4, "u"); /* tries */
    run(&w, 5, "v"); /* while it does, the others wait outside */
    assert_int_equal(w.started, 3);
    assert_int_equal(w.last.exchange, 5);
    answered(&w, 502, "down", 0);
    assert_int_equal(w.news, 2);
    assert_int_equal(w.open_ms, 2000);
    later(&w, 2 * S);
    run(&w, 6, "u");
    good(&w);
    assert_int_equal(w.news, 3);
    assert_false(w.is_open);
    run(&w, 7, "u");
    assert_int_equal(w.started, 5);
    sp_relay_room_free(w.room);
}

static void test_trial_that_says_nothing_lets_the_next_one_try(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 1, 1);
    w.idle = 0;
    run(&w, 1, "s");
    sp_relay_room_dialled(w.room, w.ticket, SP_ERR_POOL_UNAVAILABLE, -1, sp_slice_of("no"), w.now);
    assert_true(w.is_open);
    later(&w, 2 * S);
    run(&w, 2, "s");
    assert_int_equal(w.outcomes, 1); /* it waits for its connection */
    later(&w, SP_RELAY_WAIT_MS * MS);
    assert_int_equal(w.outcomes, 2);
    w.idle = 1;
    run(&w, 3, "s");
    assert_int_equal(w.started, 1);
    good(&w);
    assert_false(w.is_open);
    sp_relay_room_free(w.room);
}

static void test_failed_trial_of_a_connection_opens_for_longer(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 1, 1);
    w.idle = 0;
    run(&w, 1, "s");
    sp_relay_room_dialled(w.room, w.ticket, SP_ERR_POOL_UNAVAILABLE, -1, sp_slice_of("no"), w.now);
    later(&w, 2 * S);
    run(&w, 2, "s");
    sp_relay_room_dialled(w.room, w.ticket, SP_ERR_POOL_UNAVAILABLE, -1, sp_slice_of("no"), w.now);
    assert_int_equal(w.news, 2);
    assert_int_equal(w.open_ms, 2000);
    assert_int_equal(w.outcomes, 2);
    sp_relay_room_free(w.room);
}

static void test_runs_that_wait_are_given_back_when_the_breaker_opens(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 1, 1);
    w.idle = 0;
    run(&w, 1, "s");
    run(&w, 2, "t");
    run(&w, 3, "u");
    sp_relay_room_dialled(w.room, w.ticket, SP_ERR_POOL_UNAVAILABLE, -1, sp_slice_of("no"), w.now);
    assert_int_equal(w.outcomes, 3);
    assert_int_equal(w.news, 1);
    assert_int_equal(sp_relay_room_busy(w.room), 0);
    sp_relay_room_free(w.room);
}

static void test_one_session_cannot_close_a_pool_for_all(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 1, 2);
    for (unsigned i = 0; i < 20; i++) {
        fail_once(&w, i, "crasher");
    }
    assert_int_equal(w.news, 0);
    fail_once(&w, 30, "other");
    assert_int_equal(w.news, 1);
    sp_relay_room_free(w.room);
}

/* --- several pools --- */

/* A session whose first choice is this pool. */
static const char *session_of(struct world *w, size_t pool, unsigned number)
{
    static char name[3] = "aa";
    for (char c = 'a'; c <= 'z'; c++) {
        name[0] = (char)('a' + number);
        name[1] = c;
        run(w, 1, name);
        size_t got = w->pool;
        answered(w, 429, "{}", 60); /* it is over, and no pool has heard of the session */
        if (got == pool) {
            return name;
        }
    }
    return NULL;
}

static void test_sessions_stick_and_spread(void **state)
{
    struct world w;
    unsigned got[3] = {0};
    (void)state;
    open_world(&w, 3, 1, 0);
    for (unsigned i = 0; i < 60; i++) {
        const char name[] = {(char)('A' + i % 20), (char)('a' + i / 20), '\0'};
        run(&w, i, name);
        size_t pool = w.pool;
        got[pool]++;
        assert_true(sp_slice_starts(sp_slice_of(w.target), pool == 0   ? "/pa/"
                                                           : pool == 1 ? "/pb/"
                                                                       : "/pc/"));
        good(&w);
        assert_string_equal(w.outcome_pool, pool == 0 ? "a" : pool == 1 ? "b" : "c");
        for (unsigned k = 0; k < 3; k++) {
            run(&w, i, name);
            assert_int_equal(w.pool, pool);
            good(&w);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        assert_in_range(got[i], 8, 35);
    }
    sp_relay_room_free(w.room);
}

static void test_new_sessions_go_elsewhere_and_known_ones_are_given_back(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 1, 1);
    char known[3] = "";
    sp_slice_to_text(sp_slice_of(session_of(&w, 0, 0)), known, sizeof(known));
    run(&w, 1, known);
    assert_int_equal(w.pool, 0);
    good(&w);
    fail_once(&w, 2, known); /* pool a's breaker opens */
    assert_true(w.is_open);
    run(&w, 3, known);
    assert_int_equal(w.last.exchange, 3);
    assert_int_equal(w.last.err, SP_ERR_POOL_UNAVAILABLE);
    assert_string_equal(w.outcome_pool, "a");
    char fresh[3] = "";
    for (char c = 'a'; c <= 'z'; c++) { /* of these, about half belong to pool a */
        fresh[0] = 'z';
        fresh[1] = c;
        run(&w, 4, fresh);
        assert_int_equal(w.pool, 1);
        good(&w);
        assert_int_equal(w.last.state, SP_END_DONE);
    }
    later(&w, S);
    run(&w, 5, known); /* pool a is well again */
    assert_int_equal(w.pool, 0);
    good(&w);
    assert_false(w.is_open);
    for (char c = 'a'; c <= 'z'; c++) { /* and those that went elsewhere stay there */
        fresh[1] = c;
        run(&w, 6, fresh);
        assert_int_equal(w.pool, 1);
        good(&w);
    }
    sp_relay_room_free(w.room);
}

static void test_new_session_that_rests_moves_when_its_pool_fails(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 4, 1);
    char name[3] = "";
    sp_slice_to_text(sp_slice_of(session_of(&w, 1, 1)), name, sizeof(name));
    w.idle = 0;
    run(&w, 1, name);
    assert_int_equal(w.pool, 1);
    sp_relay_room_dialled(w.room, w.ticket, SP_ERR_POOL_UNAVAILABLE, -1, sp_slice_of("no"), w.now);
    w.idle = 1;
    unsigned started = w.started;
    later(&w, 600 * MS);
    assert_int_equal(w.started, started + 1);
    assert_int_equal(w.pool, 0);
    assert_true(sp_slice_starts(sp_slice_of(w.target), "/pa/executions"));
    good(&w);
    assert_string_equal(w.outcome_pool, "a");
    assert_int_equal(w.last.attempts, 2);
    sp_relay_room_free(w.room);
}

static void test_session_under_way_does_not_move(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 1, 1);
    char name[3] = "";
    sp_slice_to_text(sp_slice_of(session_of(&w, 0, 2)), name, sizeof(name));
    run(&w, 1, name);
    size_t first = w.slot;
    fail_once(&w, 2, name); /* the breaker of a opens while the first request is there */
    assert_true(w.is_open);
    unsigned started = w.started;
    run(&w, 3, name);
    assert_int_equal(w.started, started);
    assert_int_equal(w.last.exchange, 3);
    w.slot = first;
    good(&w);
    sp_relay_room_free(w.room);
}

static void test_list_of_sessions_asks_every_pool(void **state)
{
    struct world w;
    const struct sp_order order = {.operation = SP_OPERATION_SESSION_LIST};
    (void)state;
    open_world(&w, 3, 2, 0);
    tell(&w, &order, 1, "");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(w.outcomes, 0);
        assert_int_equal(w.pool, i);
        assert_true(sp_slice_starts(sp_slice_of(w.target), i == 0   ? "/pa/"
                                                           : i == 1 ? "/pb/"
                                                                    : "/pc/"));
        answered(&w, 200, "{\"value\":[]}", 0);
    }
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_DONE);
    sp_relay_room_free(w.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_that_fails_is_left_alone_and_asked_again_by_one),
        cmocka_unit_test(test_trial_that_says_nothing_lets_the_next_one_try),
        cmocka_unit_test(test_failed_trial_of_a_connection_opens_for_longer),
        cmocka_unit_test(test_runs_that_wait_are_given_back_when_the_breaker_opens),
        cmocka_unit_test(test_one_session_cannot_close_a_pool_for_all),
        cmocka_unit_test(test_sessions_stick_and_spread),
        cmocka_unit_test(test_new_sessions_go_elsewhere_and_known_ones_are_given_back),
        cmocka_unit_test(test_new_session_that_rests_moves_when_its_pool_fails),
        cmocka_unit_test(test_session_under_way_does_not_move),
        cmocka_unit_test(test_list_of_sessions_asks_every_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
