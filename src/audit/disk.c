#include "audit/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/own.h"

#define FILE_MODE    0640
#define PRIVATE_MODE 0600
#define DIR_MODE     0750
#define BLOCK_BYTES  ((size_t)1024 * 1024) /* of one write to a journal */
#define ALIGNMENT    ((size_t)4096)
#define PATH_BYTES   ((size_t)256)

static enum sp_err failed(struct sp_disk_directory *d)
{
    d->latest_errno = errno;
    return errno == ENOENT ? SP_ERR_NOT_FOUND : SP_ERR_SYSTEM;
}

/* The directories that lead to a path, one after the other; an error is found out by whoever opens the file. */
static void make_directories(const struct sp_disk_directory *d, struct sp_disk_name name)
{
    char path[PATH_BYTES];
    struct sp_slice all = sp_slice_of(name.path);
    for (size_t at = sp_slice_find(all, 0, '/'); at < all.len;
         at = sp_slice_find(all, at + 1, '/')) {
        sp_slice_to_text(sp_slice_sub(all, 0, at), path, sizeof(path));
        (void)mkdirat(d->fds[name.place], path, DIR_MODE);
    }
}

/* A journal is written past the page cache where the file system can do that: less work, and no page that a failed write
 * could leave behind as if it were clean. */
static int open_journal(struct sp_disk_directory *d, struct sp_disk_name name)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(d->fds[name.place], name.path, flags | O_DIRECT | O_DSYNC);
    d->is_direct = fd >= 0;
    return fd >= 0 || errno != EINVAL ? fd : openat(d->fds[name.place], name.path, flags);
}

