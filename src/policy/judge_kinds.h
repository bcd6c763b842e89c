/*
 * judge_kinds - functions whose arguments say what a call does; for the files of judge, nobody else includes this.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: once.
 */
#ifndef SP_POLICY_JUDGE_KINDS_H
#define SP_POLICY_JUDGE_KINDS_H

#include "policy/judge.h"

struct sp_call;
struct sp_judge;
struct sp_ref;

/* Functions whose arguments are looked at. */
enum judge_special {
    JUDGE_ORDINARY,
    JUDGE_IMPORTER,
    JUDGE_GETTER_SECOND, /* the name of the attribute is the second argument */
    JUDGE_GETTER_FIRST,
    JUDGE_EVALUATES, /* the first argument may be code */
    JUDGE_EVALUATES_SECOND,
    JUDGE_TEMPLATE,
    JUDGE_HELP,
    JUDGE_BACKEND,
    JUDGE_ANNOTATES,   /* texts in annotations are evaluated */
    JUDGE_TARGET,      /* the first argument is the dotted name of something that is reached */
    JUDGE_TARGET_TEXT, /* ... when it is a text */
    JUDGE_TIMES,       /* two arguments may be code, under their names too */
};

/* timeit.timeit and its like. */
void judge_timed(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                 struct sp_slice path) SP_NONNULL(1, 2);

/* Names that a cell gives to what could not be recognised under them in later runs. */
void judge_renamed(struct sp_judge *j) SP_NONNULL(1);
/* `import_module(x)`, with the import in an earlier run: the path that the lone name most likely stands for. */
struct sp_slice judge_earlier(struct sp_slice name);
enum sp_err judge_learn_earlier(struct sp_judge *j) SP_MUST_CHECK SP_NONNULL(1);

#endif
