#include "audit/kept.h"

#include <string.h>

#include "audit/entry.h"
#include "audit/note.h"

#define BEGINNING "{\"checkpoint\":\""

/* From where its JSON begins; NULL bytes when it holds none. */
static struct sp_slice json_of(struct sp_slice line)
{
    const uint8_t *at =
        line.len == 0 ? NULL : memmem(line.ptr, line.len, BEGINNING, sizeof(BEGINNING) - 1);
    size_t end = line.len;
    while (end > 0 && line.ptr[end - 1] != '}') {
        end--;
    }
    const size_t start = at == NULL ? end : (size_t)(at - line.ptr);
    return sp_slice_sub(line, start, end > start ? end - start : 0);
}

static bool read_line(struct sp_slice line, struct sp_buf *out)
{
    static struct sp_entry entry;
    const size_t start = out->len;
    struct sp_where where;
    struct sp_checkpoint checkpoint;
    const struct sp_slice json = json_of(line);
    if (json.len == 0 || sp_entry_read(json, &entry, &where) != SP_OK ||
        sp_entry_unescape(sp_entry_get(&entry, "checkpoint"), out) != SP_OK ||
        sp_checkpoint_read(sp_slice_sub(sp_buf_slice(out), start, out->len), &checkpoint) !=
            SP_OK) {
        sp_buf_truncate(out, start);
        return false;
    }
    return true;
}

/* Empty when there is no such line. */
static struct sp_slice behind_empty_line(struct sp_slice text)
{
    size_t at = sp_slice_find(text, 0, '\n');
    while (at + 1 < text.len && text.ptr[at + 1] != '\n') {
        at = sp_slice_find(text, at + 1, '\n');
    }
    return sp_slice_sub(text, at + 2 < text.len ? at + 2 : text.len, text.len);
}

enum sp_err sp_kept_checkpoint(struct sp_slice text, struct sp_buf *out)
{
    struct sp_checkpoint checkpoint;
    const struct sp_slice behind_keys = behind_empty_line(text);
    if (sp_checkpoint_read(text, &checkpoint) == SP_OK) {
        return sp_buf_put(out, text);
    }
    if (sp_checkpoint_read(behind_keys, &checkpoint) == SP_OK) {
        return sp_buf_put(out, behind_keys);
    }
    for (size_t end = text.len; end > 0;) {
        size_t start = end;
        while (start > 0 && text.ptr[start - 1] != '\n') {
            start--;
        }
        if (read_line(sp_slice_sub(text, start, end - start), out)) {
            return SP_OK;
        }
        end = start > 0 ? start - 1 : 0;
    }
    return SP_ERR_NOT_FOUND;
}
