/*
 * guard - the session's own functions in Python, kept as they were: a run that replaces them does not answer for the next.
 *
 * Runs in: the template (sp_guard_take), the interpreters.   Input: whatever a tenant's code left behind.
 * Allocates: copies of a few dictionaries, once.
 *
 * What a run does to the interpreter through native code, or goes on doing in a thread, is not undone: a session is one
 * interpreter, and bounded by its sandbox.
 */
#ifndef SP_SESSION_GUARD_H
#define SP_SESSION_GUARD_H

#include "base/err.h"

/*
 * Remembers the names in a module's dictionary and in the builtins it has for itself, the code of its functions, and the
 * classes in its tuple `_GUARDED`. Names that begin with "_cell" may change.
 */
enum sp_err sp_guard_take(void *module) SP_MUST_CHECK SP_NONNULL(1);

/*
 * Puts back what is not as it was, and ends tracing, profiling, audit hooks that were added in Python and callbacks of the
 * collector. Nothing is written when nothing has changed.
 */
void sp_guard_restore(void);

#endif
