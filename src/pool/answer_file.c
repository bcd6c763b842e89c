#include <stdlib.h>

#include "base/clock.h"
#include "base/own.h"
#include "codec/json_out.h"
#include "pool/answer.h"
#include "pool/path.h"

#define ROOT "/mnt/data"

static void put_file(struct sp_json_out *w, const struct sp_pool_file *file)
{
    char changed[SP_CLOCK_RFC3339_BYTES];
    struct sp_buf SP_AUTO_BUF directory;
    size_t cut = file->path.len;
    struct sp_slice name;
    sp_buf_init(&directory, SP_FILE_PATH_MAX + sizeof ROOT + 1);
    while (cut > 0 && file->path.ptr[cut - 1] != '/') {
        cut--;
    }
    name = sp_slice_sub(file->path, cut, file->path.len);
    if (w->err == SP_OK) {
        w->err = sp_buf_put_text(&directory, cut > 0 ? ROOT "/" : ROOT);
    }
    if (w->err == SP_OK && cut > 0) {
        w->err = sp_buf_put(&directory, sp_slice_sub(file->path, 0, cut - 1));
    }
    sp_clock_rfc3339(file->wall_us, changed);
    sp_json_out_object(w);
    sp_json_out_member_string(w, "name", name);
    sp_json_out_member_text(w, "type", file->type == SP_FILE_TYPE_DIRECTORY ? "directory" : "file");
    if (file->type == SP_FILE_TYPE_FILE) {
        sp_json_out_member_text(w, "contentType", sp_pool_path_type(name));
    }
    sp_json_out_member_u64(w, "sizeInBytes", file->size);
    sp_json_out_member_text(w, "lastModifiedAt", changed);
    sp_json_out_member_string(w, "directory", sp_buf_slice(&directory));
    sp_json_out_object_end(w);
}

enum sp_err sp_pool_answer_file(const struct sp_pool_file *file, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    put_file(&w, file);
    return sp_json_out_end(&w);
}

static int by_path(const void *a, const void *b)
{
    const struct sp_file_entry *first = a;
    const struct sp_file_entry *second = b;
    return sp_slice_compare(first->path, second->path);
}

static enum sp_err read_entries(struct sp_slice bytes, struct sp_file_entry *list,
                                size_t *out_count)
{
    struct sp_reader r;
    size_t count = 0;
    sp_reader_init(&r, bytes);
    while (sp_reader_left(&r) > 0) {
        if (count == SP_FILE_ENTRIES_MAX) {
            return SP_ERR_WIRE;
        }
        SP_TRY(sp_file_entry_read(&r, &list[count]));
        count++;
    }
    *out_count = count;
    return SP_OK;
}

enum sp_err sp_pool_answer_files(struct sp_slice entries, struct sp_buf *out)
{
    struct sp_json_out w;
    size_t count = 0;
    SP_AUTO_FREE struct sp_file_entry *list = calloc(SP_FILE_ENTRIES_MAX, sizeof *list);
    if (list == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(read_entries(entries, list, &count));
    qsort(list, count, sizeof *list, by_path);
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "value");
    sp_json_out_array(&w);
    for (size_t i = 0; i < count; i++) {
        const struct sp_pool_file file = {
            .path = list[i].path,
            .type = list[i].type,
            .size = list[i].size,
            .wall_us = list[i].wall_us,
        };
        put_file(&w, &file);
    }
    sp_json_out_array_end(&w);
    sp_json_out_member_null(&w, "nextLink");
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}
