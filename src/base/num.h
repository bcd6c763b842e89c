/*
 * num - arithmetic that cannot overflow in silence, and narrowing that is checked.
 *
 * Runs in: every process.   Allocates: never.
 */
#ifndef SP_BASE_NUM_H
#define SP_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"

/* Sum and product, or SP_ERR_RANGE with `*out` untouched. */
enum sp_err sp_size_add(size_t a, size_t b, size_t *out) SP_MUST_CHECK SP_NONNULL(3);
enum sp_err sp_size_mul(size_t a, size_t b, size_t *out) SP_MUST_CHECK SP_NONNULL(3);
enum sp_err sp_u64_add(uint64_t a, uint64_t b, uint64_t *out) SP_MUST_CHECK SP_NONNULL(3);
enum sp_err sp_u64_mul(uint64_t a, uint64_t b, uint64_t *out) SP_MUST_CHECK SP_NONNULL(3);

bool sp_fits_u32(size_t value);

static inline size_t sp_size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t sp_size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Decimal digits only, no sign, no leading plus, whole slice, at most `max`; SP_ERR_INVALID or SP_ERR_RANGE. */
enum sp_err sp_parse_u64(struct sp_slice text, uint64_t max, uint64_t *out)
    SP_MUST_CHECK SP_NONNULL(3);

/*
 * A decimal number as JSON and TOML write it: sign, digits, fraction, exponent, nothing else, whole slice. One that no
 * double can hold is SP_ERR_RANGE.
 */
#define SP_DOUBLE_BYTES_MAX ((size_t)1024)
enum sp_err sp_parse_double(struct sp_slice text, double *out) SP_MUST_CHECK SP_NONNULL(2);

/* Hexadecimal digits only, whole slice, at most `max`. */
enum sp_err sp_parse_hex_u64(struct sp_slice text, uint64_t max, uint64_t *out)
    SP_MUST_CHECK SP_NONNULL(3);

#endif
