/* What a request takes of the quotas, and what it may know of them. */
#include <stdio.h>

#include "admit/room_inner.h"

#define AFTER_US ((uint64_t)1000000)

/* At most: the longest run, whose time nobody has read yet; all of the body. */
static struct sp_quota_ask ask_of(const struct sp_admit_room *room, const struct sp_guest *guest,
                                  const struct sp_route *route, uint64_t bytes)
{
    enum sp_operation operation = route->operation;
    struct sp_quota_ask ask = {
        .is_run = operation == SP_OPERATION_EXECUTE,
        .may_begin_session = sp_operation_makes_session(operation),
        .is_time_open = true,
        .epoch = sp_admit_tenant(room, guest)->policy_epoch,
        .session = sp_guest_text_get(&guest->session),
        .identifier = route->identifier,
    };
    ask.day[SP_QUOTA_RUN_MS] = operation == SP_OPERATION_EXECUTE ? SP_ADMIT_RUN_MS_MAX : 0;
    ask.day[SP_QUOTA_CODE_BYTES] = operation == SP_OPERATION_EXECUTE ? bytes : 0;
    ask.day[SP_QUOTA_UPLOAD_BYTES] = operation == SP_OPERATION_FILE_PUT ? bytes : 0;
    return ask;
}

/* What a quota refusal says to the client: whose limit, how large, how much is used, when there is more; and what was
 * asked for, where a smaller request would have fitted. */
static void turn_away_for_quota(struct sp_admit_room *room, struct sp_guest *guest,
                                const struct sp_quota_refusal *refusal, uint32_t run_ms)
{
    struct sp_where where;
    char asked[64] = "";
    const struct sp_limit_state *state = &refusal->state;
    if (run_ms > 0) {
        (void)snprintf(asked, sizeof(asked), "the run may take %u s (timeoutInSeconds); ",
                       run_ms / 1000);
    }
    sp_where_set(
        &where, 0, 0, "%sthe limit %s of the %s is %llu and %llu are used; ask again in %u s",
        asked, sp_limit_key(state->limit), sp_limit_scope_name(state->scope),
        (unsigned long long)state->size, (unsigned long long)refusal->used, state->reset_s);
    guest->limit = *state;
    sp_admit_turn_away(room, guest, SP_ERR_QUOTA, refusal->after_us, where.text);
}

static enum sp_err take(struct sp_admit_room *room, struct sp_guest *guest,
                        struct sp_quota_ask *ask, struct sp_quota_refusal *out_refusal)
{
    const struct sp_seat *seat = &room->seats.all[guest->tenant];
    SP_TRY(sp_quota_token(room->quota, seat->node, sp_guest_text_get(&guest->principal),
                          &seat->token_limits, &ask->node));
    SP_TRY(sp_quota_reserve(room->quota, ask, room->time_us, &guest->hold, out_refusal));
    sp_quota_requests_left(room->quota, ask->node, room->time_us, &guest->limit);
    return SP_OK;
}

void sp_admit_reserve(struct sp_admit_room *room, struct sp_guest *guest,
                      const struct sp_route *route, uint64_t bytes, bool *out_is_in)
{
    struct sp_quota_refusal refusal = {.used = 0};
    struct sp_quota_ask ask = ask_of(room, guest, route, bytes);
    *out_is_in = false;
    enum sp_err err = sp_credit_take(room->credit, guest->tenant, bytes);
    if (err != SP_OK) {
        sp_admit_turn_away(room, guest, err, AFTER_US,
                           "too many bytes of request bodies are in flight");
        return;
    }
    guest->credit = bytes;
    err = take(room, guest, &ask, &refusal);
    if (err == SP_ERR_QUOTA) {
        turn_away_for_quota(room, guest, &refusal, 0);
        return;
    }
    if (err != SP_OK) {
        sp_admit_turn_away(room, guest, SP_ERR_UNAVAILABLE, AFTER_US,
                           "there is no room to count this request");
        return;
    }
    *out_is_in = true;
}

/* --- the time that a run asks for --- */

static void tell_time(struct sp_admit_room *room, struct sp_guest *guest)
{
    const struct sp_msg_time msg = {.exchange = guest->exchange,
                                    .run_ms_max = (uint32_t)guest->hold.day[SP_QUOTA_RUN_MS]};
    guest->state = SP_GUEST_JUDGED;
    if (room->out.time(room->out.ctx, &msg) != SP_OK) {
        sp_admit_release(room, guest); /* audit is gone, and has not begun it */
    }
}

void sp_admit_fit_time(struct sp_admit_room *room, struct sp_guest *guest, uint32_t run_ms)
{
    struct sp_quota_refusal refusal = {.used = 0};
    if (!guest->hold.is_run || run_ms <= guest->hold.day[SP_QUOTA_RUN_MS]) {
        sp_quota_lower(room->quota, &guest->hold, SP_QUOTA_RUN_MS, run_ms);
        return;
    }
    if (sp_quota_raise(room->quota, &guest->hold, SP_QUOTA_RUN_MS, run_ms, room->time_us,
                       &refusal) != SP_OK) {
        turn_away_for_quota(room, guest, &refusal, run_ms);
        return;
    }
    if (sp_quota_is_durable(room->quota, &guest->hold)) {
        tell_time(room, guest);
        return;
    }
    guest->state = SP_GUEST_RAISED;
    room->leasing++;
}

enum sp_err sp_admit_go_on(struct sp_admit_room *room, struct sp_guest *guest,
                           struct sp_admit_time now)
{
    guest->state = SP_GUEST_GRANTED;
    if (guest->is_ready) {
        const struct sp_msg_ready ready = {.exchange = guest->exchange,
                                           .body_bytes = guest->credit};
        return sp_admit_on_ready(room, &ready, now);
    }
    const struct sp_msg_grant grant = {.exchange = guest->exchange,
                                       .body_bytes_max = guest->credit};
    (void)room->out.grant(room->out.ctx, &grant);
    return SP_OK;
}

/* --- leases --- */

bool sp_admit_is_waiting(const struct sp_admit_room *room)
{
    return room->leasing > 0;
}

struct committed {
    struct sp_admit_room *room;
    struct sp_admit_time now;
};

static void go_on_if_durable(void *ctx, struct sp_guest *guest)
{
    struct committed *committed = ctx;
    struct sp_admit_room *room = committed->room;
    if (guest->state != SP_GUEST_LEASING && guest->state != SP_GUEST_RAISED) {
        return;
    }
    if (!sp_quota_is_durable(room->quota, &guest->hold)) {
        sp_admit_turn_away(room, guest, SP_ERR_UNAVAILABLE, AFTER_US,
                           "the quotas cannot be written");
        return;
    }
    room->leasing--;
    if (guest->state == SP_GUEST_RAISED) {
        tell_time(room, guest);
        return;
    }
    (void)!sp_admit_go_on(room, guest, committed->now);
}

enum sp_err sp_admit_commit(struct sp_admit_room *room, struct sp_admit_time now)
{
    struct committed committed = {.room = room, .now = now};
    sp_admit_look(room, now);
    enum sp_err err = sp_quota_flush(room->quota, room->time_us);
    sp_guests_each(room->guests, go_on_if_durable, &committed);
    return err;
}

enum sp_err sp_admit_stop(struct sp_admit_room *room, struct sp_admit_time now)
{
    sp_admit_look(room, now);
    return sp_quota_stop(room->quota, room->time_us);
}
