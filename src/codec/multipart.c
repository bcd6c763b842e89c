#include "codec/multipart.h"

#include "base/text.h"
#include "codec/http_field.h"
#include "codec/url.h"

static enum sp_err refuse(struct sp_where *where, const char *why)
{
    sp_where_set(where, 0, 0, "%s", why);
    return SP_ERR_MULTIPART;
}

/* --- the boundary --- */

static bool is_boundary(struct sp_slice text)
{
    static const char signs[] = "'()+_,-./:=? ";
    for (size_t i = 0; i < text.len; i++) {
        bool is_sign = sp_slice_find(sp_slice_of(signs), 0, text.ptr[i]) < sizeof(signs) - 1;
        if (!sp_text_is_alnum(text.ptr[i]) && !is_sign) {
            return false;
        }
    }
    return text.len > 0 && text.len <= SP_MULTIPART_BOUNDARY_MAX && text.ptr[text.len - 1] != ' ';
}

/*
 * The text of a parameter. Browsers leave the backslashes of a path as they are, so one stands for itself unless a quote
 * or another one follows: "C:\dir" is no "C:dir".
 */
static enum sp_err put_param(const struct sp_http_param *param, struct sp_buf *out)
{
    const struct sp_slice text = param->value;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t next = i + 1 < text.len ? text.ptr[i + 1] : 0;
        if (param->is_quoted && text.ptr[i] == '\\' && (next == '"' || next == '\\')) {
            i++;
        }
        SP_TRY(sp_buf_put_byte(out, text.ptr[i]));
    }
    return SP_OK;
}

/* The one parameter of this name; a second one could be read by somebody else. */
static enum sp_err find_param(struct sp_http_params params, const char *name, struct sp_buf *out,
                              bool *out_has)
{
    struct sp_http_param param;
    bool more = false;
    *out_has = false;
    for (;;) {
        if (sp_http_params_next(&params, &param, &more) != SP_OK) {
            return SP_ERR_MULTIPART;
        }
        if (!more) {
            return SP_OK;
        }
        if (!sp_slice_is_nocase(param.name, name)) {
            continue;
        }
        if (*out_has) {
            return SP_ERR_MULTIPART;
        }
        *out_has = true;
        SP_TRY(put_param(&param, out));
    }
}

/* What stands behind the dashes of the body's first line. */
static struct sp_slice first_line(struct sp_slice body)
{
    struct sp_slice start = sp_slice_sub(body, 2, SP_MULTIPART_BOUNDARY_MAX + 2);
    return sp_slice_sub(start, 0, sp_slice_find(start, 0, '\r'));
}

static enum sp_err find_boundary(struct sp_slice content_type, struct sp_slice body,
                                 struct sp_buf *out, struct sp_where *where)
{
    struct sp_slice type = {NULL, 0};
    struct sp_http_params params;
    bool has = false;
    bool is_multipart = sp_http_media_type(content_type, &type, &params) == SP_OK &&
                        sp_slice_is_nocase(type, "multipart/form-data");
    if (is_multipart && find_param(params, "boundary", out, &has) != SP_OK) {
        return refuse(where, "the parameters of Content-Type cannot be read");
    }
    if (has) {
        return SP_OK;
    }
    /* Some clients label the body as what they sent before. */
    if (!sp_slice_starts(body, "--")) {
        sp_where_set(where, 0, 0, "a file is uploaded as multipart/form-data");
        return is_multipart ? SP_ERR_MULTIPART : SP_ERR_MEDIA_TYPE;
    }
    return sp_buf_put(out, first_line(body));
}

static void set_mark(struct sp_multipart *m, struct sp_slice boundary)
{
    const uint8_t start[] = {'\r', '\n', '-', '-'};
    for (size_t i = 0; i < sizeof(start); i++) {
        m->mark[i] = start[i];
    }
    m->mark_len =
        sizeof(start) + sp_slice_copy(boundary, m->mark + sizeof(start), SP_MULTIPART_BOUNDARY_MAX);
}

/* Behind a boundary blanks may stand that a mail gateway put there (RFC 2046, section 5.1.1). */
static size_t skip_padding(struct sp_slice body, size_t at)
{
    while (at < body.len && sp_text_is_space(body.ptr[at])) {
        at++;
    }
    return at;
}

