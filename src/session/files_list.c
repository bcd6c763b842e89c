#include "session/files_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/own.h"
#include "base/text.h"
#include "session/link.h"

/* A part is sent before another entry could be over the limit of a frame. */
#define PART_FULL   (SP_FRAME_PART_MAX - SP_FILE_PATH_MAX - 64)
#define PENDING_MAX ((size_t)4 * 1024 * 1024)

struct walk {
    int data;
    int to;
    bool is_recursive;
    struct sp_frame part;
    struct sp_buf entries;
    struct sp_buf
        pending; /* directories that are still to be looked into, each with a NUL behind it */
    struct sp_buf *scratch;
    unsigned count;
    enum sp_file_end end;
    char path[SP_FILE_PATH_MAX + 1];
};

static void end_directory(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

static enum sp_err send_part(struct walk *w)
{
    if (w->entries.len == 0) {
        return SP_OK;
    }
    w->part.bytes = sp_buf_slice(&w->entries);
    SP_TRY(sp_link_send(w->to, &w->part, -1, w->scratch));
    sp_buf_clear(&w->entries);
    return SP_OK;
}

static enum sp_err put(struct walk *w, struct sp_slice path, const struct stat *about)
{
    const struct sp_file_entry entry = {
        .type = S_ISDIR(about->st_mode) ? SP_FILE_TYPE_DIRECTORY : SP_FILE_TYPE_FILE,
        .size = S_ISDIR(about->st_mode) || about->st_size < 0 ? 0 : (uint64_t)about->st_size,
        .wall_us = sp_files_changed_us(about),
        .path = path,
    };
    struct sp_writer writer;
    sp_writer_init(&writer, &w->entries);
    sp_file_entry_write(&writer, &entry);
    SP_TRY(sp_writer_end(&writer));
    w->count++;
    return w->entries.len > PART_FULL ? send_part(w) : SP_OK;
}

/* Appends "/name" to the path; false when there is no room, or when no answer in JSON could tell the name. */
static bool go_down(struct walk *w, size_t len, const char *name, size_t *out_len)
{
    struct sp_slice text = sp_slice_of(name);
    size_t at = 0;
    size_t slash = len > 0 ? 1 : 0;
    if (text.len + slash > SP_FILE_PATH_MAX - len || sp_utf8_check(text, &at) != SP_OK) {
        return false;
    }
    if (slash > 0) {
        w->path[len] = '/';
    }
    sp_slice_to_text(text, w->path + len + slash, sizeof w->path - len - slash);
    *out_len = len + slash + text.len;
    return true;
}

static bool is_shown(const char *name, const struct stat *about)
{
    struct sp_slice text = sp_slice_of(name);
    return (S_ISREG(about->st_mode) || S_ISDIR(about->st_mode)) &&
           !sp_slice_starts(text, SP_FILES_TEMPORARY);
}

static void too_many(struct walk *w)
{
    w->end = SP_FILE_TOO_MANY;
    sp_buf_clear(&w->pending);
}

/* The entry that the walk's path names, `len` bytes. */
static enum sp_err take_entry(struct walk *w, size_t len, const struct stat *about)
{
    if (w->count == SP_FILE_ENTRIES_MAX) {
        too_many(w);
        return SP_OK;
    }
    SP_TRY(put(w, sp_slice_make(w->path, len), about));
    if (w->is_recursive && S_ISDIR(about->st_mode) &&
        sp_buf_put(&w->pending, sp_slice_make(w->path, len + 1)) != SP_OK) {
        too_many(w);
    }
    return SP_OK;
}

/* `len` bytes of the walk's path are the directory. It is closed before those in it are opened, however deep they are. */
static enum sp_err list(struct walk *w, size_t len, bool is_first)
{
    SP_CLEANUP(end_directory) DIR *dir = NULL;
    int fd = sp_files_open(w->data, w->path, O_RDONLY | O_DIRECTORY, 0);
    dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        w->end = is_first ? sp_files_end_of(errno) : w->end;
        sp_close(fd);
        return SP_OK;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL && w->end == SP_FILE_DONE;
         entry = readdir(dir)) {
        struct sp_slice name = sp_slice_of(entry->d_name);
        struct stat about;
        size_t below = 0;
        if (sp_slice_is(name, ".") || sp_slice_is(name, "..") ||
            fstatat(dirfd(dir), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
            !is_shown(entry->d_name, &about) || !go_down(w, len, entry->d_name, &below)) {
            continue;
        }
        SP_TRY(take_entry(w, below, &about));
        w->path[len] = '\0';
    }
    return SP_OK;
}

/* Takes the last of the pending directories into the walk's path; false when there is none. */
static bool next(struct walk *w, size_t *out_len)
{
    if (w->pending.len == 0) {
        return false;
    }
    size_t start = w->pending.len - 1;
    while (start > 0 && w->pending.ptr[start - 1] != '\0') {
        start--;
    }
    *out_len = w->pending.len - 1 - start;
    sp_slice_to_text(sp_slice_make(w->pending.ptr + start, *out_len), w->path, sizeof w->path);
    sp_buf_truncate(&w->pending, start);
    return true;
}

static enum sp_err walk(struct walk *w, size_t len)
{
    bool is_first = true;
    do {
        SP_TRY(list(w, len, is_first));
        is_first = false;
    } while (next(w, &len));
    return SP_OK;
}

enum sp_err sp_files_list(int data, int to, const struct sp_frame *ask, struct sp_buf *scratch,
                          enum sp_file_end *out_end)
{
    struct walk w = {.data = data,
                     .to = to,
                     .is_recursive = ask->b == 1,
                     .part = {.type = SP_FRAME_LISTED, .nonce = ask->nonce},
                     .scratch = scratch,
                     .end = SP_FILE_DONE};
    enum sp_err err = SP_OK;
    if (ask->bytes.len > SP_FILE_PATH_MAX) {
        *out_end = SP_FILE_REFUSED;
        return SP_OK;
    }
    sp_slice_to_text(ask->bytes, w.path, sizeof w.path);
    sp_buf_init(&w.entries, SP_FRAME_PART_MAX);
    sp_buf_init(&w.pending, PENDING_MAX);
    err = walk(&w, ask->bytes.len);
    if (err == SP_OK) {
        err = send_part(&w);
    }
    sp_buf_done(&w.entries);
    sp_buf_done(&w.pending);
    *out_end = w.end;
    return err;
}
