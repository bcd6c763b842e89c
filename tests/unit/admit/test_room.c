#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/scope.h"
#include "identity/token.h"
#include "room_house.h"

static void test_a_request_that_came_whole_is_granted_nothing_and_sent_on(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    const struct sp_msg_ask msg = {.exchange = sp_exchange_make(3, 7),
                                   .source = sp_slice_of("192.0.2.7"),
                                   .method = sp_slice_of("POST"),
                                   .target = sp_slice_of(TARGET),
                                   .authorization = sp_buf_slice(&house.token[0]),
                                   .has_body = 1,
                                   .body_bytes = BODY,
                                   .is_ready = 1};
    assert_int_equal(sp_admit_on_ask(house.room, &msg, house.now), SP_OK);
    assert_int_equal(said.grants, 0);
    assert_int_equal(said.sends, 1);
    assert_int_equal(said.whos, 1);
    assert_int_equal(sp_credit_used(house.room->credit), BODY);
    assert_int_equal(ready(&house, msg.exchange, BODY), SP_ERR_WIRE); /* it was said already */
    close_house(&house);
}

static void test_one_exchange_walks_through_and_leaves_nothing_behind(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    sp_exchange x = sp_exchange_make(3, 7);
    assert_int_equal(ask(&house, x, 0), SP_OK);
    assert_int_equal(said.grants, 1);
    assert_int_equal(said.grant.body_bytes_max, BODY);
    assert_int_equal(runs_of(&house, 0), 1);
    assert_int_equal(ready(&house, x, BODY), SP_OK);
    assert_int_equal(said.sends, 1);
    assert_true(said.send.exchange == x && said.send.worker == said.who_worker);
    assert_int_equal(judged(&house, x, said.send.worker), SP_OK);
    assert_int_equal(ended(&house, x, SP_END_DONE), SP_OK);
    assert_empty(&house);
    assert_int_equal(said.refuses + said.refusals, 0);
    close_house(&house);
}

