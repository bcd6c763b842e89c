/*
 * assertion - the signed text by which a client with a certificate asks for a token (RFC 7523, section 2.2).
 *
 * Runs in: token.   Input: trusted.   Allocates: through the caller's buffer.
 */
#ifndef SP_TOKEN_ASSERTION_H
#define SP_TOKEN_ASSERTION_H

#include "base/buf.h"
#include "crypto/signer.h"

/* How long one is good for. */
#define SP_ASSERTION_LIFE_S ((uint64_t)600)

/* Appends header.claims.signature: PS256 with x5t#S256; aud is the token endpoint, iss and sub the client. */
enum sp_err sp_assertion_make(const struct sp_signer *signer, struct sp_slice audience,
                              struct sp_slice client_id, uint64_t wall_s, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 5);

#endif
