/*
 * scopes - whether a name surely is the program's own where it is used: `def f(vars): return vars`.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Facts follow names without regard to scope. A name that the source binds somewhere may still be Python's own, or that of
 * an earlier run, somewhere else. Here one use is looked at in a walk over the tokens: it is the program's own when it is
 * local to a function, lambda or comprehension around it, or when a statement of the module that surely ran before has bound it.
 * Whatever is not sure is not the program's own.
 */
#ifndef SP_PYTHON_SCOPES_H
#define SP_PYTHON_SCOPES_H

#include "python/facts.h"

/* False as well when the walks of this scan are used up. `use` is a reference whose root is a name. */
bool sp_scopes_is_own(struct sp_facts *facts, const struct sp_ref *use) SP_NONNULL(1, 2);

#endif
