/* The part of room.c that records what is dropped because it is older than it is to be kept. */
#include "audit/log_state.h"
#include "audit/room_state.h"

/*
 * How many of the oldest entries the log itself can do without: whole bundles, durable, of which neither an open intent
 * nor a start from the journals needs one. The latest full bundle always stays: its last entry has the time.
 */
static uint64_t spare(const struct sp_log *log, uint64_t oldest_open)
{
    uint64_t first = log->store.synced < SP_TILE_WIDTH ? 0 : log->store.synced - SP_TILE_WIDTH;
    const struct sp_journal_file *const files[] = {&log->current, &log->other};
    for (size_t i = 0; i < SP_COUNT(files); i++) {
        if (files[i]->end > files[i]->first && files[i]->first < first) {
            first = files[i]->first;
        }
    }
    first = oldest_open < first ? oldest_open : first;
    return first / SP_TILE_WIDTH * SP_TILE_WIDTH;
}

static enum sp_err record(struct sp_audit_room *room, uint64_t first)
{
    struct sp_stamp stamp = {.index = 0};
    struct sp_node root;
    SP_TRY(sp_store_root(room->disk, first, &root));
    SP_TRY(sp_log_stamp(room->log, room->now.wall_us, &stamp));
    return sp_room_take(room, sp_record_retention(stamp, first, root.bytes, sp_log_line(room->log)),
                        stamp);
}

enum sp_err sp_audit_retire(struct sp_audit_room *room, uint64_t from, uint64_t first,
                            struct sp_audit_now now, uint64_t *out_first)
{
    room->now = now;
    *out_first = from;
    if (sp_room_ready(room) != SP_OK) {
        return SP_ERR_LOG_UNAVAILABLE;
    }
    const uint64_t most = spare(room->log, sp_room_oldest(room));
    first = first / SP_TILE_WIDTH * SP_TILE_WIDTH;
    first = first < most ? first : most;
    if (first <= from) {
        return SP_OK;
    }
    SP_TRY(record(room, first));
    sp_audit_commit(room, now);
    /* Whoever reads what is published sees the record before the entries are gone. */
    sp_log_tick(room->log, now.mono_us, /*is_last=*/true);
    if (sp_log_is_broken(room->log)) {
        return SP_ERR_LOG_UNAVAILABLE;
    }
    *out_first = first;
    return SP_OK;
}
