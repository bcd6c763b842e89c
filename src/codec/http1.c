#include "codec/http1.h"

#include "base/assert.h"
#include "base/num.h"
#include "codec/http1_head.h"

enum state {
    STATE_IDLE,            /* before the first byte of a message */
    STATE_HEAD,            /* inside start line or fields */
    STATE_INTERIM,         /* after a 1xx head: another head follows */
    STATE_LENGTH,          /* a body of known length */
    STATE_CHUNK_SIZE,      /* hexadecimal digits */
    STATE_CHUNK_EXTENSION, /* what may follow them on the line */
    STATE_CHUNK_LF,        /* the line end after both */
    STATE_CHUNK_DATA,
    STATE_DATA_CR, /* the line end after a chunk's data */
    STATE_DATA_LF,
    STATE_TRAILER_START, /* a trailer field or the final empty line */
    STATE_TRAILER_NAME,
    STATE_TRAILER_VALUE,
    STATE_TRAILER_LF,
    STATE_FINAL_LF,
    STATE_UNTIL_CLOSE,
    STATE_DONE,
    STATE_FAILED,
};

static void reset(struct sp_http1 *p, enum sp_http1_kind kind, struct sp_buf *head)
{
    /* Field by field: the table of fields is large and needs no clearing. */
    p->head = head;
    p->kind = kind;
    p->state = STATE_IDLE;
    p->rule = "";
    p->body = (struct sp_slice){NULL, 0};
    p->body_bytes = 0;
    p->status = 0;
    p->minor = 0;
    p->has_length = false;
    p->length = 0;
    p->is_chunked = false;
    p->has_other_coding = false;
    p->is_until_close = false;
    p->is_persistent = false;
    p->expects_continue = false;
    p->wants_close = false;
    p->method_len = 0;
    p->target_at = 0;
    p->target_len = 0;
    p->authority_at = 0;
    p->authority_len = 0;
    p->line_at = 0;
    p->left = 0;
    p->trailer_bytes = 0;
    p->extension_bytes = 0;
    p->extension = SP_HTTP1_EXTENSION_GAP;
    p->chunk_digits = 0;
    p->hosts = 0;
    p->blanks = 0;
    p->field_count = 0;
    sp_buf_clear(head);
}

void sp_http1_init(struct sp_http1 *p, enum sp_http1_kind kind, struct sp_buf *head)
{
    reset(p, kind, head);
}

void sp_http1_next(struct sp_http1 *p, enum sp_http1_kind kind)
{
    SP_ASSERT(p->state == STATE_DONE || p->state == STATE_IDLE);
    reset(p, kind, p->head);
}

static enum sp_err fail(struct sp_http1 *p, const char *rule)
{
    p->rule = rule;
    return SP_ERR_HTTP;
}

/* The bound on the start line is lower than that on the head, and has a status of its own in a request. */
static enum sp_err check_room(struct sp_http1 *p, size_t more)
{
    size_t line = p->head->len - p->line_at;
    if (p->line_at == 0 &&
        more > SP_HTTP1_LINE_BYTES_MAX - sp_size_min(line, SP_HTTP1_LINE_BYTES_MAX)) {
        p->rule = "the start line is too long";
        return p->kind == SP_HTTP1_REQUEST ? SP_ERR_URI_TOO_LONG : SP_ERR_HEAD_TOO_BIG;
    }
    if (more > sp_size_min(p->head->max, SP_HTTP1_HEAD_BYTES_MAX) - p->head->len) {
        p->rule = "the head is too large";
        return SP_ERR_HEAD_TOO_BIG;
    }
    return SP_OK;
}

/* What follows the head: the length of the body by RFC 9112, section 6.3. */
static unsigned state_after_head(struct sp_http1 *p)
{
    bool is_response = p->kind != SP_HTTP1_REQUEST;
    if (is_response && p->status < 200) {
        return STATE_INTERIM;
    }
    if (p->kind == SP_HTTP1_RESPONSE_TO_HEAD ||
        (is_response && (p->status == 204 || p->status == 304))) {
        return STATE_DONE;
    }
    if (p->is_chunked) {
        return STATE_CHUNK_SIZE;
    }
    if (p->has_length) {
        p->left = p->length;
        return p->length > 0 ? STATE_LENGTH : STATE_DONE;
    }
    if (is_response) {
        p->is_until_close = true;
        p->is_persistent = false;
        return STATE_UNTIL_CLOSE;
    }
    return STATE_DONE;
}

