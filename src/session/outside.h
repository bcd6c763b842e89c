/*
 * outside - the process that stays outside of all sessions' walls and gives each what only the host has: a network, and
 * control groups.
 *
 * Runs in: sallyport-session.   Input: trusted (sessions ask before any code of a tenant is near).
 * Allocates: a row a session.
 * It is process 1 of a pid namespace, so that nothing that it started outlives it, and it ends with the template. A session's
 * lease is a socket that its init holds: when that closes, the network is ended and the groups are removed.
 */
#ifndef SP_SESSION_OUTSIDE_H
#define SP_SESSION_OUTSIDE_H

#include <stdbool.h>

#include "session/options.h"

/* At the start, while root may still be there; what cannot be had is left out of `*out_has_groups`. */
enum sp_err sp_outside_prepare(const struct sp_session_options *options, bool *out_has_groups)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* In the user namespace that owns the sessions' networks: starts it. `*out_link` is for the template. */
enum sp_err sp_outside_start(const struct sp_session_options *options, int *out_link)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* In the house: a wire for a new template, negative when there are no groups. */
enum sp_err sp_outside_introduce(int link, int *out_wire) SP_MUST_CHECK SP_NONNULL(2);

/*
 * In the template: moves it into a new control group, which its next fork is born into. `*out_group` is 0 when there is none.
 */
enum sp_err sp_outside_nest(int link, uint32_t *out_group) SP_MUST_CHECK SP_NONNULL(2);

/*
 * In a room, while its network namespace is all that it has: asks for a network. The lease is for init; it is negative when
 * there is nobody outside.
 */
enum sp_err sp_outside_enter(int link, bool has_egress, int *out_lease) SP_MUST_CHECK SP_NONNULL(3);

/* In init, when a process of this group was killed: whether that was for want of memory. False when nobody knows. */
bool sp_outside_was_memory(int lease, uint32_t group);

#endif
