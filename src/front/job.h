/*
 * job - what a request says beside its body, for inspect: no word of who asks.
 *
 * Runs in: front.   Input: hostile (the target, a field of the head, names from admit).   Allocates: through buffers.
 */
#ifndef SP_FRONT_JOB_H
#define SP_FRONT_JOB_H

#include "base/buf.h"

struct sp_job_request {
    struct sp_slice method;
    struct sp_slice target;
    struct sp_slice content_type;
    struct sp_slice
        names; /* of a list of sessions: blocks, by turns the pool's name and the tenant's */
};

/* Appends the arguments (api/arguments.h). An error for a target that is none, or names that do not read. */
enum sp_err sp_job_arguments(const struct sp_job_request *request, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
