/* fuzz_tar - sp_tar_next: members lie in the bytes, one behind the other, and the walk ends. */
#include "base/assert.h"
#include "format/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_tar tar;
    struct sp_tar_member m;
    size_t before = 0;
    sp_tar_open(sp_slice_make(data, size), &tar);
    while (sp_tar_next(&tar, &m) == SP_OK) {
        SP_ASSERT(tar.at > before && tar.at <= size && m.name.len <= SP_TAR_NAME_MAX);
        SP_ASSERT(m.data.len == 0 ||
                  (m.data.ptr >= data && m.data.len <= size - (size_t)(m.data.ptr - data)));
        before = tar.at;
    }
    return 0;
}
