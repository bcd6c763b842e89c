#include "codec/json_out.h"

#include "base/num.h"
#include "base/text.h"

#define CHUNK_BYTES      ((size_t)4096)
#define SHORT_BYTES      ((size_t)256)
#define ESCAPE_BYTES_MAX ((size_t)6) /* \u00xx; U+FFFD for a byte is shorter */

static const char hex_digits[] = "0123456789abcdef";

/* The two-character escapes of RFC 8785; other control characters are written as \u00xx. Answers how much it wrote. */
static size_t write_escape(uint8_t *to, uint8_t byte)
{
    static const char letters[] = {
        ['"'] = '"',  ['\\'] = '\\', ['\n'] = 'n', ['\t'] = 't',
        ['\r'] = 'r', ['\b'] = 'b',  ['\f'] = 'f',
    };
    to[0] = '\\';
    if (byte < sizeof(letters) && letters[byte] != '\0') {
        to[1] = (uint8_t)letters[byte];
        return 2;
    }
    to[1] = 'u';
    to[2] = '0';
    to[3] = '0';
    to[4] = (uint8_t)hex_digits[byte >> 4];
    to[5] = (uint8_t)hex_digits[byte & 0xFU];
    return 6;
}

/* One character that is not plain. What is not UTF-8 is refused, or stands as U+FFFD when `is_lossy`. */
static enum sp_err write_special(struct sp_text *t, bool is_lossy, uint8_t *to, size_t *out_made)
{
    size_t start = t->at;
    uint8_t byte = t->in.ptr[start];
    if (byte < 0x80) {
        t->at++;
        *out_made = write_escape(to, byte);
        return SP_OK;
    }
    uint32_t ignored = 0;
    if (sp_utf8_next(t, &ignored) == SP_OK) {
        *out_made = t->at - start;
        for (size_t i = 0; i < *out_made; i++) {
            to[i] = t->in.ptr[start + i];
        }
        return SP_OK;
    }
    if (!is_lossy) {
        return SP_ERR_UTF8;
    }
    t->at++;
    to[0] = 0xEF;
    to[1] = 0xBF;
    to[2] = 0xBD;
    *out_made = 3;
    return SP_OK;
}

/* Writes until `limit` bytes of the input are taken, into room for all that they can become. */
static enum sp_err write_chunk(struct sp_text *t, size_t limit, bool is_lossy, uint8_t *to,
                               size_t *out_made)
{
    uint8_t *start = to;
    struct sp_slice chunk = sp_slice_sub(t->in, 0, limit);
    while (t->at < limit) {
        size_t end = sp_text_plain_copy(chunk, t->at, to);
        to += end - t->at;
        t->at = end;
        if (end < limit) {
            size_t made = 0;
            SP_TRY(write_special(t, is_lossy, to, &made));
            to += made;
        }
    }
    *out_made = (size_t)(to - start);
    return SP_OK;
}

/* The very last characters of a buffer that is nearly full, one at a time. */
static enum sp_err put_rest(struct sp_buf *out, struct sp_text *t, bool is_lossy)
{
    while (!sp_text_at_end(t)) {
        uint8_t special[SP_TEXT_COPY_SLACK];
        size_t made = 1;
        special[0] = t->in.ptr[t->at];
        if (sp_text_plain_end(sp_slice_sub(t->in, t->at, 1), 0) == 1) {
            t->at++;
        } else {
            SP_TRY(write_special(t, is_lossy, special, &made));
        }
        SP_TRY(sp_buf_put(out, sp_slice_make(special, made)));
    }
    return SP_OK;
}

static enum sp_err put_content(struct sp_buf *out, struct sp_slice value, bool is_lossy)
{
    struct sp_text t;
    sp_text_init(&t, value);
    size_t chunk = CHUNK_BYTES;
    while (!sp_text_at_end(&t)) {
        size_t take = sp_size_min(chunk, value.len - t.at);
        uint8_t *to = NULL;
        size_t made = 0;
        enum sp_err err = sp_buf_reserve(out, take * ESCAPE_BYTES_MAX + SP_TEXT_COPY_SLACK, &to);
        if (err == SP_ERR_TOO_BIG && take > 1) {
            chunk = take / 2; /* near its maximum the buffer is filled in ever smaller steps */
            continue;
        }
        if (err == SP_ERR_TOO_BIG) {
            return put_rest(out, &t, is_lossy);
        }
        SP_TRY(err);
        SP_TRY(write_chunk(&t, t.at + take, is_lossy, to, &made));
        sp_buf_commit(out, made);
    }
    return SP_OK;
}

/* The whole string into room that is asked for once; SP_ERR_TOO_BIG says nothing yet about what it will become. */
static enum sp_err put_short(struct sp_buf *out, struct sp_slice value, bool is_lossy)
{
    struct sp_text t;
    uint8_t *to = NULL;
    size_t made = 0;
    sp_text_init(&t, value);
    SP_TRY(sp_buf_reserve(out, value.len * ESCAPE_BYTES_MAX + SP_TEXT_COPY_SLACK + 2, &to));
    to[0] = '"';
    SP_TRY(write_chunk(&t, value.len, is_lossy, to + 1, &made));
    to[made + 1] = '"';
    sp_buf_commit(out, made + 2);
    return SP_OK;
}

