/*
 * judge - what a policy says of a submission.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: once, for the longest submission.
 * What cannot be read or followed is denied, never passed over: a verdict starts as a denial and becomes anything else
 * only at the very end.
 */
#ifndef SP_POLICY_JUDGE_H
#define SP_POLICY_JUDGE_H

#include "policy/policy.h"
#include "python/facts.h"

struct sp_policy_finding {
    enum sp_action action;
    char rule[SP_FINDING_RULE_MAX + 1];
    char message[SP_FINDING_MESSAGE_MAX + 1];
    struct sp_place place;
};

struct sp_judgement {
    enum sp_verdict verdict;
    uint32_t capabilities; /* of what the submission names, allowed or not */
    unsigned count;        /* findings that are kept, in the order of the source */
    unsigned total;        /* findings in all */
    struct sp_policy_finding findings[SP_FINDINGS_MAX];
};

/* Adds a finding: behind the others, or when there are too many in place of one that does not deny. Both are counted. */
void sp_judgement_add(struct sp_judgement *judgement, const struct sp_policy_finding *finding)
    SP_NONNULL(1, 2);

struct sp_judge;

/* Memory for submissions of at most `code_bytes_max`; longer ones are denied. The table is borrowed for its life. */
enum sp_err sp_judge_new(const struct sp_table *table, size_t code_bytes_max, struct sp_judge **out)
    SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_judge_free(struct sp_judge *judge);
void sp_judge_free_cleanup(struct sp_judge **judge);
#define SP_AUTO_JUDGE SP_CLEANUP(sp_judge_free_cleanup)

/*
 * Modules that are known beside the image's: `uploaded` by earlier uploads that were inspected, and `beside` the file that
 * is judged, in its archive, whose relative imports are known then too. Names with a length of 32 bits before each, top
 * level only; borrowed until the next call.
 */
void sp_judge_know_uploaded(struct sp_judge *judge, struct sp_slice uploaded) SP_NONNULL(1);
void sp_judge_know_beside(struct sp_judge *judge, struct sp_slice beside, bool is_file)
    SP_NONNULL(1);

/* Judges one submission. Cannot fail: whatever goes wrong is a finding that denies. */
void sp_judge_run(struct sp_judge *judge, const struct sp_policy *policy, struct sp_slice code,
                  struct sp_judgement *out) SP_NONNULL(1, 2, 4);

/* Adds to a judgement what the policy says of the seconds that a run asks for. */
void sp_judge_timeout(const struct sp_policy *policy, uint64_t seconds, struct sp_judgement *out)
    SP_NONNULL(1, 3);

/* The table that the judge was made with. */
const struct sp_table *sp_judge_table(const struct sp_judge *judge) SP_NONNULL(1);

/* Bytes that it has used so far, the most for one submission. */
size_t sp_judge_memory(const struct sp_judge *judge) SP_NONNULL(1);

/* The facts of the submission judged last, NULL when its source could not be read to the end. */
const struct sp_facts *sp_judge_facts(const struct sp_judge *judge) SP_NONNULL(1);

/* One test of a policy; `upload` is for those of files and was made with the same judge. */
struct sp_upload;
void sp_judge_test_run(struct sp_judge *judge, struct sp_upload *upload,
                       const struct sp_policy *policy, const struct sp_policy_test *test,
                       struct sp_judgement *out) SP_NONNULL(1, 2, 3, 4, 5);
bool sp_judge_test_passes(const struct sp_policy_test *test, const struct sp_judgement *judgement)
    SP_NONNULL(1, 2);

/* Runs the tests of a policy; SP_ERR_CONFIG with the line of the first one that fails. */
enum sp_err sp_judge_test(struct sp_judge *judge, const struct sp_policy *policy,
                          struct sp_where *out_where) SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
