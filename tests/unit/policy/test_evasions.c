#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/judge.h"

#define FILE_BYTES_MAX ((size_t)64 * 1024)

/* Every piece of evasions.txt (they stand between lines of ---) must be denied, and not merely because it cannot be
   read. */
static void test_evasions_are_denied_by_the_default_policy(void **state)
{
    static char text[FILE_BYTES_MAX];
    static struct sp_judgement judgement;
    struct sp_table table;
    struct sp_policy policy;
    struct sp_where where = {0};
    SP_AUTO_JUDGE struct sp_judge *judge = NULL;
    unsigned count = 0;
    unsigned passed = 0;
    (void)state;
    FILE *file = fopen(SP_SOURCE_DIR "/tests/unit/policy/evasions.txt", "rbe");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    assert_int_equal(sp_table_builtin(&table, &where), SP_OK);
    assert_int_equal(sp_policy_open(SP_SLICE_LITERAL("data-science"), &policy, &where), SP_OK);
    assert_int_equal(sp_judge_new(&table, FILE_BYTES_MAX, &judge), SP_OK);
    for (char *at = text; at < text + len;) {
        char *mark = strstr(at, "\n---\n");
        char *stop = mark == NULL ? text + len : mark;
        sp_judge_run(judge, &policy, sp_slice_make(at, (size_t)(stop - at)), &judgement);
        bool is_read = judgement.count > 0 && strcmp(judgement.findings[0].rule, "syntax") != 0;
        if (judgement.verdict != SP_VERDICT_DENY || !is_read) {
            print_error("passed: %.*s\n", (int)(stop - at), at);
            passed++;
        }
        count++;
        at = mark == NULL ? text + len : mark + 5;
    }
    sp_policy_done(&policy);
    sp_table_done(&table);
    assert_true(count > 150);
    assert_int_equal(passed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evasions_are_denied_by_the_default_policy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
