/*
 * report - a judgement as the fields of a verdict: findings, modules, capabilities.
 *
 * Runs in: inspect.   Input: facts of hostile code.   Allocates: through the caller's buffers.
 */
#ifndef SP_INSPECT_REPORT_H
#define SP_INSPECT_REPORT_H

#include "policy/judge.h"
#include "wire/msg.h"

/* Cleared buffers with the bounds of the verdict's fields; the verdict borrows from them. */
struct sp_inspect_report {
    struct sp_buf *findings;
    struct sp_buf *modules;
    struct sp_buf *capabilities;
};

/* Fills in findings, modules (the first that fit, and the count of all) and capabilities. `facts` may be NULL. */
enum sp_err sp_inspect_write_report(const struct sp_judgement *judgement,
                                    const struct sp_facts *facts,
                                    const struct sp_inspect_report *to, struct sp_msg_verdict *out)
    SP_MUST_CHECK SP_NONNULL(1, 3, 4);

#endif
