/* Numbers and booleans of TOML. */
#include <math.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/text.h"
#include "codec/toml_read.h"

/* The longest number that is read; longer ones are surely a mistake. */
#define NUMBER_BYTES_MAX SP_DOUBLE_BYTES_MAX

static bool ends_token(int byte)
{
    switch (byte) {
    case -1:
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case ',':
    case ']':
    case '}':
    case '#':
    case '=':
        return true;
    default:
        return false;
    }
}

static bool is_digit_at(const struct sp_toml_reader *r, size_t ahead)
{
    int byte = sp_toml_peek(r, ahead);
    return byte >= '0' && byte <= '9';
}

/* The text of a scalar. One blank may stand between a date and a time. */
static struct sp_slice take_token(struct sp_toml_reader *r)
{
    size_t len = 0;
    while (!ends_token(sp_toml_peek(r, len))) {
        len++;
    }
    struct sp_slice text = sp_slice_make(r->text + r->at, len);
    if (len == 10 && sp_toml_looks_like_date(text) && text.ptr[4] == '-' &&
        sp_toml_peek(r, len) == ' ' && is_digit_at(r, len + 1)) {
        len++;
        while (!ends_token(sp_toml_peek(r, len))) {
            len++;
        }
    }
    return sp_slice_make(r->text + r->at, len);
}

/* Digits of a radix with single underscores between them; appends them without underscores. */
static bool take_digits(struct sp_text *t, sp_text_class *is, struct sp_buf *out)
{
    for (;;) {
        struct sp_slice run = sp_text_skip(t, is);
        if (run.len == 0 || sp_buf_put(out, run) != SP_OK) {
            return false;
        }
        if (sp_text_byte(t, '_') != SP_OK) {
            return true;
        }
    }
}

static bool is_octal(uint8_t byte)
{
    return byte >= '0' && byte <= '7';
}

static bool is_binary(uint8_t byte)
{
    return byte == '0' || byte == '1';
}

/* 0o and 0b; the digits were checked. */
static enum sp_err parse_bits(struct sp_slice digits, unsigned bits, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (value >> (63 - bits) != 0) {
            return SP_ERR_RANGE;
        }
        value = value << bits | (uint64_t)(digits.ptr[i] - '0');
    }
    *out = value;
    return SP_OK;
}

/* 0x, 0o and 0b have no sign and may have leading zeros. */
static enum sp_err radix_integer(struct sp_slice text, int64_t *out)
{
    SP_AUTO_BUF struct sp_buf digits;
    sp_buf_init(&digits, NUMBER_BYTES_MAX);
    struct sp_text t;
    sp_text_init(&t, sp_slice_sub(text, 2, text.len));
    uint8_t letter = text.ptr[1];
    sp_text_class *is = letter == 'x' ? sp_text_is_hex : letter == 'o' ? is_octal : is_binary;
    if (!take_digits(&t, is, &digits) || !sp_text_at_end(&t)) {
        return SP_ERR_INVALID;
    }
    uint64_t value = 0;
    if (letter == 'x') {
        SP_TRY(sp_parse_hex_u64(sp_buf_slice(&digits), INT64_MAX, &value));
    } else {
        SP_TRY(parse_bits(sp_buf_slice(&digits), letter == 'o' ? 3 : 1, &value));
    }
    *out = (int64_t)value;
    return SP_OK;
}

static bool has_leading_zero(struct sp_slice digits)
{
    return digits.len > 1 && digits.ptr[0] == '0';
}

/* An optional sign; a plus is dropped. */
static bool take_sign(struct sp_text *t, struct sp_buf *out, bool *out_is_negative)
{
    *out_is_negative = sp_text_peek(t) == '-';
    if (*out_is_negative || sp_text_peek(t) == '+') {
        t->at++;
    }
    return !*out_is_negative || sp_buf_put_byte(out, '-') == SP_OK;
}

/* [ "." digits ] [ "e" [ sign ] digits ] behind the integer part. */
static bool take_fraction(struct sp_text *t, struct sp_buf *out)
{
    bool is_negative = false;
    if (sp_text_byte(t, '.') == SP_OK) {
        if (sp_buf_put_byte(out, '.') != SP_OK || !take_digits(t, sp_text_is_digit, out)) {
            return false;
        }
    }
    if (sp_text_byte(t, 'e') == SP_OK || sp_text_byte(t, 'E') == SP_OK) {
        if (sp_buf_put_byte(out, 'e') != SP_OK || !take_sign(t, out, &is_negative)) {
            return false;
        }
        return take_digits(t, sp_text_is_digit, out) && sp_text_at_end(t);
    }
    return sp_text_at_end(t);
}

