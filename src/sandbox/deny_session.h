/*
 * deny_session - a second filter over a session's: what its policy denies at run time, true also without the witness.
 *
 * Runs in: the interpreters, before a run whose policy denies processes or the network.   Allocates: never.
 * It holds for the calling thread and all that it starts, for good; a session keeps one policy for its life.
 */
#ifndef SP_SANDBOX_DENY_SESSION_H
#define SP_SANDBOX_DENY_SESSION_H

#include <stdbool.h>

#include "base/err.h"

/* EPERM for new processes and other programs; for every socket that is not local. no_new_privs must be set. */
enum sp_err sp_session_deny(bool processes, bool network) SP_MUST_CHECK;

#endif
