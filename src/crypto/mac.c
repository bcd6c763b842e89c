#include "crypto/mac.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

struct sp_mac {
    EVP_MAC_CTX *ctx; /* holds the key; a start without one begins a new message under it */
};

static enum sp_err start(struct sp_mac *mac, struct sp_slice key)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (hmac == NULL) {
        return SP_ERR_CRYPTO;
    }
    mac->ctx = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac); /* the context keeps its own reference */
    if (mac->ctx == NULL || EVP_MAC_init(mac->ctx, key.ptr, key.len, params) != 1) {
        return SP_ERR_CRYPTO;
    }
    return SP_OK;
}

enum sp_err sp_mac_new(struct sp_slice key, struct sp_mac **out)
{
    if (key.len < SP_MAC_KEY_BYTES_MIN) {
        return SP_ERR_INVALID;
    }
    struct sp_mac *mac = calloc(1, sizeof(*mac));
    if (mac == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = start(mac, key);
    if (err != SP_OK) {
        sp_mac_free(mac);
        return err;
    }
    *out = mac;
    return SP_OK;
}

void sp_mac_free(struct sp_mac *mac)
{
    if (mac != NULL) {
        EVP_MAC_CTX_free(mac->ctx);
        free(mac);
    }
}

enum sp_err sp_mac_tag(struct sp_mac *mac, struct sp_slice message, uint8_t out[SP_MAC_BYTES])
{
    size_t len = 0;
    if (EVP_MAC_init(mac->ctx, NULL, 0, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    if (message.len > 0 && EVP_MAC_update(mac->ctx, message.ptr, message.len) != 1) {
        return SP_ERR_CRYPTO;
    }
    if (EVP_MAC_final(mac->ctx, out, &len, SP_MAC_BYTES) != 1 || len != SP_MAC_BYTES) {
        return SP_ERR_CRYPTO;
    }
    return SP_OK;
}
