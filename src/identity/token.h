/*
 * token - gateway tokens: `sp_live_<id>_<secret>_<check>`, made once, kept as digests only.
 *
 * Runs in: admit (reads), supervisor and commands (make).   Input: hostile.   Allocates: through the caller's buffer.
 * The secret is 43 characters of 62, drawn evenly: over 256 bits. The check is a CRC-32 of all before it, so that
 * secret scanners can tell a leaked token from a look-alike without asking anybody. It protects nothing.
 */
#ifndef SP_IDENTITY_TOKEN_H
#define SP_IDENTITY_TOKEN_H

#include "base/buf.h"

#define SP_TOKEN_PREFIX       "sp_live_"
#define SP_TOKEN_ID_MAX       ((size_t)32)
#define SP_TOKEN_SECRET_CHARS ((size_t)43)
#define SP_TOKEN_CHECK_CHARS  ((size_t)6)
#define SP_TOKEN_BYTES_MAX                                                                         \
    ((size_t)8 + SP_TOKEN_ID_MAX + 1 + SP_TOKEN_SECRET_CHARS + 1 + SP_TOKEN_CHECK_CHARS)
#define SP_TOKEN_DIGEST_BYTES ((size_t)32)

/* A token taken apart; borrowed from its text. */
struct sp_token {
    struct sp_slice id; /* names the token in lists and in the log; not secret */
    struct sp_slice secret;
};

/* SP_ERR_INVALID unless `id` is 1 to SP_TOKEN_ID_MAX of a-z, 0-9 and `-`. */
enum sp_err sp_token_id_check(struct sp_slice id) SP_MUST_CHECK;

/* Appends a new token of this id. The caller wipes the buffer. */
enum sp_err sp_token_make(struct sp_slice id, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* Takes a whole text apart; SP_ERR_INVALID for anything that sp_token_make does not write. */
enum sp_err sp_token_parse(struct sp_slice text, struct sp_token *out) SP_MUST_CHECK SP_NONNULL(2);

/* SHA-256 of the secret part: all that is ever stored. */
enum sp_err sp_token_digest(const struct sp_token *token, uint8_t out[SP_TOKEN_DIGEST_BYTES])
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
