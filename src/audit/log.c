#include "audit/log.h"

#include <stdlib.h>

#include "audit/scan.h"
#include "base/num.h"

#define TAIL_BYTES    ((size_t)512)
#define CLOCK_STEP_US ((uint64_t)1000 * 1000)

struct sp_log {
    const struct sp_disk *disk;
    int fd;
    char name[SP_SEGMENT_NAME_BYTES];
    struct sp_disk_stat file; /* identity, and the bytes that are durable */
    uint64_t blank;           /* bytes behind those that the next commit blanks out */
    uint64_t next;            /* index of the next durable entry */
    uint64_t waiting;         /* entries in the batch */
    uint64_t latest_us;       /* time of the latest entry, in the batch too */
    uint64_t durable_us;      /* time of the latest durable entry */
    struct sp_buf batch;
    struct sp_buf tail; /* the latest durable bytes, to be read back after a failure */
    const char *reason; /* NULL while all is well */
    uint64_t tried_us;
    uint64_t refused;
};

static enum sp_err broken(struct sp_log *log, const char *reason)
{
    log->reason = reason;
    log->waiting = 0;
    log->latest_us = log->durable_us;
    sp_buf_clear(&log->batch);
    return SP_ERR_LOG_UNAVAILABLE;
}

static enum sp_err broken_disk(struct sp_log *log)
{
    return broken(log, log->disk->reason(log->disk->ctx));
}

/* Makes an empty segment for the next entry. Its name must be free: what stands there is not ours. */
static enum sp_err make_segment(struct sp_log *log)
{
    const struct sp_disk *disk = log->disk;
    int fd = -1;
    sp_segment_name(log->next, log->name);
    SP_TRY(disk->open(disk->ctx, log->name, true, &fd));
    enum sp_err err = disk->find(disk->ctx, log->name, &log->file);
    if (err == SP_OK) {
        err = disk->sync_directory(disk->ctx);
    }
    if (err != SP_OK) {
        disk->close(disk->ctx, fd);
        return err;
    }
    log->fd = fd;
    sp_buf_clear(&log->tail);
    return SP_OK;
}

/* Keeps the end of bytes that are durable now. */
static void remember(struct sp_log *log, struct sp_slice bytes)
{
    size_t len = sp_size_min(bytes.len, TAIL_BYTES);
    sp_buf_clear(&log->tail);
    /* A tail that could not be kept only makes a recovery begin a new file. */
    (void)!sp_buf_put(&log->tail, sp_slice_sub(bytes, bytes.len - len, len));
}

/* Reads what stands in the file up to `end`, at most the room of `out`. */
static enum sp_err read_back(struct sp_log *log, uint64_t end, size_t len, uint8_t *out)
{
    size_t done = 0;
    while (done < len) {
        size_t got = 0;
        SP_TRY(log->disk->read(log->disk->ctx, log->fd, end - len + done, out + done, len - done, &got));
        if (got == 0) {
            return SP_ERR_CORRUPT;
        }
        done += got;
    }
    return SP_OK;
}

/* Opens the last segment and reads it whole; what is half-written at its end will be blanked. */
static enum sp_err open_last(struct sp_log *log, uint64_t first, struct sp_open_set *open, struct sp_log_found *found)
{
    const struct sp_disk *disk = log->disk;
    struct sp_scan scan = {.next = first};
    sp_segment_name(first, log->name);
    SP_TRY(disk->open(disk->ctx, log->name, false, &log->fd));
    SP_TRY(disk->find(disk->ctx, log->name, &log->file));
    SP_TRY(sp_scan_segment(disk, log->fd, log->file.size, open, &scan));
    log->next = scan.next;
    log->latest_us = scan.latest_us;
    log->durable_us = scan.latest_us;
    found->damaged_lines = scan.damaged_lines;
    log->blank = log->file.size - scan.good_end;
    log->file.size = scan.good_end;
    found->cut_bytes = log->blank;
    size_t len = log->file.size < TAIL_BYTES ? (size_t)log->file.size : TAIL_BYTES;
    uint8_t tail[TAIL_BYTES];
    SP_TRY(read_back(log, log->file.size, len, tail));
    remember(log, sp_slice_make(tail, len));
    return SP_OK;
}

