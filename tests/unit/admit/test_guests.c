#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/guests.h"

static void count_one(void *ctx, struct sp_guest *guest)
{
    size_t *count = ctx;
    (void)guest;
    (*count)++;
}

static void remove_one(void *ctx, struct sp_guest *guest)
{
    sp_guests_remove(ctx, guest);
}

static void test_generations_of_one_slot_stand_beside_each_other(void **state)
{
    (void)state;
    struct sp_guests *guests = NULL;
    struct sp_guest *old = NULL;
    struct sp_guest *new = NULL;
    assert_int_equal(sp_guests_new(&guests), SP_OK);
    assert_int_equal(sp_guests_add(guests, sp_exchange_make(7, 1), &old), SP_OK);
    assert_int_equal(sp_guests_add(guests, sp_exchange_make(7, 2), &new), SP_OK);
    assert_ptr_not_equal(old, new);
    assert_int_equal(sp_guests_add(guests, sp_exchange_make(7, 2), &new), SP_ERR_DUPLICATE);
    assert_int_equal(sp_guests_add(guests, sp_exchange_make(SP_EXCHANGE_SLOTS, 2), &new),
                     SP_ERR_INVALID);
    assert_ptr_equal(sp_guests_find(guests, sp_exchange_make(7, 1)), old);
    sp_guests_remove(guests, old);
    assert_null(sp_guests_find(guests, sp_exchange_make(7, 1)));
    assert_ptr_equal(sp_guests_find(guests, sp_exchange_make(7, 2)), new);
    assert_null(sp_guests_find(guests, sp_exchange_make(8, 2)));
    assert_null(sp_guests_find(guests, sp_exchange_make(65535, 2)));
    sp_guests_free(guests);
}

static void test_the_table_is_bounded_and_all_of_it_comes_back(void **state)
{
    (void)state;
    struct sp_guests *guests = NULL;
    assert_int_equal(sp_guests_new(&guests), SP_OK);
    for (unsigned round = 0; round < 2; round++) {
        size_t count = 0;
        struct sp_guest *guest = NULL;
        for (size_t i = 0; i < SP_GUESTS_MAX; i++) {
            assert_int_equal(
                sp_guests_add(guests,
                              sp_exchange_make(i % SP_EXCHANGE_SLOTS, 1 + i / SP_EXCHANGE_SLOTS),
                              &guest),
                SP_OK);
        }
        assert_int_equal(sp_guests_add(guests, sp_exchange_make(0, 99), &guest), SP_ERR_FULL);
        sp_guests_each(guests, count_one, &count);
        assert_int_equal(count, SP_GUESTS_MAX);
        sp_guests_each(guests, remove_one, guests);
        count = 0;
        sp_guests_each(guests, count_one, &count);
        assert_int_equal(count, 0);
    }
    sp_guests_free(guests);
}

static void test_texts_are_copied_and_cut(void **state)
{
    (void)state;
    struct sp_guest_text text;
    char loan[SP_MSG_SESSION_MAX + 1] = "acme";
    sp_guest_text_set(&text, sp_slice_make(loan, 4));
    loan[0] = 'x';
    assert_true(sp_slice_is(sp_guest_text_get(&text), "acme"));
    sp_guest_text_set(&text, sp_slice_make(loan, sizeof(loan)));
    assert_int_equal(sp_guest_text_get(&text).len, SP_MSG_SESSION_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generations_of_one_slot_stand_beside_each_other),
        cmocka_unit_test(test_the_table_is_bounded_and_all_of_it_comes_back),
        cmocka_unit_test(test_texts_are_copied_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
