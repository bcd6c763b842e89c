/*
 * http_setup - the options of libcurl's handles: what stays the same for all requests, and what differs.
 *
 * Runs in: relay.   Input: configuration, the bearer.   Allocates: the headers.
 * Everything that libcurl would look up by itself (proxies, names, certificates, credentials) is switched off or given.
 */
#ifndef SP_RELAY_HTTP_SETUP_H
#define SP_RELAY_HTTP_SETUP_H

#include <curl/curl.h>

#include "base/buf.h"
#include "base/secret.h"
#include "relay/http.h"

struct sp_http_setup {
    const struct sp_http_config *config;
    struct sp_buf origin;       /* "https://host:port" */
    struct sp_buf url;          /* of the request being started */
    struct curl_slist *resolve; /* the host's name to an address that is never used */
    struct sp_secret bearer;
    bool has_bearer;
};

/* `config` is borrowed for the life of the object. */
enum sp_err sp_http_setup_init(struct sp_http_setup *s, const struct sp_http_config *config)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_http_setup_done(struct sp_http_setup *s) SP_NONNULL(1);

enum sp_err sp_http_setup_bearer(struct sp_http_setup *s, struct sp_slice bearer)
    SP_MUST_CHECK SP_NONNULL(1);

/* A new handle with all that stays the same. The caller cleans it up. */
enum sp_err sp_http_setup_easy(const struct sp_http_setup *s, CURL **out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The header lines of a request, with the bearer of now. Freed (and overwritten) by sp_http_setup_headers_free; `*headers` may be NULL. */
enum sp_err sp_http_setup_headers(const struct sp_http_setup *s,
                                  const struct sp_http_request *request, struct curl_slist **out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_http_setup_headers_free(struct curl_slist **headers) SP_NONNULL(1);

/* What differs between requests: URL, length of the body, time limit. */
enum sp_err sp_http_setup_request(struct sp_http_setup *s, CURL *easy,
                                  const struct sp_http_request *request)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
