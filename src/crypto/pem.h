/*
 * pem - what the readers of certificates, keys and lists in PEM form (RFC 7468) share.
 *
 * Runs in: door, relay, token.   Input: files of the configuration.   Allocates: one BIO a text.
 */
#ifndef SP_CRYPTO_PEM_H
#define SP_CRYPTO_PEM_H

#include <openssl/bio.h>

#include "base/err.h"
#include "base/own.h"
#include "base/slice.h"

/* Reads over the text, which must live as long. NULL for no text, too much of it, or no memory. */
BIO *sp_pem_open(struct sp_slice pem) SP_MUST_CHECK;

void sp_pem_close(BIO **bio);
#define SP_AUTO_PEM SP_CLEANUP(sp_pem_close)

/* The password callback of OpenSSL that knows none: nobody is there who could type it. */
int sp_pem_no_password(char *out, int size, int is_for_writing, void *ctx);

/* Says why, forgets what OpenSSL noted of it, and is SP_ERR_CONFIG. `why` is a literal. */
enum sp_err sp_pem_fail(const char **out_why, const char *why) SP_NONNULL(1, 2);

#endif
