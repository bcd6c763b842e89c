/*
 * jwk - public keys as JSON (RFC 7517, RFC 7518, RFC 8037), read strictly, and sets of them.
 *
 * Runs in: admit.   Input: an issuer's documents, fetched over the network.   Allocates: in proportion, bounded.
 * A key may be used for the algorithms that its type, its curve and its own `alg`, `use` and `key_ops` all allow, and for
 * no other: whoever writes a token does not choose. Symmetric keys are never read.
 */
#ifndef SP_IDENTITY_JWK_H
#define SP_IDENTITY_JWK_H

#include "codec/json.h"
#include "crypto/pubkey.h"

#define SP_JWK_KID_MAX    ((size_t)256)
#define SP_JWK_ISSUER_MAX ((size_t)256)
#define SP_JWKS_BYTES_MAX ((size_t)512 * 1024)
#define SP_JWKS_KEYS_MAX  ((size_t)256)

struct sp_jwk {
    struct sp_pubkey *key;
    unsigned algs; /* bits 1 << enum sp_jose */
    bool has_kid;
    char *kid;
    size_t kid_len;
    char *issuer; /* Entra writes whose keys they are; NULL elsewhere */
};

/*
 * One key. SP_ERR_UNSUPPORTED for a type, curve or use that is not ours, SP_ERR_INVALID for members that are missing or
 * wrong, SP_ERR_RANGE for an RSA key that is too short, too long, or has an exponent that is too long.
 */
enum sp_err sp_jwk_read(const struct sp_json_value *object, struct sp_jwk *out)
    SP_MUST_CHECK SP_NONNULL(2);
void sp_jwk_done(struct sp_jwk *jwk) SP_NONNULL(1);

/* The same from text: nothing but one object. SP_ERR_JSON and its like for what is no JSON. */
enum sp_err sp_jwk_parse(struct sp_slice text, struct sp_jwk *out) SP_MUST_CHECK SP_NONNULL(2);

struct sp_jwks {
    struct sp_jwk *keys;
    size_t count;
    size_t skipped; /* keys that are not ours to use, which RFC 7517 wants to be passed over */
};

/* A set. SP_ERR_NOT_FOUND when none of its keys can be used; otherwise as for any JSON. */
enum sp_err sp_jwks_parse(struct sp_slice text, struct sp_jwks *out) SP_MUST_CHECK SP_NONNULL(2);
void sp_jwks_done(struct sp_jwks *jwks) SP_NONNULL(1);

/*
 * The next key, from `*at` on, that a token with this algorithm and key id may have been signed by; NULL when there is
 * none. A token without an id matches only when exactly one key of the set fits.
 */
const struct sp_jwk *sp_jwks_next(const struct sp_jwks *jwks, enum sp_jose alg, bool has_kid,
                                  struct sp_slice kid, size_t *at) SP_NONNULL(1, 5);

#endif
