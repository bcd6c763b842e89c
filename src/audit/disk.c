#include "audit/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "base/text.h"

#define PREFIX     "entries-"
#define SUFFIX     ".jsonl"
#define DIGITS     ((size_t)20)
#define FILE_MODE  0640

static enum sp_err failed(struct sp_disk_directory *d)
{
    d->latest_errno = errno;
    return errno == ENOENT ? SP_ERR_NOT_FOUND : SP_ERR_SYSTEM;
}

static enum sp_err disk_open(void *ctx, const char *name, bool is_new, int *out_fd)
{
    struct sp_disk_directory *d = ctx;
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT | O_EXCL : 0);
    int fd = openat(d->fd, name, flags, FILE_MODE);
    if (fd < 0) {
        return failed(d);
    }
    *out_fd = fd;
    return SP_OK;
}

static void disk_close(void *ctx, int fd)
{
    (void)ctx;
    sp_close(fd);
}

static enum sp_err disk_find(void *ctx, const char *name, struct sp_disk_stat *out)
{
    struct sp_disk_directory *d = ctx;
    struct stat st;
    if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return failed(d);
    }
    *out = (struct sp_disk_stat){.device = st.st_dev, .inode = st.st_ino, .size = (uint64_t)st.st_size};
    return SP_OK;
}

static enum sp_err disk_read(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len, size_t *out_len)
{
    struct sp_disk_directory *d = ctx;
    ssize_t got = 0;
    do {
        got = pread(fd, out, len, (off_t)at);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return failed(d);
    }
    *out_len = (size_t)got;
    return SP_OK;
}

static enum sp_err disk_write(void *ctx, int fd, uint64_t at, struct sp_slice bytes, size_t *out_len)
{
    struct sp_disk_directory *d = ctx;
    ssize_t put = 0;
    do {
        put = pwrite(fd, bytes.ptr, bytes.len, (off_t)at);
    } while (put < 0 && errno == EINTR);
    if (put < 0) {
        return failed(d);
    }
    *out_len = (size_t)put;
    return SP_OK;
}

static enum sp_err disk_sync(void *ctx, int fd)
{
    return fdatasync(fd) == 0 ? SP_OK : failed(ctx);
}

static enum sp_err disk_sync_directory(void *ctx)
{
    struct sp_disk_directory *d = ctx;
    return fsync(d->fd) == 0 ? SP_OK : failed(d);
}

static enum sp_err disk_last_segment(void *ctx, uint64_t *out_first)
{
    struct sp_disk_directory *d = ctx;
    /* A descriptor of its own: reading a directory moves a position that a duplicate would share. */
    int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    bool is_found = false;
    uint64_t last = 0;
    if (names == NULL) {
        enum sp_err err = failed(d);
        sp_close(fd);
        return err;
    }
    for (const struct dirent *entry = readdir(names); entry != NULL; entry = readdir(names)) {
        uint64_t first = 0;
        if (sp_segment_first(sp_slice_of(entry->d_name), &first) == SP_OK && (!is_found || first > last)) {
            is_found = true;
            last = first;
        }
    }
    (void)closedir(names);
    if (!is_found) {
        return SP_ERR_NOT_FOUND;
    }
    *out_first = last;
    return SP_OK;
}

static const char *disk_reason(void *ctx)
{
    const struct sp_disk_directory *d = ctx;
    return strerrordesc_np(d->latest_errno);
}

void sp_disk_open_directory(struct sp_disk_directory *directory, int take_fd, struct sp_disk *out)
{
    *directory = (struct sp_disk_directory){.fd = take_fd, .latest_errno = 0};
    *out = (struct sp_disk){
        .ctx = directory,
        .open = disk_open,
        .close = disk_close,
        .find = disk_find,
        .read = disk_read,
        .write = disk_write,
        .sync = disk_sync,
        .sync_directory = disk_sync_directory,
        .last_segment = disk_last_segment,
        .reason = disk_reason,
    };
}

void sp_disk_close_directory(struct sp_disk_directory *directory)
{
    sp_close(directory->fd);
    directory->fd = -1;
}

bool sp_disk_is_directory_gone(const struct sp_disk_directory *directory)
{
    struct stat st;
    return fstat(directory->fd, &st) != 0 || st.st_nlink == 0;
}

void sp_segment_name(uint64_t first, char out[SP_SEGMENT_NAME_BYTES])
{
    struct sp_slice prefix = SP_SLICE_LITERAL(PREFIX);
    struct sp_slice suffix = SP_SLICE_LITERAL(SUFFIX);
    for (size_t i = 0; i < prefix.len; i++) {
        out[i] = (char)prefix.ptr[i];
    }
    for (size_t i = DIGITS; i > 0; i--) {
        out[prefix.len + i - 1] = (char)('0' + first % 10);
        first /= 10;
    }
    for (size_t i = 0; i <= suffix.len; i++) {
        out[prefix.len + DIGITS + i] = i < suffix.len ? (char)suffix.ptr[i] : '\0';
    }
}

enum sp_err sp_segment_first(struct sp_slice name, uint64_t *out_first)
{
    struct sp_slice prefix = SP_SLICE_LITERAL(PREFIX);
    if (!sp_slice_starts(name, PREFIX) || !sp_slice_ends(name, SUFFIX) ||
        name.len != prefix.len + DIGITS + sizeof(SUFFIX) - 1) {
        return SP_ERR_INVALID;
    }
    return sp_parse_u64(sp_slice_sub(name, prefix.len, DIGITS), UINT64_MAX, out_first);
}
