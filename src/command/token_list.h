/*
 * token_list - the tokens of a store as a table for a person.
 *
 * Runs in: commands.   Input: trusted.   Allocates: the file of the latest uses, while it is printed.
 */
#ifndef SP_COMMAND_TOKEN_LIST_H
#define SP_COMMAND_TOKEN_LIST_H

#include "config/config.h"
#include "identity/store.h"

/* The id of the token that the gateway makes by itself for the first tenant; it is in no store. */
#define SP_TOKEN_LOCAL_ID "local"

struct sp_token_list_options {
    const char *tenant; /* NULL: all */
    uint64_t now_us;
};

enum sp_err sp_token_list_print(struct sp_token_store *store, const struct sp_config *config,
                                const struct sp_token_list_options *options)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
