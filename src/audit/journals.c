#include "audit/log_state.h"

#define CHUNK_BYTES ((size_t)256 * 1024)

struct sp_disk_name sp_journal_name(unsigned number, char out[SP_JOURNAL_PATH_MAX])
{
    static const char prefix[] = "journal-";
    size_t at = 0;
    for (; prefix[at] != '\0'; at++) {
        out[at] = prefix[at];
    }
    if (number >= 10) {
        out[at++] = (char)('0' + number / 10 % 10);
    }
    out[at++] = (char)('0' + number % 10);
    out[at] = '\0';
    return (struct sp_disk_name){.place = SP_DISK_OWN, .path = out};
}

/* Zeros are written once, ahead, so that a commit changes neither the length of the file nor what it is made of. */
enum sp_err sp_journal_prepare(const struct sp_disk *disk, unsigned number)
{
    static const uint8_t zeros[CHUNK_BYTES];
    char path[SP_JOURNAL_PATH_MAX];
    struct sp_disk_name name = sp_journal_name(number, path);
    struct sp_disk_stat st = {.size = 0};
    int fd = -1;
    enum sp_err err = disk->find(disk->ctx, name, &st);
    if (err == SP_OK && st.size >= SP_JOURNAL_BYTES) {
        return SP_OK;
    }
    SP_TRY(disk->open(disk->ctx, name, SP_DISK_MAKE, &fd));
    err = SP_OK;
    for (uint64_t at = st.size; at < SP_JOURNAL_BYTES && err == SP_OK; at += CHUNK_BYTES) {
        const uint64_t left = SP_JOURNAL_BYTES - at;
        err = sp_disk_write_all(
            disk, fd, at, sp_slice_make(zeros, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES));
    }
    if (err == SP_OK) {
        err = disk->sync(disk->ctx, fd);
    }
    disk->close(disk->ctx, fd);
    SP_TRY(err);
    return disk->sync_names(disk->ctx, name);
}

/* One more record behind those in `out`; SP_ERR_NOT_FOUND when none begins there that goes on from `next`. */
static enum sp_err load_record(const struct sp_disk *disk, int fd, struct sp_buf *out,
                               uint64_t *next)
{
    struct sp_journal_record record;
    const size_t at = out->len;
    uint8_t *space = NULL;
    size_t got = 0;
    SP_TRY(sp_buf_reserve(out, SP_JOURNAL_BLOCK, &space));
    SP_TRY(sp_disk_read_all(disk, fd, at, space, SP_JOURNAL_BLOCK, &got));
    if (sp_journal_peek(sp_slice_make(space, got), &record) != SP_OK ||
        (at > 0 && record.first != *next) || record.bytes > SP_JOURNAL_RECORD_MAX) {
        sp_buf_commit(out, got);
        return SP_ERR_NOT_FOUND;
    }
    SP_TRY(sp_buf_reserve(out, record.bytes, &space));
    SP_TRY(sp_disk_read_all(disk, fd, at, space, record.bytes, &got));
    sp_buf_commit(out, got);
    *next = record.first + record.count;
    return sp_journal_read(sp_slice_sub(sp_buf_slice(out), at, got), &record) == SP_OK
               ? SP_OK
               : SP_ERR_NOT_FOUND;
}

enum sp_err sp_journal_load(const struct sp_disk *disk, unsigned number, struct sp_buf *out)
{
    char path[SP_JOURNAL_PATH_MAX];
    struct sp_disk_name name = sp_journal_name(number, path);
    struct sp_disk_stat st = {.size = 0};
    uint64_t next = 0;
    int fd = -1;
    SP_TRY(disk->find(disk->ctx, name, &st));
    if (st.size > SP_JOURNAL_BYTES) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(disk->open(disk->ctx, name, SP_DISK_READ, &fd));
    enum sp_err err = SP_OK;
    while (err == SP_OK && out->len < SP_JOURNAL_BYTES) {
        err = load_record(disk, fd, out, &next);
    }
    disk->close(disk->ctx, fd);
    return err == SP_ERR_NOT_FOUND ? SP_OK : err;
}

void sp_log_close_journal(struct sp_log *log)
{
    if (log->fd >= 0) {
        log->disk->close(log->disk->ctx, log->fd);
        log->fd = -1;
    }
}

enum sp_err sp_log_open_journal(struct sp_log *log)
{
    char path[SP_JOURNAL_PATH_MAX];
    struct sp_disk_name name = sp_journal_name(log->current.number, path);
    sp_log_close_journal(log);
    SP_TRY(log->disk->open(log->disk->ctx, name, SP_DISK_JOURNAL, &log->fd));
    return log->disk->find(log->disk->ctx, name, &log->stat);
}

bool sp_log_is_journal_ours(struct sp_log *log)
{
    char path[SP_JOURNAL_PATH_MAX];
    static _Alignas(4096) uint8_t block[SP_JOURNAL_TAIL];
    struct sp_disk_stat now = {.size = 0};
    size_t got = 0;
    if (log->disk->find(log->disk->ctx, sp_journal_name(log->current.number, path), &now) !=
            SP_OK ||
        now.device != log->stat.device || now.inode != log->stat.inode ||
        now.size != log->stat.size) {
        return false;
    }
    if (log->at == 0) {
        return true;
    }
    return sp_disk_read_all(log->disk, log->fd, log->at - log->tail.len, block, log->tail.len,
                            &got) == SP_OK &&
           sp_slice_equal(sp_slice_make(block, got), sp_buf_slice(&log->tail));
}

/* Everything that is committed stands in tiles and is durable there. */
static enum sp_err settle_all(struct sp_log *log)
{
    SP_TRY(sp_log_publish(log));
    return sp_store_sync_published(&log->store);
}

static enum sp_err begin(struct sp_log *log, unsigned number)
{
    log->current = (struct sp_journal_file){
        .number = number, .first = log->range.size, .end = log->range.size};
    log->at = 0;
    log->cut = 0;
    sp_buf_clear(&log->tail);
    SP_TRY(sp_journal_prepare(log->disk, number));
    return sp_log_open_journal(log);
}

enum sp_err sp_log_turn_over(struct sp_log *log)
{
    const struct sp_journal_file old = log->other;
    if (old.end > log->store.synced) {
        SP_TRY(sp_store_sync(&log->store, UINT64_MAX));
    }
    SP_TRY(sp_store_sync_names(&log->store));
    if (old.end > log->store.synced) {
        SP_TRY(settle_all(log));
    }
    log->other = log->current;
    return begin(log, old.number);
}

enum sp_err sp_log_new_journal(struct sp_log *log)
{
    SP_TRY(settle_all(log));
    for (unsigned number = 0; number < SP_JOURNAL_NAMES_MAX; number++) {
        char path[SP_JOURNAL_PATH_MAX];
        struct sp_disk_stat ignored;
        if (number != log->other.number &&
            log->disk->find(log->disk->ctx, sp_journal_name(number, path), &ignored) ==
                SP_ERR_NOT_FOUND) {
            return begin(log, number);
        }
    }
    return SP_ERR_FULL;
}
