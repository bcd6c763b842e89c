/*
 * tls_context - what the two halves of tls.c share.
 *
 * Runs in: as tls.h.   Only tls_context.c and tls.c include this.
 */
#ifndef SP_CRYPTO_TLS_CONTEXT_H
#define SP_CRYPTO_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "crypto/tls.h"

struct sp_tls_context {
    SSL_CTX *ssl;
    bool is_server;
};

#endif
