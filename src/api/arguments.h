/*
 * arguments - what a request says beside its body, as far as it is not a name of anybody: front tells inspect.
 *
 * Runs in: front (writes), inspect (reads).   Input: hostile on reading.   Allocates: never.
 */
#ifndef SP_API_ARGUMENTS_H
#define SP_API_ARGUMENTS_H

#include "base/reader.h"
#include "base/writer.h"

#define SP_ARGUMENTS_TEXT_MAX     ((size_t)8192)
#define SP_ARGUMENTS_SESSIONS_MAX ((size_t)16384)

/* All as the client wrote it, decoded but not checked. */
struct sp_arguments {
    struct sp_slice name;         /* of a file, or the id of an execution */
    struct sp_slice path;         /* the directory of a file */
    struct sp_slice content_type; /* of the body */
    struct sp_slice sessions;     /* of a list of sessions: their names at the pool, as blocks */
    bool is_recursive;
};

void sp_arguments_write(struct sp_writer *w, const struct sp_arguments *arguments) SP_NONNULL(1, 2);

/* Reads a whole one; `out` borrows from `in`. SP_ERR_WIRE for anything that sp_arguments_write does not write. */
enum sp_err sp_arguments_read(struct sp_slice in, struct sp_arguments *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
