/*
 * http_range - the field Range for one range of bytes (RFC 9110, section 14).
 *
 * Runs in: front.   Input: hostile.   Allocates: never.
 */
#ifndef SP_CODEC_HTTP_RANGE_H
#define SP_CODEC_HTTP_RANGE_H

#include "base/err.h"
#include "base/slice.h"

struct sp_http_range {
    bool is_part; /* false: the whole is meant */
    uint64_t from;
    uint64_t len;
};

/*
 * Of something that has `size` bytes. Another unit, several ranges and what is malformed mean the whole, as the RFC
 * allows; SP_ERR_NOT_SATISFIABLE when it has no byte of the range.
 */
enum sp_err sp_http_range(struct sp_slice value, uint64_t size, struct sp_http_range *out)
    SP_MUST_CHECK SP_NONNULL(3);

#endif
