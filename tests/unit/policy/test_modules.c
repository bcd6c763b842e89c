#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/modules.h"

static void test_each_module_stands_once(void **state)
{
    SP_AUTO_FACTS struct sp_facts *facts = NULL;
    SP_AUTO_BUF struct sp_buf out;
    uint32_t count = 0;
    (void)state;
    sp_buf_init(&out, 64);
    assert_int_equal(sp_facts_new(4096, &facts), SP_OK);
    assert_int_equal(
        sp_facts_scan(facts, SP_SLICE_LITERAL("import os\nimport os as o\nfrom a.b import c\n"),
                      SP_PYTHON_311, SP_PYTHON_TEXT),
        SP_OK);
    sp_modules_add(facts, &out, &count);
    assert_int_equal(count, 2);
    assert_true(sp_slice_equal(sp_buf_slice(&out), SP_SLICE_LITERAL("\0\0\0\2os\0\0\0\3a.b")));
    /* Of a second piece of code only what is new. */
    sp_modules_add(facts, &out, &count);
    assert_int_equal(count, 2);
}

static void test_what_does_not_fit_is_counted(void **state)
{
    SP_AUTO_FACTS struct sp_facts *facts = NULL;
    SP_AUTO_BUF struct sp_buf out;
    uint32_t count = 0;
    (void)state;
    sp_buf_init(&out, 8);
    assert_int_equal(sp_facts_new(4096, &facts), SP_OK);
    assert_int_equal(
        sp_facts_scan(facts, SP_SLICE_LITERAL("import os, sys\n"), SP_PYTHON_311, SP_PYTHON_TEXT),
        SP_OK);
    sp_modules_add(facts, &out, &count);
    assert_int_equal(count, 2);
    assert_int_equal(out.len, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_module_stands_once),
        cmocka_unit_test(test_what_does_not_fit_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
