/*
 * files - directories and small private files of the service.
 *
 * Runs in: supervisor, commands.   Input: trusted paths.   Allocates: through the caller's buffer.
 */
#ifndef SP_OS_FILES_H
#define SP_OS_FILES_H

#include <sys/types.h>

#include "base/buf.h"

#define SP_FILE_PATH_MAX ((size_t)4096)

/* Makes a directory and what leads to it; the last one gets `mode`, also when it is there already. */
enum sp_err sp_dir_make(const char *path, mode_t mode) SP_MUST_CHECK SP_NONNULL(1);

/* Makes one directory beneath another with a mode (also when it is there) and opens it. */
enum sp_err sp_dir_make_at(int dir, const char *name, mode_t mode, int *out_fd)
    SP_MUST_CHECK SP_NONNULL(2, 4);

/* An open directory by its name; the caller closes it. */
enum sp_err sp_dir_open(const char *path, int *out_fd) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends a whole file to `out`; SP_ERR_NOT_FOUND, or SP_ERR_TOO_BIG past the buffer's maximum. */
enum sp_err sp_file_read(const char *path, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2);

/* The same for an open file, from its beginning, wherever the descriptor stands. */
enum sp_err sp_file_read_fd(int fd, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* The same for a name beneath `dir`, following links that stay beneath it (a projected file is behind two). */
enum sp_err sp_file_read_projected(int dir, const char *name, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* The same for a name beneath `dir`, without following links or leaving it. */
enum sp_err sp_file_read_at(int dir, const char *name, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* Replaces a file beneath `dir` in one step: mode 0600, durable, whole or not at all. */
enum sp_err sp_file_write_private_at(int dir, const char *name, struct sp_slice bytes)
    SP_MUST_CHECK SP_NONNULL(2);

/* Opens beneath `dir`: no links, no way out (openat2). */
enum sp_err sp_file_open_beneath(int dir, const char *name, int flags, mode_t mode, int *out_fd)
    SP_MUST_CHECK SP_NONNULL(2, 5);

#endif
