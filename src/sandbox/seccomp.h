/*
 * seccomp - turns a profile's table into a filter of the kernel and enters it.
 *
 * Runs in: every role, last step of its confinement.   Allocates: while the filter is built.
 */
#ifndef SP_SANDBOX_SECCOMP_H
#define SP_SANDBOX_SECCOMP_H

#include "base/buf.h"
#include "sandbox/profile.h"

#define SP_FILTER_BYTES_MAX ((size_t)64 * 1024)

/* What a call outside the table does: "kill", "log" in builds for sanitizers, "errno" for wide profiles. */
const char *sp_seccomp_default_name(const struct sp_profile *profile) SP_NONNULL(1);

/* The number of a system call on this machine, negative when it has none of that name. */
int sp_seccomp_number(const char *call) SP_NONNULL(1);

/* Enters the filter for good; no_new_privs must be set. `*out_rows` counts the rows that this machine knows. */
enum sp_err sp_seccomp_enter(const struct sp_profile *profile, unsigned *out_rows)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/*
 * Appends the filter that a table makes, as the kernel takes it (an array of struct sock_filter), without entering it:
 * for processes that are forked many times. A call outside the table, also of another machine, answers `otherwise`.
 */
enum sp_err sp_seccomp_export(const struct sp_calls *calls, int otherwise, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
