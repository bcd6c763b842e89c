/*
 * spawn - starts a program anew: fresh memory layout, empty environment, no descriptor but the agreed ones.
 *
 * Runs in: supervisor (this very program), nursery (the program of the sessions).   Allocates: never between fork and exec.
 */
#ifndef SP_OS_SPAWN_H
#define SP_OS_SPAWN_H

#include <sys/types.h>

#include "base/err.h"

/* Where the new program finds its wire to whoever started it. */
#define SP_SPAWN_CONTROL_FD 3

#define SP_SPAWN_NO_ERRORS  (-2)

struct sp_spawn {
    const char *program;            /* NULL: this very program */
    const char *const *argv;        /* ends with NULL */
    const char *const *environment; /* ends with NULL; NULL: empty */
    int control_fd;                 /* becomes descriptor 3 (borrowed); -1: there is none */
    int output_fd;                  /* becomes standard output (borrowed); 0: none */
    int directory_fd;               /* becomes the working directory (borrowed); -1 for "/" */
    int error_fd; /* becomes standard error (borrowed); -1 leaves it as it is, SP_SPAWN_NO_ERRORS: none */
};

/*
 * Forks and executes /proc/self/exe, or `program` when it is not NULL. The child has /dev/null as its input and output, the
 * default signals, a session of its own, and dies with its parent. SP_ERR_SYSTEM when forking fails; a failed exec shows
 * as exit status 127.
 */
enum sp_err sp_spawn_program(const struct sp_spawn *spawn, pid_t *out_pid)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
