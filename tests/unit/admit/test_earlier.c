/* Runs that began under an earlier admit: counted until they end or their time is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/earlier.h"
#include "quota/store_memory.h"

#define SECOND   ((uint64_t)1000000)
#define NOW      ((uint64_t)1790000000 * SECOND)
#define COOLDOWN (300 * SECOND)

struct stand {
    struct sp_store_memory *memory;
    struct sp_quota_store store;
    struct sp_quota *quota;
    struct sp_earlier earlier;
    uint32_t tenant;
};

static void open_quota(struct stand *s)
{
    const struct sp_quota_limits limits = {.of = {[SP_LIMIT_RUNS] = 4}};
    assert_int_equal(sp_quota_open(&s->store, COOLDOWN, (struct sp_quota_time){0, NOW}, &s->quota),
                     SP_OK);
    assert_int_equal(sp_quota_put(s->quota, SP_LIMIT_OF_TENANT, SP_SLICE_LITERAL("acme"),
                                  SP_QUOTA_NODE_NONE, &limits, &s->tenant),
                     SP_OK);
}

/* A start after a crash in which two runs were in flight, and a place more was leased. */
static void open_stand(struct stand *s)
{
    struct sp_quota_refusal refusal;
    struct sp_quota_hold hold;
    *s = (struct stand){.quota = NULL};
    assert_int_equal(sp_store_memory_new(&s->memory, &s->store), SP_OK);
    open_quota(s);
    const struct sp_quota_ask ask = {.node = s->tenant, .is_run = true};
    assert_int_equal(sp_quota_reserve(s->quota, &ask, NOW, &hold, &refusal), SP_OK);
    assert_int_equal(sp_quota_reserve(s->quota, &ask, NOW, &hold, &refusal), SP_OK);
    assert_int_equal(sp_quota_flush(s->quota, NOW), SP_OK);
    sp_quota_free(s->quota);
    open_quota(s);
}

static void close_stand(struct stand *s)
{
    sp_earlier_done(&s->earlier);
    sp_quota_free(s->quota);
    sp_store_memory_free(s->memory);
}

static uint64_t runs(struct stand *s)
{
    struct sp_quota_usage usage;
    sp_quota_usage(s->quota, s->tenant, NOW, &usage);
    return usage.used[SP_LIMIT_RUNS];
}

static void tell(struct stand *s, sp_exchange exchange, const char *tenant, uint32_t left_ms)
{
    const struct sp_msg_still msg = {.exchange = exchange,
                                     .tenant = sp_slice_of(tenant),
                                     .principal = SP_SLICE_LITERAL("t1"),
                                     .left_ms = left_ms};
    sp_earlier_told(&s->earlier, s->quota, &msg, SECOND);
}

static void tell_last(struct stand *s, bool is_whole)
{
    const struct sp_msg_still msg = {.is_last = 1, .is_whole = is_whole};
    sp_earlier_told(&s->earlier, s->quota, &msg, SECOND);
}

static void test_until_all_is_told_the_leases_count(void **state)
{
    struct stand s;
    (void)state;
    open_stand(&s);
    assert_int_equal(runs(&s), 4);
    tell(&s, 7, "acme", 5000);
    assert_true(runs(&s) >= 4);
    tell_last(&s, true);
    assert_int_equal(runs(&s), 1);
    close_stand(&s);
}

static void test_one_that_ends_is_free_at_once_and_once(void **state)
{
    struct stand s;
    (void)state;
    open_stand(&s);
    tell(&s, 7, "acme", 5000);
    tell(&s, 8, "acme", 5000);
    tell_last(&s, true);
    sp_earlier_ended(&s.earlier, s.quota, 9);
    assert_int_equal(runs(&s), 2);
    sp_earlier_ended(&s.earlier, s.quota, 7);
    sp_earlier_ended(&s.earlier, s.quota, 7);
    assert_int_equal(runs(&s), 1);
    close_stand(&s);
}

static void test_one_whose_end_nobody_knows_counts_until_its_deadline(void **state)
{
    struct stand s;
    (void)state;
    open_stand(&s);
    tell(&s, 0, "acme", 5000);
    tell(&s, 0, "acme", 9000);
    tell_last(&s, true);
    sp_earlier_ended(&s.earlier, s.quota, 0);
    sp_earlier_tick(&s.earlier, s.quota, SECOND + 5 * SECOND - 1);
    assert_int_equal(runs(&s), 2);
    sp_earlier_tick(&s.earlier, s.quota, SECOND + 5 * SECOND);
    assert_int_equal(runs(&s), 1);
    sp_earlier_tick(&s.earlier, s.quota, SECOND + 9 * SECOND);
    assert_int_equal(runs(&s), 0);
    close_stand(&s);
}

static void test_a_list_that_is_not_whole_frees_nothing(void **state)
{
    struct stand s;
    (void)state;
    open_stand(&s);
    tell_last(&s, false);
    assert_int_equal(runs(&s), 4);
    close_stand(&s);
    open_stand(&s);
    tell(&s, 7, "nobody",
         5000); /* a tenant whom nobody knows: whose place that would be is not known either */
    tell_last(&s, true);
    assert_int_equal(runs(&s), 4);
    close_stand(&s);
}

static void test_an_audit_that_comes_again_tells_nothing_new(void **state)
{
    struct stand s;
    (void)state;
    open_stand(&s);
    tell_last(&s, true);
    tell(&s, 7, "acme", 5000);
    assert_int_equal(runs(&s), 0);
    close_stand(&s);
}

static void test_what_is_free_is_leased_so(void **state)
{
    struct stand s;
    (void)state;
    open_stand(&s);
    tell_last(&s, true);
    assert_int_equal(sp_quota_flush(s.quota, NOW), SP_OK);
    sp_quota_free(s.quota);
    open_quota(&s);
    assert_int_equal(runs(&s), 2); /* the lease ahead of need alone */
    close_stand(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_until_all_is_told_the_leases_count),
        cmocka_unit_test(test_one_that_ends_is_free_at_once_and_once),
        cmocka_unit_test(test_one_whose_end_nobody_knows_counts_until_its_deadline),
        cmocka_unit_test(test_a_list_that_is_not_whole_frees_nothing),
        cmocka_unit_test(test_an_audit_that_comes_again_tells_nothing_new),
        cmocka_unit_test(test_what_is_free_is_leased_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
