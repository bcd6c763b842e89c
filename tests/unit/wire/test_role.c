#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/role.h"

static void test_every_role_has_a_name_and_is_found_by_it(void **state)
{
    (void)state;
    for (unsigned number = 0; number < SP_ROLE_COUNT; number++) {
        enum sp_role by_number = SP_ROLE_COUNT;
        enum sp_role by_name = SP_ROLE_COUNT;
        assert_int_equal(sp_role_from_number(number, &by_number), SP_OK);
        assert_int_equal(by_number, number);
        assert_int_equal(sp_role_from_name(sp_slice_of(sp_role_name(by_number)), &by_name), SP_OK);
        assert_int_equal(by_name, number);
    }
}

static void test_what_is_no_role_is_refused(void **state)
{
    enum sp_role role = SP_ROLE_AUDIT;
    (void)state;
    assert_int_equal(sp_role_from_number(SP_ROLE_COUNT, &role), SP_ERR_INVALID);
    assert_int_equal(sp_role_from_name(sp_slice_of("Door"), &role), SP_ERR_INVALID);
    assert_int_equal(sp_role_from_name(sp_slice_of("doo"), &role), SP_ERR_INVALID);
    assert_int_equal(sp_role_from_name(sp_slice_of(""), &role), SP_ERR_INVALID);
    assert_int_equal(role, SP_ROLE_AUDIT);
    assert_string_equal(sp_role_name(SP_ROLE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_role_has_a_name_and_is_found_by_it),
        cmocka_unit_test(test_what_is_no_role_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
