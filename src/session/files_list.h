/*
 * files_list - walks a session's directories and sends what is there, a part a frame.
 *
 * Runs in: init of a session.   Input: a tree that hostile code changes meanwhile.   Allocates: one frame's
 * part, and the names of directories that are still to be looked into.
 * Only files.c includes this; what it lends to files_list.c stands here as well.
 */
#ifndef SP_SESSION_FILES_LIST_H
#define SP_SESSION_FILES_LIST_H

#include <sys/stat.h>

#include "session/files.h"

/* Names of files that are not whole yet; lists leave them out. */
#define SP_FILES_TEMPORARY ".sallyport-upload-"

/* Opens beneath `data` without following a link; negative with errno set. */
int sp_files_open(int data, const char *path, int flags, mode_t mode) SP_NONNULL(2);

enum sp_file_end sp_files_end_of(int number);
uint64_t sp_files_changed_us(const struct stat *about) SP_NONNULL(1);

/* LISTED frames, as many as needed; how it ended goes to `*out_end`. Fails only when they cannot be sent. */
enum sp_err sp_files_list(int data, int to, const struct sp_frame *ask, struct sp_buf *scratch,
                          enum sp_file_end *out_end) SP_MUST_CHECK SP_NONNULL(3, 4, 5);

#endif
