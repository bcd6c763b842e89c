#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/open.h"

#define X (UINT64_C(1) << 48)

static void test_what_was_put_in_is_taken_out_once(void **state)
{
    struct sp_open_set *set = NULL;
    uint64_t index = 0;
    (void)state;
    assert_int_equal(sp_open_set_new(&set), SP_OK);
    assert_int_equal(sp_open_set_add(set, X | 1, 10), SP_OK);
    assert_int_equal(sp_open_set_add(set, 2 * X | 1, 11), SP_OK); /* the same slot */
    assert_int_equal(sp_open_set_add(set, X | 1, 12), SP_ERR_DUPLICATE);
    assert_int_equal(sp_open_set_count(set), 2);
    assert_int_equal(sp_open_set_take(set, X | 1, &index), SP_OK);
    assert_int_equal(index, 10);
    assert_int_equal(sp_open_set_take(set, X | 1, &index), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_open_set_take(set, X | 2, &index), SP_ERR_NOT_FOUND);
    sp_open_set_free(set);
}

static void test_the_first_is_the_one_with_the_lowest_index(void **state)
{
    struct sp_open_set *set = NULL;
    uint64_t index = 0;
    sp_exchange exchange = 0;
    (void)state;
    assert_int_equal(sp_open_set_new(&set), SP_OK);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(sp_open_set_add(set, X + i * 7, (i * 37) % 100), SP_OK);
    }
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(sp_open_set_take_first(set, &exchange, &index), SP_OK);
        assert_int_equal(index, i);
    }
    assert_int_equal(sp_open_set_take_first(set, &exchange, &index), SP_ERR_NOT_FOUND);
    sp_open_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_put_in_is_taken_out_once),
        cmocka_unit_test(test_the_first_is_the_one_with_the_lowest_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
