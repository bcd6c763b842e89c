#include "pool/range.h"

#include "base/num.h"

static enum sp_err last_bytes(uint64_t count, uint64_t size, struct sp_pool_range *out)
{
    uint64_t len = count < size ? count : size;
    if (len == 0) {
        return SP_ERR_NOT_SATISFIABLE;
    }
    *out = (struct sp_pool_range){.is_part = true, .from = size - len, .len = len};
    return SP_OK;
}

enum sp_err sp_pool_range_read(struct sp_slice value, uint64_t size, struct sp_pool_range *out)
{
    const struct sp_pool_range whole = {.is_part = false, .from = 0, .len = size};
    struct sp_slice text = sp_slice_trim(value);
    size_t dash = 0;
    uint64_t first = 0;
    uint64_t last = size > 0 ? size - 1 : 0;
    *out = whole;
    if (!sp_slice_is_nocase(sp_slice_sub(text, 0, 6), "bytes=")) {
        return SP_OK;
    }
    text = sp_slice_sub(text, 6, text.len);
    dash = sp_slice_find(text, 0, '-');
    struct sp_slice from = sp_slice_sub(text, 0, dash);
    struct sp_slice to = sp_slice_sub(text, dash + 1, text.len);
    if (from.len == 0) {
        return sp_parse_u64(to, UINT64_MAX, &last) == SP_OK ? last_bytes(last, size, out) : SP_OK;
    }
    if (sp_parse_u64(from, UINT64_MAX, &first) != SP_OK || dash == text.len ||
        (to.len > 0 && sp_parse_u64(to, UINT64_MAX, &last) != SP_OK) ||
        (to.len > 0 && last < first)) {
        return SP_OK;
    }
    if (first >= size) {
        return SP_ERR_NOT_SATISFIABLE;
    }
    last = last < size - 1 ? last : size - 1;
    *out = (struct sp_pool_range){.is_part = true, .from = first, .len = last - first + 1};
    return SP_OK;
}
