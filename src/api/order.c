#include "api/order.h"

#include "base/text.h"

/* The first byte of every order; another layout gets another number. */
#define LAYOUT 1U

void sp_order_write(struct sp_writer *w, const struct sp_order *order)
{
    sp_writer_u8(w, LAYOUT);
    sp_writer_u8(w, (uint8_t)order->operation);
    sp_writer_u32(w, order->timeout_s);
    sp_writer_block(w, order->code);
}

static enum sp_err read_code(struct sp_reader *r, struct sp_slice *out)
{
    struct sp_slice code = {NULL, 0};
    size_t at = 0;
    SP_TRY(sp_reader_block(r, SP_ORDER_CODE_BYTES_MAX, &code));
    SP_TRY(sp_utf8_check(code, &at));
    if (sp_slice_find(code, 0, '\0') != code.len) {
        return SP_ERR_NUL;
    }
    *out = code;
    return SP_OK;
}

static enum sp_err read_fields(struct sp_reader *r, struct sp_order *out)
{
    struct sp_order order = {0};
    uint8_t layout = 0;
    uint8_t operation = 0;
    SP_TRY(sp_reader_u8(r, &layout));
    if (layout != LAYOUT) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_reader_u8(r, &operation));
    SP_TRY(sp_operation_from_number(operation, &order.operation));
    SP_TRY(sp_reader_u32(r, &order.timeout_s));
    SP_TRY(read_code(r, &order.code));
    SP_TRY(sp_reader_end(r));
    *out = order;
    return SP_OK;
}

enum sp_err sp_order_read(struct sp_slice in, struct sp_order *out)
{
    struct sp_reader r;
    sp_reader_init(&r, in);
    /* Whatever is wrong with it, it is the sender's fault. */
    return read_fields(&r, out) == SP_OK ? SP_OK : SP_ERR_WIRE;
}
