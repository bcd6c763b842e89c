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

struct stand {
    struct sp_store_memory *memory;
    struct sp_quota_store store;
    struct sp_quota *quota;
    struct sp_quota_limits organisation_limits, tenant_limits, token_limits;
    uint32_t organisation, tenant, token;
    uint64_t now;
    struct sp_quota_hold hold;
    struct sp_quota_refusal refusal;
};

static void put_nodes(struct stand *s)
{
    assert_int_equal(sp_quota_put(s->quota, SP_LIMIT_OF_ORGANISATION, SP_SLICE_LITERAL("group"),
                                  SP_QUOTA_NODE_NONE, &s->organisation_limits, &s->organisation),
                     SP_OK);
    assert_int_equal(sp_quota_put(s->quota, SP_LIMIT_OF_TENANT, SP_SLICE_LITERAL("acme"),
                                  s->organisation, &s->tenant_limits, &s->tenant),
                     SP_OK);
    assert_int_equal(
        sp_quota_token(s->quota, s->tenant, SP_SLICE_LITERAL("t1"), &s->token_limits, &s->token),
        SP_OK);
}

/* Loses the memory and goes on from the store. */
static void crash(struct stand *s)
{
    sp_quota_free(s->quota);
    s->hold = (struct sp_quota_hold){.is_held = false};
    assert_int_equal(
        sp_quota_open(&s->store, COOLDOWN, (struct sp_quota_time){0, s->now}, &s->quota), SP_OK);
    put_nodes(s);
    s->now = sp_quota_now(s->quota, (struct sp_quota_time){0, s->now});
}

static void open_stand(struct stand *s)
{
    s->now = NOON;
    assert_int_equal(sp_store_memory_new(&s->memory, &s->store), SP_OK);
    assert_int_equal(
        sp_quota_open(&s->store, COOLDOWN, (struct sp_quota_time){0, s->now}, &s->quota), SP_OK);
    put_nodes(s);
}

static void close_stand(struct stand *s)
{
    sp_quota_free(s->quota);
    sp_store_memory_free(s->memory);
}

static enum sp_err ask(struct stand *s, bool is_run, uint64_t run_ms, uint64_t code)
{
    struct sp_quota_ask ask = {.node = s->token, .is_run = is_run};
    ask.day[SP_QUOTA_RUN_MS] = run_ms;
    ask.day[SP_QUOTA_CODE_BYTES] = code;
    return sp_quota_reserve(s->quota, &ask, s->now, &s->hold, &s->refusal);
}

static enum sp_err ask_session(struct stand *s, char letter, bool may_begin)
{
    char hash[SP_STORE_HASH_CHARS + 1];
    char name[] = "session-x";
    name[8] = letter;
    (void)snprintf(hash, sizeof(hash), "%064d", letter);
    struct sp_quota_ask ask = {.node = s->token,
                               .may_begin_session = may_begin,
                               .epoch = 1,
                               .session = sp_slice_make(hash, SP_STORE_HASH_CHARS),
                               .identifier = sp_slice_of(name)};
    return sp_quota_reserve(s->quota, &ask, s->now, &s->hold, &s->refusal);
}

static uint64_t used(struct stand *s, uint32_t node, enum sp_limit limit)
{
    struct sp_quota_usage usage;
    sp_quota_usage(s->quota, node, s->now, &usage);
    return usage.used[limit];
}

static void flush(struct stand *s)
{
    assert_int_equal(sp_quota_flush(s->quota, s->now), SP_OK);
}

/* --- each limit --- */

static void test_a_run_refused_for_its_count_takes_no_request(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_REQUESTS] = 2, [SP_LIMIT_RUNS] = 1}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, true, 0, 0), SP_OK);
    struct sp_quota_hold first = s.hold;
    assert_int_equal(ask(&s, true, 0, 0), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.limit, SP_LIMIT_RUNS);
    assert_int_equal(s.refusal.state.scope, SP_LIMIT_OF_TENANT);
    assert_int_equal(s.refusal.state.size, 1);
    assert_int_equal(s.refusal.used, 1);
    sp_quota_settle(s.quota, &first, s.now);
    assert_int_equal(ask(&s, true, 0, 0), SP_OK);
    sp_quota_settle(s.quota, &s.hold, s.now);
    assert_int_equal(ask(&s, true, 0, 0), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.limit, SP_LIMIT_REQUESTS);
    assert_int_equal(s.refusal.used, 2);
    assert_true(s.refusal.after_us == 30 * SECOND);
    assert_int_equal(s.refusal.state.reset_s, 30);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_RUNS), 0);
    close_stand(&s);
}

