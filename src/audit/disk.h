/*
 * disk - the calls on the log's directories and files, as a table, so that tests can make each of them fail.
 *
 * Runs in: audit, commands.   Input: directories that others may meddle with.   Allocates: never.
 * There are two places: the log that anybody may be shown, and what is audit's own (journal, keys).
 * Errors: SP_ERR_NOT_FOUND when a name is not there, SP_ERR_SYSTEM for all else; `reason` tells people.
 */
#ifndef SP_AUDIT_DISK_H
#define SP_AUDIT_DISK_H

#include "base/err.h"
#include "base/slice.h"

enum sp_disk_place { SP_DISK_LOG, SP_DISK_OWN, SP_DISK_PLACES };

enum sp_disk_how {
    SP_DISK_READ,
    SP_DISK_MAKE, /* for writing; made when it is not there, with the directories that lead to it */
    SP_DISK_MAKE_PRIVATE, /* the same for its owner alone, in a directory that is there */
    SP_DISK_JOURNAL,      /* one that is there, for write_durable and reading */
};

/* A file by its place and its path beneath that. */
struct sp_disk_name {
    enum sp_disk_place place;
    const char *path;
};

struct sp_disk_stat {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
};

typedef enum sp_err sp_disk_list_fn(void *ctx, const char *name, bool is_directory);

struct sp_disk {
    void *ctx;
    enum sp_err (*open)(void *ctx, struct sp_disk_name name, enum sp_disk_how how, int *out_fd);
    void (*close)(void *ctx, int fd);

    /* What a name points to now. */
    enum sp_err (*find)(void *ctx, struct sp_disk_name name, struct sp_disk_stat *out);

    /* One system call each: what was read or written may be less. */
    enum sp_err (*read)(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len, size_t *out_len);
    enum sp_err (*write)(void *ctx, int fd, uint64_t at, struct sp_slice bytes, size_t *out_len);

    /* Whole blocks of a journal, on the disk when it succeeds. */
    enum sp_err (*write_durable)(void *ctx, int fd, uint64_t at, struct sp_slice bytes);
    enum sp_err (*sync)(void *ctx, int fd);

    /* Makes the names of a file and of the directories that lead to it durable. */
    enum sp_err (*sync_names)(void *ctx, struct sp_disk_name name);

    /* Bytes that may still be written. */
    enum sp_err (*room)(void *ctx, enum sp_disk_place place, uint64_t *out);

    /* Calls `fn` for every name in a directory, in any order; the first error ends it. For commands. */
    enum sp_err (*list)(void *ctx, struct sp_disk_name name, sp_disk_list_fn *fn, void *fn_ctx);

    /* Why the latest call failed. */
    const char *(*reason)(void *ctx);
};

/* The real thing over directory descriptors, which are taken over; the second may be -1. */
struct sp_disk_directory {
    int fds[SP_DISK_PLACES];
    int latest_errno;
    bool
        is_direct; /* journals are written past the page cache, and with the last write they are on the disk */
    uint8_t *block; /* aligned space for that */
};
enum sp_err sp_disk_open_directory(struct sp_disk_directory *directory, int take_log, int take_own,
                                   struct sp_disk *out) SP_MUST_CHECK SP_NONNULL(1, 4);
void sp_disk_close_directory(struct sp_disk_directory *directory) SP_NONNULL(1);

/* Whether a directory itself was removed: then only a new descriptor helps. */
bool sp_disk_is_directory_gone(const struct sp_disk_directory *directory) SP_NONNULL(1);

/* Reads up to `len` bytes, less only at the end of the file; writes them all. */
enum sp_err sp_disk_read_all(const struct sp_disk *disk, int fd, uint64_t at, uint8_t *out,
                             size_t len, size_t *out_len) SP_MUST_CHECK SP_NONNULL(1, 4, 6);
enum sp_err sp_disk_write_all(const struct sp_disk *disk, int fd, uint64_t at,
                              struct sp_slice bytes) SP_MUST_CHECK SP_NONNULL(1);

/* Opens, writes from the beginning and closes; opens, reads at most `room` bytes and closes (SP_ERR_TOO_BIG for more). */
enum sp_err sp_disk_put_file(const struct sp_disk *disk, struct sp_disk_name name,
                             struct sp_slice bytes) SP_MUST_CHECK SP_NONNULL(1);
struct sp_buf;
enum sp_err sp_disk_get_file(const struct sp_disk *disk, struct sp_disk_name name, size_t room,
                             struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 4);

/* Opens, makes what was written durable, and closes. */
enum sp_err sp_disk_sync_file(const struct sp_disk *disk, struct sp_disk_name name)
    SP_MUST_CHECK SP_NONNULL(1);

#endif
