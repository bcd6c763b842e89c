#include "certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/assert.h"

#define DAY_S (24L * 3600L)

struct authority {
    EVP_PKEY *key;
    X509 *own;
    long serial;
};

static char *text_of(BIO *bio)
{
    SP_ASSERT(BIO_write(bio, "", 1) == 1);
    char *data = NULL;
    SP_ASSERT(BIO_get_mem_data(bio, &data) > 0);
    char *copy = OPENSSL_strdup(data);
    BIO_free(bio);
    return copy;
}

static char *certificate_text(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    SP_ASSERT(PEM_write_bio_X509(bio, certificate) == 1);
    return text_of(bio);
}

static void extend(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX ctx;
    CONF *conf = NCONF_new(NULL); /* policies are looked up in one, if only in vain */
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_nconf(&ctx, conf);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(conf, &ctx, nid, value);
    SP_ASSERT(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    NCONF_free(conf);
}

static X509 *make(const struct authority *authority, EVP_PKEY *key, const char *common_name,
                  long serial, bool is_expired)
{
    X509 *made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
    X509_gmtime_adj(X509_getm_notBefore(made), -2 * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(made), is_expired ? -DAY_S : DAY_S);
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(made,
                         X509_get_subject_name(authority->own != NULL ? authority->own : made));
    return made;
}

struct authority *authority_new(const char *name)
{
    struct authority *authority = calloc(1, sizeof(*authority));
    SP_ASSERT(authority != NULL);
    authority->key = EVP_EC_gen("P-256");
    X509 *own = make(authority, authority->key, name, 1, /*is_expired=*/false);
    extend(own, NID_basic_constraints, "critical,CA:TRUE");
    extend(own, NID_key_usage, "critical,keyCertSign,cRLSign");
    SP_ASSERT(X509_sign(own, authority->key, EVP_sha256()) > 0);
    authority->own = own;
    authority->serial = 1;
    return authority;
}

void authority_free(struct authority *authority)
{
    X509_free(authority->own);
    EVP_PKEY_free(authority->key);
    free(authority);
}

char *authority_pem(const struct authority *authority)
{
    return certificate_text(authority->own);
}

/* Signs it; both go away. */
static struct cert finish(const struct authority *authority, X509 *made, EVP_PKEY *key)
{
    struct cert cert;
    SP_ASSERT(X509_sign(made, authority->key, EVP_sha256()) > 0);
    cert.certificate = certificate_text(made);
    BIO *bio = BIO_new(BIO_s_mem());
    SP_ASSERT(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    cert.key = text_of(bio);
    X509_free(made);
    EVP_PKEY_free(key);
    return cert;
}

struct cert authority_issue(struct authority *authority, const char *common_name, const char *names,
                            bool is_expired)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *made = make(authority, key, common_name, ++authority->serial, is_expired);
    extend(made, NID_basic_constraints, "critical,CA:FALSE");
    if (names != NULL) {
        extend(made, NID_subject_alt_name, names);
    }
    return finish(authority, made, key);
}

struct cert authority_issue_bound(struct authority *authority, bool has_policy)
{
    static const char policy[] = "1.3.6.1.4.1.32473.1";
    struct authority below = {.key = EVP_EC_gen("P-256")};
    below.own = make(authority, below.key, "below", ++authority->serial, /*is_expired=*/false);
    extend(below.own, NID_basic_constraints, "critical,CA:TRUE");
    extend(below.own, NID_key_usage, "critical,keyCertSign");
    extend(below.own, NID_policy_constraints, "critical,requireExplicitPolicy:0");
    extend(below.own, NID_certificate_policies, policy);
    SP_ASSERT(X509_sign(below.own, authority->key, EVP_sha256()) > 0);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *made = make(&below, key, "client one", 1, /*is_expired=*/false);
    if (has_policy) {
        extend(made, NID_certificate_policies, policy);
    }
    struct cert cert = finish(&below, made, key);
    BIO *chain = BIO_new(BIO_s_mem());
    SP_ASSERT(BIO_puts(chain, cert.certificate) > 0 && PEM_write_bio_X509(chain, below.own) == 1);
    OPENSSL_free(cert.certificate);
    cert.certificate = text_of(chain);
    X509_free(below.own);
    EVP_PKEY_free(below.key);
    return cert;
}

struct cert cert_self_signed_rsa(unsigned bits)
{
    struct authority alone = {.key = EVP_RSA_gen(bits)};
    struct cert cert;
    X509 *made = make(&alone, alone.key, "client", 1, /*is_expired=*/false);
    SP_ASSERT(X509_sign(made, alone.key, EVP_sha256()) > 0);
    cert.certificate = certificate_text(made);
    BIO *bio = BIO_new(BIO_s_mem());
    SP_ASSERT(PEM_write_bio_PrivateKey(bio, alone.key, NULL, NULL, 0, NULL, NULL) == 1);
    cert.key = text_of(bio);
    X509_free(made);
    EVP_PKEY_free(alone.key);
    return cert;
}

void cert_free(struct cert *cert)
{
    OPENSSL_free(cert->certificate);
    OPENSSL_free(cert->key);
}

static void revoke(X509_CRL *crl, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    X509_REVOKED *row = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
    X509_REVOKED_set_serialNumber(row, X509_get_serialNumber(certificate));
    X509_REVOKED_set_revocationDate(row, now);
    SP_ASSERT(X509_CRL_add0_revoked(crl, row) == 1);
    ASN1_TIME_free(now);
    X509_free(certificate);
    BIO_free(bio);
}

static X509_CRL *begin_crl(const struct authority *authority, const struct cert *revoked)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -DAY_S);
    ASN1_TIME *to = X509_gmtime_adj(NULL, DAY_S);
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(authority->own));
    X509_CRL_set1_lastUpdate(crl, from);
    X509_CRL_set1_nextUpdate(crl, to);
    if (revoked != NULL) {
        revoke(crl, revoked->certificate);
    }
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return crl;
}

