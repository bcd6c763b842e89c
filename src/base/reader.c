#include "base/reader.h"

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

static enum sp_err number(struct sp_reader *r, size_t width, uint64_t *out)
{
    struct sp_slice bytes = {NULL, 0};
    SP_TRY(sp_reader_bytes(r, width, &bytes));
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value = value << 8 | bytes.ptr[i];
    }
    *out = value;
    return SP_OK;
}

enum sp_err sp_reader_u8(struct sp_reader *r, uint8_t *out)
{
    uint64_t value = 0;
    SP_TRY(number(r, 1, &value));
    *out = (uint8_t)value;
    return SP_OK;
}

enum sp_err sp_reader_u16(struct sp_reader *r, uint16_t *out)
{
    uint64_t value = 0;
    SP_TRY(number(r, 2, &value));
    *out = (uint16_t)value;
    return SP_OK;
}

enum sp_err sp_reader_u32(struct sp_reader *r, uint32_t *out)
{
    uint64_t value = 0;
    SP_TRY(number(r, 4, &value));
    *out = (uint32_t)value;
    return SP_OK;
}

enum sp_err sp_reader_u64(struct sp_reader *r, uint64_t *out)
{
    return number(r, 8, out);
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
