#include "crypto/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/own.h"
#include "crypto/pem.h"

/* Of TLS 1.2 only forward secrecy with authenticated encryption (RFC 9325, section 4.2); 1.3 has nothing else. */
#define CIPHERS_OF_1_2  "ECDHE+AESGCM:ECDHE+CHACHA20"
#define CHAIN_MAX       16U
/* A handshake message from the peer: a chain of certificates has to fit. */
#define CHAIN_BYTES_MAX 65536L
#define SESSION_CONTEXT "sallyport"

static void free_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static enum sp_err use_chain(SSL_CTX *ssl, struct sp_slice pem, const char **out_why)
{
    SP_AUTO_PEM BIO *bio = sp_pem_open(pem);
    SP_CLEANUP(free_certificate)
    X509 *own = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, sp_pem_no_password, NULL);
    if (own == NULL) {
        return sp_pem_fail(out_why, "the certificate's file holds no certificate in PEM form");
    }
    if (SSL_CTX_use_certificate(ssl, own) != 1) {
        return sp_pem_fail(
            out_why, "the certificate cannot be used: its key is too weak or of an unknown kind");
    }
    for (unsigned i = 0; i < CHAIN_MAX; i++) {
        SP_CLEANUP(free_certificate)
        X509 *next = PEM_read_bio_X509(bio, NULL, sp_pem_no_password, NULL);
        if (next == NULL) {
            ERR_clear_error();
            return SP_OK;
        }
        if (SSL_CTX_add1_chain_cert(ssl, next) != 1) {
            return sp_pem_fail(out_why, "a certificate of the chain cannot be used");
        }
    }
    return sp_pem_fail(out_why, "the chain has too many certificates");
}

static enum sp_err use_key(SSL_CTX *ssl, struct sp_slice pem, const char **out_why)
{
    SP_AUTO_PEM BIO *bio = sp_pem_open(pem);
    SP_CLEANUP(free_key)
    EVP_PKEY *key =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, sp_pem_no_password, NULL);
    if (key == NULL) {
        return sp_pem_fail(out_why,
                           "the key's file holds no private key in PEM form without a password");
    }
    if (SSL_CTX_use_PrivateKey(ssl, key) != 1 || SSL_CTX_check_private_key(ssl) != 1) {
        return sp_pem_fail(out_why, "the key does not belong to the certificate");
    }
    return SP_OK;
}

static enum sp_err trust(SSL_CTX *ssl, struct sp_slice pem, bool is_named_to_clients,
                         const char **out_why)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    SP_AUTO_PEM BIO *bio = sp_pem_open(pem);
    unsigned count = 0;
    while (bio != NULL) {
        SP_CLEANUP(free_certificate)
        X509 *authority = PEM_read_bio_X509(bio, NULL, sp_pem_no_password, NULL);
        if (authority == NULL) {
            break;
        }
        bool is_taken = X509_STORE_add_cert(store, authority) == 1 &&
                        (!is_named_to_clients || SSL_CTX_add_client_CA(ssl, authority) == 1);
        if (!is_taken) {
            return sp_pem_fail(out_why, "a certificate of the authorities cannot be used");
        }
        count++;
    }
    ERR_clear_error();
    return count > 0
               ? SP_OK
               : sp_pem_fail(out_why, "the authorities' file holds no certificate in PEM form");
}

static void free_crl(X509_CRL **crl)
{
    X509_CRL_free(*crl);
}

/*
 * With lists every certificate of a client's chain is looked up; an authority without a list lets nobody in. A list that
 * says that there is a newer one, of what came since, is read with it when that one is in the file, too.
 */
static enum sp_err use_crls(SSL_CTX *ssl, struct sp_slice pem, const char **out_why)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    SP_AUTO_PEM BIO *bio = sp_pem_open(pem);
    unsigned count = 0;
    while (bio != NULL) {
        SP_CLEANUP(free_crl)
        X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, sp_pem_no_password, NULL);
        if (crl == NULL) {
            break;
        }
        if (X509_STORE_add_crl(store, crl) != 1) {
            return sp_pem_fail(out_why, "a list of revoked certificates cannot be used");
        }
        count++;
    }
    ERR_clear_error();
    if (count == 0) {
        return sp_pem_fail(out_why, "the file of revoked certificates holds no list in PEM form");
    }
    const unsigned long flags =
        X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_USE_DELTAS;
    return X509_STORE_set_flags(store, flags) == 1
               ? SP_OK
               : sp_pem_fail(out_why, "revoked certificates cannot be looked up");
}

