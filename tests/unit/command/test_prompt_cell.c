#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "command/prompt_cell.h"

static void test_a_cell_is_whole_when_python_would_run_it(void **state)
{
    (void)state;
    const struct {
        const char *text;
        bool is_whole;
    } cases[] = {
        {"1 + 1\n", true},
        {"\n", true},
        {"print(\n", false},
        {"print(\n1)\n", true},
        {"x = '''a\n", false},
        {"x = '''a\nb'''\n", true},
        {"x = 1 + \\\n", false},
        {"x = 1 + \\\n2\n", true},
        {"if x:\n", false},
        {"if x:\n    y\n", false},
        {"if x:\n    y\n\n", true},
        {"if x: y\n", true},
        {"def f(a: int,\n", false},
        {"for i in x:\n    if i:\n        print(i)\n", false},
        {"for i in x:\n    if i:\n        print(i)\n    \n", true},
        {"@decorated\n", false},
        {"@decorated\ndef f():\n    pass\n\n", true},
        {"d = {'a': 1}\n", true},
        {"x[1:]\n", true},
        {"lambda: 0\n", true},
        {"%time x\n", true},
        {"!ls\n", true},
        {"print)\n", true}, /* no line could mend it: the session says so */
        {"x = 'open\n", true},
        {"  y = 1\n", true},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        if (sp_prompt_is_whole(sp_slice_of(cases[i].text)) != cases[i].is_whole) {
            fail_msg("case %zu: %s", i, cases[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cell_is_whole_when_python_would_run_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
