/*
 * Strings of TOML in their four forms. First a look that finds the end and refuses what is wrong, then decoding in
 * place: no form grows when it is decoded.
 */
#include "base/num.h"
#include "base/text.h"
#include "codec/toml_read.h"

struct form {
    uint8_t quote;
    bool is_multiline;
};

static bool is_blank(int byte)
{
    return byte == ' ' || byte == '\t';
}

/* How many of this quote stand here in a row, at most six. */
static size_t quotes_here(const struct sp_toml_reader *r, uint8_t quote)
{
    size_t count = 0;
    while (count < 6 && sp_toml_peek(r, count) == quote) {
        count++;
    }
    return count;
}

static enum sp_err read_code_point(struct sp_toml_reader *r, size_t digits, uint32_t *out)
{
    struct sp_slice text = sp_slice_sub(sp_slice_make(r->text, r->len), r->at + 2, digits);
    uint64_t value = 0;
    if (text.len != digits || sp_parse_hex_u64(text, UINT32_MAX, &value) != SP_OK) {
        return sp_toml_fail(r, "\\%c needs %zu hexadecimal digits", digits == 4 ? 'u' : 'U',
                            digits);
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return sp_toml_fail(r, "the escape names no Unicode character");
    }
    *out = (uint32_t)value;
    return SP_OK;
}

/* A backslash at the end of a line: it and all white space behind it, over any number of lines, vanish. */
static enum sp_err pass_line_fold(struct sp_toml_reader *r)
{
    r->at++;
    while (is_blank(sp_toml_peek(r, 0))) {
        r->at++;
    }
    if (!sp_toml_take_newline(r)) {
        return sp_toml_fail(r, "no such escape in a string");
    }
    while (is_blank(sp_toml_peek(r, 0)) || sp_toml_take_newline(r)) {
        if (is_blank(sp_toml_peek(r, 0))) {
            r->at++;
        }
    }
    return SP_OK;
}

static enum sp_err pass_escape(struct sp_toml_reader *r, struct form form)
{
    uint32_t ignored = 0;
    int next = sp_toml_peek(r, 1);
    switch (next) {
    case 'b':
    case 't':
    case 'n':
    case 'f':
    case 'r':
    case '"':
    case '\\':
        r->at += 2;
        return SP_OK;
    case 'u':
        SP_TRY(read_code_point(r, 4, &ignored));
        r->at += 6;
        return SP_OK;
    case 'U':
        SP_TRY(read_code_point(r, 8, &ignored));
        r->at += 10;
        return SP_OK;
    default:
        if (form.is_multiline && (is_blank(next) || next == '\r' || next == '\n')) {
            return pass_line_fold(r);
        }
        return sp_toml_fail(r, "no such escape in a string");
    }
}

/* One step inside a string. `*out_is_end` tells that the closing quotes stand here. */
static enum sp_err pass_inside(struct sp_toml_reader *r, struct form form, bool *out_is_end)
{
    int byte = sp_toml_peek(r, 0);
    *out_is_end = false;
    if (byte == form.quote) {
        size_t count = quotes_here(r, form.quote);
        *out_is_end = !form.is_multiline || count >= 3;
        r->at += *out_is_end ? 0 : 1;
        return SP_OK;
    }
    if (byte == '\\' && form.quote == '"') {
        return pass_escape(r, form);
    }
    if (form.is_multiline && sp_toml_take_newline(r)) {
        return SP_OK;
    }
    if (byte < 0 || byte == '\n' || byte == '\r') {
        return sp_toml_fail(r, byte < 0 ? "the file ends inside a string"
                                        : "the line ends inside a string");
    }
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
        return sp_toml_fail(r, "a string holds a control character");
    }
    r->at++;
    return SP_OK;
}

static uint8_t short_escape(uint8_t letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    default:
        return letter;
    }
}

static bool is_fold_byte(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Decodes the escape at `from` to `to`; answers how many bytes it took and gives how many it made. All was checked. */
static size_t decode_escape(const uint8_t *from, size_t len, uint8_t *to, size_t *out_made)
{
    size_t digits = from[1] == 'u' ? 4 : 8;
    uint64_t code = 0;
    if (is_fold_byte(from[1])) {
        size_t taken = 1;
        while (taken < len && is_fold_byte(from[taken])) {
            taken++;
        }
        *out_made = 0;
        return taken;
    }
    if ((from[1] == 'u' || from[1] == 'U') &&
        sp_parse_hex_u64(sp_slice_make(from + 2, digits), 0x10FFFF, &code) == SP_OK) {
        *out_made = sp_utf8_put(to, (uint32_t)code);
        return 2 + digits;
    }
    to[0] = short_escape(from[1]);
    *out_made = 1;
    return 2;
}

static size_t decode_in_place(uint8_t *text, size_t len)
{
    size_t to = sp_slice_find(sp_slice_make(text, len), 0, '\\');
    size_t from = to;
    while (from < len) {
        if (text[from] == '\\') {
            size_t made = 0;
            from += decode_escape(text + from, len - from, text + to, &made);
            to += made;
        } else {
            text[to++] = text[from++];
        }
    }
    return to;
}

enum sp_err sp_toml_read_string(struct sp_toml_reader *r, bool may_be_multiline,
                                struct sp_slice *out)
{
    struct form form = {.quote = r->text[r->at]};
    form.is_multiline = quotes_here(r, form.quote) >= 3;
    if (form.is_multiline && !may_be_multiline) {
        return sp_toml_fail(r, "a key cannot be a multi-line string");
    }
    r->at += form.is_multiline ? 3 : 1;
    if (form.is_multiline) {
        (void)sp_toml_take_newline(
            r); /* one right behind the opening quotes is not part of the string */
    }
    size_t start = r->at;
    bool is_end = false;
    while (!is_end) {
        SP_TRY(pass_inside(r, form, &is_end));
    }
    /* Up to two more quotes may stand before the closing three: they belong to the string. */
    size_t closing = form.is_multiline ? quotes_here(r, form.quote) : 1;
    size_t inside = closing > 3 ? sp_size_min(closing, 5) - 3 : 0;
    size_t len = r->at + inside - start;
    r->at += inside + (form.is_multiline ? 3 : 1);
    (void)sp_toml_here(r); /* columns are counted before decoding moves bytes */
    *out = sp_slice_make(r->text + start,
                         form.quote == '"' ? decode_in_place(r->text + start, len) : len);
    return SP_OK;
}
