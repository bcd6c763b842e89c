#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

/* --- one way through --- */

static void walk(struct world *w, bool is_verdict_first)
{
    if (is_verdict_first) {
        assert_int_equal(tell_verdict(w, X), SP_OK);
        assert_int_equal(tell_who(w, X), SP_OK);
    } else {
        assert_int_equal(tell_who(w, X), SP_OK);
        assert_int_equal(tell_verdict(w, X), SP_OK);
    }
    (void)next(w, SENT_JUDGED);
    nothing_more(w); /* nothing runs before the intent is durable */
    commit(w);
    const struct sent *ran = next(w, SENT_RUN);
    assert_string_equal(ran->text, "the order");
    assert_int_equal(ran->entry, 1);
    nothing_more(w);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    nothing_more(w); /* nothing is answered before the outcome is durable */
    commit(w);
    assert_string_equal(w->sent[w->seen].text, "the answer");
    answered(w, SP_OK, true, SP_END_DONE);
    assert_int_equal(sp_audit_open(w->room), 0);
    assert_int_equal(fake_disk_lines(&w->fake, "\"index\":1,\"kind\":\"intent\""), 1);
    assert_int_equal(
        fake_disk_lines(&w->fake, "\"index\":2,\"inspect_us\":0,\"intent\":1,\"kind\":\"outcome\""),
        1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"state\":\"done\""), 1);
}

static void test_who_then_verdict_runs_and_is_answered(void **state)
{
    walk(*state, false);
}

static void test_verdict_then_who_runs_and_is_answered(void **state)
{
    walk(*state, true);
}

static void test_one_commit_serves_many(void **state)
{
    struct world *w = *state;
    unsigned before = w->fake.syncs;
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(tell_who(w, FRONT_1 | i), SP_OK);
        assert_int_equal(tell_verdict(w, FRONT_1 | i), SP_OK);
    }
    commit(w);
    assert_int_equal(w->fake.syncs, before + 1);
    assert_int_equal(w->sent_count, 16);
}

static void end_runs(struct world *w, sp_exchange first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        assert_int_equal(tell_outcome(w, first + i, SP_END_DONE), SP_OK);
    }
    w->now.mono_us += 1000;
    commit(w);
    w->sent_count = 0;
}

/* At a high pace a sync for few entries is worth a pause; at a low one, or for a full batch, it is not. */
static void test_a_high_pace_is_worth_a_pause(void **state)
{
    struct world *w = *state;
    assert_false(sp_audit_is_worth_a_pause(w->room));
    for (uint64_t i = 0; i < 40; i++) {
        for (uint64_t j = 0; j < 8; j++) {
            assert_int_equal(tell_who(w, FRONT_1 | (100 + i * 8 + j)), SP_OK);
            assert_int_equal(tell_verdict(w, FRONT_1 | (100 + i * 8 + j)), SP_OK);
        }
        w->now.mono_us += 1000;
        commit(w);
        end_runs(w, FRONT_1 | (100 + i * 8), 8);
    }
    assert_true(sp_audit_is_worth_a_pause(w->room));
    for (uint64_t i = 0; i < SP_AUDIT_BATCH; i++) {
        assert_true(sp_audit_is_worth_a_pause(w->room));
        assert_int_equal(tell_who(w, FRONT_1 | (1000 + i)), SP_OK);
        assert_int_equal(tell_verdict(w, FRONT_1 | (1000 + i)), SP_OK);
    }
    assert_false(sp_audit_is_worth_a_pause(w->room));
    commit(w);
    end_runs(w, FRONT_1 | 1000, SP_AUDIT_BATCH);
    for (uint64_t i = 0; i < 40; i++) {
        w->now.mono_us += 2000;
        assert_int_equal(tell_who(w, FRONT_1 | (2000 + i)), SP_OK);
        assert_int_equal(tell_verdict(w, FRONT_1 | (2000 + i)), SP_OK);
        commit(w);
        end_runs(w, FRONT_1 | (2000 + i), 1);
    }
    assert_false(sp_audit_is_worth_a_pause(w->room));
}

/* At any pace: where many exchanges are under way, their entries are worth waiting for. */
static void test_a_crowd_is_worth_a_pause(void **state)
{
    struct world *w = *state;
    for (uint64_t i = 0; i < SP_AUDIT_CROWD; i++) {
        assert_false(sp_audit_is_worth_a_pause(w->room));
        w->now.mono_us += 50000;
        assert_int_equal(tell_who(w, FRONT_1 | (100 + i)), SP_OK);
        assert_int_equal(tell_verdict(w, FRONT_1 | (100 + i)), SP_OK);
        commit(w);
    }
    assert_true(sp_audit_is_worth_a_pause(w->room));
    end_runs(w, FRONT_1 | 100, 1);
    assert_false(sp_audit_is_worth_a_pause(w->room));
}

