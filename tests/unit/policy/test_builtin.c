#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy/judge.h"

/* Runs every test of every built-in policy and prints each that fails, so that one run shows them all. */
static void test_builtin_policies_pass_their_own_tests(void **state)
{
    struct sp_table table;
    struct sp_where where = {0};
    SP_AUTO_JUDGE struct sp_judge *judge = NULL;
    unsigned failed = 0;
    (void)state;
    assert_int_equal(sp_table_builtin(&table, &where), SP_OK);
    assert_int_equal(sp_judge_new(&table, 1024 * 1024, &judge), SP_OK);
    for (size_t i = 0; sp_policy_builtin(i) != NULL; i++) {
        struct sp_policy policy;
        enum sp_err err = sp_policy_open(sp_slice_of(sp_policy_builtin(i)), &policy, &where);
        if (err != SP_OK) {
            print_error("%s:%u:%u: %s\n", sp_policy_builtin(i), where.line, where.column,
                        where.text);
        }
        assert_int_equal(err, SP_OK);
        assert_true(policy.test_count > 1);
        struct sp_policy one = policy;
        for (size_t t = 0; t < policy.test_count; t++) {
            one.tests = &policy.tests[t];
            one.test_count = 1;
            if (sp_judge_test(judge, &one, &where) != SP_OK) {
                print_error("%s:%u: %s\n%s\n", sp_policy_builtin(i), where.line, where.text,
                            policy.tests[t].code);
                failed++;
            }
        }
        sp_policy_done(&policy);
    }
    sp_table_done(&table);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builtin_policies_pass_their_own_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
