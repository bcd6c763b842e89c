/*
 * template - the process that has imported everything once and forks sessions on request.
 *
 * Runs in: sallyport-session.   Input: frames of the pool, which may be taken over.   Allocates: a table of sessions.
 */
#ifndef SP_SESSION_TEMPLATE_H
#define SP_SESSION_TEMPLATE_H

#include "session/options.h"

/* Builds the root, starts Python, proves the walls, then serves the wire to the pool until it ends; an exit status. */
int sp_template_run(const struct sp_session_options *options) SP_MUST_CHECK SP_NONNULL(1);

#endif
