/*
 * house - the process that leads templates and rooms: it makes sessions of both as the pool asks for them.
 *
 * Runs in: process 1 of the pool's own pid namespace, so that nothing outlives it.   Input: the pool (hostile if that is
 * taken over), templates and rooms (trusted: no tenant's code runs where these frames are written).
 * Allocates: two buffers.
 */
#ifndef SP_SESSION_HOUSE_H
#define SP_SESSION_HOUSE_H

#include "session/options.h"

/*
 * Serves the wire at SP_SESSION_CONTROL_FD until its end; the exit status of the process. Templates are executed anew
 * with the arguments of this program.
 */
int sp_house_run(const struct sp_session_options *options, char **argv) SP_NONNULL(1, 2);

#endif
