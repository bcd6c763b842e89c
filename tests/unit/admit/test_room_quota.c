#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "room_house.h"

static void limit(struct house *house, unsigned number, enum sp_limit which, uint64_t size)
{
    struct sp_quota_usage usage;
    uint32_t node = house->shares[number].node;
    sp_quota_usage(house->quota, node, house->room->time_us, &usage);
    struct sp_quota_limits limits = usage.limits;
    limits.of[which] = size;
    assert_int_equal(
        sp_quota_put(house->quota, SP_LIMIT_OF_TENANT, usage.name, usage.parent, &limits, &node),
        SP_OK);
}

static void run_whole(struct house *house, sp_exchange exchange, unsigned tenant,
                      const struct sp_msg_judged *judged_as, const struct sp_msg_ended *ended_as)
{
    struct sp_msg_judged judgement = *judged_as;
    struct sp_msg_ended end = *ended_as;
    judgement.exchange = exchange;
    end.exchange = exchange;
    assert_int_equal(ask(house, exchange, tenant), SP_OK);
    assert_int_equal(ready(house, exchange, BODY), SP_OK);
    assert_int_equal(sp_admit_on_judged(house->room, &judgement, house->now), SP_OK);
    assert_int_equal(sp_admit_on_ended(house->room, &end, house->now), SP_OK);
}

static void test_what_a_run_used_is_settled_and_what_came_to_nothing_is_free_again(void **state)
{
    static const struct sp_msg_judged judged_as = {.run_ms_max = 60000, .code_bytes = 200};
    static const struct sp_msg_ended done = {
        .state = SP_END_DONE, .run_ms = 1500, .pool_status = 200};
    static const struct sp_msg_ended not_started = {.state = SP_END_NOT_STARTED};
    static const struct sp_msg_ended unknown = {.state = SP_END_UNKNOWN};
    struct house house;
    (void)state;
    open_house(&house, 1, 10);
    run_whole(&house, sp_exchange_make(1, 1), 0, &judged_as, &done);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_RUN_TIME), 1500);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_CODE), 200);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_SESSIONS), 1);
    /* denied, or not started: the code was submitted all the same */
    run_whole(&house, sp_exchange_make(1, 2), 0, &judged_as, &not_started);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_RUN_TIME), 1500);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_CODE), 400);
    /* nobody knows: its whole time stays counted, and its run until it surely is over */
    run_whole(&house, sp_exchange_make(1, 3), 0, &judged_as, &unknown);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_RUN_TIME), 61500);
    assert_int_equal(runs_of(&house, 0), 1);
    house.now.mono_us += SP_ADMIT_RUN_US_MAX;
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_RUN_TIME), 61500);
    assert_empty(&house);
    /* given up before anything was begun */
    assert_int_equal(ask(&house, sp_exchange_make(1, 4), 0), SP_OK);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_CODE), 600 + BODY);
    assert_int_equal(left(&house, sp_exchange_make(1, 4), SP_ERR_CLOSED), SP_OK);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_CODE), 600);
    assert_empty(&house);
    close_house(&house);
}

static void test_a_refusal_says_which_limit_with_size_and_when_it_resets(void **state)
{
    struct house house;
    (void)state;
    open_house(&house, 1, 10);
    limit(&house, 0, SP_LIMIT_CODE, 500);
    assert_int_equal(ask(&house, sp_exchange_make(1, 1), 0), SP_OK);
    assert_int_equal(ask(&house, sp_exchange_make(2, 2), 0), SP_OK);
    assert_int_equal(said.refusals, 1);
    assert_int_equal(said.refusal_err, SP_ERR_QUOTA);
    assert_int_equal(said.refusal_limit.limit, SP_LIMIT_CODE);
    assert_int_equal(said.refusal_limit.size, 500);
    assert_int_equal(said.refusal_limit.left, 200);
    assert_int_equal(said.refusal_after_ms, 1000);
    assert_string_equal(
        said.refusal_detail,
        "the limit code_bytes_per_day of the tenant is 500 and 300 are used; ask again in 1 s");
    close_house(&house);
}