static void test_run_time_is_reserved_at_most_and_settled_at_what_it_was(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_RUN_TIME] = 500000}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, true, 220000, 0), SP_OK);
    struct sp_quota_hold first = s.hold;
    assert_int_equal(ask(&s, true, 220000, 0), SP_OK);
    struct sp_quota_hold second = s.hold;
    assert_int_equal(ask(&s, true, 220000, 0), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.limit, SP_LIMIT_RUN_TIME);
    assert_int_equal(s.refusal.state.size, 500); /* seconds, as it is configured */
    assert_int_equal(s.refusal.used, 440);
    assert_true(s.refusal.after_us == SECOND); /* what is reserved may come back at any time */
    sp_quota_lower(s.quota, &first, SP_QUOTA_RUN_MS, 1500);
    sp_quota_lower(s.quota, &first, SP_QUOTA_RUN_MS, 9000); /* never up again */
    sp_quota_settle(s.quota, &first, s.now);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_RUN_TIME), 221500);
    assert_int_equal(used(&s, s.organisation, SP_LIMIT_RUN_TIME), 221500);
    assert_int_equal(ask(&s, true, 220000, 0), SP_OK);
    sp_quota_settle(s.quota, &s.hold, s.now);
    sp_quota_settle(s.quota, &second, s.now);
    sp_quota_settle(s.quota, &second, s.now); /* once only */
    assert_int_equal(ask(&s, true, 220000, 0), SP_ERR_QUOTA);
    assert_true(s.refusal.after_us == DAY / 2);
    assert_int_equal(s.refusal.state.left, 58);
    close_stand(&s);
}

static enum sp_err ask_open(struct stand *s)
{
    struct sp_quota_ask ask = {.node = s->token, .is_run = true, .is_time_open = true};
    ask.day[SP_QUOTA_RUN_MS] = 220000;
    return sp_quota_reserve(s->quota, &ask, s->now, &s->hold, &s->refusal);
}

static enum sp_err raise(struct stand *s, uint64_t run_ms)
{
    return sp_quota_raise(s->quota, &s->hold, SP_QUOTA_RUN_MS, run_ms, s->now, &s->refusal);
}

static void test_of_an_open_time_little_is_taken_where_little_is_left(void **state)
{
    struct stand s = {.organisation_limits.of = {[SP_LIMIT_RUN_TIME] = 8 * 220000},
                      .tenant_limits.of = {[SP_LIMIT_RUN_TIME] = 100000}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask_open(&s), SP_OK);
    assert_int_equal(used(&s, s.organisation, SP_LIMIT_RUN_TIME), 12500);
    /* what it turns out to want is all there, or refused with nothing changed */
    assert_int_equal(raise(&s, 100001), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.limit, SP_LIMIT_RUN_TIME);
    assert_int_equal(s.hold.day[SP_QUOTA_RUN_MS], 12500);
    assert_int_equal(raise(&s, 60000), SP_OK);
    assert_int_equal(raise(&s, 59999), SP_OK); /* it has that */
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_RUN_TIME), 60000);
    assert_int_equal(raise(&s, 100000), SP_OK);
    assert_int_equal(used(&s, s.organisation, SP_LIMIT_RUN_TIME), 100000);
    struct sp_quota_hold first = s.hold;
    assert_int_equal(ask_open(&s), SP_ERR_QUOTA); /* not a second is left, but may come back */
    sp_quota_lower(s.quota, &first, SP_QUOTA_RUN_MS, 99000);
    sp_quota_settle(s.quota, &first, s.now);
    assert_int_equal(ask_open(&s), SP_OK);
    assert_int_equal(s.hold.day[SP_QUOTA_RUN_MS], SP_QUOTA_OPEN_MS);
    sp_quota_release(s.quota, &s.hold, s.now);
    /* without a limit, or with plenty left, it is all of it */
    s.tenant_limits.of[SP_LIMIT_RUN_TIME] = 0;
    put_nodes(&s);
    s.now += DAY;
    assert_int_equal(ask_open(&s), SP_OK);
    assert_int_equal(s.hold.day[SP_QUOTA_RUN_MS], 220000);
    close_stand(&s);
}

