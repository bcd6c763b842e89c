/*
 * root_copy - the part of /etc that Python and its libraries read, copied so that nothing else of it can be seen.
 *
 * Runs in: sallyport-session while it builds its root.   Input: the host's /etc.   Allocates: one buffer at a time.
 */
#ifndef SP_SESSION_ROOT_COPY_H
#define SP_SESSION_ROOT_COPY_H

#include <stdbool.h>

#include "base/err.h"

/* Fills ./etc from the host's /etc and from texts of our own. Files that this user cannot read are left out. */
enum sp_err sp_root_copy_etc(bool has_egress) SP_MUST_CHECK;

#endif
