/* Fuzzes sp_request_read; what it takes survives order and upstream, and is read the same again. */
#include "api/request.h"
#include "api/upstream.h"
#include "base/assert.h"

#define BYTES_MAX ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_REQUEST struct sp_request first = {0};
    SP_AUTO_REQUEST struct sp_request again = {0};
    SP_AUTO_BUF struct sp_buf order_bytes;
    SP_AUTO_BUF struct sp_buf body;
    struct sp_where where = {0};
    struct sp_writer w;
    struct sp_order order = {.operation = SP_OPERATION_EXECUTE};
    struct sp_upstream upstream = {.family = size % 2 == 0 ? SP_FAMILY_OLD : SP_FAMILY_NEW};
    sp_buf_init(&order_bytes, 8 * BYTES_MAX);
    sp_buf_init(&body, 8 * BYTES_MAX);
    if (sp_request_read(sp_slice_make(data, size), BYTES_MAX, &first, &where) != SP_OK) {
        return 0;
    }
    order.code = first.code;
    order.timeout_s = first.timeout_s;
    sp_writer_init(&w, &order_bytes);
    sp_order_write(&w, &order);
    SP_ASSERT(sp_order_read(sp_buf_slice(&order_bytes), &order) == SP_OK);
    SP_ASSERT(sp_upstream_body(&upstream, &order, &body) == SP_OK);
    SP_ASSERT(sp_request_read(sp_buf_slice(&body), 8 * BYTES_MAX, &again, &where) == SP_OK);
    SP_ASSERT(sp_slice_equal(first.code, again.code) && first.timeout_s == again.timeout_s);
    return 0;
}
