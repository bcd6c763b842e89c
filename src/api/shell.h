/*
 * shell - a command in the place of code: as Python that runs it, so that it is judged and bounded as all code is.
 *
 * Runs in: inspect, pool.   Input: hostile (a request's members).   Allocates: through the caller's buffer.
 * Sessions are Python's. Whether a command may run is the policy's to say: what this makes has the capability `process`.
 */
#ifndef SP_API_SHELL_H
#define SP_API_SHELL_H

#include "base/buf.h"

struct sp_json_value;

/* Whether shellCommand or execCommandAndArgs is there. */
bool sp_shell_is_asked(const struct sp_json_value *members);

/* Appends the code. SP_ERR_REQUEST for members of the wrong form, or both; SP_ERR_TOO_BIG, SP_ERR_NOMEM. */
enum sp_err sp_shell_code(const struct sp_json_value *members, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
