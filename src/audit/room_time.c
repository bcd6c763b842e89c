/* The part of room.c that has a run wait until the time that it asks for is reserved. */
#include "audit/room_state.h"

static const char no_word[] = "nobody could say whether the run's time is free; nothing ran";

const struct sp_refused sp_room_admit_lost = {
    .err = SP_ERR_UNAVAILABLE,
    .retry_after_ms = SP_AUDIT_RETRY_MS,
    .detail = {(const uint8_t *)no_word, sizeof(no_word) - 1},
};

/* An order that names no time, or one that no run has, may take the longest there is. */
static uint32_t wanted_ms(const struct sp_pending *row)
{
    const uint32_t ms = row->verdict.run_ms_max;
    return ms == 0 || ms > SP_AUDIT_RUN_MS_MAX ? SP_AUDIT_RUN_MS_MAX : ms;
}

bool sp_room_lacks_time(const struct sp_audit_room *room, const struct sp_pending *row)
{
    return row->verdict.verdict == SP_VERDICT_ALLOW &&
           row->who.operation == room->settings.run_operation &&
           wanted_ms(row) > row->who.run_ms_max;
}

void sp_room_await_time(struct sp_audit_room *room, struct sp_pending *row)
{
    row->state = SP_PENDING_TIME;
    row->due_us = room->now.mono_us + SP_AUDIT_JOIN_US;
}

enum sp_err sp_audit_time(struct sp_audit_room *room, const struct sp_msg_time *time,
                          struct sp_audit_now now)
{
    struct sp_pending *row = sp_pending_find(room->table, time->exchange);
    room->now = now;
    if (row == NULL || row->state != SP_PENDING_TIME) {
        room->late++; /* it was given up meanwhile */
        return SP_OK;
    }
    row->who.run_ms_max = time->run_ms_max;
    if (sp_room_lacks_time(room, row)) {
        sp_room_refuse(room, row, sp_room_misfit());
        return SP_ERR_WIRE; /* it would wait for ever */
    }
    return sp_room_join(room, row);
}
