/*
 * live - an answer that grows while its run goes on: events of text/event-stream, sent as they come.
 *
 * Runs in: front.   Input: texts of anyone.   Allocates: what waits for the client, bounded.
 * A client that reads too slowly loses parts, which it is told; the result at the end has all of it. Only face.c, call.c
 * and live.c include this.
 */
#ifndef SP_FRONT_LIVE_H
#define SP_FRONT_LIVE_H

#include <microhttpd.h>

#include "front/face.h"
#include "front/reply.h"

/* Parts that wait for one client, and for all. */
#define SP_LIVE_WAITING_MAX     ((size_t)1024 * 1024)
#define SP_LIVE_WAITING_ALL_MAX ((size_t)64 * 1024 * 1024)

struct sp_live;

/* For a connection of the library; the caller's until sp_live_leave. */
struct sp_live *sp_live_new(struct sp_face *face, struct MHD_Connection *connection)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_live_leave(struct sp_live *take_live);

/* The answer to queue, which keeps the object alive by itself; NULL when memory is used up. */
struct MHD_Response *sp_live_response(struct sp_live *live) SP_MUST_CHECK SP_NONNULL(1);

void sp_live_part(struct sp_live *live, const struct sp_msg_part *part) SP_NONNULL(1, 2);

/* The end: `event` is the last one. Or the client left. */
void sp_live_end(struct sp_live *live, struct sp_slice event) SP_NONNULL(1);
void sp_live_break(struct sp_live *live) SP_NONNULL(1);

#endif
