/*
 * egress - a network for one session: a pasta process outside its walls that speaks for it with the host's sockets.
 *
 * Runs in: sallyport-session: at its start, and in the process that stays outside.   Allocates: never.
 * pasta (Debian's package passt) needs no privilege on the host: it has some in the user namespace that owns the session's
 * network. It is told to pass nothing in, and nothing on to the host's loopback.
 */
#ifndef SP_SESSION_EGRESS_H
#define SP_SESSION_EGRESS_H

#include <sys/types.h>

#include "base/err.h"

#define SP_EGRESS_PROGRAM "/usr/bin/pasta"
#define SP_EGRESS_WAIT_MS 10000U

/*
 * At the start, before root is given up: makes /dev/net/tun usable for the sessions' user, in a mount namespace of our own
 * where that takes root. SP_ERR_UNSUPPORTED when there is no pasta, or no tun that we may open.
 */
enum sp_err sp_egress_prepare(void) SP_MUST_CHECK;

/* Starts it for the network namespace behind `netns`; it ends when it is killed. */
enum sp_err sp_egress_start(int netns, pid_t *out_pid) SP_MUST_CHECK SP_NONNULL(2);

#endif
