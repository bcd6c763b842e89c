/* What becomes of tokens that nobody uses any more, and of ends when the wall clock is set forward. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "quota/quota_inner.h"
#include "quota/store_memory.h"

#define SECOND   ((uint64_t)1000000)
#define DAY      SP_QUOTA_DAY_US
#define NOON     (20000 * DAY + DAY / 2)
#define COOLDOWN (300 * SECOND)
#define MANY     100U

static const char session[] = "0123456789012345678901234567890123456789012345678901234567890123";

struct stand {
    struct sp_store_memory *memory;
    struct sp_quota_store store;
    struct sp_quota *quota;
    struct sp_quota_limits limits;
    uint32_t tenant;
    struct sp_quota_time clock;
    uint64_t now;
    struct sp_quota_refusal refusal;
};

static void look(struct stand *s)
{
    s->now = sp_quota_now(s->quota, s->clock);
}

static void reopen(struct stand *s)
{
    sp_quota_free(s->quota);
    assert_int_equal(sp_quota_open(&s->store, COOLDOWN, s->clock, &s->quota), SP_OK);
    assert_int_equal(sp_quota_put(s->quota, SP_LIMIT_OF_TENANT, SP_SLICE_LITERAL("acme"),
                                  SP_QUOTA_NODE_NONE, &s->limits, &s->tenant),
                     SP_OK);
    look(s);
}

static void open_stand(struct stand *s)
{
    s->clock = (struct sp_quota_time){.mono_us = 5, .wall_us = NOON};
    assert_int_equal(sp_store_memory_new(&s->memory, &s->store), SP_OK);
    reopen(s);
}

static void close_stand(struct stand *s)
{
    sp_quota_free(s->quota);
    sp_store_memory_free(s->memory);
}

static void pass(struct stand *s, uint64_t us)
{
    s->clock.mono_us += us;
    s->clock.wall_us += us;
    look(s);
}

static enum sp_err ask(struct stand *s, unsigned number, bool has_session,
                       struct sp_quota_hold *out)
{
    static const struct sp_quota_limits none = {.of = {0}};
    char id[16];
    struct sp_quota_ask ask = {.is_run = true, .may_begin_session = has_session};
    (void)snprintf(id, sizeof(id), "t%u", number);
    ask.session = has_session ? sp_slice_of(session) : sp_slice_make(NULL, 0);
    ask.day[SP_QUOTA_CODE_BYTES] = 10;
    SP_TRY(sp_quota_token(s->quota, s->tenant, sp_slice_of(id), &none, &ask.node));
    return sp_quota_reserve(s->quota, &ask, s->now, out, &s->refusal);
}

static enum sp_err count_one(void *ctx, uint32_t node)
{
    (void)node;
    (*(unsigned *)ctx)++;
    return SP_OK;
}

static unsigned tokens_of(const struct stand *s)
{
    unsigned count = 0;
    assert_int_equal(sp_quota_tokens(s->quota, s->tenant, count_one, &count), SP_OK);
    return count;
}

static void use_many(struct stand *s, unsigned first)
{
    struct sp_quota_hold hold;
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(ask(s, first + i, false, &hold), SP_OK);
        sp_quota_settle(s->quota, &hold, s->now);
    }
    assert_int_equal(sp_quota_flush(s->quota, s->now), SP_OK);
}

static void
test_tokens_that_were_not_used_today_are_forgotten_and_their_places_used_again(void **state)
{
    struct stand s = {.limits.of = {[SP_LIMIT_CODE] = 100000}};
    struct sp_quota_hold held;
    struct sp_quota_usage usage;
    (void)state;
    open_stand(&s);
    use_many(&s, 0);
    assert_int_equal(ask(&s, 7, false, &held), SP_OK); /* goes on past midnight */
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    assert_int_equal(tokens_of(&s), MANY);
    const size_t nodes = s.quota->node_count;
    for (unsigned day = 1; day <= 3; day++) {
        pass(&s, DAY);
        assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
        assert_int_equal(tokens_of(&s), 1);
        use_many(&s, day * 1000);
        assert_int_equal(tokens_of(&s), MANY + 1);
        assert_true(s.quota->node_count <= nodes + 1);
    }
    sp_quota_settle(s.quota, &held, s.now);
    sp_quota_usage(s.quota, s.tenant, s.now, &usage);
    assert_int_equal(usage.used[SP_LIMIT_CODE], MANY * 10);
    assert_int_equal(usage.used[SP_LIMIT_RUNS], 0);
    /* one that is known is found, one that was forgotten is a new one */
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(ask(&s, i == 0 ? 3000 : 0, false, &held), SP_OK);
        sp_quota_usage(s.quota, held.node, s.now, &usage);
        assert_int_equal(usage.day_requests, i == 0 ? 2 : 1);
        sp_quota_settle(s.quota, &held, s.now);
    }
    assert_int_equal(tokens_of(&s), MANY + 2);
    assert_int_equal(sp_quota_stop(s.quota, s.now), SP_OK);
    reopen(&s);
    sp_quota_usage(s.quota, s.tenant, s.now, &usage);
    assert_int_equal(usage.used[SP_LIMIT_CODE], (MANY + 2) * 10);
    close_stand(&s);
}

