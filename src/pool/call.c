#include "pool/call.h"

#include "base/num.h"
#include "codec/url.h"
#include "pool/path.h"
#include "pool/pool.h"

#define IDENTIFIER_MIN ((size_t)4)
#define ID_DIGITS      ((size_t)16)
#define DECODED_MAX    ((size_t)8 * 1024)

/* What stands behind the path of a row: nothing, one part to the end, or one part and then `/content`. */
enum behind { NOTHING, A_NAME, A_NAME_AND_CONTENT };

static const struct {
    const char *path;
    const char *method;
    enum behind behind;
    enum sp_pool_operation operation;
    bool has_identifier;
} rows[] = {
    {"/executions", "POST", NOTHING, SP_POOL_EXECUTE, true},
    {"/executions/", "GET", A_NAME, SP_POOL_EXECUTION_GET, true},
    {"/session", "GET", NOTHING, SP_POOL_SESSION_GET, true},
    {"/session", "DELETE", NOTHING, SP_POOL_SESSION_DELETE, true},
    {"/listSessions", "GET", NOTHING, SP_POOL_SESSION_LIST, false},
    {"/metadata", "GET", NOTHING, SP_POOL_METADATA, false},
    {"/files", "POST", NOTHING, SP_POOL_FILE_UPLOAD, true},
    {"/files", "GET", NOTHING, SP_POOL_FILE_LIST, true},
    {"/files/", "GET", A_NAME_AND_CONTENT, SP_POOL_FILE_CONTENT, true},
    {"/files/", "GET", A_NAME, SP_POOL_FILE_GET, true},
    {"/files/", "DELETE", A_NAME, SP_POOL_FILE_DELETE, true},
};

static bool fits(size_t row, struct sp_slice path, struct sp_slice *out_name)
{
    size_t len = sp_slice_of(rows[row].path).len;
    struct sp_slice rest = sp_slice_sub(path, len, path.len);
    if (rows[row].behind == NOTHING) {
        return sp_slice_is(path, rows[row].path);
    }
    if (rows[row].behind == A_NAME_AND_CONTENT) {
        if (!sp_slice_ends(rest, "/content")) {
            return false;
        }
        rest = sp_slice_sub(rest, 0, rest.len - sp_slice_of("/content").len);
    }
    *out_name = rest;
    return sp_slice_starts(path, rows[row].path) && rest.len > 0;
}

