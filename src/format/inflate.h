/*
 * inflate - unpacks deflated data, with a bound on what comes out.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: the decoder's window, and through the caller's buffer.
 * The only folder that knows zlib.
 */
#ifndef SP_FORMAT_INFLATE_H
#define SP_FORMAT_INFLATE_H

#include "base/buf.h"

enum sp_inflate_wrap { SP_INFLATE_RAW, SP_INFLATE_ZLIB, SP_INFLATE_GZIP };

/* What came out: how many bytes, and the checksum of gzip and zip over them. */
struct sp_inflated {
    uint64_t size;
    uint32_t crc;
    size_t consumed; /* bytes of the input that were used */
};

/*
 * Unpacks `in`; several gzip streams one behind the other are one. Keeps the first bytes in `keep`, as many as it takes,
 * and counts the rest. SP_ERR_TOO_BIG as soon as more than `most` come out, SP_ERR_CORRUPT, SP_ERR_SHORT, SP_ERR_NOMEM.
 */
enum sp_err sp_inflate(struct sp_slice in, enum sp_inflate_wrap wrap, uint64_t most,
                       struct sp_buf *keep, struct sp_inflated *out) SP_MUST_CHECK SP_NONNULL(4, 5);

uint32_t sp_crc32(struct sp_slice bytes);

#endif
