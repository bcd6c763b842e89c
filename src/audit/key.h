/*
 * key - the log's signing key: made at the first start, kept by audit alone.
 *
 * Runs in: audit, before it is confined.   Input: its own directory.   Allocates: the key.
 */
#ifndef SP_AUDIT_KEY_H
#define SP_AUDIT_KEY_H

#include "audit/note.h"

#define SP_LOG_KEY_FILE "key"

/*
 * Reads the key in the directory, or makes one (mode 0600) whose name is the origin of the log. An empty origin stands
 * for one that is made up from the key. SP_ERR_CONFIG when the log has another name than the one that is asked for.
 */
enum sp_err sp_log_key_open(int dir, struct sp_slice origin, struct sp_note_key *out)
    SP_MUST_CHECK SP_NONNULL(3);

#endif