static int open_file(struct sp_disk_directory *d, struct sp_disk_name name, enum sp_disk_how how)
{
    const int make = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    int fd = -1;
    switch (how) {
    case SP_DISK_READ:
        return openat(d->fds[name.place], name.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    case SP_DISK_JOURNAL:
        return open_journal(d, name);
    case SP_DISK_MAKE_PRIVATE:
        return openat(d->fds[name.place], name.path, make, PRIVATE_MODE);
    case SP_DISK_MAKE:
        fd = openat(d->fds[name.place], name.path, make, FILE_MODE);
        if (fd < 0 && errno == ENOENT) {
            make_directories(d, name);
            fd = openat(d->fds[name.place], name.path, make, FILE_MODE);
        }
        return fd;
    }
    return fd;
}

static enum sp_err disk_open(void *ctx, struct sp_disk_name name, enum sp_disk_how how, int *out_fd)
{
    struct sp_disk_directory *d = ctx;
    int fd = open_file(d, name, how);
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

static enum sp_err disk_find(void *ctx, struct sp_disk_name name, struct sp_disk_stat *out)
{
    struct sp_disk_directory *d = ctx;
    struct stat st;
    if (fstatat(d->fds[name.place], name.path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return failed(d);
    }
    *out = (struct sp_disk_stat){
        .device = st.st_dev, .inode = st.st_ino, .size = (uint64_t)st.st_size};
    return SP_OK;
}

static enum sp_err disk_read(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len,
                             size_t *out_len)
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

static enum sp_err disk_write(void *ctx, int fd, uint64_t at, struct sp_slice bytes,
                              size_t *out_len)
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

static enum sp_err disk_write_durable(void *ctx, int fd, uint64_t at, struct sp_slice bytes)
{
    struct sp_disk_directory *d = ctx;
    size_t done = 0;
    while (done < bytes.len) {
        size_t put = 0;
        size_t len = sp_slice_copy(sp_slice_sub(bytes, done, bytes.len), d->block, BLOCK_BYTES);
        SP_TRY(disk_write(ctx, fd, at + done, sp_slice_make(d->block, len), &put));
        if (put == 0) {
            errno = ENOSPC;
            return failed(d);
        }
        done += put;
    }
    return d->is_direct ? SP_OK : disk_sync(ctx, fd);
}

static enum sp_err sync_directory(struct sp_disk_directory *d, enum sp_disk_place place,
                                  const char *path)
{
    SP_AUTO_CLOSE int fd = openat(d->fds[place], path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? SP_OK : failed(d);
}

static enum sp_err disk_sync_names(void *ctx, struct sp_disk_name name)
{
    struct sp_disk_directory *d = ctx;
    char path[PATH_BYTES];
    struct sp_slice all = sp_slice_of(name.path);
    SP_TRY(sync_directory(d, name.place, "."));
    for (size_t at = sp_slice_find(all, 0, '/'); at < all.len;
         at = sp_slice_find(all, at + 1, '/')) {
        sp_slice_to_text(sp_slice_sub(all, 0, at), path, sizeof(path));
        SP_TRY(sync_directory(d, name.place, path));
    }
    return SP_OK;
}

static enum sp_err disk_room(void *ctx, enum sp_disk_place place, uint64_t *out)
{
    struct sp_disk_directory *d = ctx;
    struct statfs st;
    if (fstatfs(d->fds[place], &st) != 0) {
        return failed(d);
    }
    /* Said at once, though no file may be due to be written there for a while. */
    if ((st.f_flags & ST_RDONLY) != 0) {
        errno = EROFS;
        return failed(d);
    }
    /* A file system that does not count its blocks (some of those in memory) has no end that could be known. */
    *out = st.f_blocks == 0 ? UINT64_MAX : (uint64_t)st.f_bavail * (uint64_t)st.f_bsize;
    return SP_OK;
}

static bool is_directory(int dir, const struct dirent *entry)
{
    struct stat st;
    return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static enum sp_err disk_list(void *ctx, struct sp_disk_name name, sp_disk_list_fn *fn, void *fn_ctx)
{
    struct sp_disk_directory *d = ctx;
    int fd = openat(d->fds[name.place], name.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    enum sp_err err = SP_OK;
    if (names == NULL) {
        err = failed(d);
        sp_close(fd);
        return err;
    }
    for (const struct dirent *entry = readdir(names); entry != NULL && err == SP_OK;
         entry = readdir(names)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            err = fn(fn_ctx, entry->d_name, is_directory(fd, entry));
        }
    }
    (void)closedir(names);
    return err;
}

static const char *disk_reason(void *ctx)
{
    const struct sp_disk_directory *d = ctx;
    return strerrordesc_np(d->latest_errno);
}

enum sp_err sp_disk_open_directory(struct sp_disk_directory *directory, int take_log, int take_own,
                                   struct sp_disk *out)
{
    *directory = (struct sp_disk_directory){.fds = {take_log, take_own}};
    directory->block = aligned_alloc(ALIGNMENT, BLOCK_BYTES);
    *out = (struct sp_disk){
        .ctx = directory,
        .open = disk_open,
        .close = disk_close,
        .find = disk_find,
        .read = disk_read,
        .write = disk_write,
        .write_durable = disk_write_durable,
        .sync = disk_sync,
        .sync_names = disk_sync_names,
        .room = disk_room,
        .list = disk_list,
        .reason = disk_reason,
    };
    return directory->block == NULL ? SP_ERR_NOMEM : SP_OK;
}

void sp_disk_close_directory(struct sp_disk_directory *directory)
{
    for (size_t i = 0; i < SP_DISK_PLACES; i++) {
        sp_close(directory->fds[i]);
        directory->fds[i] = -1;
    }
    free(directory->block);
    directory->block = NULL;
}

bool sp_disk_is_directory_gone(const struct sp_disk_directory *directory)
{
    for (size_t i = 0; i < SP_DISK_PLACES; i++) {
        struct stat st;
        if (directory->fds[i] >= 0 && (fstat(directory->fds[i], &st) != 0 || st.st_nlink == 0)) {
            return true;
        }
    }
    return false;
}

/* --- whole files --- */

enum sp_err sp_disk_read_all(const struct sp_disk *disk, int fd, uint64_t at, uint8_t *out,
                             size_t len, size_t *out_len)
{
    size_t done = 0;
    size_t got = 1;
    while (done < len && got > 0) {
        SP_TRY(disk->read(disk->ctx, fd, at + done, out + done, len - done, &got));
        done += got;
    }
    *out_len = done;
    return SP_OK;
}

enum sp_err sp_disk_write_all(const struct sp_disk *disk, int fd, uint64_t at,
                              struct sp_slice bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        size_t put = 0;
        SP_TRY(disk->write(disk->ctx, fd, at + done, sp_slice_sub(bytes, done, bytes.len), &put));
        if (put == 0) {
            return SP_ERR_SYSTEM;
        }
        done += put;
    }
    return SP_OK;
}

enum sp_err sp_disk_put_file(const struct sp_disk *disk, struct sp_disk_name name,
                             struct sp_slice bytes)
{
    int fd = -1;
    SP_TRY(disk->open(disk->ctx, name, SP_DISK_MAKE, &fd));
    enum sp_err err = sp_disk_write_all(disk, fd, 0, bytes);
    disk->close(disk->ctx, fd);
    return err;
}

enum sp_err sp_disk_get_file(const struct sp_disk *disk, struct sp_disk_name name, size_t room,
                             struct sp_buf *out)
{
    int fd = -1;
    size_t got = 0;
    uint8_t *space = NULL;
    struct sp_disk_stat st = {.size = 0};
    SP_TRY(disk->find(disk->ctx, name, &st));
    if (st.size > room) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_buf_reserve(out, (size_t)st.size + 1, &space));
    SP_TRY(disk->open(disk->ctx, name, SP_DISK_READ, &fd));
    enum sp_err err = sp_disk_read_all(disk, fd, 0, space, (size_t)st.size, &got);
    disk->close(disk->ctx, fd);
    SP_TRY(err);
    sp_buf_commit(out, got);
    return SP_OK;
}

enum sp_err sp_disk_sync_file(const struct sp_disk *disk, struct sp_disk_name name)
{
    int fd = -1;
    SP_TRY(disk->open(disk->ctx, name, SP_DISK_READ, &fd));
    enum sp_err err = disk->sync(disk->ctx, fd);
    disk->close(disk->ctx, fd);
    return err;
}
