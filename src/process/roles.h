/*
 * roles - the role code that this program holds.
 *
 * Runs in: every process.   Allocates: never.
 */
#ifndef SP_PROCESS_ROLES_H
#define SP_PROCESS_ROLES_H

#include <stdbool.h>

#include "process/role.h"

/* NULL for the supervisor, and for a role that this build does not have. */
const struct sp_role_spec *sp_role_spec_of(enum sp_role role);

/*
 * Enters a role when the command line asks for one (`--role=NAME --index=N`): `*out_status` is its exit status then.
 * Returns false for any other command line. Without the supervisor's wire at descriptor 3 the status is 2.
 */
bool sp_role_enter(int argc, char **argv, int *out_status) SP_NONNULL(2, 3);

/* The two arguments above, as the supervisor writes them. */
#define SP_ROLE_ARGUMENT  "--role="
#define SP_INDEX_ARGUMENT "--index="

#endif
