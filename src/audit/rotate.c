/*
 * How another key takes the place of the one that signs the log.
 *
 * The new key is made and durable first. The entry that names it is then the last of a checkpoint that both keys sign,
 * and only when that is durable the new key signs alone; the next entry holds that checkpoint, because the file of the
 * checkpoint and the journal are overwritten. Beside the log the file of way.h proves the change, for the day when both
 * entries are dropped. The private part of the old key is overwritten last. Whatever is cut off in between is found again
 * by sp_log_replay: a key that signed nothing yet waits for the next try.
 */
#include "audit/log_state.h"
#include "audit/record.h"
#include "audit/way.h"

bool sp_log_owes_rotation(const struct sp_log *log)
{
    return log->cross.len > 0;
}

enum sp_err sp_log_key_text(const struct sp_log *log, struct sp_buf *out)
{
    return sp_note_key_write(sp_key_ring_present(log->keys), out);
}

bool sp_log_is_rotation_asked(const struct sp_log *log)
{
    SP_AUTO_BUF struct sp_buf asked;
    SP_AUTO_BUF struct sp_buf present;
    const struct sp_disk_name name = {.place = SP_DISK_OWN, .path = SP_LOG_ROTATE_FILE};
    sp_buf_init(&asked, SP_NOTE_TEXT_MAX);
    sp_buf_init(&present, SP_NOTE_TEXT_MAX);
    if (sp_disk_get_file(log->disk, name, SP_NOTE_TEXT_MAX - 1, &asked) != SP_OK ||
        sp_log_key_text(log, &present) != SP_OK) {
        return false;
    }
    struct sp_slice line = sp_buf_slice(&asked);
    return sp_slice_equal(sp_slice_sub(line, 0, sp_slice_find(line, 0, '\n')),
                          sp_buf_slice(&present));
}

/* The entry that names the new key, alone in its commit. */
static enum sp_err announce(struct sp_log *log, const struct sp_note_key *next, uint64_t wall_us)
{
    SP_AUTO_BUF struct sp_buf old_key;
    SP_AUTO_BUF struct sp_buf new_key;
    struct sp_stamp stamp = {.index = 0};
    sp_buf_init(&old_key, SP_NOTE_TEXT_MAX);
    sp_buf_init(&new_key, SP_NOTE_TEXT_MAX);
    SP_TRY(sp_log_key_text(log, &old_key));
    SP_TRY(sp_note_key_write(next, &new_key));
    SP_TRY(sp_log_stamp(log, wall_us, &stamp));
    SP_TRY(sp_record_key(stamp, sp_buf_slice(&old_key), sp_buf_slice(&new_key), sp_log_line(log)));
    return sp_log_take(log, stamp);
}

enum sp_err sp_log_rotate(struct sp_log *log, uint64_t wall_us, uint64_t oldest_open)
{
    const struct sp_note_key *next = NULL;
    if (log->waiting > 0 || log->reason != NULL || log->cross.len > 0) {
        return SP_ERR_LOG_UNAVAILABLE;
    }
    SP_TRY(sp_key_ring_next(log->keys, log->disk, &next));
    SP_TRY(announce(log, next, wall_us));
    log->next = next;
    enum sp_err err = sp_log_commit(log, oldest_open);
    log->next = NULL;
    SP_TRY(err);
    log->keys->present++;
    SP_TRY(sp_buf_put(&log->cross, sp_buf_slice(&log->note)));
    sp_log_lay(log);
    return sp_log_end_rotation(log, wall_us, oldest_open);
}

enum sp_err sp_log_end_rotation(struct sp_log *log, uint64_t wall_us, uint64_t oldest_open)
{
    struct sp_stamp stamp = {.index = 0};
    if (log->cross.len == 0) {
        return SP_OK;
    }
    /* Before the entry that ends the change, so that a crash cannot leave out the one for which there is no second try. */
    if (sp_way_put(log->disk, (unsigned)log->keys->present + 1, sp_buf_slice(&log->cross)) !=
        SP_OK) {
        return sp_log_break(log, "the proof of the change of the key cannot be written");
    }
    SP_TRY(sp_log_stamp(log, wall_us, &stamp));
    SP_TRY(sp_record_rotation(stamp, sp_buf_slice(&log->cross), sp_log_line(log)));
    SP_TRY(sp_log_take(log, stamp));
    SP_TRY(sp_log_commit(log, oldest_open));
    sp_buf_clear(&log->cross);
    sp_log_lay(log);
    return SP_OK;
}

enum sp_err sp_log_retire_keys(struct sp_log *log)
{
    return log->cross.len > 0 ? SP_OK : sp_key_ring_retire(log->keys, log->disk);
}
