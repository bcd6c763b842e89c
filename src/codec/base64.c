#include "codec/base64.h"

#include "base/num.h"

static const char *alphabet_of(enum sp_base64 kind)
{
    return kind == SP_BASE64_STANDARD
               ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
               : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
}

/* Three bytes become four characters. */
static void encode_three(const char *alphabet, const uint8_t *from, uint8_t *to)
{
    uint32_t bits = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
    to[0] = (uint8_t)alphabet[bits >> 18];
    to[1] = (uint8_t)alphabet[bits >> 12 & 63U];
    to[2] = (uint8_t)alphabet[bits >> 6 & 63U];
    to[3] = (uint8_t)alphabet[bits & 63U];
}

static enum sp_err encode_whole(enum sp_base64 kind, struct sp_slice bytes, struct sp_buf *out)
{
    const char *alphabet = alphabet_of(kind);
    size_t len = 0;
    uint8_t *to = NULL;
    SP_TRY(sp_size_mul(bytes.len / 3, 4, &len));
    SP_TRY(sp_buf_reserve(out, len, &to));
    for (size_t i = 0; i < bytes.len / 3; i++) {
        encode_three(alphabet, bytes.ptr + 3 * i, to + 4 * i);
    }
    sp_buf_commit(out, len);
    return SP_OK;
}

/* The last one or two bytes. */
static enum sp_err encode_rest(enum sp_base64 kind, struct sp_slice rest, struct sp_buf *out)
{
    if (rest.len == 0) {
        return SP_OK;
    }
    const uint8_t padded[3] = {rest.ptr[0], rest.len > 1 ? rest.ptr[1] : 0, 0};
    uint8_t text[4];
    encode_three(alphabet_of(kind), padded, text);
    if (kind == SP_BASE64_URL) {
        return sp_buf_put(out, sp_slice_make(text, rest.len + 1));
    }
    text[3] = '=';
    text[2] = rest.len > 1 ? text[2] : '=';
    return sp_buf_put(out, sp_slice_make(text, sizeof(text)));
}

enum sp_err sp_base64_encode(enum sp_base64 kind, struct sp_slice bytes, struct sp_buf *out)
{
    size_t before = out->len;
    size_t whole = bytes.len - bytes.len % 3;
    SP_TRY(encode_whole(kind, sp_slice_sub(bytes, 0, whole), out));
    enum sp_err err = encode_rest(kind, sp_slice_sub(bytes, whole, bytes.len), out);
    if (err != SP_OK) {
        sp_buf_truncate(out, before);
    }
    return err;
}

/* The six bits of a character, or 64 for a foreign one. */
static uint32_t bits_of(enum sp_base64 kind, uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)c - 'a' + 26U;
    }
    if (c >= '0' && c <= '9') {
        return (uint32_t)c - '0' + 52U;
    }
    if (c == (kind == SP_BASE64_STANDARD ? '+' : '-')) {
        return 62;
    }
    return c == (kind == SP_BASE64_STANDARD ? '/' : '_') ? 63 : 64;
}

/* Two to four characters become one to three bytes. Bits that no byte takes must be zero. */
static enum sp_err decode_group(enum sp_base64 kind, struct sp_slice text, uint8_t *to)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t six = i < text.len ? bits_of(kind, text.ptr[i]) : 0;
        if (six > 63) {
            return SP_ERR_INVALID;
        }
        bits = bits << 6 | six;
    }
    if ((text.len == 2 && (bits & 0xFFFFU) != 0) || (text.len == 3 && (bits & 0xFFU) != 0)) {
        return SP_ERR_INVALID;
    }
    for (size_t i = 0; i + 1 < text.len; i++) {
        to[i] = (uint8_t)(bits >> (16 - 8 * i));
    }
    return SP_OK;
}

/* Cuts the padding off; standard text must have it, the other kind must not. */
static enum sp_err without_padding(enum sp_base64 kind, struct sp_slice *text)
{
    if (kind == SP_BASE64_URL) {
        return text->len % 4 == 1 ? SP_ERR_INVALID : SP_OK;
    }
    if (text->len % 4 != 0) {
        return SP_ERR_INVALID;
    }
    for (unsigned i = 0; i < 2 && text->len > 0 && text->ptr[text->len - 1] == '='; i++) {
        text->len--;
    }
    return SP_OK;
}

enum sp_err sp_base64_decode(enum sp_base64 kind, struct sp_slice text, struct sp_buf *out)
{
    SP_TRY(without_padding(kind, &text));
    size_t len = text.len / 4 * 3 + (text.len % 4 == 0 ? 0 : text.len % 4 - 1);
    uint8_t *to = NULL;
    SP_TRY(sp_buf_reserve(out, len, &to));
    for (size_t at = 0; at < text.len; at += 4) {
        SP_TRY(decode_group(kind, sp_slice_sub(text, at, 4), to));
        to += 3;
    }
    sp_buf_commit(out, len);
    return SP_OK;
}
