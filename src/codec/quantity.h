/*
 * quantity - sizes and spans of time as people write them: "512 MiB", "30d".
 *
 * Runs in: supervisor, commands.   Input: the operator's.   Allocates: through the caller's buffer.
 */
#ifndef SP_CODEC_QUANTITY_H
#define SP_CODEC_QUANTITY_H

#include "base/buf.h"

/* Digits, an optional space, and B, KiB, MiB, GiB or TiB (no unit: bytes). SP_ERR_INVALID or SP_ERR_RANGE. */
enum sp_err sp_quantity_bytes(struct sp_slice text, uint64_t *out) SP_MUST_CHECK SP_NONNULL(2);

/* Digits, an optional space, and s, m, h or d (no unit: seconds). */
enum sp_err sp_quantity_seconds(struct sp_slice text, uint64_t *out) SP_MUST_CHECK SP_NONNULL(2);

/* Digits, an optional space, and ms, s, m, h or d (no unit: milliseconds). */
enum sp_err sp_quantity_ms(struct sp_slice text, uint64_t *out) SP_MUST_CHECK SP_NONNULL(2);

/* Appends the value with the largest unit that divides it. */
enum sp_err sp_quantity_put_bytes(struct sp_buf *out, uint64_t bytes) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_quantity_put_seconds(struct sp_buf *out, uint64_t seconds)
    SP_MUST_CHECK SP_NONNULL(1);

#endif
