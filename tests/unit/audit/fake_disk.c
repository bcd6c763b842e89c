#include "fake_disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/num.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)

static enum sp_err fail(struct fake_disk *fake, const char *why)
{
    fake->why = why;
    return SP_ERR_SYSTEM;
}

static struct fake_file *by_name(struct fake_disk *fake, const char *name)
{
    for (size_t i = 0; i < FAKE_FILES_MAX; i++) {
        if (fake->files[i].is_there && strcmp(fake->files[i].name, name) == 0) {
            return &fake->files[i];
        }
    }
    return NULL;
}

static enum sp_err fake_open(void *ctx, const char *name, bool is_new, int *out_fd)
{
    struct fake_disk *fake = ctx;
    struct fake_file *file = by_name(fake, name);
    if (fake->is_failing_open) {
        return fail(fake, "Read-only file system");
    }
    if (is_new && file != NULL) {
        return fail(fake, "File exists");
    }
    if (!is_new && file == NULL) {
        fake->why = "No such file or directory";
        return SP_ERR_NOT_FOUND;
    }
    if (is_new) {
        SP_ASSERT(fake->inodes < FAKE_FILES_MAX);
        file = &fake->files[fake->inodes];
        file->is_there = true;
        file->inode = ++fake->inodes;
        (void)strncpy(file->name, name, sizeof(file->name) - 1);
        sp_buf_init(&file->bytes, FILE_MAX);
    }
    *out_fd = (int)(file->inode - 1);
    return SP_OK;
}

static void fake_close(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
}

static enum sp_err fake_find(void *ctx, const char *name, struct sp_disk_stat *out)
{
    struct fake_disk *fake = ctx;
    const struct fake_file *file = by_name(fake, name);
    if (file == NULL) {
        fake->why = "No such file or directory";
        return SP_ERR_NOT_FOUND;
    }
    *out = (struct sp_disk_stat){.device = 1, .inode = file->inode, .size = file->bytes.len};
    return SP_OK;
}

static enum sp_err fake_read(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len, size_t *out_len)
{
    struct fake_disk *fake = ctx;
    struct sp_slice part = sp_slice_sub(sp_buf_slice(&fake->files[fd].bytes), (size_t)at, sp_size_min(len, 1000));
    if (part.len > 0) {
        memcpy(out, part.ptr, part.len);
    }
    *out_len = part.len;
    return SP_OK;
}

static enum sp_err fake_write(void *ctx, int fd, uint64_t at, struct sp_slice bytes, size_t *out_len)
{
    struct fake_disk *fake = ctx;
    struct sp_buf *file = &fake->files[fd].bytes;
    size_t len = sp_size_min(bytes.len, fake->write_most);
    size_t old = sp_size_min(len, file->len - (size_t)at); /* overwritten bytes need no room */
    size_t grow = len - old;
    if (fake->is_failing_write) {
        return fail(fake, "Input/output error");
    }
    if (grow > fake->room) {
        grow = (size_t)fake->room;
        len = old + grow;
    }
    if (len == 0) {
        return fail(fake, "No space left on device");
    }
    fake->room -= grow;
    if (old > 0) {
        memcpy(file->ptr + at, bytes.ptr, old);
    }
    if (sp_buf_put(file, sp_slice_sub(bytes, old, grow)) != SP_OK) {
        return SP_ERR_NOMEM;
    }
    *out_len = len;
    return SP_OK;
}

static enum sp_err fake_sync(void *ctx, int fd)
{
    struct fake_disk *fake = ctx;
    (void)fd;
    fake->syncs++;
    if (fake->is_failing_sync) {
        fake->sync_failures++;
        return fail(fake, "Input/output error");
    }
    return SP_OK;
}

static enum sp_err fake_sync_directory(void *ctx)
{
    (void)ctx;
    return SP_OK;
}

static enum sp_err fake_last_segment(void *ctx, uint64_t *out_first)
{
    struct fake_disk *fake = ctx;
    const struct fake_file *last = fake_disk_last(fake);
    if (last == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    return sp_segment_first(sp_slice_of(last->name), out_first);
}

static const char *fake_reason(void *ctx)
{
    const struct fake_disk *fake = ctx;
    return fake->why;
}

void fake_disk_init(struct fake_disk *fake)
{
    *fake = (struct fake_disk){.room = UINT64_MAX, .write_most = SIZE_MAX, .why = ""};
    fake->disk = (struct sp_disk){
        .ctx = fake,
        .open = fake_open,
        .close = fake_close,
        .find = fake_find,
        .read = fake_read,
        .write = fake_write,
        .sync = fake_sync,
        .sync_directory = fake_sync_directory,
        .last_segment = fake_last_segment,
        .reason = fake_reason,
    };
}

void fake_disk_done(struct fake_disk *fake)
{
    for (size_t i = 0; i < fake->inodes; i++) {
        sp_buf_done(&fake->files[i].bytes);
    }
}

struct fake_file *fake_disk_last(struct fake_disk *fake)
{
    struct fake_file *last = NULL;
    for (size_t i = 0; i < FAKE_FILES_MAX; i++) {
        struct fake_file *file = &fake->files[i];
        if (file->is_there && (last == NULL || strcmp(file->name, last->name) > 0)) {
            last = file;
        }
    }
    return last;
}

size_t fake_disk_count(const struct fake_disk *fake)
{
    size_t count = 0;
    for (size_t i = 0; i < FAKE_FILES_MAX; i++) {
        count += fake->files[i].is_there ? 1 : 0;
    }
    return count;
}

void fake_disk_text(struct fake_disk *fake, struct sp_buf *out)
{
    for (size_t i = 0; i < FAKE_FILES_MAX; i++) {
        if (fake->files[i].is_there) {
            SP_ASSERT(sp_buf_put(out, sp_buf_slice(&fake->files[i].bytes)) == SP_OK);
        }
    }
}

unsigned fake_disk_lines(struct fake_disk *fake, const char *with)
{
    struct sp_buf text;
    unsigned count = 0;
    size_t ignored = 0;
    sp_buf_init(&text, FILE_MAX);
    fake_disk_text(fake, &text);
    char *all = sp_buf_take(&text, &ignored);
    SP_ASSERT(all != NULL);
    char *save = NULL;
    for (char *line = strtok_r(all, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        count += strstr(line, with) != NULL ? 1 : 0;
    }
    free(all);
    return count;
}
