#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "base/num.h"
#include "certs.h"
#include "crypto/signer.h"

static char *joined(const char *a, const char *b)
{
    SP_AUTO_BUF struct sp_buf text;
    size_t len = 0;
    sp_buf_init(&text, 65536);
    assert_int_equal(sp_buf_put_text(&text, a), SP_OK);
    assert_int_equal(sp_buf_put_text(&text, b), SP_OK);
    return sp_buf_take(&text, &len);
}

static bool verifies(const char *certificate, struct sp_slice text, struct sp_slice signature)
{
    BIO *bio = BIO_new_mem_buf(certificate, -1);
    X509 *own = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *key = X509_get_pubkey(own);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *of_key = NULL;
    bool is_good = EVP_DigestVerifyInit(context, &of_key, EVP_sha256(), NULL, key) == 1 &&
                   EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING) == 1 &&
                   EVP_PKEY_CTX_set_rsa_pss_saltlen(of_key, 32) == 1 &&
                   EVP_DigestVerify(context, signature.ptr, signature.len, text.ptr, text.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    X509_free(own);
    BIO_free(bio);
    return is_good;
}

static void test_a_signature_is_good_for_its_text_alone(void **state)
{
    (void)state;
    struct cert cert = cert_self_signed_rsa(2048);
    char *pem = joined(cert.key, cert.certificate); /* in any order */
    struct sp_signer *signer = NULL;
    const char *why = NULL;
    SP_AUTO_BUF struct sp_buf signature;
    uint8_t thumbprint[SP_SHA256_BYTES];
    sp_buf_init(&signature, 4096);
    assert_int_equal(sp_signer_new(sp_slice_of(pem), &why, &signer), SP_OK);
    assert_int_equal(sp_signer_thumbprint(signer, thumbprint), SP_OK);
    assert_int_equal(sp_signer_ps256(signer, SP_SLICE_LITERAL("a.b"), &signature), SP_OK);
    assert_int_equal(signature.len, 256);
    assert_true(verifies(cert.certificate, SP_SLICE_LITERAL("a.b"), sp_buf_slice(&signature)));
    assert_false(verifies(cert.certificate, SP_SLICE_LITERAL("a.c"), sp_buf_slice(&signature)));
    sp_signer_free(signer);
    free(pem);
    cert_free(&cert);
}

static void test_files_that_do_not_fit_are_named(void **state)
{
    (void)state;
    struct authority *authority = authority_new("ours");
    struct cert ec = authority_issue(authority, "client", NULL, false);
    struct cert rsa = cert_self_signed_rsa(2048);
    struct cert weak = cert_self_signed_rsa(1024);
    struct cert other = cert_self_signed_rsa(2048);
    const struct {
        const char *certificate;
        const char *key;
        const char *why;
    } cases[] = {
        {"", "", "the file holds no certificate in PEM form"},
        {"", rsa.key, "the file holds no certificate in PEM form"},
        {rsa.certificate, "", "the file holds no private key in PEM form without a password"},
        {ec.certificate, ec.key, "the key must be an RSA key of at least 2048 bits"},
        {weak.certificate, weak.key, "the key must be an RSA key of at least 2048 bits"},
        {rsa.certificate, other.key, "the key does not belong to the certificate"},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        char *pem = joined(cases[i].certificate, cases[i].key);
        struct sp_signer *signer = NULL;
        const char *why = NULL;
        assert_int_equal(sp_signer_new(sp_slice_of(pem), &why, &signer), SP_ERR_CONFIG);
        assert_string_equal(why, cases[i].why);
        assert_null(signer);
        free(pem);
    }
    cert_free(&ec);
    cert_free(&rsa);
    cert_free(&weak);
    cert_free(&other);
    authority_free(authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signature_is_good_for_its_text_alone),
        cmocka_unit_test(test_files_that_do_not_fit_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
