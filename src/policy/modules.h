/*
 * modules - the names of the modules that a piece of code imports, each once.
 *
 * Runs in: inspect, commands.   Input: facts of hostile code.   Allocates: through the caller's buffer.
 */
#ifndef SP_POLICY_MODULES_H
#define SP_POLICY_MODULES_H

#include "base/buf.h"
#include "python/facts.h"

/* Whether a list as below holds the name. */
bool sp_modules_has(struct sp_slice list, struct sp_slice name);

/* Adds one name unless it is there; SP_ERR_TOO_BIG when it does not fit. */
enum sp_err sp_modules_put(struct sp_buf *out, struct sp_slice name) SP_MUST_CHECK SP_NONNULL(1);

/*
 * Adds each name as it is spelt, with its length of 32 bits before it, and counts it in `*count`; one that stands in `out`
 * already is passed over, one that no longer fits is only counted.
 */
void sp_modules_add(const struct sp_facts *facts, struct sp_buf *out, uint32_t *count)
    SP_NONNULL(1, 2, 3);

#endif
