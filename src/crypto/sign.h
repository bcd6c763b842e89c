/*
 * sign - Ed25519 signatures (RFC 8032) over whole messages.
 *
 * Runs in: audit (signs), commands (verify).   Input: verifying takes anything.   Allocates: once a key, once a call.
 * Keys are made from their 32-byte forms; nothing is looked up and no file is opened after sp_hash_start.
 */
#ifndef SP_CRYPTO_SIGN_H
#define SP_CRYPTO_SIGN_H

#include "base/err.h"
#include "base/slice.h"

#define SP_SIGN_SEED_BYTES   ((size_t)32)
#define SP_SIGN_PUBLIC_BYTES ((size_t)32)
#define SP_SIGN_BYTES        ((size_t)64)

struct sp_sign_key;

/* The private key of a seed; the caller wipes its own copy. */
enum sp_err sp_sign_key_new(const uint8_t seed[SP_SIGN_SEED_BYTES], struct sp_sign_key **out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* A public key, that can only verify. */
enum sp_err sp_sign_key_public(const uint8_t bytes[SP_SIGN_PUBLIC_BYTES], struct sp_sign_key **out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_sign_key_free(struct sp_sign_key *key);
void sp_sign_key_free_cleanup(struct sp_sign_key **key);
#define SP_AUTO_SIGN_KEY SP_CLEANUP(sp_sign_key_free_cleanup)

/* The public part; the signature over a message (Ed25519, RFC 8032). */
enum sp_err sp_sign_public(const struct sp_sign_key *key, uint8_t out[SP_SIGN_PUBLIC_BYTES])
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_sign(struct sp_sign_key *key, struct sp_slice message, uint8_t out[SP_SIGN_BYTES])
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* SP_ERR_INVALID for a signature that is not this key's over this message. */
enum sp_err sp_sign_verify(struct sp_sign_key *key, struct sp_slice message,
                           struct sp_slice signature) SP_MUST_CHECK SP_NONNULL(1);

#endif
