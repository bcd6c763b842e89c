/*
 * dial - connects to configured targets and hands the connected descriptor over.
 *
 * Runs in: dial.   Input: hostile (DNS answers, the numbers that a taken-over asker sends).   Allocates: one call each.
 * Every address of a target is tried in turn within one time limit; nothing is ever sent or received here.
 */
#ifndef SP_DIAL_DIAL_H
#define SP_DIAL_DIAL_H

#include "base/where.h"
#include "dial/resolve.h"
#include "dial/target.h"
#include "wire/loop.h"

/* Of one asker at a time, so that one which is taken over leaves room for the others. */
#define SP_DIAL_CALLS_MAX ((size_t)1024)

struct sp_dial;

/* What became of a call. `fd` is the callee's with SP_OK, else -1; `why` is text for the operator. */
struct sp_dial_end {
    enum sp_err err;
    int fd;
    const struct sp_where *why;
};
typedef void sp_dial_fn(void *ctx, uint64_t call, const struct sp_dial_end *end);

/* Takes the targets over (leaving `*take_targets` empty). `fn` hears of the end of each call, in the loop or at once. */
enum sp_err sp_dial_new(struct sp_loop *loop, struct sp_dial_targets *take_targets,
                        uint32_t connect_ms, sp_dial_fn *fn, void *ctx, struct sp_dial **out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 4, 6);
void sp_dial_free(struct sp_dial *dial);

/*
 * Begins a call for `asker`; `call` is the asker's number for it. The end comes by `fn`. SP_ERR_RANGE, and no end, for a
 * target that does not exist or is another's: only who was taken over asks for that.
 */
enum sp_err sp_dial_call(struct sp_dial *dial, uint64_t call, enum sp_role asker, unsigned target)
    SP_MUST_CHECK SP_NONNULL(1);

#endif
