/*
 * base64 - RFC 4648, both alphabets, without leniency.
 *
 * Runs in: every process.   Input: hostile.   Allocates: through the caller's buffer.
 * Exactly one text decodes to given bytes: spaces, missing padding and stray bits in the last character are refused.
 */
#ifndef SP_CODEC_BASE64_H
#define SP_CODEC_BASE64_H

#include "base/buf.h"

enum sp_base64 {
    SP_BASE64_STANDARD, /* + and /, padded with = */
    SP_BASE64_URL,      /* - and _, never padded (as JOSE has it) */
};

/* Append to `out`. Decoding fails with SP_ERR_INVALID and appends nothing. */
enum sp_err sp_base64_encode(enum sp_base64 kind, struct sp_slice bytes, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3);
enum sp_err sp_base64_decode(enum sp_base64 kind, struct sp_slice text, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3);

#endif
