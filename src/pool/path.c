#include "pool/path.h"

#include "base/text.h"

#define ROOT "/mnt/data"

/* Beside letters and digits of any script. A directory's name has no dot. */
static bool is_sign(uint32_t point, bool is_file)
{
    static const char signs[] = "-_ @$&=;,#%^()";
    for (size_t i = 0; signs[i] != '\0'; i++) {
        if (point == (uint32_t)signs[i]) {
            return true;
        }
    }
    return is_file && point == '.';
}

static bool is_new_point(uint32_t point, bool is_file)
{
    return point >= 0xA0 || (point < 0x80 && sp_text_is_alnum((uint8_t)point)) ||
           is_sign(point, is_file);
}

/* C0, DEL and C1: nothing that a terminal or a header could take for a command. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0);
}

static enum sp_err check_part(struct sp_slice part, enum sp_pool_path_kind kind)
{
    struct sp_text t;
    sp_text_init(&t, part);
    if (part.len > SP_POOL_NAME_MAX || sp_slice_is(part, ".") || sp_slice_is(part, "..")) {
        return SP_ERR_FILE_NAME;
    }
    while (!sp_text_at_end(&t)) {
        uint32_t point = 0;
        if (sp_utf8_next(&t, &point) != SP_OK || is_control(point) ||
            (kind != SP_POOL_PATH_ANY && !is_new_point(point, kind == SP_POOL_PATH_NEW_FILE))) {
            return SP_ERR_FILE_NAME;
        }
    }
    return SP_OK;
}

static enum sp_err add_part(struct sp_slice part, enum sp_pool_path_kind kind, struct sp_buf *out)
{
    SP_TRY(check_part(part, kind));
    if (out->len > 0) {
        SP_TRY(sp_buf_put_byte(out, '/'));
    }
    return sp_buf_put(out, part);
}

/* An absolute path is taken from /mnt/data on; "/" alone means its top as well. */
static struct sp_slice without_root(struct sp_slice path)
{
    size_t len = sizeof ROOT - 1;
    if (sp_slice_starts(path, ROOT) && (path.len == len || path.ptr[len] == '/')) {
        return sp_slice_sub(path, len, path.len);
    }
    return path;
}

/* In "a/b.txt" of a new file only the last part is a file's name. */
static enum sp_pool_path_kind kind_of_part(enum sp_pool_path_kind kind, struct sp_slice rest)
{
    return kind == SP_POOL_PATH_NEW_FILE && rest.len > 0 ? SP_POOL_PATH_NEW_DIRECTORY : kind;
}

enum sp_err sp_pool_path_add(struct sp_slice path, enum sp_pool_path_kind kind, struct sp_buf *out)
{
    struct sp_slice rest = without_root(path);
    while (rest.len > 0) {
        size_t end = sp_slice_find(rest, 0, '/');
        struct sp_slice part = sp_slice_sub(rest, 0, end);
        rest = sp_slice_sub(rest, end + 1, rest.len);
        if (part.len > 0 && add_part(part, kind_of_part(kind, rest), out) != SP_OK) {
            return SP_ERR_FILE_NAME;
        }
    }
    return SP_OK;
}

const char *sp_pool_path_type(struct sp_slice name)
{
    static const struct {
        const char *end;
        const char *type;
    } known[] = {
        {".txt", "text/plain"},
        {".log", "text/plain"},
        {".md", "text/markdown"},
        {".csv", "text/csv"},
        {".tsv", "text/tab-separated-values"},
        {".html", "text/html"},
        {".css", "text/css"},
        {".py", "text/x-python"},
        {".json", "application/json"},
        {".xml", "application/xml"},
        {".pdf", "application/pdf"},
        {".zip", "application/zip"},
        {".gz", "application/gzip"},
        {".tar", "application/x-tar"},
        {".parquet", "application/vnd.apache.parquet"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".svg", "image/svg+xml"},
        {".webp", "image/webp"},
        {".mp4", "video/mp4"},
        {".wav", "audio/wav"},
    };
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        size_t len = sp_slice_of(known[i].end).len;
        if (name.len > len &&
            sp_slice_is_nocase(sp_slice_sub(name, name.len - len, len), known[i].end)) {
            return known[i].type;
        }
    }
    return "application/octet-stream";
}
