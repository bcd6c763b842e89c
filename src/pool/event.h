/*
 * event - what a run says while it goes on, as events of text/event-stream.
 *
 * Runs in: pool.   Input: hostile (what the session said).   Allocates: through the caller's buffer.
 * The data of each event is one line of JSON, so nothing that a session says can end an event or begin another.
 */
#ifndef SP_POOL_EVENT_H
#define SP_POOL_EVENT_H

#include "pool/run.h"

/* "event: NAME", "data: JSON", blank line. SP_ERR_INVALID when the JSON has a line end. */
enum sp_err sp_pool_event_put(const char *name, struct sp_slice json, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/*
 * After sp_pool_run_take: the events `stdout`, `stderr` ({"text"}) and `output` (an object of media types) that this
 * frame makes; none when it completes nothing. A character that is cut in two waits for its rest.
 */
enum sp_err sp_pool_event_of(struct sp_pool_run *run, const struct sp_frame *frame,
                             struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