static enum sp_err decimal(struct sp_slice text, struct sp_toml_value *out)
{
    SP_AUTO_BUF struct sp_buf clean;
    sp_buf_init(&clean, NUMBER_BYTES_MAX);
    struct sp_text t;
    sp_text_init(&t, text);
    bool is_negative = false;
    if (!take_sign(&t, &clean, &is_negative) || !take_digits(&t, sp_text_is_digit, &clean)) {
        return SP_ERR_INVALID;
    }
    struct sp_slice digits = sp_slice_sub(sp_buf_slice(&clean), is_negative ? 1 : 0, clean.len);
    if (has_leading_zero(digits)) {
        return SP_ERR_INVALID;
    }
    if (!sp_text_at_end(&t)) {
        out->type = SP_TOML_FLOAT;
        return take_fraction(&t, &clean) ? sp_parse_double(sp_buf_slice(&clean), &out->as.real)
                                         : SP_ERR_INVALID;
    }
    uint64_t magnitude = 0;
    SP_TRY(sp_parse_u64(digits, (uint64_t)INT64_MAX + (is_negative ? 1U : 0U), &magnitude));
    out->type = SP_TOML_INTEGER;
    out->as.integer = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return SP_OK;
}

/* inf and nan with an optional sign. */
static bool special_float(struct sp_slice text, double *out)
{
    bool has_sign = text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-');
    struct sp_slice word = sp_slice_sub(text, has_sign ? 1 : 0, text.len);
    if (!sp_slice_is(word, "inf") && !sp_slice_is(word, "nan")) {
        return false;
    }
    double value = sp_slice_is(word, "inf") ? (double)INFINITY : (double)NAN;
    *out = has_sign && text.ptr[0] == '-' ? -value : value;
    return true;
}

static enum sp_err read_number(struct sp_slice text, struct sp_toml_value *out)
{
    if (special_float(text, &out->as.real)) {
        out->type = SP_TOML_FLOAT;
        return SP_OK;
    }
    if (text.len > NUMBER_BYTES_MAX - 8) {
        return SP_ERR_RANGE;
    }
    if (text.len > 2 && text.ptr[0] == '0' &&
        (text.ptr[1] == 'x' || text.ptr[1] == 'o' || text.ptr[1] == 'b')) {
        out->type = SP_TOML_INTEGER;
        return radix_integer(text, &out->as.integer);
    }
    return decimal(text, out);
}

/* RFC 3339 allows small letters; readers of the value see capitals. */
static void capitalize(uint8_t *text, size_t len)
{
    if (len > 10 && text[4] == '-') {
        text[10] = 'T';
    }
    if (text[len - 1] == 'z') {
        text[len - 1] = 'Z';
    }
}

static enum sp_err read_date(struct sp_toml_reader *r, struct sp_slice text,
                             struct sp_toml_value *out)
{
    if (sp_toml_check_date(text, &out->type) != SP_OK) {
        return sp_toml_fail(r, "this is not a date or time");
    }
    capitalize(r->text + r->at, text.len);
    out->as.text = text;
    return SP_OK;
}

enum sp_err sp_toml_read_scalar(struct sp_toml_reader *r, struct sp_toml_value *out)
{
    struct sp_slice text = take_token(r);
    if (text.len == 0) {
        return sp_toml_fail(r, "a value must stand here");
    }
    if (sp_slice_is(text, "true") || sp_slice_is(text, "false")) {
        out->type = SP_TOML_BOOL;
        out->as.truth = text.ptr[0] == 't';
    } else if (sp_toml_looks_like_date(text)) {
        SP_TRY(read_date(r, text, out));
    } else {
        enum sp_err err = read_number(text, out);
        if (err == SP_ERR_RANGE) {
            return sp_toml_fail(r, "this number is out of range");
        }
        if (err != SP_OK) {
            return sp_toml_fail(r, "this is not a value of TOML (text needs quotes)");
        }
    }
    r->at += text.len;
    return SP_OK;
}
