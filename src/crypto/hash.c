#include "crypto/hash.h"

#include <stdlib.h>

/* The plain functions for one message in one go: looking an algorithm up costs more than hashing a short message. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

struct sp_hash {
    EVP_MD_CTX *ctx;
};

/* Fetched once: a lookup by name costs more than hashing a short message. */
static EVP_MD *sha256;
static struct sp_hash *one_shot;

static enum sp_err make(struct sp_hash **out)
{
    struct sp_hash *hash = calloc(1, sizeof(*hash));
    if (hash == NULL) {
        return SP_ERR_NOMEM;
    }
    hash->ctx = EVP_MD_CTX_new();
    if (hash->ctx == NULL || EVP_DigestInit_ex2(hash->ctx, sha256, NULL) != 1) {
        sp_hash_free(hash);
        return SP_ERR_CRYPTO;
    }
    *out = hash;
    return SP_OK;
}

enum sp_err sp_hash_start(void)
{
    if (one_shot != NULL) {
        return SP_OK;
    }
    /* No configuration file: what this program computes does not depend on a file of the machine. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    if (sha256 == NULL) {
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    }
    if (sha256 == NULL) {
        return SP_ERR_CRYPTO;
    }
    return make(&one_shot);
}

enum sp_err sp_sha256(struct sp_slice in, uint8_t out[SP_SHA256_BYTES])
{
    SHA256_CTX ctx;
    SP_TRY(sp_hash_start());
    bool is_good = SHA256_Init(&ctx) == 1 &&
                   (in.len == 0 || SHA256_Update(&ctx, in.ptr, in.len) == 1) &&
                   SHA256_Final(out, &ctx) == 1;
    OPENSSL_cleanse(&ctx, sizeof(ctx)); /* secrets are digested too */
    return is_good ? SP_OK : SP_ERR_CRYPTO;
}

enum sp_err sp_hash_new(struct sp_hash **out)
{
    SP_TRY(sp_hash_start());
    return make(out);
}

void sp_hash_free(struct sp_hash *hash)
{
    if (hash != NULL) {
        EVP_MD_CTX_free(hash->ctx);
        free(hash);
    }
}

void sp_hash_free_cleanup(struct sp_hash **hash)
{
    sp_hash_free(*hash);
}

enum sp_err sp_hash_reset(struct sp_hash *hash)
{
    return EVP_DigestInit_ex2(hash->ctx, sha256, NULL) == 1 ? SP_OK : SP_ERR_CRYPTO;
}

enum sp_err sp_hash_put(struct sp_hash *hash, struct sp_slice in)
{
    if (in.len == 0) {
        return SP_OK;
    }
    return EVP_DigestUpdate(hash->ctx, in.ptr, in.len) == 1 ? SP_OK : SP_ERR_CRYPTO;
}

enum sp_err sp_hash_end(struct sp_hash *hash, uint8_t out[SP_SHA256_BYTES])
{
    unsigned len = 0;
    if (EVP_DigestFinal_ex(hash->ctx, out, &len) != 1 || len != SP_SHA256_BYTES) {
        return SP_ERR_CRYPTO;
    }
    return sp_hash_reset(hash);
}
