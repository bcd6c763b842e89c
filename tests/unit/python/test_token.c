#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "python/token.h"

static void test_token_faults_have_text_and_error(void **state)
{
    (void)state;
    for (unsigned i = 1; i < SP_PYTHON_FAULT_COUNT; i++) {
        assert_true(sp_python_fault_text((enum sp_python_fault)i)[0] != '\0');
        assert_int_not_equal(sp_python_fault_err((enum sp_python_fault)i), SP_OK);
    }
    assert_int_equal(sp_python_fault_err(SP_PYTHON_NUL), SP_ERR_NUL);
}

static void test_token_refuses_unknown_faults(void **state)
{
    (void)state;
    assert_int_equal(sp_python_fault_err((enum sp_python_fault)SP_PYTHON_FAULT_COUNT),
                     SP_ERR_INVALID);
    assert_string_equal(sp_python_fault_text((enum sp_python_fault)SP_PYTHON_FAULT_COUNT),
                        "unknown fault");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_faults_have_text_and_error),
        cmocka_unit_test(test_token_refuses_unknown_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
