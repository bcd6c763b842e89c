#include "base/num.h"

#include <limits.h>

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

bool sp_fits_int(size_t value)
{
    return value <= INT_MAX;
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
