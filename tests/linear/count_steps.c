/*
 * count_steps - how many steps it takes to find the facts of each file, or to judge it under data-science: the basic blocks
 * of the reader and of the judge that are run, which the compiler has made to count themselves. Unlike time they are the
 * same on every machine.
 *
 *     count_steps facts|judge FILE...       prints the steps and the file, a line each
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "policy/judge.h"
#include "python/facts.h"

#define FILE_BYTES_MAX ((size_t)256 * 1024)

static uint64_t steps;

/* The compiler calls it at the beginning of each basic block. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    steps++;
}

static size_t load(const char *path, uint8_t bytes[FILE_BYTES_MAX])
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        (void)fprintf(stderr, "count_steps: cannot open %s\n", path);
        return 0;
    }
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    return len;
}

static void count_facts(struct sp_facts *facts, struct sp_slice code, const char *path)
{
    steps = 0;
    enum sp_err err = sp_facts_scan(facts, code, SP_PYTHON_312, SP_PYTHON_CELL);
    (void)printf("%llu %s %s\n", (unsigned long long)steps, sp_err_text(err), path);
}

static void count_judgement(struct sp_judge *judge, const struct sp_policy *policy,
                            struct sp_slice code, const char *path)
{
    static struct sp_judgement judgement;
    steps = 0;
    sp_judge_run(judge, policy, code, &judgement);
    (void)printf("%llu %s %s\n", (unsigned long long)steps,
                 judgement.verdict == SP_VERDICT_ALLOW ? "allowed" : "denied", path);
}

int main(int argc, char **argv)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    static struct sp_policy policy;
    SP_AUTO_FACTS struct sp_facts *facts = NULL;
    struct sp_judge *judge = NULL;
    struct sp_table table;
    struct sp_where where = {.text = {0}};
    const bool is_judge = argc > 1 && strcmp(argv[1], "judge") == 0;
    if (sp_facts_new(FILE_BYTES_MAX, &facts) != SP_OK ||
        sp_table_builtin(&table, &where) != SP_OK ||
        sp_policy_open(SP_SLICE_LITERAL("data-science"), &policy, &where) != SP_OK ||
        sp_judge_new(&table, FILE_BYTES_MAX, &judge) != SP_OK) {
        (void)fprintf(stderr, "count_steps: %s\n", where.text);
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        const struct sp_slice code = sp_slice_make(bytes, load(argv[i], bytes));
        if (is_judge) {
            count_judgement(judge, &policy, code, argv[i]);
        } else {
            count_facts(facts, code, argv[i]);
        }
    }
    sp_judge_free(judge);
    sp_policy_done(&policy);
    sp_table_done(&table);
    return 0;
}
