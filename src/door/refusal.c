#include "door/refusal.h"

#include "base/clock.h"
#include "codec/json_out.h"

#define BODY_BYTES_MAX ((size_t)4096)

/* Only what the door itself says; an unknown status goes without a phrase (RFC 9112, section 4). */
static const char *phrase_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *phrase;
    } phrases[] = {
        {400, "Bad Request"},         {408, "Request Timeout"},
        {411, "Length Required"},     {413, "Content Too Large"},
        {414, "URI Too Long"},        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},  {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},     {502, "Bad Gateway"},
        {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < SP_COUNT(phrases); i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "";
}

static enum sp_err put_body(const struct sp_refusal *refusal, struct sp_buf *out)
{
    const char *message = refusal->detail != NULL ? refusal->detail : sp_err_text(refusal->err);
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "error");
    sp_json_out_object(&w);
    sp_json_out_member_text(&w, "code", sp_err_code(refusal->err));
    sp_json_out_member_text(&w, "message", message);
    sp_json_out_object_end(&w);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

static enum sp_err put_all(const struct sp_refusal *refusal, struct sp_slice body,
                           struct sp_buf *out)
{
    unsigned status = sp_err_http(refusal->err);
    SP_TRY(sp_buf_putf(out,
                       "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\nx-ms-error-code: %s\r\n",
                       status, phrase_of(status), body.len, sp_err_code(refusal->err)));
    if (refusal->retry_after_s > 0) {
        SP_TRY(sp_buf_putf(out, "Retry-After: %u\r\n", refusal->retry_after_s));
    }
    if (refusal->wall_us > 0) {
        char date[SP_CLOCK_HTTP_BYTES];
        sp_clock_http(refusal->wall_us, date);
        SP_TRY(sp_buf_putf(out, "Date: %s\r\nx-ms-request-id: %016llx\r\n", date,
                           (unsigned long long)refusal->wall_us));
    }
    SP_TRY(sp_buf_put_text(out, "\r\n"));
    return refusal->is_head_method ? SP_OK : sp_buf_put(out, body);
}

enum sp_err sp_refusal_put(const struct sp_refusal *refusal, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf body;
    sp_buf_init(&body, BODY_BYTES_MAX);
    SP_TRY(put_body(refusal, &body));
    size_t before = out->len;
    enum sp_err err = put_all(refusal, sp_buf_slice(&body), out);
    if (err != SP_OK) {
        sp_buf_truncate(out, before);
    }
    return err;
}
