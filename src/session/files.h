/*
 * files - what the pool asks of a session's files, done beneath /mnt/data and nowhere else.
 *
 * Runs in: init of a session.   Input: paths that the pool checked, in a tree that hostile code changes meanwhile.
 * Allocates: a list's part in the caller's scratch buffer.
 * Every path is opened beneath one directory descriptor (openat2), without links of any kind: a link, a `..` or a mount
 * made by a session leads nowhere. Only regular files are handed out, as open descriptors, so the pool itself never
 * opens anything.
 */
#ifndef SP_SESSION_FILES_H
#define SP_SESSION_FILES_H

#include "wire/session_frame.h"

#define SP_FILES_UPLOADS_MAX 16U /* begun and neither committed nor aborted */

/* A new file that has not got its name yet. */
struct sp_files_upload {
    uint64_t request; /* 0: this row is free */
    int directory;
    char name[256]; /* the one it will have */
};

struct sp_files {
    int data;
    struct sp_files_upload uploads[SP_FILES_UPLOADS_MAX];
};

/* `data` is borrowed. */
void sp_files_init(struct sp_files *files, int data) SP_NONNULL(1);
void sp_files_done(struct sp_files *files) SP_NONNULL(1);

/* Does what a FILE frame asks and answers to `to`; fails only when that cannot be sent. */
enum sp_err sp_files_do(struct sp_files *files, int to, const struct sp_frame *ask,
                        struct sp_buf *scratch) SP_MUST_CHECK SP_NONNULL(1, 3, 4);

#endif