static void test_time_that_is_raised_waits_for_its_lease(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_RUN_TIME] = 6400000}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask_open(&s), SP_OK);
    flush(&s);
    assert_int_equal(raise(&s, 6000000), SP_OK);
    assert_true(sp_quota_is_waiting(s.quota) && !sp_quota_is_durable(s.quota, &s.hold));
    flush(&s);
    assert_true(sp_quota_is_durable(s.quota, &s.hold));
    crash(&s);
    assert_true(used(&s, s.tenant, SP_LIMIT_RUN_TIME) >= 6000000);
    close_stand(&s);
}

static void test_time_that_is_raised_on_the_next_day_counts_there(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_RUN_TIME] = 100000, [SP_LIMIT_CODE] = 50}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, true, 50000, 50), SP_OK);
    s.now += DAY;
    assert_int_equal(raise(&s, 100001), SP_ERR_QUOTA);
    assert_int_equal(raise(&s, 100000), SP_OK);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_CODE), 0);
    sp_quota_lower(s.quota, &s.hold, SP_QUOTA_RUN_MS, 1500);
    sp_quota_settle(s.quota, &s.hold, s.now);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_RUN_TIME), 1500);
    close_stand(&s);
}

static void test_what_came_to_nothing_is_free_again(void **state)
{
    struct stand s = {.organisation_limits.of = {[SP_LIMIT_CODE] = 100},
                      .token_limits.of = {[SP_LIMIT_RUNS] = 1}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, true, 0, 100), SP_OK);
    struct sp_quota_hold first = s.hold;
    assert_int_equal(ask(&s, false, 0, 1), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.scope, SP_LIMIT_OF_ORGANISATION);
    assert_int_equal(ask(&s, true, 0, 0), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.scope, SP_LIMIT_OF_TOKEN);
    sp_quota_release(s.quota, &first, s.now);
    assert_int_equal(used(&s, s.organisation, SP_LIMIT_CODE), 0);
    assert_int_equal(ask(&s, true, 0, 100), SP_OK);
    close_stand(&s);
}

static void test_a_day_ends_and_what_it_lent_does_not_come_back_in_the_next(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_CODE] = 100}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, true, 0, 80), SP_OK);
    struct sp_quota_hold of_yesterday = s.hold;
    s.now += DAY / 2;
    assert_int_equal(ask(&s, true, 0, 90), SP_OK);
    sp_quota_release(s.quota, &of_yesterday, s.now); /* counts where it was taken */
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_CODE), 90);
    assert_int_equal(ask(&s, true, 0, 11), SP_ERR_QUOTA);
    close_stand(&s);
}

static void test_limits_that_cannot_be_are_refused(void **state)
{
    struct stand s = {.now = 0};
    struct sp_quota_limits limits = {.of = {[SP_LIMIT_REQUESTS] = 1000001}};
    uint32_t node = 0;
    (void)state;
    open_stand(&s);
    assert_int_equal(sp_quota_put(s.quota, SP_LIMIT_OF_TENANT, SP_SLICE_LITERAL("x"),
                                  SP_QUOTA_NODE_NONE, &limits, &node),
                     SP_ERR_RANGE);
    limits = (struct sp_quota_limits){.of = {[SP_LIMIT_RUNS] = (uint64_t)1 << 32}};
    assert_int_equal(sp_quota_token(s.quota, s.tenant, SP_SLICE_LITERAL("x"), &limits, &node),
                     SP_ERR_RANGE);
    close_stand(&s);
}

/* --- sessions --- */

static void test_sessions_are_counted_until_their_cooldown_is_over(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_SESSIONS] = 2}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask_session(&s, 'a', true), SP_OK);
    flush(&s);
    sp_quota_settle(s.quota, &s.hold, s.now);
    s.now += 100 * SECOND;
    assert_int_equal(ask_session(&s, 'b', true), SP_OK);
    struct sp_quota_hold b = s.hold;
    assert_int_equal(ask_session(&s, 'c', true), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.limit, SP_LIMIT_SESSIONS);
    assert_true(s.refusal.after_us == 200 * SECOND);     /* when `a` ends */
    assert_int_equal(ask_session(&s, 'a', true), SP_OK); /* one that is alive is no new one */
    sp_quota_settle(s.quota, &s.hold, s.now);
    assert_int_equal(ask_session(&s, 'd', false), SP_OK); /* looking does not begin one */
    s.now += COOLDOWN;
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_SESSIONS), 1); /* `b` is held, however long */
    sp_quota_settle(s.quota, &b, s.now);
    s.now += COOLDOWN - 1;
    assert_int_equal(used(&s, s.organisation, SP_LIMIT_SESSIONS), 1);
    s.now += 1;
    assert_int_equal(used(&s, s.organisation, SP_LIMIT_SESSIONS), 0);
    close_stand(&s);
}

