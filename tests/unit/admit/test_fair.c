#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/fair.h"

static struct sp_fair *make(size_t tenants, size_t all_max, size_t line_max)
{
    struct sp_fair *fair = NULL;
    assert_int_equal(sp_fair_new(tenants, all_max, line_max, &fair), SP_OK);
    return fair;
}

static void test_a_flood_delays_another_tenant_by_a_turn_only(void **state)
{
    (void)state;
    static struct sp_fair_item flood[1000];
    struct sp_fair_item one = {.bytes = 300};
    struct sp_fair *fair = make(2, 2000, 2000);
    for (size_t i = 0; i < SP_COUNT(flood); i++) {
        flood[i].bytes = 4096;
        assert_int_equal(sp_fair_push(fair, 0, &flood[i]), SP_OK);
    }
    assert_int_equal(sp_fair_push(fair, 1, &one), SP_OK);
    size_t before = 0;
    while (sp_fair_pop(fair) != &one) {
        before++;
    }
    assert_true(before <= 13); /* one turn's worth of bytes */
    assert_int_equal(sp_fair_waiting(fair), SP_COUNT(flood) - before);
    sp_fair_free(fair);
}

static void test_bytes_decide_and_not_counts(void **state)
{
    (void)state;
    static struct sp_fair_item large[64];
    static struct sp_fair_item small[4096];
    size_t large_served = 0;
    size_t small_served = 0;
    struct sp_fair *fair = make(2, 8192, 8192);
    for (size_t i = 0; i < SP_COUNT(large); i++) {
        large[i].bytes = 63 * 1024;
        assert_int_equal(sp_fair_push(fair, 0, &large[i]), SP_OK);
    }
    for (size_t i = 0; i < SP_COUNT(small); i++) {
        small[i].bytes = 0;
        assert_int_equal(sp_fair_push(fair, 1, &small[i]), SP_OK);
    }
    for (unsigned i = 0; i < 650; i++) {
        const struct sp_fair_item *item = sp_fair_pop(fair);
        large_served += item >= large && item < large + SP_COUNT(large) ? 1 : 0;
        small_served += item >= small && item < small + SP_COUNT(small) ? 1 : 0;
    }
    assert_int_equal(large_served + small_served, 650);
    assert_in_range(large_served, 9, 11); /* 64 KiB each against 64 times 1 KiB */
    sp_fair_free(fair);
}

static void test_order_within_a_tenant_is_kept(void **state)
{
    (void)state;
    static struct sp_fair_item items[50];
    struct sp_fair *fair = make(1, 50, 50);
    for (size_t i = 0; i < SP_COUNT(items); i++) {
        items[i].bytes = i * 3000;
        assert_int_equal(sp_fair_push(fair, 0, &items[i]), SP_OK);
    }
    for (size_t i = 0; i < SP_COUNT(items); i++) {
        assert_ptr_equal(sp_fair_pop(fair), &items[i]);
    }
    assert_null(sp_fair_pop(fair));
    sp_fair_free(fair);
}

static void test_both_bounds_refuse_and_name_themselves(void **state)
{
    (void)state;
    struct sp_fair_item items[4] = {{.bytes = 1}, {.bytes = 1}, {.bytes = 1}, {.bytes = 1}};
    struct sp_fair *fair = make(2, 3, 2);
    assert_int_equal(sp_fair_push(fair, 0, &items[0]), SP_OK);
    assert_int_equal(sp_fair_push(fair, 0, &items[1]), SP_OK);
    assert_int_equal(sp_fair_push(fair, 0, &items[2]), SP_ERR_BUSY);
    assert_int_equal(sp_fair_push(fair, 1, &items[2]), SP_OK);
    assert_int_equal(sp_fair_push(fair, 1, &items[3]), SP_ERR_FULL);
    sp_fair_free(fair);
}

static void test_removing_works_at_every_place(void **state)
{
    (void)state;
    for (size_t gone = 0; gone < 3; gone++) {
        struct sp_fair_item items[3] = {{.bytes = 1}, {.bytes = 1}, {.bytes = 1}};
        struct sp_fair_item late = {.bytes = 1};
        struct sp_fair *fair = make(1, 9, 9);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(sp_fair_push(fair, 0, &items[i]), SP_OK);
        }
        assert_true(sp_fair_remove(fair, 0, &items[gone]));
        assert_false(sp_fair_remove(fair, 0, &items[gone]));
        assert_int_equal(sp_fair_push(fair, 0, &late), SP_OK);
        for (size_t i = 0; i < 3; i++) {
            if (i != gone) {
                assert_ptr_equal(sp_fair_pop(fair), &items[i]);
            }
        }
        assert_ptr_equal(sp_fair_pop(fair), &late);
        assert_null(sp_fair_pop(fair));
        sp_fair_free(fair);
    }
}

static void test_a_line_emptied_by_removal_serves_again(void **state)
{
    (void)state;
    struct sp_fair_item item = {.bytes = 5};
    struct sp_fair *fair = make(2, 9, 9);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sp_fair_push(fair, 1, &item), SP_OK);
        assert_true(sp_fair_remove(fair, 1, &item));
    }
    assert_int_equal(sp_fair_waiting(fair), 0);
    assert_int_equal(sp_fair_push(fair, 1, &item), SP_OK);
    assert_ptr_equal(sp_fair_pop(fair), &item);
    assert_null(sp_fair_pop(fair));
    sp_fair_free(fair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flood_delays_another_tenant_by_a_turn_only),
        cmocka_unit_test(test_bytes_decide_and_not_counts),
        cmocka_unit_test(test_order_within_a_tenant_is_kept),
        cmocka_unit_test(test_both_bounds_refuse_and_name_themselves),
        cmocka_unit_test(test_removing_works_at_every_place),
        cmocka_unit_test(test_a_line_emptied_by_removal_serves_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
