/*
 * finding - what a policy says about one place of a submission, as it travels to the log and to the client.
 *
 * Runs in: inspect (writes), audit and front (read).   Input: hostile.   Allocates: never.
 */
#ifndef SP_WIRE_FINDING_H
#define SP_WIRE_FINDING_H

#include "base/reader.h"
#include "base/writer.h"

#define SP_FINDINGS_MAX        32U
#define SP_FINDING_RULE_MAX    ((size_t)64)
#define SP_FINDING_MESSAGE_MAX ((size_t)320)

/* What a rule does. Zero denies. */
enum sp_action { SP_ACTION_DENY, SP_ACTION_WARN, SP_ACTION_SHADOW, SP_ACTION_COUNT };

/* Lines and columns count from 1; the end is the place behind the last character. Texts are borrowed. */
struct sp_finding {
    enum sp_action action;
    struct sp_slice rule;
    struct sp_slice message;
    uint32_t line;
    uint32_t column;
    uint32_t end_line;
    uint32_t end_column;
};

void sp_finding_write(struct sp_writer *w, const struct sp_finding *finding) SP_NONNULL(1, 2);
enum sp_err sp_finding_read(struct sp_reader *r, struct sp_finding *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* "deny", "warn" or "shadow". */
const char *sp_action_name(enum sp_action action);

#endif
