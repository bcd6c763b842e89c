/*
 * root - the file tree that the template and all sessions see: a read-only system and nothing of the host's state.
 *
 * Runs in: sallyport-session, in namespaces of its own.   Allocates: a little while copying.
 */
#ifndef SP_SESSION_ROOT_H
#define SP_SESSION_ROOT_H

#include <stdbool.h>

#include "sandbox/walls_session.h"

/*
 * Builds the tree on a tmpfs and pivots into it: /usr read-only, a copied part of /etc, five devices, /proc of processes
 * only, an empty /tmp and /mnt/data. `*out_at` names the step that failed.
 */
enum sp_err sp_root_build(bool has_egress, const char **out_at) SP_MUST_CHECK SP_NONNULL(2);

/* In a session's own mount namespace: fresh /mnt/data, /tmp, /dev/shm and /proc. */
enum sp_err sp_root_renew(const struct sp_session_limits *limits) SP_MUST_CHECK SP_NONNULL(1);

/* Makes the directories below /tmp that Python's libraries remember from the template. */
enum sp_err sp_root_home(void) SP_MUST_CHECK;

#endif
