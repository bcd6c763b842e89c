/*
 * config_say - what a command tells a person about a configuration, on standard error.
 *
 * Runs in: commands, the supervisor before it starts.   Allocates: a buffer.
 * FILE:LINE:COLUMN: text, as compilers write it, so that editors can jump there.
 */
#ifndef SP_COMMAND_CONFIG_SAY_H
#define SP_COMMAND_CONFIG_SAY_H

#include "config/config.h"

/* `path` may be NULL: the defaults. */
void sp_config_complain(const char *path, const struct sp_where *where) SP_NONNULL(2);
void sp_config_warn(const char *path, const struct sp_config *config) SP_NONNULL(2);

/*
 * Whether every policy that a tenant names is there and can be read, and every file of authorities. The first that is not
 * is complained of: at the tenant's or the file's line, or at the place in the policy itself.
 */
bool sp_config_files_stand(const char *path, const struct sp_config *config) SP_NONNULL(2);

#endif
