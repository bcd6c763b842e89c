#include "pool/http.h"

#include "pool/answer.h"

#define HEAD_BYTES_MAX ((size_t)16 * 1024)

void sp_pool_http_init(struct sp_pool_http *http)
{
    http->state = SP_POOL_HTTP_READING;
    sp_buf_init(&http->head, HEAD_BYTES_MAX);
    sp_buf_init(&http->body, SP_POOL_BODY_BYTES_MAX);
    sp_buf_init(&http->out, SP_POOL_ANSWER_BYTES_MAX + HEAD_BYTES_MAX);
    sp_http1_init(&http->parser, SP_HTTP1_REQUEST, &http->head);
}

void sp_pool_http_done(struct sp_pool_http *http)
{
    sp_buf_done(&http->head);
    sp_buf_done(&http->body);
    sp_buf_done(&http->out);
}

static const char *reason_of(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 429:
        return "Too Many Requests";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    default:
        return "Answer";
    }
}

static enum sp_err put_answer(struct sp_pool_http *http, unsigned status, unsigned retry_after_s,
                              struct sp_slice body)
{
    struct sp_buf *out = &http->out;
    SP_TRY(sp_buf_putf(out, "HTTP/1.1 %u %s\r\n", status, reason_of(status)));
    if (status != 204) {
        SP_TRY(sp_buf_putf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                           body.len));
    }
    if (retry_after_s > 0) {
        SP_TRY(sp_buf_putf(out, "Retry-After: %u\r\n", retry_after_s));
    }
    if (http->state == SP_POOL_HTTP_CLOSING) {
        SP_TRY(sp_buf_put_text(out, "Connection: close\r\n"));
    }
    SP_TRY(sp_buf_put_text(out, "\r\n"));
    return status == 204 ? SP_OK : sp_buf_put(out, body);
}

void sp_pool_http_answer(struct sp_pool_http *http, unsigned status, unsigned retry_after_s,
                         struct sp_slice body)
{
    size_t before = http->out.len;
    if (http->state == SP_POOL_HTTP_WAITING && !http->parser.is_persistent) {
        http->state = SP_POOL_HTTP_CLOSING;
    }
    if (put_answer(http, status, retry_after_s, body) != SP_OK) {
        /* Half an answer must not look like a whole one. */
        sp_buf_truncate(&http->out, before);
        http->state = SP_POOL_HTTP_CLOSING;
        return;
    }
    if (http->state == SP_POOL_HTTP_WAITING) {
        http->state = SP_POOL_HTTP_READING;
        sp_buf_done(&http->body);
        sp_http1_next(&http->parser, SP_HTTP1_REQUEST);
    }
}

static void refuse(struct sp_pool_http *http, enum sp_err why, const char *detail)
{
    struct sp_buf SP_AUTO_BUF body;
    sp_buf_init(&body, HEAD_BYTES_MAX);
    http->state = SP_POOL_HTTP_CLOSING;
    if (sp_pool_answer_error(why, sp_slice_of(detail), &body) == SP_OK) {
        sp_pool_http_answer(http, sp_err_http(why), 0, sp_buf_slice(&body));
    }
}

static enum sp_err on_event(struct sp_pool_http *http, enum sp_http1_event event)
{
    switch (event) {
    case SP_HTTP1_HEAD_DONE:
        if (http->parser.has_length && http->parser.length > SP_POOL_BODY_BYTES_MAX) {
            return SP_ERR_TOO_BIG;
        }
        return http->parser.expects_continue
                   ? sp_buf_put_text(&http->out, "HTTP/1.1 100 Continue\r\n\r\n")
                   : SP_OK;
    case SP_HTTP1_BODY:
        return sp_buf_put(&http->body, http->parser.body);
    case SP_HTTP1_MESSAGE_DONE:
        http->state = SP_POOL_HTTP_WAITING;
        return SP_OK;
    case SP_HTTP1_NEED_MORE:
    default:
        return SP_OK;
    }
}

void sp_pool_http_feed(struct sp_pool_http *http, struct sp_slice in, size_t *out_consumed)
{
    size_t total = 0;
    enum sp_http1_event event = SP_HTTP1_HEAD_DONE;
    while (http->state == SP_POOL_HTTP_READING && event != SP_HTTP1_NEED_MORE) {
        size_t consumed = 0;
        enum sp_err err =
            sp_http1_feed(&http->parser, sp_slice_sub(in, total, in.len), &consumed, &event);
        if (err != SP_OK) {
            refuse(http, err, http->parser.rule != NULL ? http->parser.rule : "");
            break;
        }
        total += consumed;
        err = on_event(http, event);
        if (err != SP_OK) {
            refuse(http, err, "");
            break;
        }
    }
    *out_consumed = total;
}