static void test_a_flood_of_wrong_tokens_is_slowed_and_right_ones_pass(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    for (unsigned i = 0; i < FAILED_LOGINS; i++) {
        assert_int_equal(ask_for(&house, i, sp_slice_of("Bearer no"), TARGET, BODY), SP_OK);
        assert_int_equal(said.refuse_err, SP_ERR_TOKEN_UNKNOWN);
        assert_int_equal(said.refuse_after_ms, 0);
    }
    assert_int_equal(ask_for(&house, 90, sp_slice_of("Bearer no"), TARGET, BODY), SP_OK);
    assert_int_equal(said.refuse_err, SP_ERR_BUSY);
    assert_in_range(said.refuse_after_ms, 1, 60000 / FAILED_LOGINS);
    assert_int_equal(ask_for(&house, 91, sp_slice_of(""), TARGET, BODY), SP_OK);
    assert_int_equal(said.refuse_err, SP_ERR_TOKEN_MISSING);
    assert_int_equal(ask(&house, 92, 0), SP_OK);
    assert_int_equal(said.grants, 1);
    house.now.mono_us += 60000000 / FAILED_LOGINS;
    assert_int_equal(ask_for(&house, 93, sp_slice_of("Bearer no"), TARGET, BODY), SP_OK);
    assert_int_equal(said.refuse_err, SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_int_equal(said.stranger_count, FAILED_LOGINS + 3); /* the slowed ones are counted too */
    close_house(&house);
}

static void test_a_scope_that_is_missing_is_named_and_recorded(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    struct sp_token parsed;
    struct sp_token_row row = {.id = SP_SLICE_LITERAL("acme"),
                               .tenant = SP_SLICE_LITERAL("acme"),
                               .scopes = SP_SCOPE_FILES};
    assert_int_equal(sp_token_parse(sp_slice_sub(sp_buf_slice(&house.token[0]), 7, 1024), &parsed),
                     SP_OK);
    assert_int_equal(sp_token_digest(&parsed, row.digest), SP_OK);
    assert_int_equal(sp_directory_put_token(house.directory, &row), SP_OK);
    assert_int_equal(ask(&house, 1, 0), SP_OK);
    assert_int_equal(said.grants, 0);
    assert_int_equal(said.refusals, 1);
    assert_int_equal(said.refusal_err, SP_ERR_SCOPE);
    assert_string_equal(said.refusal_detail, "the token lacks the scope execute");
    row.scopes |= SP_SCOPE_EXECUTE;
    assert_int_equal(sp_directory_put_token(house.directory, &row), SP_OK);
    assert_int_equal(ask(&house, 2, 0), SP_OK);
    assert_int_equal(said.grants, 1);
    row.is_revoked = true;
    assert_int_equal(sp_directory_put_token(house.directory, &row), SP_OK);
    assert_int_equal(ask(&house, 3, 0), SP_OK);
    assert_int_equal(said.refuse_err, SP_ERR_TOKEN_UNKNOWN);
    close_house(&house);
}

static void test_a_stranger_learns_nothing_about_paths_and_is_folded(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    static const char *const targets[] = {TARGET, "/nothing/here", "/executions?identifier=%00"};
    for (size_t i = 0; i < SP_COUNT(targets); i++) {
        assert_int_equal(ask_for(&house, i, sp_slice_of(""), targets[i], BODY), SP_OK);
        assert_int_equal(said.refuse_err, SP_ERR_TOKEN_MISSING);
        assert_int_equal(ask_for(&house, i, sp_slice_of("Bearer no"), targets[i], BODY), SP_OK);
        assert_int_equal(said.refuse_err, SP_ERR_TOKEN_UNKNOWN);
    }
    assert_int_equal(said.refusals, 0);
    assert_int_equal(said.strangers, 0);
    house.now.mono_us += 600000;
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_int_equal(said.strangers, 2);
    assert_int_equal(said.stranger_count, 6);
    assert_int_equal(ask_for(&house, 1, sp_slice_of("Bearer no"), TARGET, BODY), SP_OK);
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_int_equal(said.strangers, 2); /* not twice in a second */
    house.now.mono_us += 1000000;
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_int_equal(said.stranger_count, 7);
    assert_empty(&house);
    close_house(&house);
}

static void test_a_tenants_refusals_go_by_audit(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *target;
        uint64_t bytes;
        enum sp_err want;
    } cases[] = {
        {"unknown path", "/nothing", BODY, SP_ERR_NOT_FOUND},
        {"no identifier", "/executions?api-version=2025-10-02-preview", BODY, SP_ERR_IDENTIFIER},
        {"no version", "/executions?identifier=abcd", BODY, SP_ERR_API_VERSION},
        {"announced too big", TARGET, 1001, SP_ERR_TOO_BIG},
    };
    struct house house;
    open_house(&house, 1, 10);
    for (unsigned i = 0; i < SP_COUNT(cases); i++) {
        assert_int_equal(
            ask_for(&house, i, sp_buf_slice(&house.token[0]), cases[i].target, cases[i].bytes),
            SP_OK);
        assert_int_equal(said.refusals, i + 1);
        assert_int_equal(said.refusal_err, cases[i].want);
        assert_int_equal(said.refusal_exchange, i);
    }
    assert_int_equal(said.grants + said.refuses, 0);
    assert_int_equal(ask_for(&house, 50, sp_buf_slice(&house.token[0]), TARGET, 1000), SP_OK);
    assert_int_equal(said.grants, 1);
    assert_int_equal(left(&house, 50, SP_ERR_TOO_BIG), SP_OK);
    assert_int_equal(said.refusal_err, SP_ERR_TOO_BIG);
    assert_empty(&house);
    close_house(&house);
}

static void test_quotas_are_told_with_the_time_to_wait(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    assert_int_equal(ask(&house, 1, 1), SP_OK);
    assert_int_equal(ask(&house, 2, 1), SP_OK);
    assert_int_equal(said.refusal_err, SP_ERR_QUOTA); /* one run at a time */
    assert_int_equal(left(&house, 1, SP_ERR_CLOSED), SP_OK);
    assert_int_equal(ask(&house, 3, 1), SP_OK);
    assert_int_equal(said.grants, 2);
    assert_int_equal(left(&house, 3, SP_ERR_CLOSED), SP_OK);
    assert_int_equal(ask(&house, 4, 1), SP_OK);
    assert_int_equal(said.refusals, 2); /* two a minute */
    assert_int_equal(said.refusal_after_ms, 30000);
    assert_int_equal(ask(&house, 5, 0), SP_OK);
    assert_int_equal(said.grants, 3); /* nobody else is touched */
    assert_int_equal(left(&house, 5, SP_ERR_CLOSED), SP_OK);
    assert_empty(&house);
    close_house(&house);
}

static void test_front_breaking_the_protocol_is_an_error(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    assert_int_equal(ask(&house, 1, 0), SP_OK);
    assert_int_equal(ask(&house, 1, 0), SP_ERR_WIRE); /* a number twice */
    assert_int_equal(ask(&house, sp_exchange_make(SP_EXCHANGE_SLOTS, 1), 0),
                     SP_ERR_WIRE);                                /* a slot that is none */
    assert_int_equal(ready(&house, 1, BODY + 1), SP_ERR_WIRE);    /* more than granted */
    assert_int_equal(ready(&house, 9, 1), SP_OK);                 /* late, harmless */
    assert_int_equal(ended(&house, 1, SP_END_DONE), SP_ERR_WIRE); /* audit cannot know it */
    assert_int_equal(ready(&house, 1, BODY), SP_OK);
    assert_int_equal(ready(&house, 1, BODY), SP_ERR_WIRE);
    assert_int_equal(judged(&house, 1, 5), SP_ERR_WIRE); /* another worker */
    close_house(&house);
}