static void test_an_ordinary_request_learns_how_many_are_left(void **state)
{
    struct house house;
    (void)state;
    open_house(&house, 1, 10);
    assert_int_equal(ask(&house, sp_exchange_make(1, 1), 1), SP_OK);
    assert_int_equal(ready(&house, sp_exchange_make(1, 1), BODY), SP_OK);
    assert_int_equal(said.whos, 1);
    assert_int_equal(said.who_limit, SP_LIMIT_REQUESTS);
    assert_int_equal(said.who_left, 1);
    close_house(&house);
}

static enum sp_err ask_alone(struct house *house, sp_exchange exchange, const char *method,
                             const char *target)
{
    const struct sp_msg_ask msg = {.exchange = exchange,
                                   .source = sp_slice_of("192.0.2.7"),
                                   .method = sp_slice_of(method),
                                   .target = sp_slice_of(target),
                                   .authorization = sp_buf_slice(&house->token[0]),
                                   .has_body = 1,
                                   .body_bytes = BODY};
    return sp_admit_on_ask(house->room, &msg, house->now);
}

static void test_nobody_goes_on_before_the_lease_is_durable(void **state)
{
    struct house house;
    (void)state;
    open_house(&house, 1, 10);
    limit(&house, 0, SP_LIMIT_RUNS, 3);
    uint64_t commits = sp_store_memory_commits(house.memory);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(ask_alone(&house, sp_exchange_make(i, i), "POST", TARGET), SP_OK);
    }
    assert_true(sp_admit_is_waiting(house.room));
    assert_int_equal(said.grants, 0);
    assert_int_equal(sp_admit_commit(house.room, house.now), SP_OK);
    assert_int_equal(said.grants, 3);
    assert_int_equal(sp_store_memory_commits(house.memory), commits + 1); /* one for all */
    assert_false(sp_admit_is_waiting(house.room));
    /* One that leaves while it waits is no trouble, and a store that fails lets nobody in. */
    assert_int_equal(left(&house, sp_exchange_make(1, 1), SP_ERR_CLOSED), SP_OK);
    limit(&house, 0, SP_LIMIT_SESSIONS, 5);
    sp_store_memory_fail(house.memory, SP_ERR_SYSTEM);
    assert_int_equal(ask_alone(&house, sp_exchange_make(4, 9), "POST", TARGET "2"), SP_OK);
    assert_true(sp_admit_is_waiting(house.room));
    assert_int_equal(sp_admit_commit(house.room, house.now), SP_ERR_SYSTEM);
    assert_int_equal(said.grants, 3);
    assert_int_equal(said.refusal_err, SP_ERR_UNAVAILABLE);
    assert_string_equal(said.refusal_detail, "the quotas cannot be written");
    sp_store_memory_fail(house.memory, SP_OK);
    assert_int_equal(ask_alone(&house, sp_exchange_make(5, 10), "POST", TARGET "3"), SP_OK);
    assert_true(sp_admit_is_waiting(house.room));
    assert_int_equal(left(&house, sp_exchange_make(5, 10), SP_ERR_CLOSED), SP_OK);
    assert_false(sp_admit_is_waiting(house.room));
    assert_int_equal(left(&house, sp_exchange_make(2, 2), SP_ERR_CLOSED), SP_OK);
    assert_int_equal(left(&house, sp_exchange_make(3, 3), SP_ERR_CLOSED), SP_OK);
    assert_empty(&house);
    close_house(&house);
}

/* Brings a run to its verdict, which says how long it may take. */
static void run_until_judged(struct house *house, sp_exchange exchange, uint32_t run_ms)
{
    const struct sp_msg_judged judgement = {.exchange = exchange, .run_ms_max = run_ms};
    assert_int_equal(ask(house, exchange, 0), SP_OK);
    assert_int_equal(ready(house, exchange, BODY), SP_OK);
    assert_int_equal(sp_admit_on_judged(house->room, &judgement, house->now), SP_OK);
}

