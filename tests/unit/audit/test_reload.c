#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

static const uint8_t configuration[SP_DIGEST_BYTES] = {0xcc};

static enum sp_err reload(struct world *w, struct sp_slice policies)
{
    static const uint8_t changes[] = "\0\0\0\x05limit";
    const struct sp_record_quota quotas[] = {
        {.scope = SP_LIMIT_OF_TOKEN,
         .name = sp_slice_of("acme"),
         .changes = sp_slice_make(changes, sizeof(changes) - 1)},
        {.scope = SP_LIMIT_OF_ORGANISATION, .name = sp_slice_of("both"), .more = 3},
    };
    struct sp_audit_changes all = {.policies = policies, .quotas = quotas, .quota_count = 2};
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        all.configuration[i] = configuration[i];
    }
    return sp_audit_reload(w->room, &all, w->now);
}

static void run_into_trouble(struct world *w)
{
    assert_int_equal(tell_who(w, FRONT_1 | 9), SP_OK);
    assert_int_equal(tell_verdict(w, FRONT_1 | 9), SP_OK);
    commit(w);
    assert_string_not_equal(sp_audit_trouble(w->room), "");
}

/* The policy that the other tests run under is one of zeros, and there is a new one. */
static void make_policies(uint8_t both[2 * SP_DIGEST_BYTES])
{
    for (size_t i = 0; i < 2 * SP_DIGEST_BYTES; i++) {
        both[i] = who_of(X).policy[i % SP_DIGEST_BYTES];
    }
    both[SP_DIGEST_BYTES] = 9;
}

static void test_a_reload_brings_policies_into_force_and_has_both_digests(void **state)
{
    struct world *w = *state;
    uint8_t both[2 * SP_DIGEST_BYTES];
    struct sp_msg_who who = who_of(FRONT_1 | 6);
    make_policies(both);
    assert_int_equal(reload(w, sp_slice_make(both, 33)), SP_ERR_WIRE);
    assert_int_equal(reload(w, sp_slice_make(both, sizeof(both))), SP_OK);
    commit(w);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"configuration_sha256\":\"cc00"), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"previous_sha256\":\""), 1);
    assert_int_equal(
        fake_disk_lines(&w->fake,
                        "{\"changes\":[\"limit\"],\"index\":2,\"kind\":\"quota\",\"more\":0,"
                        "\"organisation\":\"\",\"tenant\":\"acme\","),
        1);
    assert_int_equal(
        fake_disk_lines(&w->fake, "\"more\":3,\"organisation\":\"both\",\"tenant\":\"\","), 1);
    run(w, FRONT_1 | 7); /* one that stayed in force */
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        who.policy[i] = both[SP_DIGEST_BYTES + i];
    }
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
    nothing_more(w);
}

static void test_changed_limits_that_were_not_recorded_are_recorded_later(void **state)
{
    struct world *w = *state;
    const struct sp_record_quota quota = {.scope = SP_LIMIT_OF_TENANT, .name = sp_slice_of("late")};
    w->fake.is_failing_sync = true;
    run_into_trouble(w);
    assert_int_equal(sp_audit_quotas(w->room, &quota, 1, w->now), SP_ERR_LOG_UNAVAILABLE);
    w->fake.is_failing_sync = false;
    later(w, 60 * SECOND);
    sp_audit_tick(w->room, w->now);
    assert_int_equal(sp_audit_quotas(w->room, &quota, 1, w->now), SP_OK);
    commit(w);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"quota\""), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"tenant\":\"late\""), 1);
}

static void test_a_verdict_under_a_policy_no_longer_in_force_is_refused(void **state)
{
    struct world *w = *state;
    uint8_t both[2 * SP_DIGEST_BYTES];
    make_policies(both);
    const struct sp_slice fresh = sp_slice_make(both + SP_DIGEST_BYTES, SP_DIGEST_BYTES);
    run(w, FRONT_1 | 1); /* it runs already, and ends as it began */
    assert_int_equal(tell_who(w, FRONT_1 | 2), SP_OK);
    assert_int_equal(reload(w, fresh), SP_OK);
    commit(w);
    /* admit's half came before the reload, the verdict behind it */
    assert_int_equal(tell_verdict(w, FRONT_1 | 2), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    /* both halves behind it: the verdict still comes, before and after the refusal is written */
    assert_int_equal(tell_who(w, FRONT_1 | 3), SP_OK);
    assert_int_equal(tell_verdict(w, FRONT_1 | 3), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(tell_who(w, FRONT_1 | 4), SP_OK);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(tell_verdict(w, FRONT_1 | 4), SP_OK);
    (void)next(w, SENT_JUDGED);
    nothing_more(w);
    assert_int_equal(tell_outcome(w, FRONT_1 | 1, SP_END_DONE), SP_OK);
    commit(w);
    answered(w, SP_OK, true, SP_END_DONE);
    assert_int_equal(sp_audit_open(w->room), 0);
    /* one that never was in force is no accident */
    struct sp_msg_who who = who_of(FRONT_1 | 5);
    who.policy[3] ^= 1;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_ERR_WIRE);
}

static void test_a_policy_that_comes_back_is_in_force_again(void **state)
{
    struct world *w = *state;
    uint8_t both[2 * SP_DIGEST_BYTES];
    make_policies(both);
    const struct sp_slice fresh = sp_slice_make(both + SP_DIGEST_BYTES, SP_DIGEST_BYTES);
    assert_int_equal(reload(w, fresh), SP_OK);
    commit(w);
    assert_int_equal(reload(w, sp_slice_make(both, sizeof(both))), SP_OK);
    commit(w);
    run(w, FRONT_1 | 8); /* what was retired is in force again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_reload_brings_policies_into_force_and_has_both_digests),
        TEST(test_changed_limits_that_were_not_recorded_are_recorded_later),
        TEST(test_a_verdict_under_a_policy_no_longer_in_force_is_refused),
        TEST(test_a_policy_that_comes_back_is_in_force_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