/* A path that is known for another method is a different mistake from one that is not known. */
static enum sp_err find_row(struct sp_slice method, struct sp_slice path, size_t *out,
                            struct sp_slice *out_name)
{
    enum sp_err err = SP_ERR_NOT_FOUND;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_slice name = {NULL, 0};
        if (!fits(i, path, &name)) {
            continue;
        }
        if (sp_slice_is(method, rows[i].method)) {
            *out = i;
            *out_name = name;
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

static enum sp_err check_identifier(const struct sp_buf *identifier)
{
    if (identifier->len < IDENTIFIER_MIN) {
        return SP_ERR_IDENTIFIER;
    }
    for (size_t i = 0; i < identifier->len; i++) {
        if (!may_stand(identifier->ptr[i])) {
            return SP_ERR_IDENTIFIER;
        }
    }
    return SP_OK;
}

/* ---- the query ---- */

struct query {
    struct sp_slice identifier;
    struct sp_slice path;
    struct sp_slice recursive;
    struct sp_slice skip;
};

/* What is given twice could be read in two ways. */
static enum sp_err read_query(struct sp_slice text, struct query *out)
{
    const struct {
        const char *name;
        struct sp_slice *value;
        enum sp_err err;
    } known[] = {
        {"identifier", &out->identifier, SP_ERR_IDENTIFIER},
        {"path", &out->path, SP_ERR_FILE_NAME},
        {"recursive", &out->recursive, SP_ERR_DUPLICATE},
        {"skip", &out->skip, SP_ERR_DUPLICATE},
    };
    struct sp_url_query walk;
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    *out = (struct query){.identifier = {NULL, 0}};
    sp_url_query_init(&walk, text);
    while (sp_url_query_next(&walk, &name, &value)) {
        for (size_t i = 0; i < SP_COUNT(known); i++) {
            if (!sp_slice_is(name, known[i].name)) {
                continue;
            }
            if (known[i].value->ptr != NULL) {
                return known[i].err;
            }
            *known[i].value = value;
        }
    }
    return SP_OK;
}

static enum sp_err add_path(struct sp_slice text, struct sp_pool_call *call)
{
    struct sp_buf SP_AUTO_BUF decoded;
    sp_buf_init(&decoded, DECODED_MAX);
    if (sp_url_decode(text, SP_PLUS_IS_PLUS, &decoded) != SP_OK) {
        return SP_ERR_FILE_NAME;
    }
    return sp_pool_path_add(sp_buf_slice(&decoded),
                            call->operation == SP_POOL_FILE_UPLOAD ? SP_POOL_PATH_NEW_DIRECTORY
                                                                   : SP_POOL_PATH_ANY,
                            &call->path);
}

static enum sp_err read_values(const struct query *query, struct sp_slice name,
                               struct sp_pool_call *out)
{
    uint64_t skip = 0;
    if (sp_slice_is_nocase(query->recursive, "true")) {
        out->is_recursive = true;
    } else if (query->recursive.len > 0 && !sp_slice_is_nocase(query->recursive, "false")) {
        return SP_ERR_REQUEST;
    }
    if (query->skip.len > 0 && sp_parse_u64(query->skip, UINT32_MAX, &skip) != SP_OK) {
        return SP_ERR_REQUEST;
    }
    out->skip = (uint32_t)skip;
    if (out->operation == SP_POOL_EXECUTION_GET) {
        return name.len == ID_DIGITS && sp_parse_hex_u64(name, UINT64_MAX, &out->execution) == SP_OK
                   ? SP_OK
                   : SP_ERR_EXECUTION_NOT_FOUND;
    }
    SP_TRY(add_path(query->path, out));
    if (name.len > 0) {
        size_t before = out->path.len;
        SP_TRY(add_path(name, out));
        return out->path.len > before ? SP_OK : SP_ERR_FILE_NAME;
    }
    return SP_OK;
}

static enum sp_err read_identifier(struct sp_slice text, struct sp_buf *out)
{
    return sp_url_decode(text, SP_PLUS_IS_PLUS, out) == SP_OK ? check_identifier(out)
                                                              : SP_ERR_IDENTIFIER;
}

/* ---- all of it ---- */

static enum sp_err read_call(struct sp_slice method, struct sp_slice target, struct sp_slice body,
                             struct sp_pool_call *out, struct sp_where *out_where)
{
    struct sp_slice path = {NULL, 0};
    struct sp_slice text = {NULL, 0};
    struct sp_slice name = {NULL, 0};
    struct query query;
    size_t row = 0;
    if (sp_url_split(target, &path, &text) != SP_OK) {
        return SP_ERR_NOT_FOUND;
    }
    SP_TRY(find_row(method, path, &row, &name));
    out->operation = rows[row].operation;
    SP_TRY(read_query(text, &query));
    if (rows[row].has_identifier) {
        SP_TRY(read_identifier(query.identifier, &out->identifier));
    }
    SP_TRY(read_values(&query, name, out));
    return out->operation == SP_POOL_EXECUTE
               ? sp_request_read(body, SP_POOL_BODY_BYTES_MAX, &out->request, out_where)
               : SP_OK;
}

enum sp_err sp_pool_call_read(struct sp_slice method, struct sp_slice target, struct sp_slice body,
                              struct sp_pool_call *out, struct sp_where *out_where)
{
    enum sp_err err = SP_OK;
    *out = (struct sp_pool_call){.operation = SP_POOL_EXECUTE};
    sp_buf_init(&out->identifier, SP_POOL_IDENTIFIER_MAX);
    sp_buf_init(&out->path, SP_FILE_PATH_MAX);
    sp_where_set(out_where, 0, 0, "%s", "");
    err = read_call(method, target, body, out, out_where);
    if (err != SP_OK) {
        sp_pool_call_done(out);
    }
    return err;
}

bool sp_pool_call_is_upload(struct sp_slice method, struct sp_slice target)
{
    struct sp_slice path = {NULL, 0};
    struct sp_slice query = {NULL, 0};
    return sp_slice_is(method, "POST") && sp_url_split(target, &path, &query) == SP_OK &&
           sp_slice_is(path, "/files");
}

void sp_pool_call_done(struct sp_pool_call *call)
{
    sp_buf_done(&call->identifier);
    sp_buf_done(&call->path);
    sp_request_done(&call->request);
}
