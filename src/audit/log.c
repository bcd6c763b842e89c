#include "audit/log.h"

#include <stdlib.h>

#include "audit/log_state.h"
#include "base/num.h"

#define CLOCK_STEP_US ((uint64_t)1000 * 1000)
#define BATCH_FULL    ((size_t)512 * 1024)
#define BATCH_ENTRIES ((size_t)16384)
#define SYNC_BUNDLES  4U /* of a tick */

static enum sp_err broken(struct sp_log *log, const char *reason)
{
    log->reason = reason;
    log->waiting = 0;
    log->latest_us = log->durable_us;
    sp_buf_clear(&log->record);
    sp_buf_clear(&log->leaves);
    return SP_ERR_LOG_UNAVAILABLE;
}

enum sp_err sp_log_break(struct sp_log *log, const char *reason)
{
    return broken(log, reason);
}

static const char *why_of(const struct sp_log *log, enum sp_err err)
{
    if (err == SP_ERR_CORRUPT) {
        return "a file of the log was replaced by a longer one; move it away";
    }
    return err == SP_ERR_FULL ? "there are too many journals of others; move them away"
                              : log->disk->reason(log->disk->ctx);
}

static enum sp_err broken_by(struct sp_log *log, enum sp_err err)
{
    return broken(log, why_of(log, err));
}

/* --- life --- */

static struct sp_log *new_log(const struct sp_disk *disk, struct sp_key_ring *keys)
{
    struct sp_log *log = calloc(1, sizeof(*log));
    if (log != NULL) {
        log->disk = disk;
        log->keys = keys;
        log->fd = -1;
        sp_buf_init(&log->note, SP_NOTE_BYTES_MAX);
        sp_buf_init(&log->cross, SP_NOTE_BYTES_MAX);
        sp_buf_init(&log->tail, SP_JOURNAL_TAIL);
        sp_buf_init(&log->line, SP_RECORD_BYTES_MAX);
        sp_buf_init(&log->record, SP_JOURNAL_RECORD_MAX);
        sp_buf_init(&log->leaves, BATCH_ENTRIES * sizeof(struct sp_node));
        sp_buf_init(&log->laying, SP_JOURNAL_RECORD_MAX);
        sp_buf_init(&log->laying_leaves, BATCH_ENTRIES * sizeof(struct sp_node));
    }
    return log;
}

