/*
 * profile_session - the system calls of a session, as a table with a reason on every row.
 *
 * Runs in: the program sallyport-session.   Allocates: while building.
 * Harmless code is never killed: a call outside the table answers ENOSYS, one that is refused on purpose answers the
 * errno of its row. Built once in the template, loaded in each session.
 */
#ifndef SP_SANDBOX_PROFILE_SESSION_H
#define SP_SANDBOX_PROFILE_SESSION_H

#include "base/buf.h"
#include "sandbox/seccomp.h"

/* Appends the filter as the kernel takes it (an array of struct sock_filter). */
enum sp_err sp_session_filter_build(struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1);

/* Puts a built filter on this process for good; no_new_privs must be set. No allocation, no libseccomp. */
enum sp_err sp_session_filter_load(struct sp_slice filter) SP_MUST_CHECK;

#endif
