#include "codec/http_field.h"

#include "base/text.h"

bool sp_http_is_tchar(uint8_t byte)
{
    /* The bits of !#$%&'*+-.^_`|~, digits and letters (RFC 9110, 5.6.2). */
    static const uint64_t tchars[2] = {UINT64_C(0x03FF6CFA00000000), UINT64_C(0x57FFFFFFC7FFFFFE)};
    return byte < 0x80 && (tchars[byte >> 6] >> (byte & 63U) & 1U) != 0;
}

bool sp_http_is_token(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!sp_http_is_tchar(text.ptr[i])) {
            return false;
        }
    }
    return text.len > 0;
}

static bool is_value_byte(uint8_t byte)
{
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
}

bool sp_http_is_field_value(struct sp_slice text)
{
    bool is_good = sp_slice_trim(text).len == text.len;
    for (size_t i = 0; i < text.len; i++) {
        is_good = is_good && is_value_byte(text.ptr[i]);
    }
    return is_good;
}

#define BITS(first, last) ((UINT64_MAX >> (63U - ((last) - (first)))) << ((first) % 64U))

/* Letters, digits and "-._~+/", a bit each: tokens have thousands of bytes, and each is looked at for every request. */
static bool is_token68(uint8_t byte)
{
    static const uint64_t bits[4] = {
        BITS('+', '+') | BITS('-', '9'),
        BITS('A', 'Z') | BITS('_', '_') | BITS('a', 'z') | BITS('~', '~'),
    };
    return (bits[byte / 64U] >> (byte % 64U) & 1U) != 0;
}

static bool is_sp(uint8_t byte)
{
    return byte == ' ';
}

/* token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static bool all_token68(struct sp_slice text)
{
    size_t end = 0;
    while (end < text.len && is_token68(text.ptr[end])) {
        end++;
    }
    const size_t run = end;
    while (end < text.len && text.ptr[end] == '=') {
        end++;
    }
    return run > 0 && end == text.len;
}

enum sp_err sp_http_authorization(struct sp_slice value, struct sp_slice *out_scheme,
                                  struct sp_slice *out_token68)
{
    struct sp_text t;
    sp_text_init(&t, value);
    struct sp_slice scheme = sp_text_skip(&t, sp_http_is_tchar);
    struct sp_slice gap = sp_text_skip(&t, is_sp);
    struct sp_slice rest = sp_text_rest(&t);
    if (scheme.len == 0 || gap.len == 0 || !all_token68(rest)) {
        return SP_ERR_INVALID;
    }
    *out_scheme = scheme;
    *out_token68 = rest;
    return SP_OK;
}

enum sp_err sp_http_bearer(struct sp_slice value, struct sp_slice *out_token)
{
    struct sp_slice scheme;
    struct sp_slice token;
    if (value.len == 0) {
        return SP_ERR_TOKEN_MISSING;
    }
    if (sp_http_authorization(value, &scheme, &token) != SP_OK ||
        !sp_slice_is_nocase(scheme, "Bearer")) {
        return SP_ERR_TOKEN_UNKNOWN;
    }
    *out_token = token;
    return SP_OK;
}

/* Where the parameters begin: the first `;`, or the end. */
static struct sp_slice before_params(struct sp_slice value, struct sp_http_params *params)
{
    size_t end = sp_slice_find(value, 0, ';');
    params->rest = sp_slice_sub(value, end, value.len);
    return sp_slice_trim(sp_slice_sub(value, 0, end));
}

enum sp_err sp_http_media_type(struct sp_slice value, struct sp_slice *out_type,
                               struct sp_http_params *out_params)
{
    struct sp_http_params params;
    struct sp_slice type = before_params(value, &params);
    size_t slash = sp_slice_find(type, 0, '/');
    if (!sp_http_is_token(sp_slice_sub(type, 0, slash)) ||
        !sp_http_is_token(sp_slice_sub(type, slash + 1, type.len))) {
        return SP_ERR_INVALID;
    }
    *out_type = type;
    *out_params = params;
    return SP_OK;
}

enum sp_err sp_http_disposition(struct sp_slice value, struct sp_slice *out_type,
                                struct sp_http_params *out_params)
{
    struct sp_http_params params;
    struct sp_slice type = before_params(value, &params);
    if (!sp_http_is_token(type)) {
        return SP_ERR_INVALID;
    }
    *out_type = type;
    *out_params = params;
    return SP_OK;
}

