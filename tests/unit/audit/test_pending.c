#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/pending.h"

#define X (UINT64_C(1) << 48)

static void test_rows_are_found_by_their_whole_number(void **state)
{
    struct sp_pending_table *table = NULL;
    struct sp_pending *a = NULL;
    struct sp_pending *b = NULL;
    (void)state;
    assert_int_equal(sp_pending_new(&table), SP_OK);
    assert_int_equal(sp_pending_add(table, X | 1, &a), SP_OK);
    assert_int_equal(sp_pending_add(table, 2 * X | 1, &b), SP_OK);
    assert_ptr_equal(sp_pending_find(table, X | 1), a);
    assert_ptr_equal(sp_pending_find(table, 2 * X | 1), b);
    assert_null(sp_pending_find(table, 3 * X | 1));
    assert_null(sp_pending_find(table, X | SP_EXCHANGE_SLOTS));
    sp_pending_drop(table, a);
    assert_null(sp_pending_find(table, X | 1));
    assert_ptr_equal(sp_pending_find(table, 2 * X | 1), b);
    sp_pending_free(table);
}

static void test_their_number_is_bounded(void **state)
{
    struct sp_pending_table *table = NULL;
    struct sp_pending *row = NULL;
    (void)state;
    assert_int_equal(sp_pending_new(&table), SP_OK);
    for (uint64_t i = 0; i < SP_PENDING_MAX; i++) {
        uint64_t front = i / SP_EXCHANGE_SLOTS + 1;
        assert_int_equal(sp_pending_add(table, front * X | i % SP_EXCHANGE_SLOTS, &row), SP_OK);
    }
    assert_int_equal(sp_pending_add(table, 9 * X, &row), SP_ERR_FULL);
    assert_int_equal(sp_pending_add(table, X | SP_EXCHANGE_SLOTS, &row), SP_ERR_WIRE);
    sp_pending_free(table);
}

static void test_what_is_kept_outlives_its_message(void **state)
{
    struct sp_pending_table *table = NULL;
    struct sp_pending *row = NULL;
    char detail[] = "why not";
    char order[] = "the order";
    struct sp_msg_verdict verdict = {.detail = sp_slice_of(detail),
                                     .order = {.bytes = sp_slice_of(order), .fd = -1}};
    (void)state;
    assert_int_equal(sp_pending_new(&table), SP_OK);
    assert_int_equal(sp_pending_add(table, X, &row), SP_OK);
    assert_int_equal(sp_pending_keep_verdict(row, &verdict), SP_OK);
    detail[0] = 'X';
    order[0] = 'X';
    assert_true(sp_slice_is(row->verdict.detail, "why not"));
    assert_true(sp_slice_is(row->verdict.order.bytes, "the order"));
    assert_int_equal(row->verdict.findings.len, 0);
    sp_pending_free(table);
}

static void test_one_late_message_is_forgiven_for_what_was_given_up(void **state)
{
    struct sp_pending_table *table = NULL;
    (void)state;
    assert_int_equal(sp_pending_new(&table), SP_OK);
    sp_pending_give_up(table, X | 1);
    assert_false(sp_pending_was_given_up(table, X | 2));
    assert_false(sp_pending_was_given_up(table, 0));
    assert_true(sp_pending_was_given_up(table, X | 1));
    assert_false(sp_pending_was_given_up(table, X | 1));
    /* Only the latest are remembered: then a late message closes the wire, which is safe. */
    sp_pending_give_up(table, X | 1);
    for (uint64_t i = 0; i < SP_PENDING_LATE; i++) {
        sp_pending_give_up(table, 2 * X | i);
    }
    assert_false(sp_pending_was_given_up(table, X | 1));
    sp_pending_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_found_by_their_whole_number),
        cmocka_unit_test(test_their_number_is_bounded),
        cmocka_unit_test(test_what_is_kept_outlives_its_message),
        cmocka_unit_test(test_one_late_message_is_forgiven_for_what_was_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
