#include "base/writer.h"

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

static void number(struct sp_writer *w, uint64_t value, size_t width)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
    sp_writer_bytes(w, sp_slice_make(bytes, width));
}

void sp_writer_u8(struct sp_writer *w, uint8_t value)
{
    number(w, value, 1);
}

void sp_writer_u16(struct sp_writer *w, uint16_t value)
{
    number(w, value, 2);
}

void sp_writer_u32(struct sp_writer *w, uint32_t value)
{
    number(w, value, 4);
}

void sp_writer_u64(struct sp_writer *w, uint64_t value)
{
    number(w, value, 8);
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