static void test_a_small_quota_of_time_lets_in_what_fits_into_it(void **state)
{
    struct house house;
    (void)state;
    open_house(&house, 1, 10);
    limit(&house, 0, SP_LIMIT_RUN_TIME, 100000);
    run_until_judged(&house, sp_exchange_make(1, 1), 60000);
    assert_int_equal(said.who_run_ms, 12500); /* audit does not let it run on that */
    assert_true(sp_admit_is_waiting(house.room));
    assert_int_equal(said.times, 0);
    commit(&house);
    assert_int_equal(said.times, 1);
    assert_int_equal(said.time_ms, 60000);
    /* a second one does not fit beside it, a shorter one does */
    run_until_judged(&house, sp_exchange_make(2, 2), 60000);
    assert_int_equal(said.refusals, 1);
    assert_int_equal(said.refusal_err, SP_ERR_QUOTA);
    assert_int_equal(said.refusal_limit.limit, SP_LIMIT_RUN_TIME);
    assert_string_equal(said.refusal_detail,
                        "the run may take 60 s (timeoutInSeconds); the limit run_seconds_per_day "
                        "of the tenant is 100 and 65 are used; ask again in 1 s");
    run_until_judged(&house, sp_exchange_make(3, 3), 30000);
    commit(&house);
    assert_int_equal(said.times, 2);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_RUN_TIME), 90000);
    /* one that wants no more than it has runs at once */
    run_until_judged(&house, sp_exchange_make(4, 4), 1000);
    commit(&house);
    assert_int_equal(said.times, 2);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_RUN_TIME), 91000);
    for (uint64_t i = 1; i <= 4; i++) {
        assert_int_equal(ended(&house, sp_exchange_make(i, i), SP_END_NOT_STARTED), SP_OK);
    }
    assert_int_equal(used_of(&house, 0, SP_LIMIT_RUN_TIME), 0);
    assert_empty(&house);
    close_house(&house);
}

static void test_whoever_waits_for_time_leaves_nothing_behind(void **state)
{
    struct house house;
    (void)state;
    open_house(&house, 1, 10);
    limit(&house, 0, SP_LIMIT_RUN_TIME, 100000);
    /* the store fails */
    run_until_judged(&house, sp_exchange_make(1, 1), 60000);
    sp_store_memory_fail(house.memory, SP_ERR_SYSTEM);
    assert_int_equal(sp_admit_commit(house.room, house.now), SP_ERR_SYSTEM);
    assert_string_equal(said.refusal_detail, "the quotas cannot be written");
    sp_store_memory_fail(house.memory, SP_OK);
    /* the client leaves, which changes nothing, and audit ends it */
    run_until_judged(&house, sp_exchange_make(2, 2), 60000);
    assert_int_equal(left(&house, sp_exchange_make(2, 2), SP_ERR_CLOSED), SP_OK);
    assert_true(sp_admit_is_waiting(house.room));
    assert_int_equal(ended(&house, sp_exchange_make(2, 2), SP_END_NOT_STARTED), SP_OK);
    assert_false(sp_admit_is_waiting(house.room));
    /* audit goes while it waits */
    run_until_judged(&house, sp_exchange_make(3, 3), 60000);
    sp_admit_audit(house.room, false, house.now);
    assert_false(sp_admit_is_waiting(house.room));
    sp_admit_audit(house.room, true, house.now);
    /* audit goes when it is told */
    run_until_judged(&house, sp_exchange_make(4, 4), 60000);
    said.time_fails = SP_ERR_CLOSED;
    commit(&house);
    assert_int_equal(used_of(&house, 0, SP_LIMIT_RUN_TIME), 0);
    assert_empty(&house);
    close_house(&house);
}

static void test_the_usage_is_told_to_whoever_has_a_token_of_the_tenant(void **state)
{
    static const struct sp_msg_judged judged_as = {.run_ms_max = 60000, .code_bytes = 200};
    static const struct sp_msg_ended done = {
        .state = SP_END_DONE, .run_ms = 1001, .pool_status = 200};
    struct house house;
    (void)state;
    open_house(&house, 1, 10);
    limit(&house, 0, SP_LIMIT_RUN_TIME, 900000);
    run_whole(&house, sp_exchange_make(1, 1), 0, &judged_as, &done);
    assert_int_equal(ask_alone(&house, sp_exchange_make(2, 2), "GET", "/.sallyport/usage"), SP_OK);
    assert_int_equal(said.tells, 1);
    assert_non_null(strstr(said.told, "{\"tenant\":\"acme\",\"dayEnds\":\"20"));
    assert_non_null(
        strstr(said.told,
               "\"run_seconds_per_day\":{\"size\":900,\"used\":2,\"reserved\":0,\"left\":898}"));
    assert_non_null(strstr(said.told, "\"sessions\":{\"size\":0,\"used\":1,\"reserved\":0}"));
    assert_non_null(strstr(said.told, "\"tokens\":[{\"token\":\"acme\",\"limits\""));
    assert_non_null(strstr(said.told, "\"requests_today\":1,\"runs_today\":1"));
    assert_empty(&house);
    /* a stranger learns nothing */
    const struct sp_msg_ask stranger = {.exchange = sp_exchange_make(3, 3),
                                        .source = sp_slice_of("192.0.2.7"),
                                        .method = sp_slice_of("GET"),
                                        .target = sp_slice_of("/.sallyport/usage")};
    assert_int_equal(sp_admit_on_ask(house.room, &stranger, house.now), SP_OK);
    assert_int_equal(said.tells, 1);
    assert_int_equal(said.refuse_err, SP_ERR_TOKEN_MISSING);
    close_house(&house);
}