/* One whole line stands at the end of the head buffer. `*out_is_end` tells that it ended the head. */
static enum sp_err end_line(struct sp_http1 *p, bool *out_is_end)
{
    struct sp_slice head = sp_buf_slice(p->head);
    struct sp_slice line = sp_slice_sub(head, p->line_at, head.len);
    *out_is_end = false;
    if (line.len < 2 || line.ptr[line.len - 2] != '\r') {
        return fail(p, "a line ends without CR");
    }
    line.len -= 2;
    if (p->line_at > 0 && line.len == 0) {
        *out_is_end = true;
        return sp_http1_head_end(p);
    }
    if (p->line_at == 0 && line.len == 0) {
        /* RFC 9112, 2.2: one empty line before a request is passed over. Old clients send it behind a body: it is no
         * beginning, and the connection may rest after it. */
        p->blanks++;
        p->state = STATE_IDLE;
        sp_buf_clear(p->head);
        return p->kind == SP_HTTP1_REQUEST && p->blanks == 1
                   ? SP_OK
                   : fail(p, "an empty line stands before the message");
    }
    SP_TRY(p->line_at == 0 ? sp_http1_start_line(p, line) : sp_http1_field_line(p, line));
    p->line_at = head.len;
    return SP_OK;
}

static enum sp_err feed_head(struct sp_http1 *p, struct sp_slice in, size_t *at,
                             enum sp_http1_event *out)
{
    while (*at < in.len) {
        size_t lf = sp_slice_find(in, *at, '\n');
        size_t end = lf < in.len ? lf + 1 : in.len;
        SP_TRY(check_room(p, end - *at));
        SP_TRY(sp_buf_put(p->head, sp_slice_sub(in, *at, end - *at)));
        *at = end;
        p->state = STATE_HEAD;
        if (lf == in.len) {
            break;
        }
        bool is_end = false;
        SP_TRY(end_line(p, &is_end));
        if (is_end) {
            p->state = state_after_head(p);
            *out = SP_HTTP1_HEAD_DONE;
            return SP_OK;
        }
    }
    *out = SP_HTTP1_NEED_MORE;
    return SP_OK;
}

/* Lends as much of the input as belongs to the body or chunk; `after` is the state behind its last byte. */
static enum sp_err feed_data(struct sp_http1 *p, struct sp_slice in, size_t *at, unsigned after)
{
    uint64_t have = in.len - *at;
    size_t len = have < p->left ? (size_t)have : (size_t)p->left;
    p->body = sp_slice_sub(in, *at, len);
    p->left -= len;
    p->body_bytes += len;
    *at += len;
    if (p->left == 0) {
        p->state = after;
    }
    return SP_OK;
}

/* All of a message's extensions are bounded together, so that chunks of one byte do not carry any amount of them. */
static enum sp_err extension_byte(struct sp_http1 *p, uint8_t byte)
{
    p->extension_bytes++;
    if (p->extension_bytes > SP_HTTP1_EXTENSION_BYTES_MAX) {
        p->rule = "the chunk extensions are too large";
        return SP_ERR_TOO_BIG;
    }
    if (sp_http1_extension_step(&p->extension, byte) != SP_OK) {
        return fail(p, "a chunk extension has the wrong form");
    }
    if (p->extension == SP_HTTP1_EXTENSION_OVER) {
        p->state = STATE_CHUNK_LF;
    }
    return SP_OK;
}

static enum sp_err chunk_digit(struct sp_http1 *p, uint8_t byte)
{
    uint64_t digit = 0;
    if (byte == '\r' && p->chunk_digits > 0) {
        p->state = STATE_CHUNK_LF;
        return SP_OK;
    }
    if ((byte == ';' || byte == ' ' || byte == '\t') && p->chunk_digits > 0) {
        p->state = STATE_CHUNK_EXTENSION;
        p->extension = SP_HTTP1_EXTENSION_GAP;
        return extension_byte(p, byte);
    }
    if (sp_parse_hex_u64(sp_slice_make(&byte, 1), 15, &digit) != SP_OK) {
        return fail(p, "a chunk size is not hexadecimal");
    }
    if (p->chunk_digits == SP_HTTP1_CHUNK_DIGITS_MAX) {
        return fail(p, "a chunk size has too many digits");
    }
    p->chunk_digits++;
    p->left = p->left << 4 | digit;
    return SP_OK;
}

static enum sp_err chunk_begins(struct sp_http1 *p)
{
    uint64_t total = 0;
    if (sp_u64_add(p->body_bytes, p->left, &total) != SP_OK || total > INT64_MAX) {
        return fail(p, "the chunks are too large in sum");
    }
    p->chunk_digits = 0;
    p->state = p->left == 0 ? STATE_TRAILER_START : STATE_CHUNK_DATA;
    return SP_OK;
}

static enum sp_err expect(struct sp_http1 *p, uint8_t byte, uint8_t wanted, unsigned after)
{
    if (byte != wanted) {
        return fail(p, "a line end of the chunked coding is not CRLF");
    }
    p->state = after;
    return SP_OK;
}

