/*
 * events - an answer that comes as text/event-stream: what the run says as it goes on, then its result.
 *
 * Runs in: relay, the client commands.   Input: hostile (the pool's bytes).   Allocates: one line and the result, bounded.
 * Known are `stdout` and `stderr` ({"text"}), `output` (an object of media types), `status` (a number) and at the end
 * `result` or `error`; others are passed over. Texts are read strictly; what is shown is printed anew.
 */
#ifndef SP_RELAY_EVENTS_H
#define SP_RELAY_EVENTS_H

#include "base/buf.h"

#define SP_EVENTS_NAME_MAX ((size_t)16)

struct sp_events {
    struct sp_buf line;
    struct sp_buf data;
    char name[SP_EVENTS_NAME_MAX];
    unsigned status; /* of the end; 0: there was none yet */
    struct sp_buf end;
};

void sp_events_init(struct sp_events *events, size_t bytes_max) SP_NONNULL(1);
void sp_events_done(struct sp_events *events) SP_NONNULL(1);

/* `what` is enum sp_part; `data` a text, or the JSON of something shown. SP_PART_COUNT: parts were left out here. Lent for
 * the call. */
typedef void sp_events_fn(void *ctx, unsigned what, struct sp_slice data);

/* SP_ERR_TOO_BIG over the bound, SP_ERR_JSON for a part that does not read, SP_ERR_NOMEM. */
enum sp_err sp_events_feed(struct sp_events *events, struct sp_slice in, sp_events_fn *fn,
                           void *ctx) SP_MUST_CHECK SP_NONNULL(1, 3);

/* The body and status of the end, which move out; begins anew. False when it has not come. */
bool sp_events_take(struct sp_events *events, struct sp_buf *out, unsigned *out_status)
    SP_NONNULL(1, 2, 3);

#endif