/* The inside of a quoted-string whose opening quote was taken; takes the closing one. */
static enum sp_err quoted_inside(struct sp_text *t, struct sp_slice *out)
{
    size_t start = t->at;
    while (!sp_text_at_end(t)) {
        uint8_t byte = t->in.ptr[t->at];
        if (byte == '"') {
            *out = sp_slice_sub(t->in, start, t->at - start);
            t->at++;
            return SP_OK;
        }
        if (byte == '\\') {
            t->at++; /* a quoted-pair: the next byte stands for itself */
        }
        if (sp_text_at_end(t) || !is_value_byte(t->in.ptr[t->at])) {
            return SP_ERR_INVALID;
        }
        t->at++;
    }
    return SP_ERR_INVALID;
}

/* A bare value should be a token; clients send what a boundary may hold (RFC 2046, section 5.1.1) without quotes, too. */
static bool is_bare_byte(uint8_t byte)
{
    return sp_http_is_tchar(byte) || sp_slice_find(SP_SLICE_LITERAL("()/:=?"), 0, byte) < 6;
}

static enum sp_err param_value(struct sp_text *t, struct sp_http_param *param)
{
    param->is_quoted = sp_text_peek(t) == '"';
    if (param->is_quoted) {
        t->at++;
        return quoted_inside(t, &param->value);
    }
    param->value = sp_text_skip(t, is_bare_byte);
    return param->value.len > 0 ? SP_OK : SP_ERR_INVALID;
}

/* parameters = *( OWS ";" OWS [ parameter ] ); no blanks around "=" (RFC 9110, 5.6.6). */
enum sp_err sp_http_params_next(struct sp_http_params *p, struct sp_http_param *out, bool *out_more)
{
    struct sp_text t;
    sp_text_init(&t, p->rest);
    struct sp_http_param param = {0};
    for (;;) {
        (void)sp_text_skip(&t, sp_text_is_space);
        if (sp_text_at_end(&t)) {
            p->rest = sp_text_rest(&t);
            *out_more = false;
            return SP_OK;
        }
        if (sp_text_byte(&t, ';') != SP_OK) {
            return SP_ERR_INVALID;
        }
        (void)sp_text_skip(&t, sp_text_is_space);
        param.name = sp_text_skip(&t, sp_http_is_tchar);
        if (param.name.len > 0) {
            break;
        }
    }
    if (sp_text_byte(&t, '=') != SP_OK) {
        return SP_ERR_INVALID;
    }
    SP_TRY(param_value(&t, &param));
    p->rest = sp_text_rest(&t);
    *out = param;
    *out_more = true;
    return SP_OK;
}

enum sp_err sp_http_param_unquote(const struct sp_http_param *param, struct sp_buf *out)
{
    if (!param->is_quoted) {
        return sp_buf_put(out, param->value);
    }
    size_t before = out->len;
    for (size_t i = 0; i < param->value.len; i++) {
        if (param->value.ptr[i] == '\\' && i + 1 < param->value.len) {
            i++;
        }
        enum sp_err err = sp_buf_put_byte(out, param->value.ptr[i]);
        if (err != SP_OK) {
            sp_buf_truncate(out, before);
            return err;
        }
    }
    return SP_OK;
}

static bool is_small_hex(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.ptr[i];
        if (!sp_text_is_digit(byte) && (byte < 'a' || byte > 'f')) {
            return false;
        }
    }
    return true;
}

static bool is_zero(struct sp_slice digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] != '0') {
            return false;
        }
    }
    return true;
}

struct sp_slice sp_http_traceparent(struct sp_slice value)
{
    /* Where the parts begin, and where the last of version 00 ends. */
    enum { TRACE = 3, PARENT = 36, FLAGS = 53, END = 55 };
    static const struct {
        size_t at;
        size_t len;
    } parts[] = {{0, 2}, {TRACE, 32}, {PARENT, 16}, {FLAGS, 2}};
    const struct sp_slice version = sp_slice_sub(value, 0, 2);
    bool is_good = value.len >= END && !sp_slice_is(version, "ff") &&
                   (value.len == END || (!sp_slice_is(version, "00") && value.ptr[END] == '-'));
    for (size_t i = 0; i < SP_COUNT(parts) && is_good; i++) {
        is_good = is_small_hex(sp_slice_sub(value, parts[i].at, parts[i].len)) &&
                  (i == 0 || value.ptr[parts[i].at - 1] == '-');
    }
    is_good = is_good && !is_zero(sp_slice_sub(value, TRACE, 32)) &&
              !is_zero(sp_slice_sub(value, PARENT, 16));
    return is_good ? sp_slice_sub(value, 2, END - 2) : (struct sp_slice){NULL, 0};
}

bool sp_http_list_has(struct sp_slice list, const char *token)
{
    for (;;) {
        size_t end = sp_slice_find(list, 0, ',');
        if (sp_slice_is_nocase(sp_slice_trim(sp_slice_sub(list, 0, end)), token)) {
            return true;
        }
        if (end == list.len) {
            return false;
        }
        list = sp_slice_sub(list, end + 1, list.len);
    }
}
