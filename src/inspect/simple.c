/* Operations without a body: there is no code to judge, but names to be made clean before a pool sees them. */
#include "base/text.h"
#include "codec/http_field.h"
#include "inspect/room_inner.h"

/* What a pool may take for one of these beside finding a session. */
#define SIMPLE_MS_MAX 60000U

static enum sp_err read_id(const struct sp_arguments *arguments, struct sp_order *order,
                           struct sp_where *where)
{
    if (arguments->name.len > SP_ORDER_ID_BYTES_MAX || !sp_http_is_token(arguments->name)) {
        sp_where_set(where, 0, 0, "this is not the id of an execution");
        return SP_ERR_EXECUTION_NOT_FOUND;
    }
    order->id = arguments->name;
    return SP_OK;
}

static enum sp_err build(struct sp_inspection *i, struct sp_order *order, struct sp_where *where)
{
    const struct sp_arguments *arguments = &i->arguments;
    switch (i->operation) {
    case SP_OPERATION_EXECUTION_GET:
        return read_id(arguments, order, where);
    case SP_OPERATION_FILE_LIST:
        order->is_recursive = arguments->is_recursive;
        return sp_spot_of_directory(arguments->path, &i->room->spot, &order->spot, where);
    case SP_OPERATION_FILE_GET:
    case SP_OPERATION_FILE_CONTENT:
    case SP_OPERATION_FILE_DELETE:
        return sp_spot_of_file(arguments->path, arguments->name, &i->room->spot, &order->spot,
                               where);
    case SP_OPERATION_SESSION_LIST:
        order->sessions = arguments->sessions;
        return SP_OK;
    case SP_OPERATION_SESSION_GET:
    case SP_OPERATION_SESSION_DELETE:
    case SP_OPERATION_METADATA:
        return SP_OK;
    case SP_OPERATION_NONE:
    case SP_OPERATION_EXECUTE:
    case SP_OPERATION_FILE_PUT:
    case SP_OPERATION_USAGE: /* admit answers it alone */
    case SP_OPERATION_AUDIT_READ:
    case SP_OPERATION_COUNT:
        return SP_ERR_WIRE;
    }
    return SP_ERR_WIRE;
}

enum sp_err sp_inspect_simple(struct sp_inspection *i)
{
    struct sp_order order = {.operation = i->operation};
    struct sp_where where = {.text = {0}};
    enum sp_err err = build(i, &order, &where);
    if (err == SP_ERR_WIRE || err == SP_ERR_NOMEM) {
        return err;
    }
    if (err != SP_OK) {
        return sp_inspect_refuse(i, err, &where);
    }
    const struct sp_slice spot = sp_buf_slice(&i->room->spot);
    /* Of a package others may be left. */
    if (i->operation == SP_OPERATION_FILE_DELETE && sp_slice_find(spot, 0, '/') == spot.len) {
        i->verdict.own_module = sp_inspect_own_module(i->room);
    }
    i->verdict.run_ms_max = SIMPLE_MS_MAX;
    return sp_inspect_allow(i, &order);
}
