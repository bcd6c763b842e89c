/*
 * fence - makes connect(2) answer EINPROGRESS in this process, for good.
 *
 * Runs in: relay.
 * relay gets its descriptors connected (from dial) and may connect to nothing itself. libcurl 7.88 calls connect on them
 * all the same and takes EISCONN for a failure; told "in progress", it waits until the descriptor is writable, which it
 * is, and goes on (CURL_SOCKOPT_ALREADY_CONNECTED only makes it wait for a timer first). Profiles of the sandbox are stacked on top: the strictest answer wins.
 */
#ifndef SP_RELAY_FENCE_H
#define SP_RELAY_FENCE_H

#include "base/err.h"

/* No way back. Sets no_new_privs, which an unprivileged filter needs. */
enum sp_err sp_fence_enter(void) SP_MUST_CHECK;

#endif
