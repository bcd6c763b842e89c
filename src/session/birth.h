/*
 * birth - makes one session: a fork of the template that takes on its walls and splits into init and interpreter.
 *
 * Runs in: the template (make), then the new session.   Allocates: never after the fork.
 */
#ifndef SP_SESSION_BIRTH_H
#define SP_SESSION_BIRTH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/slice.h"
#include "session/options.h"

/* What every session takes from its template. */
struct sp_birth {
    const struct sp_session_options *options;
    struct sp_slice filter; /* the built system call filter */
    bool is_probe;          /* looks at its walls and reports, runs no Python */
};

/*
 * Forks a session. `control` is the session's end of its wire to the pool and stays open here. The caller waits for
 * `*out_pid`, which is the session's init: killing it ends every process of the session.
 */
enum sp_err sp_birth_make(const struct sp_birth *birth, int control, pid_t *out_pid)
    SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
