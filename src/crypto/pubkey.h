/*
 * pubkey - public keys given as numbers, and whether a signature of JOSE (RFC 7518, RFC 8037) is theirs.
 *
 * Runs in: admit.   Input: hostile (signatures); an issuer's (keys).   Allocates: once a key, and a little a signature.
 * Everything that could be looked up by name is looked up when the key is made. No algorithm is chosen by the key's
 * bytes or by the signature: the caller names it, and a key of another kind refuses.
 */
#ifndef SP_CRYPTO_PUBKEY_H
#define SP_CRYPTO_PUBKEY_H

#include "base/err.h"
#include "base/slice.h"

#define SP_PUBKEY_RSA_BITS_MIN 2048U
#define SP_PUBKEY_RSA_BITS_MAX 8192U
#define SP_PUBKEY_RSA_E_BYTES_MAX                                                                  \
    ((size_t)4) /* longer exponents only cost time, and are a way to cost a lot of it */

/* The longest signature of any kind: that of the largest RSA key. */
#define SP_PUBKEY_SIGNATURE_MAX ((size_t)SP_PUBKEY_RSA_BITS_MAX / 8)

enum sp_pubkey_kind {
    SP_PUBKEY_RSA,
    SP_PUBKEY_P256,
    SP_PUBKEY_P384,
    SP_PUBKEY_ED25519,
    SP_PUBKEY_ED448,
    SP_PUBKEY_COUNT
};

/* The five algorithms of ours, by their names in JOSE. */
#define SP_JOSE_LIST(X)                                                                            \
    X(SP_JOSE_RS256, "RS256")                                                                      \
    X(SP_JOSE_PS256, "PS256")                                                                      \
    X(SP_JOSE_ES256, "ES256")                                                                      \
    X(SP_JOSE_ES384, "ES384")                                                                      \
    X(SP_JOSE_EDDSA, "EdDSA")

enum sp_jose {
#define SP_JOSE_AS_ENUM(alg, name) alg,
    SP_JOSE_LIST(SP_JOSE_AS_ENUM)
#undef SP_JOSE_AS_ENUM
        SP_JOSE_COUNT
};

/* SP_ERR_UNSUPPORTED for any other name: `none`, the symmetric ones, spellings in another case. */
enum sp_err sp_jose_from_name(struct sp_slice name, enum sp_jose *out) SP_MUST_CHECK SP_NONNULL(2);
const char *sp_jose_name(enum sp_jose alg);

/* Whether a key of this kind can have made a signature of this algorithm. */
bool sp_jose_fits(enum sp_jose alg, enum sp_pubkey_kind kind);

struct sp_pubkey;

/*
 * Modulus and exponent, big-endian without leading zeros. SP_ERR_INVALID for numbers that no RSA key has and for keys that
 * are known to be weak by their form, SP_ERR_RANGE for a modulus outside of the bounds above or a longer exponent.
 */
enum sp_err sp_pubkey_rsa(struct sp_slice n, struct sp_slice e, struct sp_pubkey **out)
    SP_MUST_CHECK SP_NONNULL(3);

/* Coordinates of full length; SP_ERR_INVALID for another length, and for a point that is not on the curve. */
enum sp_err sp_pubkey_ec(enum sp_pubkey_kind curve, struct sp_slice x, struct sp_slice y,
                         struct sp_pubkey **out) SP_MUST_CHECK SP_NONNULL(4);

/* The 32 or 57 bytes of an Edwards key; SP_ERR_INVALID for another length. */
enum sp_err sp_pubkey_edwards(enum sp_pubkey_kind curve, struct sp_slice x, struct sp_pubkey **out)
    SP_MUST_CHECK SP_NONNULL(3);

void sp_pubkey_free(struct sp_pubkey *key);

enum sp_pubkey_kind sp_pubkey_kind(const struct sp_pubkey *key) SP_NONNULL(1);

/* SP_OK for a signature of these bytes by this key; SP_ERR_INVALID for every other one, and for one of a length that
 * the algorithm does not have. */
enum sp_err sp_pubkey_verify(struct sp_pubkey *key, enum sp_jose alg, struct sp_slice bytes,
                             struct sp_slice signature) SP_MUST_CHECK SP_NONNULL(1);

#endif
