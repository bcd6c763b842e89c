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

/* What the profile leaves open. Borrowed. */
struct sp_landlock_given {
    int dir_fd;            /* the directories of SP_FILES_LOG ... */
    int own_fd;            /* ... and a second one; 0: none */
    const uint16_t *ports; /* of a profile that may connect: where to, by TCP; NULL: anywhere */
    size_t port_count;
};

/*
 * Restricts this process to what the profile says, with all that the kernel's version can say. SP_ERR_UNSUPPORTED
 * without Landlock. Afterwards it tries to open "/" and takes success for SP_ERR_UNSUPPORTED too. no_new_privs must be set.
 */
enum sp_err sp_landlock_enter(const struct sp_profile *profile,
                              const struct sp_landlock_given *given, int *out_abi)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
