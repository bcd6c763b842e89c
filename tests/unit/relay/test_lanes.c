/* lanes: runs that are refused or find no connection, how long they rest, and what is never offered again. */
#include "pools_world.h"

/* --- rests --- */

static void test_full_pool_is_asked_again_after_growing_rests(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 4, 0);
    run(&w, 1, "s");
    for (unsigned i = 0; i < 3; i++) {
        uint64_t rest = (500 * MS) << i; /* nothing random: the least */
        full(&w);
        assert_int_equal(w.started, i + 1);
        later(&w, rest - 1);
        assert_int_equal(w.started, i + 1);
        later(&w, 1);
        assert_int_equal(w.started, i + 2);
    }
    good(&w);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_DONE);
    assert_int_equal(w.last.attempts, 4);
    assert_string_equal(w.outcome_pool, "a");
    assert_int_equal(sp_relay_room_busy(w.room), 0);
    sp_relay_room_free(w.room);
}

static void test_pool_that_stays_full_is_told_with_its_own_patience(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 2, 0);
    run(&w, 1, "s");
    answered(&w, 429, "{}", 3);
    later(&w, 3 * S - 1);
    assert_int_equal(w.started, 1); /* waited out whole */
    later(&w, 1);
    assert_int_equal(w.started, 2);
    answered(&w, 429, "{}", 4);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.err, SP_ERR_SESSIONS_FULL);
    assert_int_equal(w.last.retry_after_ms, 4000);
    assert_int_equal(w.last.attempts, 2);
    sp_relay_room_free(w.room);
}

static void test_nobody_is_kept_waiting_for_longer_than_the_time_there_is(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 8, 0);
    run(&w, 1, "s");
    answered(&w, 429, "{}", 60);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.retry_after_ms, 60000);
    run(&w, 2, "s");
    for (unsigned i = 0; w.outcomes == 1 && i < 8; i++) {
        answered(&w, 429, "{}", 6);
        later(&w, 6 * S);
    }
    assert_int_equal(w.last.exchange, 2);
    assert_int_equal(w.last.attempts, 4); /* at 0, 6, 12 and 18 seconds */
    assert_int_equal(w.timeout_ms, 7000 + SP_RELAY_MARGIN_MS - 18000);
    sp_relay_room_free(w.room);
}

static void test_words_of_allocation_are_a_refusal_whatever_the_status(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 2, 1);
    run(&w, 1, "s");
    answered(&w, 500, "Error happened when allocating pod for identifier s in pool p", 0);
    assert_int_equal(w.outcomes, 0);
    assert_int_equal(w.news, 0); /* a full pool is not a broken one */
    later(&w, S);
    assert_int_equal(w.started, 2);
    good(&w);
    assert_int_equal(w.last.state, SP_END_DONE);
    sp_relay_room_free(w.room);
}

static void test_what_may_have_started_is_never_offered_again(void **state)
{
    static const struct {
        enum sp_http_state state;
        unsigned status;
    } ends[] = {{SP_HTTP_BROKEN, 0},     {SP_HTTP_ANSWERED, 500}, {SP_HTTP_ANSWERED, 502},
                {SP_HTTP_ANSWERED, 503}, {SP_HTTP_ANSWERED, 504}, {SP_HTTP_ANSWERED, 408},
                {SP_HTTP_ANSWERED, 200}};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(ends); i++) {
        struct world w;
        open_world(&w, 2, 8, 0);
        run(&w, 1, "s");
        if (ends[i].state == SP_HTTP_ANSWERED) {
            answered(&w, ends[i].status, "not what it should be", 0);
        } else {
            ended(&w, ends[i].state);
        }
        later(&w, 30 * S);
        assert_int_equal(w.started, 1);
        assert_int_equal(w.outcomes, 1);
        assert_int_equal(w.last.state, SP_END_UNKNOWN);
        sp_relay_room_free(w.room);
    }
}

