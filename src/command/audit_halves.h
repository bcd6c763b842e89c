/*
 * audit_halves - a log verified by two processes at once: one looks at the entries, the other at hashes and signatures.
 *
 * Runs in: commands.   Input: hostile (a log of anybody).   Allocates: as verify_log.h, and what the halves tell.
 */
#ifndef SP_COMMAND_AUDIT_HALVES_H
#define SP_COMMAND_AUDIT_HALVES_H

#include "audit/verify_log.h"

/* As sp_log_verify does it, and with the same result: but the problems of the entries are told behind the others. */
enum sp_err sp_audit_verify_halves(const struct sp_log_verify *options, struct sp_log_verified *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
