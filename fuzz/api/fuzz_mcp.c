/* Fuzzes sp_mcp_read and sp_mcp_put_ran: message, line end, an answer. What goes on or comes back is JSON that reads. */
#include "api/mcp.h"
#include "base/assert.h"
#include "codec/json.h"

#define OUT_MAX ((size_t)4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_json(const struct sp_buf *text)
{
    const struct sp_json_limits limits = {
        .bytes_max = OUT_MAX, .depth_max = SP_JSON_DEPTH_MAX, .nul = SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    enum sp_err err = sp_json_parse(sp_buf_slice(text), &limits, &doc, NULL);
    SP_ASSERT(err == SP_ERR_DEPTH || /* what was as deep as may be stands deeper now */
              (err == SP_OK && sp_json_is(sp_json_root(doc), SP_JSON_OBJECT)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_MCP struct sp_mcp mcp = {.kind = SP_MCP_TOLD};
    SP_AUTO_BUF struct sp_buf out;
    struct sp_slice in = sp_slice_make(data, size);
    size_t end = sp_slice_find(in, 0, '\n');
    sp_buf_init(&out, OUT_MAX);
    if (size > OUT_MAX / 64 || sp_mcp_read(sp_slice_sub(in, 0, end), size, &mcp) != SP_OK) {
        return 0;
    }
    SP_ASSERT((mcp.kind == SP_MCP_TOLD) == (mcp.told.len > 0));
    SP_ASSERT((mcp.kind == SP_MCP_RUN) == (mcp.target.len > 0 && mcp.body.len > 0));
    if (mcp.kind == SP_MCP_TOLD) {
        is_json(&mcp.told);
    }
    if (mcp.kind == SP_MCP_RUN) {
        is_json(&mcp.body);
        if (sp_mcp_put_ran(&mcp, data[0] % 2 == 0 ? 200 : 403, sp_slice_sub(in, end + 1, in.len),
                           &out) == SP_OK) {
            is_json(&out);
        }
    }
    return 0;
}