static void test_rest_holds_no_connection(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 4, 0);
    for (unsigned i = 0; i < 20; i++) { /* more than there may be connections */
        run(&w, i, "s");
        full(&w);
    }
    assert_int_equal(sp_relay_room_busy(w.room), 20);
    run(&w, 99, "t");
    assert_int_equal(w.started, 21);
    good(&w);
    assert_int_equal(w.last.exchange, 99);
    sp_relay_room_free(w.room);
}

static void test_only_so_many_rest(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 4, 0);
    for (unsigned i = 0; i < SP_RELAY_RESTING_MAX; i++) {
        run(&w, i, "s");
        full(&w);
    }
    assert_int_equal(w.outcomes, 0);
    run(&w, 5000, "s");
    full(&w);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.exchange, 5000);
    assert_int_equal(w.last.err, SP_ERR_SESSIONS_FULL);
    sp_relay_room_free(w.room);
}

static void test_failed_connections_are_tried_again(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 3, 0);
    w.idle = 0;
    run(&w, 1, "s");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(w.dials, i + 1);
        assert_int_equal(w.outcomes, 0);
        sp_relay_room_dialled(w.room, w.ticket, SP_ERR_POOL_UNAVAILABLE, -1,
                              sp_slice_of("cannot connect"), w.now);
        later(&w, S);
    }
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.attempts, 3);
    assert_string_equal(w.detail, "cannot connect");
    assert_int_equal(w.started, 0);
    sp_relay_room_free(w.room);
}

static void test_dead_connection_is_replaced_at_once_and_then_with_rests(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 3, 0);
    run(&w, 1, "s");
    ended(&w, SP_HTTP_NO_CONNECTION);
    assert_int_equal(w.started, 2);
    ended(&w, SP_HTTP_NO_CONNECTION);
    assert_int_equal(w.started, 2);
    later(&w, 2 * S);
    assert_int_equal(w.started, 3);
    ended(&w, SP_HTTP_NO_CONNECTION);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.attempts, 3);
    sp_relay_room_free(w.room);
}

static void test_run_whose_record_is_closed_does_not_wake(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 4, 0);
    run(&w, 1, "s");
    full(&w);
    sp_relay_room_audit_lost(w.room);
    later(&w, 10 * S);
    assert_int_equal(w.started, 1);
    assert_int_equal(w.outcomes, 0);
    assert_int_equal(sp_relay_room_busy(w.room), 0);
    sp_relay_room_free(w.room);
}

static void test_what_rests_is_given_back_when_the_service_stops(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 4, 0);
    run(&w, 1, "s");
    full(&w);
    assert_int_equal(w.outcomes, 0);
    sp_relay_room_stop(w.room, w.now);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.attempts, 1);
    run(&w, 2, "s"); /* audit may still have some */
    full(&w);
    assert_int_equal(w.outcomes, 2);
    assert_int_equal(w.last.err, SP_ERR_SESSIONS_FULL);
    assert_int_equal(sp_relay_room_busy(w.room), 0);
    sp_relay_room_free(w.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_pool_is_asked_again_after_growing_rests),
        cmocka_unit_test(test_pool_that_stays_full_is_told_with_its_own_patience),
        cmocka_unit_test(test_nobody_is_kept_waiting_for_longer_than_the_time_there_is),
        cmocka_unit_test(test_words_of_allocation_are_a_refusal_whatever_the_status),
        cmocka_unit_test(test_what_may_have_started_is_never_offered_again),
        cmocka_unit_test(test_rest_holds_no_connection),
        cmocka_unit_test(test_only_so_many_rest),
        cmocka_unit_test(test_failed_connections_are_tried_again),
        cmocka_unit_test(test_dead_connection_is_replaced_at_once_and_then_with_rests),
        cmocka_unit_test(test_run_whose_record_is_closed_does_not_wake),
        cmocka_unit_test(test_what_rests_is_given_back_when_the_service_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
