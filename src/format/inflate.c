#include "format/inflate.h"

#include <zlib.h>

#include "base/num.h"

#define CHUNK_BYTES ((size_t)32 * 1024)

static int window_bits(enum sp_inflate_wrap wrap)
{
    switch (wrap) {
    case SP_INFLATE_RAW:
        return -MAX_WBITS;
    case SP_INFLATE_ZLIB:
        return MAX_WBITS;
    case SP_INFLATE_GZIP:
        return MAX_WBITS + 16;
    }
    return MAX_WBITS;
}

static enum sp_err keep_some(struct sp_buf *keep, struct sp_slice bytes)
{
    size_t room = keep->max - keep->len;
    return sp_buf_put(keep, sp_slice_sub(bytes, 0, sp_size_min(room, bytes.len)));
}

/* One stream; zlib's input pointer moves on. */
static enum sp_err run(z_stream *z, uint64_t most, struct sp_buf *keep, struct sp_inflated *done)
{
    uint8_t chunk[CHUNK_BYTES];
    for (;;) {
        z->next_out = chunk;
        z->avail_out = sizeof(chunk);
        int status = inflate(z, Z_NO_FLUSH);
        struct sp_slice got = sp_slice_make(chunk, sizeof(chunk) - z->avail_out);
        if (status == Z_MEM_ERROR) {
            return SP_ERR_NOMEM;
        }
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
            return SP_ERR_CORRUPT;
        }
        if (got.len > most - done->size) {
            return SP_ERR_TOO_BIG;
        }
        done->size += got.len;
        done->crc = (uint32_t)crc32(done->crc, got.ptr, (uInt)got.len);
        SP_TRY(keep_some(keep, got));
        if (status == Z_STREAM_END) {
            return SP_OK;
        }
        if (got.len == 0) {
            return SP_ERR_SHORT;
        }
    }
}

enum sp_err sp_inflate(struct sp_slice in, enum sp_inflate_wrap wrap, uint64_t most,
                       struct sp_buf *keep, struct sp_inflated *out)
{
    z_stream z = {.next_in = in.ptr, .avail_in = (uInt)in.len};
    struct sp_inflated done = {.size = 0};
    if (!sp_fits_u32(in.len)) {
        return SP_ERR_TOO_BIG;
    }
    if (inflateInit2(&z, window_bits(wrap)) != Z_OK) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = run(&z, most, keep, &done);
    while (err == SP_OK && wrap == SP_INFLATE_GZIP && z.avail_in > 0 && *z.next_in == 0x1F) {
        err = inflateReset(&z) == Z_OK ? run(&z, most, keep, &done) : SP_ERR_CORRUPT;
    }
    done.consumed = in.len - z.avail_in;
    (void)inflateEnd(&z);
    *out = done;
    return err;
}

uint32_t sp_crc32(struct sp_slice bytes)
{
    return (uint32_t)crc32_z(0, bytes.ptr, bytes.len);
}
