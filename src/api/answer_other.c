#include "api/answer_other.h"

#include "api/spot.h"
#include "codec/json_out.h"
#include "codec/url.h"

#define NAME_BYTES_MAX ((size_t)8 * 1024)

static void member_lossy(struct sp_json_out *w, const char *key, struct sp_slice text)
{
    sp_json_out_key(w, key);
    sp_json_out_string_lossy(w, text);
}

/* --- files --- */

/* Two texts as one string; a failure sticks to the writer like its own. */
static void member_path(struct sp_json_out *w, const char *key, struct sp_slice first,
                        struct sp_slice second)
{
    SP_AUTO_BUF struct sp_buf path;
    sp_buf_init(&path, NAME_BYTES_MAX);
    enum sp_err err = sp_buf_put(&path, first);
    if (err == SP_OK && first.len > 0 && second.len > 0) {
        err = sp_buf_put_byte(&path, '/');
    }
    if (err == SP_OK) {
        err = sp_buf_put(&path, second);
    }
    if (err != SP_OK && w->err == SP_OK) {
        w->err = err;
    }
    member_lossy(w, key, sp_buf_slice(&path));
}

/* The directory that the request is about; /mnt/data itself when its path is none. */
static struct sp_slice asked_for(const struct sp_route *route, struct sp_buf *scratch)
{
    struct sp_spot spot = {.directory = {NULL, 0}};
    sp_buf_init(scratch, SP_SPOT_BYTES_MAX);
    return sp_spot_of_directory(route->path, scratch, &spot, NULL) == SP_OK ? spot.directory
                                                                            : sp_slice_of(NULL);
}

/* As Azure's own examples have it: from the directory that was asked for, which is "". */
static struct sp_slice seen_from(struct sp_slice base, struct sp_slice directory)
{
    if (base.len > 0 && sp_slice_equal(sp_slice_sub(directory, 0, base.len), base) &&
        (directory.len == base.len || directory.ptr[base.len] == '/')) {
        return sp_slice_sub(directory, base.len + 1, directory.len);
    }
    return directory;
}

static void put_new_file(struct sp_json_out *w, const struct sp_route *route, struct sp_slice base,
                         const struct sp_file_record *file)
{
    sp_json_out_object(w);
    member_lossy(w, "name", file->name);
    sp_json_out_member_text(w, "type", file->is_directory ? "directory" : "file");
    if (file->content_type.len > 0) {
        member_lossy(w, "contentType", file->content_type);
    }
    sp_json_out_member_u64(w, "sizeInBytes", file->size);
    member_lossy(w, "lastModifiedAt", file->modified);
    if (route->version >= SP_VERSION_2025_10) {
        member_lossy(w, "directory", seen_from(base, file->directory));
    }
    sp_json_out_object_end(w);
}

/* `$id` counts the objects of the answer, as .NET's serializer does. */
static void member_id(struct sp_json_out *w, uint64_t *id)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, 32);
    enum sp_err err = sp_buf_put_u64(&text, (*id)++);
    if (err != SP_OK && w->err == SP_OK) {
        w->err = err;
    }
    sp_json_out_member_string(w, "$id", sp_buf_slice(&text));
}

/* A file in the words of 2024-09-01, which stand beside the old ones. No pool says when a file was made. */
static void put_dated_members(struct sp_json_out *w, const struct sp_file_record *file)
{
    member_path(w, "fileName", file->directory, file->name);
    sp_json_out_member_u64(w, "sizeInBytes", file->size);
    member_lossy(w, "createdAt", file->modified);
    member_lossy(w, "lastModifiedAt", file->modified);
}

static void put_old_file(struct sp_json_out *w, const struct sp_route *route,
                         const struct sp_file_record *file, uint64_t *id)
{
    sp_json_out_object(w);
    member_id(w, id);
    if (route->version == SP_VERSION_2024_09) {
        put_dated_members(w, file);
    }
    sp_json_out_key(w, "properties");
    sp_json_out_object(w);
    member_id(w, id);
    member_path(w, "filename", file->directory, file->name);
    sp_json_out_member_u64(w, "size", file->size);
    member_lossy(w, "lastModifiedTime", file->modified);
    sp_json_out_object_end(w);
    sp_json_out_object_end(w);
}

