/* fuzz_pickle - sp_pickle_scan: names lie in the bytes, and what was read is no more than there is. */
#include "base/assert.h"
#include "format/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct sp_slice in;
    unsigned globals;
};

static bool lies_in(struct sp_slice outer, struct sp_slice inner)
{
    return inner.len == 0 ||
           (inner.ptr >= outer.ptr && inner.len <= outer.len - (size_t)(inner.ptr - outer.ptr));
}

static bool on_event(void *ctx, enum sp_pickle_event event, struct sp_slice module,
                     struct sp_slice name, size_t at)
{
    struct seen *seen = ctx;
    SP_ASSERT(at <= seen->in.len && lies_in(seen->in, module) && lies_in(seen->in, name));
    seen->globals += event == SP_PICKLE_PERSISTENT ? 0 : 1;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {.in = sp_slice_make(data, size)};
    struct sp_pickle_result result;
    SP_ASSERT(sp_pickle_scan(seen.in, on_event, &seen, &result) == SP_OK);
    SP_ASSERT(result.at <= size && result.globals == seen.globals);
    SP_ASSERT(result.err != SP_OK || result.at == size);
    return 0;
}
