/* fuzz_kind - sp_kind_of_bytes, sp_kind_of_name: always a kind that has a name, and the same one each time. */
#include "base/assert.h"
#include "format/kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_slice in = sp_slice_make(data, size);
    const char *format = NULL;
    const char *again = NULL;
    enum sp_kind back = SP_KIND_COUNT;
    enum sp_kind kind = sp_kind_of_bytes(in, &format);
    SP_ASSERT(format != NULL && (size == 0) == (kind == SP_KIND_EMPTY));
    SP_ASSERT(kind == sp_kind_of_bytes(in, &again) && format == again);
    SP_ASSERT(sp_kind_from_name(sp_slice_of(sp_kind_name(kind)), &back) == SP_OK && back == kind);
    enum sp_kind named = sp_kind_of_name(in);
    SP_ASSERT(named < SP_KIND_COUNT);
    SP_ASSERT(sp_kind_base_name(in).len <= size);
    return 0;
}
