#include "format/npy.h"

#include "format/le.h"

#define MAGIC_BYTES 6U

/* A type of one element: an order of bytes, O, and perhaps a number. */
static bool is_object(struct sp_slice text)
{
    size_t at = 0;
    if (text.len > 0 &&
        (text.ptr[0] == '|' || text.ptr[0] == '<' || text.ptr[0] == '>' || text.ptr[0] == '=')) {
        at = 1;
    }
    return at < text.len &&
           (text.ptr[at] == 'O' || sp_slice_is(sp_slice_sub(text, at, 6), "object"));
}

/* Any text in quotes may be a type; an escape could hide one. */
static enum sp_err find_types(struct sp_slice header, struct sp_npy *out)
{
    size_t texts = 0;
    size_t at = 0;
    if (sp_slice_find(header, 0, '\\') < header.len) {
        return SP_ERR_CORRUPT;
    }
    while (at < header.len) {
        uint8_t quote = header.ptr[at];
        at++;
        if (quote != '\'' && quote != '"') {
            continue;
        }
        size_t end = sp_slice_find(header, at, quote);
        struct sp_slice text = sp_slice_sub(header, at, end - at);
        out->has_objects = out->has_objects || is_object(text);
        texts++;
        at = end + 1;
    }
    return texts > 0 ? SP_OK : SP_ERR_CORRUPT;
}

enum sp_err sp_npy_open(struct sp_slice in, struct sp_npy *out)
{
    if (in.len < 10 || !sp_slice_starts(in, "\x93NUMPY")) {
        return SP_ERR_CORRUPT;
    }
    uint8_t major = in.ptr[MAGIC_BYTES];
    size_t from = major == 1 ? 10 : 12;
    size_t len = major == 1 ? sp_le16(in, 8) : sp_le32(in, 8);
    if (major < 1 || major > 3 || from > in.len || len > in.len - from) {
        return SP_ERR_CORRUPT;
    }
    struct sp_npy npy = {.data = sp_slice_sub(in, from + len, in.len - from - len)};
    SP_TRY(find_types(sp_slice_sub(in, from, len), &npy));
    *out = npy;
    return SP_OK;
}