static enum sp_err trailer_byte(struct sp_http1 *p, uint8_t byte)
{
    p->trailer_bytes++;
    if (p->trailer_bytes > SP_HTTP1_TRAILER_BYTES_MAX) {
        p->rule = "the trailer is too large";
        return SP_ERR_HEAD_TOO_BIG;
    }
    if (byte == '\r' && p->state != STATE_TRAILER_NAME) {
        p->state = p->state == STATE_TRAILER_START ? STATE_FINAL_LF : STATE_TRAILER_LF;
        return SP_OK;
    }
    if (p->state == STATE_TRAILER_VALUE) {
        return sp_http1_is_value_byte(byte) ? SP_OK : fail(p, "a trailer holds a control byte");
    }
    if (byte == ':' && p->state == STATE_TRAILER_NAME) {
        p->state = STATE_TRAILER_VALUE;
        return SP_OK;
    }
    p->state = STATE_TRAILER_NAME;
    return sp_http1_is_name_byte(byte) ? SP_OK
                                       : fail(p, "the name of a trailer field is not a token");
}

/* The bytes of framing around chunks, one at a time. */
static enum sp_err framing_byte(struct sp_http1 *p, uint8_t byte)
{
    switch (p->state) {
    case STATE_CHUNK_SIZE:
        return chunk_digit(p, byte);
    case STATE_CHUNK_EXTENSION:
        return extension_byte(p, byte);
    case STATE_CHUNK_LF:
        SP_TRY(expect(p, byte, '\n', STATE_CHUNK_DATA));
        return chunk_begins(p);
    case STATE_DATA_CR:
        return expect(p, byte, '\r', STATE_DATA_LF);
    case STATE_DATA_LF:
        return expect(p, byte, '\n', STATE_CHUNK_SIZE);
    case STATE_TRAILER_LF:
        return expect(p, byte, '\n', STATE_TRAILER_START);
    case STATE_FINAL_LF:
        return expect(p, byte, '\n', STATE_DONE);
    default:
        return trailer_byte(p, byte);
    }
}

static enum sp_err feed_chunked(struct sp_http1 *p, struct sp_slice in, size_t *at,
                                enum sp_http1_event *out)
{
    while (*at < in.len && p->state != STATE_DONE) {
        if (p->state == STATE_CHUNK_DATA) {
            *out = SP_HTTP1_BODY;
            return feed_data(p, in, at, STATE_DATA_CR);
        }
        SP_TRY(framing_byte(p, in.ptr[*at]));
        (*at)++;
    }
    *out = p->state == STATE_DONE ? SP_HTTP1_MESSAGE_DONE : SP_HTTP1_NEED_MORE;
    return SP_OK;
}

static enum sp_err feed_until_close(struct sp_http1 *p, struct sp_slice in, size_t *at,
                                    enum sp_http1_event *out)
{
    p->left = UINT64_MAX - p->body_bytes;
    *out = SP_HTTP1_BODY;
    return feed_data(p, in, at, STATE_FAILED);
}

static enum sp_err feed(struct sp_http1 *p, struct sp_slice in, size_t *at,
                        enum sp_http1_event *out)
{
    if (p->state == STATE_DONE) {
        *out = SP_HTTP1_MESSAGE_DONE;
        return SP_OK;
    }
    if (in.len == 0) {
        *out = SP_HTTP1_NEED_MORE;
        return SP_OK;
    }
    switch (p->state) {
    case STATE_INTERIM:
        reset(p, p->kind, p->head);
        return feed_head(p, in, at, out);
    case STATE_IDLE:
    case STATE_HEAD:
        return feed_head(p, in, at, out);
    case STATE_LENGTH:
        *out = SP_HTTP1_BODY;
        return feed_data(p, in, at, STATE_DONE);
    case STATE_UNTIL_CLOSE:
        return feed_until_close(p, in, at, out);
    case STATE_FAILED:
        return SP_ERR_HTTP;
    default:
        return feed_chunked(p, in, at, out);
    }
}

enum sp_err sp_http1_feed(struct sp_http1 *p, struct sp_slice in, size_t *out_consumed,
                          enum sp_http1_event *out_event)
{
    size_t at = 0;
    enum sp_http1_event event = SP_HTTP1_NEED_MORE;
    enum sp_err err = feed(p, in, &at, &event);
    if (err != SP_OK) {
        p->state = STATE_FAILED; /* nothing behind a mistake is ever looked at */
        return err;
    }
    *out_consumed = at;
    *out_event = event;
    return SP_OK;
}

enum sp_err sp_http1_eof(struct sp_http1 *p)
{
    if (p->state == STATE_UNTIL_CLOSE) {
        p->state = STATE_DONE;
    }
    return p->state == STATE_DONE || sp_http1_is_idle(p) ? SP_OK : SP_ERR_SHORT;
}

bool sp_http1_is_idle(const struct sp_http1 *p)
{
    return p->state == STATE_IDLE;
}
