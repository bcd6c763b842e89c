#include "base/reader.h"

#include <endian.h>
#include <string.h>

void sp_reader_init(struct sp_reader *r, struct sp_slice in)
{
    *r = (struct sp_reader){.in = in, .at = 0};
}

size_t sp_reader_left(const struct sp_reader *r)
{
    return r->in.len - r->at;
}

enum sp_err sp_reader_bytes(struct sp_reader *r, size_t len, struct sp_slice *out)
{
    if (len > sp_reader_left(r)) {
        return SP_ERR_SHORT;
    }
    *out = sp_slice_sub(r->in, r->at, len);
    r->at += len;
    return SP_OK;
}

/* The next bytes, as they stand. */
static inline enum sp_err take(struct sp_reader *r, void *to, size_t len)
{
    if (len > r->in.len - r->at) {
        return SP_ERR_SHORT;
    }
    memcpy(to, r->in.ptr + r->at, len);
    r->at += len;
    return SP_OK;
}

enum sp_err sp_reader_u8(struct sp_reader *r, uint8_t *out)
{
    uint8_t value = 0;
    SP_TRY(take(r, &value, sizeof(value)));
    *out = value;
    return SP_OK;
}

enum sp_err sp_reader_u16(struct sp_reader *r, uint16_t *out)
{
    uint16_t value = 0;
    SP_TRY(take(r, &value, sizeof(value)));
    *out = be16toh(value);
    return SP_OK;
}

enum sp_err sp_reader_u32(struct sp_reader *r, uint32_t *out)
{
    uint32_t value = 0;
    SP_TRY(take(r, &value, sizeof(value)));
    *out = be32toh(value);
    return SP_OK;
}

enum sp_err sp_reader_u64(struct sp_reader *r, uint64_t *out)
{
    uint64_t value = 0;
    SP_TRY(take(r, &value, sizeof(value)));
    *out = be64toh(value);
    return SP_OK;
}

enum sp_err sp_reader_block(struct sp_reader *r, size_t max, struct sp_slice *out)
{
    struct sp_reader ahead = *r;
    uint32_t len = 0;
    SP_TRY(sp_reader_u32(&ahead, &len));
    if (len > max) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_reader_bytes(&ahead, len, out));
    *r = ahead;
    return SP_OK;
}

enum sp_err sp_reader_end(const struct sp_reader *r)
{
    return sp_reader_left(r) == 0 ? SP_OK : SP_ERR_TRAILING;
}
