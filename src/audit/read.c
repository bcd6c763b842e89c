/* The part of room.c that records who reads the log, and lets reader answer after that. */
#include "audit/room_state.h"

/* The row has no names of its own for what was asked: the path stands in the verdict's detail, the query in its findings. */
static enum sp_err keep(struct sp_pending *row, const struct sp_msg_read_ask *ask)
{
    struct sp_msg_verdict texts = {.detail = ask->what,
                                   .findings = ask->query,
                                   .order = SP_PAYLOAD_EMPTY,
                                   .content = SP_PAYLOAD_EMPTY};
    struct sp_msg_who who = {.exchange = ask->exchange,
                             .tenant = ask->tenant,
                             .principal = ask->principal,
                             .source = ask->source};
    SP_LIMIT_COPY(&who, ask);
    SP_TRY(sp_pending_keep_who(row, &who));
    SP_TRY(sp_pending_keep_verdict(row, &texts));
    row->is_reading_all = ask->is_all != 0;
    return SP_OK;
}

static enum sp_err append(struct sp_audit_room *room, struct sp_pending *row,
                          const struct sp_msg_read_ask *ask)
{
    struct sp_stamp stamp = {.index = 0};
    SP_TRY(sp_room_ready(room));
    SP_TRY(sp_log_stamp(room->log, room->now.wall_us, &stamp));
    SP_TRY(sp_room_take(room, sp_record_read(stamp, ask, sp_log_line(room->log)), stamp));
    row->entry = stamp.index;
    return SP_OK;
}

enum sp_err sp_audit_read(struct sp_audit_room *room, const struct sp_msg_read_ask *ask,
                          struct sp_audit_now now)
{
    enum sp_err err = SP_OK;
    room->now = now;
    if (sp_pending_find(room->table, ask->exchange) != NULL) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_room_check_limit(ask->limit, ask->limit_scope));
    struct sp_pending *row = sp_room_new_row(room, ask->exchange, &err);
    if (row == NULL) {
        return err;
    }
    err = keep(row, ask);
    if (err == SP_OK) {
        err = append(room, row, ask);
    }
    if (err != SP_OK) {
        sp_room_refuse_unrecorded(room, row);
        return SP_OK;
    }
    sp_room_wait(room, row, SP_PENDING_READ);
    return SP_OK;
}

/* reader answers front itself: nothing of the log passes through here. */
void sp_room_pass_read(struct sp_audit_room *room, struct sp_pending *row)
{
    struct sp_msg_read msg = {
        .exchange = row->exchange,
        .entry = row->entry,
        .tenant = row->who.tenant,
        .is_all = row->is_reading_all ? 1 : 0,
        .what = row->verdict.detail,
        .query = row->verdict.findings,
    };
    SP_LIMIT_COPY(&msg, &row->who);
    if (!row->is_orphan &&
        (!room->is_reader_there || room->out.read(room->out.ctx, &msg) != SP_OK)) {
        sp_room_refuse_now(
            room, row,
            (struct sp_refused){
                .err = SP_ERR_UNAVAILABLE,
                .retry_after_ms = SP_AUDIT_RETRY_MS,
                .detail = sp_slice_of("the process that reads the log is being restarted")});
        return;
    }
    sp_pending_drop(room->table, row);
}
