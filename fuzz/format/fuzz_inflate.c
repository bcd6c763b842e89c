/* fuzz_inflate - sp_inflate: never more than the bound, never more kept than came out. The first byte says which wrap. */
#include "base/assert.h"
#include "format/inflate.h"

#define MOST 100000U
#define KEEP 1000U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf keep;
    struct sp_inflated done = {.size = 0};
    sp_buf_init(&keep, KEEP);
    if (size == 0) {
        return 0;
    }
    struct sp_slice in = sp_slice_make(data + 1, size - 1);
    enum sp_err err = sp_inflate(in, (enum sp_inflate_wrap)(data[0] % 3), MOST, &keep, &done);
    SP_ASSERT(done.size <= MOST && done.consumed <= in.len && keep.len <= KEEP &&
              keep.len <= done.size);
    SP_ASSERT(err != SP_OK || keep.len == (done.size < KEEP ? done.size : KEEP));
    return 0;
}
