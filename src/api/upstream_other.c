#include "api/upstream_other.h"

#include "codec/hex.h"
#include "codec/url.h"

/* What the file's digest gives for a boundary: nobody can put it into the file. */
#define BOUNDARY_BYTES ((size_t)16)

const char *sp_upstream_method(enum sp_operation operation)
{
    switch (operation) {
    case SP_OPERATION_EXECUTE:
    case SP_OPERATION_FILE_PUT:
        return "POST";
    case SP_OPERATION_FILE_DELETE:
    case SP_OPERATION_SESSION_DELETE:
        return "DELETE";
    case SP_OPERATION_NONE:
    case SP_OPERATION_EXECUTION_GET:
    case SP_OPERATION_FILE_LIST:
    case SP_OPERATION_FILE_GET:
    case SP_OPERATION_FILE_CONTENT:
    case SP_OPERATION_SESSION_GET:
    case SP_OPERATION_SESSION_LIST:
    case SP_OPERATION_METADATA:
    case SP_OPERATION_USAGE:
    case SP_OPERATION_AUDIT_READ:
    case SP_OPERATION_COUNT:
        return "GET";
    }
    return "GET";
}

/* --- targets --- */

static enum sp_err put_whole_name(const struct sp_spot *spot, struct sp_buf *out)
{
    if (spot->directory.len > 0) {
        SP_TRY(sp_buf_put(out, spot->directory));
        SP_TRY(sp_buf_put_byte(out, '/'));
    }
    return sp_buf_put(out, spot->name);
}

/* The old family knows no directories: they are a part of the name. */
static enum sp_err put_name(const struct sp_upstream *u, const struct sp_spot *spot,
                            struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf name;
    sp_buf_init(&name, SP_SPOT_BYTES_MAX);
    if (u->family == SP_FAMILY_NEW) {
        return sp_url_encode(spot->name, out);
    }
    SP_TRY(put_whole_name(spot, &name));
    return sp_url_encode(sp_buf_slice(&name), out);
}

static enum sp_err put_file_path(const struct sp_upstream *u, const struct sp_order *order,
                                 struct sp_buf *out)
{
    bool is_new = u->family == SP_FAMILY_NEW;
    SP_TRY(sp_buf_put_text(out, "/files"));
    if (order->operation == SP_OPERATION_FILE_LIST) {
        return SP_OK;
    }
    if (order->operation == SP_OPERATION_FILE_PUT) {
        return is_new ? SP_OK : sp_buf_put_text(out, "/upload");
    }
    bool is_content = order->operation == SP_OPERATION_FILE_CONTENT;
    SP_TRY(sp_buf_put_text(out, is_content && !is_new ? "/content/" : "/"));
    SP_TRY(put_name(u, &order->spot, out));
    return is_content && is_new ? sp_buf_put_text(out, "/content") : SP_OK;
}

static enum sp_err put_path(const struct sp_upstream *u, const struct sp_order *order,
                            struct sp_buf *out)
{
    switch (order->operation) {
    case SP_OPERATION_FILE_LIST:
    case SP_OPERATION_FILE_PUT:
    case SP_OPERATION_FILE_GET:
    case SP_OPERATION_FILE_CONTENT:
    case SP_OPERATION_FILE_DELETE:
        return put_file_path(u, order, out);
    case SP_OPERATION_SESSION_GET:
    case SP_OPERATION_SESSION_DELETE:
        return sp_buf_put_text(out, "/session");
    case SP_OPERATION_SESSION_LIST:
        return sp_buf_put_text(out, "/listSessions");
    case SP_OPERATION_METADATA:
        return sp_buf_put_text(out, "/metadata");
    case SP_OPERATION_NONE:
    case SP_OPERATION_EXECUTE:
    case SP_OPERATION_EXECUTION_GET:
    case SP_OPERATION_USAGE:
    case SP_OPERATION_AUDIT_READ:
    case SP_OPERATION_COUNT:
        return SP_ERR_NOT_IMPLEMENTED;
    }
    return SP_ERR_NOT_IMPLEMENTED;
}

