#include "pool/call.h"

#include "codec/url.h"
#include "pool/pool.h"

#define IDENTIFIER_MIN ((size_t)4)

static const struct {
    const char *path;
    const char *method;
    enum sp_pool_operation operation;
    bool has_identifier;
} rows[] = {
    {"/executions", "POST", SP_POOL_EXECUTE, true},
    {"/session", "GET", SP_POOL_SESSION_GET, true},
    {"/session", "DELETE", SP_POOL_SESSION_DELETE, true},
    {"/listSessions", "GET", SP_POOL_SESSION_LIST, false},
    {"/metadata", "GET", SP_POOL_METADATA, false},
};

/* A path that is known for another method is a different mistake from one that is not known. */
static enum sp_err find_row(struct sp_slice method, struct sp_slice path, size_t *out)
{
    enum sp_err err = SP_ERR_NOT_FOUND;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        if (!sp_slice_is(path, rows[i].path)) {
            continue;
        }
        if (sp_slice_is(method, rows[i].method)) {
            *out = i;
            return SP_OK;
        }
        err = SP_ERR_METHOD;
    }
    return err;
}

static bool may_stand(uint8_t byte)
{
    return byte > ' ' && byte < 0x7F && byte != '\\';
}

static enum sp_err read_identifier(struct sp_slice query, struct sp_buf *out)
{
    struct sp_url_query walk;
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    bool has_one = false;
    sp_url_query_init(&walk, query);
    while (sp_url_query_next(&walk, &name, &value)) {
        if (!sp_slice_is(name, "identifier")) {
            continue;
        }
        if (has_one || sp_url_decode(value, SP_PLUS_IS_PLUS, out) != SP_OK) {
            return SP_ERR_IDENTIFIER;
        }
        has_one = true;
    }
    if (out->len < IDENTIFIER_MIN) {
        return SP_ERR_IDENTIFIER;
    }
    for (size_t i = 0; i < out->len; i++) {
        if (!may_stand(out->ptr[i])) {
            return SP_ERR_IDENTIFIER;
        }
    }
    return SP_OK;
}

enum sp_err sp_pool_call_read(struct sp_slice method, struct sp_slice target, struct sp_slice body,
                              struct sp_pool_call *out, struct sp_where *out_where)
{
    struct sp_slice path = {NULL, 0};
    struct sp_slice query = {NULL, 0};
    size_t row = 0;
    enum sp_err err = SP_OK;
    *out = (struct sp_pool_call){.operation = SP_POOL_EXECUTE};
    sp_buf_init(&out->identifier, SP_POOL_IDENTIFIER_MAX);
    sp_where_set(out_where, 0, 0, "%s", "");
    if (sp_url_split(target, &path, &query) != SP_OK) {
        return SP_ERR_NOT_FOUND;
    }
    SP_TRY(find_row(method, path, &row));
    out->operation = rows[row].operation;
    if (rows[row].has_identifier) {
        err = read_identifier(query, &out->identifier);
    }
    if (err == SP_OK && out->operation == SP_POOL_EXECUTE) {
        err = sp_request_read(body, SP_POOL_BODY_BYTES_MAX, &out->request, out_where);
    }
    if (err != SP_OK) {
        sp_pool_call_done(out);
    }
    return err;
}

void sp_pool_call_done(struct sp_pool_call *call)
{
    sp_buf_done(&call->identifier);
    sp_request_done(&call->request);
}
