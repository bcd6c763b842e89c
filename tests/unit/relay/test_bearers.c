/* bearers: what a pool refused for its bearer is offered once again with the next, and never more often. */
#include "pools_world.h"

static void open_with_bearer(struct world *w, uint32_t attempts_max)
{
    open_world_with(w, 1, attempts_max, 0, "", true);
    sp_relay_room_bearer(w->room, SP_OK, true, w->now);
}

static void unauthorized(struct world *w)
{
    answered(w, 401, "{\"error\":{\"message\":\"that token is over\"}}", 0);
}

static void test_a_run_goes_again_with_the_next_bearer(void **state)
{
    (void)state;
    struct world w;
    open_with_bearer(&w, 4);
    run(&w, 1, "s");
    unauthorized(&w);
    assert_int_equal(w.refused, 1);
    assert_int_equal(w.outcomes, 0);
    assert_int_equal(w.started, 1);
    later(&w, 2 * S); /* it waits for the bearer, not for a time */
    assert_int_equal(w.started, 1);
    sp_relay_room_bearer(w.room, SP_OK, true, w.now);
    assert_int_equal(w.started, 2);
    good(&w);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_DONE);
    assert_int_equal(w.last.attempts, 2);
    sp_relay_room_free(w.room);
}

static void test_a_second_refusal_is_the_end(void **state)
{
    (void)state;
    struct world w;
    open_with_bearer(&w, 4);
    run(&w, 1, "s");
    unauthorized(&w);
    sp_relay_room_bearer(w.room, SP_OK, true, w.now);
    unauthorized(&w);
    assert_int_equal(w.started, 2);
    assert_int_equal(w.refused, 2); /* the new one is refused, too */
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.err, SP_ERR_POOL_CREDENTIAL);
    assert_int_equal(w.last.pool_status, 401);
    assert_string_equal(w.detail, "the pool answered 401: that token is over");
    sp_relay_room_free(w.room);
}

static const struct {
    const char *name;
    enum sp_err err; /* what token says */
    bool is_silent;  /* it says nothing */
} hopeless[] = {
    {"the same bearer again", SP_OK, false},
    {"no bearer", SP_ERR_POOL_CREDENTIAL, false},
    {"not a word", SP_OK, true},
};

static void test_without_another_bearer_it_ends_with_what_the_pool_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(hopeless); i++) {
        struct world w;
        print_message("%s\n", hopeless[i].name);
        open_with_bearer(&w, 4);
        run(&w, 1, "s");
        unauthorized(&w);
        if (hopeless[i].is_silent) {
            later(&w, 9 * S);
            assert_int_equal(w.outcomes, 0);
            later(&w, 2 * S);
        } else {
            sp_relay_room_bearer(w.room, hopeless[i].err, false, w.now);
        }
        assert_int_equal(w.started, 1);
        assert_int_equal(w.outcomes, 1);
        assert_int_equal(w.last.state, SP_END_NOT_STARTED);
        assert_int_equal(w.last.err, SP_ERR_POOL_CREDENTIAL);
        assert_string_equal(w.detail, "the pool answered 401: that token is over");
        sp_relay_room_free(w.room);
    }
}

static void test_many_refusals_are_told_once_and_nothing_goes_meanwhile(void **state)
{
    (void)state;
    struct world w;
    size_t slots[3];
    open_with_bearer(&w, 4);
    for (unsigned i = 0; i < 3; i++) {
        run(&w, i + 1, "s");
        slots[i] = w.slot;
    }
    for (unsigned i = 0; i < 3; i++) {
        w.slot = slots[i];
        unauthorized(&w);
    }
    assert_int_equal(w.refused, 1);
    run(&w, 9, "s");
    assert_int_equal(w.started, 3);
    sp_relay_room_bearer(w.room, SP_OK, true, w.now);
    assert_int_equal(w.started, 7);
    assert_int_equal(w.outcomes, 0);
    sp_relay_room_free(w.room);
}

static void test_a_refusal_of_an_earlier_bearer_accuses_nobody(void **state)
{
    (void)state;
    struct world w;
    open_with_bearer(&w, 4);
    run(&w, 1, "s");
    sp_relay_room_bearer(w.room, SP_OK, true, w.now);
    unauthorized(&w);
    assert_int_equal(w.refused, 0);
    assert_int_equal(w.started, 2); /* at once, with the one of now */
    good(&w);
    assert_int_equal(w.last.state, SP_END_DONE);
    sp_relay_room_free(w.room);
}

static void test_one_attempt_is_one_attempt(void **state)
{
    (void)state;
    struct world w;
    open_with_bearer(&w, 1);
    run(&w, 1, "s");
    unauthorized(&w);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.refused, 1);
    assert_int_equal(w.last.err, SP_ERR_POOL_CREDENTIAL);
    sp_relay_room_free(w.room);
}

static void test_a_list_of_files_goes_again_too(void **state)
{
    (void)state;
    struct world w;
    const struct sp_order order = {.operation = SP_OPERATION_FILE_LIST};
    open_with_bearer(&w, 4);
    tell(&w, &order, 1, "s");
    unauthorized(&w);
    sp_relay_room_bearer(w.room, SP_OK, true, w.now);
    assert_int_equal(w.started, 2);
    assert_string_equal(w.method, "GET");
    answered(&w, 200, "{\"value\":[]}", 0);
    assert_int_equal(w.last.state, SP_END_DONE);
    assert_int_equal(w.last.err, SP_OK);
    sp_relay_room_free(w.room);
}

static void test_what_waits_for_a_bearer_is_given_back_at_the_stop(void **state)
{
    (void)state;
    struct world w;
    open_with_bearer(&w, 4);
    run(&w, 1, "s");
    unauthorized(&w);
    sp_relay_room_stop(w.room, w.now);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    sp_relay_room_bearer(w.room, SP_OK, true, w.now);
    assert_int_equal(w.started, 1);
    sp_relay_room_free(w.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_goes_again_with_the_next_bearer),
        cmocka_unit_test(test_a_second_refusal_is_the_end),
        cmocka_unit_test(test_without_another_bearer_it_ends_with_what_the_pool_said),
        cmocka_unit_test(test_many_refusals_are_told_once_and_nothing_goes_meanwhile),
        cmocka_unit_test(test_a_refusal_of_an_earlier_bearer_accuses_nobody),
        cmocka_unit_test(test_one_attempt_is_one_attempt),
        cmocka_unit_test(test_a_list_of_files_goes_again_too),
        cmocka_unit_test(test_what_waits_for_a_bearer_is_given_back_at_the_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
