#include "relay/plain_head.h"

#include "base/num.h"

#define RETRY_AFTER_S_MAX 86400U

size_t sp_plain_body_bytes(const struct sp_http_request *request)
{
    return request->body.len + request->content.len +
           request->tail.len; /* all in memory: no overflow */
}

enum sp_err sp_plain_put_head(struct sp_slice fields, const struct sp_http_request *request,
                              struct sp_buf *out)
{
    bool has_body = request->method == NULL || sp_plain_body_bytes(request) > 0;
    sp_buf_clear(out);
    SP_TRY(sp_buf_put_text(out, request->method == NULL ? "POST" : request->method));
    SP_TRY(sp_buf_put_byte(out, ' '));
    SP_TRY(sp_buf_put(out, request->target));
    SP_TRY(sp_buf_put_text(out, " HTTP/1.1\r\n"));
    SP_TRY(sp_buf_put(out, fields));
    SP_TRY(sp_buf_put_text(out, request->is_stream ? "Accept: text/event-stream\r\n"
                                                   : "Accept: application/json\r\n"));
    if (request->traceparent.len > 0) {
        SP_TRY(sp_buf_put_text(out, "traceparent: "));
        SP_TRY(sp_buf_put(out, request->traceparent));
        SP_TRY(sp_buf_put_text(out, "\r\n"));
    }
    for (size_t i = 0; i < SP_HTTP_FIELDS_MAX && request->fields[i].name != NULL; i++) {
        SP_TRY(sp_buf_put_text(out, request->fields[i].name));
        SP_TRY(sp_buf_put_text(out, ": "));
        SP_TRY(sp_buf_put(out, request->fields[i].value));
        SP_TRY(sp_buf_put_text(out, "\r\n"));
    }
    if (has_body) {
        SP_TRY(sp_buf_put_text(out, "Content-Type: "));
        SP_TRY(sp_buf_put(out, request->content_type.len > 0
                                   ? request->content_type
                                   : SP_SLICE_LITERAL("application/json")));
        SP_TRY(sp_buf_put_text(out, "\r\nContent-Length: "));
        SP_TRY(sp_buf_put_u64(out, sp_plain_body_bytes(request)));
        SP_TRY(sp_buf_put_text(out, "\r\n"));
    }
    return sp_buf_put_text(out, "\r\n");
}

/* Hosts are names or addresses from the checked configuration; an IPv6 address gets its brackets back. */
enum sp_err sp_plain_put_host(const struct sp_http_config *config, struct sp_buf *out)
{
    bool is_v6 = sp_slice_find(config->host, 0, ':') != config->host.len;
    SP_TRY(sp_buf_put_text(out, is_v6 ? "Host: [" : "Host: "));
    SP_TRY(sp_buf_put(out, config->host));
    SP_TRY(sp_buf_put_text(out, is_v6 ? "]" : ""));
    if (!config->is_local && config->port != 80) {
        SP_TRY(sp_buf_putf(out, ":%u", (unsigned)config->port));
    }
    return sp_buf_put_text(out, "\r\n");
}

/* Seconds only: a date would need the pool's clock to be right. */
uint32_t sp_plain_retry_after(const struct sp_http1 *parser)
{
    struct sp_slice value;
    uint64_t seconds = 0;
    if (sp_http1_find(parser, "Retry-After", &value) != 1 ||
        sp_parse_u64(value, RETRY_AFTER_S_MAX - 1, &seconds) != SP_OK) {
        return 0;
    }
    return (uint32_t)seconds;
}

bool sp_plain_is_events(const struct sp_http1 *parser)
{
    struct sp_slice type = {NULL, 0};
    return sp_http1_find(parser, "Content-Type", &type) == 1 &&
           sp_slice_is_nocase(type, "text/event-stream");
}
