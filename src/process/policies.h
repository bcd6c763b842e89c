/*
 * policies - the policies in force: loaded, checked by their own tests, named by digest.
 *
 * Runs in: supervisor.   Input: the operator's files.   Allocates: their texts.
 */
#ifndef SP_PROCESS_POLICIES_H
#define SP_PROCESS_POLICIES_H

#include "base/buf.h"
#include "config/config.h"
#include "wire/msg.h"

#define SP_POLICIES_MAX ((size_t)64)

struct sp_policy_in_force {
    char name[SP_MSG_NAME_MAX + 1];
    uint8_t digest[SP_DIGEST_BYTES];
    struct sp_buf text; /* resolved, as inspect reads it */
};

struct sp_policies {
    struct sp_policy_in_force items[SP_POLICIES_MAX];
    size_t count;
};

/* Loads what the tenants name. Says on the log what is wrong; SP_ERR_CONFIG for a policy that cannot be used. */
enum sp_err sp_policies_load(const struct sp_config *config, struct sp_policies *out) SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_policies_done(struct sp_policies *policies) SP_NONNULL(1);

/* NULL when there is none of this name. */
const struct sp_policy_in_force *sp_policies_find(const struct sp_policies *policies, struct sp_slice name) SP_NONNULL(1);

#endif
