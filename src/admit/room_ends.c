/* The ends of exchanges, and peers that come and go. */
#include "admit/room_inner.h"

#define AFTER_US ((uint64_t)1000000)

enum sp_err sp_admit_on_left(struct sp_admit_room *room, const struct sp_msg_left *msg,
                             struct sp_admit_time now)
{
    struct sp_guest *guest = sp_guests_find(room->guests, msg->exchange);
    if (guest == NULL) {
        return SP_OK;
    }
    sp_admit_look(room, now);
    switch (guest->state) {
    case SP_GUEST_LEASING:
    case SP_GUEST_GRANTED:
    case SP_GUEST_WAITING:
        if (msg->why == SP_ERR_CLOSED) {
            sp_admit_release(room,
                             guest); /* nobody is left to be answered, and nothing was begun */
        } else {
            sp_admit_turn_away(room, guest, msg->why, 0, "");
        }
        return SP_OK;
    case SP_GUEST_SENT:
        /* front could not hand the job over, so that no verdict will come: audit takes the name back. */
        sp_workers_lost(&room->workers, guest->worker, now.mono_us);
        sp_admit_turn_away(room, guest, SP_ERR_UNAVAILABLE, AFTER_US,
                           "no inspector could take the request");
        sp_admit_dispatch(room, now);
        return SP_OK;
    case SP_GUEST_FREE:
    case SP_GUEST_RAISED:
    case SP_GUEST_JUDGED:
    case SP_GUEST_LINGERING:
        return SP_OK; /* it runs on; audit records how it ends */
    }
    return SP_OK;
}

enum sp_err sp_admit_on_judged(struct sp_admit_room *room, const struct sp_msg_judged *msg,
                               struct sp_admit_time now)
{
    struct sp_guest *guest = sp_guests_find(room->guests, msg->exchange);
    if (guest == NULL || guest->state != SP_GUEST_SENT) {
        return SP_OK; /* given up meanwhile, or of an admit that died */
    }
    if (msg->worker != guest->worker) {
        return SP_ERR_WIRE;
    }
    sp_admit_look(room, now);
    sp_workers_done(&room->workers, guest->worker);
    guest->state = SP_GUEST_JUDGED;
    sp_guest_text_set(&guest->module, msg->module);
    /* What was submitted is used, allowed or not; how long it may run is known now. */
    sp_quota_spend(room->quota, &guest->hold, SP_QUOTA_CODE_BYTES, msg->code_bytes);
    if (msg->run_ms_max != 0) {
        const uint32_t run_ms =
            msg->run_ms_max < SP_ADMIT_RUN_MS_MAX ? msg->run_ms_max : SP_ADMIT_RUN_MS_MAX;
        guest->until_us = now.mono_us + (uint64_t)run_ms * 1000U + SP_ADMIT_MARGIN_US;
        sp_admit_fit_time(room, guest, run_ms);
    }
    sp_admit_dispatch(room, now);
    return SP_OK;
}

/* It may still run: it counts as one of the concurrent runs until it surely does not. */
static void linger(struct sp_admit_room *room, struct sp_guest *guest)
{
    room->leasing -= guest->state == SP_GUEST_RAISED ? 1 : 0;
    if (!guest->hold.is_run) {
        sp_admit_settle(room, guest);
        return;
    }
    sp_credit_give(room->credit, guest->tenant, guest->credit);
    guest->credit = 0;
    room->open -= guest->state == SP_GUEST_LINGERING ? 0 : 1;
    guest->state = SP_GUEST_LINGERING;
}

/* A file of code came into the session, approved, or went out of it. */
static void note_module(struct sp_admit_room *room, const struct sp_guest *guest, bool is_good)
{
    struct sp_slice session = sp_guest_text_get(&guest->session);
    struct sp_slice module = sp_guest_text_get(&guest->module);
    if (module.len == 0) {
        return;
    }
    if (guest->operation == SP_OPERATION_FILE_DELETE) {
        sp_known_forget(room->known, session, module);
    } else if (guest->operation == SP_OPERATION_FILE_PUT && is_good) {
        sp_known_add(room->known, guest->tenant, session, module);
    }
}

/* It was done: what it used is known. A session that the pool deleted, or does not know, is none any more. */
static void settle_done(struct sp_admit_room *room, struct sp_guest *guest,
                        const struct sp_msg_ended *msg)
{
    struct sp_guest_text session = guest->session;
    bool is_good = msg->pool_status >= 200 && msg->pool_status < 300;
    bool is_gone = is_good || msg->pool_status == 404;
    note_module(room, guest, is_good);
    is_gone = is_gone && guest->operation == SP_OPERATION_SESSION_DELETE;
    sp_quota_lower(room->quota, &guest->hold, SP_QUOTA_RUN_MS, msg->run_ms);
    sp_admit_settle(room, guest);
    if (is_gone) {
        sp_known_forget(room->known, sp_guest_text_get(&session), sp_slice_make(NULL, 0));
        sp_quota_end_session(room->quota, sp_guest_text_get(&session));
    }
}

