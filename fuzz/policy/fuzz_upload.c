/* fuzz_upload - sp_upload_run: a denial has a denying finding and the reverse. The bytes up to the first LF are the name. */
#include "base/assert.h"
#include "policy/upload.h"

#define CODE_BYTES_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_table table;
    static struct sp_policy policy;
    static struct sp_judge *judge;
    static struct sp_upload *upload;
    static struct sp_judgement judgement;
    struct sp_upload_facts facts;
    if (upload == NULL) {
        SP_ASSERT(sp_table_builtin(&table, NULL) == SP_OK);
        SP_ASSERT(sp_policy_open(SP_SLICE_LITERAL("data-science"), &policy, NULL) == SP_OK);
        SP_ASSERT(sp_judge_new(&table, CODE_BYTES_MAX, &judge) == SP_OK &&
                  sp_upload_new(judge, &upload) == SP_OK);
        policy.limits.archive_bytes = (uint64_t)4 * 1024 * 1024;
    }
    struct sp_slice in = sp_slice_make(data, size);
    size_t end = sp_slice_find(in, 0, '\n');
    sp_upload_run(upload, &policy, sp_slice_sub(in, 0, end), sp_slice_sub(in, end + 1, size),
                  &judgement, &facts);
    bool has_deny = false;
    for (unsigned i = 0; i < judgement.count; i++) {
        has_deny = has_deny || judgement.findings[i].action == SP_ACTION_DENY;
    }
    SP_ASSERT(has_deny == (judgement.verdict == SP_VERDICT_DENY) &&
              facts.modules.len <= SP_UPLOAD_MODULES_MAX);
    return 0;
}
