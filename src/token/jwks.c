#include "token/jwks.h"

#include "codec/json.h"
#include "codec/url.h"

void sp_jwks_init(struct sp_jwks_source *source)
{
    sp_renew_init(&source->renew);
    sp_buf_init(&source->document, SP_JWKS_BYTES_MAX);
    source->wanted_ms = 0;
    source->was_wanted = false;
}

void sp_jwks_wanted(struct sp_jwks_source *source, uint64_t now_ms)
{
    const uint64_t allowed_ms = source->was_wanted ? source->wanted_ms + SP_JWKS_WANTED_MS : now_ms;
    const uint64_t due_ms = allowed_ms > now_ms ? allowed_ms : now_ms;
    if (source->renew.is_asking || source->renew.failures > 0 || due_ms >= source->renew.ask_ms) {
        return;
    }
    source->renew.ask_ms = due_ms;
    source->wanted_ms = due_ms;
    source->was_wanted = true;
}

void sp_jwks_source_done(struct sp_jwks_source *source)
{
    sp_buf_done(&source->document);
}

/* What may stand in a request line and a Host field without ending them. */
static bool is_visible(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return true;
}

enum sp_err sp_jwks_request(struct sp_slice text, struct sp_buf *out)
{
    struct sp_url url;
    if (!is_visible(text)) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_url_parse(text, &url));
    const bool is_ip6 = sp_slice_find(url.host, 0, ':') < url.host.len;
    SP_TRY(sp_buf_put_text(out, "GET "));
    SP_TRY(url.path.len == 0 ? sp_buf_put_text(out, "/") : sp_buf_put(out, url.path));
    if (url.has_query) {
        SP_TRY(sp_buf_put_byte(out, '?'));
        SP_TRY(sp_buf_put(out, url.query));
    }
    SP_TRY(sp_buf_put_text(out, is_ip6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: "));
    SP_TRY(sp_buf_put(out, url.host));
    SP_TRY(sp_buf_put_text(out, is_ip6 ? "]" : ""));
    if (url.port != (url.is_https ? 443 : 80)) {
        SP_TRY(sp_buf_putf(out, ":%u", (unsigned)url.port));
    }
    return sp_buf_put_text(out, "\r\nAccept: application/json\r\nConnection: close\r\n\r\n");
}

static bool is_document(struct sp_slice body)
{
    const struct sp_json_limits limits = {SP_JWKS_BYTES_MAX, SP_JSON_DEPTH, SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    return sp_json_parse(body, &limits, &doc, NULL) == SP_OK &&
           sp_json_count(sp_json_get(sp_json_root(doc), "keys")) > 0;
}

bool sp_jwks_answered(struct sp_jwks_source *source, unsigned status, uint64_t retry_after_ms,
                      struct sp_slice body, uint64_t now_ms, uint32_t jitter)
{
    if (status != 200 || !is_document(body)) {
        sp_renew_failed(&source->renew, now_ms, status == 200 ? 0 : status, retry_after_ms, jitter);
        return false;
    }
    sp_renew_got(&source->renew, now_ms, UINT64_MAX / 4,
                 SP_JWKS_LIFE_MS); /* old keys serve as long as it takes */
    if (sp_slice_equal(body, sp_buf_slice(&source->document))) {
        return false;
    }
    sp_buf_clear(&source->document);
    return sp_buf_put(&source->document, body) == SP_OK;
}