static void test_waiting_is_bounded_and_workers_take_two_each(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 2);
    for (sp_exchange x = 0; x < 5; x++) {
        assert_int_equal(ask(&house, x, 0), SP_OK);
        assert_int_equal(ready(&house, x, 10), SP_OK);
    }
    assert_int_equal(said.sends, 2);
    assert_int_equal(said.refusals, 1);
    assert_int_equal(said.refusal_err, SP_ERR_BUSY);
    assert_true(said.refusal_after_ms > 0);
    assert_int_equal(judged(&house, 0, 0), SP_OK);
    assert_int_equal(said.sends, 3);
    assert_int_equal(left(&house, 3, SP_ERR_CLOSED), SP_OK);
    for (sp_exchange x = 0; x < 3; x++) {
        assert_int_equal(judged(&house, x, 0), SP_OK);
        assert_int_equal(ended(&house, x, SP_END_DONE), SP_OK);
    }
    assert_int_equal(said.sends, 3);
    assert_empty(&house);
    close_house(&house);
}

static void test_a_dead_worker_and_a_job_not_handed_over(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    assert_int_equal(ask(&house, 1, 0), SP_OK);
    assert_int_equal(ready(&house, 1, BODY), SP_OK);
    assert_int_equal(ended(&house, 1, SP_END_NOT_STARTED), SP_OK); /* no verdict came */
    assert_empty(&house);
    assert_int_equal(ask(&house, 2, 0), SP_OK);
    assert_int_equal(ready(&house, 2, BODY), SP_OK);
    assert_int_equal(said.sends, 1); /* the worker rests */
    house.now.mono_us += SP_WORKER_REST_US;
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_int_equal(said.sends, 2);
    assert_int_equal(left(&house, 2, SP_ERR_CLOSED), SP_OK);
    assert_int_equal(said.refusal_err, SP_ERR_UNAVAILABLE);
    assert_empty(&house);
    assert_int_equal(ask(&house, 3, 0), SP_OK);
    assert_int_equal(ready(&house, 3, BODY), SP_OK);
    house.now.mono_us += 31000000;
    house.room->workers.all[0].rests_until_us = UINT64_MAX;
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_int_equal(said.refusals, 2); /* nobody waits for ever */
    assert_empty(&house);
    close_house(&house);
}

static void test_without_audit_all_work_is_refused(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    for (sp_exchange x = 0; x < 4; x++) { /* 0, 1 with the worker, 2 waits, 3 is being read */
        assert_int_equal(ask(&house, x, 0), SP_OK);
        if (x < 3) {
            assert_int_equal(ready(&house, x, BODY), SP_OK);
        }
    }
    sp_admit_audit(house.room, false, house.now);
    assert_int_equal(said.refuses, 1);
    assert_int_equal(said.refuse_err, SP_ERR_LOG_UNAVAILABLE);
    assert_true(said.refuse_after_ms > 0);
    assert_int_equal(ask(&house, 9, 0), SP_OK);
    assert_int_equal(said.refuses, 2);
    assert_int_equal(runs_of(&house, 0), 3); /* two may still run, one is being read */
    sp_admit_audit(house.room, true, house.now);
    assert_int_equal(ready(&house, 3, BODY), SP_OK);
    assert_int_equal(said.sends, 3);
    assert_int_equal(judged(&house, 3, 0), SP_OK);
    assert_int_equal(ended(&house, 3, SP_END_DONE), SP_OK);
    house.now.mono_us += SP_ADMIT_RUN_US_MAX;
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_empty(&house);
    close_house(&house);
}

static void test_who_that_cannot_be_told_is_refused_and_not_sent(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    said.who_fails = SP_ERR_FULL;
    assert_int_equal(ask(&house, 1, 0), SP_OK);
    assert_int_equal(ready(&house, 1, BODY), SP_OK);
    assert_int_equal(said.sends, 0);
    assert_int_equal(said.refuse_err, SP_ERR_LOG_UNAVAILABLE);
    assert_empty(&house);
    close_house(&house);
}

