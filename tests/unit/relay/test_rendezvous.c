/* rendezvous: how sessions spread over pools, and what moves when pools come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rendezvous.h"

#define SESSIONS 20000U
#define POOLS    4U

static struct sp_rendezvous pools[POOLS];
static uint64_t sessions[SESSIONS];

static uint64_t key_of(const char *kind, unsigned number)
{
    char text[16] = {kind[0]};
    uint64_t key = 0;
    for (unsigned i = 1; i < 9; i++, number /= 10) {
        text[i] = (char)('0' + number % 10);
    }
    assert_int_equal(sp_rendezvous_key(sp_slice_of(text), &key), SP_OK);
    return key;
}

static int set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SESSIONS; i++) {
        sessions[i] = key_of("s", i);
    }
    for (unsigned i = 0; i < POOLS; i++) {
        pools[i] = (struct sp_rendezvous){key_of("p", i), 1};
    }
    return 0;
}

static uint8_t first_of(const struct sp_rendezvous *of, size_t count, uint64_t session)
{
    uint8_t order[POOLS];
    sp_rendezvous_order(of, count, session, order);
    return order[0];
}

static void test_equal_weights_share_equally(void **state)
{
    unsigned got[POOLS] = {0};
    (void)state;
    for (unsigned i = 0; i < SESSIONS; i++) {
        got[first_of(pools, POOLS, sessions[i])]++;
    }
    for (unsigned i = 0; i < POOLS; i++) {
        assert_in_range(got[i], SESSIONS / POOLS * 95 / 100, SESSIONS / POOLS * 105 / 100);
    }
}

static void test_weights_are_shares(void **state)
{
    const struct sp_rendezvous of[] = {{pools[0].key, 1}, {pools[1].key, 3}, {pools[2].key, 6}};
    unsigned got[3] = {0};
    (void)state;
    for (unsigned i = 0; i < SESSIONS; i++) {
        got[first_of(of, 3, sessions[i])]++;
    }
    assert_in_range(got[0], SESSIONS * 9 / 100, SESSIONS * 11 / 100);
    assert_in_range(got[1], SESSIONS * 28 / 100, SESSIONS * 32 / 100);
    assert_in_range(got[2], SESSIONS * 58 / 100, SESSIONS * 62 / 100);
}

static void test_a_pool_that_leaves_moves_only_its_own_sessions(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SESSIONS; i++) {
        uint8_t before = first_of(pools, POOLS, sessions[i]);
        uint8_t after = first_of(pools, POOLS - 1, sessions[i]);
        assert_true(before == after || before == POOLS - 1);
    }
}

static void test_a_heavier_pool_only_gains(void **state)
{
    struct sp_rendezvous of[POOLS];
    unsigned moved = 0;
    (void)state;
    for (unsigned i = 0; i < POOLS; i++) {
        of[i] = pools[i];
    }
    of[1].weight = 2;
    for (unsigned i = 0; i < SESSIONS; i++) {
        uint8_t before = first_of(pools, POOLS, sessions[i]);
        uint8_t after = first_of(of, POOLS, sessions[i]);
        assert_true(before == after || after == 1);
        moved += before != after ? 1 : 0;
    }
    assert_in_range(moved, SESSIONS * 13 / 100, SESSIONS * 17 / 100); /* from 1 in 4 to 2 in 5 */
}

static void test_order_does_not_hang_on_the_order_of_the_list(void **state)
{
    const struct sp_rendezvous turned[] = {pools[3], pools[2], pools[1], pools[0]};
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t a[POOLS];
        uint8_t b[POOLS];
        sp_rendezvous_order(pools, POOLS, sessions[i], a);
        sp_rendezvous_order(turned, POOLS, sessions[i], b);
        for (unsigned k = 0; k < POOLS; k++) {
            assert_int_equal(a[k], POOLS - 1 - b[k]);
        }
    }
}

static void test_the_second_best_is_the_best_without_the_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct sp_rendezvous left[POOLS];
        uint8_t order[POOLS];
        size_t count = 0;
        sp_rendezvous_order(pools, POOLS, sessions[i], order);
        for (uint8_t k = 0; k < POOLS; k++) {
            left[count] = pools[k];
            count += k != order[0] ? 1 : 0;
        }
        assert_true(left[first_of(left, count, sessions[i])].key == pools[order[1]].key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_weights_share_equally),
        cmocka_unit_test(test_weights_are_shares),
        cmocka_unit_test(test_a_pool_that_leaves_moves_only_its_own_sessions),
        cmocka_unit_test(test_a_heavier_pool_only_gains),
        cmocka_unit_test(test_order_does_not_hang_on_the_order_of_the_list),
        cmocka_unit_test(test_the_second_best_is_the_best_without_the_first),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