static enum sp_err open_all(struct sp_log *log, struct sp_open_set *open, struct sp_log_found *found)
{
    const struct sp_disk *disk = log->disk;
    uint64_t first = 0;
    enum sp_err err = disk->last_segment(disk->ctx, &first);
    if (err == SP_ERR_NOT_FOUND) {
        return make_segment(log);
    }
    SP_TRY(err);
    SP_TRY(open_last(log, first, open, found));
    /* A damaged file is left as it stands, for whoever looks into it; so is one that has grown long. */
    if (found->damaged_lines > 0 || log->file.size > SP_LOG_SEGMENT_BYTES) {
        disk->close(disk->ctx, log->fd);
        log->fd = -1;
        log->blank = 0;
        found->cut_bytes = 0;
        return make_segment(log);
    }
    return SP_OK;
}

enum sp_err sp_log_open(const struct sp_disk *disk, struct sp_open_set *open, struct sp_log_found *out_found,
                        struct sp_log **out)
{
    struct sp_log *log = calloc(1, sizeof(*log));
    struct sp_log_found found = {.entries = 0};
    if (log == NULL) {
        return SP_ERR_NOMEM;
    }
    log->disk = disk;
    log->fd = -1;
    sp_buf_init(&log->batch, SP_LOG_BATCH_MAX);
    sp_buf_init(&log->tail, TAIL_BYTES);
    enum sp_err err = open_all(log, open, &found);
    if (err != SP_OK) {
        sp_log_close(log);
        return err;
    }
    found.entries = log->next;
    *out_found = found;
    *out = log;
    return SP_OK;
}

void sp_log_close(struct sp_log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->fd >= 0) {
        log->disk->close(log->disk->ctx, log->fd);
    }
    sp_buf_done(&log->batch);
    sp_buf_done(&log->tail);
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

/* A whole write, however many calls it takes. */
static enum sp_err write_whole(struct sp_log *log, uint64_t at, struct sp_slice bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        size_t put = 0;
        struct sp_slice rest = sp_slice_sub(bytes, done, bytes.len - done);
        SP_TRY(log->disk->write(log->disk->ctx, log->fd, at + done, rest, &put));
        if (put == 0) {
            return SP_ERR_SYSTEM;
        }
        done += put;
    }
    return SP_OK;
}

/* Overwrites what was left behind the last good entry by one line of spaces. */
static enum sp_err write_blank(struct sp_log *log)
{
    static const char spaces[] = "                                                                ";
    const size_t most = sizeof(spaces) - 1;
    uint64_t done = 0;
    while (done + 1 < log->blank) {
        uint64_t left = log->blank - 1 - done;
        size_t len = left < most ? (size_t)left : most;
        SP_TRY(write_whole(log, log->file.size + done, sp_slice_make(spaces, len)));
        done += len;
    }
    return log->blank == 0 ? SP_OK : write_whole(log, log->file.size + done, SP_SLICE_LITERAL("\n"));
}

enum sp_err sp_log_commit(struct sp_log *log)
{
    const struct sp_disk *disk = log->disk;
    struct sp_disk_stat now = {.size = 0};
    struct sp_slice bytes = sp_buf_slice(&log->batch);
    if (log->reason != NULL) {
        return SP_ERR_LOG_UNAVAILABLE;
    }
    if (disk->find(disk->ctx, log->name, &now) != SP_OK) {
        return broken_disk(log);
    }
    if (now.device != log->file.device || now.inode != log->file.inode) {
        return broken(log, "the file was replaced");
    }
    if (now.size != log->file.size + log->blank) {
        return broken(log, "the file was changed by another program");
    }
    if (write_blank(log) != SP_OK || write_whole(log, log->file.size + log->blank, bytes) != SP_OK ||
        disk->sync(disk->ctx, log->fd) != SP_OK) {
        return broken_disk(log);
    }
    log->file.size += log->blank + bytes.len;
    log->blank = 0;
    log->next += log->waiting;
    log->waiting = 0;
    log->durable_us = log->latest_us;
    remember(log, bytes);
    sp_buf_clear(&log->batch);
    return SP_OK;
}

