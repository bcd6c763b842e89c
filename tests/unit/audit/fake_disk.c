#include "fake_disk.h"

#include <stdlib.h>
#include <string.h>

#include "audit/archive.h"
#include "audit/journal.h"
#include "base/assert.h"
#include "base/num.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)
#define READ_MAX ((size_t)100 * 1000)

static enum sp_err fail(struct fake_disk *fake, const char *why)
{
    fake->why = why;
    return SP_ERR_SYSTEM;
}

struct fake_file *fake_disk_find(struct fake_disk *fake, enum sp_disk_place place, const char *path)
{
    for (size_t i = 0; i < fake->inodes; i++) {
        struct fake_file *file = &fake->files[i];
        if (file->is_there && file->place == place && strcmp(file->path, path) == 0) {
            return file;
        }
    }
    return NULL;
}

static struct fake_file *make(struct fake_disk *fake, struct sp_disk_name name)
{
    SP_ASSERT(fake->inodes < FAKE_FILES_MAX);
    struct fake_file *file = &fake->files[fake->inodes];
    file->is_there = true;
    file->place = name.place;
    file->inode = ++fake->inodes;
    (void)strncpy(file->path, name.path, sizeof(file->path) - 1);
    sp_buf_init(&file->bytes, FILE_MAX);
    return file;
}

void fake_disk_swap(struct fake_disk *fake, struct fake_file *file)
{
    struct sp_disk_name name = {.place = file->place, .path = file->path};
    file->is_there = false;
    (void)make(fake, name);
}

static enum sp_err fake_open(void *ctx, struct sp_disk_name name, enum sp_disk_how how, int *out_fd)
{
    struct fake_disk *fake = ctx;
    struct fake_file *file = fake_disk_find(fake, name.place, name.path);
    if (fake->is_failing_open) {
        return fail(fake, "Read-only file system");
    }
    if (file == NULL && how != SP_DISK_MAKE && how != SP_DISK_MAKE_PRIVATE) {
        fake->why = "No such file or directory";
        return SP_ERR_NOT_FOUND;
    }
    if (file == NULL) {
        file = make(fake, name);
    }
    *out_fd = (int)(file->inode - 1);
    return SP_OK;
}

static void fake_close(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
}

/* A directory is there when a file beneath it is. */
static bool is_directory(const struct fake_disk *fake, struct sp_disk_name name)
{
    const size_t len = strlen(name.path);
    for (size_t i = 0; i < fake->inodes; i++) {
        const struct fake_file *file = &fake->files[i];
        if (file->is_there && file->place == name.place &&
            strncmp(file->path, name.path, len) == 0 && file->path[len] == '/') {
            return true;
        }
    }
    return false;
}

static enum sp_err fake_find(void *ctx, struct sp_disk_name name, struct sp_disk_stat *out)
{
    struct fake_disk *fake = ctx;
    const struct fake_file *file = fake_disk_find(fake, name.place, name.path);
    if (file == NULL && !is_directory(fake, name)) {
        fake->why = "No such file or directory";
        return SP_ERR_NOT_FOUND;
    }
    *out = (struct sp_disk_stat){.device = 1, .inode = file == NULL ? UINT64_MAX : file->inode};
    out->size = file == NULL ? 0 : file->bytes.len;
    return SP_OK;
}

static enum sp_err fake_read(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len,
                             size_t *out_len)
{
    struct fake_disk *fake = ctx;
    struct sp_slice part =
        sp_slice_sub(sp_buf_slice(&fake->files[fd].bytes), (size_t)at, sp_size_min(len, READ_MAX));
    if (part.len > 0) {
        memcpy(out, part.ptr, part.len);
    }
    *out_len = part.len;
    return SP_OK;
}

static enum sp_err put(struct fake_disk *fake, struct sp_buf *file, uint64_t at,
                       struct sp_slice bytes)
{
    const size_t old = at < file->len ? sp_size_min(bytes.len, file->len - (size_t)at) : 0;
    SP_ASSERT(at <= file->len);
    if (bytes.len - old > fake->room) {
        return fail(fake, "No space left on device");
    }
    fake->room -= fake->room == UINT64_MAX ? 0 : bytes.len - old;
    if (old > 0) {
        memcpy(file->ptr + at, bytes.ptr, old);
    }
    return sp_buf_put(file, sp_slice_sub(bytes, old, bytes.len));
}

static enum sp_err fake_write(void *ctx, int fd, uint64_t at, struct sp_slice bytes,
                              size_t *out_len)
{
    struct fake_disk *fake = ctx;
    const size_t len = sp_size_min(bytes.len, READ_MAX); /* short writes are an everyday thing */
    if (fake->is_failing_write) {
        return fail(fake, "Input/output error");
    }
    SP_TRY(put(fake, &fake->files[fd].bytes, at, sp_slice_sub(bytes, 0, len)));
    *out_len = len;
    return SP_OK;
}

static bool is_failing_now(struct fake_disk *fake)
{
    if (!fake->is_counting_syncs) {
        return fake->is_failing_sync;
    }
    fake->syncs_left -= fake->syncs_left > 0 ? 1U : 0U;
    return fake->syncs_left == 0;
}

