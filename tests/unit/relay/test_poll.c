/* poll: a run that the pool goes on with is asked after until it is over, and never started again. */
#include "pools_world.h"

#include <string.h>

#define RUNNING "{\"id\":\"a/b 1\",\"status\":\"Running\"}"

static void running(struct world *w)
{
    answered(w, 202, RUNNING, 0);
}

static void test_a_run_that_goes_on_is_asked_after_until_its_result(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1, 4, 3);
    run(&w, 1, "s");
    assert_string_equal(w.method, "");
    running(&w);
    assert_int_equal(w.outcomes, 0);
    assert_int_equal(w.started, 1);
    for (unsigned i = 2; i < 6; i++) {
        later(&w, 2 * S);
        assert_int_equal(w.started, i);
        assert_string_equal(w.method, "GET");
        assert_string_equal(w.target,
                            "/pa/executions/a%2Fb%201?api-version=2025-10-02-preview&identifier=s");
        if (i < 5) {
            answered(&w, 200, "{\"id\":\"a/b 1\",\"status\":\"notstarted\",\"result\":null}", 0);
        }
    }
    good(&w);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_DONE);
    assert_int_equal(w.last.attempts, 1);
    sp_relay_room_free(w.room);
}

static void test_what_the_pool_asks_for_is_waited(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1, 4, 3);
    run(&w, 1, "s");
    answered(&w, 202, RUNNING, 7);
    later(&w, 6 * S);
    assert_int_equal(w.started, 1);
    later(&w, 2 * S);
    assert_int_equal(w.started, 2);
    sp_relay_room_free(w.room);
}

/* The order gives the run 7 seconds, and relay 30 more. */
static void test_a_run_that_never_ends_is_unknown_after_its_time(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1, 4, 3);
    run(&w, 1, "s");
    running(&w);
    for (unsigned i = 0; i < 36 && w.outcomes == 0; i++) {
        const unsigned before = w.started;
        later(&w, S);
        if (w.started > before) {
            running(&w);
        }
    }
    assert_int_equal(w.outcomes, 0);
    later(&w, 2 * S);
    running(&w);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_UNKNOWN);
    assert_int_equal(w.last.err, SP_ERR_OUTCOME_UNKNOWN);
    sp_relay_room_free(w.room);
}

static void ask_once(struct world *w)
{
    open_world(w, 1, 4, 0);
    run(w, 1, "s");
    running(w);
    later(w, S);
    assert_int_equal(w->started, 2);
}

static void test_a_question_that_fails_is_asked_again(void **state)
{
    static const unsigned statuses[] = {401, 408, 429, 500, 503};
    static const enum sp_http_state states[] = {SP_HTTP_BROKEN, SP_HTTP_NOT_SENT,
                                                SP_HTTP_NO_CONNECTION};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(statuses) + SP_COUNT(states); i++) {
        struct world w;
        ask_once(&w);
        if (i < SP_COUNT(statuses)) {
            answered(&w, statuses[i], "{}", 0);
        } else {
            ended(&w, states[i - SP_COUNT(statuses)]);
        }
        assert_int_equal(w.outcomes, 0);
        assert_int_equal(w.refused, i == 0 ? 1 : 0);
        later(&w, 3 * S);
        assert_int_equal(w.started, 3);
        assert_string_equal(w.method, "GET");
        good(&w);
        assert_int_equal(w.last.state, SP_END_DONE);
        sp_relay_room_free(w.room);
    }
}

static void test_a_run_that_the_pool_does_not_know_any_more_is_unknown(void **state)
{
    static const struct {
        unsigned status;
        const char *body;
    } cases[] = {
        {404, "{}"}, {403, ""}, {400, "{}"}, {200, "no JSON"}, {200, "{\"status\":\"Running\"}"}};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world w;
        ask_once(&w);
        answered(&w, cases[i].status, cases[i].body, 0);
        assert_int_equal(w.outcomes, 1);
        assert_int_equal(w.last.state, SP_END_UNKNOWN);
        sp_relay_room_free(w.room);
    }
}

/* None of what says of other runs that they did not start may be said of this one. */
static void test_nothing_makes_it_one_that_did_not_start(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1, 4, 1);
    run(&w, 1, "s");
    running(&w);
    later(&w, S);
    ended(&w, SP_HTTP_BROKEN); /* the breaker opens */
    assert_true(w.is_open);
    for (unsigned i = 0; i < 80 && w.outcomes == 0; i++) {
        const unsigned before = w.started;
        later(&w, S);
        if (w.started > before) {
            ended(&w, SP_HTTP_NO_CONNECTION);
        }
    }
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_UNKNOWN);
    sp_relay_room_free(w.room);
    open_world(&w, 1, 4, 3);
    run(&w, 1, "s");
    running(&w);
    sp_relay_room_stop(w.room, w.now);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_UNKNOWN);
    sp_relay_room_free(w.room);
}

static void test_without_a_way_to_ask_it_is_unknown(void **state)
{
    static const struct {
        const char *version;
        const char *body;
    } cases[] = {
        {"2024-02-02-preview", "{\"id\":\"a\",\"properties\":{\"status\":\"Running\"}}"},
        {"", "{\"status\":\"Running\"}"},
        {"", "{\"id\":\"\",\"status\":\"Running\"}"},
        {"", "{\"id\":7,\"status\":\"Running\"}"},
        {"", "{\"id\":\"a\",\"status\":\"Walking\"}"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world w;
        open_world_with(&w, 1, 4, 3, cases[i].version, false);
        run(&w, 1, "s");
        answered(&w, 202, cases[i].body, 0);
        assert_int_equal(w.outcomes, 1);
        assert_int_equal(w.last.state, SP_END_UNKNOWN);
        assert_int_equal(w.started, 1);
        sp_relay_room_free(w.room);
    }
}

static void test_it_is_asked_after_at_the_pool_where_it_runs(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 3, 4, 1);
    run(&w, 1, "s");
    const size_t pool = w.pool;
    running(&w);
    later(&w, S);
    ended(&w, SP_HTTP_BROKEN);
    later(&w, 3 * S);
    assert_int_equal(w.pool, pool);
    sp_relay_room_free(w.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_that_goes_on_is_asked_after_until_its_result),
        cmocka_unit_test(test_what_the_pool_asks_for_is_waited),
        cmocka_unit_test(test_a_run_that_never_ends_is_unknown_after_its_time),
        cmocka_unit_test(test_a_question_that_fails_is_asked_again),
        cmocka_unit_test(test_a_run_that_the_pool_does_not_know_any_more_is_unknown),
        cmocka_unit_test(test_nothing_makes_it_one_that_did_not_start),
        cmocka_unit_test(test_without_a_way_to_ask_it_is_unknown),
        cmocka_unit_test(test_it_is_asked_after_at_the_pool_where_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
