#include "codec/http_range.h"

#include "base/num.h"

static enum sp_err last_bytes(uint64_t count, uint64_t size, struct sp_http_range *out)
{
    uint64_t len = count < size ? count : size;
    if (len == 0) {
        return SP_ERR_NOT_SATISFIABLE;
    }
    *out = (struct sp_http_range){.is_part = true, .from = size - len, .len = len};
    return SP_OK;
}

static enum sp_err between(uint64_t first, uint64_t last, uint64_t size, struct sp_http_range *out)
{
    if (first >= size) {
        return SP_ERR_NOT_SATISFIABLE;
    }
    uint64_t end = last < size ? last : size - 1;
    *out = (struct sp_http_range){.is_part = true, .from = first, .len = end - first + 1};
    return SP_OK;
}

enum sp_err sp_http_range(struct sp_slice value, uint64_t size, struct sp_http_range *out)
{
    const struct sp_http_range whole = {.is_part = false, .from = 0, .len = size};
    struct sp_slice text = sp_slice_trim(value);
    uint64_t first = 0;
    uint64_t last = UINT64_MAX;
    size_t unit = sp_slice_find(text, 0, '=');
    *out = whole;
    if (!sp_slice_is_nocase(sp_slice_sub(text, 0, unit), "bytes") || unit == text.len) {
        return SP_OK;
    }
    struct sp_slice range = sp_slice_trim(sp_slice_sub(text, unit + 1, text.len));
    size_t dash = sp_slice_find(range, 0, '-');
    struct sp_slice to = sp_slice_sub(range, dash + 1, range.len);
    if (dash == range.len || (to.len > 0 && sp_parse_u64(to, UINT64_MAX - 1, &last) != SP_OK)) {
        return SP_OK;
    }
    if (dash == 0) {
        return to.len > 0 ? last_bytes(last, size, out) : SP_OK;
    }
    if (sp_parse_u64(sp_slice_sub(range, 0, dash), UINT64_MAX - 1, &first) != SP_OK ||
        first > last) {
        return SP_OK;
    }
    return between(first, last, size, out);
}