static void test_a_deleted_session_and_one_that_never_began_are_free_at_once(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_SESSIONS] = 1}};
    char hash[SP_STORE_HASH_CHARS + 1];
    (void)state;
    open_stand(&s);
    assert_int_equal(ask_session(&s, 'a', true), SP_OK);
    struct sp_quota_hold first = s.hold;
    assert_int_equal(ask_session(&s, 'a', true), SP_OK);
    sp_quota_release(s.quota, &first, s.now);
    sp_quota_release(s.quota, &s.hold, s.now); /* neither came to anything */
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_SESSIONS), 0);
    assert_int_equal(ask_session(&s, 'b', true), SP_OK);
    flush(&s);
    sp_quota_settle(s.quota, &s.hold, s.now);
    (void)snprintf(hash, sizeof(hash), "%064d", 'b');
    sp_quota_end_session(s.quota, sp_slice_of(hash));
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_SESSIONS), 0);
    flush(&s);
    crash(&s); /* the store has forgotten it too */
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_SESSIONS), 0);
    close_stand(&s);
}

struct listed {
    char letters[8];
    unsigned count;
};

static enum sp_err note(void *ctx, struct sp_slice hash, struct sp_slice identifier,
                        uint64_t used_us)
{
    struct listed *listed = ctx;
    assert_int_equal(hash.len, SP_STORE_HASH_CHARS);
    assert_true(used_us > 0);
    listed->letters[listed->count++] = (char)identifier.ptr[identifier.len - 1];
    return SP_OK;
}

static void test_a_tenants_own_names_are_listed_also_after_a_crash(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_SESSIONS] = 9}};
    struct listed listed = {.count = 0};
    (void)state;
    open_stand(&s);
    for (char letter = 'a'; letter < 'd'; letter++) {
        assert_int_equal(ask_session(&s, letter, true), SP_OK);
        flush(&s);
        assert_true(sp_quota_is_durable(s.quota, &s.hold));
        sp_quota_settle(s.quota, &s.hold, s.now);
        s.now += SECOND;
    }
    crash(&s);
    assert_int_equal(used(&s, s.token, SP_LIMIT_SESSIONS), 3);
    assert_int_equal(used(&s, s.organisation, SP_LIMIT_SESSIONS), 3);
    assert_int_equal(sp_quota_sessions(s.quota, s.tenant, 1, s.now, note, &listed), SP_OK);
    assert_string_equal(listed.letters, "cba");
    listed = (struct listed){.count = 0};
    assert_int_equal(sp_quota_sessions(s.quota, s.tenant, 2, s.now, note, &listed),
                     SP_OK); /* of another epoch */
    assert_int_equal(listed.count, 0);
    close_stand(&s);
}

/* --- leases --- */

static void test_nothing_beyond_a_lease_is_durable_and_few_have_to_wait(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_CODE] = 64000}};
    unsigned waits = 0;
    (void)state;
    open_stand(&s);
    for (unsigned i = 0; i < 640; i++) {
        assert_int_equal(ask(&s, false, 0, 100), SP_OK);
        if (!sp_quota_is_durable(s.quota, &s.hold)) {
            assert_true(sp_quota_is_waiting(s.quota));
            waits++;
            flush(&s);
        }
        assert_true(sp_quota_is_durable(s.quota, &s.hold));
        sp_quota_settle(s.quota, &s.hold, s.now);
    }
    assert_int_equal(ask(&s, false, 0, 1), SP_ERR_QUOTA);
    assert_true(waits > 0 && waits <= 66);
    assert_int_equal(sp_store_memory_commits(s.memory), waits);
    close_stand(&s);
}

static void test_a_store_that_fails_lets_nobody_beyond_the_old_lease(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_RUNS] = 4}};
    (void)state;
    open_stand(&s);
    sp_store_memory_fail(s.memory, SP_ERR_SYSTEM);
    assert_int_equal(ask(&s, true, 0, 0), SP_OK);
    assert_int_equal(sp_quota_flush(s.quota, s.now), SP_ERR_SYSTEM);
    assert_false(sp_quota_is_durable(s.quota, &s.hold));
    sp_quota_release(s.quota, &s.hold, s.now);
    sp_store_memory_fail(s.memory, SP_OK);
    assert_int_equal(ask(&s, true, 0, 0), SP_OK);
    flush(&s);
    assert_true(sp_quota_is_durable(s.quota, &s.hold));
    close_stand(&s);
}