/* Signs the list, which goes away, and appends its text. */
static void put_crl(const struct authority *authority, X509_CRL *crl, BIO *out)
{
    SP_ASSERT(X509_CRL_sign(crl, authority->key, EVP_sha256()) > 0);
    SP_ASSERT(PEM_write_bio_X509_CRL(out, crl) == 1);
    X509_CRL_free(crl);
}

static void number(X509_CRL *crl, int nid, long value)
{
    ASN1_INTEGER *integer = ASN1_INTEGER_new();
    SP_ASSERT(ASN1_INTEGER_set(integer, value) == 1);
    SP_ASSERT(X509_CRL_add1_ext_i2d(crl, nid, integer, nid == NID_delta_crl, 0) == 1);
    ASN1_INTEGER_free(integer);
}

char *authority_crl(struct authority *authority, const struct cert *revoked)
{
    BIO *bio = BIO_new(BIO_s_mem());
    put_crl(authority, begin_crl(authority, revoked), bio);
    return text_of(bio);
}

char *authority_crl_with_delta(struct authority *authority, const struct cert *revoked)
{
    BIO *bio = BIO_new(BIO_s_mem());
    X509_CRL *base = begin_crl(authority, NULL);
    X509_CRL *delta = begin_crl(authority, revoked);
    X509_EXTENSION *freshest =
        X509V3_EXT_conf_nid(NULL, NULL, NID_freshest_crl, "URI:http://ca.example/delta");
    SP_ASSERT(freshest != NULL && X509_CRL_add_ext(base, freshest, -1) == 1);
    X509_EXTENSION_free(freshest);
    number(base, NID_crl_number, 1);
    number(delta, NID_crl_number, 2);
    number(delta, NID_delta_crl, 1);
    put_crl(authority, base, bio);
    put_crl(authority, delta, bio);
    return text_of(bio);
}
