/*
 * session - the name under which a pool knows a tenant's session: a keyed hash.
 *
 * Runs in: admit.   Input: hostile (the identifier).   Allocates: a context and a small buffer.
 * HMAC-SHA256 over the length-prefixed tenant, policy epoch and identifier: no tenant can name another's session, and
 * state made under an earlier policy epoch is out of reach. The identifier is the decoded one, so that all spellings
 * of a name are one.
 */
#ifndef SP_IDENTITY_SESSION_H
#define SP_IDENTITY_SESSION_H

#include "base/err.h"
#include "base/slice.h"

#define SP_SESSION_KEY_BYTES  ((size_t)32)
#define SP_SESSION_NAME_CHARS ((size_t)64)

struct sp_session_namer;

/* Copies the key (SP_SESSION_KEY_BYTES or SP_ERR_INVALID); the caller wipes its own. */
enum sp_err sp_session_namer_new(struct sp_slice key, struct sp_session_namer **out)
    SP_MUST_CHECK SP_NONNULL(2);
void sp_session_namer_free(struct sp_session_namer *namer);

/* Writes SP_SESSION_NAME_CHARS lower-case hexadecimal characters and a NUL. */
enum sp_err sp_session_name(struct sp_session_namer *namer, struct sp_slice tenant,
                            uint64_t policy_epoch, struct sp_slice identifier,
                            char out[SP_SESSION_NAME_CHARS + 1]) SP_MUST_CHECK SP_NONNULL(1, 5);

/*
 * A number for the tenant, under the same key: what an embedded pool is told so that sessions of two tenants never come
 * from one template. It is below 2^63.
 */
enum sp_err sp_session_template_key(struct sp_session_namer *namer, struct sp_slice tenant,
                                    uint64_t *out) SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