static enum sp_err fake_sync(void *ctx, int fd)
{
    struct fake_disk *fake = ctx;
    (void)fd;
    fake->syncs++;
    if (is_failing_now(fake)) {
        fake->sync_failures++;
        return fail(fake, "Input/output error");
    }
    return SP_OK;
}

static enum sp_err fake_write_durable(void *ctx, int fd, uint64_t at, struct sp_slice bytes)
{
    struct fake_disk *fake = ctx;
    if (fake->is_failing_write) {
        return fail(fake, "Input/output error");
    }
    SP_TRY(put(fake, &fake->files[fd].bytes, at,
               fake->is_failing_sync ? sp_slice_sub(bytes, 0, fake->durable_most) : bytes));
    return fake_sync(ctx, fd);
}

static enum sp_err fake_sync_names(void *ctx, struct sp_disk_name name)
{
    (void)ctx;
    (void)name;
    return SP_OK;
}

static enum sp_err fake_room(void *ctx, enum sp_disk_place place, uint64_t *out)
{
    const struct fake_disk *fake = ctx;
    (void)place;
    *out = fake->room;
    return SP_OK;
}

/* Names every file by its whole path: one level is enough for whoever walks over all of them. */
static enum sp_err fake_list(void *ctx, struct sp_disk_name name, sp_disk_list_fn *fn, void *fn_ctx)
{
    struct fake_disk *fake = ctx;
    for (size_t i = 0; i < fake->inodes && strcmp(name.path, ".") == 0; i++) {
        const struct fake_file *file = &fake->files[i];
        if (file->is_there && file->place == name.place) {
            SP_TRY(fn(fn_ctx, file->path, false));
        }
    }
    return SP_OK;
}

static const char *fake_reason(void *ctx)
{
    const struct fake_disk *fake = ctx;
    return fake->why;
}

void fake_disk_init(struct fake_disk *fake)
{
    *fake = (struct fake_disk){.room = UINT64_MAX, .durable_most = SIZE_MAX, .why = ""};
    fake->disk = (struct sp_disk){
        .ctx = fake,
        .open = fake_open,
        .close = fake_close,
        .find = fake_find,
        .read = fake_read,
        .write = fake_write,
        .write_durable = fake_write_durable,
        .sync = fake_sync,
        .sync_names = fake_sync_names,
        .room = fake_room,
        .list = fake_list,
        .reason = fake_reason,
    };
}

void fake_disk_done(struct fake_disk *fake)
{
    for (size_t i = 0; i < fake->inodes; i++) {
        sp_buf_done(&fake->files[i].bytes);
    }
}

struct sp_note_key *fake_key(void)
{
    static const uint8_t seed[SP_SIGN_SEED_BYTES] = {5};
    static struct sp_note_key key;
    if (key.key == NULL) {
        SP_ASSERT(sp_note_key_from_seed(sp_slice_of("example.com/log"), seed, &key) == SP_OK);
    }
    return &key;
}

struct sp_key_ring *fake_keys(void)
{
    static const uint8_t seed[SP_SIGN_SEED_BYTES] = {5};
    static struct sp_key_ring ring;
    struct sp_note_key key;
    sp_key_ring_done(&ring);
    SP_ASSERT(sp_note_key_from_seed(sp_slice_of("example.com/log"), seed, &key) == SP_OK);
    SP_ASSERT(sp_key_ring_of(&key, &ring) == SP_OK);
    return &ring;
}

struct fake_file *fake_disk_journal(struct fake_disk *fake)
{
    struct fake_file *latest = NULL;
    uint64_t first = 0;
    for (size_t i = 0; i < fake->inodes; i++) {
        struct fake_file *file = &fake->files[i];
        struct sp_journal_record record;
        if (file->is_there && strncmp(file->path, "journal-", 8) == 0 &&
            sp_journal_peek(sp_buf_slice(&file->bytes), &record) == SP_OK &&
            (latest == NULL || record.first >= first)) {
            latest = file;
            first = record.first;
        }
    }
    return latest;
}

void fake_disk_text(struct fake_disk *fake, struct sp_buf *out)
{
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    if (sp_archive_open(&fake->disk, &archive) != SP_OK) {
        return;
    }
    for (uint64_t i = 0; i < sp_archive_size(archive); i++) {
        struct sp_slice entry = {NULL, 0};
        SP_ASSERT(sp_archive_entry(archive, i, &entry) == SP_OK);
        SP_ASSERT(sp_buf_put(out, entry) == SP_OK && sp_buf_put_byte(out, '\n') == SP_OK);
    }
}

unsigned fake_disk_lines(struct fake_disk *fake, const char *with)
{
    struct sp_buf text;
    unsigned count = 0;
    size_t ignored = 0;
    bool is_failing = fake->is_failing_open;
    fake->is_failing_open = false;
    sp_buf_init(&text, FILE_MAX);
    fake_disk_text(fake, &text);
    fake->is_failing_open = is_failing;
    char *all = sp_buf_take(&text, &ignored);
    SP_ASSERT(all != NULL);
    char *save = NULL;
    for (char *line = strtok_r(all, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        count += strstr(line, with) != NULL ? 1 : 0;
    }
    free(all);
    return count;
}
