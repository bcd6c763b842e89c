/*
 * profiles - which confinement belongs to which role.
 *
 * Runs in: every role.   Allocates: never.
 */
#ifndef SP_PROCESS_PROFILES_H
#define SP_PROCESS_PROFILES_H

#include "sandbox/confine.h"
#include "wire/role.h"

/* The profile of a role; the supervisor has none, since what it takes its children would inherit. */
const struct sp_profile *sp_profile_of(enum sp_role role);

#endif
