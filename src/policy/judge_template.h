/*
 * judge_template - templates of Jinja, which are programs of a language of their own.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: never.
 */
#ifndef SP_POLICY_JUDGE_TEMPLATE_H
#define SP_POLICY_JUDGE_TEMPLATE_H

#include "policy/judge_inner.h"

/* A function that makes a template of a text: harmless where the text is known and only shows values. */
void judge_template(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                    struct sp_slice callee) SP_NONNULL(1, 2);
/* `environment.from_string(text)`: true when that is what the reference is, and all was said. */
bool judge_template_method(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
    SP_NONNULL(1, 2, 3);

#endif
