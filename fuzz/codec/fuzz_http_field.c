/* Covers http_field: parameters come to an end, names are tokens, an unquoted value is no longer than its text. */
#include "base/assert.h"
#include "codec/http_field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum sp_err walk(struct sp_http_params params, struct sp_buf *out)
{
    struct sp_http_param param;
    bool has_more = true;
    for (;;) {
        size_t before = params.rest.len;
        SP_TRY(sp_http_params_next(&params, &param, &has_more));
        if (!has_more) {
            return SP_OK;
        }
        SP_ASSERT(params.rest.len < before && sp_http_is_token(param.name));
        SP_ASSERT(param.is_quoted ||
                  (param.value.len > 0 && sp_slice_find(param.value, 0, ';') == param.value.len &&
                   sp_slice_find(param.value, 0, ' ') == param.value.len));
        sp_buf_clear(out);
        SP_ASSERT(sp_http_param_unquote(&param, out) == SP_OK && out->len <= param.value.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_slice in = sp_slice_make(data, size);
    struct sp_slice type;
    struct sp_http_params params;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, size + 1);
    if (sp_http_media_type(in, &type, &params) == SP_OK ||
        sp_http_disposition(in, &type, &params) == SP_OK) {
        (void)!walk(params, &out);
    }
    if (sp_http_bearer(in, &type) == SP_OK) {
        SP_ASSERT(type.len > 0 && type.len < size && sp_http_is_field_value(type));
    }
    return 0;
}
