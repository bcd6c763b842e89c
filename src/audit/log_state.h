/*
 * log_state - the inside of the log, shared by its files: log.c commits, journals.c has the files, replay.c starts.
 *
 * Runs in: audit.   Allocates: never by itself.
 */
#ifndef SP_AUDIT_LOG_STATE_H
#define SP_AUDIT_LOG_STATE_H

#include "audit/journal.h"
#include "audit/log.h"
#include "audit/store.h"

#define SP_LATEST_PATH       "latest" /* our own copy of the latest published checkpoint */
#define SP_JOURNAL_NAMES_MAX 16U
#define SP_JOURNAL_PATH_MAX  ((size_t)16)
#define SP_JOURNAL_TAIL      ((size_t)4096)

/* A journal file and the entries that its records hold. */
struct sp_journal_file {
    unsigned number;
    uint64_t first; /* equal to `end` when it holds none */
    uint64_t end;
};

struct sp_log {
    const struct sp_disk *disk;
    struct sp_key_ring *keys;
    const struct sp_note_key *next; /* signs too, while it takes over */
    struct sp_buf cross; /* the checkpoint that two keys signed, until an entry holds it */
    struct sp_store store;
    struct sp_merkle_range range; /* of the durable entries */
    struct sp_buf note;           /* the checkpoint over them */

    struct sp_journal_file current;
    struct sp_journal_file other;
    int fd; /* of the current file */
    struct sp_disk_stat stat;
    uint64_t at;        /* behind its last good record */
    uint64_t cut;       /* bytes of a record that was begun there */
    struct sp_buf tail; /* the last block in front of that, to be read back after a failure */

    struct sp_buf line;
    struct sp_buf record; /* the batch */
    struct sp_buf leaves; /* its hashes */
    uint64_t waiting;     /* entries in it */
    struct sp_buf laying; /* entries that are committed but not all laid down */
    struct sp_buf laying_leaves;
    size_t laid; /* bytes of those that are */
    uint64_t laid_count;
    struct sp_merkle_range laid_range;

    uint64_t oldest_open; /* as the latest commit was told */
    uint64_t latest_us;   /* time of the latest entry, in the batch too */
    uint64_t durable_us;  /* time of the latest durable entry */
    const char *reason;   /* NULL while all is well */
    uint64_t tried_us;
    uint64_t refused;
    uint64_t published_us;
};

/* --- journals.c --- */

struct sp_disk_name sp_journal_name(unsigned number, char out[SP_JOURNAL_PATH_MAX]) SP_NONNULL(2);

/* Makes a journal file, or makes it as long as it has to be; durable. */
enum sp_err sp_journal_prepare(const struct sp_disk *disk, unsigned number)
    SP_MUST_CHECK SP_NONNULL(1);

/*
 * Reads the records of a journal file as long as each goes on where the one before ended, and the block behind them. A
 * record that is wrong in itself ends them, whole or torn. SP_ERR_TOO_BIG for a file that is none of ours.
 */
enum sp_err sp_journal_load(const struct sp_disk *disk, unsigned number, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Opens the current file. */
enum sp_err sp_log_open_journal(struct sp_log *log) SP_MUST_CHECK SP_NONNULL(1);
void sp_log_close_journal(struct sp_log *log) SP_NONNULL(1);

/* Whether the file under the current name is the one that we wrote, up to the last durable record. */
bool sp_log_is_journal_ours(struct sp_log *log) SP_NONNULL(1);

/* Goes on in the other file: what that one holds must be durable in tiles first. */
enum sp_err sp_log_turn_over(struct sp_log *log) SP_MUST_CHECK SP_NONNULL(1);

/* Goes on in a new file, because the current one is gone: all that it held is made durable in tiles first. */
enum sp_err sp_log_new_journal(struct sp_log *log) SP_MUST_CHECK SP_NONNULL(1);

/* --- log.c --- */

/* Writes the partial tiles and the checkpoint. */
enum sp_err sp_log_publish(struct sp_log *log) SP_MUST_CHECK SP_NONNULL(1);

/* --- replay.c --- */

enum sp_err sp_log_replay(struct sp_log *log, struct sp_open_set *open, struct sp_log_found *found,
                          const char **out_reason) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);

#endif
