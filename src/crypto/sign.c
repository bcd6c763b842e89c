#include "crypto/sign.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

struct sp_sign_key {
    EVP_PKEY *pkey;
    EVP_MD_CTX *ctx; /* begun anew for every message */
};

static enum sp_err finish(EVP_PKEY *take_pkey, struct sp_sign_key **out)
{
    struct sp_sign_key *key = calloc(1, sizeof(*key));
    if (key == NULL) {
        EVP_PKEY_free(take_pkey);
        return SP_ERR_NOMEM;
    }
    key->pkey = take_pkey;
    key->ctx = EVP_MD_CTX_new();
    if (key->pkey == NULL || key->ctx == NULL) {
        sp_sign_key_free(key);
        return SP_ERR_CRYPTO;
    }
    *out = key;
    return SP_OK;
}

enum sp_err sp_sign_key_new(const uint8_t seed[SP_SIGN_SEED_BYTES], struct sp_sign_key **out)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    return finish(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SP_SIGN_SEED_BYTES),
                  out);
}

enum sp_err sp_sign_key_public(const uint8_t bytes[SP_SIGN_PUBLIC_BYTES], struct sp_sign_key **out)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    return finish(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, SP_SIGN_PUBLIC_BYTES),
                  out);
}

void sp_sign_key_free(struct sp_sign_key *key)
{
    if (key != NULL) {
        EVP_MD_CTX_free(key->ctx);
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

void sp_sign_key_free_cleanup(struct sp_sign_key **key)
{
    sp_sign_key_free(*key);
}

enum sp_err sp_sign_public(const struct sp_sign_key *key, uint8_t out[SP_SIGN_PUBLIC_BYTES])
{
    size_t len = SP_SIGN_PUBLIC_BYTES;
    return EVP_PKEY_get_raw_public_key(key->pkey, out, &len) == 1 && len == SP_SIGN_PUBLIC_BYTES
               ? SP_OK
               : SP_ERR_CRYPTO;
}

enum sp_err sp_sign(struct sp_sign_key *key, struct sp_slice message, uint8_t out[SP_SIGN_BYTES])
{
    size_t len = SP_SIGN_BYTES;
    if (EVP_DigestSignInit(key->ctx, NULL, NULL, NULL, key->pkey) != 1 ||
        EVP_DigestSign(key->ctx, out, &len, message.ptr, message.len) != 1 ||
        len != SP_SIGN_BYTES) {
        return SP_ERR_CRYPTO;
    }
    return SP_OK;
}

enum sp_err sp_sign_verify(struct sp_sign_key *key, struct sp_slice message,
                           struct sp_slice signature)
{
    if (signature.len != SP_SIGN_BYTES) {
        return SP_ERR_INVALID;
    }
    if (EVP_DigestVerifyInit(key->ctx, NULL, NULL, NULL, key->pkey) != 1) {
        return SP_ERR_CRYPTO;
    }
    return EVP_DigestVerify(key->ctx, signature.ptr, signature.len, message.ptr, message.len) == 1
               ? SP_OK
               : SP_ERR_INVALID;
}
