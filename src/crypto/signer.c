#include "crypto/signer.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "base/own.h"
#include "crypto/pem.h"

#define KEY_BITS_MIN        2048
#define SIGNATURE_BYTES_MAX ((size_t)2048)

struct sp_signer {
    X509 *certificate;
    EVP_PKEY *key;
};

static enum sp_err load(struct sp_signer *signer, struct sp_slice pem, const char **out_why)
{
    SP_AUTO_PEM BIO *for_certificate = sp_pem_open(pem);
    SP_AUTO_PEM BIO *for_key = sp_pem_open(pem);
    if (for_certificate != NULL && for_key != NULL) {
        signer->certificate = PEM_read_bio_X509(for_certificate, NULL, sp_pem_no_password, NULL);
    }
    if (signer->certificate == NULL) {
        return sp_pem_fail(out_why, "the file holds no certificate in PEM form");
    }
    signer->key = PEM_read_bio_PrivateKey(for_key, NULL, sp_pem_no_password, NULL);
    if (signer->key == NULL) {
        return sp_pem_fail(out_why, "the file holds no private key in PEM form without a password");
    }
    if (EVP_PKEY_get_base_id(signer->key) != EVP_PKEY_RSA ||
        EVP_PKEY_get_bits(signer->key) < KEY_BITS_MIN) {
        return sp_pem_fail(out_why, "the key must be an RSA key of at least 2048 bits");
    }
    if (X509_check_private_key(signer->certificate, signer->key) != 1) {
        return sp_pem_fail(out_why, "the key does not belong to the certificate");
    }
    return SP_OK;
}

enum sp_err sp_signer_new(struct sp_slice pem, const char **out_why, struct sp_signer **out)
{
    struct sp_signer *signer = calloc(1, sizeof(*signer));
    if (signer == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = load(signer, pem, out_why);
    if (err != SP_OK) {
        sp_signer_free(signer);
        return err;
    }
    *out = signer;
    return SP_OK;
}

void sp_signer_free(struct sp_signer *signer)
{
    if (signer != NULL) {
        X509_free(signer->certificate);
        EVP_PKEY_free(signer->key);
        free(signer);
    }
}

enum sp_err sp_signer_thumbprint(const struct sp_signer *signer, uint8_t out[SP_SHA256_BYTES])
{
    unsigned len = 0;
    bool is_done =
        X509_digest(signer->certificate, EVP_sha256(), out, &len) == 1 && len == SP_SHA256_BYTES;
    return is_done ? SP_OK : SP_ERR_CRYPTO;
}

static void free_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

enum sp_err sp_signer_ps256(const struct sp_signer *signer, struct sp_slice text,
                            struct sp_buf *out)
{
    SP_CLEANUP(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *of_key = NULL;
    uint8_t *at = NULL;
    size_t len = SIGNATURE_BYTES_MAX;
    if (context == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(sp_buf_reserve(out, len, &at));
    bool is_done = EVP_DigestSignInit(context, &of_key, EVP_sha256(), NULL, signer->key) == 1 &&
                   EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING) == 1 &&
                   EVP_PKEY_CTX_set_rsa_pss_saltlen(of_key, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                   EVP_DigestSign(context, at, &len, text.ptr, text.len) == 1;
    if (!is_done) {
        ERR_clear_error();
        return SP_ERR_CRYPTO;
    }
    sp_buf_commit(out, len);
    return SP_OK;
}
