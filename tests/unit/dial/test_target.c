/* target: only what was configured can be named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dial/target.h"

static void test_target_is_found_by_its_number_only(void **state)
{
    (void)state;
    struct sp_dial_targets targets = {0};
    const struct sp_dial_target *found = NULL;
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_of("pool.example"), 443), SP_OK);
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_of("/run/pool.sock"), 0), SP_OK);
    assert_int_equal(sp_dial_targets_get(&targets, 1, &found), SP_OK);
    assert_string_equal(found->host, "/run/pool.sock");
    found = NULL;
    assert_int_equal(sp_dial_targets_get(&targets, 2, &found), SP_ERR_RANGE);
    assert_null(found);
    sp_dial_targets_done(&targets);
    assert_int_equal(targets.count, 0);
}

static void test_target_refuses_names_that_cannot_be_one(void **state)
{
    (void)state;
    struct sp_dial_targets targets = {0};
    char overlong[300];
    for (size_t i = 0; i < sizeof(overlong); i++) {
        overlong[i] = 'a';
    }
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_of(""), 443), SP_ERR_INVALID);
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_make("a\0b", 3), 443), SP_ERR_INVALID);
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_make(overlong, 254), 443),
                     SP_ERR_INVALID);
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_make(overlong, 253), 443), SP_OK);
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_make(overlong, 108), 0),
                     SP_ERR_INVALID);
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_make(overlong, 107), 0), SP_OK);
    while (targets.count < SP_DIAL_TARGETS_MAX) {
        assert_int_equal(sp_dial_targets_add(&targets, sp_slice_of("a"), 1), SP_OK);
    }
    assert_int_equal(sp_dial_targets_add(&targets, sp_slice_of("a"), 1), SP_ERR_FULL);
    sp_dial_targets_done(&targets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_is_found_by_its_number_only),
        cmocka_unit_test(test_target_refuses_names_that_cannot_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