static void test_a_store_that_grants_less_is_obeyed(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_CODE] = 1000}};
    (void)state;
    open_stand(&s);
    sp_store_memory_share(s.memory, 50);
    assert_int_equal(ask(&s, false, 0, 60), SP_OK);
    flush(&s);
    assert_false(sp_quota_is_durable(s.quota, &s.hold));
    flush(&s);
    sp_quota_release(s.quota, &s.hold, s.now);
    assert_int_equal(ask(&s, false, 0, 40), SP_OK);
    flush(&s);
    assert_true(sp_quota_is_durable(s.quota, &s.hold));
    close_stand(&s);
}

static void test_after_a_crash_what_was_leased_is_spent_and_no_more(void **state)
{
    struct stand s = {.tenant_limits.of = {
                          [SP_LIMIT_CODE] = 6400, [SP_LIMIT_RUNS] = 8, [SP_LIMIT_REQUESTS] = 60}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, true, 0, 1000), SP_OK);
    flush(&s);
    crash(&s);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_CODE), 1101);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_RUNS), 4); /* one, and the lease ahead of it */
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_REQUESTS), 16);
    /* Those runs are surely over after the longest that there are; a second crash begins anew. */
    s.now += SP_QUOTA_RUN_US_MAX - 1;
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_RUNS), 4);
    s.now += 1;
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_RUNS), 0);
    close_stand(&s);
}

static void test_an_orderly_end_loses_nothing(void **state)
{
    struct stand s = {.tenant_limits.of = {
                          [SP_LIMIT_CODE] = 6400, [SP_LIMIT_RUNS] = 8, [SP_LIMIT_REQUESTS] = 60}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, true, 0, 1000), SP_OK);
    flush(&s);
    sp_quota_lower(s.quota, &s.hold, SP_QUOTA_CODE_BYTES, 900);
    sp_quota_settle(s.quota, &s.hold, s.now);
    assert_int_equal(sp_quota_stop(s.quota, s.now), SP_OK);
    /* Whoever asks after it needs a lease again. */
    assert_int_equal(ask(&s, true, 0, 1), SP_OK);
    assert_false(sp_quota_is_durable(s.quota, &s.hold));
    crash(&s);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_CODE), 900);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_RUNS), 0);
    assert_int_equal(used(&s, s.tenant, SP_LIMIT_REQUESTS), 1);
    close_stand(&s);
}

static void test_a_wall_clock_set_back_revives_no_day(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_CODE] = 100}};
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, false, 0, 100), SP_OK);
    flush(&s);
    s.now -= 30 * DAY;
    crash(&s);
    assert_true(s.now == NOON);
    assert_int_equal(ask(&s, false, 0, 1), SP_ERR_QUOTA);
    close_stand(&s);
}

static void test_leases_shrink_again_when_much_was_reserved(void **state)
{
    struct stand s = {.tenant_limits.of = {[SP_LIMIT_RUN_TIME] = 6400000, [SP_LIMIT_RUNS] = 100}};
    struct sp_quota_hold holds[20];
    (void)state;
    open_stand(&s);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(ask(&s, true, 220000, 0), SP_OK);
        holds[i] = s.hold;
    }
    flush(&s);
    for (unsigned i = 0; i < 20; i++) {
        sp_quota_lower(s.quota, &holds[i], SP_QUOTA_RUN_MS, 10);
        sp_quota_settle(s.quota, &holds[i], s.now);
    }
    s.now += 6 * SECOND;
    assert_int_equal(sp_quota_tick(s.quota, s.now), SP_OK);
    crash(&s);
    assert_true(used(&s, s.tenant, SP_LIMIT_RUN_TIME) <= 200 + 100001);
    assert_true(used(&s, s.tenant, SP_LIMIT_RUNS) <= 26);
    close_stand(&s);
}

/* --- the hierarchy --- */

