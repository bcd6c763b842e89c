/*
 * again - what of the relay room is offered or asked again: runs that rest, that wait for a bearer, that a pool goes on with.
 *
 * Runs in: relay.   Allocates: what a pool said of a bearer.   Only files of the room include this.
 */
#ifndef SP_RELAY_AGAIN_H
#define SP_RELAY_AGAIN_H

#include "relay/room_inner.h"

/* --- routes.c --- */

/*
 * A run that surely did not start is laid to rest, to be offered again. False when it has been offered often enough,
 * when its time would run out, or when too many rest: the caller ends it.
 */
bool sp_rest(struct sp_relay_room *room, struct run *run, uint32_t retry_after_ms, uint64_t now_us)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_rest_tick(struct sp_relay_room *room, uint64_t now_us) SP_NONNULL(1);
/* A run that rests, for whatever reason, is offered again. */
void sp_rest_wake(struct sp_relay_room *room, struct run *run, uint64_t now_us) SP_NONNULL(1, 2);
/* Lays a run to rest until then. */
void sp_rest_until(struct sp_relay_room *room, struct run *run, uint64_t due_us) SP_NONNULL(1, 2);

/* --- bearers.c --- */

/* Whether requests may go: not without a bearer, nor while another one is on its way. */
bool sp_bearers_are_ready(const struct sp_relay_room *room, uint64_t now_us) SP_NONNULL(1);

/* The pool refused the bearer that this run went with: token is told, once for each bearer. */
void sp_bearers_refused(struct sp_relay_room *room, const struct run *run, uint64_t now_us)
    SP_NONNULL(1, 2);

/*
 * The same of a run, which therefore did not start: it waits for another bearer, to be offered once again. False when it
 * has had its second chance, or there is none to wait for: the caller ends it.
 */
bool sp_bearers_wait(struct sp_relay_room *room, struct run *run, struct sp_slice why,
                     uint64_t now_us) SP_MUST_CHECK SP_NONNULL(1, 2);

/* It waited for nothing. */
void sp_bearers_give_up(struct sp_relay_room *room, struct run *run, uint64_t now_us)
    SP_NONNULL(1, 2);

/* --- poll.c --- */

/* The pool goes on with a run under this id. False when it cannot be asked after. */
bool sp_poll_begin(struct sp_relay_room *room, struct run *run, struct sp_slice id,
                   uint32_t retry_after_ms, uint64_t now_us) SP_MUST_CHECK SP_NONNULL(1, 2);

/* What was asked says nothing of the end: asked again later, or unknown when the run's time is over. */
void sp_poll_again(struct sp_relay_room *room, struct run *run, uint32_t retry_after_ms,
                   uint64_t now_us) SP_NONNULL(1, 2);

/* The pool answered what is no result. */
void sp_poll_answered(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                      const struct sp_upstream_answer *answer, uint64_t now_us)
    SP_NONNULL(1, 2, 3, 4);

#endif