/* The first boundary has no line before it, or lines that mean nothing. */
static bool find_start(struct sp_multipart *m)
{
    const struct sp_slice mark = sp_slice_make(m->mark, m->mark_len);
    const struct sp_slice dashes = sp_slice_sub(mark, 2, mark.len);
    const bool is_first = sp_slice_equal(sp_slice_sub(m->body, 0, dashes.len), dashes);
    const size_t at = is_first ? 0 : sp_slice_search(m->body, 0, mark);
    if (!is_first && at == m->body.len) {
        return false;
    }
    const size_t end = skip_padding(m->body, at + (is_first ? dashes.len : mark.len));
    m->at = end + 2;
    return sp_slice_starts(sp_slice_sub(m->body, end, 2), "\r\n");
}

enum sp_err sp_multipart_open(struct sp_slice content_type, struct sp_slice body,
                              struct sp_multipart *out, struct sp_where *out_where)
{
    SP_AUTO_BUF struct sp_buf boundary;
    struct sp_multipart m = {.body = body};
    sp_buf_init(&boundary, SP_MULTIPART_HEAD_BYTES_MAX);
    SP_TRY(find_boundary(content_type, body, &boundary, out_where));
    if (!is_boundary(sp_buf_slice(&boundary))) {
        return refuse(out_where,
                      "the boundary has a character that it must not have, or is too long");
    }
    set_mark(&m, sp_buf_slice(&boundary));
    if (!find_start(&m)) {
        return refuse(out_where, "no boundary stands before the first part");
    }
    *out = m;
    return SP_OK;
}

/* --- the head of a part --- */

struct head {
    struct sp_slice disposition;
    struct sp_slice type;
    struct sp_slice encoding;
    unsigned seen; /* one bit each of the above */
};

static enum sp_err keep_field(struct head *head, struct sp_slice name, struct sp_slice value)
{
    const struct {
        const char *name;
        struct sp_slice *slot;
    } known[] = {
        {"Content-Disposition", &head->disposition},
        {"Content-Type", &head->type},
        {"Content-Transfer-Encoding", &head->encoding},
    };
    for (unsigned i = 0; i < SP_COUNT(known); i++) {
        if (!sp_slice_is_nocase(name, known[i].name)) {
            continue;
        }
        if ((head->seen & 1U << i) != 0) {
            return SP_ERR_MULTIPART;
        }
        head->seen |= 1U << i;
        *known[i].slot = value;
    }
    return SP_OK;
}

static enum sp_err read_line(struct sp_slice line, struct head *head)
{
    size_t colon = sp_slice_find(line, 0, ':');
    struct sp_slice value = sp_slice_trim(sp_slice_sub(line, colon + 1, line.len));
    if (colon == line.len || !sp_http_is_token(sp_slice_sub(line, 0, colon)) ||
        (value.len > 0 && !sp_http_is_field_value(value))) {
        return SP_ERR_MULTIPART;
    }
    return keep_field(head, sp_slice_sub(line, 0, colon), value);
}

/* Lines up to the empty one; `*at` then stands behind that. */
static enum sp_err read_head(struct sp_slice body, size_t *at, struct head *out)
{
    struct sp_slice in = sp_slice_sub(body, *at, SP_MULTIPART_HEAD_BYTES_MAX);
    size_t from = 0;
    for (unsigned i = 0; i <= SP_MULTIPART_FIELDS_MAX; i++) {
        size_t end = sp_slice_find(in, from, '\r');
        if (!sp_slice_starts(sp_slice_sub(in, end, 2), "\r\n")) {
            return SP_ERR_MULTIPART;
        }
        struct sp_slice line = sp_slice_sub(in, from, end - from);
        from = end + 2;
        if (line.len == 0) {
            *at += from;
            return SP_OK;
        }
        SP_TRY(read_line(line, out));
    }
    return SP_ERR_MULTIPART;
}

/* charset'language'percent-encoded, as RFC 8187 has it; only UTF-8 is in use. */
static enum sp_err decode_extended(struct sp_slice value, struct sp_buf *out)
{
    size_t first = sp_slice_find(value, 0, '\'');
    size_t second = first < value.len ? sp_slice_find(value, first + 1, '\'') : value.len;
    if (second == value.len || !sp_slice_is_nocase(sp_slice_sub(value, 0, first), "utf-8")) {
        return SP_ERR_MULTIPART;
    }
    struct sp_slice text = sp_slice_sub(value, second + 1, value.len);
    return sp_url_decode(text, SP_PLUS_IS_PLUS, out) == SP_OK ? SP_OK : SP_ERR_MULTIPART;
}

