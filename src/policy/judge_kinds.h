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

/* ---- objects that lead further ---- */

/* An attribute that gives what an exception was about, in code that names a guarded module. */
bool judge_exposes(struct sp_judge *j, struct sp_slice attribute) SP_NONNULL(1);
/* The reference that begins at this offset, or SP_FACTS_NONE. */
uint32_t judge_ref_at(const struct sp_judge *j, uint32_t at) SP_NONNULL(1);
/* What a computed name fetches is called at once: `[k](x)` at this offset, or behind the call that opens there. */
bool judge_calls_computed(const struct sp_judge *j, uint32_t at) SP_NONNULL(1);
bool judge_calls_computed_of(const struct sp_judge *j, uint32_t at) SP_NONNULL(1);
/* Segment `index` of the reference is a __dict__ that may be that of the class of all classes. */
bool judge_names_of_class(const struct sp_judge *j, const struct sp_ref *ref, unsigned index)
    SP_NONNULL(1, 2);
/* The last segment may be a guarded module inside one that is about as a value. */
bool judge_leads_to_module(struct sp_judge *j, const struct sp_ref *ref) SP_NONNULL(1, 2);
/* The reference is all of a line. */
bool judge_is_result(const struct sp_judge *j, const struct sp_ref *ref) SP_NONNULL(1, 2);

#endif