static void test_a_denial_is_recorded_and_reaches_no_relay(void **state)
{
    struct world *w = *state;
    struct sp_msg_verdict denial = denial_of(X);
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &denial, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    nothing_more(w);
    commit(w);
    answered(w, SP_ERR_DENIED, true, SP_END_NOT_STARTED);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"denial\""), 1);
    assert_int_equal(sp_audit_open(w->room), 0);
}

static void test_a_refusal_is_recorded_before_it_is_answered(void **state)
{
    struct world *w = *state;
    struct sp_msg_refusal refusal = {.exchange = X,
                                     .tenant = sp_slice_of("acme"),
                                     .err = SP_ERR_NOT_FOUND,
                                     .detail = sp_slice_of("no such path")};
    assert_int_equal(sp_audit_refusal(w->room, &refusal, w->now), SP_OK);
    nothing_more(w);
    commit(w);
    answered(w, SP_ERR_NOT_FOUND, true, SP_END_NOT_STARTED);
    assert_int_equal(
        fake_disk_lines(&w->fake, "{\"detail\":\"no such path\",\"error\":\"NotFound\","), 1);
}

/* --- what does not fit --- */

struct misfit {
    const char *name;
    void (*bend)(struct sp_msg_who *who, struct sp_msg_verdict *verdict);
};

static void bend_policy_of_who(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)verdict;
    who->policy[1] = 1;
}

static void bend_policy_of_verdict(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)who;
    verdict->policy[1] = 1;
}

static void bend_policy_of_both(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    who->policy[1] = 1;
    verdict->policy[1] = 1;
}

static void bend_worker(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)verdict;
    who->worker = 1;
}

static void bend_order(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)who;
    verdict->order.bytes = sp_slice_of("the 0rder");
}

static void bend_digest(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)who;
    verdict->order_digest[31] ^= 1;
}

static void bend_verdict_number(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)who;
    verdict->verdict = SP_VERDICT_COUNT;
}

static void bend_error_of_allowed(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)who;
    verdict->err = SP_ERR_DENIED;
}

static void bend_denial_without_error(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)who;
    verdict->verdict = SP_VERDICT_DENY;
}

static void bend_findings(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)who;
    verdict->findings = sp_slice_of("garbage");
}

static void bend_modules(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)who;
    verdict->modules = sp_slice_of("\xff\xff\xff\xff");
}

static void bend_worker_number(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)verdict;
    who->worker = 2;
}

static void bend_operation(struct sp_msg_who *who, struct sp_msg_verdict *verdict)
{
    (void)verdict;
    who->operation = 99;
}

static const struct misfit misfits[] = {
    {"the policy admit names is not in force", bend_policy_of_who},
    {"the policy inspect names is another", bend_policy_of_verdict},
    {"both name a policy that is not in force", bend_policy_of_both},
    {"another worker than admit chose", bend_worker},
    {"another order than was digested", bend_order},
    {"another digest", bend_digest},
    {"a verdict that is none", bend_verdict_number},
    {"allowed with an error", bend_error_of_allowed},
    {"denied without an error", bend_denial_without_error},
    {"findings that cannot be read", bend_findings},
    {"modules that cannot be read", bend_modules},
    {"a worker that is none", bend_worker_number},
    {"an operation that is none", bend_operation},
};

/* In either order who said what does not fit has its wire closed, by its message or because it is named, and nothing runs. */
static void test_what_does_not_fit_closes_a_wire_and_does_not_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * SP_COUNT(misfits); i++) {
        void *own = NULL;
        (void)make_world(&own);
        struct world *w = own;
        struct sp_msg_who who = who_of(X);
        struct sp_msg_verdict verdict = verdict_of(X);
        bool is_verdict_first = i % 2 == 1;
        print_message("%s, %s\n", misfits[i / 2].name,
                      is_verdict_first ? "verdict first" : "who first");
        misfits[i / 2].bend(&who, &verdict);
        enum sp_err first = is_verdict_first ? sp_audit_verdict(w->room, 0, &verdict, w->now)
                                             : sp_audit_who(w->room, &who, w->now);
        enum sp_err second = is_verdict_first ? sp_audit_who(w->room, &who, w->now)
                                              : sp_audit_verdict(w->room, 0, &verdict, w->now);
        const bool is_named = sp_audit_take_liars(w->room) == 1; /* worker 0 */
        assert_true(first == SP_ERR_WIRE || second == SP_ERR_WIRE || is_named);
        commit(w);
        for (size_t k = 0; k < w->sent_count; k++) {
            assert_int_not_equal(w->sent[k].type, SENT_RUN);
        }
        assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"intent\""), 0);
        (void)end_world(&own);
    }
}

