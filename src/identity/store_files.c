#include "identity/store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/slice.h"
#include "crypto/random.h"
#include "identity/store.h"

/* Where SQLite puts its locks (its file format, "locking"): beyond what any file of ours reaches. */
#define LOCK_PENDING    0x40000000L
#define LOCK_RESERVED   (LOCK_PENDING + 1)
#define LOCK_SHARED     (LOCK_PENDING + 2)
#define SHARED_BYTES    510L

/* The Julian day of 1970, in milliseconds. */
#define EPOCH_JULIAN_MS 210866760000000LL

struct file {
    sqlite3_file base; /* SQLite's part stands first */
    int fd;            /* borrowed */
    bool is_locked;
};

static struct {
    int db;
    int journal;
} descriptors = {-1, -1};

static int file_close(sqlite3_file *base)
{
    (void)base;
    return SQLITE_OK;
}

/* SQLite wants the rest zeroed when the file ends first. */
static int file_read(sqlite3_file *base, void *to, int len, sqlite3_int64 offset)
{
    const struct file *file = (const struct file *)(const void *)base;
    uint8_t *out = to;
    size_t done = 0;
    while (done < (size_t)len) {
        const ssize_t got =
            pread(file->fd, out + done, (size_t)len - done, (off_t)(offset + (sqlite3_int64)done));
        if (got < 0 && errno != EINTR) {
            return SQLITE_IOERR_READ;
        }
        if (got == 0) {
            memset(out + done, 0, (size_t)len - done);
            return SQLITE_IOERR_SHORT_READ;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *from, int len, sqlite3_int64 offset)
{
    (void)base;
    (void)from;
    (void)len;
    (void)offset;
    return SQLITE_READONLY;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    (void)base;
    (void)size;
    return SQLITE_READONLY;
}

static int file_sync(sqlite3_file *base, int flags)
{
    (void)base;
    (void)flags;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    const struct file *file = (const struct file *)(const void *)base;
    struct stat st;
    if (fstat(file->fd, &st) != 0) {
        return SQLITE_IOERR_FSTAT;
    }
    *out = st.st_size;
    return SQLITE_OK;
}

static int set_lock(int fd, short type, long start, long len)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    if (fcntl(fd, F_SETLK, &lock) == 0) {
        return SQLITE_OK;
    }
    return errno == EACCES || errno == EAGAIN ? SQLITE_BUSY : SQLITE_IOERR_LOCK;
}

/* A shared lock, behind a look at whether a writer waits for readers to leave. A reader never asks for more. */
static int file_lock(sqlite3_file *base, int level)
{
    struct file *file = (struct file *)(void *)base;
    if (level != SQLITE_LOCK_SHARED) {
        return SQLITE_READONLY;
    }
    if (file->is_locked) {
        return SQLITE_OK;
    }
    int err = set_lock(file->fd, F_RDLCK, LOCK_PENDING, 1);
    if (err != SQLITE_OK) {
        return err;
    }
    err = set_lock(file->fd, F_RDLCK, LOCK_SHARED, SHARED_BYTES);
    const int left = set_lock(file->fd, F_UNLCK, LOCK_PENDING, 1);
    file->is_locked = err == SQLITE_OK;
    return err == SQLITE_OK ? left : err;
}

static int file_unlock(sqlite3_file *base, int level)
{
    struct file *file = (struct file *)(void *)base;
    if (level != SQLITE_LOCK_NONE || !file->is_locked) {
        return SQLITE_OK;
    }
    file->is_locked = false;
    return set_lock(file->fd, F_UNLCK, 0, 0);
}

static int file_check_reserved(sqlite3_file *base, int *out)
{
    const struct file *file = (const struct file *)(const void *)base;
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_RESERVED, .l_len = 1};
    if (fcntl(file->fd, F_GETLK, &lock) != 0) {
        return SQLITE_IOERR_CHECKRESERVEDLOCK;
    }
    *out = lock.l_type != F_UNLCK;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int what, void *argument)
{
    (void)base;
    (void)what;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int file_characteristics(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

static bool is_journal(const char *name)
{
    return sp_slice_ends(sp_slice_of(name), SP_TOKEN_STORE_JOURNAL);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                    int *out_flags)
{
    struct file *file = (struct file *)(void *)base;
    (void)vfs;
    file->base.pMethods = NULL;
    if (name == NULL || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL)) == 0) {
        return SQLITE_CANTOPEN;
    }
    file->fd = is_journal(name) ? descriptors.journal : descriptors.db;
    file->is_locked = false;
    file->base.pMethods = &file_methods;
    if (out_flags != NULL) {
        *out_flags = SQLITE_OPEN_READONLY;
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int is_durable)
{
    (void)vfs;
    (void)name;
    (void)is_durable;
    return SQLITE_READONLY;
}

/* An empty journal counts as none, as it does for SQLite's own view of files. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    struct stat st;
    (void)vfs;
    (void)flags;
    *out = is_journal(name) && fstat(descriptors.journal, &st) == 0 && st.st_size > 0;
    return SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
    (void)vfs;
    sp_slice_to_text(sp_slice_of(name), out, (size_t)room);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    return sp_random_fill((uint8_t *)out, (size_t)len) == SP_OK ? len : 0;
}

/* Nobody waits in admit: what is locked is asked for again at the next turn. */
static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    (void)us;
    return 0;
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    *out = EPOCH_JULIAN_MS + (sqlite3_int64)(sp_clock_wall_us() / 1000);
    return SQLITE_OK;
}

static int vfs_time_days(sqlite3_vfs *vfs, double *out)
{
    sqlite3_int64 ms = 0;
    (void)vfs_time(vfs, &ms);
    *out = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int room, char *out)
{
    (void)vfs;
    (void)room;
    (void)out;
    return errno;
}

enum sp_err sp_store_files_register(int db, int journal)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = sizeof(struct file),
        .mxPathname = 128,
        .zName = SP_STORE_FILES_NAME,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_name,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time_days,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time,
    };
    descriptors.db = db;
    descriptors.journal = journal;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? SP_OK : SP_ERR_SYSTEM;
}
