#include "token/provider.h"

#include "base/text.h"

#define IDENTITY_VERSION "2019-08-01"
#define IMDS_VERSION     "2018-02-01"
#define ASSERTION_TYPE   "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* A value between quotes of nothing: no control character may end the line that it stands in (RFC 9110, section 5.5). */
static bool is_field_value(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return text.len > 0;
}

static enum sp_err put_pair(struct sp_buf *out, const char *name, struct sp_slice value)
{
    SP_TRY(sp_buf_put_text(out, name));
    SP_TRY(sp_buf_put_byte(out, '='));
    return sp_url_encode(value, out);
}

static enum sp_err put_more(struct sp_buf *out, const char *name, struct sp_slice value)
{
    SP_TRY(sp_buf_put_byte(out, '&'));
    return put_pair(out, name, value);
}

/* RFC 9112, section 3.2: the host as the URL has it, with the port when it is not the usual one. */
static enum sp_err put_host(const struct sp_url *url, struct sp_buf *out)
{
    const bool is_ip6 = sp_slice_find(url->host, 0, ':') < url->host.len;
    const bool is_usual = url->port == (url->is_https ? 443 : 80);
    SP_TRY(sp_buf_put_text(out, is_ip6 ? "\r\nHost: [" : "\r\nHost: "));
    SP_TRY(sp_buf_put(out, url->host));
    SP_TRY(sp_buf_put_text(out, is_ip6 ? "]" : ""));
    return is_usual ? SP_OK : sp_buf_putf(out, ":%u", (unsigned)url->port);
}

static enum sp_err put_query_of_identity(const struct sp_provider *p, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_text(out, p->is_imds ? "?api-version=" IMDS_VERSION
                                           : "?api-version=" IDENTITY_VERSION));
    SP_TRY(put_more(out, "resource", p->audience));
    return p->client_id.len == 0 ? SP_OK : put_more(out, "client_id", p->client_id);
}

static enum sp_err ask_identity(const struct sp_provider *p, const struct sp_url *url,
                                struct sp_slice proof, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_text(out, "GET "));
    SP_TRY(url->path.len > 0 ? sp_buf_put(out, url->path) : sp_buf_put_text(out, "/"));
    SP_TRY(put_query_of_identity(p, out));
    SP_TRY(sp_buf_put_text(out, " HTTP/1.1"));
    SP_TRY(put_host(url, out));
    if (p->is_imds) {
        SP_TRY(sp_buf_put_text(out, "\r\nMetadata: true"));
    } else {
        if (!is_field_value(proof)) {
            return SP_ERR_INVALID;
        }
        SP_TRY(sp_buf_put_text(out, "\r\nX-IDENTITY-HEADER: "));
        SP_TRY(sp_buf_put(out, proof));
    }
    return sp_buf_put_text(out, "\r\nAccept: application/json\r\nConnection: close\r\n\r\n");
}

static enum sp_err put_form(const struct sp_provider *p, struct sp_slice proof, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf scope;
    sp_buf_init(&scope, SP_PROVIDER_REQUEST_BYTES_MAX);
    SP_TRY(sp_buf_put(&scope, p->audience));
    SP_TRY(sp_buf_put_text(&scope, "/.default"));
    SP_TRY(put_pair(out, "grant_type", SP_SLICE_LITERAL("client_credentials")));
    SP_TRY(put_more(out, "client_id", p->client_id));
    SP_TRY(put_more(out, "scope", sp_buf_slice(&scope)));
    if (p->source == SP_PROVIDER_CLIENT_SECRET) {
        return put_more(out, "client_secret", proof);
    }
    SP_TRY(put_more(out, "client_assertion_type", SP_SLICE_LITERAL(ASSERTION_TYPE)));
    return put_more(out, "client_assertion", proof);
}

static enum sp_err ask_grant(const struct sp_provider *p, const struct sp_url *url,
                             struct sp_slice proof, struct sp_buf *out)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf form;
    sp_buf_init(&form, SP_PROVIDER_REQUEST_BYTES_MAX);
    SP_TRY(put_form(p, proof, &form));
    SP_TRY(sp_buf_put_text(out, "POST "));
    SP_TRY(sp_buf_put(out, url->path));
    SP_TRY(sp_buf_put_text(out, " HTTP/1.1"));
    SP_TRY(put_host(url, out));
    SP_TRY(sp_buf_putf(out,
                       "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu"
                       "\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
                       form.len));
    return sp_buf_put(out, sp_buf_slice(&form));
}

enum sp_err sp_provider_url(const struct sp_provider *p, struct sp_buf *out)
{
    struct sp_slice base = p->endpoint;
    if (p->source == SP_PROVIDER_MANAGED_IDENTITY) {
        return sp_buf_put(out, base);
    }
    while (base.len > 0 && base.ptr[base.len - 1] == '/') {
        base.len--;
    }
    SP_TRY(sp_buf_put(out, base));
    SP_TRY(sp_buf_put_byte(out, '/'));
    SP_TRY(sp_url_encode(p->tenant_id, out));
    return sp_buf_put_text(out, "/oauth2/v2.0/token");
}

enum sp_err sp_provider_request(const struct sp_provider *p, struct sp_slice proof,
                                struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf text;
    struct sp_url url;
    sp_buf_init(&text, SP_PROVIDER_REQUEST_BYTES_MAX);
    if (p->source == SP_PROVIDER_AZURE_CLI) {
        return SP_OK; /* a program is asked, which knows what to ask whom */
    }
    SP_TRY(sp_provider_url(p, &text));
    SP_TRY(sp_url_parse(sp_buf_slice(&text), &url));
    if (!is_field_value(url.host) || (url.path.len > 0 && !is_field_value(url.path))) {
        return SP_ERR_INVALID;
    }
    return p->source == SP_PROVIDER_MANAGED_IDENTITY ? ask_identity(p, &url, proof, out)
                                                     : ask_grant(p, &url, proof, out);
}

bool sp_provider_is_token(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.ptr[i];
        const bool is_sign = byte == '-' || byte == '.' || byte == '_' || byte == '~' ||
                             byte == '+' || byte == '/' || byte == '=';
        if (!sp_text_is_alnum(byte) && !is_sign) {
            return false;
        }
    }
    return text.len > 0;
}
