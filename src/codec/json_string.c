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

static enum sp_err scan_unicode(struct sp_json_scan *s, bool is_key, uint8_t **to)
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
    if (code == 0 && (is_key || s->limits->nul == SP_JSON_NUL_REFUSED)) {
        return sp_json_scan_fail(s, SP_ERR_NUL, "a string holds the character NUL");
    }
    *to += sp_utf8_put(*to, code);
    s->at += len;
    return SP_OK;
}

static enum sp_err scan_escape(struct sp_json_scan *s, bool is_key, uint8_t **to)
{
    static const char meant[] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    if (s->in.len - s->at < 2) {
        return sp_json_scan_fail(s, SP_ERR_JSON, "the text ends inside a string");
    }
    uint8_t letter = s->in.ptr[s->at + 1];
    if (letter == 'u') {
        return scan_unicode(s, is_key, to);
    }
    if (letter >= sizeof(meant) || meant[letter] == '\0') {
        return sp_json_scan_fail(s, SP_ERR_JSON, "no such escape in JSON");
    }
    *(*to)++ = (uint8_t)meant[letter];
    s->at += 2;
    return SP_OK;
}

/* One character that is neither plain nor the closing quote. */
static enum sp_err scan_special(struct sp_json_scan *s, bool is_key, uint8_t **to)
{
    uint8_t byte = s->in.ptr[s->at];
    if (byte == '\\') {
        return scan_escape(s, is_key, to);
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
    for (; s->at < t.at; s->at++) {
        *(*to)++ = s->in.ptr[s->at];
    }
    return SP_OK;
}

enum sp_err sp_json_scan_string(struct sp_json_scan *s, bool is_key, struct sp_slice *out)
{
    /* No form grows when it is decoded, and room for the whole text was reserved. */
    uint8_t *start = s->bytes.ptr + s->bytes.len;
    uint8_t *to = start;
    s->at++;
    for (;;) {
        size_t end = sp_text_plain_copy(s->in, s->at, to);
        to += end - s->at;
        s->at = end;
        if (end >= s->in.len) {
            return sp_json_scan_fail(s, SP_ERR_JSON, "the text ends inside a string");
        }
        if (s->in.ptr[end] == '"') {
            break;
        }
        SP_TRY(scan_special(s, is_key, &to));
    }
    s->at++;
    *out = sp_slice_make(start, (size_t)(to - start));
    sp_buf_commit(&s->bytes, out->len);
    return SP_OK;
}
