/*
 * quota_changes - whose limits a reload changes, for the log.
 *
 * Runs in: supervisor.   Input: two configurations.   Allocates: through the caller's buffer.
 */
#ifndef SP_PROCESS_QUOTA_CHANGES_H
#define SP_PROCESS_QUOTA_CHANGES_H

#include "config/config.h"

/*
 * Appends blocks of sp_settings_quota, one for each tenant, each tenant's tokens and each organisation whose limits
 * differ; who is new or gone is told by the configuration itself. Owners past the bound are counted in the last block.
 * `identities` is the directory of the keys that hide tenants' names, -1 when they stand as they are.
 */
enum sp_err sp_quota_changes(const struct sp_config *old, const struct sp_config *fresh,
                             int identities, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2, 4);

#endif