/* Whether the file under our name is the one that we wrote, up to the last durable byte. */
static bool is_ours(struct sp_log *log, uint64_t *out_size)
{
    struct sp_disk_stat now = {.size = 0};
    uint8_t tail[TAIL_BYTES];
    if (log->disk->find(log->disk->ctx, log->name, &now) != SP_OK || now.device != log->file.device ||
        now.inode != log->file.inode || now.size < log->file.size) {
        return false;
    }
    if (log->tail.len > log->file.size || (log->tail.len == 0 && log->file.size > 0) ||
        read_back(log, log->file.size, log->tail.len, tail) != SP_OK) {
        return false;
    }
    *out_size = now.size;
    return sp_slice_equal(sp_slice_make(tail, log->tail.len), sp_buf_slice(&log->tail));
}

/* Reopens the file, to blank what lies behind the last durable byte; begins a new one when ours is gone. */
static enum sp_err reopen(struct sp_log *log)
{
    const struct sp_disk *disk = log->disk;
    uint64_t size = 0;
    if (log->fd >= 0) {
        disk->close(disk->ctx, log->fd);
        log->fd = -1;
    }
    enum sp_err err = disk->open(disk->ctx, log->name, false, &log->fd);
    if (err != SP_OK && err != SP_ERR_NOT_FOUND) {
        return err;
    }
    if (err == SP_OK && is_ours(log, &size)) {
        log->blank = size - log->file.size;
        return SP_OK;
    }
    log->blank = 0;
    if (log->fd >= 0) {
        disk->close(disk->ctx, log->fd);
        log->fd = -1;
    }
    return make_segment(log);
}

enum sp_err sp_log_ready(struct sp_log *log, uint64_t mono_us, uint64_t wall_us)
{
    if (log->reason == NULL) {
        return SP_OK;
    }
    if (log->tried_us != 0 && mono_us - log->tried_us < SP_LOG_RETRY_US) {
        return SP_ERR_LOG_UNAVAILABLE;
    }
    const char *why = log->reason;
    struct sp_stamp stamp = {.index = 0};
    log->tried_us = mono_us;
    if (reopen(log) != SP_OK) {
        return broken_disk(log);
    }
    log->reason = NULL;
    if (sp_log_stamp(log, wall_us, &stamp) != SP_OK ||
        sp_record_recovery(stamp, why, log->blank, log->refused, &log->batch) != SP_OK) {
        return broken(log, why);
    }
    sp_log_appended(log, stamp);
    SP_TRY(sp_log_commit(log));
    log->refused = 0;
    log->tried_us = 0;
    return SP_OK;
}

enum sp_err sp_log_stamp(struct sp_log *log, uint64_t wall_us, struct sp_stamp *out)
{
    if (log->latest_us > CLOCK_STEP_US && wall_us < log->latest_us - CLOCK_STEP_US) {
        struct sp_stamp step = {.index = log->next + log->waiting, .wall_us = wall_us};
        SP_TRY(sp_record_clock(step, log->latest_us - wall_us, &log->batch));
        sp_log_appended(log, step);
    }
    /* A smaller step back, as clocks are adjusted all the time, only holds the time where it is. */
    uint64_t at_us = wall_us > log->latest_us ? wall_us : log->latest_us;
    *out = (struct sp_stamp){.index = log->next + log->waiting, .wall_us = at_us};
    return SP_OK;
}

struct sp_buf *sp_log_batch(struct sp_log *log)
{
    return &log->batch;
}

void sp_log_appended(struct sp_log *log, struct sp_stamp stamp)
{
    log->waiting++;
    log->latest_us = stamp.wall_us;
}

bool sp_log_is_waiting(const struct sp_log *log)
{
    return log->waiting > 0;
}
