#include "base/writer.h"

#include <endian.h>

#include "base/num.h"

void sp_writer_init(struct sp_writer *w, struct sp_buf *out)
{
    *w = (struct sp_writer){.out = out, .err = SP_OK};
}

void sp_writer_bytes(struct sp_writer *w, struct sp_slice bytes)
{
    if (w->err == SP_OK) {
        w->err = sp_buf_put(w->out, bytes);
    }
}

void sp_writer_u8(struct sp_writer *w, uint8_t value)
{
    const uint8_t bytes = value;
    sp_writer_bytes(w, sp_slice_make(&bytes, sizeof(bytes)));
}

void sp_writer_u16(struct sp_writer *w, uint16_t value)
{
    const uint16_t bytes = htobe16(value);
    sp_writer_bytes(w, sp_slice_make(&bytes, sizeof(bytes)));
}

void sp_writer_u32(struct sp_writer *w, uint32_t value)
{
    const uint32_t bytes = htobe32(value);
    sp_writer_bytes(w, sp_slice_make(&bytes, sizeof(bytes)));
}

void sp_writer_u64(struct sp_writer *w, uint64_t value)
{
    const uint64_t bytes = htobe64(value);
    sp_writer_bytes(w, sp_slice_make(&bytes, sizeof(bytes)));
}

void sp_writer_block(struct sp_writer *w, struct sp_slice bytes)
{
    if (!sp_fits_u32(bytes.len) && w->err == SP_OK) {
        w->err = SP_ERR_TOO_BIG;
    }
    sp_writer_u32(w, (uint32_t)bytes.len);
    sp_writer_bytes(w, bytes);
}

enum sp_err sp_writer_end(const struct sp_writer *w)
{
    return w->err;
}