/* Sessions and metadata have a version from which on they are there. */
static struct sp_slice version_for(const struct sp_upstream *u, enum sp_operation operation)
{
    enum sp_version version = SP_VERSION_NONE;
    bool is_old =
        sp_version_parse(u->api_version, &version) == SP_OK && version < SP_VERSION_2025_02;
    return operation >= SP_OPERATION_SESSION_GET && is_old
               ? sp_slice_of(sp_version_text(SP_VERSION_2025_10))
               : u->api_version;
}

enum sp_err sp_upstream_other_target(const struct sp_upstream *u, const struct sp_order *order,
                                     struct sp_slice session, uint32_t skip, struct sp_buf *out)
{
    enum sp_operation operation = order->operation;
    SP_TRY(sp_buf_put(out, u->base_path));
    SP_TRY(put_path(u, order, out));
    SP_TRY(sp_buf_put_text(out, "?api-version="));
    SP_TRY(sp_url_encode(version_for(u, operation), out));
    if (operation != SP_OPERATION_SESSION_LIST && operation != SP_OPERATION_METADATA) {
        SP_TRY(sp_buf_put_text(out, "&identifier="));
        SP_TRY(sp_url_encode(session, out));
    }
    if (order->spot.directory.len > 0 && u->family == SP_FAMILY_NEW) {
        SP_TRY(sp_buf_put_text(out, "&path="));
        SP_TRY(sp_url_encode(order->spot.directory, out));
    }
    if (order->is_recursive) {
        SP_TRY(sp_buf_put_text(out, "&recursive=true"));
    }
    return skip > 0 ? sp_buf_putf(out, "&skip=%u", skip) : SP_OK;
}

/* --- uploads --- */

static enum sp_err put_boundary(const struct sp_order *order, struct sp_buf *out)
{
    char text[2 * BOUNDARY_BYTES + 1];
    sp_hex_write(sp_slice_sub(order->file, 0, BOUNDARY_BYTES), text);
    return sp_buf_put_text(out, text);
}

enum sp_err sp_upstream_upload_type(const struct sp_order *order, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_text(out, "multipart/form-data; boundary="));
    return put_boundary(order, out);
}

/* A quoted-string: names hold no control bytes and no backslashes. */
static enum sp_err put_quoted(struct sp_slice name, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_byte(out, '"'));
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"') {
            SP_TRY(sp_buf_put_byte(out, '\\'));
        }
        SP_TRY(sp_buf_put_byte(out, name.ptr[i]));
    }
    return sp_buf_put_byte(out, '"');
}

static bool is_ascii(struct sp_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

enum sp_err sp_upstream_upload_head(const struct sp_upstream *u, const struct sp_order *order,
                                    struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf name;
    sp_buf_init(&name, SP_SPOT_BYTES_MAX);
    SP_TRY(u->family == SP_FAMILY_NEW ? sp_buf_put(&name, order->spot.name)
                                      : put_whole_name(&order->spot, &name));
    SP_TRY(sp_buf_put_text(out, "--"));
    SP_TRY(put_boundary(order, out));
    SP_TRY(sp_buf_put_text(out, "\r\nContent-Disposition: form-data; name=\"file\"; filename="));
    SP_TRY(put_quoted(sp_buf_slice(&name), out));
    if (!is_ascii(sp_buf_slice(&name))) {
        SP_TRY(sp_buf_put_text(out, "; filename*=utf-8''"));
        SP_TRY(sp_url_encode(sp_buf_slice(&name), out));
    }
    return sp_buf_put_text(out, "\r\nContent-Type: application/octet-stream\r\n\r\n");
}

enum sp_err sp_upstream_upload_tail(const struct sp_order *order, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_text(out, "\r\n--"));
    SP_TRY(put_boundary(order, out));
    return sp_buf_put_text(out, "--\r\n");
}
