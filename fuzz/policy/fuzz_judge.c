/* fuzz_judge - sp_judge_run: never allows with a denying finding, never denies without one, never leaves its bounds. */
#include "base/assert.h"
#include "policy/judge.h"

#define CODE_BYTES_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void start(struct sp_table *table, struct sp_policy *policy, struct sp_judge **judge)
{
    struct sp_where where = {0};
    SP_ASSERT(sp_table_builtin(table, &where) == SP_OK);
    SP_ASSERT(sp_policy_open(SP_SLICE_LITERAL("data-science"), policy, &where) == SP_OK);
    SP_ASSERT(sp_judge_new(table, CODE_BYTES_MAX, judge) == SP_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_table table;
    static struct sp_policy policy;
    static struct sp_judge *judge;
    static struct sp_judgement judgement;
    if (judge == NULL) {
        start(&table, &policy, &judge);
    }
    sp_judge_run(judge, &policy, sp_slice_make(data, size), &judgement);
    bool has_deny = false;
    SP_ASSERT(judgement.count <= SP_FINDINGS_MAX && judgement.count <= judgement.total);
    for (unsigned i = 0; i < judgement.count; i++) {
        has_deny = has_deny || judgement.findings[i].action == SP_ACTION_DENY;
    }
    SP_ASSERT(has_deny == (judgement.verdict == SP_VERDICT_DENY));
    return 0;
}
