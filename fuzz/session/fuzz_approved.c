/* Covers session/approved.c: a closed place stays closed below, and whatever leads out of it is open again. */
#include "base/assert.h"
#include "base/buf.h"
#include "session/approved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice path = sp_slice_make(data, size);
    SP_AUTO_BUF struct sp_buf longer;
    bool is_open = sp_approved_is_open_place(path);
    sp_buf_init(&longer, size + 8);
    SP_ASSERT(sp_buf_put(&longer, path) == SP_OK && sp_buf_put_text(&longer, "/./") == SP_OK);
    SP_ASSERT(sp_approved_is_open_place(sp_buf_slice(&longer)) == is_open);
    sp_buf_clear(&longer);
    SP_ASSERT(sp_buf_put_text(&longer, "/tmp/../") == SP_OK && sp_buf_put(&longer, path) == SP_OK);
    SP_ASSERT(is_open || !sp_approved_is_open_place(sp_buf_slice(&longer)));
    return 0;
}
