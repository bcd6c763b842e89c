/*
 * birth - makes an interpreter: a fork of the template that moves into a room and takes on its walls.
 *
 * Runs in: the template (into), then the new interpreter.   Allocates: never after the fork.
 */
#ifndef SP_SESSION_BIRTH_H
#define SP_SESSION_BIRTH_H

#include <stdbool.h>

#include "base/slice.h"
#include "session/options.h"

/* What every interpreter takes from its template. */
struct sp_birth {
    const struct sp_session_options *options;
    struct sp_slice filter; /* the built system call filter */
    uint32_t group; /* the control group that the template is in, for its next fork; 0: none */
    int processes;  /* the template's own pid namespace, to come back to */
};

/*
 * Forks an interpreter into the room of these descriptors (enum sp_room_fd), which stay open here. It becomes a child
 * of the room's process 1. With `is_probe` it looks at its walls, reports and ends, and runs no Python.
 */
enum sp_err sp_birth_into(const struct sp_birth *birth, const int *room, bool is_probe)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
