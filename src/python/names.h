/*
 * names - what a name of the program must hold: `m = "os"`, `for m in ("a", "b")`, `def f(): ...`.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Facts follow names without regard to order and scope. Here one name is followed with regard to both, in a walk over the
 * tokens: it must be bound in one place of the source only, to constants, where it is used surely before. A name for which
 * anything else is seen is not known.
 */
#ifndef SP_PYTHON_NAMES_H
#define SP_PYTHON_NAMES_H

#include "python/facts.h"

/*
 * Whether a rule may speak of a name. A name with too many meanings is lost, which denies; meanings in which no such name
 * stands are forgotten instead. Without a function every name is one.
 */
typedef bool sp_facts_word_fn(const void *context, struct sp_slice name);
void sp_facts_heed(struct sp_facts *facts, sp_facts_word_fn *is_word, const void *context)
    SP_NONNULL(1);

#define SP_NAMES_VALUES_MAX 16u

struct sp_name_values {
    unsigned count;
    struct sp_const value[SP_NAMES_VALUES_MAX];
};

/* False when the name may hold something else, or the walks of this scan are used up. Texts last until the next scan. */
bool sp_names_values(struct sp_facts *facts, const struct sp_ref *use, struct sp_name_values *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Whether the name surely stands for a function of this source: `def f():` without a decorator, or `f = lambda: ...`. */
bool sp_names_is_function(struct sp_facts *facts, const struct sp_ref *use)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The constant that an expression makes. */
bool sp_names_constant(struct sp_facts *facts, const struct sp_span *span, struct sp_const *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
