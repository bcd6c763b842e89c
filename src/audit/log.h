/*
 * log - the entries on disk: append, then commit all that wait with one sync.
 *
 * Runs in: audit.   Input: a directory that others may meddle with.   Allocates: the batch, at most SP_LOG_BATCH_MAX.
 * It refuses rather than lies: whatever goes wrong (disk full, short write, failed sync, a file that is gone, replaced or
 * changed behind our back), the batch is dropped, the log is broken and says why, and nothing is taken until a fresh
 * descriptor was opened, the end read back, and an entry about it made durable. A failed sync is never tried again on
 * the same descriptor: the kernel may have dropped the pages and would report success. Nothing is ever truncated (the
 * sandbox closes that to this process): what a crash or a failure left behind the last good entry is overwritten by a
 * line of spaces of the same length, and the entry that follows says how long it is.
 */
#ifndef SP_AUDIT_LOG_H
#define SP_AUDIT_LOG_H

#include "audit/disk.h"
#include "audit/open.h"
#include "audit/record.h"

#define SP_LOG_BATCH_MAX     ((size_t)16 * 1024 * 1024)
#define SP_LOG_SEGMENT_BYTES ((uint64_t)64 * 1024 * 1024) /* a start begins a new file past this */
#define SP_LOG_RETRY_US      ((uint64_t)100 * 1000)       /* a broken log is tried again this often at most */

struct sp_log;

/* What a start found. */
struct sp_log_found {
    uint64_t entries; /* the index that comes next */
    uint64_t cut_bytes;
    uint64_t damaged_lines;
};

/*
 * Opens the log and reads the last segment. Intents without outcome are put into `open`. A half-written end is blanked
 * by the first commit, whose first entry has to say so. `disk` is borrowed for the life of the log.
 */
enum sp_err sp_log_open(const struct sp_disk *disk, struct sp_open_set *open, struct sp_log_found *out_found,
                        struct sp_log **out) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);
void sp_log_close(struct sp_log *log);

/* SP_OK when entries are taken; a broken log is tried first, or SP_ERR_LOG_UNAVAILABLE. Nothing may wait in the batch. */
enum sp_err sp_log_ready(struct sp_log *log, uint64_t mono_us, uint64_t wall_us) SP_MUST_CHECK SP_NONNULL(1);
bool sp_log_is_broken(const struct sp_log *log) SP_NONNULL(1);

/* Why it broke, for people. */
const char *sp_log_reason(const struct sp_log *log) SP_NONNULL(1);

/* The stamp of the next entry; a wall clock set back by more than a second is an entry of its own, put first. */
enum sp_err sp_log_stamp(struct sp_log *log, uint64_t wall_us, struct sp_stamp *out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* The batch to append the line with that stamp to; then sp_log_appended counts it. */
struct sp_buf *sp_log_batch(struct sp_log *log) SP_NONNULL(1);
void sp_log_appended(struct sp_log *log, struct sp_stamp stamp) SP_NONNULL(1);
bool sp_log_is_waiting(const struct sp_log *log) SP_NONNULL(1);

/* Makes the batch durable, or drops it whole with SP_ERR_LOG_UNAVAILABLE. */
enum sp_err sp_log_commit(struct sp_log *log) SP_MUST_CHECK SP_NONNULL(1);

/* Counts a request that was refused because the log is broken; the entry of the recovery says how many. */
void sp_log_count_refused(struct sp_log *log) SP_NONNULL(1);

#endif
