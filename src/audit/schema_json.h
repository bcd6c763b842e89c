/*
 * schema_json - the schema of entries as a JSON Schema, for programs of others.
 *
 * Runs in: commands, tests.   Input: the table of audit/schema.h.   Allocates: through the caller's buffer.
 * docs/log-entry.schema.json is what this writes; a test holds the two together.
 */
#ifndef SP_AUDIT_SCHEMA_JSON_H
#define SP_AUDIT_SCHEMA_JSON_H

#include "base/buf.h"

/* Appends one line. */
enum sp_err sp_schema_json(struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1);

#endif
