#include "api/spot.h"

#include "base/text.h"

static enum sp_err refuse(struct sp_where *where, const char *why)
{
    sp_where_set(where, 0, 0, "%s", why);
    return SP_ERR_FILE_NAME;
}

static const char *what_is_wrong(struct sp_slice part)
{
    size_t at = 0;
    if (part.len > SP_SPOT_PART_BYTES_MAX) {
        return "a part of the file's name is longer than 255 bytes";
    }
    if (sp_slice_is(part, ".") || sp_slice_is(part, "..")) {
        return "the file's name must not hold '.' or '..' as a part";
    }
    if (sp_utf8_check(part, &at) != SP_OK) {
        return "the file's name is not valid UTF-8";
    }
    for (size_t i = 0; i < part.len; i++) {
        if (part.ptr[i] < ' ' || part.ptr[i] == 0x7F || part.ptr[i] == '\\') {
            return "the file's name holds a control character or a backslash";
        }
    }
    return NULL;
}

/* The next part of a path between slashes; false at the end. */
static bool next_part(struct sp_slice *rest, struct sp_slice *out)
{
    while (rest->len > 0 && rest->ptr[0] == '/') {
        *rest = sp_slice_sub(*rest, 1, rest->len);
    }
    size_t end = sp_slice_find(*rest, 0, '/');
    *out = sp_slice_sub(*rest, 0, end);
    *rest = sp_slice_sub(*rest, end, rest->len);
    return out->len > 0;
}

/* Without `/mnt/data` at the front, which clients write or leave out as they like. */
static struct sp_slice beneath_data(struct sp_slice path)
{
    struct sp_slice rest = path;
    struct sp_slice first = {NULL, 0};
    struct sp_slice second = {NULL, 0};
    bool is_data = next_part(&rest, &first) && next_part(&rest, &second) &&
                   sp_slice_is(first, "mnt") && sp_slice_is(second, "data");
    return is_data ? rest : path;
}

struct join {
    struct sp_buf *out;
    struct sp_where *where;
    unsigned parts;
    size_t last; /* where the last part begins */
};

static enum sp_err add(struct join *join, struct sp_slice path)
{
    struct sp_slice rest = beneath_data(path);
    struct sp_slice part = {NULL, 0};
    while (next_part(&rest, &part)) {
        const char *why = what_is_wrong(part);
        if (why != NULL) {
            return refuse(join->where, why);
        }
        if (++join->parts > SP_SPOT_PARTS_MAX) {
            return refuse(join->where, "the file lies in more than 15 directories");
        }
        if (join->out->len > 0 && sp_buf_put_byte(join->out, '/') != SP_OK) {
            return refuse(join->where, "the file's name is longer than 1024 bytes");
        }
        join->last = join->out->len;
        if (sp_buf_put(join->out, part) != SP_OK) {
            return refuse(join->where, "the file's name is longer than 1024 bytes");
        }
    }
    return SP_OK;
}

enum sp_err sp_spot_of_file(struct sp_slice directory, struct sp_slice name, struct sp_buf *scratch,
                            struct sp_spot *out, struct sp_where *out_where)
{
    struct join join = {.out = scratch, .where = out_where};
    sp_buf_clear(scratch);
    SP_TRY(add(&join, directory));
    unsigned before = join.parts;
    SP_TRY(add(&join, name));
    bool is_directory = name.len > 0 && name.ptr[name.len - 1] == '/';
    if (join.parts == before || is_directory) {
        return refuse(out_where, "the file has no name");
    }
    struct sp_slice all = sp_buf_slice(scratch);
    *out = (struct sp_spot){
        .directory = sp_slice_sub(all, 0, join.last > 0 ? join.last - 1 : 0),
        .name = sp_slice_sub(all, join.last, all.len),
    };
    return SP_OK;
}

enum sp_err sp_spot_of_directory(struct sp_slice directory, struct sp_buf *scratch,
                                 struct sp_spot *out, struct sp_where *out_where)
{
    struct join join = {.out = scratch, .where = out_where};
    sp_buf_clear(scratch);
    SP_TRY(add(&join, directory));
    *out = (struct sp_spot){.directory = sp_buf_slice(scratch), .name = {NULL, 0}};
    return SP_OK;
}

bool sp_spot_is_clean(const struct sp_spot *place)
{
    struct sp_slice rest = place->directory;
    struct sp_slice part = {NULL, 0};
    size_t seen = 0;
    while (next_part(&rest, &part)) {
        if (what_is_wrong(part) != NULL) {
            return false;
        }
        seen += part.len + (seen > 0 ? 1 : 0);
    }
    /* Slashes too many would leave a difference. */
    return seen == place->directory.len && what_is_wrong(place->name) == NULL &&
           sp_slice_find(place->name, 0, '/') == place->name.len;
}
