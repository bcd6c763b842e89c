/*
 * disk - the calls on the log's directory and files, as a table, so that tests can make each of them fail.
 *
 * Runs in: audit, commands.   Input: a directory that others may meddle with.   Allocates: never.
 * Errors: SP_ERR_NOT_FOUND when a name is not there, SP_ERR_SYSTEM for all else; `reason` tells people.
 */
#ifndef SP_AUDIT_DISK_H
#define SP_AUDIT_DISK_H

#include "base/err.h"
#include "base/slice.h"

#define SP_SEGMENT_NAME_BYTES ((size_t)40)

struct sp_disk_stat {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
};

struct sp_disk {
    void *ctx;

    /* Opens for reading and writing; `is_new` makes it and fails when the name is taken. */
    enum sp_err (*open)(void *ctx, const char *name, bool is_new, int *out_fd);
    void (*close)(void *ctx, int fd);

    /* What a name points to now. */
    enum sp_err (*find)(void *ctx, const char *name, struct sp_disk_stat *out);

    /* One system call each: what was read or written may be less. */
    enum sp_err (*read)(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len, size_t *out_len);
    enum sp_err (*write)(void *ctx, int fd, uint64_t at, struct sp_slice bytes, size_t *out_len);
    enum sp_err (*sync)(void *ctx, int fd);
    enum sp_err (*sync_directory)(void *ctx);

    /* The highest first index among the segments' names; SP_ERR_NOT_FOUND when there is none. */
    enum sp_err (*last_segment)(void *ctx, uint64_t *out_first);

    /* Why the latest call failed. */
    const char *(*reason)(void *ctx);
};

/* The real thing over a directory descriptor, which is taken over. */
struct sp_disk_directory {
    int fd;
    int latest_errno;
};
void sp_disk_open_directory(struct sp_disk_directory *directory, int take_fd, struct sp_disk *out) SP_NONNULL(1, 3);
void sp_disk_close_directory(struct sp_disk_directory *directory) SP_NONNULL(1);

/* Whether the directory itself was removed: then only a new descriptor helps. */
bool sp_disk_is_directory_gone(const struct sp_disk_directory *directory) SP_NONNULL(1);

/* "entries-00000000000000000000.jsonl": the segment whose first entry has this index, and back. */
void sp_segment_name(uint64_t first, char out[SP_SEGMENT_NAME_BYTES]) SP_NONNULL(2);
enum sp_err sp_segment_first(struct sp_slice name, uint64_t *out_first) SP_MUST_CHECK SP_NONNULL(2);

#endif
