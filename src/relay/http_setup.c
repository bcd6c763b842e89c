#include "relay/http_setup.h"

#include <stdlib.h>
#include <string.h>

#define URL_BYTES_MAX       ((size_t)32 * 1024)
#define HEADER_BYTES_MAX    ((size_t)20 * 1024)
#define UPLOAD_BUFFER_BYTES 16384L /* the least that libcurl takes */

/* A path for libcurl to think of; the descriptor behind it comes from dial. */
#define LOCAL_PATH          "/pool"
/* An address for libcurl to think of (TEST-NET-1 of RFC 5737). */
#define NO_ADDRESS          "192.0.2.1"

/* Hosts are names or addresses from the checked configuration; an IPv6 address gets its brackets back. */
static enum sp_err put_origin(struct sp_http_setup *s)
{
    const struct sp_http_config *config = s->config;
    bool is_v6 = sp_slice_find(config->host, 0, ':') != config->host.len;
    if (config->is_local) {
        return sp_buf_put_text(&s->origin, "http://localhost");
    }
    SP_TRY(sp_buf_put_text(&s->origin, config->is_https ? "https://" : "http://"));
    SP_TRY(sp_buf_put_text(&s->origin, is_v6 ? "[" : ""));
    SP_TRY(sp_buf_put(&s->origin, config->host));
    return sp_buf_putf(&s->origin, "%s:%u", is_v6 ? "]" : "", (unsigned)config->port);
}

static enum sp_err put_resolve(struct sp_http_setup *s)
{
    SP_AUTO_BUF struct sp_buf line;
    sp_buf_init(&line, URL_BYTES_MAX);
    if (s->config->is_local) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put(&line, s->config->host));
    SP_TRY(sp_buf_putf(&line, ":%u:" NO_ADDRESS, (unsigned)s->config->port));
    SP_TRY(sp_buf_put_byte(&line, '\0'));
    s->resolve = curl_slist_append(NULL, (const char *)line.ptr);
    return s->resolve != NULL ? SP_OK : SP_ERR_NOMEM;
}

enum sp_err sp_http_setup_init(struct sp_http_setup *s, const struct sp_http_config *config)
{
    *s = (struct sp_http_setup){.config = config};
    sp_buf_init(&s->origin, URL_BYTES_MAX);
    sp_buf_init(&s->url, URL_BYTES_MAX);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(put_origin(s));
    return put_resolve(s);
}

void sp_http_setup_done(struct sp_http_setup *s)
{
    sp_buf_done(&s->origin);
    sp_buf_done(&s->url);
    curl_slist_free_all(s->resolve);
    if (s->has_bearer) {
        sp_secret_done(&s->bearer);
    }
    *s = (struct sp_http_setup){0};
}

enum sp_err sp_http_setup_bearer(struct sp_http_setup *s, struct sp_slice bearer)
{
    struct sp_secret secret = {0};
    if (bearer.len > 0) {
        SP_TRY(sp_secret_init(&secret, bearer));
    }
    if (s->has_bearer) {
        sp_secret_done(&s->bearer);
    }
    s->bearer = secret;
    s->has_bearer = bearer.len > 0;
    return SP_OK;
}

static bool set_common(CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           /* A larger buffer would go back to malloc, and its arena be tidied, with every request. */
           curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "sallyport") == CURLE_OK;
}

static bool set_place(const struct sp_http_setup *s, CURL *easy)
{
    const struct sp_http_config *config = s->config;
    if (config->is_local) {
        return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, LOCAL_PATH) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 0L) == CURLE_OK;
    }
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, config->is_https ? "https" : "http") ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_RESOLVE, s->resolve) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 0L) == CURLE_OK; /* dial has set it */
}

static bool set_tls(const struct sp_http_setup *s, CURL *easy)
{
    struct sp_slice pem = s->config->ca_pem;
    struct curl_blob blob = {
        .data = (void *)(uintptr_t)pem.ptr, .len = pem.len, .flags = CURL_BLOB_NOCOPY};
    if (!s->config->is_https) {
        return true;
    }
    /* Files are out of reach later: no bundle and no directory of the system, only the bytes that were given. */
    return curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
}

static bool set_times(const struct sp_http_config *config, CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_ms) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)config->idle_s) == CURLE_OK;
}

