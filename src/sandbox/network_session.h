/*
 * network_session - the network of a session that has one: what it must not reach, and whether it is there.
 *
 * Runs in: the program sallyport-session, inside a session's network namespace.   Allocates: never.
 * The interface itself is made from outside (session/egress.h). Addresses are of 198.18.0.0/15, which RFC 2544 keeps for
 * benchmarks, so that they meet no network of the host.
 */
#ifndef SP_SANDBOX_NETWORK_SESSION_H
#define SP_SANDBOX_NETWORK_SESSION_H

#include <stdbool.h>

#include "base/err.h"

#define SP_NETWORK_INTERFACE "eth0"
#define SP_NETWORK_ADDRESS   "198.18.0.2"
#define SP_NETWORK_MASK      "255.255.255.0"
#define SP_NETWORK_GATEWAY   "198.18.0.1"
#define SP_NETWORK_RESOLVER  "198.18.0.53" /* what is asked of it, the host's resolver is asked */

/*
 * Makes private, link-local, shared and reserved networks unreachable: a connection there fails at once. Needs
 * CAP_NET_ADMIN; a session has none, so that it cannot take them back.
 */
enum sp_err sp_network_close_private(void) SP_MUST_CHECK;

/* Waits until the interface has its address; SP_ERR_TIMEOUT when it gets none. */
enum sp_err sp_network_wait(unsigned ms) SP_MUST_CHECK;

/* Whether this namespace has no interface but loopback. */
bool sp_network_is_none(void);

#endif