static void test_a_token_with_a_live_session_is_kept(void **state)
{
    struct stand s = {.limits.of = {[SP_LIMIT_SESSIONS] = 1}};
    struct sp_quota_hold hold;
    (void)state;
    open_stand(&s);
    pass(&s, DAY / 2 - SECOND); /* a second before midnight */
    assert_int_equal(ask(&s, 1, true, &hold), SP_OK);
    sp_quota_settle(s.quota, &hold, s.now);
    assert_int_equal(sp_quota_flush(s.quota, s.now), SP_OK);
    pass(&s, 2 * SECOND);
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    assert_int_equal(tokens_of(&s), 1);
    pass(&s, DAY);
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    assert_int_equal(tokens_of(&s), 0);
    close_stand(&s);
}

static void test_a_clock_that_is_set_forward_frees_no_session_and_no_rate(void **state)
{
    struct stand s = {.limits.of = {[SP_LIMIT_SESSIONS] = 1, [SP_LIMIT_REQUESTS] = 2}};
    struct sp_quota_hold hold;
    struct sp_quota_usage usage;
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, 1, true, &hold), SP_OK);
    sp_quota_settle(s.quota, &hold, s.now);
    assert_int_equal(ask(&s, 1, true, &hold), SP_OK);
    sp_quota_settle(s.quota, &hold, s.now);
    assert_int_equal(sp_quota_flush(s.quota, s.now), SP_OK);
    s.clock.wall_us += 1000 * SECOND;
    look(&s);
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    assert_int_equal(ask(&s, 1, true, &hold), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.limit, SP_LIMIT_REQUESTS);
    assert_true(s.refusal.after_us <= 30 * SECOND);
    sp_quota_usage(s.quota, s.tenant, s.now, &usage);
    assert_int_equal(usage.used[SP_LIMIT_SESSIONS], 1);
    /* the store hears of it: a crash does not forget the session either */
    assert_int_equal(sp_quota_flush(s.quota, s.now), SP_OK);
    reopen(&s);
    sp_quota_usage(s.quota, s.tenant, s.now, &usage);
    assert_int_equal(usage.used[SP_LIMIT_SESSIONS], 1);
    /* time that goes by frees both; a clock that is put right does nothing */
    s.clock.wall_us += SECOND / 2;
    pass(&s, SP_QUOTA_RUN_US_MAX + 2 * COOLDOWN);
    assert_int_equal(ask(&s, 1, false, &hold), SP_OK);
    sp_quota_settle(s.quota, &hold, s.now);
    sp_quota_usage(s.quota, s.tenant, s.now, &usage);
    assert_int_equal(usage.used[SP_LIMIT_SESSIONS], 0);
    close_stand(&s);
}

static void test_a_clock_that_is_set_forward_frees_no_place_of_a_run_before_a_crash(void **state)
{
    struct stand s = {.limits.of = {[SP_LIMIT_RUNS] = 1}};
    struct sp_quota_hold hold;
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, 1, false, &hold), SP_OK);
    assert_int_equal(sp_quota_flush(s.quota, s.now), SP_OK);
    reopen(&s);
    s.clock.wall_us += 2 * SP_QUOTA_RUN_US_MAX;
    look(&s);
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    assert_int_equal(ask(&s, 1, false, &hold), SP_ERR_QUOTA);
    assert_true(s.refusal.after_us <= SP_QUOTA_RUN_US_MAX);
    pass(&s, SP_QUOTA_RUN_US_MAX);
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    assert_int_equal(ask(&s, 1, false, &hold), SP_OK);
    close_stand(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_tokens_that_were_not_used_today_are_forgotten_and_their_places_used_again),
        cmocka_unit_test(test_a_token_with_a_live_session_is_kept),
        cmocka_unit_test(test_a_clock_that_is_set_forward_frees_no_session_and_no_rate),
        cmocka_unit_test(test_a_clock_that_is_set_forward_frees_no_place_of_a_run_before_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