static enum sp_err put_string(struct sp_buf *out, struct sp_slice value, bool is_lossy)
{
    if (value.len <= SHORT_BYTES) {
        enum sp_err short_err = put_short(out, value, is_lossy);
        if (short_err != SP_ERR_TOO_BIG) {
            return short_err;
        }
    }
    size_t before = out->len;
    enum sp_err err = sp_buf_put_byte(out, '"');
    if (err == SP_OK) {
        err = put_content(out, value, is_lossy);
    }
    if (err == SP_OK) {
        err = sp_buf_put_byte(out, '"');
    }
    if (err != SP_OK) {
        sp_buf_truncate(out, before);
    }
    return err;
}

enum sp_err sp_json_out_put_string(struct sp_buf *out, struct sp_slice value)
{
    return put_string(out, value, false);
}

void sp_json_out_init(struct sp_json_out *w, struct sp_buf *out)
{
    *w = (struct sp_json_out){.out = out, .err = SP_OK};
}

static void keep(struct sp_json_out *w, enum sp_err err)
{
    if (w->err == SP_OK) {
        w->err = err;
    }
}

static void put_byte(struct sp_json_out *w, uint8_t byte)
{
    if (w->err == SP_OK) {
        keep(w, sp_buf_put_byte(w->out, byte));
    }
}

/* Before any value: the comma, unless the value belongs to a key that has put it. */
static void value_begins(struct sp_json_out *w)
{
    if (w->has_before && !w->has_key) {
        put_byte(w, ',');
    }
    w->has_key = false;
    w->has_before = true;
}

static void open_container(struct sp_json_out *w, uint8_t bracket)
{
    value_begins(w);
    put_byte(w, bracket);
    w->depth++;
    w->has_before = false;
}

static void close_container(struct sp_json_out *w, uint8_t bracket)
{
    if (w->depth == 0 || w->has_key) {
        keep(w, SP_ERR_INVALID);
        return;
    }
    w->depth--;
    put_byte(w, bracket);
    w->has_before = true;
}

void sp_json_out_object(struct sp_json_out *w)
{
    open_container(w, '{');
}

void sp_json_out_object_end(struct sp_json_out *w)
{
    close_container(w, '}');
}

void sp_json_out_array(struct sp_json_out *w)
{
    open_container(w, '[');
}

void sp_json_out_array_end(struct sp_json_out *w)
{
    close_container(w, ']');
}

void sp_json_out_key_slice(struct sp_json_out *w, struct sp_slice key)
{
    if (w->has_key || w->depth == 0) {
        keep(w, SP_ERR_INVALID);
        return;
    }
    sp_json_out_string(w, key);
    put_byte(w, ':');
    w->has_key = true;
}

void sp_json_out_key(struct sp_json_out *w, const char *key)
{
    sp_json_out_key_slice(w, sp_slice_of(key));
}

void sp_json_out_string(struct sp_json_out *w, struct sp_slice value)
{
    value_begins(w);
    if (w->err == SP_OK) {
        keep(w, put_string(w->out, value, false));
    }
}

void sp_json_out_text(struct sp_json_out *w, const char *value)
{
    sp_json_out_string(w, sp_slice_of(value));
}

void sp_json_out_string_lossy(struct sp_json_out *w, struct sp_slice value)
{
    value_begins(w);
    if (w->err == SP_OK) {
        keep(w, put_string(w->out, value, true));
    }
}

void sp_json_out_u64(struct sp_json_out *w, uint64_t value)
{
    value_begins(w);
    if (w->err == SP_OK) {
        keep(w, sp_buf_put_u64(w->out, value));
    }
}

void sp_json_out_i64(struct sp_json_out *w, int64_t value)
{
    value_begins(w);
    if (value < 0) {
        put_byte(w, '-');
    }
    if (w->err == SP_OK) {
        /* Negation as unsigned is defined for the least value too. */
        keep(w, sp_buf_put_u64(w->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value));
    }
}

void sp_json_out_raw(struct sp_json_out *w, struct sp_slice json)
{
    value_begins(w);
    if (w->err == SP_OK) {
        keep(w, sp_buf_put(w->out, json));
    }
}

void sp_json_out_bool(struct sp_json_out *w, bool value)
{
    sp_json_out_raw(w, sp_slice_of(value ? "true" : "false"));
}

void sp_json_out_null(struct sp_json_out *w)
{
    sp_json_out_raw(w, SP_SLICE_LITERAL("null"));
}

void sp_json_out_member_string(struct sp_json_out *w, const char *key, struct sp_slice value)
{
    sp_json_out_key(w, key);
    sp_json_out_string(w, value);
}

void sp_json_out_member_text(struct sp_json_out *w, const char *key, const char *value)
{
    sp_json_out_key(w, key);
    sp_json_out_text(w, value);
}

void sp_json_out_member_u64(struct sp_json_out *w, const char *key, uint64_t value)
{
    sp_json_out_key(w, key);
    sp_json_out_u64(w, value);
}

void sp_json_out_member_i64(struct sp_json_out *w, const char *key, int64_t value)
{
    sp_json_out_key(w, key);
    sp_json_out_i64(w, value);
}

void sp_json_out_member_bool(struct sp_json_out *w, const char *key, bool value)
{
    sp_json_out_key(w, key);
    sp_json_out_bool(w, value);
}

void sp_json_out_member_null(struct sp_json_out *w, const char *key)
{
    sp_json_out_key(w, key);
    sp_json_out_null(w);
}

void sp_json_out_member_raw(struct sp_json_out *w, const char *key, struct sp_slice json)
{
    sp_json_out_key(w, key);
    sp_json_out_raw(w, json);
}

enum sp_err sp_json_out_end(const struct sp_json_out *w)
{
    if (w->err != SP_OK) {
        return w->err;
    }
    return w->depth == 0 && !w->has_key ? SP_OK : SP_ERR_INVALID;
}
