/*
 * witness - counts what a cell does, by capability, through CPython's audit events (PEP 578).
 *
 * Runs in: the template (hook), the interpreters (count), init (reads).   Input: events of tenants' code.
 * Allocates: one shared page a session.
 * A witness, not a wall: native code can take the hook out or write the page. That the hook still hears is proved by a
 * probe at the end of each run, which a removed hook does not count.
 */
#ifndef SP_SESSION_WITNESS_H
#define SP_SESSION_WITNESS_H

#include <stdbool.h>

#include "base/err.h"
#include "wire/session_act.h"
#include "wire/session_frame.h"

/* Shared between the interpreter, which writes, and init, which reads and empties it. */
struct sp_witness_page {
    uint32_t probes;
    uint32_t denied; /* bits of the capabilities that were refused */
    uint32_t counts[SP_ACT_COUNT];
};

/* Before the interpreter starts, so before any code of anyone. */
enum sp_err sp_witness_hook(void) SP_MUST_CHECK;

/* In the interpreter: events count from here to sp_witness_end; those of `denied` capabilities (bits) raise. */
void sp_witness_begin(struct sp_witness_page *page, uint32_t denied);
void sp_witness_end(void);

/* In the interpreter: notes that something of this capability was refused. */
void sp_witness_refused(enum sp_act capability);

/* In init: forgets the last run; puts what was seen as the bytes of a WITNESS frame. */
void sp_witness_clear(struct sp_witness_page *page) SP_NONNULL(1);
enum sp_err sp_witness_put(const struct sp_witness_page *page, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
