/* Covers pool/range.c: a size of eight bytes, then the value. A range lies inside and is not empty. */
#include "base/assert.h"
#include "base/reader.h"
#include "pool/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_reader r;
    uint64_t whole = 0;
    struct sp_pool_range range;
    sp_reader_init(&r, sp_slice_make(data, size));
    if (sp_reader_u64(&r, &whole) != SP_OK ||
        sp_pool_range_read(sp_slice_sub(r.in, r.at, r.in.len), whole, &range) != SP_OK) {
        return 0;
    }
    SP_ASSERT(range.from <= whole && range.len <= whole - range.from);
    SP_ASSERT(range.is_part ? range.len > 0 : range.from == 0 && range.len == whole);
    return 0;
}
