/*
 * ocsf - an entry of the log as an event of the Open Cybersecurity Schema Framework: class API Activity (6003).
 *
 * Runs in: commands, and the process that ships the log.   Input: hostile (a log of anybody).
 * Allocates: through the caller's buffer.
 * Version 1.3.0 of the schema, base class without profiles. What the schema has no place for stands under `unmapped` with
 * the names of docs/log-format.md, so that nothing is lost.
 */
#ifndef SP_AUDIT_OCSF_H
#define SP_AUDIT_OCSF_H

#include "audit/entry.h"

#define SP_OCSF_SCHEMA_VERSION "1.3.0"
#define SP_OCSF_CLASS          6003U

/* Appends one event, compact JSON without a line end. `origin` is the log's name, `version` the product's. */
enum sp_err sp_ocsf_put(const struct sp_entry *entry, struct sp_slice origin,
                        struct sp_slice version, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 4);

#endif