static void test_a_tenant_that_moves_takes_what_is_in_flight_along(void **state)
{
    struct stand s = {.organisation_limits.of = {[SP_LIMIT_RUNS] = 1}};
    uint32_t other = 0;
    (void)state;
    open_stand(&s);
    assert_int_equal(ask(&s, true, 100, 10), SP_OK);
    assert_int_equal(sp_quota_put(s.quota, SP_LIMIT_OF_ORGANISATION, SP_SLICE_LITERAL("other"),
                                  SP_QUOTA_NODE_NONE, &s.organisation_limits, &other),
                     SP_OK);
    assert_int_equal(sp_quota_put(s.quota, SP_LIMIT_OF_TENANT, SP_SLICE_LITERAL("acme"), other,
                                  &s.tenant_limits, &s.tenant),
                     SP_OK);
    assert_int_equal(used(&s, s.organisation, SP_LIMIT_RUNS), 0);
    assert_int_equal(used(&s, other, SP_LIMIT_RUNS), 1);
    assert_int_equal(used(&s, other, SP_LIMIT_CODE), 10);
    sp_quota_settle(s.quota, &s.hold, s.now);
    assert_int_equal(used(&s, other, SP_LIMIT_RUNS), 0);
    close_stand(&s);
}

static enum sp_err count_token(void *ctx, uint32_t node)
{
    unsigned *count = ctx;
    (void)node;
    (*count)++;
    return SP_OK;
}

static void test_tokens_are_found_again_and_counted_apart(void **state)
{
    struct stand s = {.token_limits.of = {[SP_LIMIT_REQUESTS] = 1}};
    uint32_t second = 0;
    uint32_t again = 0;
    unsigned count = 0;
    (void)state;
    open_stand(&s);
    assert_int_equal(
        sp_quota_token(s.quota, s.tenant, SP_SLICE_LITERAL("t2"), &s.token_limits, &second), SP_OK);
    assert_int_equal(
        sp_quota_token(s.quota, s.tenant, SP_SLICE_LITERAL("t2"), &s.token_limits, &again), SP_OK);
    assert_int_equal(second, again);
    assert_int_equal(sp_quota_tokens(s.quota, s.tenant, count_token, &count), SP_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ask(&s, false, 0, 0), SP_OK);
    assert_int_equal(ask(&s, false, 0, 0), SP_ERR_QUOTA);
    assert_int_equal(s.refusal.state.scope, SP_LIMIT_OF_TOKEN);
    s.token = second;
    assert_int_equal(ask(&s, false, 0, 0), SP_OK);
    struct sp_limit_state left;
    sp_quota_requests_left(s.quota, second, s.now, &left);
    assert_int_equal(left.limit, SP_LIMIT_REQUESTS);
    assert_int_equal(left.left, 0);
    assert_int_equal(left.reset_s, 60);
    sp_quota_requests_left(s.quota, s.tenant, s.now, &left);
    assert_int_equal(left.limit, SP_LIMIT_NONE);
    close_stand(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_refused_for_its_count_takes_no_request),
        cmocka_unit_test(test_run_time_is_reserved_at_most_and_settled_at_what_it_was),
        cmocka_unit_test(test_of_an_open_time_little_is_taken_where_little_is_left),
        cmocka_unit_test(test_time_that_is_raised_waits_for_its_lease),
        cmocka_unit_test(test_time_that_is_raised_on_the_next_day_counts_there),
        cmocka_unit_test(test_what_came_to_nothing_is_free_again),
        cmocka_unit_test(test_a_day_ends_and_what_it_lent_does_not_come_back_in_the_next),
        cmocka_unit_test(test_limits_that_cannot_be_are_refused),
        cmocka_unit_test(test_sessions_are_counted_until_their_cooldown_is_over),
        cmocka_unit_test(test_a_deleted_session_and_one_that_never_began_are_free_at_once),
        cmocka_unit_test(test_a_tenants_own_names_are_listed_also_after_a_crash),
        cmocka_unit_test(test_nothing_beyond_a_lease_is_durable_and_few_have_to_wait),
        cmocka_unit_test(test_a_store_that_fails_lets_nobody_beyond_the_old_lease),
        cmocka_unit_test(test_a_store_that_grants_less_is_obeyed),
        cmocka_unit_test(test_after_a_crash_what_was_leased_is_spent_and_no_more),
        cmocka_unit_test(test_an_orderly_end_loses_nothing),
        cmocka_unit_test(test_a_wall_clock_set_back_revives_no_day),
        cmocka_unit_test(test_leases_shrink_again_when_much_was_reserved),
        cmocka_unit_test(test_a_tenant_that_moves_takes_what_is_in_flight_along),
        cmocka_unit_test(test_tokens_are_found_again_and_counted_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
