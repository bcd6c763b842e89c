/*
 * kept - a checkpoint that somebody kept: the note itself, also behind the keys that `audit checkpoint` prints before it, or
 * the latest one in a stream that was shipped.
 *
 * Runs in: commands.   Input: hostile (a file of anybody).   Allocates: through the caller's buffer.
 */
#ifndef SP_AUDIT_KEPT_H
#define SP_AUDIT_KEPT_H

#include "base/buf.h"

/* So much of the end of a stream is looked at: a checkpoint is never further from it than a second. */
#define SP_KEPT_TAIL_MAX ((size_t)4 * 1024 * 1024)

/*
 * Appends the note. Keys are lines with an empty one behind them; nobody trusts them for standing there. A stream has
 * lines, with or without what a collector puts before the JSON; the last one that holds a whole checkpoint counts.
 * SP_ERR_NOT_FOUND when there is none.
 */
enum sp_err sp_kept_checkpoint(struct sp_slice text, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
