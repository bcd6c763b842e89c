/*
 * hex - bytes as pairs of hexadecimal digits.
 *
 * Runs in: every process.   Input: hostile.   Allocates: through the caller's buffer, or never.
 */
#ifndef SP_CODEC_HEX_H
#define SP_CODEC_HEX_H

#include "base/buf.h"

/* Appends lower-case digits. */
enum sp_err sp_hex_encode(struct sp_slice bytes, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* Appends the bytes; SP_ERR_INVALID for an odd length or a foreign character, and nothing is appended. */
enum sp_err sp_hex_decode(struct sp_slice text, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* Writes 2 * bytes.len digits and a NUL into `out`, which has that much room. */
void sp_hex_write(struct sp_slice bytes, char *out) SP_NONNULL(2);

/* Exactly `len` bytes from exactly 2 * len digits; SP_ERR_INVALID otherwise. */
enum sp_err sp_hex_read(struct sp_slice text, size_t len, uint8_t *out) SP_MUST_CHECK SP_NONNULL(3);

#endif
