#include "pool/part.h"

#include "codec/http_field.h"

#define HEAD_BYTES_MAX     ((size_t)8 * 1024)
#define FILENAME_BYTES_MAX ((size_t)1024)

enum { START, HEAD, FILE_BYTES, TAIL, DONE };

/* ---- the boundary ---- */

static bool may_stand(uint8_t byte)
{
    return byte > ' ' && byte < 0x7F;
}

static enum sp_err take_boundary(struct sp_pool_part *part, const struct sp_http_param *param)
{
    struct sp_buf SP_AUTO_BUF text;
    sp_buf_init(&text, SP_POOL_BOUNDARY_MAX);
    if (sp_http_param_unquote(param, &text) != SP_OK || text.len == 0) {
        return SP_ERR_MEDIA_TYPE;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!may_stand(text.ptr[i])) {
            return SP_ERR_MEDIA_TYPE;
        }
    }
    (void)sp_slice_copy(SP_SLICE_LITERAL("\r\n--"), part->mark, 4);
    (void)sp_slice_copy(sp_buf_slice(&text), part->mark + 4, SP_POOL_BOUNDARY_MAX);
    part->mark_len = 4 + text.len;
    return SP_OK;
}

enum sp_err sp_pool_part_init(struct sp_pool_part *part, struct sp_slice content_type)
{
    struct sp_slice type = {NULL, 0};
    struct sp_http_params params;
    struct sp_http_param param;
    bool more = true;
    *part = (struct sp_pool_part){.state = START};
    sp_buf_init(&part->head, HEAD_BYTES_MAX);
    sp_buf_init(&part->filename, FILENAME_BYTES_MAX);
    if (sp_http_media_type(content_type, &type, &params) != SP_OK ||
        !sp_slice_is_nocase(type, "multipart/form-data")) {
        return SP_ERR_MEDIA_TYPE;
    }
    while (sp_http_params_next(&params, &param, &more) == SP_OK && more) {
        if (sp_slice_is_nocase(param.name, "boundary") && part->mark_len == 0) {
            SP_TRY(take_boundary(part, &param));
        }
    }
    /* The first boundary has no line before it; here it is read as if it had. */
    part->matched = 2;
    return part->mark_len > 0 ? SP_OK : SP_ERR_MEDIA_TYPE;
}

void sp_pool_part_done(struct sp_pool_part *part)
{
    sp_buf_done(&part->head);
    sp_buf_done(&part->filename);
}

/* ---- the head of the part ---- */

static enum sp_err read_disposition(struct sp_pool_part *part, struct sp_slice value)
{
    struct sp_slice type = {NULL, 0};
    struct sp_http_params params;
    struct sp_http_param param;
    bool more = true;
    bool is_file = false;
    if (sp_http_disposition(value, &type, &params) != SP_OK ||
        !sp_slice_is_nocase(type, "form-data")) {
        return SP_ERR_REQUEST;
    }
    for (;;) {
        if (sp_http_params_next(&params, &param, &more) != SP_OK) {
            return SP_ERR_REQUEST;
        }
        if (!more) {
            return is_file && part->filename.len > 0 ? SP_OK : SP_ERR_REQUEST;
        }
        if (sp_slice_is_nocase(param.name, "name")) {
            is_file = sp_slice_is(param.value, "file");
        } else if (sp_slice_is_nocase(param.name, "filename")) {
            if (part->filename.len > 0 || sp_http_param_unquote(&param, &part->filename) != SP_OK) {
                return SP_ERR_REQUEST;
            }
        }
    }
}

/* Lines "Name: value"; only one of them says something to us. */
static enum sp_err read_head(struct sp_pool_part *part)
{
    struct sp_slice rest = sp_buf_slice(&part->head);
    bool has_disposition = false;
    while (rest.len > 0) {
        size_t end = sp_slice_find(rest, 0, '\n');
        struct sp_slice line = sp_slice_sub(rest, 0, end > 0 ? end - 1 : 0);
        size_t colon = sp_slice_find(line, 0, ':');
        rest = sp_slice_sub(rest, end + 1, rest.len);
        if (!sp_slice_is_nocase(sp_slice_sub(line, 0, colon), "content-disposition")) {
            continue;
        }
        if (has_disposition) {
            return SP_ERR_REQUEST;
        }
        has_disposition = true;
        SP_TRY(read_disposition(part, sp_slice_trim(sp_slice_sub(line, colon + 1, line.len))));
    }
    return has_disposition ? SP_OK : SP_ERR_REQUEST;
}

/* ---- state by state ---- */

