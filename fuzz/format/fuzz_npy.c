/* fuzz_npy - sp_npy_open: what stands behind the header is the end of the bytes. */
#include "base/assert.h"
#include "format/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_npy npy;
    if (sp_npy_open(sp_slice_make(data, size), &npy) == SP_OK) {
        SP_ASSERT(npy.data.len < size && npy.data.ptr + npy.data.len == data + size);
    }
    return 0;
}
