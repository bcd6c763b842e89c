/*
 * policy_inner - what the files of `sallyport policy` share; nobody else includes this.
 *
 * Runs in: the process that a person starts.   Input: policy files.   Allocates: with them.
 * Each answers with an exit status and says on stderr what went wrong.
 */
#ifndef SP_COMMAND_POLICY_INNER_H
#define SP_COMMAND_POLICY_INNER_H

#include "policy/upload.h"

struct policy_desk {
    bool has_color;
    struct sp_table table;
    struct sp_judge *judge;
    struct sp_upload *upload;
    struct sp_judgement *judgement;
};

int policy_desk_init(struct policy_desk *desk, bool has_color) SP_NONNULL(1);
void policy_desk_done(struct policy_desk *desk) SP_NONNULL(1);

/* Loads a policy; SP_EXIT_USAGE with file:line:column on stderr. */
int policy_open(const char *name, struct sp_policy *out) SP_NONNULL(1, 2);

/* One line with the beginning of an example. */
void policy_show_example(const struct sp_policy_test *test) SP_NONNULL(1);

int policy_list_one(struct policy_desk *desk, const char *name) SP_NONNULL(1, 2);
int policy_show(struct policy_desk *desk, const char *name) SP_NONNULL(1, 2);
int policy_test_one(struct policy_desk *desk, const char *name) SP_NONNULL(1, 2);
int policy_diff(struct policy_desk *desk, const char *a, const char *b) SP_NONNULL(1, 2, 3);

#endif
