/*
 * The part of room.c that keeps verdicts which come before admit's word: nobody has said yet whose job that is. A worker
 * that is taken over can name an exchange that is another's, or none: it gets nobody ended by that but itself, and holds
 * no more than a few rows.
 */
#include "audit/room_state.h"

void sp_room_blame_worker(struct sp_audit_room *room, unsigned worker)
{
    room->liars |= UINT64_C(1) << worker; /* SP_ROLE_INDEX_MAX of them at most */
}

uint64_t sp_audit_take_liars(struct sp_audit_room *room)
{
    const uint64_t liars = room->liars;
    room->liars = 0;
    return liars;
}

void sp_room_tell_judged(struct sp_audit_room *room, const struct sp_msg_verdict *verdict,
                         unsigned worker)
{
    struct sp_msg_judged judged = {.exchange = verdict->exchange,
                                   .worker = (uint16_t)worker,
                                   .code_bytes = verdict->code_bytes};
    if (verdict->verdict == SP_VERDICT_ALLOW) {
        judged.run_ms_max = verdict->run_ms_max;
        judged.module = verdict->own_module;
    }
    (void)!room->out.judged(room->out.ctx, &judged);
}

enum sp_err sp_room_take_early(struct sp_audit_room *room, unsigned worker,
                               struct sp_msg_verdict *verdict)
{
    struct sp_pending *row = sp_pending_find(room->table, verdict->exchange);
    if (row != NULL && row->worker == worker) {
        return SP_ERR_WIRE; /* it said so before */
    }
    if (row != NULL) {
        row->is_disputed = true;
        row->rival = (uint16_t)worker;
        room->late++;
        return SP_OK;
    }
    if (room->early[worker] >= SP_AUDIT_EARLY_MAX) {
        return SP_ERR_WIRE;
    }
    enum sp_err err = SP_OK;
    row = sp_room_add_row(room, verdict->exchange, &err);
    if (row == NULL) {
        return err;
    }
    row->state = SP_PENDING_VERDICT;
    row->worker = (uint16_t)worker;
    room->early[worker]++;
    err = sp_pending_keep_verdict(row, verdict);
    if (err != SP_OK) {
        sp_room_leave_early(room, row);
        sp_pending_drop(room->table, row);
    }
    return err;
}

void sp_room_leave_early(struct sp_audit_room *room, const struct sp_pending *row)
{
    room->early[row->worker]--;
}

void sp_room_forget_verdict(struct sp_pending *row)
{
    sp_payload_done(&row->verdict.order);
    sp_payload_done(&row->verdict.content);
    row->verdict = (struct sp_msg_verdict){.order = SP_PAYLOAD_EMPTY, .content = SP_PAYLOAD_EMPTY};
}

enum sp_early sp_room_meet(struct sp_audit_room *room, struct sp_pending *row, unsigned worker)
{
    const bool is_right = row->worker == worker;
    sp_room_leave_early(room, row);
    row->state = SP_PENDING_WHO;
    if (row->is_disputed && row->rival != worker) {
        sp_room_blame_worker(room, row->rival);
    }
    if (is_right) {
        sp_room_tell_judged(room, &row->verdict, worker);
        return SP_EARLY_RIGHT;
    }
    sp_room_blame_worker(room, row->worker);
    sp_room_forget_verdict(row);
    row->worker = (uint16_t)worker;
    return row->is_disputed && row->rival == worker ? SP_EARLY_LOST : SP_EARLY_NONE;
}
