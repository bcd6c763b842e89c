/*
 * room - inspect: a body in, a verdict and the order built from what was inspected out.
 *
 * Runs in: inspect.   Input: hostile (the body of anybody's request).   Allocates: at the start, and for each body.
 * Pure. It knows no names: neither who asks nor for which session. A verdict starts as a denial.
 */
#ifndef SP_INSPECT_ROOM_H
#define SP_INSPECT_ROOM_H

#include "base/where.h"
#include "wire/msg.h"

#define SP_INSPECT_POLICIES_MAX ((size_t)192) /* three settings full of them */

struct sp_inspect_room;

/* Bodies of runs of at most `body_bytes_max` are read, and files of at most `upload_bytes_max`. */
enum sp_err sp_inspect_room_new(uint64_t body_bytes_max, uint64_t upload_bytes_max,
                                struct sp_inspect_room **out) SP_MUST_CHECK SP_NONNULL(3);
void sp_inspect_room_free(struct sp_inspect_room *room);

/* Whether the code of denied runs goes beside the verdict: audit keeps it. */
void sp_inspect_give_denied(struct sp_inspect_room *room, bool is_giving) SP_NONNULL(1);

/*
 * Adds a resolved policy. SP_ERR_CORRUPT when `digest` is not the SHA-256 of `text`, SP_ERR_CONFIG with the place when
 * it cannot be read, SP_ERR_FULL. One that is there stays as it is.
 */
enum sp_err sp_inspect_add_policy(struct sp_inspect_room *room, struct sp_slice text,
                                  const uint8_t digest[SP_DIGEST_BYTES], struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/*
 * Between these two come the policies of other settings. Those that were neither added now nor the time before are then
 * forgotten: a job on its way may still name one of the time before.
 */
void sp_inspect_renew(struct sp_inspect_room *room) SP_NONNULL(1);
void sp_inspect_renewed(struct sp_inspect_room *room) SP_NONNULL(1);

/*
 * Judges one job. The verdict borrows from the room and the job until the next job, but for `out->order` and
 * `out->content` (the job's body, moved), which the caller releases. SP_ERR_WIRE for a job that front cannot have made
 * (of a policy that is not here, of an operation that is none): it broke the protocol; SP_ERR_NOMEM.
 */
enum sp_err sp_inspect_job(struct sp_inspect_room *room, struct sp_msg_job *job,
                           struct sp_msg_verdict *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
