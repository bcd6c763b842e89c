/* What admit is told of runs that began before it did: those under way, and those whose end nobody knows. */
#include "audit/room_state.h"

static bool is_run(const struct sp_audit_room *room, const struct sp_pending *row)
{
    return sp_still_is_run(room->settings.operation_name(row->who.operation));
}

/* The monotonic clock's `at_us` by the wall clock. */
static uint64_t wall_of(const struct sp_audit_room *room, uint64_t at_us)
{
    return room->now.wall_us + (at_us > room->now.mono_us ? at_us - room->now.mono_us : 0);
}

void sp_room_keep_unknown(struct sp_audit_room *room, const struct sp_pending *row)
{
    struct sp_still_run run = {
        .intent = row->entry, .exchange = row->exchange, .until_us = wall_of(room, row->due_us)};
    if (row->outcome.state != SP_END_UNKNOWN || !is_run(room, row) ||
        run.until_us <= room->now.wall_us) {
        return;
    }
    sp_slice_to_text(row->who.tenant, run.tenant, sizeof(run.tenant));
    sp_slice_to_text(row->who.principal, run.principal, sizeof(run.principal));
    (void)!sp_still_add(room->still, &run); /* one that is left out is noted there */
}

uint64_t sp_room_oldest(const struct sp_audit_room *room)
{
    const uint64_t pending = sp_pending_oldest(room->table);
    const uint64_t still = sp_still_oldest(room->still);
    return pending < still ? pending : still;
}

/* --- telling --- */

struct telling {
    struct sp_audit_room *room;
    enum sp_err err;
};

static enum sp_err tell(struct sp_audit_room *room, sp_exchange exchange, struct sp_slice tenant,
                        struct sp_slice principal, uint64_t left_us)
{
    const uint64_t left_ms = (left_us + 999) / 1000;
    const struct sp_msg_still msg = {
        .exchange = exchange,
        .tenant = tenant,
        .principal = principal,
        .left_ms = left_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)left_ms,
    };
    return room->out.still(room->out.ctx, &msg);
}

/* One that is over by now, or waits for its entry alone, holds nothing at a pool. */
static bool may_run(const struct sp_pending *row)
{
    switch (row->state) {
    case SP_PENDING_WHO:
    case SP_PENDING_HASHING:
    case SP_PENDING_INTENT:
    case SP_PENDING_RUNNING:
        return true;
    case SP_PENDING_VERDICT: /* nobody said whose it is: it will not run */
    case SP_PENDING_TIME:    /* nor will this: an admit that is new reserved nothing for it */
    case SP_PENDING_ENTRY:
    case SP_PENDING_OUTCOME:
    case SP_PENDING_OWED:
    case SP_PENDING_READ:
    case SP_PENDING_PAYING:
        return false;
    }
    return false;
}

static void tell_pending(void *ctx, struct sp_pending *row)
{
    struct telling *telling = ctx;
    struct sp_audit_room *room = telling->room;
    if (telling->err != SP_OK || !may_run(row) || !is_run(room, row)) {
        return;
    }
    const uint64_t left_us =
        row->state == SP_PENDING_RUNNING
            ? wall_of(room, row->due_us) - room->now.wall_us
            : SP_AUDIT_JOIN_US +
                  sp_still_time_us(row->state == SP_PENDING_WHO ? 0 : row->verdict.run_ms_max);
    telling->err = tell(room, row->exchange, row->who.tenant, row->who.principal, left_us);
}

static enum sp_err tell_unknown(void *ctx, const struct sp_still_run *run)
{
    struct sp_audit_room *room = ctx;
    /* No word of it will come: it has no exchange that could end. */
    return tell(room, 0, sp_slice_of(run->tenant), sp_slice_of(run->principal),
                run->until_us - room->now.wall_us);
}

void sp_room_tell_still(struct sp_audit_room *room)
{
    struct telling telling = {.room = room, .err = SP_OK};
    const struct sp_msg_still last = {.is_last = 1,
                                      .is_whole = sp_still_is_whole(room->still) ? 1 : 0};
    sp_still_expire(room->still, room->now.wall_us);
    if (!room->is_admit_new || room->log == NULL) {
        return;
    }
    room->is_admit_new = false;
    sp_pending_each(room->table, tell_pending, &telling);
    if (telling.err == SP_OK) {
        telling.err = sp_still_each(room->still, tell_unknown, room);
    }
    if (telling.err == SP_OK) {
        telling.err = room->out.still(room->out.ctx, &last);
    }
    (void)telling.err; /* a wire that is gone: the next admit is told anew */
}

void sp_room_wired_still(struct sp_audit_room *room, struct sp_peer peer)
{
    room->is_admit_new = room->is_admit_new || peer.role == SP_ROLE_ADMIT;
    sp_room_tell_still(room);
}