static void test_other_tenants_take_over_while_guests_stay_seated(void **state)
{
    struct house house;
    struct sp_authority *other = NULL;
    struct sp_tenant tenant = {.policy_name = sp_slice_of("strict"), .policy_epoch = 2};
    struct sp_admit_share shares[2] = {{.node = 0}};
    const struct sp_quota_limits none = {.of = {0}};
    (void)state;
    open_house(&house, 1, 10);
    assert_int_equal(ask(&house, sp_exchange_make(1, 1), 0), SP_OK);
    assert_int_equal(ready(&house, sp_exchange_make(1, 1), BODY),
                     SP_OK); /* sent: it runs to its end */
    assert_int_equal(ask(&house, sp_exchange_make(2, 2), 0),
                     SP_OK); /* being read: its tenant will be gone */
    assert_int_equal(ask(&house, sp_exchange_make(3, 3), 1),
                     SP_OK); /* of one that stays, in another place */
    assert_int_equal(sp_authority_new(&other), SP_OK);
    static const char *const names[] = {"gamma", "beta"};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        tenant.name = sp_slice_of(names[i]);
        assert_int_equal(sp_directory_add_tenant(sp_authority_directory(other), &tenant), SP_OK);
        assert_int_equal(sp_quota_put(house.quota, SP_LIMIT_OF_TENANT, tenant.name,
                                      SP_QUOTA_NODE_NONE, &none, &shares[i].node),
                         SP_OK);
    }
    assert_int_equal(sp_admit_reload(house.room, other, shares, house.now), SP_OK);
    assert_int_equal(said.refusals, 1);
    assert_int_equal(said.refusal_err, SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(said.refusal_exchange, sp_exchange_make(2, 2));
    assert_int_equal(judged(&house, sp_exchange_make(1, 1), 0), SP_OK);
    assert_int_equal(ended(&house, sp_exchange_make(1, 1), SP_END_DONE), SP_OK);
    assert_int_equal(ready(&house, sp_exchange_make(3, 3), BODY), SP_OK);
    assert_int_equal(said.sends, 2);
    assert_int_equal(judged(&house, sp_exchange_make(3, 3), 0), SP_OK);
    assert_int_equal(ended(&house, sp_exchange_make(3, 3), SP_END_DONE), SP_OK);
    assert_empty(&house);
    /* the old tokens are of the old authority */
    assert_int_equal(ask(&house, sp_exchange_make(4, 4), 0), SP_OK);
    assert_int_equal(said.refuse_err, SP_ERR_TOKEN_UNKNOWN);
    sp_authority_free(other);
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_run_used_is_settled_and_what_came_to_nothing_is_free_again),
        cmocka_unit_test(test_a_refusal_says_which_limit_with_size_and_when_it_resets),
        cmocka_unit_test(test_an_ordinary_request_learns_how_many_are_left),
        cmocka_unit_test(test_nobody_goes_on_before_the_lease_is_durable),
        cmocka_unit_test(test_a_small_quota_of_time_lets_in_what_fits_into_it),
        cmocka_unit_test(test_whoever_waits_for_time_leaves_nothing_behind),
        cmocka_unit_test(test_the_usage_is_told_to_whoever_has_a_token_of_the_tenant),
        cmocka_unit_test(test_other_tenants_take_over_while_guests_stay_seated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
