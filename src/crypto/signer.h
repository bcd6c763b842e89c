/*
 * signer - signs with the key of a certificate: the assertions by which we show an identity provider who we are.
 *
 * Runs in: token.   Input: trusted (our own PEM).   Allocates: by OpenSSL, one object.
 */
#ifndef SP_CRYPTO_SIGNER_H
#define SP_CRYPTO_SIGNER_H

#include "base/buf.h"
#include "crypto/hash.h"

struct sp_signer;

/* One text with the certificate and its RSA key, in any order. On SP_ERR_CONFIG `*out_why` is a fixed text. */
enum sp_err sp_signer_new(struct sp_slice pem, const char **out_why, struct sp_signer **out)
    SP_MUST_CHECK SP_NONNULL(2, 3);
void sp_signer_free(struct sp_signer *signer);

/* SHA-256 of the certificate's DER form (RFC 7515, section 4.1.8). */
enum sp_err sp_signer_thumbprint(const struct sp_signer *signer, uint8_t out[SP_SHA256_BYTES])
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends the RSASSA-PSS signature with SHA-256 and a salt as long as the digest (PS256; RFC 7518, section 3.5). */
enum sp_err sp_signer_ps256(const struct sp_signer *signer, struct sp_slice text,
                            struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
