#include "codec/hex.h"

#include "base/num.h"
#include "base/text.h"

static const char digits[] = "0123456789abcdef";

void sp_hex_write(struct sp_slice bytes, char *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = digits[bytes.ptr[i] >> 4];
        out[2 * i + 1] = digits[bytes.ptr[i] & 0xFU];
    }
    out[2 * bytes.len] = '\0';
}

enum sp_err sp_hex_encode(struct sp_slice bytes, struct sp_buf *out)
{
    size_t len = 0;
    SP_TRY(sp_size_mul(bytes.len, 2, &len));
    uint8_t *at = NULL;
    SP_TRY(sp_buf_reserve(out, len, &at)); /* a buffer keeps one more byte for the NUL */
    sp_hex_write(bytes, (char *)at);
    sp_buf_commit(out, len);
    return SP_OK;
}

static unsigned value_of(uint8_t digit)
{
    if (sp_text_is_digit(digit)) {
        return (unsigned)digit - '0';
    }
    return (digit | 0x20U) - 'a' + 10U;
}

static bool is_all_hex(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!sp_text_is_hex(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

enum sp_err sp_hex_read(struct sp_slice text, size_t len, uint8_t *out)
{
    if (text.len % 2 != 0 || text.len / 2 != len || !is_all_hex(text)) {
        return SP_ERR_INVALID;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(value_of(text.ptr[2 * i]) << 4 | value_of(text.ptr[2 * i + 1]));
    }
    return SP_OK;
}

enum sp_err sp_hex_decode(struct sp_slice text, struct sp_buf *out)
{
    uint8_t *at = NULL;
    SP_TRY(sp_buf_reserve(out, text.len / 2, &at));
    SP_TRY(sp_hex_read(text, text.len / 2, at));
    sp_buf_commit(out, text.len / 2);
    return SP_OK;
}
