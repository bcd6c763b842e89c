/*
 * template - the process that interpreters are forked from: a CPython that has imported what sessions need.
 *
 * Runs in: the template.   Input: trusted (the house's orders).   Allocates: as Python does, before the first fork.
 * Executed anew each time, so that no two templates share their address layout, stack canary or hash seed.
 */
#ifndef SP_SESSION_TEMPLATE_H
#define SP_SESSION_TEMPLATE_H

#include "session/options.h"

/* Serves the wire at SP_SESSION_CONTROL_FD until its end; the exit status of the process. */
int sp_template_run(const struct sp_session_options *options) SP_NONNULL(1);

#endif
