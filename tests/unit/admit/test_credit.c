#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/credit.h"

static void test_a_tenant_has_a_quarter_and_all_have_the_whole(void **state)
{
    (void)state;
    struct sp_credit *credit = NULL;
    assert_int_equal(sp_credit_new(9, 400, 50, &credit), SP_OK);
    assert_int_equal(sp_credit_take(credit, 0, 100), SP_OK);
    assert_int_equal(sp_credit_take(credit, 0, 1), SP_ERR_BUSY);
    for (size_t tenant = 1; tenant < 4; tenant++) {
        assert_int_equal(sp_credit_take(credit, tenant, 100), SP_OK);
    }
    assert_int_equal(sp_credit_take(credit, 4, 1), SP_ERR_UNAVAILABLE);
    assert_int_equal(sp_credit_take(credit, 4, 0), SP_OK);
    assert_int_equal(sp_credit_used(credit), 400);
    sp_credit_give(credit, 2, 40);
    assert_int_equal(sp_credit_take(credit, 4, 40), SP_OK);
    assert_int_equal(sp_credit_take(credit, 4, UINT64_MAX), SP_ERR_BUSY);
    sp_credit_free(credit);
}

static void test_one_largest_body_always_fits(void **state)
{
    (void)state;
    struct sp_credit *credit = NULL;
    assert_int_equal(sp_credit_new(1, 10, 1000, &credit), SP_OK);
    assert_int_equal(sp_credit_take(credit, 0, 1000), SP_OK);
    assert_int_equal(sp_credit_take(credit, 0, 1), SP_ERR_BUSY);
    sp_credit_give(credit, 0, 1000);
    assert_int_equal(sp_credit_used(credit), 0);
    sp_credit_free(credit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tenant_has_a_quarter_and_all_have_the_whole),
        cmocka_unit_test(test_one_largest_body_always_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
