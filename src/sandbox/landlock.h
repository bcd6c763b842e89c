/*
 * landlock - takes the file system, and TCP ports, out of a process's reach.
 *
 * Runs in: every role.   Allocates: never.
 */
#ifndef SP_SANDBOX_LANDLOCK_H
#define SP_SANDBOX_LANDLOCK_H

#include "base/err.h"
#include "sandbox/profile.h"

/* The version of this kernel's Landlock, 0 when it has none. */
int sp_landlock_abi(void);

/*
 * Restricts this process to what the profile says, with all that the kernel's version can say. `dir_fd` and `own_fd` (0:
 * none) stand for the directories of SP_FILES_LOG. SP_ERR_UNSUPPORTED without Landlock. Afterwards it tries to open "/" and takes success for
 * SP_ERR_UNSUPPORTED too. no_new_privs must be set.
 */
enum sp_err sp_landlock_enter(const struct sp_profile *profile, int dir_fd, int own_fd,
                              int *out_abi) SP_MUST_CHECK SP_NONNULL(1, 4);

#endif