static void test_an_unknown_end_keeps_its_run_until_its_time_is_over(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    assert_int_equal(ask(&house, 1, 1), SP_OK);
    assert_int_equal(ready(&house, 1, BODY), SP_OK);
    assert_int_equal(judged(&house, 1, 0), SP_OK);
    assert_int_equal(ended(&house, 1, SP_END_UNKNOWN), SP_OK);
    assert_int_equal(sp_admit_open(house.room), 0);
    assert_int_equal(sp_credit_used(house.room->credit), 0);
    assert_int_equal(ask(&house, 2, 1), SP_OK);
    assert_int_equal(said.refusal_err, SP_ERR_QUOTA);
    house.now.mono_us += SP_ADMIT_RUN_US_MAX;
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_empty(&house);
    close_house(&house);
}

static void test_front_gone_takes_what_was_not_sent_along(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 1, 10);
    for (sp_exchange x = 0; x < 4; x++) {
        assert_int_equal(ask(&house, x, 0), SP_OK);
        if (x < 3) {
            assert_int_equal(ready(&house, x, BODY), SP_OK);
        }
    }
    sp_admit_front(house.room, false);
    assert_int_equal(sp_admit_open(house.room), 2);
    sp_admit_front(house.room, true);
    assert_int_equal(ask(&house, sp_exchange_make(0, 99), 0), SP_OK); /* the same slot, anew */
    assert_int_equal(left(&house, sp_exchange_make(0, 99), SP_ERR_CLOSED), SP_OK);
    for (sp_exchange x = 0; x < 2; x++) {
        assert_int_equal(judged(&house, x, 0), SP_OK);
        assert_int_equal(ended(&house, x, SP_END_DONE), SP_OK);
    }
    assert_empty(&house);
    close_house(&house);
}

/* Whatever happens in whatever order: nothing leaks, nothing underflows (the room asserts), all comes back. */
static void test_a_long_random_walk_leaks_nothing(void **state)
{
    (void)state;
    struct house house;
    open_house(&house, 3, 16);
    uint64_t seed = 42;
    for (unsigned i = 0; i < 200000; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        sp_exchange x = sp_exchange_make(seed >> 40 & 15U, seed >> 44 & 1U);
        unsigned what = (unsigned)(seed >> 33 & 15U);
        house.now.mono_us += seed >> 50;
        said.whos = said.sends; /* the pairing is checked elsewhere */
        struct sp_guest *guest = sp_guests_find(house.room->guests, x);
        enum sp_err err = SP_OK;
        if (what < 5) {
            err = ask(&house, x, what & 1U);
        } else if (what < 8) {
            err = ready(&house, x, seed >> 20 & 255U);
        } else if (what < 11) {
            err = judged(&house, x, guest == NULL ? 0 : guest->worker);
        } else if (what < 13) {
            err = ended(&house, x, (enum sp_end)(seed >> 20 & 3U) % SP_END_COUNT);
        } else if (what == 13) {
            err = left(&house, x, (seed >> 21 & 1U) == 0 ? SP_ERR_CLOSED : SP_ERR_TIMEOUT);
        } else if (what == 14) {
            assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
        } else if ((seed >> 20 & 63U) == 0) {
            sp_admit_audit(house.room, (seed >> 27 & 1U) == 0, house.now);
        }
        assert_true(err == SP_OK || err == SP_ERR_WIRE);
    }
    sp_admit_audit(house.room, false, house.now);
    sp_admit_front(house.room, false);
    house.now.mono_us += SP_ADMIT_RUN_US_MAX;
    assert_int_equal(sp_admit_tick(house.room, house.now), SP_OK);
    assert_empty(&house);
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_that_came_whole_is_granted_nothing_and_sent_on),
        cmocka_unit_test(test_one_exchange_walks_through_and_leaves_nothing_behind),
        cmocka_unit_test(test_a_flood_of_wrong_tokens_is_slowed_and_right_ones_pass),
        cmocka_unit_test(test_a_scope_that_is_missing_is_named_and_recorded),
        cmocka_unit_test(test_a_stranger_learns_nothing_about_paths_and_is_folded),
        cmocka_unit_test(test_a_tenants_refusals_go_by_audit),
        cmocka_unit_test(test_quotas_are_told_with_the_time_to_wait),
        cmocka_unit_test(test_front_breaking_the_protocol_is_an_error),
        cmocka_unit_test(test_waiting_is_bounded_and_workers_take_two_each),
        cmocka_unit_test(test_a_dead_worker_and_a_job_not_handed_over),
        cmocka_unit_test(test_without_audit_all_work_is_refused),
        cmocka_unit_test(test_who_that_cannot_be_told_is_refused_and_not_sent),
        cmocka_unit_test(test_an_unknown_end_keeps_its_run_until_its_time_is_over),
        cmocka_unit_test(test_front_gone_takes_what_was_not_sent_along),
        cmocka_unit_test(test_a_long_random_walk_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
