/*
 * veil - names that identify a tenant, as keyed digests: who has the tenant's key finds them, and without it nobody does.
 *
 * Runs in: admit, supervisor, commands.   Input: anything.   Allocates: per call.
 * A form is "keyed:" and the first 16 bytes, in hexadecimal, of HMAC-SHA256 under the tenant's key over the kind of name
 * and the name, each behind its length. The same name of the same tenant has the same form, so entries can be counted and
 * searched; once the key is destroyed no form leads back to a name, nor can one be made.
 */
#ifndef SP_IDENTITY_VEIL_H
#define SP_IDENTITY_VEIL_H

#include "base/err.h"
#include "base/slice.h"

#define SP_VEIL_KEY_BYTES ((size_t)32)
#define SP_VEIL_CHARS     ((size_t)38)

enum sp_veil { SP_VEIL_TENANT, SP_VEIL_PRINCIPAL, SP_VEIL_SOURCE, SP_VEIL_SESSION };

/* Writes the form and a NUL; that of an empty name is empty. SP_ERR_INVALID for a key of another length. */
enum sp_err sp_veil_text(struct sp_slice key, enum sp_veil which, struct sp_slice name,
                         char out[SP_VEIL_CHARS + 1]) SP_MUST_CHECK SP_NONNULL(4);

#endif
