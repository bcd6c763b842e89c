/*
 * path - names of files and directories as callers write them, made one form: relative to /mnt/data, no slash at the ends.
 *
 * Runs in: pool.   Input: hostile.   Allocates: through the caller's buffer.
 */
#ifndef SP_POOL_PATH_H
#define SP_POOL_PATH_H

#include "base/buf.h"
#include "wire/session_frame.h"

#define SP_POOL_NAME_MAX ((size_t)240) /* one part of a path, below the 255 of a file system */

/* What an upload may be called is narrower than what a program in a session may have called its files. */
enum sp_pool_path_kind { SP_POOL_PATH_ANY, SP_POOL_PATH_NEW_DIRECTORY, SP_POOL_PATH_NEW_FILE };

/*
 * Appends a decoded path to what is in `out` already (with a slash between). Absolute paths must lie in /mnt/data; empty
 * parts are passed over. SP_ERR_FILE_NAME for `.`, `..`, control characters, what is not UTF-8, and for new names the
 * characters that the API does not take.
 */
enum sp_err sp_pool_path_add(struct sp_slice path, enum sp_pool_path_kind kind, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3);

/* The media type that the end of a name suggests. */
const char *sp_pool_path_type(struct sp_slice name);

#endif