/* `filename*` says more than `filename`, which cannot hold every character. */
static enum sp_err read_filename(struct sp_http_params params, struct sp_buf *scratch,
                                 struct sp_multipart_part *out)
{
    SP_AUTO_BUF struct sp_buf extended;
    bool has_extended = false;
    sp_buf_init(&extended, SP_MULTIPART_HEAD_BYTES_MAX);
    size_t at = scratch->len;
    SP_TRY(find_param(params, "filename", scratch, &out->has_filename));
    SP_TRY(find_param(params, "filename*", &extended, &has_extended));
    if (has_extended) {
        out->has_filename = true;
        sp_buf_truncate(scratch, at);
        SP_TRY(decode_extended(sp_buf_slice(&extended), scratch));
    }
    out->filename = sp_slice_sub(sp_buf_slice(scratch), at, scratch->len);
    return SP_OK;
}

static enum sp_err read_disposition(const struct head *head, struct sp_buf *scratch,
                                    struct sp_multipart_part *out)
{
    struct sp_slice type = {NULL, 0};
    struct sp_http_params params;
    bool has_name = false;
    uint8_t *room = NULL;
    SP_TRY(sp_buf_reserve(scratch, SP_MULTIPART_HEAD_BYTES_MAX, &room)); /* so that nothing moves */
    if (sp_http_disposition(head->disposition, &type, &params) != SP_OK ||
        !sp_slice_is_nocase(type, "form-data")) {
        return SP_ERR_MULTIPART;
    }
    SP_TRY(find_param(params, "name", scratch, &has_name));
    out->name = sp_buf_slice(scratch);
    SP_TRY(read_filename(params, scratch, out));
    return has_name ? SP_OK : SP_ERR_MULTIPART;
}

/* An encoding would make other bytes of these: a reader that passes over it and one that does not would disagree. */
static bool is_as_it_is(struct sp_slice encoding)
{
    return encoding.len == 0 || sp_slice_is_nocase(encoding, "binary") ||
           sp_slice_is_nocase(encoding, "8bit") || sp_slice_is_nocase(encoding, "7bit");
}

/* --- parts --- */

/* Behind a boundary: CRLF and another part, or `--` and the end, where lines may follow that mean nothing. */
static enum sp_err read_tail(struct sp_multipart *m, size_t at)
{
    m->is_over = sp_slice_starts(sp_slice_sub(m->body, at, 2), "--");
    const size_t end = skip_padding(m->body, m->is_over ? at + 2 : at);
    m->at = end + 2;
    if (m->is_over && end == m->body.len) {
        return SP_OK;
    }
    return sp_slice_starts(sp_slice_sub(m->body, end, 2), "\r\n") ? SP_OK : SP_ERR_MULTIPART;
}

static enum sp_err read_part(struct sp_multipart *m, struct sp_buf *scratch,
                             struct sp_multipart_part *out, const char **why)
{
    struct head head = {.seen = 0};
    size_t at = m->at;
    *why = "the head of a part cannot be read";
    SP_TRY(read_head(m->body, &at, &head));
    *why = "Content-Disposition of a part is missing or cannot be read";
    SP_TRY(read_disposition(&head, scratch, out));
    *why = "Content-Transfer-Encoding is not taken here; send the file's own bytes";
    if (!is_as_it_is(head.encoding)) {
        return SP_ERR_MULTIPART;
    }
    /* A part without a byte has its boundary right behind the head: the empty line's CRLF is the boundary's. */
    size_t end = sp_slice_search(m->body, at - 2, sp_slice_make(m->mark, m->mark_len));
    *why = "the body does not end with its boundary";
    if (end == m->body.len) {
        return SP_ERR_MULTIPART;
    }
    out->content_type = head.type;
    out->content = sp_slice_sub(m->body, at, end > at ? end - at : 0);
    *why = "what follows a boundary is neither a part nor the end";
    return read_tail(m, end + m->mark_len);
}

enum sp_err sp_multipart_next(struct sp_multipart *m, struct sp_buf *scratch,
                              struct sp_multipart_part *out, bool *out_more,
                              struct sp_where *out_where)
{
    struct sp_multipart_part part = {.has_filename = false};
    const char *why = "";
    sp_buf_clear(scratch);
    *out_more = !m->is_over;
    if (m->is_over) {
        return SP_OK;
    }
    if (++m->parts > SP_MULTIPART_PARTS_MAX) {
        return refuse(out_where, "the body has more than 16 parts");
    }
    enum sp_err err = read_part(m, scratch, &part, &why);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    if (err != SP_OK) {
        return refuse(out_where, why);
    }
    *out = part;
    return SP_OK;
}
