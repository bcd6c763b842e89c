/*
 * range - the field Range of a request, for one range of bytes (RFC 9110, section 14).
 *
 * Runs in: pool.   Input: hostile.   Allocates: never.
 */
#ifndef SP_POOL_RANGE_H
#define SP_POOL_RANGE_H

#include "base/err.h"
#include "base/slice.h"

struct sp_pool_range {
    bool is_part; /* false: the whole file is meant */
    uint64_t from;
    uint64_t len;
};

/*
 * Reads the field's value for a file of `size` bytes. Another unit, several ranges and what is malformed mean the whole
 * file, as the RFC allows. SP_ERR_NOT_SATISFIABLE when the file has no byte of the range.
 */
enum sp_err sp_pool_range_read(struct sp_slice value, uint64_t size, struct sp_pool_range *out)
    SP_MUST_CHECK SP_NONNULL(3);

#endif
