/*
 * log - the log as it grows: entries are appended, and one durable write commits all that wait.
 *
 * Runs in: audit.   Input: directories that others may meddle with.   Allocates: what one commit holds, bounded.
 * A commit writes one record to the journal (audit/journal.h): the entries and the signed checkpoint over them. Tiles,
 * bundles and the checkpoint for readers are laid down behind it (audit/store.h) and can be made again from it.
 * It refuses rather than lies: whatever goes wrong (disk full, short write, failed sync, a file that is gone, replaced or
 * changed behind our back), the batch is dropped, the log is broken and says why, and nothing is taken until a fresh
 * descriptor was opened, the end read back, and an entry about it made durable. A failed sync is never tried again on
 * the same descriptor: the kernel may have dropped the pages and would report success. Nothing is ever truncated,
 * renamed or removed (the sandbox closes that to this process): what a crash or a failure left behind the last good
 * record is overwritten, and the entry that follows says how long it was.
 */
#ifndef SP_AUDIT_LOG_H
#define SP_AUDIT_LOG_H

#include "audit/disk.h"
#include "audit/key.h"
#include "audit/note.h"
#include "audit/open.h"
#include "audit/record.h"
#include "audit/still.h"

#define SP_LOG_RETRY_US ((uint64_t)100 * 1000) /* a broken log is tried again this often at most */
#define SP_LOG_PUBLISH_US                                                                          \
    ((uint64_t)1000 * 1000) /* the checkpoint for readers follows the entries this far behind */
#define SP_LOG_ROOM_MIN                                                                            \
    ((uint64_t)1024 * 1024) /* below this the disk counts as full: tiles must be laid down yet */

struct sp_log;

/* What a start found. */
struct sp_log_found {
    uint64_t entries;      /* the index that comes next */
    uint64_t cut_bytes;    /* of a half-written end that will be overwritten */
    uint64_t lost_entries; /* that were published once and are not there any more */
    struct sp_still
        *still; /* in: takes in runs that may go on (audit/still.h); NULL: nobody asks */
};

/*
 * Opens the log, or begins one. Intents without outcome are put into `open`. `disk` and `keys` are borrowed for the life
 * of the log; which of the keys is the present one is found out. On failure `out_reason` says why, for people.
 */
enum sp_err sp_log_open(const struct sp_disk *disk, struct sp_key_ring *keys,
                        struct sp_open_set *open, struct sp_log_found *out_found,
                        struct sp_log **out, const char **out_reason)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4, 5, 6);
void sp_log_close(struct sp_log *log);

/* SP_OK when entries are taken; a broken log is tried first, or SP_ERR_LOG_UNAVAILABLE. Nothing may wait in the batch. */
enum sp_err sp_log_ready(struct sp_log *log, uint64_t mono_us, uint64_t wall_us)
    SP_MUST_CHECK SP_NONNULL(1);
bool sp_log_is_broken(const struct sp_log *log) SP_NONNULL(1);

/* Why it broke, for people; "" while all is well. */
const char *sp_log_reason(const struct sp_log *log) SP_NONNULL(1);

/* The stamp of the next entry; a wall clock set back by more than a second is an entry of its own, put first. */
enum sp_err sp_log_stamp(struct sp_log *log, uint64_t wall_us, struct sp_stamp *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* The empty buffer to write the entry with that stamp to; then sp_log_take puts it into the batch. */
struct sp_buf *sp_log_line(struct sp_log *log) SP_NONNULL(1);
enum sp_err sp_log_take(struct sp_log *log, struct sp_stamp stamp) SP_MUST_CHECK SP_NONNULL(1);
bool sp_log_is_waiting(const struct sp_log *log) SP_NONNULL(1);

/* Whether the batch is so long that it should be committed before more is appended. */
bool sp_log_is_full(const struct sp_log *log) SP_NONNULL(1);

/*
 * Makes the batch durable, or drops it whole with SP_ERR_LOG_UNAVAILABLE. `oldest_open` is the index of the oldest
 * intent without outcome, UINT64_MAX when there is none: where the next start looks for them.
 */
enum sp_err sp_log_commit(struct sp_log *log, uint64_t oldest_open) SP_MUST_CHECK SP_NONNULL(1);

/* Drops the batch as a failed commit does, for a reason that is not the log's own; it is tried again as after any other. */
enum sp_err sp_log_break(struct sp_log *log, const char *reason) SP_MUST_CHECK SP_NONNULL(1, 2);

/*
 * Another key takes the place of the one that signs (audit/rotate.c): two entries, each with a commit of its own. Nothing
 * may wait in the batch. When the power goes in between, or the disk fails, the change is either not made or owed:
 * sp_log_end_rotation records what is owed, and does nothing when nothing is.
 */
enum sp_err sp_log_rotate(struct sp_log *log, uint64_t wall_us, uint64_t oldest_open)
    SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_log_end_rotation(struct sp_log *log, uint64_t wall_us, uint64_t oldest_open)
    SP_MUST_CHECK SP_NONNULL(1);
bool sp_log_owes_rotation(const struct sp_log *log) SP_NONNULL(1);

/* Overwrites the private parts of keys that do not sign any more, also those of a change that was cut off just there. */
enum sp_err sp_log_retire_keys(struct sp_log *log) SP_MUST_CHECK SP_NONNULL(1);

/* Whether somebody asked for that: the file `rotate` names the key that signs now. */
bool sp_log_is_rotation_asked(const struct sp_log *log) SP_NONNULL(1);

/* The public key that signs now, in its text form. */
enum sp_err sp_log_key_text(const struct sp_log *log, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Lays down what was committed, for readers; what fails is tried again and breaks the log meanwhile. */
void sp_log_lay(struct sp_log *log) SP_NONNULL(1);

/* Publishes when it is time, and makes laid tiles durable bit by bit; call it about every 100 ms. `is_last`: all now. */
void sp_log_tick(struct sp_log *log, uint64_t mono_us, bool is_last) SP_NONNULL(1);

/* Counts a request that was refused because the log is broken; the entry of the recovery says how many. */
void sp_log_count_refused(struct sp_log *log) SP_NONNULL(1);

#endif
