/*
 * retain - entries and kept code that are older than `[audit] keep`, or more than `keep_bytes`, go: audit records it, then
 * the supervisor removes them.
 *
 * Runs in: supervisor.   Input: names and times of files, and audit's answer.   Allocates: never.
 * What if audit is hostile? It has an old bundle go without a record, which verify finds; a bundle that is not old by its
 * file's own time stays, whatever it says.
 */
#ifndef SP_PROCESS_RETAIN_H
#define SP_PROCESS_RETAIN_H

#include "audit/drop.h"
#include "wire/msg.h"

struct sp_house;

struct sp_retain {
    struct sp_drop drop;
    uint64_t asked; /* bundles before this one are old */
    uint64_t until; /* and before this one are recorded as dropped */
};

/* Looks for what is due, asks audit, and removes what it has recorded; true when there is more to do at once. */
bool sp_retain_look(struct sp_house *house) SP_MUST_CHECK SP_NONNULL(1);
void sp_retain_answer(struct sp_house *house, const struct sp_msg_retired *msg) SP_NONNULL(1, 2);

#endif
