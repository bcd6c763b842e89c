#include <stdlib.h>

#include "policy/judge.h"
#include "policy/upload.h"

static bool has_rule(const struct sp_judgement *judgement, const char *rule)
{
    for (unsigned i = 0; i < judgement->count; i++) {
        if (sp_slice_is(sp_slice_of(judgement->findings[i].rule), rule)) {
            return true;
        }
    }
    return rule[0] == '\0';
}

void sp_judge_test_run(struct sp_judge *judge, struct sp_upload *upload,
                       const struct sp_policy *policy, const struct sp_policy_test *test,
                       struct sp_judgement *out)
{
    struct sp_slice code = sp_slice_make(test->code, test->code_len);
    if (test->file != NULL) {
        sp_upload_run(upload, policy, sp_slice_of(test->file), code, out, NULL);
    } else {
        sp_judge_run(judge, policy, code, out);
    }
}

bool sp_judge_test_passes(const struct sp_policy_test *test, const struct sp_judgement *judgement)
{
    bool is_deny = judgement->verdict == SP_VERDICT_DENY;
    return is_deny == test->expects_deny && (judgement->count > 0) == test->expects_finding &&
           has_rule(judgement, test->rule);
}

enum sp_err sp_judge_test(struct sp_judge *judge, const struct sp_policy *policy,
                          struct sp_where *out_where)
{
    struct sp_upload *upload = NULL;
    struct sp_judgement *judgement = calloc(1, sizeof(*judgement));
    enum sp_err err = judgement == NULL ? SP_ERR_NOMEM : sp_upload_new(judge, &upload);
    for (size_t i = 0; i < policy->test_count && err == SP_OK; i++) {
        const struct sp_policy_test *test = &policy->tests[i];
        sp_judge_test_run(judge, upload, policy, test, judgement);
        bool is_deny = judgement->verdict == SP_VERDICT_DENY;
        const char *first = judgement->count > 0 ? judgement->findings[0].message : "no finding";
        if (!sp_judge_test_passes(test, judgement)) {
            sp_where_set(out_where, test->line, 1, "this test of the policy fails: %s (%s)",
                         is_deny ? "denied" : "allowed", first);
            err = SP_ERR_CONFIG;
        }
    }
    sp_upload_free(upload);
    free(judgement);
    return err;
}
