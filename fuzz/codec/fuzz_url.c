/* Covers url: what is encoded decodes to itself, pairs lie inside their query. */
#include "base/assert.h"
#include "codec/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct sp_slice part, struct sp_slice whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_slice in = sp_slice_make(data, size);
    SP_AUTO_BUF struct sp_buf one;
    SP_AUTO_BUF struct sp_buf two;
    struct sp_url url;
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    struct sp_url_query q;
    sp_buf_init(&one, 3 * size + 1);
    sp_buf_init(&two, 3 * size + 1);
    SP_ASSERT(sp_url_encode(in, &one) == SP_OK);
    enum sp_err err = sp_url_decode(sp_buf_slice(&one), SP_PLUS_IS_SPACE, &two);
    SP_ASSERT(err == SP_ERR_NUL || (err == SP_OK && sp_slice_equal(sp_buf_slice(&two), in)));
    for (sp_url_query_init(&q, in); sp_url_query_next(&q, &name, &value);) {
        SP_ASSERT(is_inside(name, in) && is_inside(value, in));
    }
    SP_ASSERT(sp_url_parse(in, &url) != SP_OK ||
              (is_inside(url.host, in) && is_inside(url.path, in)));
    return 0;
}
