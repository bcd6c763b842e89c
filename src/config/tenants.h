/*
 * tenants - the tenants and organisations of a configuration by their names.
 *
 * Runs in: supervisor, commands.   Allocates: never.
 */
#ifndef SP_CONFIG_TENANTS_H
#define SP_CONFIG_TENANTS_H

#include "config/config.h"

/* NULL when there is none of this name. */
const struct sp_config_tenant *sp_config_tenant(const struct sp_config *config, const char *name)
    SP_NONNULL(1, 2);
const struct sp_config_organisation *sp_config_organisation(const struct sp_config *config,
                                                            const char *name) SP_NONNULL(1, 2);

/* Lets all of them go, which a configuration that is no longer in force has no more use for. */
void sp_config_forget_tenants(struct sp_config *config) SP_NONNULL(1);

#endif
