#include "crypto/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/own.h"
#include "crypto/tls_context.h"

struct sp_tls {
    SSL *ssl;
    const char *reason;
    bool is_ready;
    bool wants_write;
    bool is_lost; /* after a failure OpenSSL must not be asked to say goodbye */
};

static enum sp_err set_side(struct sp_tls *tls, bool is_server, const char *host)
{
    if (is_server) {
        SSL_set_accept_state(tls->ssl);
        return SP_OK;
    }
    SSL_set_connect_state(tls->ssl);
    if (host == NULL) {
        return SP_ERR_INVALID;
    }
    X509_VERIFY_PARAM *checks = SSL_get0_param(tls->ssl);
    X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(checks, host) == 1) {
        return SP_OK; /* an address has no place in the name that a client asks for (RFC 6066, section 3) */
    }
    ERR_clear_error();
    union {
        const char *in;
        void *out;
    } name = {.in = host}; /* the library copies it, but its own macro takes the const away */
    bool is_set =
        SSL_set1_host(tls->ssl, host) == 1 &&
        SSL_ctrl(tls->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.out) == 1;
    return is_set ? SP_OK : SP_ERR_CRYPTO;
}

enum sp_err sp_tls_new(const struct sp_tls_context *context, int fd, const char *host,
                       struct sp_tls **out)
{
    struct sp_tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL) {
        return SP_ERR_NOMEM;
    }
    tls->reason = "";
    tls->ssl = SSL_new(context->ssl);
    enum sp_err err = tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1 ? SP_ERR_NOMEM : SP_OK;
    if (err == SP_OK) {
        err = set_side(tls, context->is_server, host);
    }
    if (err != SP_OK) {
        sp_tls_free(tls);
        return err;
    }
    *out = tls;
    return SP_OK;
}

void sp_tls_free(struct sp_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        free(tls);
    }
}

/* The text of OpenSSL's list of reasons, or of the verification, which says more. */
static void keep_reason(struct sp_tls *tls, unsigned long code)
{
    long verified = SSL_get_verify_result(tls->ssl);
    const char *text = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                                             : ERR_reason_error_string(code);
    tls->reason = text != NULL ? text : "the connection was lost";
}

static bool is_plain_http(unsigned long code)
{
    return ERR_GET_LIB(code) == ERR_LIB_SSL && (ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST ||
                                                ERR_GET_REASON(code) == SSL_R_HTTPS_PROXY_REQUEST);
}

/* What a call that returned `result` means. SP_ERR_BUSY: wait. */
static enum sp_err judge(struct sp_tls *tls, int result)
{
    tls->wants_write = false;
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_NONE:
        return SP_OK;
    case SSL_ERROR_WANT_READ:
        return SP_ERR_BUSY;
    case SSL_ERROR_WANT_WRITE:
        tls->wants_write = true;
        return SP_ERR_BUSY;
    case SSL_ERROR_ZERO_RETURN:
        return SP_ERR_CLOSED;
    default:
        break;
    }
    unsigned long code = ERR_peek_error();
    tls->is_lost = true;
    keep_reason(tls, code);
    ERR_clear_error();
    return is_plain_http(code) ? SP_ERR_INVALID : SP_ERR_SYSTEM;
}

enum sp_err sp_tls_handshake(struct sp_tls *tls)
{
    ERR_clear_error();
    SP_TRY(judge(tls, SSL_do_handshake(tls->ssl)));
    tls->is_ready = true;
    return SP_OK;
}

bool sp_tls_is_ready(const struct sp_tls *tls)
{
    return tls->is_ready;
}

bool sp_tls_wants_write(const struct sp_tls *tls)
{
    return tls->wants_write;
}

enum sp_err sp_tls_read(struct sp_tls *tls, uint8_t *to, size_t room, size_t *out_len)
{
    *out_len = 0;
    ERR_clear_error();
    return judge(tls, SSL_read_ex(tls->ssl, to, room, out_len));
}

enum sp_err sp_tls_write(struct sp_tls *tls, struct sp_slice bytes, size_t *out_len)
{
    *out_len = 0;
    ERR_clear_error();
    return judge(tls, SSL_write_ex(tls->ssl, bytes.ptr, bytes.len, out_len));
}

void sp_tls_end(struct sp_tls *tls)
{
    if (tls->is_ready && !tls->is_lost) {
        ERR_clear_error();
        (void)SSL_shutdown(tls->ssl); /* ignoring: the peer may be gone already */
        ERR_clear_error();
    }
}

const char *sp_tls_reason(const struct sp_tls *tls)
{
    return tls->reason;
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

/* Control characters and what is not ASCII are escaped, so that the text is safe in a log and comparable. */
static enum sp_err put_subject(const X509 *certificate, struct sp_buf *out)
{
    SP_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (bio == NULL ||
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) {
        return SP_ERR_NOMEM;
    }
    const long len = BIO_get_mem_data(bio, &text);
    const size_t before = out->len;
    if (len > 0 && sp_buf_put(out, sp_slice_make(text, (size_t)len)) != SP_OK) {
        sp_buf_truncate(out, before);
    }
    return SP_OK;
}

/* What stands in a line of its own without ending it, and says the same to everybody: printable, and no blank. */
static bool is_plain(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return text.len > 0;
}

static enum sp_err put_name(const char *kind, struct sp_slice value, bool is_dns,
                            struct sp_buf *out)
{
    SP_TRY(sp_buf_put_byte(out, '\n'));
    SP_TRY(sp_buf_put_text(out, kind));
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t byte = value.ptr[i];
        SP_TRY(sp_buf_put_byte(
            out, is_dns && byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte));
    }
    return SP_OK;
}

static void put_general_name(const GENERAL_NAME *name, struct sp_buf *out)
{
    static const struct {
        int type;
        const char *kind;
    } kinds[] = {{GEN_DNS, "dns:"}, {GEN_URI, "uri:"}, {GEN_EMAIL, "email:"}};
    int type = 0;
    const void *value = GENERAL_NAME_get0_value(name, &type);
    for (size_t i = 0; i < SP_COUNT(kinds); i++) {
        if (type != kinds[i].type) {
            continue;
        }
        const ASN1_STRING *string = value;
        const struct sp_slice text =
            sp_slice_make(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
        const size_t before = out->len;
        if (is_plain(text) && put_name(kinds[i].kind, text, type == GEN_DNS, out) != SP_OK) {
            sp_buf_truncate(out, before);
        }
    }
}

static void put_alternatives(const X509 *certificate, struct sp_buf *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        put_general_name(sk_GENERAL_NAME_value(names, i), out);
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
}

enum sp_err sp_tls_peer(const struct sp_tls *tls, uint8_t fingerprint[SP_SHA256_BYTES],
                        struct sp_buf *names)
{
    X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    if (certificate == NULL || SSL_get_verify_result(tls->ssl) != X509_V_OK) {
        return SP_ERR_NOT_FOUND;
    }
    unsigned len = 0;
    if (X509_digest(certificate, EVP_sha256(), fingerprint, &len) != 1 || len != SP_SHA256_BYTES) {
        return SP_ERR_CRYPTO;
    }
    SP_TRY(put_subject(certificate, names));
    put_alternatives(certificate, names);
    return SP_OK;
}
