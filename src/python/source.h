/*
 * source - the text of a Python file: its byte order mark and coding cookie, as CPython reads them.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: through its buffer.
 * UTF-8, ASCII and Latin-1 are decoded; any other encoding is refused by its name.
 */
#ifndef SP_PYTHON_SOURCE_H
#define SP_PYTHON_SOURCE_H

#include "base/buf.h"
#include "base/where.h"

/* Writes the source as UTF-8. SP_ERR_UTF8 or SP_ERR_UNSUPPORTED, with the reason in `out_where`. */
enum sp_err sp_python_source(struct sp_slice file, struct sp_buf *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
