/* Covers pool/part.c, after a line with the type: in whatever pieces a body comes, it is the same file or none. */
#include "base/assert.h"
#include "pool/part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    enum sp_err err;
    bool is_done;
    struct sp_buf text; /* the name, a zero, the bytes */
};

static void feed(struct seen *seen, struct sp_pool_part *part, struct sp_slice piece)
{
    while (piece.len > 0 && seen->err == SP_OK) {
        enum sp_pool_part_event event = SP_POOL_PART_NEED_MORE;
        size_t consumed = 0;
        seen->err = sp_pool_part_feed(part, piece, &consumed, &event);
        if (seen->err == SP_OK && event == SP_POOL_PART_NAMED) {
            SP_ASSERT(seen->text.len == 0 && part->filename.len > 0);
            SP_ASSERT(sp_buf_put(&seen->text, sp_buf_slice(&part->filename)) == SP_OK);
            SP_ASSERT(sp_buf_put_byte(&seen->text, 0) == SP_OK);
        } else if (seen->err == SP_OK && event == SP_POOL_PART_BYTES) {
            SP_ASSERT(seen->text.len > 0 && part->bytes.len > 0 &&
                      sp_buf_put(&seen->text, part->bytes) == SP_OK);
        }
        SP_ASSERT(seen->err != SP_OK || event != SP_POOL_PART_NEED_MORE || consumed == piece.len);
        seen->is_done = seen->is_done || (seen->err == SP_OK && event == SP_POOL_PART_DONE);
        piece = sp_slice_sub(piece, consumed, piece.len);
    }
}

static void run(struct seen *seen, struct sp_slice type, struct sp_slice body, size_t step)
{
    struct sp_pool_part part;
    sp_buf_init(&seen->text, (size_t)1 << 22);
    seen->is_done = false;
    seen->err = sp_pool_part_init(&part, type);
    for (size_t at = 0; at < body.len && seen->err == SP_OK; at += step) {
        feed(seen, &part, sp_slice_sub(body, at, step));
    }
    sp_pool_part_done(&part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    const size_t end = sp_slice_find(in, 0, '\n');
    struct seen whole;
    struct seen bytes;
    run(&whole, sp_slice_sub(in, 0, end), sp_slice_sub(in, end + 1, size), size + 1);
    run(&bytes, sp_slice_sub(in, 0, end), sp_slice_sub(in, end + 1, size), 1);
    SP_ASSERT(whole.err == bytes.err && whole.is_done == bytes.is_done);
    SP_ASSERT(sp_slice_equal(sp_buf_slice(&whole.text), sp_buf_slice(&bytes.text)));
    sp_buf_done(&whole.text);
    sp_buf_done(&bytes.text);
    return 0;
}
