/* fuzz_zip - sp_zip_open, sp_zip_next: members lie in the bytes, and together take no more than there are. */
#include "base/assert.h"
#include "format/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_zip zip;
    struct sp_zip_member m;
    uint64_t packed = 0;
    uint64_t count = 0;
    if (sp_zip_open(sp_slice_make(data, size), &zip) != SP_OK) {
        return 0;
    }
    while (sp_zip_next(&zip, &m) == SP_OK) {
        SP_ASSERT(m.data.len == 0 ||
                  (m.data.ptr >= data && m.data.len <= size - (size_t)(m.data.ptr - data)));
        SP_ASSERT(m.name.len == 0 ||
                  (m.name.ptr >= data && m.name.len <= size - (size_t)(m.name.ptr - data)));
        packed += m.data.len;
        count++;
        SP_ASSERT(packed <= size && count <= zip.count);
    }
    return 0;
}
