/*
 * python - the embedded CPython: started once in the template, put right in each session, asked to run cells.
 *
 * Runs in: the template and the interpreters.   Input: tenants' code.   Allocates: as Python does.
 * Only python.c includes CPython. What comes back from it is read as hostile: types, numbers and lengths are checked.
 */
#ifndef SP_SESSION_PYTHON_H
#define SP_SESSION_PYTHON_H

#include "base/buf.h"
#include "wire/session_frame.h"

/* Starts the interpreter and imports `preload` (comma-separated); what cannot be imported is written to standard error. */
enum sp_err sp_python_start(const char *preload) SP_MUST_CHECK SP_NONNULL(1);

/* Tells libraries that they cannot start processes, so that they do without. */
enum sp_err sp_python_without_processes(void) SP_MUST_CHECK;

/* "name version" lines of the interpreter and the installed packages. */
enum sp_err sp_python_packages(struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1);

/* The last act of the template before its first fork: collects garbage and freezes what is left. */
enum sp_err sp_python_freeze(void) SP_MUST_CHECK;

/* Around the fork() that makes an interpreter. sp_python_awake also reseeds everything random. */
void sp_python_before_fork(void);
enum sp_err sp_python_awake(void) SP_MUST_CHECK;

/* After a session said that it is ready: a cell of its own, so that the first of the tenant finds everything touched. */
enum sp_err sp_python_settle(void) SP_MUST_CHECK;

/* Takes one piece of what a cell showed. */
typedef enum sp_err sp_python_item_fn(void *ctx, const struct sp_frame *item);

/* Runs one cell; each item goes to `fn` with group, role, kind and bytes of any length. */
enum sp_cell_end sp_python_run(struct sp_slice code, sp_python_item_fn *fn, void *ctx)
    SP_NONNULL(2);

/* Between runs: what the last one left behind answers for none that follows. */
void sp_python_rest(void);

/* Lets Python's other threads run while this one waits; forgets an interrupt that came between runs. */
void *sp_python_unlock(void) SP_MUST_CHECK;
void sp_python_lock(void *state) SP_NONNULL(1);

#endif
