/* The part of room.c that ends it in an orderly way. */
#include "audit/room_state.h"

size_t sp_audit_open(const struct sp_audit_room *room)
{
    return sp_pending_count(room->table);
}

static void on_stop(void *ctx, struct sp_pending *row)
{
    if (row->state == SP_PENDING_RUNNING) {
        sp_room_end_unknown(ctx, row, "the service was stopped before the session pool answered");
    }
}

void sp_audit_stop(struct sp_audit_room *room, struct sp_audit_now now)
{
    struct sp_stamp stamp = {.index = 0};
    sp_audit_commit(room, now); /* what waits for it may only now begin to run */
    room->now = now;
    sp_pending_each(room->table, on_stop, room);
    if (sp_room_ready(room) == SP_OK && sp_log_stamp(room->log, now.wall_us, &stamp) == SP_OK) {
        (void)!sp_room_take(room, sp_record_stop(stamp, sp_log_line(room->log)), stamp);
    }
    sp_audit_commit(room, now);
    if (room->log != NULL) {
        sp_log_tick(room->log, now.mono_us, true);
    }
}
