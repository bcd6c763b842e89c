/* Covers reader and writer: what was read, written again, gives the same bytes; no step leaves the input. */
#include "base/assert.h"
#include "base/reader.h"
#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes one item as the next byte says and writes it back. */
static enum sp_err copy_item(struct sp_reader *r, struct sp_writer *w)
{
    uint8_t kind = 0;
    uint64_t number = 0;
    struct sp_slice block = {NULL, 0};
    SP_TRY(sp_reader_u8(r, &kind));
    sp_writer_u8(w, kind);
    if (kind % 2 == 0) {
        SP_TRY(sp_reader_u64(r, &number));
        sp_writer_u64(w, number);
        return sp_writer_end(w);
    }
    SP_TRY(sp_reader_block(r, 256, &block));
    sp_writer_block(w, block);
    return sp_writer_end(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_reader r;
    struct sp_writer w;
    sp_buf_init(&b, size + 16);
    sp_reader_init(&r, sp_slice_make(data, size));
    sp_writer_init(&w, &b);
    while (copy_item(&r, &w) == SP_OK) {
        SP_ASSERT(b.len == size - sp_reader_left(&r));
        SP_ASSERT(sp_slice_equal(sp_buf_slice(&b), sp_slice_make(data, b.len)));
    }
    return 0;
}
