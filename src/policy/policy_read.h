/*
 * policy_read - the keys of a policy file; nobody outside this folder includes this.
 *
 * Runs in: supervisor, inspect, commands.   Input: the operator's files.   Allocates: in the policy.
 */
#ifndef SP_POLICY_POLICY_READ_H
#define SP_POLICY_POLICY_READ_H

#include "codec/toml.h"
#include "policy/policy.h"

enum sp_err sp_rule_from_name(struct sp_slice name, enum sp_rule *out) SP_MUST_CHECK SP_NONNULL(2);

/* Lays one file over what is there. Name and tests count only in the file that was asked for (`is_own`). */
enum sp_err sp_policy_read(struct sp_policy *p, const struct sp_toml_value *root, bool is_own,
                           struct sp_where *where) SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
