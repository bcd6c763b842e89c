/* The part of room.c that ends what is under way: lost neighbours, time that is up, and an orderly stop. */
#include "audit/room_state.h"

/* --- wires --- */

void sp_audit_wired(struct sp_audit_room *room, struct sp_peer peer, struct sp_audit_now now)
{
    room->now = now;
    sp_room_wired_still(room, peer);
    if (peer.role == SP_ROLE_RELAY) {
        room->is_relay_there = true;
    }
    room->is_reader_there = room->is_reader_there || peer.role == SP_ROLE_READER;
    if (peer.role == SP_ROLE_INSPECT && peer.index < SP_ROLE_INDEX_MAX) {
        room->is_worker_there[peer.index] = true;
    }
}

struct loss {
    struct sp_audit_room *room;
    struct sp_peer peer;
};

static void on_loss(void *ctx, struct sp_pending *row)
{
    const struct loss *loss = ctx;
    struct sp_audit_room *room = loss->room;
    bool is_front = loss->peer.role == SP_ROLE_FRONT;
    bool is_worker = loss->peer.role == SP_ROLE_INSPECT && loss->peer.index == row->worker;
    if (is_front) {
        row->is_orphan = true;
    }
    if (row->state == SP_PENDING_WHO && (is_front || is_worker)) {
        if (is_front) {
            sp_pending_give_up(room->table,
                               row->exchange); /* the job may have reached its worker */
        }
        sp_room_refuse(room, row, is_front ? sp_room_front_lost : sp_room_worker_lost);
        return;
    }
    if (row->state == SP_PENDING_TIME && (is_front || loss->peer.role == SP_ROLE_ADMIT)) {
        sp_room_refuse(room, row, is_front ? sp_room_front_lost : sp_room_admit_lost);
        return;
    }
    if (row->state == SP_PENDING_RUNNING && loss->peer.role == SP_ROLE_RELAY) {
        sp_room_end_unknown(room, row,
                            "the way to the session pool broke; the run may have started");
    }
}

void sp_audit_lost(struct sp_audit_room *room, struct sp_peer peer, struct sp_audit_now now)
{
    struct loss loss = {.room = room, .peer = peer};
    room->now = now;
    if (peer.role == SP_ROLE_RELAY) {
        room->is_relay_there = false;
    }
    room->is_reader_there = room->is_reader_there && peer.role != SP_ROLE_READER;
    if (peer.role == SP_ROLE_INSPECT && peer.index < SP_ROLE_INDEX_MAX) {
        room->is_worker_there[peer.index] = false;
    }
    if (peer.role == SP_ROLE_FRONT) {
        room->front_ended = room->front_seen;
    }
    sp_pending_each(room->table, on_loss, &loss);
}

/* --- time --- */

static void on_tick(void *ctx, struct sp_pending *row)
{
    struct sp_audit_room *room = ctx;
    if (room->now.mono_us < row->due_us) {
        return;
    }
    switch (row->state) {
    case SP_PENDING_WHO:
        sp_pending_give_up(room->table, row->exchange);
        sp_room_refuse(room, row, sp_room_worker_lost);
        return;
    case SP_PENDING_TIME:
        sp_room_refuse(room, row, sp_room_admit_lost);
        return;
    case SP_PENDING_VERDICT:
        room->late++; /* admit never heard of it: nobody waits */
        sp_room_leave_early(room, row);
        sp_pending_drop(room->table, row);
        return;
    case SP_PENDING_RUNNING:
        sp_pending_give_up(room->table, row->exchange);
        sp_room_end_unknown(room, row,
                            "the session pool did not answer in time; the run may have started");
        return;
    case SP_PENDING_HASHING:
    case SP_PENDING_INTENT:
    case SP_PENDING_ENTRY:
    case SP_PENDING_OUTCOME:
    case SP_PENDING_OWED:
    case SP_PENDING_READ:
    case SP_PENDING_PAYING:
        return;
    }
}

void sp_audit_tick(struct sp_audit_room *room, struct sp_audit_now now)
{
    room->now = now;
    sp_pending_each(room->table, on_tick, room);
    if (sp_room_ready(room) == SP_OK) {
        sp_room_pay(room);
        if (sp_log_owes_rotation(room->log)) {
            sp_room_rotate(room);
        }
        sp_log_tick(room->log, now.mono_us, false);
    }
    sp_room_tell_still(room); /* to an admit that came before the log was open */
}

/* --- the orderly stop --- */

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
