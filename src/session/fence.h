/*
 * fence - code from a place that the session can write to is loaded only if its very bytes were approved.
 *
 * Runs in: the template (hook), the interpreters.   Input: events and files of tenants' code.   Allocates: as Python does.
 * A fence against careless code, not a wall: native code gets around it. What is compiled is what is digested, so that a
 * file that changes in between gains nothing.
 */
#ifndef SP_SESSION_FENCE_H
#define SP_SESSION_FENCE_H

#include "base/err.h"
#include "base/slice.h"

struct sp_approved;

/* Before the interpreter starts: files that are opened as code go through here. */
enum sp_err sp_fence_hook(void) SP_MUST_CHECK;

/* From here on, only code in `approved` is loaded from open places; NULL lets everything through. */
void sp_fence_begin(const struct sp_approved *approved);

/*
 * Hears every audit event; `args` is its tuple. SP_ERR_DENIED with a Python exception set when the code behind it was not
 * approved.
 */
enum sp_err sp_fence_event(struct sp_slice event, void *args) SP_MUST_CHECK SP_NONNULL(2);

#endif
