/*
 * widen - whether one policy allows all that another allowed, as far as that can be proved.
 *
 * Runs in: supervisor.   Allocates: two texts.
 * State that was made under the earlier policy stays in reach under the later one only if this is so. What cannot be
 * proved rule by rule is taken for a narrowing.
 */
#ifndef SP_POLICY_WIDEN_H
#define SP_POLICY_WIDEN_H

#include "policy/policy.h"

/* `*out` is true when every submission that `from` allows is surely allowed by `to`. */
enum sp_err sp_policy_is_widening(const struct sp_policy *from, const struct sp_policy *to,
                                  bool *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* The same of two resolved texts (sp_policy_print). Texts made with different tables of capabilities prove nothing. */
enum sp_err sp_policy_texts_widen(struct sp_slice from, struct sp_slice to, bool *out)
    SP_MUST_CHECK SP_NONNULL(3);

#endif
