/*
 * named - the session that a request names in its body, brought to where all others name theirs.
 *
 * Runs in: front.   Input: hostile.   Allocates: through the caller's buffer, and the document while it is read.
 * Clients of the first versions of the API sent the identifier as a member of the body, in `properties` or beside it,
 * and some of them nowhere else. As a parameter of the target it is checked like any other; where both are given and
 * differ, the target says it twice and is refused for that.
 */
#ifndef SP_API_NAMED_H
#define SP_API_NAMED_H

#include "base/buf.h"

/*
 * For an execution whose body is a JSON object and names a session that the target does not say already: fills `out` with
 * the target and that parameter. Leaves it empty for anything else. SP_ERR_NOMEM, SP_ERR_TOO_BIG.
 */
enum sp_err sp_named_target(struct sp_slice method, struct sp_slice target, struct sp_slice body,
                            struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(4);

#endif
