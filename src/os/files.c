#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"

#define CHUNK ((size_t)64 * 1024)

static enum sp_err from_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return SP_ERR_NOT_FOUND;
    case ENOMEM:
        return SP_ERR_NOMEM;
    default:
        return SP_ERR_SYSTEM;
    }
}

/* Makes each directory that a '/' in the path ends. */
static enum sp_err make_parents(char *path, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/') {
            continue;
        }
        path[i] = '\0';
        int status = mkdir(path, 0755);
        path[i] = '/';
        if (status != 0 && errno != EEXIST) {
            return from_errno();
        }
    }
    return SP_OK;
}

enum sp_err sp_dir_make(const char *path, mode_t mode)
{
    const struct sp_slice whole = sp_slice_of(path);
    if (whole.len == 0 || whole.len >= SP_FILE_PATH_MAX) {
        return SP_ERR_INVALID;
    }
    SP_AUTO_FREE char *copy = sp_slice_dup(whole);
    if (copy == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(make_parents(copy, whole.len));
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return from_errno();
    }
    return chmod(path, mode) == 0 ? SP_OK : from_errno();
}

enum sp_err sp_dir_open(const char *path, int *out_fd)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return from_errno();
    }
    *out_fd = fd;
    return SP_OK;
}

enum sp_err sp_dir_make_at(int dir, const char *name, mode_t mode, int *out_fd)
{
    if (mkdirat(dir, name, mode) != 0 && errno != EEXIST) {
        return from_errno();
    }
    SP_AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fchmod(fd, mode) != 0) {
        return from_errno();
    }
    *out_fd = sp_take_fd(&fd);
    return SP_OK;
}

static enum sp_err read_all(int fd, struct sp_buf *out)
{
    for (;;) {
        uint8_t *at = NULL;
        /* One byte over the maximum is asked for, so that a file that is too long is noticed. */
        const size_t room = out->max - out->len < CHUNK ? out->max - out->len : CHUNK;
        uint8_t probe = 0;
        if (room > 0) {
            SP_TRY(sp_buf_reserve(out, room, &at));
        }
        const ssize_t got = read(fd, room > 0 ? at : &probe, room > 0 ? room : 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return from_errno();
        }
        if (got == 0) {
            return SP_OK;
        }
        if (room == 0) {
            return SP_ERR_TOO_BIG;
        }
        sp_buf_commit(out, (size_t)got);
    }
}

enum sp_err sp_file_read(const char *path, struct sp_buf *out)
{
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return from_errno();
    }
    return read_all(fd, out);
}

static enum sp_err open_within(int dir, const char *name, const struct open_how *how, int *out_fd)
{
    long fd = syscall(SYS_openat2, dir, name, how, sizeof(*how));
    if (fd < 0) {
        return from_errno();
    }
    *out_fd = (int)fd;
    return SP_OK;
}

enum sp_err sp_file_read_projected(int dir, const char *name, struct sp_buf *out)
{
    const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(open_within(dir, name, &how, &fd));
    return read_all(fd, out);
}

enum sp_err sp_file_open_beneath(int dir, const char *name, int flags, mode_t mode, int *out_fd)
{
    const struct open_how how = {.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
                                 .mode = mode,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return open_within(dir, name, &how, out_fd);
}

enum sp_err sp_file_read_fd(int fd, struct sp_buf *out)
{
    if (lseek(fd, 0, SEEK_SET) != 0) {
        return from_errno();
    }
    return read_all(fd, out);
}

enum sp_err sp_file_read_at(int dir, const char *name, struct sp_buf *out)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(sp_file_open_beneath(dir, name, O_RDONLY, 0, &fd));
    return read_all(fd, out);
}

static enum sp_err write_all(int fd, struct sp_slice bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        const ssize_t wrote = write(fd, bytes.ptr + done, bytes.len - done);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return SP_ERR_SYSTEM;
        }
        done += (size_t)wrote;
    }
    return fsync(fd) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_file_write_private_at(int dir, const char *name, struct sp_slice bytes)
{
    char draft[256];
    const int len = snprintf(draft, sizeof(draft), "%s~", name);
    if (len < 0 || (size_t)len >= sizeof(draft)) {
        return SP_ERR_INVALID;
    }
    if (unlinkat(dir, draft, 0) != 0 && errno != ENOENT) {
        return from_errno();
    }
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(sp_file_open_beneath(dir, draft, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd));
    SP_TRY(write_all(fd, bytes));
    if (renameat(dir, draft, dir, name) != 0 || fsync(dir) != 0) {
        return from_errno();
    }
    return SP_OK;
}
