#include "base/num.h"

#include <math.h>
#include <stdlib.h>

enum sp_err sp_size_add(size_t a, size_t b, size_t *out)
{
    size_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return SP_ERR_RANGE;
    }
    *out = sum;
    return SP_OK;
}

enum sp_err sp_size_mul(size_t a, size_t b, size_t *out)
{
    size_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        return SP_ERR_RANGE;
    }
    *out = product;
    return SP_OK;
}

enum sp_err sp_u64_add(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return SP_ERR_RANGE;
    }
    *out = sum;
    return SP_OK;
}

enum sp_err sp_u64_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        return SP_ERR_RANGE;
    }
    *out = product;
    return SP_OK;
}

bool sp_fits_u32(size_t value)
{
    return value <= UINT32_MAX;
}

static int digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    if (byte >= 'A' && byte <= 'F') {
        return byte - 'A' + 10;
    }
    return -1;
}

static enum sp_err parse(struct sp_slice text, unsigned radix, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (text.len == 0) {
        return SP_ERR_INVALID;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.ptr[i]);
        if (digit < 0 || (unsigned)digit >= radix) {
            return SP_ERR_INVALID;
        }
        SP_TRY(sp_u64_mul(value, radix, &value));
        SP_TRY(sp_u64_add(value, (uint64_t)digit, &value));
    }
    if (value > max) {
        return SP_ERR_RANGE;
    }
    *out = value;
    return SP_OK;
}

enum sp_err sp_parse_u64(struct sp_slice text, uint64_t max, uint64_t *out)
{
    return parse(text, 10, max, out);
}

enum sp_err sp_parse_hex_u64(struct sp_slice text, uint64_t max, uint64_t *out)
{
    return parse(text, 16, max, out);
}

/* Keeps hexadecimal, "inf" and "nan" away from strtod. */
static bool is_decimal_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

enum sp_err sp_parse_double(struct sp_slice text, double *out)
{
    char copy[SP_DOUBLE_BYTES_MAX + 1];
    if (text.len == 0 || text.len > SP_DOUBLE_BYTES_MAX) {
        return text.len == 0 ? SP_ERR_INVALID : SP_ERR_RANGE;
    }
    for (size_t i = 0; i < text.len; i++) {
        copy[i] = (char)text.ptr[i];
        if (!is_decimal_byte(copy[i])) {
            return SP_ERR_INVALID;
        }
    }
    copy[text.len] = '\0';
    char *end = NULL;
    double value = strtod(copy, &end);
    if (end != copy + text.len) {
        return SP_ERR_INVALID;
    }
    if (!isfinite(value)) {
        return SP_ERR_RANGE;
    }
    *out = value;
    return SP_OK;
}
