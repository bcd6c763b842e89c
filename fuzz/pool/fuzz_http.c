/* Covers pool/http.c and pool/call.c: bytes are taken in order, a request is answered before the next one is read. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "pool/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(struct sp_pool_http *http)
{
    struct sp_pool_call call;
    struct sp_where where = {.line = 0};
    enum sp_err err =
        sp_pool_call_read(sp_http1_method(&http->parser), sp_http1_target(&http->parser),
                          sp_buf_slice(&http->body), &call, &where);
    sp_pool_http_answer(http, sp_err_http(err), 0, sp_slice_of("{}"));
    SP_ASSERT(http->state != SP_POOL_HTTP_WAITING && http->out.len > 0);
    sp_pool_call_done(&call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_pool_http http;
    struct sp_slice in = sp_slice_make(data, size);
    sp_pool_http_init(&http);
    while (in.len > 0 && http.state == SP_POOL_HTTP_READING) {
        size_t consumed = 0;
        sp_pool_http_feed(&http, in, &consumed);
        SP_ASSERT(consumed <= in.len && (consumed > 0 || http.state != SP_POOL_HTTP_READING));
        in = sp_slice_sub(in, consumed, in.len);
        sp_pool_http_go_on(&http);
        if (http.state == SP_POOL_HTTP_WAITING) {
            answer(&http);
        }
    }
    sp_pool_http_done(&http);
    return 0;
}
