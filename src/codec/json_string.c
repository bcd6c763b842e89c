/* Strings of JSON: UTF-8, escapes, surrogate pairs. */
#include "base/num.h"
#include "base/text.h"
#include "codec/json_scan.h"

#define ESCAPE_BYTES ((size_t)6) /* backslash, u, four digits */

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* The four digits after `\u` at `at`. */
static enum sp_err unit_at(struct sp_slice in, size_t at, uint32_t *out)
{
    struct sp_slice digits = sp_slice_sub(in, at + 2, 4);
    uint64_t value = 0;
    if (digits.len != 4) {
        return SP_ERR_JSON;
    }
    if (sp_parse_hex_u64(digits, 0xFFFF, &value) != SP_OK) {
        return SP_ERR_JSON;
    }
    *out = (uint32_t)value;
    return SP_OK;
}

static bool is_unicode_escape(struct sp_slice in, size_t at)
{
    return at < in.len && in.len - at >= 2 && in.ptr[at] == '\\' && in.ptr[at + 1] == 'u';
}

/* Reads one escape of the form \uXXXX, or a pair of them, as a code point. */
static enum sp_err code_point_at(struct sp_slice in, size_t at, uint32_t *out, size_t *out_len)
{
    uint32_t first = 0;
    SP_TRY(unit_at(in, at, &first));
    *out_len = ESCAPE_BYTES;
    *out = first;
    if (is_low(first)) {
        return SP_ERR_UTF8;
    }
    if (!is_high(first)) {
        return SP_OK;
    }
    uint32_t second = 0;
    if (!is_unicode_escape(in, at + ESCAPE_BYTES) ||
        unit_at(in, at + ESCAPE_BYTES, &second) != SP_OK || !is_low(second)) {
        return SP_ERR_UTF8;
    }
    *out_len = 2 * ESCAPE_BYTES;
    *out = 0x10000 + ((first - 0xD800) << 10 | (second - 0xDC00));
    return SP_OK;
}

/* Copies what came since the last mark, then the mark in place of the six bytes of `\u0000`. */
static enum sp_err rewrite_nul(struct sp_json_scan *s)
{
    SP_TRY(sp_buf_put(&s->rewritten, sp_slice_sub(s->in, s->copied, s->at - s->copied)));
    SP_TRY(sp_buf_put_byte(&s->rewritten, SP_JSON_NUL_MARK));
    s->copied = s->at + ESCAPE_BYTES;
    s->has_nul = true;
    return SP_OK;
}

static enum sp_err scan_unicode(struct sp_json_scan *s, bool is_key)
{
    uint32_t code = 0;
    size_t len = 0;
    enum sp_err err = code_point_at(s->in, s->at, &code, &len);
    if (err == SP_ERR_UTF8) {
        return sp_json_scan_fail(s, err, "half of a surrogate pair stands alone");
    }
    if (err != SP_OK) {
        return sp_json_scan_fail(s, err, "\\u needs four hexadecimal digits");
    }
    if (code == 0) {
        if (is_key || s->limits->nul == SP_JSON_NUL_REFUSED) {
            return sp_json_scan_fail(s, SP_ERR_NUL, "a string holds the character NUL");
        }
        SP_TRY(rewrite_nul(s));
    }
    s->at += len;
    return SP_OK;
}

static enum sp_err scan_escape(struct sp_json_scan *s, bool is_key)
{
    if (s->in.len - s->at < 2) {
        return sp_json_scan_fail(s, SP_ERR_JSON, "the text ends inside a string");
    }
    switch (s->in.ptr[s->at + 1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        s->at += 2;
        return SP_OK;
    case 'u':
        return scan_unicode(s, is_key);
    default:
        return sp_json_scan_fail(s, SP_ERR_JSON, "no such escape in JSON");
    }
}

/* One character that is neither plain nor the closing quote. */
static enum sp_err scan_special(struct sp_json_scan *s, bool is_key, bool *out_has_escape)
{
    uint8_t byte = s->in.ptr[s->at];
    if (byte == '\\') {
        *out_has_escape = true;
        return scan_escape(s, is_key);
    }
    if (byte == 0) {
        return sp_json_scan_fail(s, SP_ERR_NUL, "a string holds the byte NUL");
    }
    if (byte < 0x20) {
        return sp_json_scan_fail(s, SP_ERR_JSON, "a string holds a raw control byte");
    }
    struct sp_text t = {.in = s->in, .at = s->at};
    uint32_t ignored = 0;
    if (sp_utf8_next(&t, &ignored) != SP_OK) {
        return sp_json_scan_fail(s, SP_ERR_UTF8, "a string is not valid UTF-8");
    }
    s->at = t.at;
    return SP_OK;
}

enum sp_err sp_json_scan_string(struct sp_json_scan *s, bool is_key, struct sp_slice *out_raw, bool *out_has_escape)
{
    size_t start = s->at + 1;
    *out_has_escape = false;
    s->at = start;
    for (;;) {
        s->at = sp_text_plain_end(s->in, s->at);
        if (s->at >= s->in.len) {
            return sp_json_scan_fail(s, SP_ERR_JSON, "the text ends inside a string");
        }
        if (s->in.ptr[s->at] == '"') {
            break;
        }
        SP_TRY(scan_special(s, is_key, out_has_escape));
    }
    *out_raw = sp_slice_sub(s->in, start, s->at - start);
    s->at++;
    return SP_OK;
}

static enum sp_err put_utf8(struct sp_buf *out, uint32_t code)
{
    uint8_t bytes[4];
    size_t len = 0;
    if (code < 0x80) {
        bytes[len++] = (uint8_t)code;
    } else if (code < 0x800) {
        bytes[len++] = (uint8_t)(0xC0U | code >> 6);
        bytes[len++] = (uint8_t)(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        bytes[len++] = (uint8_t)(0xE0U | code >> 12);
        bytes[len++] = (uint8_t)(0x80U | (code >> 6 & 0x3FU));
        bytes[len++] = (uint8_t)(0x80U | (code & 0x3FU));
    } else {
        bytes[len++] = (uint8_t)(0xF0U | code >> 18);
        bytes[len++] = (uint8_t)(0x80U | (code >> 12 & 0x3FU));
        bytes[len++] = (uint8_t)(0x80U | (code >> 6 & 0x3FU));
        bytes[len++] = (uint8_t)(0x80U | (code & 0x3FU));
    }
    return sp_buf_put(out, sp_slice_make(bytes, len));
}

static uint8_t short_escape(uint8_t letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter; /* quote, backslash, slash */
    }
}

enum sp_err sp_json_string_decode(struct sp_slice raw, struct sp_buf *out)
{
    size_t at = 0;
    while (at < raw.len) {
        size_t end = sp_slice_find(raw, at, '\\');
        SP_TRY(sp_buf_put(out, sp_slice_sub(raw, at, end - at)));
        at = end;
        if (is_unicode_escape(raw, at)) {
            uint32_t code = 0;
            size_t len = 0;
            SP_TRY(code_point_at(raw, at, &code, &len));
            SP_TRY(put_utf8(out, code));
            at += len;
        } else if (at < raw.len) {
            if (raw.len - at < 2) {
                return SP_ERR_JSON;
            }
            SP_TRY(sp_buf_put_byte(out, short_escape(raw.ptr[at + 1])));
            at += 2;
        }
    }
    return SP_OK;
}
