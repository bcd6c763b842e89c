/*
 * check_source - a line of source with a mark beneath, for a terminal of 80 columns.
 *
 * Runs in: the command line.   Input: hostile.   Allocates: through the caller's buffer.
 */
#ifndef SP_COMMAND_CHECK_SOURCE_H
#define SP_COMMAND_CHECK_SOURCE_H

#include "base/buf.h"
#include "python/facts.h"

/* A text with tabs as one space and other control bytes as dots, so that a terminal obeys none of it. */
enum sp_err check_put_plain(struct sp_buf *out, struct sp_slice text) SP_MUST_CHECK SP_NONNULL(1);

/* The part of the line around the place, and the mark; `on` and `off` switch its colour. Nothing for an empty line. */
enum sp_err check_put_source(struct sp_buf *out, struct sp_slice code, const struct sp_place *place,
                             const char *on, const char *off) SP_MUST_CHECK SP_NONNULL(1, 3, 4, 5);

#endif