enum sp_err sp_log_open(const struct sp_disk *disk, struct sp_key_ring *keys,
                        struct sp_open_set *open, struct sp_log_found *out_found,
                        struct sp_log **out, const char **out_reason)
{
    struct sp_log *log = new_log(disk, keys);
    struct sp_log_found found = {.entries = 0, .still = out_found->still};
    *out_reason = "memory is used up";
    if (log == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = sp_store_init(&log->store, disk);
    if (err == SP_OK) {
        err = sp_log_replay(log, open, &found, out_reason);
    }
    if (err != SP_OK) {
        sp_log_close(log);
        return err;
    }
    found.entries = log->range.size;
    *out_found = found;
    *out = log;
    return SP_OK;
}

void sp_log_close(struct sp_log *log)
{
    if (log == NULL) {
        return;
    }
    sp_log_close_journal(log);
    sp_store_done(&log->store);
    sp_buf_done(&log->note);
    sp_buf_done(&log->cross);
    sp_buf_done(&log->tail);
    sp_buf_done(&log->line);
    sp_buf_done(&log->record);
    sp_buf_done(&log->leaves);
    sp_buf_done(&log->laying);
    sp_buf_done(&log->laying_leaves);
    free(log);
}

bool sp_log_is_broken(const struct sp_log *log)
{
    return log->reason != NULL;
}

const char *sp_log_reason(const struct sp_log *log)
{
    return log->reason == NULL ? "" : log->reason;
}

void sp_log_count_refused(struct sp_log *log)
{
    log->refused++;
}

/* --- appending --- */

enum sp_err sp_log_stamp(struct sp_log *log, uint64_t wall_us, struct sp_stamp *out)
{
    if (log->latest_us > CLOCK_STEP_US && wall_us < log->latest_us - CLOCK_STEP_US) {
        struct sp_stamp step = {.index = log->range.size + log->waiting, .wall_us = wall_us};
        SP_TRY(sp_record_clock(step, log->latest_us - wall_us, sp_log_line(log)));
        SP_TRY(sp_log_take(log, step));
    }
    /* A smaller step back, as clocks are adjusted all the time, only holds the time where it is. */
    uint64_t at_us = wall_us > log->latest_us ? wall_us : log->latest_us;
    *out = (struct sp_stamp){.index = log->range.size + log->waiting, .wall_us = at_us};
    return SP_OK;
}

struct sp_buf *sp_log_line(struct sp_log *log)
{
    sp_buf_clear(&log->line);
    return &log->line;
}

enum sp_err sp_log_take(struct sp_log *log, struct sp_stamp stamp)
{
    struct sp_slice entry = sp_buf_slice(&log->line);
    struct sp_node leaf;
    if (log->record.len == 0) {
        SP_TRY(sp_journal_begin(&log->record));
    }
    SP_TRY(sp_merkle_leaf(entry, &leaf));
    SP_TRY(sp_buf_put(&log->leaves, sp_node_slice(&leaf)));
    enum sp_err err = sp_journal_add(&log->record, entry);
    if (err != SP_OK) {
        sp_buf_truncate(&log->leaves, log->leaves.len - sizeof(leaf));
        return err;
    }
    log->waiting++;
    log->latest_us = stamp.wall_us;
    return SP_OK;
}

bool sp_log_is_waiting(const struct sp_log *log)
{
    return log->waiting > 0;
}

bool sp_log_is_full(const struct sp_log *log)
{
    return log->record.len >= BATCH_FULL || log->waiting >= BATCH_ENTRIES / 4;
}

/* --- committing --- */

/* NULL, or why nothing can be written just now. */
static const char *trouble(struct sp_log *log)
{
    char path[SP_JOURNAL_PATH_MAX];
    struct sp_disk_stat now = {.size = 0};
    uint64_t room = 0;
    const struct sp_disk *disk = log->disk;
    if (disk->find(disk->ctx, sp_journal_name(log->current.number, path), &now) != SP_OK) {
        return disk->reason(disk->ctx);
    }
    if (now.device != log->stat.device || now.inode != log->stat.inode ||
        now.size != log->stat.size) {
        return "the journal was replaced or changed by another program";
    }
    if (disk->room(disk->ctx, SP_DISK_LOG, &room) != SP_OK) {
        return disk->reason(disk->ctx);
    }
    if (room < SP_LOG_ROOM_MIN) {
        return "No space left on device";
    }
    return sp_store_trouble(&log->store);
}

static struct sp_node leaf_at(const struct sp_buf *leaves, uint64_t at)
{
    struct sp_node node = {{0}};
    (void)sp_slice_copy(sp_slice_sub(sp_buf_slice(leaves), (size_t)at * sizeof(node), sizeof(node)),
                        node.bytes, sizeof(node.bytes));
    return node;
}

/* Grows the tree by the batch and puts the signed checkpoint behind the entries. */
static enum sp_err seal(struct sp_log *log, uint64_t oldest_open, struct sp_merkle_range *range,
                        struct sp_buf *note)
{
    struct sp_node upper[SP_MERKLE_UPPER_MAX];
    struct sp_node root;
    unsigned ignored = 0;
    for (uint64_t i = 0; i < log->waiting; i++) {
        const struct sp_node leaf = leaf_at(&log->leaves, i);
        SP_TRY(sp_merkle_append(range, &leaf, upper, &ignored));
    }
    const struct sp_journal_record header = {
        .first = log->range.size,
        .oldest_open = oldest_open < range->size ? oldest_open : range->size,
        .count = (uint32_t)log->waiting,
    };
    SP_TRY(sp_merkle_root(range, &root));
    SP_TRY(sp_checkpoint_write(sp_key_ring_present(log->keys), range->size, &root, note));
    SP_TRY(log->next == NULL ? SP_OK : sp_note_cosign(log->next, note));
    return sp_journal_finish(&header, sp_buf_slice(note), &log->record);
}

static void swap(struct sp_buf *a, struct sp_buf *b)
{
    const struct sp_buf kept = *a;
    *a = *b;
    *b = kept;
}

/* The batch is durable: the log is that much longer. */
static void accept(struct sp_log *log, const struct sp_merkle_range *range, struct sp_buf *note,
                   size_t entries)
{
    const size_t tail = sp_size_min(log->record.len, SP_JOURNAL_TAIL);
    log->at += log->record.len;
    log->cut = 0;
    sp_buf_clear(&log->tail);
    /* A tail that could not be kept only makes a recovery begin a new file. */
    (void)!sp_buf_put(&log->tail,
                      sp_slice_sub(sp_buf_slice(&log->record), log->record.len - tail, tail));
    log->laid_range = log->range;
    log->range = *range;
    log->current.end = range->size;
    log->durable_us = log->latest_us;
    log->waiting = 0;
    sp_buf_truncate(&log->record, entries);
    swap(&log->record, &log->laying);
    swap(&log->leaves, &log->laying_leaves);
    sp_buf_clear(&log->record);
    sp_buf_clear(&log->leaves);
    log->laid = SP_JOURNAL_HEADER_BYTES;
    log->laid_count = 0;
    swap(&log->note, note);
}

enum sp_err sp_log_commit(struct sp_log *log, uint64_t oldest_open)
{
    SP_AUTO_BUF struct sp_buf note;
    const size_t entries = log->record.len;
    sp_buf_init(&note, SP_NOTE_BYTES_MAX);
    if (log->reason != NULL) {
        return broken(log, log->reason);
    }
    if (log->waiting == 0) {
        return SP_OK;
    }
    sp_log_lay(log);
    const char *why = log->reason != NULL ? log->reason : trouble(log);
    if (why != NULL) {
        return broken(log, why);
    }
    struct sp_merkle_range range = log->range;
    if (seal(log, oldest_open, &range, &note) != SP_OK) {
        return broken(log, "the entries cannot be signed");
    }
    enum sp_err err = SP_JOURNAL_BYTES - log->at < log->record.len ? sp_log_turn_over(log) : SP_OK;
    if (err != SP_OK) {
        return broken_by(log, err);
    }
    err = log->disk->write_durable(log->disk->ctx, log->fd, log->at, sp_buf_slice(&log->record));
    if (err != SP_OK) {
        log->cut = log->record.len;
        return broken_by(log, err);
    }
    log->oldest_open = oldest_open;
    accept(log, &range, &note, entries);
    return SP_OK;
}

/* --- laying down --- */

static enum sp_err lay_all(struct sp_log *log)
{
    SP_TRY(sp_store_lay(&log->store));
    struct sp_slice rest = sp_slice_sub(sp_buf_slice(&log->laying), log->laid, log->laying.len);
    while (rest.len > 0) {
        struct sp_node upper[SP_MERKLE_UPPER_MAX];
        const struct sp_node leaf = leaf_at(&log->laying_leaves, log->laid_count);
        struct sp_store_entry entry = {.leaf = &leaf, .upper = upper};
        SP_TRY(sp_bundle_next(&rest, &entry.bytes));
        SP_TRY(sp_merkle_append(&log->laid_range, &leaf, upper, &entry.upper_count));
        log->laid = log->laying.len - rest.len;
        log->laid_count++;
        SP_TRY(sp_store_add(&log->store, &entry));
    }
    sp_buf_clear(&log->laying);
    log->laid = 0;
    return SP_OK;
}

void sp_log_lay(struct sp_log *log)
{
    enum sp_err err = lay_all(log);
    if (err != SP_OK && log->reason == NULL) {
        log->reason = why_of(log, err);
    }
}

/* Always with one signature: a file that never gets shorter cannot have two for a while. */
enum sp_err sp_log_publish(struct sp_log *log)
{
    const struct sp_disk_name latest = {.place = SP_DISK_OWN, .path = SP_LATEST_PATH};
    SP_AUTO_BUF struct sp_buf note;
    sp_buf_init(&note, SP_NOTE_BYTES_MAX);
    SP_TRY(lay_all(log));
    if (log->note.len == 0) {
        return SP_OK; /* nothing was ever committed */
    }
    SP_TRY(sp_note_keep_only(sp_key_ring_present(log->keys), sp_buf_slice(&log->note), &note));
    SP_TRY(sp_store_publish(&log->store, sp_buf_slice(&note)));
    return sp_disk_put_file(log->disk, latest, sp_buf_slice(&note));
}

void sp_log_tick(struct sp_log *log, uint64_t mono_us, bool is_last)
{
    enum sp_err err = SP_OK;
    if (log->reason != NULL) {
        return;
    }
    if (log->store.published != log->range.size &&
        (is_last || mono_us - log->published_us >= SP_LOG_PUBLISH_US)) {
        err = sp_log_publish(log);
        log->published_us = mono_us;
    }
    if (err == SP_OK) {
        err = is_last ? sp_store_sync_published(&log->store)
                      : sp_store_sync(&log->store, SYNC_BUNDLES);
    }
    if (err != SP_OK) {
        (void)broken_by(log, err);
    }
}

/* --- recovery --- */

/* Reopens the journal and reads back its end; begins a new one when ours is gone. Then the files for readers. */
static enum sp_err reopen(struct sp_log *log)
{
    SP_TRY(lay_all(log));
    if (sp_store_trouble(&log->store) != NULL) {
        sp_store_adopt(&log->store); /* they are written anew */
    }
    sp_log_close_journal(log);
    const struct sp_disk_stat ours = log->stat;
    enum sp_err err = sp_log_open_journal(log);
    log->stat = ours;
    if (err != SP_OK && err != SP_ERR_NOT_FOUND) {
        return err;
    }
    if (err == SP_OK && sp_log_is_journal_ours(log)) {
        return sp_log_publish(log);
    }
    return sp_log_new_journal(log);
}

enum sp_err sp_log_ready(struct sp_log *log, uint64_t mono_us, uint64_t wall_us)
{
    if (log->reason == NULL) {
        return SP_OK;
    }
    if (log->waiting > 0) {
        return SP_ERR_LOG_UNAVAILABLE; /* what stands in the batch is refused first */
    }
    if (log->tried_us != 0 && mono_us - log->tried_us < SP_LOG_RETRY_US) {
        return SP_ERR_LOG_UNAVAILABLE;
    }
    const char *why = log->reason;
    struct sp_stamp stamp = {.index = 0};
    log->tried_us = mono_us;
    enum sp_err err = reopen(log);
    if (err != SP_OK) {
        return broken_by(log, err);
    }
    log->reason = NULL;
    if (sp_log_stamp(log, wall_us, &stamp) != SP_OK ||
        sp_record_recovery(stamp, why, log->cut, log->refused, sp_log_line(log)) != SP_OK ||
        sp_log_take(log, stamp) != SP_OK) {
        return broken(log, why);
    }
    SP_TRY(sp_log_commit(log, log->oldest_open));
    sp_log_lay(log);
    log->refused = 0;
    log->tried_us = 0;
    return SP_OK;
}
