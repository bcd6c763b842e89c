#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/judge.h"

#define FILE_BYTES_MAX ((size_t)256 * 1024)

static struct sp_table table;
static struct sp_policy policy;
static struct sp_judge *judge;

static int start(void **state)
{
    struct sp_where where = {0};
    (void)state;
    assert_int_equal(sp_table_builtin(&table, &where), SP_OK);
    assert_int_equal(sp_policy_open(SP_SLICE_LITERAL("data-science"), &policy, &where), SP_OK);
    assert_int_equal(sp_judge_new(&table, FILE_BYTES_MAX, &judge), SP_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_judge_free(judge);
    sp_policy_done(&policy);
    sp_table_done(&table);
    return 0;
}

/* Judges the pieces of a file, which stand between lines of ---. How many there are; each wrong one is printed. */
static unsigned judge_pieces(const char *path, enum sp_verdict want, unsigned *out_wrong)
{
    static char text[FILE_BYTES_MAX];
    static struct sp_judgement judgement;
    unsigned count = 0;
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    assert_true(len < sizeof(text) - 1);
    text[len] = '\0';
    *out_wrong = 0;
    for (char *at = text; at < text + len; count++) {
        char *mark = strstr(at, "\n---\n");
        char *stop = mark == NULL ? text + len : mark;
        sp_judge_run(judge, &policy, sp_slice_make(at, (size_t)(stop - at)), &judgement);
        /* A denial that is only about syntax says nothing about the rules. */
        bool is_read = judgement.count == 0 || strcmp(judgement.findings[0].rule, "syntax") != 0;
        if (judgement.verdict != want || !is_read) {
            print_error(
                "%s: %.*s\n%s\n", judgement.verdict == SP_VERDICT_ALLOW ? "passed" : "denied",
                (int)(stop - at), at, judgement.count > 0 ? judgement.findings[0].message : "");
            (*out_wrong)++;
        }
        at = mark == NULL ? text + len : mark + 5;
    }
    return count;
}

/* Ways around a policy, by what they rely on. */
static const struct {
    const char *path;
    unsigned least;
} evasions[] = {
    {(SP_SOURCE_DIR "/tests/unit/policy/evasions.txt"), 700}, /* names, texts, frames, dunders */
    {(SP_SOURCE_DIR "/tests/unit/policy/evasions_libraries.txt"),
     90}, /* what libraries run for others */
    {(SP_SOURCE_DIR "/tests/unit/policy/evasions_values.txt"),
     10}, /* modules as values, in patterns */
    {(SP_SOURCE_DIR "/tests/unit/policy/evasions_positions.txt"), 15}, /* where a name can stand */
    {(SP_SOURCE_DIR "/tests/unit/policy/evasions_names.txt"),
     80}, /* names that hold more than a constant */
    {(SP_SOURCE_DIR "/tests/unit/policy/evasions_objects.txt"),
     90}, /* objects that lead to modules and classes */
    {(SP_SOURCE_DIR "/tests/unit/policy/evasions_ipython.txt"),
     30},                                                          /* magics, prefixes, the shell */
    {(SP_SOURCE_DIR "/tests/unit/policy/evasions_more.txt"), 400}, /* of all kinds */
};

static void test_evasions_are_denied_by_the_default_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(evasions) / sizeof(evasions[0]); i++) {
        unsigned wrong = 0;
        assert_true(judge_pieces(evasions[i].path, SP_VERDICT_DENY, &wrong) > evasions[i].least);
        assert_int_equal(wrong, 0);
    }
}

static void test_everyday_work_passes_the_default_policy(void **state)
{
    unsigned wrong = 0;
    (void)state;
    assert_true(judge_pieces(SP_SOURCE_DIR "/tests/unit/policy/everyday.txt", SP_VERDICT_ALLOW,
                             &wrong) > 80);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evasions_are_denied_by_the_default_policy),
        cmocka_unit_test(test_everyday_work_passes_the_default_policy),
    };
    return cmocka_run_group_tests(tests, start, end);
}