/* It would be owed for ever, and with it a row of the table, one for each that a relay which is taken over sends. */
static void test_an_outcome_that_cannot_be_written_closes_the_wire(void **state)
{
    struct world *w = *state;
    struct sp_msg_outcome outcome = outcome_of(X, SP_END_DONE);
    outcome.runtime = sp_slice_of("\xff\xff\xff\xff");
    run(w, X);
    assert_int_equal(sp_audit_outcome(w->room, &outcome, w->now), SP_ERR_WIRE);
    sp_audit_lost(w->room, relay, w->now);
    commit(w);
    answered(w, SP_ERR_OUTCOME_UNKNOWN, true, SP_END_UNKNOWN);
    assert_int_equal(sp_audit_open(w->room), 0);
}

/* front would take such numbers for a mistake of audit's. */
static void test_a_limit_that_names_none_closes_admits_wire(void **state)
{
    struct world *w = *state;
    struct sp_msg_who who = who_of(X);
    struct sp_msg_refusal refusal = {.exchange = X, .err = SP_ERR_QUOTA, .operation = 1};
    struct sp_msg_read_ask ask = {.exchange = X, .tenant = sp_slice_of("acme")};
    who.limit = SP_LIMIT_COUNT;
    refusal.limit_scope = SP_LIMIT_SCOPE_COUNT;
    ask.limit = SP_LIMIT_COUNT;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_ERR_WIRE);
    assert_int_equal(sp_audit_refusal(w->room, &refusal, w->now), SP_ERR_WIRE);
    assert_int_equal(sp_audit_read(w->room, &ask, w->now), SP_ERR_WIRE);
    who.limit = SP_LIMIT_COUNT - 1;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
}

static void test_nothing_is_told_twice(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(tell_who(w, X), SP_ERR_WIRE);
    assert_int_equal(tell_verdict(w, X), SP_OK);
    assert_int_equal(tell_verdict(w, X), SP_ERR_WIRE);
    assert_int_equal(tell_who(w, X), SP_ERR_WIRE);
    commit(w);
    assert_int_equal(tell_who(w, X), SP_ERR_WIRE);
    assert_int_equal(tell_verdict(w, X), SP_ERR_WIRE);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_ERR_WIRE);
    commit(w);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_ERR_WIRE);
}

static void test_an_outcome_must_fit_a_run(void **state)
{
    struct world *w = *state;
    struct sp_msg_outcome altered = outcome_of(X, SP_END_DONE);
    altered.answer.bytes = sp_slice_of("the 4nswer");
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_ERR_WIRE); /* never asked for */
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_ERR_WIRE); /* not judged yet */
    assert_int_equal(tell_verdict(w, X), SP_OK);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_ERR_WIRE); /* not durable yet */
    commit(w);
    assert_int_equal(sp_audit_outcome(w->room, &altered, w->now), SP_ERR_WIRE);
    assert_int_equal(tell_outcome(w, X, SP_END_COUNT), SP_ERR_WIRE);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
}

static void test_a_slot_that_cannot_be_closes_the_wire(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_who(w, FRONT_1 | SP_EXCHANGE_SLOTS), SP_ERR_WIRE);
    assert_int_equal(tell_who(w, FRONT_1 | (SP_EXCHANGE_SLOTS - 1)), SP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_then_verdict_runs_and_is_answered),
        TEST(test_verdict_then_who_runs_and_is_answered),
        TEST(test_one_commit_serves_many),
        TEST(test_a_high_pace_is_worth_a_pause),
        TEST(test_a_crowd_is_worth_a_pause),
        TEST(test_a_denial_is_recorded_and_reaches_no_relay),
        TEST(test_a_refusal_is_recorded_before_it_is_answered),
        cmocka_unit_test(test_what_does_not_fit_closes_a_wire_and_does_not_run),
        TEST(test_an_outcome_that_cannot_be_written_closes_the_wire),
        TEST(test_a_limit_that_names_none_closes_admits_wire),
        TEST(test_nothing_is_told_twice),
        TEST(test_an_outcome_must_fit_a_run),
        TEST(test_a_slot_that_cannot_be_closes_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
