/* The other half of upstream_other: what a pool's answer says. */
#include "api/upstream_inner.h"
#include "api/upstream_other.h"
#include "codec/json.h"

#define ROOT "/mnt/data"

/* One answer being read. */
struct reading {
    const struct sp_order *order;
    const struct sp_json *doc;
    struct sp_upstream_other *out;
    struct sp_writer w;
};

/* A text that may be left out or null. */
static enum sp_err text_of(const struct sp_json_value *value, struct sp_slice *out)
{
    *out = (struct sp_slice){NULL, 0};
    if (value == NULL || sp_json_is(value, SP_JSON_NULL)) {
        return SP_OK;
    }
    SP_TRY(sp_json_string(value, out));
    return out->len <= SP_PRODUCT_TEXT_MAX ? SP_OK : SP_ERR_INVALID;
}

/* --- files --- */

/* Beneath /mnt/data, without slashes at the ends. */
static struct sp_slice beneath_root(struct sp_slice path)
{
    if (sp_slice_starts(path, ROOT) &&
        (path.len == sizeof(ROOT) - 1 || path.ptr[sizeof(ROOT) - 1] == '/')) {
        path = sp_slice_sub(path, sizeof(ROOT) - 1, path.len);
    }
    while (path.len > 0 && path.ptr[0] == '/') {
        path = sp_slice_sub(path, 1, path.len);
    }
    while (path.len > 0 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    return path;
}

/* A pool of Azure says a directory as seen from the one that was asked for, our own from the root. */
static enum sp_err put_directory(const struct sp_spot *asked, struct sp_slice said,
                                 struct sp_buf *scratch, struct sp_file_record *file)
{
    const struct sp_slice tidy = beneath_root(said);
    if (said.ptr[0] == '/' || asked->directory.len == 0 || tidy.len == 0) {
        file->directory = said.ptr[0] == '/' || tidy.len > 0 ? tidy : asked->directory;
        return SP_OK;
    }
    SP_TRY(sp_buf_put(scratch, asked->directory));
    SP_TRY(sp_buf_put_byte(scratch, '/'));
    SP_TRY(sp_buf_put(scratch, tidy));
    file->directory = sp_buf_slice(scratch);
    return SP_OK;
}

/* A name may come with its directory in front. */
static void split_name(struct sp_slice name, struct sp_file_record *file)
{
    size_t cut = name.len;
    while (cut > 0 && name.ptr[cut - 1] != '/') {
        cut--;
    }
    file->name = sp_slice_sub(name, cut, name.len);
    if (cut > 0) {
        file->directory = sp_slice_sub(name, 0, cut - 1);
    }
}

static void read_size(const struct sp_json *doc, const struct sp_json_value *value, uint64_t *out)
{
    int64_t size = 0;
    *out = value != NULL && sp_json_integer(doc, value, &size) == SP_OK && size > 0 ? (uint64_t)size
                                                                                    : 0;
}

/* Both families' words for the same, whichever this pool uses. */
static enum sp_err read_file(struct reading *r, const struct sp_json_value *value)
{
    const struct sp_json_value *old = sp_json_get(value, "properties");
    const struct sp_json_value *members = sp_json_is(old, SP_JSON_OBJECT) ? old : value;
    bool is_old = members == old && old != NULL;
    struct sp_file_record file = {.directory = r->order->spot.directory};
    struct sp_slice name = {NULL, 0};
    struct sp_slice type = {NULL, 0};
    struct sp_slice directory = {NULL, 0};
    SP_AUTO_BUF struct sp_buf scratch;
    sp_buf_init(&scratch, 2 * SP_PRODUCT_TEXT_MAX);
    SP_TRY(text_of(sp_json_get(members, is_old ? "filename" : "name"), &name));
    SP_TRY(text_of(sp_json_get(members, "type"), &type));
    SP_TRY(text_of(sp_json_get(members, "directory"), &directory));
    SP_TRY(text_of(sp_json_get(members, "contentType"), &file.content_type));
    SP_TRY(text_of(sp_json_get(members, is_old ? "lastModifiedTime" : "lastModifiedAt"),
                   &file.modified));
    read_size(r->doc, sp_json_get(members, is_old ? "size" : "sizeInBytes"), &file.size);
    if (directory.len > 0) {
        SP_TRY(put_directory(&r->order->spot, directory, &scratch, &file));
    }
    split_name(beneath_root(name), &file);
    if (file.name.len == 0) {
        return SP_ERR_INVALID;
    }
    file.is_directory = sp_slice_is_nocase(type, "directory");
    sp_file_record_write(&r->w, &file);
    return sp_writer_end(&r->w);
}

static enum sp_err read_files(struct reading *r, const struct sp_json_value *root)
{
    const struct sp_json_value *list = sp_json_get(root, "value");
    if (!sp_json_is(list, SP_JSON_ARRAY)) {
        return SP_ERR_INVALID;
    }
    for (const struct sp_json_value *at = sp_json_first(list); at != NULL; at = sp_json_next(at)) {
        SP_TRY(read_file(r, at));
        r->out->count++;
    }
    return SP_OK;
}

/* One file stands alone in the new family, in a list of one in the old. */
static enum sp_err read_one_file(struct reading *r, const struct sp_json_value *root)
{
    const struct sp_json_value *list = sp_json_get(root, "value");
    return read_file(r, sp_json_is(list, SP_JSON_ARRAY) ? sp_json_first(list) : root);
}

/* --- sessions --- */

static bool is_named(struct sp_slice names, struct sp_slice name)
{
    struct sp_reader r;
    struct sp_slice at = {NULL, 0};
    sp_reader_init(&r, names);
    while (sp_reader_left(&r) > 0 && sp_reader_block(&r, names.len, &at) == SP_OK) {
        if (sp_slice_equal(at, name)) {
            return true;
        }
    }
    return false;
}

static enum sp_err read_session(struct reading *r, const struct sp_json_value *value,
                                bool is_listed)
{
    struct sp_session_record session = {.etag = {NULL, 0}};
    const struct sp_json_value *expires = sp_json_get(value, "expireAt");
    const struct {
        const struct sp_json_value *value;
        struct sp_slice *to;
    } members[] = {
        {sp_json_get(value, "identifier"), &session.identifier},
        {sp_json_get(value, "createdAt"), &session.created},
        {sp_json_get(value, "lastAccessedAt"), &session.accessed},
        {expires != NULL ? expires : sp_json_get(value, "expiresAt"), &session.expires},
        {sp_json_get(value, "etag"), &session.etag},
    };
    if (!sp_json_is(value, SP_JSON_OBJECT)) {
        return SP_ERR_INVALID;
    }
    for (size_t i = 0; i < SP_COUNT(members); i++) {
        SP_TRY(text_of(members[i].value, members[i].to));
    }
    if (!is_listed || is_named(r->order->sessions, session.identifier)) {
        sp_session_record_write(&r->w, &session);
    }
    return sp_writer_end(&r->w);
}

static enum sp_err read_sessions(struct reading *r, const struct sp_json_value *root)
{
    const struct sp_json_value *list = sp_json_get(root, "sessions");
    const struct sp_json_value *link = sp_json_get(root, "nextLink");
    if (list == NULL) {
        list = sp_json_get(root, "value");
    }
    if (!sp_json_is(list, SP_JSON_ARRAY)) {
        return SP_ERR_INVALID;
    }
    for (const struct sp_json_value *at = sp_json_first(list); at != NULL; at = sp_json_next(at)) {
        SP_TRY(read_session(r, at, true));
        r->out->count++;
    }
    r->out->has_more = r->out->count > 0 && sp_json_is(link, SP_JSON_STRING);
    return SP_OK;
}

/* --- answers --- */

static enum sp_err read_product(struct reading *r, const struct sp_json_value *root)
{
    switch (r->order->operation) {
    case SP_OPERATION_FILE_LIST:
        return read_files(r, root);
    case SP_OPERATION_FILE_PUT:
    case SP_OPERATION_FILE_GET:
        return read_one_file(r, root);
    case SP_OPERATION_SESSION_GET:
        return read_session(r, root, false);
    case SP_OPERATION_SESSION_LIST:
        return read_sessions(r, root);
    case SP_OPERATION_METADATA:
        return sp_json_is(root, SP_JSON_OBJECT) ? sp_json_print(r->doc, root, r->w.out)
                                                : SP_ERR_INVALID;
    case SP_OPERATION_NONE:
    case SP_OPERATION_EXECUTE:
    case SP_OPERATION_EXECUTION_GET:
    case SP_OPERATION_FILE_CONTENT:
    case SP_OPERATION_FILE_DELETE:
    case SP_OPERATION_SESSION_DELETE:
    case SP_OPERATION_USAGE:
    case SP_OPERATION_AUDIT_READ:
    case SP_OPERATION_COUNT:
        return SP_ERR_INVALID;
    }
    return SP_ERR_INVALID;
}

static bool gives_nothing(enum sp_operation operation)
{
    return operation == SP_OPERATION_FILE_DELETE || operation == SP_OPERATION_SESSION_DELETE;
}

/* What a pool's refusal means for this operation, beyond what it means for any. */
static enum sp_err judge_refusal(const struct sp_order *order, unsigned status,
                                 struct sp_slice code, enum sp_err err)
{
    static const enum sp_err shared[] = {SP_ERR_FILE_NOT_FOUND, SP_ERR_SESSION_NOT_FOUND,
                                         SP_ERR_FILE_NAME,      SP_ERR_FILE_CONFLICT,
                                         SP_ERR_NO_SPACE,       SP_ERR_TOO_BIG};
    bool is_file =
        order->operation >= SP_OPERATION_FILE_LIST && order->operation <= SP_OPERATION_FILE_DELETE;
    for (size_t i = 0; i < SP_COUNT(shared); i++) {
        if (sp_err_http(shared[i]) == status && sp_slice_is(code, sp_err_code(shared[i]))) {
            return shared[i];
        }
    }
    if (status == 404 && err == SP_ERR_POOL_REFUSED) {
        return is_file ? SP_ERR_FILE_NOT_FOUND : SP_ERR_SESSION_NOT_FOUND;
    }
    return status == 413 && order->operation == SP_OPERATION_FILE_PUT ? SP_ERR_TOO_BIG : err;
}

static enum sp_err code_of(const struct sp_json *doc, struct sp_slice *out)
{
    const struct sp_json_value *error =
        doc != NULL ? sp_json_get(sp_json_root(doc), "error") : NULL;
    return sp_json_string(sp_json_get(error, "code"), out);
}

static void read_refusal(const struct sp_upstream *u, const struct sp_order *order, unsigned status,
                         struct sp_slice body, const struct sp_json *doc,
                         struct sp_upstream_other *out)
{
    struct sp_slice code = {NULL, 0};
    out->err = sp_upstream_judge_error(u, status, body, doc, &out->end, &out->reason);
    if (code_of(doc, &code) != SP_OK) {
        code = (struct sp_slice){NULL, 0};
    }
    if (out->end == SP_UPSTREAM_NOT_STARTED || sp_err_http(SP_ERR_NO_SPACE) == status) {
        enum sp_err err = judge_refusal(order, status, code, out->err);
        bool is_gone =
            err == SP_ERR_SESSION_NOT_FOUND; /* which is what was asked, and an answer to it */
        out->end = is_gone           ? SP_UPSTREAM_DONE
                   : err != out->err ? SP_UPSTREAM_NOT_STARTED
                                     : out->end;
        out->err = err;
    }
    /* What only looks may have looked or not: nothing came of it, and it may be tried again. */
    if (out->end == SP_UPSTREAM_UNKNOWN && sp_operation_is_reading(order->operation)) {
        out->end = SP_UPSTREAM_NOT_STARTED;
        out->err = SP_ERR_POOL_UNAVAILABLE;
    }
}

enum sp_err sp_upstream_other_read(const struct sp_upstream *u, const struct sp_order *order,
                                   unsigned http_status, struct sp_slice body,
                                   struct sp_upstream_other *out, struct sp_buf *product)
{
    const struct sp_json_limits limits = {.bytes_max = SP_UPSTREAM_ANSWER_BYTES_MAX,
                                          .depth_max = SP_JSON_DEPTH_MAX,
                                          .nul = SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct reading r = {.order = order, .out = out};
    *out = (struct sp_upstream_other){.end = SP_UPSTREAM_UNKNOWN, .err = SP_ERR_POOL_ANSWER};
    bool is_good = http_status >= 200 && http_status <= 299;
    if (is_good && gives_nothing(order->operation)) {
        out->end = SP_UPSTREAM_DONE;
        out->err = SP_OK;
        return SP_OK;
    }
    enum sp_err err = sp_json_parse(body, &limits, &doc, NULL);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    if (!is_good) {
        read_refusal(u, order, http_status, body, doc, out);
        return SP_OK;
    }
    if (err == SP_OK) {
        r.doc = doc;
        sp_writer_init(&r.w, product);
        err = read_product(&r, sp_json_root(doc));
    }
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    out->end = SP_UPSTREAM_DONE; /* whatever it says of it, the pool did it */
    out->err = err == SP_OK ? SP_OK : SP_ERR_POOL_ANSWER;
    if (err != SP_OK) {
        sp_where_set(&out->reason, 0, 0,
                     "the pool's answer cannot be read: a member is missing or has another type");
    }
    return SP_OK;
}