/* Byte by byte: it is short, and its end must not be overrun. */
static enum sp_err feed_head(struct sp_pool_part *part, struct sp_slice in, size_t *out_consumed,
                             enum sp_pool_part_event *out_event)
{
    for (size_t i = 0; i < in.len; i++) {
        if (sp_buf_put_byte(&part->head, in.ptr[i]) != SP_OK) {
            return SP_ERR_REQUEST;
        }
        if (sp_slice_ends(sp_buf_slice(&part->head), "\r\n\r\n")) {
            SP_TRY(read_head(part));
            part->state = FILE_BYTES;
            *out_consumed = i + 1;
            *out_event = SP_POOL_PART_NAMED;
            part->matched = 0;
            return SP_OK;
        }
    }
    *out_consumed = in.len;
    return SP_OK;
}

/* Only the first byte of the mark is a CR, so that a mismatch can begin anew at once. */
static size_t match(struct sp_pool_part *part, struct sp_slice in)
{
    size_t i = 0;
    while (i < in.len && part->matched < part->mark_len && in.ptr[i] == part->mark[part->matched]) {
        part->matched++;
        i++;
    }
    return i;
}

static void lend(struct sp_pool_part *part, struct sp_slice bytes,
                 enum sp_pool_part_event *out_event)
{
    part->bytes = bytes;
    *out_event = SP_POOL_PART_BYTES;
}

static enum sp_err feed_file(struct sp_pool_part *part, struct sp_slice in, size_t *out_consumed,
                             enum sp_pool_part_event *out_event)
{
    size_t end = sp_slice_find(in, 0, '\r');
    if (part->matched > 0) {
        *out_consumed = match(part, in);
        if (part->matched == part->mark_len) {
            part->state = TAIL;
            part->matched = 0;
        } else if (*out_consumed < in.len) {
            /* It only looked like the boundary. */
            lend(part, sp_slice_make(part->mark, part->matched), out_event);
            part->matched = 0;
        }
        return SP_OK;
    }
    if (end == 0) {
        part->matched = 1;
        *out_consumed = 1;
        return SP_OK;
    }
    *out_consumed = end;
    lend(part, sp_slice_sub(in, 0, end), out_event);
    return SP_OK;
}

/* Another part after the file would be a second answer to what the file is. */
static enum sp_err feed_tail(struct sp_pool_part *part, struct sp_slice in, size_t *out_consumed,
                             enum sp_pool_part_event *out_event)
{
    size_t take = sp_slice_copy(sp_slice_sub(in, 0, 2 - part->matched), part->tail + part->matched,
                                2 - part->matched);
    part->matched += take;
    *out_consumed = take;
    if (part->matched < 2) {
        return SP_OK;
    }
    if (part->tail[0] != '-' || part->tail[1] != '-') {
        return SP_ERR_REQUEST;
    }
    part->state = DONE;
    *out_event = SP_POOL_PART_DONE;
    return SP_OK;
}

static enum sp_err feed_start(struct sp_pool_part *part, struct sp_slice in, size_t *out_consumed)
{
    size_t taken = 0;
    if (part->matched < part->mark_len) {
        taken = match(part, in);
        *out_consumed = taken;
        return part->matched == part->mark_len || taken == in.len ? SP_OK : SP_ERR_REQUEST;
    }
    /* The line end behind the boundary. */
    if (in.ptr[0] != (part->has_return ? '\n' : '\r')) {
        return SP_ERR_REQUEST;
    }
    *out_consumed = 1;
    if (part->has_return) {
        part->state = HEAD;
    }
    part->has_return = true;
    return SP_OK;
}

static enum sp_err step(struct sp_pool_part *part, struct sp_slice in, size_t *out_consumed,
                        enum sp_pool_part_event *out_event)
{
    switch (part->state) {
    case START:
        return feed_start(part, in, out_consumed);
    case HEAD:
        return feed_head(part, in, out_consumed, out_event);
    case FILE_BYTES:
        return feed_file(part, in, out_consumed, out_event);
    case TAIL:
        return feed_tail(part, in, out_consumed, out_event);
    default:
        *out_consumed = in.len;
        return SP_OK;
    }
}

enum sp_err sp_pool_part_feed(struct sp_pool_part *part, struct sp_slice in, size_t *out_consumed,
                              enum sp_pool_part_event *out_event)
{
    size_t total = 0;
    *out_event = SP_POOL_PART_NEED_MORE;
    while (total < in.len && *out_event == SP_POOL_PART_NEED_MORE) {
        size_t consumed = 0;
        SP_TRY(step(part, sp_slice_sub(in, total, in.len), &consumed, out_event));
        total += consumed;
    }
    *out_consumed = total;
    return SP_OK;
}
