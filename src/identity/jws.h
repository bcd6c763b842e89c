/*
 * jws - a signed token in compact form (RFC 7515): taken apart strictly, and checked with one key.
 *
 * Runs in: admit.   Input: hostile.   Allocates: in proportion to the token, bounded.
 * Refused whatever the signature: algorithms that are not ours (`none` and the symmetric ones above all), `crit`, `b64`,
 * keys that come with the token or a place to get them from (`jwk`, `jku`, `x5u`, `x5c`), names given twice, and any
 * spelling in base64url that is not the only one.
 */
#ifndef SP_IDENTITY_JWS_H
#define SP_IDENTITY_JWS_H

#include "identity/jwk.h"

#define SP_JWS_BYTES_MAX  ((size_t)16 * 1024)
#define SP_JWS_HEADER_MAX ((size_t)4 * 1024)

struct sp_jws {
    enum sp_jose alg;
    bool has_kid;
    struct sp_slice kid;          /* in `header` */
    struct sp_slice typ;          /* empty when there is none */
    struct sp_slice signed_part;  /* header and payload with the dot between, in the token */
    struct sp_slice payload_text; /* in the token */
    struct sp_buf signature;
    struct sp_json *header;
};

/*
 * Takes a token apart; it must outlive `out`. SP_ERR_INVALID for anything that is not one, SP_ERR_UNSUPPORTED for an
 * algorithm that is not ours, SP_ERR_TOO_BIG, SP_ERR_NOMEM.
 */
enum sp_err sp_jws_parse(struct sp_slice token, struct sp_jws *out) SP_MUST_CHECK SP_NONNULL(2);
void sp_jws_done(struct sp_jws *jws) SP_NONNULL(1);
#define SP_AUTO_JWS SP_CLEANUP(sp_jws_done)

/* Appends the payload; SP_ERR_INVALID when it is not base64url. */
enum sp_err sp_jws_payload(const struct sp_jws *jws, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Whether this key signed it, and may have with this algorithm; SP_ERR_INVALID when not. Key ids are not looked at. */
enum sp_err sp_jws_verify(const struct sp_jws *jws, const struct sp_jwk *jwk)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
