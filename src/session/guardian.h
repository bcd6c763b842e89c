/*
 * guardian - removes the control groups of a pool that is gone, however it went.
 *
 * Runs in: a process of its own, which nobody's death ends.   Input: the end of a pipe.   Allocates: what readdir takes.
 * It has nothing but the directories of the groups and that pipe, and a filter of system
 * calls of its own; of root's capabilities it keeps the one to write into directories.
 */
#ifndef SP_SESSION_GUARDIAN_H
#define SP_SESSION_GUARDIAN_H

#include <sys/types.h>

#include "session/cgroup.h"

/*
 * Starts it for the groups of this process, while root may still be there. It acts as soon as nobody holds `*out_alive`,
 * tries for a few seconds, and ends.
 */
enum sp_err sp_guardian_start(const struct sp_cgroup *groups, int *out_alive)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
