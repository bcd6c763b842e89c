#include "api/order.h"

#include "base/text.h"

/* The first byte of every order; another layout gets another number. */
#define LAYOUT  4U

/* How an execution goes. */
#define ASYNC   1U
#define SHELL   2U
#define EMPTY   4U
#define JUPYTER 8U

void sp_order_write(struct sp_writer *w, const struct sp_order *order)
{
    sp_writer_u8(w, LAYOUT);
    sp_writer_u8(w, (uint8_t)order->operation);
    if (order->operation == SP_OPERATION_EXECUTE) {
        sp_writer_u32(w, order->timeout_s);
        sp_writer_u8(w, (uint8_t)((order->is_async ? ASYNC : 0U) | (order->is_shell ? SHELL : 0U) |
                                  (order->is_empty_kernel ? EMPTY : 0U) |
                                  (order->is_jupyter ? JUPYTER : 0U)));
        sp_writer_u32(w, order->output_max);
        sp_writer_u16(w, order->denied);
        sp_writer_u8(w, order->may_own_code ? 1 : 0);
        sp_writer_block(w, order->code);
        return;
    }
    sp_writer_u8(w, order->is_recursive ? 1 : 0);
    sp_writer_block(w, order->spot.directory);
    sp_writer_block(w, order->spot.name);
    sp_writer_block(w, order->id);
    sp_writer_block(w, order->sessions);
    sp_writer_block(w, order->file);
    sp_writer_u8(w, order->is_code ? 1 : 0);
}

static enum sp_err read_flag(struct sp_reader *r, bool *out)
{
    uint8_t byte = 0;
    SP_TRY(sp_reader_u8(r, &byte));
    if (byte > 1) {
        return SP_ERR_WIRE;
    }
    *out = byte == 1;
    return SP_OK;
}

static enum sp_err read_execution(struct sp_reader *r, struct sp_order *out)
{
    size_t at = 0;
    uint8_t how = 0;
    SP_TRY(sp_reader_u32(r, &out->timeout_s));
    SP_TRY(sp_reader_u8(r, &how));
    SP_TRY(sp_reader_u32(r, &out->output_max));
    SP_TRY(sp_reader_u16(r, &out->denied));
    SP_TRY(read_flag(r, &out->may_own_code));
    if (out->denied >> SP_ORDER_CAPABILITIES != 0 ||
        (how & ~(ASYNC | SHELL | EMPTY | JUPYTER)) != 0) {
        return SP_ERR_WIRE;
    }
    out->is_async = (how & ASYNC) != 0;
    out->is_shell = (how & SHELL) != 0;
    out->is_empty_kernel = (how & EMPTY) != 0;
    out->is_jupyter = (how & JUPYTER) != 0;
    SP_TRY(sp_reader_block(r, SP_ORDER_CODE_BYTES_MAX, &out->code));
    SP_TRY(sp_utf8_check(out->code, &at));
    return sp_slice_find(out->code, 0, '\0') == out->code.len ? SP_OK : SP_ERR_NUL;
}

static bool is_id(struct sp_slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (id.ptr[i] <= ' ' || id.ptr[i] >= 0x7F) {
            return false;
        }
    }
    return true;
}

static enum sp_err read_other(struct sp_reader *r, struct sp_order *out)
{
    SP_TRY(read_flag(r, &out->is_recursive));
    SP_TRY(sp_reader_block(r, SP_SPOT_BYTES_MAX, &out->spot.directory));
    SP_TRY(sp_reader_block(r, SP_SPOT_PART_BYTES_MAX, &out->spot.name));
    SP_TRY(sp_reader_block(r, SP_ORDER_ID_BYTES_MAX, &out->id));
    SP_TRY(sp_reader_block(r, SP_ORDER_SESSIONS_BYTES_MAX, &out->sessions));
    SP_TRY(sp_reader_block(r, SP_ORDER_DIGEST_BYTES, &out->file));
    SP_TRY(read_flag(r, &out->is_code));
    bool is_file =
        out->operation >= SP_OPERATION_FILE_PUT && out->operation <= SP_OPERATION_FILE_DELETE;
    bool has_digest = out->file.len == SP_ORDER_DIGEST_BYTES;
    if (!sp_spot_is_clean(&out->spot) || !is_id(out->id) || is_file != (out->spot.name.len > 0) ||
        has_digest != (out->operation == SP_OPERATION_FILE_PUT) ||
        (!has_digest && (out->file.len > 0 || out->is_code))) {
        return SP_ERR_WIRE;
    }
    return SP_OK;
}

static enum sp_err read_fields(struct sp_reader *r, struct sp_order *out)
{
    struct sp_order order = {.operation = SP_OPERATION_NONE};
    uint8_t layout = 0;
    uint8_t operation = 0;
    SP_TRY(sp_reader_u8(r, &layout));
    if (layout != LAYOUT) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_reader_u8(r, &operation));
    SP_TRY(sp_operation_from_number(operation, &order.operation));
    SP_TRY(order.operation == SP_OPERATION_EXECUTE ? read_execution(r, &order)
                                                   : read_other(r, &order));
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
