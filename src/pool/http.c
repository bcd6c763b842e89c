#include "pool/http.h"

#include "pool/answer.h"

#define HEAD_BYTES_MAX ((size_t)16 * 1024)

void sp_pool_http_init(struct sp_pool_http *http)
{
    http->state = SP_POOL_HTTP_READING;
    http->is_streaming = false;
    http->is_upload = false;
    http->is_answered = false;
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
    case 206:
        return "Partial Content";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 416:
        return "Range Not Satisfiable";
    case 429:
        return "Too Many Requests";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 507:
        return "Insufficient Storage";
    default:
        return "Answer";
    }
}

static enum sp_err put_head(struct sp_pool_http *http, const struct sp_pool_reply *reply)
{
    struct sp_buf *out = &http->out;
    unsigned long long length = reply->length;
    SP_TRY(sp_buf_putf(out, "HTTP/1.1 %u %s\r\n", reply->status, reason_of(reply->status)));
    if (reply->status != 204) {
        SP_TRY(sp_buf_putf(out, "Content-Type: %s\r\nContent-Length: %llu\r\n",
                           reply->type != NULL ? reply->type : "application/json", length));
    }
    if (reply->retry_after_s > 0) {
        SP_TRY(sp_buf_putf(out, "Retry-After: %u\r\n", reply->retry_after_s));
    }
    if (reply->more != NULL) {
        SP_TRY(sp_buf_put_text(out, reply->more));
    }
    if (http->state == SP_POOL_HTTP_CLOSING) {
        SP_TRY(sp_buf_put_text(out, "Connection: close\r\n"));
    }
    return sp_buf_put_text(out, "\r\n");
}

static void next_request(struct sp_pool_http *http)
{
    http->state = SP_POOL_HTTP_READING;
    http->is_upload = false;
    http->is_answered = false;
    sp_buf_done(&http->body);
    sp_http1_next(&http->parser, SP_HTTP1_REQUEST);
}

static void begin_answer(struct sp_pool_http *http)
{
    if (http->state == SP_POOL_HTTP_WAITING && !http->parser.is_persistent) {
        http->state = SP_POOL_HTTP_CLOSING;
    }
}

void sp_pool_http_answered(struct sp_pool_http *http)
{
    if (http->state == SP_POOL_HTTP_WAITING) {
        next_request(http);
    } else if (http->is_upload && http->state != SP_POOL_HTTP_CLOSING) {
        http->is_answered = true;
    }
}

/* Half an answer must not look like a whole one. */
static void give_up(struct sp_pool_http *http, size_t before)
{
    sp_buf_truncate(&http->out, before);
    http->state = SP_POOL_HTTP_CLOSING;
}

void sp_pool_http_reply(struct sp_pool_http *http, const struct sp_pool_reply *reply)
{
    size_t before = http->out.len;
    begin_answer(http);
    if (put_head(http, reply) != SP_OK) {
        give_up(http, before);
    }
}

static enum sp_err put_chunk(struct sp_pool_http *http, struct sp_slice bytes)
{
    SP_TRY(sp_buf_putf(&http->out, "%zx\r\n", bytes.len));
    SP_TRY(sp_buf_put(&http->out, bytes));
    return sp_buf_put_text(&http->out, "\r\n");
}

static enum sp_err begin_stream(struct sp_pool_http *http)
{
    http->is_streaming = true;
    SP_TRY(sp_buf_put_text(&http->out,
                           "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           "Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n"));
    return sp_buf_put_text(&http->out,
                           http->parser.is_persistent ? "\r\n" : "Connection: close\r\n\r\n");
}

/* What cannot be told ends the connection: its client sees that the stream is not whole. */
void sp_pool_http_stream(struct sp_pool_http *http, struct sp_slice bytes)
{
    size_t before = http->out.len;
    enum sp_err err = http->is_streaming ? SP_OK : begin_stream(http);
    if (err != SP_OK || put_chunk(http, bytes) != SP_OK) {
        give_up(http, before);
    }
}

void sp_pool_http_stream_end(struct sp_pool_http *http)
{
    http->is_streaming = false;
    if (http->state != SP_POOL_HTTP_WAITING) {
        return;
    }
    if (sp_buf_put_text(&http->out, "0\r\n\r\n") != SP_OK) {
        http->state = SP_POOL_HTTP_CLOSING;
        return;
    }
    begin_answer(http);
    sp_pool_http_answered(http);
}

void sp_pool_http_answer(struct sp_pool_http *http, unsigned status, unsigned retry_after_s,
                         struct sp_slice body)
{
    const struct sp_pool_reply reply = {
        .status = status, .retry_after_s = retry_after_s, .length = body.len};
    size_t before = http->out.len;
    begin_answer(http);
    if (put_head(http, &reply) != SP_OK ||
        (status != 204 && sp_buf_put(&http->out, body) != SP_OK)) {
        give_up(http, before);
        return;
    }
    sp_pool_http_answered(http);
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

/* Room for the boundaries and the head of the part that the file comes in. */
#define AROUND_FILE_BYTES ((uint64_t)64 * 1024)

static enum sp_err on_head(struct sp_pool_http *http)
{
    uint64_t most = SP_POOL_BODY_BYTES_MAX;
    http->is_upload =
        sp_pool_call_is_upload(sp_http1_method(&http->parser), sp_http1_target(&http->parser));
    if (http->is_upload) {
        most = SP_POOL_UPLOAD_BYTES_MAX + AROUND_FILE_BYTES;
        http->state = SP_POOL_HTTP_HEAD;
    }
    if (http->parser.has_length && http->parser.length > most) {
        return SP_ERR_TOO_BIG;
    }
    return http->parser.expects_continue
               ? sp_buf_put_text(&http->out, "HTTP/1.1 100 Continue\r\n\r\n")
               : SP_OK;
}

static enum sp_err on_event(struct sp_pool_http *http, enum sp_http1_event event)
{
    switch (event) {
    case SP_HTTP1_HEAD_DONE:
        return on_head(http);
    case SP_HTTP1_BODY:
        if (!http->is_upload) {
            return sp_buf_put(&http->body, http->parser.body);
        }
        http->piece = http->parser.body;
        http->state = http->is_answered ? SP_POOL_HTTP_READING : SP_POOL_HTTP_PIECE;
        return SP_OK;
    case SP_HTTP1_MESSAGE_DONE:
        http->state = SP_POOL_HTTP_WAITING;
        if (http->is_answered && http->parser.is_persistent) {
            next_request(http);
        } else if (http->is_answered) {
            http->state = SP_POOL_HTTP_CLOSING;
        }
        return SP_OK;
    case SP_HTTP1_NEED_MORE:
    default:
        return SP_OK;
    }
}

void sp_pool_http_go_on(struct sp_pool_http *http)
{
    if (http->state == SP_POOL_HTTP_HEAD || http->state == SP_POOL_HTTP_PIECE) {
        http->state = SP_POOL_HTTP_READING;
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
