/*
 * fds - which descriptors a process of a session keeps.
 *
 * Runs in: sallyport-session, right after a fork.   Allocates: never.
 */
#ifndef SP_SESSION_FDS_H
#define SP_SESSION_FDS_H

#include <stddef.h>

#include "base/err.h"

/* Closes every descriptor but 0, 1, 2 and these, which stay where they are. `fds` is sorted on the way. */
enum sp_err sp_fds_keep(int *fds, size_t count) SP_MUST_CHECK SP_NONNULL(1);

#endif