/* An authority may demand that certificates below it have policies (RFC 5280, section 6.1); here any of them will do. */
static enum sp_err mind_policies(SSL_CTX *ssl, const char **out_why)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ssl);
    ASN1_OBJECT *any = OBJ_nid2obj(NID_any_policy);
    return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_POLICY_CHECK) == 1 &&
                   X509_VERIFY_PARAM_add0_policy(param, any) == 1
               ? SP_OK
               : sp_pem_fail(out_why, "the policies of certificates cannot be looked at");
}

/* HTTP/1.1 or nothing: a client that only speaks another protocol is told so (RFC 7301, section 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *ctx)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)ctx;
    unsigned char *found = NULL;
    if (SSL_select_next_proto(&found, out_len, ours, sizeof(ours) - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

static enum sp_err demand(SSL_CTX *ssl, const struct sp_tls_server_files *files,
                          const char **out_why)
{
    if (files->demand == SP_TLS_NO_CERTIFICATE) {
        SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL);
        return SP_OK;
    }
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;
    mode |= files->demand == SP_TLS_MUST_CERTIFICATE ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(ssl, mode, NULL);
    SP_TRY(mind_policies(ssl, out_why));
    SP_TRY(trust(ssl, files->client_ca, /*is_named_to_clients=*/true, out_why));
    return files->client_crl.len == 0 ? SP_OK : use_crls(ssl, files->client_crl, out_why);
}

/* Settings of both sides. The library's own configuration file is not read: nobody changes this from outside. */
static enum sp_err make(const SSL_METHOD *method, bool is_server, struct sp_tls_context **out)
{
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    struct sp_tls_context *context = calloc(1, sizeof(*context));
    if (context == NULL) {
        return SP_ERR_NOMEM;
    }
    context->is_server = is_server;
    context->ssl = SSL_CTX_new(method);
    if (context->ssl == NULL || SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context->ssl, CIPHERS_OF_1_2) != 1) {
        sp_tls_context_free(context);
        return SP_ERR_CRYPTO;
    }
    (void)SSL_CTX_set_options(context->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                                SSL_OP_IGNORE_UNEXPECTED_EOF |
                                                SSL_OP_CIPHER_SERVER_PREFERENCE |
                                                SSL_OP_PRIORITIZE_CHACHA);
    (void)SSL_CTX_set_mode(context->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                             SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                             SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(context->ssl, CHAIN_BYTES_MAX);
    *out = context;
    return SP_OK;
}

enum sp_err sp_tls_server_new(const struct sp_tls_server_files *files, const char **out_why,
                              struct sp_tls_context **out)
{
    struct sp_tls_context *context = NULL;
    *out_why = "";
    SP_TRY(make(TLS_server_method(), /*is_server=*/true, &context));
    /* Tickets carry the session, so nothing is kept here; with a new context old tickets are worth nothing. */
    (void)SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_session_id_context(context->ssl, (const unsigned char *)SESSION_CONTEXT,
                                         sizeof(SESSION_CONTEXT) - 1);
    SSL_CTX_set_alpn_select_cb(context->ssl, choose_protocol, NULL);
    enum sp_err err = use_chain(context->ssl, files->certificate, out_why);
    if (err == SP_OK) {
        err = use_key(context->ssl, files->key, out_why);
    }
    if (err == SP_OK) {
        err = demand(context->ssl, files, out_why);
    }
    if (err != SP_OK) {
        sp_tls_context_free(context);
        return err;
    }
    *out = context;
    return SP_OK;
}

enum sp_err sp_tls_client_new(struct sp_slice ca_pem, const char **out_why,
                              struct sp_tls_context **out)
{
    struct sp_tls_context *context = NULL;
    *out_why = "";
    SP_TRY(make(TLS_client_method(), /*is_server=*/false, &context));
    SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
    enum sp_err err = SP_OK;
    if (ca_pem.len > 0) {
        err = trust(context->ssl, ca_pem, /*is_named_to_clients=*/false, out_why);
    } else if (SSL_CTX_set_default_verify_paths(context->ssl) != 1) {
        err = sp_pem_fail(out_why, "this machine's authorities cannot be read");
    }
    if (err != SP_OK) {
        sp_tls_context_free(context);
        return err;
    }
    *out = context;
    return SP_OK;
}

enum sp_err sp_tls_client_show(struct sp_tls_context *context, struct sp_slice certificate_pem,
                               struct sp_slice key_pem, const char **out_why)
{
    SP_TRY(use_chain(context->ssl, certificate_pem, out_why));
    return use_key(context->ssl, key_pem, out_why);
}

void sp_tls_context_free(struct sp_tls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl);
        free(context);
    }
}
