/*
 * token_usage - what tenants and their tokens use now, as the running gateway tells it.
 *
 * Runs in: commands.   Input: the gateway's answers.   Allocates: one answer at a time.
 */
#ifndef SP_COMMAND_TOKEN_USAGE_H
#define SP_COMMAND_TOKEN_USAGE_H

#include "command/remote.h"
#include "config/config.h"

struct sp_token_usage_options {
    struct sp_remote_options remote; /* what is not given goes by the configuration */
    const char *tenant;              /* NULL: all that used anything today */
    bool is_json;                    /* the gateway's words instead of a table */
};

/* An exit status, with the reason on standard error. */
int sp_token_usage_print(const struct sp_config *config,
                         const struct sp_token_usage_options *options) SP_NONNULL(1, 2);

#endif
