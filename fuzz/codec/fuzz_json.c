/* Covers json, json_scan, json_string and json_out: what is taken prints as text that is taken and prints the same. */
#include "base/assert.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(struct sp_slice in, const struct sp_json_limits *limits, enum sp_err want,
                  struct sp_buf *out)
{
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_where where = {0};
    enum sp_err err = sp_json_parse(in, limits, &doc, &where);
    SP_ASSERT(want != SP_OK || err == SP_OK);
    SP_ASSERT((doc != NULL) == (err == SP_OK) && (err == SP_OK) == (where.line == 0));
    if (doc != NULL) {
        SP_ASSERT(sp_json_print(doc, sp_json_root(doc), out) == SP_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const enum sp_json_nul nul = size % 2 == 0 ? SP_JSON_NUL_REFUSED : SP_JSON_NUL_ALLOWED;
    const struct sp_json_limits limits = {SP_JSON_BYTES_MAX, SP_JSON_DEPTH, nul};
    SP_AUTO_BUF struct sp_buf first;
    SP_AUTO_BUF struct sp_buf second;
    sp_buf_init(&first, 6 * size + 16);
    sp_buf_init(&second, 6 * size + 16);
    print(sp_slice_make(data, size), &limits, SP_ERR_JSON, &first);
    if (first.len > 0) {
        print(sp_buf_slice(&first), &limits, SP_OK, &second);
        SP_ASSERT(sp_slice_equal(sp_buf_slice(&first), sp_buf_slice(&second)));
    }
    return 0;
}
