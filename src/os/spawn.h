/*
 * spawn - starts this very program anew: fresh memory layout, empty environment, no descriptor but the agreed ones.
 *
 * Runs in: supervisor.   Allocates: never between fork and exec.
 */
#ifndef SP_OS_SPAWN_H
#define SP_OS_SPAWN_H

#include <sys/types.h>

#include "base/err.h"

/* Where the new program finds its wire to whoever started it. */
#define SP_SPAWN_CONTROL_FD 3

struct sp_spawn {
    const char *const *argv; /* ends with NULL */
    int control_fd;          /* becomes descriptor 3 (borrowed) */
    int directory_fd;        /* becomes the working directory (borrowed); -1 for "/" */
};

/*
 * Forks and executes /proc/self/exe. The child has standard error as it is, /dev/null as its input and output, the
 * default signals, a session of its own, and dies with its parent. SP_ERR_SYSTEM when forking fails; a failed exec shows
 * as exit status 127.
 */
enum sp_err sp_spawn_self(const struct sp_spawn *spawn, pid_t *out_pid) SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
