/*
 * policies - the policies in force: loaded, checked by their own tests, named by digest.
 *
 * Runs in: supervisor.   Input: the operator's files.   Allocates: their texts.
 */
#ifndef SP_PROCESS_POLICIES_H
#define SP_PROCESS_POLICIES_H

#include "base/buf.h"
#include "config/config.h"
#include "policy/policy.h"
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
enum sp_err sp_policies_load(const struct sp_config *config, struct sp_policies *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
/* One of them, as a tenant names it: from `dir`, or the shipped one when that is empty. Its tests are not run. */
enum sp_err sp_policies_open(const char *dir, const char *name, struct sp_policy *out,
                             struct sp_where *out_where) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

void sp_policies_done(struct sp_policies *policies) SP_NONNULL(1);

/* NULL when there is none of this name. */
const struct sp_policy_in_force *sp_policies_find(const struct sp_policies *policies,
                                                  struct sp_slice name) SP_NONNULL(1);

#endif