/* The old family knows no directories: it would take one for a file. */
static enum sp_err put_old_files(struct sp_json_out *w, const struct sp_route *route,
                                 struct sp_slice product)
{
    struct sp_reader r;
    struct sp_file_record file;
    uint64_t id = 1;
    sp_reader_init(&r, product);
    sp_json_out_object(w);
    member_id(w, &id);
    if (route->version == SP_VERSION_2024_09 && route->operation != SP_OPERATION_FILE_LIST) {
        struct sp_reader first = r;
        SP_TRY(sp_file_record_read(&first, &file));
        put_dated_members(w, &file);
    }
    sp_json_out_key(w, "value");
    sp_json_out_array(w);
    while (sp_reader_left(&r) > 0) {
        SP_TRY(sp_file_record_read(&r, &file));
        if (!file.is_directory) {
            put_old_file(w, route, &file, &id);
        }
    }
    sp_json_out_array_end(w);
    sp_json_out_object_end(w);
    return SP_OK;
}

static enum sp_err put_new_files(struct sp_json_out *w, const struct sp_route *route,
                                 struct sp_slice product)
{
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_reader r;
    struct sp_file_record file;
    const struct sp_slice base = asked_for(route, &scratch);
    sp_reader_init(&r, product);
    sp_json_out_object(w);
    sp_json_out_key(w, "value");
    sp_json_out_array(w);
    while (sp_reader_left(&r) > 0) {
        SP_TRY(sp_file_record_read(&r, &file));
        put_new_file(w, route, base, &file);
    }
    sp_json_out_array_end(w);
    sp_json_out_member_null(w, "nextLink");
    sp_json_out_object_end(w);
    return SP_OK;
}

static enum sp_err put_one_file(struct sp_json_out *w, const struct sp_route *route,
                                struct sp_slice product)
{
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_reader r;
    struct sp_file_record file;
    const struct sp_slice base = asked_for(route, &scratch);
    if (route->family != SP_FAMILY_NEW) {
        return put_old_files(w, route, product);
    }
    sp_reader_init(&r, product);
    SP_TRY(sp_file_record_read(&r, &file));
    put_new_file(w, route, base, &file);
    return sp_reader_end(&r);
}

/* --- sessions --- */

static void put_session(struct sp_json_out *w, const struct sp_session_record *session,
                        struct sp_slice name)
{
    sp_json_out_object(w);
    member_lossy(w, "identifier", name);
    member_lossy(w, "etag", session->etag);
    member_lossy(w, "createdAt", session->created);
    member_lossy(w, "lastAccessedAt", session->accessed);
    member_lossy(w, "expireAt", session->expires);
    sp_json_out_object_end(w);
}

static enum sp_err put_one_session(struct sp_json_out *w, const struct sp_route *route,
                                   struct sp_slice product)
{
    struct sp_reader r;
    struct sp_session_record session;
    sp_reader_init(&r, product);
    SP_TRY(sp_session_record_read(&r, &session));
    put_session(w, &session, route->identifier);
    return sp_reader_end(&r);
}

/* The tenant's name of a session of the pool; false when it is none of these. */
static bool name_of(struct sp_slice names, struct sp_slice hash, struct sp_slice *out)
{
    struct sp_reader r;
    struct sp_slice at = {NULL, 0};
    struct sp_slice name = {NULL, 0};
    sp_reader_init(&r, names);
    while (sp_reader_left(&r) > 0) {
        if (sp_reader_block(&r, names.len, &at) != SP_OK ||
            sp_reader_block(&r, names.len, &name) != SP_OK) {
            return false;
        }
        if (sp_slice_equal(at, hash)) {
            *out = name;
            return true;
        }
    }
    return false;
}

static enum sp_err put_session_array(struct sp_json_out *w, const struct sp_answer_other *about,
                                     const char *key, struct sp_slice product)
{
    struct sp_reader r;
    struct sp_session_record session;
    struct sp_slice name = {NULL, 0};
    sp_reader_init(&r, product);
    sp_json_out_key(w, key);
    sp_json_out_array(w);
    while (sp_reader_left(&r) > 0) {
        SP_TRY(sp_session_record_read(&r, &session));
        if (name_of(about->names, session.identifier, &name)) {
            put_session(w, &session, name);
        }
    }
    sp_json_out_array_end(w);
    return SP_OK;
}