enum sp_err sp_admit_on_ended(struct sp_admit_room *room, const struct sp_msg_ended *msg,
                              struct sp_admit_time now)
{
    struct sp_guest *guest = sp_guests_find(room->guests, msg->exchange);
    if (msg->state >= SP_END_COUNT) {
        return SP_ERR_WIRE;
    }
    sp_admit_look(room, now);
    if (guest == NULL) {
        if (msg->state != SP_END_UNKNOWN) {
            sp_earlier_ended(&room->earlier, room->quota, msg->exchange);
        }
        return SP_OK;
    }
    switch (guest->state) {
    case SP_GUEST_FREE:
    case SP_GUEST_LEASING:
    case SP_GUEST_GRANTED:
    case SP_GUEST_WAITING:
        return SP_ERR_WIRE; /* audit does not know of it yet */
    case SP_GUEST_SENT:
        sp_workers_lost(&room->workers, guest->worker, now.mono_us);
        break;
    case SP_GUEST_RAISED:
    case SP_GUEST_JUDGED:
    case SP_GUEST_LINGERING:
        break;
    }
    if (msg->state == SP_END_UNKNOWN) {
        linger(room, guest);
    } else if (msg->state == SP_END_DONE) {
        settle_done(room, guest, msg);
    } else {
        sp_admit_release(room, guest);
    }
    sp_admit_dispatch(room, now);
    return SP_OK;
}

void sp_admit_on_still(struct sp_admit_room *room, const struct sp_msg_still *msg,
                       struct sp_admit_time now)
{
    sp_admit_look(room, now);
    sp_earlier_told(&room->earlier, room->quota, msg, now.mono_us);
}

static void forget_before_sent(void *ctx, struct sp_guest *guest)
{
    if (guest->state == SP_GUEST_LEASING || guest->state == SP_GUEST_GRANTED ||
        guest->state == SP_GUEST_WAITING) {
        sp_admit_release(ctx, guest);
    }
}

void sp_admit_front(struct sp_admit_room *room, bool is_there)
{
    room->has_front = is_there;
    if (!is_there) {
        sp_guests_each(room->guests, forget_before_sent, room);
    }
}

/* A new audit knows none of these: who waits is refused, what may run lingers until its time is over. */
static void settle_without_audit(void *ctx, struct sp_guest *guest)
{
    struct sp_admit_room *room = ctx;
    switch (guest->state) {
    case SP_GUEST_WAITING:
        sp_admit_turn_away(room, guest, SP_ERR_LOG_UNAVAILABLE, AFTER_US, "");
        return;
    case SP_GUEST_SENT:
        sp_workers_unbook(&room->workers, guest->worker);
        linger(room, guest);
        return;
    case SP_GUEST_RAISED:
        sp_admit_release(room, guest); /* it waits for a word of ours that nobody hears now */
        return;
    case SP_GUEST_JUDGED:
        linger(room, guest);
        return;
    case SP_GUEST_FREE:
    case SP_GUEST_LEASING:
    case SP_GUEST_GRANTED:
    case SP_GUEST_LINGERING:
        return;
    }
}

void sp_admit_audit(struct sp_admit_room *room, bool is_there, struct sp_admit_time now)
{
    sp_admit_look(room, now);
    room->has_audit = is_there;
    if (!is_there) {
        sp_guests_each(room->guests, settle_without_audit, room);
        return;
    }
    sp_admit_dispatch(room, now);
}

/* --- other tenants --- */

/* Whose tenant is gone is turned away while that is safe; what is with audit runs to its end. */
static void turn_away_if_gone(void *ctx, struct sp_guest *guest)
{
    struct sp_admit_room *room = ctx;
    bool is_early = guest->state == SP_GUEST_LEASING || guest->state == SP_GUEST_GRANTED ||
                    guest->state == SP_GUEST_WAITING;
    if (is_early && !room->seats.all[guest->tenant].is_there) {
        sp_admit_turn_away(room, guest, SP_ERR_TOKEN_UNKNOWN, 0, "");
    }
}

enum sp_err sp_admit_reload(struct sp_admit_room *room, struct sp_authority *authority,
                            const struct sp_admit_share *shares, struct sp_admit_time now)
{
    sp_admit_look(room, now);
    size_t most = room->seats.count + sp_directory_tenants(sp_authority_directory(authority));
    SP_TRY(sp_credit_grow(room->credit, most));
    SP_TRY(sp_fair_grow(room->fair, most));
    SP_TRY(sp_fair_grow(room->fair_large, most));
    SP_TRY(sp_seats_set(&room->seats, sp_authority_directory(authority), shares));
    room->authority = authority;
    sp_guests_each(room->guests, turn_away_if_gone, room);
    return SP_OK;
}