enum sp_err sp_http_setup_easy(const struct sp_http_setup *s, CURL **out)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        return SP_ERR_NOMEM;
    }
    if (!set_common(easy) || !set_place(s, easy) || !set_tls(s, easy) ||
        !set_times(s->config, easy)) {
        curl_easy_cleanup(easy);
        return SP_ERR_NOMEM;
    }
    *out = easy;
    return SP_OK;
}

static enum sp_err append(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer == NULL) {
        return SP_ERR_NOMEM;
    }
    *headers = longer;
    return SP_OK;
}

static enum sp_err append_bearer(const struct sp_http_setup *s, struct curl_slist **headers)
{
    struct sp_buf line;
    sp_buf_init(&line, HEADER_BYTES_MAX);
    enum sp_err err = sp_buf_put_text(&line, "Authorization: Bearer ");
    if (err == SP_OK) {
        err = sp_buf_put(&line, sp_secret_show(&s->bearer));
    }
    if (err == SP_OK) {
        err = sp_buf_put_byte(&line, '\0');
    }
    if (err == SP_OK) {
        err = append(headers, (const char *)line.ptr);
    }
    sp_buf_wipe(&line);
    return err;
}

/* A field whose value is ours or was checked; an empty one is left out. */
static enum sp_err append_field(struct curl_slist **headers, const char *name,
                                struct sp_slice value)
{
    SP_AUTO_BUF struct sp_buf line;
    sp_buf_init(&line, HEADER_BYTES_MAX);
    if (value.len == 0) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put_text(&line, name));
    SP_TRY(sp_buf_put_text(&line, ": "));
    SP_TRY(sp_buf_put(&line, value));
    SP_TRY(sp_buf_put_byte(&line, '\0'));
    return append(headers, (const char *)line.ptr);
}

static enum sp_err append_all(const struct sp_http_setup *s, const struct sp_http_request *request,
                              struct curl_slist **headers)
{
    bool is_json = request->content_type.len == 0 && request->method == NULL;
    struct sp_slice type = is_json ? SP_SLICE_LITERAL("application/json") : request->content_type;
    SP_TRY(append_field(headers, "Content-Type", type));
    SP_TRY(append_field(headers, "traceparent", request->traceparent));
    for (size_t i = 0; i < SP_HTTP_FIELDS_MAX && request->fields[i].name != NULL; i++) {
        SP_TRY(append_field(headers, request->fields[i].name, request->fields[i].value));
    }
    SP_TRY(append(headers, "Accept: application/json"));
    SP_TRY(append(headers, "Expect:")); /* no waiting for 100-continue */
    return s->has_bearer ? append_bearer(s, headers) : SP_OK;
}

enum sp_err sp_http_setup_headers(const struct sp_http_setup *s,
                                  const struct sp_http_request *request, struct curl_slist **out)
{
    struct curl_slist *headers = NULL;
    enum sp_err err = append_all(s, request, &headers);
    if (err != SP_OK) {
        sp_http_setup_headers_free(&headers);
        return err;
    }
    *out = headers;
    return SP_OK;
}

void sp_http_setup_headers_free(struct curl_slist **headers)
{
    for (struct curl_slist *at = *headers; at != NULL; at = at->next) {
        sp_wipe(at->data, sp_slice_of(at->data).len);
    }
    curl_slist_free_all(*headers);
    *headers = NULL;
}

/* POST with a body, or a request without one. */
static bool set_method(CURL *easy, const struct sp_http_request *request, size_t len)
{
    bool has_body = request->method == NULL || len > 0;
    if (curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, has_body ? NULL : request->method) !=
        CURLE_OK) {
        return false;
    }
    return has_body ? curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
                          curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) ==
                              CURLE_OK
                    : curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
}

enum sp_err sp_http_setup_request(struct sp_http_setup *s, CURL *easy,
                                  const struct sp_http_request *request)
{
    size_t len = request->body.len + request->content.len +
                 request->tail.len; /* all in memory: no overflow */
    sp_buf_clear(&s->url);
    SP_TRY(sp_buf_put(&s->url, sp_buf_slice(&s->origin)));
    SP_TRY(sp_buf_put(&s->url, request->target));
    SP_TRY(sp_buf_put_byte(&s->url, '\0'));
    if (curl_easy_setopt(easy, CURLOPT_URL, (const char *)s->url.ptr) != CURLE_OK ||
        !set_method(easy, request, len) ||
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) != CURLE_OK) {
        return SP_ERR_NOMEM;
    }
    return SP_OK;
}