static enum sp_err put_next_link(struct sp_json_out *w, const struct sp_answer_other *about)
{
    SP_AUTO_BUF struct sp_buf link;
    sp_buf_init(&link, 256);
    if (about->next_skip == 0) {
        sp_json_out_member_null(w, "nextLink");
        return SP_OK;
    }
    SP_TRY(sp_buf_put_text(&link, about->route->is_management ? "/.management/listSessions?"
                                                              : "/listSessions?"));
    if (about->route->api_version.len > 0) {
        SP_TRY(sp_buf_put_text(&link, "api-version="));
        SP_TRY(sp_url_encode(about->route->api_version, &link));
        SP_TRY(sp_buf_put_text(&link, "&"));
    }
    SP_TRY(sp_buf_putf(&link, "skip=%u", about->next_skip));
    sp_json_out_member_string(w, "nextLink", sp_buf_slice(&link));
    return SP_OK;
}

/* Clients of /.management were seen to read `value`, others `sessions`. */
static enum sp_err put_sessions(struct sp_json_out *w, const struct sp_answer_other *about,
                                struct sp_slice product)
{
    sp_json_out_object(w);
    SP_TRY(put_session_array(w, about, "sessions", product));
    if (about->route->is_management) {
        SP_TRY(put_session_array(w, about, "value", product));
    }
    SP_TRY(put_next_link(w, about));
    sp_json_out_object_end(w);
    return SP_OK;
}

/* What stands before the operation in the path; clients know the pool by its last word. */
static struct sp_slice pool_of(struct sp_slice target)
{
    size_t end = sp_slice_search(target, 0, SP_SLICE_LITERAL("/.management"));
    size_t start = end;
    if (end == target.len) {
        return SP_SLICE_LITERAL("sallyport");
    }
    while (start > 0 && target.ptr[start - 1] != '/') {
        start--;
    }
    return start == end ? SP_SLICE_LITERAL("sallyport") : sp_slice_sub(target, start, end - start);
}

static enum sp_err put_stopped(const struct sp_answer_other *about, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_text(out, "Session "));
    SP_TRY(sp_buf_put(out, about->route->identifier));
    SP_TRY(sp_buf_put_text(out, " in session pool "));
    SP_TRY(sp_buf_put(out, pool_of(about->target)));
    return sp_buf_put_text(out, " stopped.");
}

/* --- all --- */

static enum sp_err put_json(struct sp_json_out *w, const struct sp_answer_other *about,
                            struct sp_slice product)
{
    const struct sp_route *route = about->route;
    switch (route->operation) {
    case SP_OPERATION_FILE_LIST:
        return route->family == SP_FAMILY_NEW ? put_new_files(w, route, product)
                                              : put_old_files(w, route, product);
    case SP_OPERATION_FILE_PUT:
    case SP_OPERATION_FILE_GET:
        return put_one_file(w, route, product);
    case SP_OPERATION_FILE_DELETE:
        sp_json_out_object(w);
        sp_json_out_member_text(w, "message", "file deleted successfully");
        sp_json_out_object_end(w);
        return SP_OK;
    case SP_OPERATION_SESSION_GET:
        return put_one_session(w, route, product);
    case SP_OPERATION_SESSION_LIST:
        return put_sessions(w, about, product);
    case SP_OPERATION_METADATA:
        sp_json_out_raw(w, product);
        return SP_OK;
    case SP_OPERATION_NONE:
    case SP_OPERATION_EXECUTE:
    case SP_OPERATION_EXECUTION_GET:
    case SP_OPERATION_FILE_CONTENT:
    case SP_OPERATION_SESSION_DELETE:
    case SP_OPERATION_USAGE:
    case SP_OPERATION_AUDIT_READ:
    case SP_OPERATION_COUNT:
        return SP_ERR_WIRE;
    }
    return SP_ERR_WIRE;
}

enum sp_err sp_answer_other(const struct sp_answer_other *about, struct sp_slice product,
                            struct sp_buf *out, unsigned *out_status, bool *out_is_text)
{
    const struct sp_route *route = about->route;
    struct sp_json_out w;
    *out_status = 200;
    *out_is_text = false;
    if (route->operation == SP_OPERATION_SESSION_DELETE && route->is_management) {
        *out_is_text = true;
        return put_stopped(about, out);
    }
    bool is_deletion = route->operation == SP_OPERATION_SESSION_DELETE ||
                       route->operation == SP_OPERATION_FILE_DELETE;
    if (is_deletion && (route->family == SP_FAMILY_NEW || route->version == SP_VERSION_2024_09)) {
        *out_status = 204;
        return SP_OK;
    }
    sp_json_out_init(&w, out);
    SP_TRY(put_json(&w, about, product));
    return sp_json_out_end(&w);
}
