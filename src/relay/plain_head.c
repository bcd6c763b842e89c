#include "relay/plain_head.h"

size_t sp_plain_body_bytes(const struct sp_http_request *request)
{
    return request->body.len + request->content.len + request->tail.len; /* all in memory: no overflow */
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
        SP_TRY(sp_buf_put(out, request->content_type.len > 0 ? request->content_type
                                                             : SP_SLICE_LITERAL("application/json")));
        SP_TRY(sp_buf_put_text(out, "\r\nContent-Length: "));
        SP_TRY(sp_buf_put_u64(out, sp_plain_body_bytes(request)));
        SP_TRY(sp_buf_put_text(out, "\r\n"));
    }
    return sp_buf_put_text(out, "\r\n");
}
