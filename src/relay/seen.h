/*
 * seen - what an embedded pool's witness saw of a run, as facts for the log.
 *
 * Runs in: relay.   Input: hostile (a session can write to its witness's page).   Allocates: through the caller's buffer.
 */
#ifndef SP_RELAY_SEEN_H
#define SP_RELAY_SEEN_H

#include "base/buf.h"
#include "codec/json.h"

#define SP_SEEN_BYTES_MAX ((size_t)512) /* every capability counted and denied fits */

/*
 * Appends blocks of text: "network 2" for a count, "network denied" for a refusal, "witness incomplete". Only our own words
 * and numbers go on, so that a session cannot write into the log. Nothing for a pool that says nothing (NULL).
 */
enum sp_err sp_seen_read(const struct sp_json *doc, const struct sp_json_value *seen,
                         struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(3);

#endif
