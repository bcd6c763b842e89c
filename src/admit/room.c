#include "admit/room.h"

#include <stdlib.h>

#include "admit/room_inner.h"
#include "api/scope.h"

#define UNAVAILABLE_MS      1000U
/* Under the bound of the message and of what inspect reads. */
#define NAMES_BYTES_MAX     ((size_t)24 * 1024)
#define WAIT_US_MAX         ((uint64_t)30 * 1000000U)
#define STRANGERS_PERIOD_US ((uint64_t)1000000)

static enum sp_err make_parts(struct sp_admit_room *room, const struct sp_admit_share *shares)
{
    const struct sp_admit_limits *limits = &room->limits;
    SP_TRY(sp_seats_set(&room->seats, sp_authority_directory(room->authority), shares));
    SP_TRY(sp_credit_new(room->seats.count, limits->bytes_in_flight_max,
                         limits->body_bytes_max > limits->upload_body_max ? limits->body_bytes_max
                                                                          : limits->upload_body_max,
                         &room->credit));
    SP_TRY(sp_fair_new(room->seats.count, limits->queue_max, limits->queue_max, &room->fair));
    SP_TRY(sp_fair_new(room->seats.count, limits->queue_max, limits->queue_max, &room->fair_large));
    SP_TRY(sp_slow_new(limits->failed_logins_per_minute, limits->seed, &room->slow));
    SP_TRY(sp_known_new(&room->known));
    return sp_guests_new(&room->guests);
}

enum sp_err sp_admit_room_new(const struct sp_admit_limits *limits,
                              const struct sp_admit_parts *parts, const struct sp_admit_out *out,
                              struct sp_admit_room **out_room)
{
    struct sp_admit_room *room = calloc(1, sizeof(*room));
    if (room == NULL) {
        return SP_ERR_NOMEM;
    }
    room->limits = *limits;
    room->authority = parts->authority;
    room->namer = parts->namer;
    room->quota = parts->quota;
    room->out = *out;
    sp_workers_init(&room->workers, limits->workers, limits->file_workers);
    sp_buf_init(&room->scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    sp_buf_init(&room->names, NAMES_BYTES_MAX);
    enum sp_err err = make_parts(room, parts->shares);
    if (err != SP_OK) {
        sp_admit_room_free(room);
        return err;
    }
    *out_room = room;
    return SP_OK;
}

void sp_admit_room_free(struct sp_admit_room *room)
{
    if (room != NULL) {
        sp_seats_done(&room->seats);
        sp_credit_free(room->credit);
        sp_fair_free(room->fair);
        sp_fair_free(room->fair_large);
        sp_guests_free(room->guests);
        sp_earlier_done(&room->earlier);
        sp_slow_free(room->slow);
        sp_known_free(room->known);
        sp_buf_done(&room->scratch);
        sp_buf_done(&room->names);
        free(room);
    }
}

void sp_admit_look(struct sp_admit_room *room, struct sp_admit_time now)
{
    room->time_us = sp_quota_now(
        room->quota, (struct sp_quota_time){.mono_us = now.mono_us, .wall_us = now.wall_us});
}

const struct sp_tenant *sp_admit_tenant(const struct sp_admit_room *room,
                                        const struct sp_guest *guest)
{
    return &room->seats.all[guest->tenant].tenant;
}

/* --- leaving --- */

static void forget(struct sp_admit_room *room, struct sp_guest *guest)
{
    if (guest->state == SP_GUEST_WAITING) {
        (void)sp_fair_remove(sp_admit_line(room, guest), guest->tenant, &guest->item);
    }
    room->leasing -= guest->state == SP_GUEST_LEASING || guest->state == SP_GUEST_RAISED ? 1 : 0;
    room->open -= guest->state == SP_GUEST_LINGERING ? 0 : 1;
    sp_credit_give(room->credit, guest->tenant, guest->credit);
    sp_guests_remove(room->guests, guest);
}

void sp_admit_release(struct sp_admit_room *room, struct sp_guest *guest)
{
    sp_quota_release(room->quota, &guest->hold, room->time_us);
    forget(room, guest);
}

void sp_admit_settle(struct sp_admit_room *room, struct sp_guest *guest)
{
    sp_quota_settle(room->quota, &guest->hold, room->time_us);
    forget(room, guest);
}

/* A refusal that nobody records: front answers it alone. The wire's loss is told to the room by the process. */
static void refuse(struct sp_admit_room *room, sp_exchange exchange, enum sp_err err,
                   uint32_t retry_after_ms)
{
    const struct sp_msg_refuse msg = {
        .exchange = exchange, .err = err, .retry_after_ms = retry_after_ms};
    (void)room->out.refuse(room->out.ctx, &msg);
}

static uint32_t to_ms(uint64_t us)
{
    uint64_t ms = (us + 999) / 1000;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

void sp_admit_turn_away(struct sp_admit_room *room, struct sp_guest *guest, enum sp_err err,
                        uint64_t after_us, const char *detail)
{
    sp_exchange exchange = guest->exchange;
    struct sp_msg_refusal msg = {
        .exchange = exchange,
        .tenant = sp_admit_tenant(room, guest)->name,
        .principal = sp_guest_text_get(&guest->principal),
        .source = sp_guest_text_get(&guest->source),
        .operation = guest->operation,
        .session = sp_guest_text_get(&guest->session),
        .err = err,
        .retry_after_ms = to_ms(after_us),
        .detail = sp_slice_of(detail),
    };
    SP_LIMIT_SET(&msg, &guest->limit);
    enum sp_err told = room->has_audit ? room->out.refusal(room->out.ctx, &msg) : SP_ERR_CLOSED;
    sp_admit_release(room, guest);
    if (told != SP_OK) {
        refuse(room, exchange, SP_ERR_LOG_UNAVAILABLE, UNAVAILABLE_MS);
    }
}

/* --- coming in --- */

/* Who failed too often is told to wait, whatever was wrong this time. A request without a token tries nothing. */
static void refuse_stranger(struct sp_admit_room *room, const struct sp_msg_ask *msg,
                            enum sp_err err, struct sp_admit_time now)
{
    const uint64_t wait_us = sp_slow_wait_us(room->slow, msg->source, now.mono_us);
    sp_strangers_count(&room->strangers, err, msg->source, now.wall_us);
    if (err == SP_ERR_TOKEN_MISSING || wait_us == 0) {
        if (err != SP_ERR_TOKEN_MISSING) {
            sp_slow_failed(room->slow, msg->source, now.mono_us);
        }
        refuse(room, msg->exchange, err, 0);
        return;
    }
    refuse(room, msg->exchange, SP_ERR_BUSY, to_ms(wait_us));
}

static enum sp_err authenticate(struct sp_admit_room *room, const struct sp_msg_ask *msg,
                                struct sp_admit_time now, struct sp_principal *out)
{
    const struct sp_credentials credentials = {
        .authorization = msg->authorization,
        .api_key = msg->api_key,
        .certificate = msg->certificate,
        .subject = msg->subject,
        .is_slowed = sp_slow_wait_us(room->slow, msg->source, now.mono_us) > 0,
    };
    /* The time of the quotas: a wall clock that is set back revives no token. */
    return sp_authority_check(room->authority, &credentials, room->time_us, out);
}

static enum sp_err let_in(struct sp_admit_room *room, struct sp_guest *guest,
                          const struct sp_msg_ask *msg, const struct sp_route *route,
                          struct sp_admit_time now)
{
    uint64_t bytes = 0;
    uint64_t most = 0;
    bool is_in = false;
    enum sp_err err = sp_admit_size_body(room, msg, guest->operation, &bytes, &most);
    if (err != SP_OK) {
        struct sp_where where;
        sp_where_set(&where, 0, 0, "the body may have %llu bytes at most",
                     (unsigned long long)most);
        sp_admit_turn_away(room, guest, err, 0, err == SP_ERR_TOO_BIG ? where.text : "");
        return SP_OK;
    }
    guest->is_ready = msg->is_ready != 0;
    sp_admit_reserve(room, guest, route, bytes, &is_in);
    if (!is_in) {
        return SP_OK;
    }
    if (!sp_quota_is_durable(room->quota, &guest->hold)) {
        guest->state = SP_GUEST_LEASING;
        room->leasing++;
        return SP_OK;
    }
    return sp_admit_go_on(room, guest, now);
}

static enum sp_err name_session(struct sp_admit_room *room, const struct sp_tenant *tenant,
                                const struct sp_route *route, struct sp_guest *guest)
{
    char name[SP_SESSION_NAME_CHARS + 1];
    if (route->identifier.len == 0) {
        return SP_OK;
    }
    SP_TRY(
        sp_session_name(room->namer, tenant->name, tenant->policy_epoch, route->identifier, name));
    SP_TRY(sp_session_template_key(room->namer, tenant->name, &guest->template_key));
    sp_guest_text_set(&guest->session, sp_slice_make(name, SP_SESSION_NAME_CHARS));
    return SP_OK;
}

static enum sp_err check_scope(const struct sp_principal *who, enum sp_operation operation,
                               struct sp_where *where)
{
    const unsigned scope = sp_scope_of_operation(operation);
    if ((who->scopes & scope) == scope) {
        return SP_OK;
    }
    sp_scope_say(scope, where);
    return SP_ERR_SCOPE;
}

static void take_down(const struct sp_admit_room *room, struct sp_guest *guest,
                      const struct sp_msg_ask *msg, const struct sp_principal *who)
{
    guest->state = SP_GUEST_GRANTED;
    guest->tenant = sp_seats_of(&room->seats, who->tenant_index);
    sp_guest_text_set(&guest->principal, who->id);
    sp_guest_text_set(&guest->source, msg->source);
    size_t ignored = 0;
    bool is_text = sp_utf8_check(msg->traceparent, &ignored) == SP_OK &&
                   sp_slice_find(msg->traceparent, 0, '\0') == msg->traceparent.len;
    sp_guest_text_set(&guest->traceparent, is_text ? msg->traceparent : sp_slice_make(NULL, 0));
}

/* What no pool is asked for: answered here, or by reader. */
static bool is_of_the_house(struct sp_admit_room *room, struct sp_guest *guest,
                            const struct sp_route *route, unsigned scopes)
{
    if (route->operation == SP_OPERATION_USAGE) {
        sp_admit_tell_usage(room, guest, route->query, (scopes & (unsigned)SP_SCOPE_ADMIN) != 0);
        return true;
    }
    if (route->operation == SP_OPERATION_AUDIT_READ) {
        sp_admit_ask_read(room, guest, route, (scopes & (unsigned)SP_SCOPE_ADMIN) != 0);
        return true;
    }
    return false;
}

/* A place for the exchange. SP_ERR_WIRE: a number that cannot be; another error: what front is to answer. */
static enum sp_err take_place(struct sp_admit_room *room, sp_exchange exchange,
                              struct sp_guest **out)
{
    struct sp_guest *guest = NULL;
    enum sp_err err = sp_guests_add(room->guests, exchange, &guest);
    if (err == SP_ERR_DUPLICATE || err == SP_ERR_INVALID) {
        return SP_ERR_WIRE;
    }
    if (!room->has_audit) {
        if (err == SP_OK) {
            sp_guests_remove(room->guests, guest);
        }
        return SP_ERR_LOG_UNAVAILABLE;
    }
    if (err != SP_OK) {
        return SP_ERR_UNAVAILABLE;
    }
    room->open++;
    *out = guest;
    return SP_OK;
}

/* What is asked for, whether this principal may, and in whose session. */
static enum sp_err read_head(struct sp_admit_room *room, struct sp_guest *guest,
                             const struct sp_msg_ask *msg, const struct sp_principal *who,
                             struct sp_route *route, struct sp_where *where)
{
    SP_TRY(sp_route_find(msg->method, msg->target, &room->scratch, route, where));
    guest->operation = (uint8_t)route->operation;
    guest->skip = route->skip;
    sp_admit_name_run(room, guest, msg->operation_id);
    SP_TRY(check_scope(who, route->operation, where));
    SP_TRY(name_session(room, sp_admit_tenant(room, guest), route, guest));
    if (route->operation != SP_OPERATION_EXECUTE) {
        return SP_OK;
    }
    guest->is_stream = msg->is_stream != 0;
    return sp_admit_take_key(room, guest, msg, route->identifier, where);
}

enum sp_err sp_admit_on_ask(struct sp_admit_room *room, const struct sp_msg_ask *msg,
                            struct sp_admit_time now)
{
    struct sp_principal who;
    struct sp_guest *guest = NULL;
    struct sp_route route = {.operation = SP_OPERATION_NONE};
    struct sp_where where = {.text = {0}};
    sp_admit_look(room, now);
    room->run_seed = room->run_seed == 0 ? now.wall_us : room->run_seed;
    enum sp_err err = authenticate(room, msg, now, &who);
    if (err != SP_OK) {
        refuse_stranger(room, msg, err, now);
        return SP_OK;
    }
    err = take_place(room, msg->exchange, &guest);
    if (err == SP_ERR_WIRE) {
        return err;
    }
    if (err != SP_OK) {
        refuse(room, msg->exchange, err, UNAVAILABLE_MS);
        return SP_OK;
    }
    take_down(room, guest, msg, &who);
    err = read_head(room, guest, msg, &who, &route, &where);
    if (err != SP_OK) {
        sp_admit_turn_away(room, guest, err, 0, where.text);
        return SP_OK;
    }
    if (is_of_the_house(room, guest, &route, who.scopes)) {
        return SP_OK;
    }
    return let_in(room, guest, msg, &route, now);
}

/* --- waiting --- */

enum sp_err sp_admit_on_ready(struct sp_admit_room *room, const struct sp_msg_ready *msg,
                              struct sp_admit_time now)
{
    struct sp_guest *guest = sp_guests_find(room->guests, msg->exchange);
    if (guest == NULL) {
        return SP_OK; /* turned away meanwhile; front hears of it by audit */
    }
    if (guest->state != SP_GUEST_GRANTED || msg->body_bytes > guest->credit) {
        return SP_ERR_WIRE;
    }
    /* What was held beyond the real size is free again. */
    sp_admit_look(room, now);
    sp_credit_give(room->credit, guest->tenant, guest->credit - msg->body_bytes);
    guest->credit = msg->body_bytes;
    sp_quota_lower(room->quota, &guest->hold, SP_QUOTA_CODE_BYTES, msg->body_bytes);
    sp_quota_lower(room->quota, &guest->hold, SP_QUOTA_UPLOAD_BYTES, msg->body_bytes);
    guest->item.bytes = msg->body_bytes;
    guest->until_us = now.mono_us + WAIT_US_MAX;
    guest->is_large = sp_admit_is_large(guest);
    enum sp_err err = sp_fair_push(sp_admit_line(room, guest), guest->tenant, &guest->item);
    if (err != SP_OK) {
        sp_admit_turn_away(room, guest, err == SP_ERR_BUSY ? SP_ERR_BUSY : SP_ERR_UNAVAILABLE,
                           (uint64_t)UNAVAILABLE_MS * 1000,
                           "too many requests wait for inspection");
        return SP_OK;
    }
    guest->state = SP_GUEST_WAITING;
    sp_admit_dispatch(room, now);
    return SP_OK;
}

static enum sp_err tell_who(struct sp_admit_room *room, const struct sp_guest *guest,
                            const struct sp_tenant *tenant)
{
    struct sp_msg_who who = {
        .exchange = guest->exchange,
        .tenant = tenant->name,
        .principal = sp_guest_text_get(&guest->principal),
        .source = sp_guest_text_get(&guest->source),
        .operation = guest->operation,
        .session = sp_guest_text_get(&guest->session),
        .template_key = guest->template_key,
        .policy_name = tenant->policy_name,
        .worker = guest->worker,
        .traceparent = sp_guest_text_get(&guest->traceparent),
        .execution = sp_guest_text_get(&guest->execution),
        .is_denial_result = tenant->is_denial_result ? 1 : 0,
        .has_key = guest->has_key ? 1 : 0,
        .is_stream = guest->is_stream ? 1 : 0,
        .run_ms_max = (uint32_t)guest->hold.day[SP_QUOTA_RUN_MS], /* SP_ADMIT_RUN_MS_MAX at most */
    };
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        who.policy[i] = tenant->policy[i];
        who.key[i] = guest->key[i];
        who.target[i] = guest->target[i];
    }
    SP_LIMIT_SET(&who, &guest->limit);
    return room->out.who(room->out.ctx, &who);
}

/* audit hears who it is before the worker hears what it is: a verdict never comes to an exchange without a name. */
static void hand_over(struct sp_admit_room *room, struct sp_guest *guest, unsigned worker,
                      struct sp_admit_time now)
{
    const struct sp_tenant *tenant = sp_admit_tenant(room, guest);
    struct sp_msg_send send = {
        .exchange = guest->exchange, .worker = (uint16_t)worker, .operation = guest->operation};
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        send.policy[i] = tenant->policy[i];
    }
    if (guest->operation == SP_OPERATION_SESSION_LIST &&
        sp_admit_put_names(room, guest, &send) != SP_OK) {
        sp_workers_unbook(&room->workers, worker);
        sp_admit_turn_away(room, guest, SP_ERR_UNAVAILABLE, (uint64_t)UNAVAILABLE_MS * 1000,
                           "memory is used up");
        return;
    }
    if (guest->operation == SP_OPERATION_EXECUTE || guest->operation == SP_OPERATION_FILE_PUT) {
        /* Names that do not fit are judged as unknown. */
        sp_buf_clear(&room->names);
        bool has = sp_known_put(room->known, sp_guest_text_get(&guest->session), SP_MSG_MODULES_MAX,
                                &room->names) == SP_OK;
        send.modules = has ? sp_buf_slice(&room->names) : sp_slice_make(NULL, 0);
    }
    guest->worker = (uint16_t)worker;
    guest->state = SP_GUEST_SENT;
    guest->until_us = now.mono_us + SP_ADMIT_RUN_US_MAX;
    if (tell_who(room, guest, tenant) != SP_OK) {
        sp_exchange exchange = guest->exchange;
        sp_workers_unbook(&room->workers, worker);
        sp_admit_release(room, guest);
        refuse(room, exchange, SP_ERR_LOG_UNAVAILABLE, UNAVAILABLE_MS);
        return;
    }
    (void)room->out.send(room->out.ctx, &send);
}

static void dispatch_line(struct sp_admit_room *room, struct sp_fair *line, bool is_large,
                          struct sp_admit_time now)
{
    unsigned worker = 0;
    while (room->has_audit && sp_fair_waiting(line) > 0 &&
           sp_workers_book(&room->workers, is_large, now.mono_us, &worker)) {
        struct sp_fair_item *item = sp_fair_pop(line);
        if (item == NULL) {
            sp_workers_unbook(&room->workers, worker);
            return;
        }
        /* The item stands first in its guest. */
        hand_over(room, (struct sp_guest *)item, worker, now);
    }
}

void sp_admit_dispatch(struct sp_admit_room *room, struct sp_admit_time now)
{
    dispatch_line(room, room->fair, false, now);
    dispatch_line(room, room->fair_large, true, now);
}

/* --- what is due --- */

static void tell_strangers(struct sp_admit_room *room, struct sp_admit_time now)
{
    if (!room->has_audit || now.mono_us - room->strangers_told_us < STRANGERS_PERIOD_US) {
        return;
    }
    for (unsigned kind = 0; kind < SP_STRANGERS_KINDS; kind++) {
        struct sp_msg_strangers msg;
        if (sp_strangers_summary(&room->strangers, kind, now.wall_us, &msg) &&
            room->out.strangers(room->out.ctx, &msg) == SP_OK) {
            sp_strangers_clear(&room->strangers, kind);
            room->strangers_told_us = now.mono_us;
        }
    }
}

struct due {
    struct sp_admit_room *room;
    struct sp_admit_time now;
};

static void end_if_due(void *ctx, struct sp_guest *guest)
{
    struct due *due = ctx;
    if (guest->until_us == 0 || due->now.mono_us < guest->until_us) {
        return;
    }
    switch (guest->state) {
    case SP_GUEST_WAITING:
        sp_admit_turn_away(due->room, guest, SP_ERR_UNAVAILABLE, (uint64_t)UNAVAILABLE_MS * 1000,
                           "no inspector was free in time");
        return;
    case SP_GUEST_SENT:
        sp_workers_lost(&due->room->workers, guest->worker, due->now.mono_us);
        sp_admit_settle(due->room, guest);
        return;
    case SP_GUEST_RAISED:
    case SP_GUEST_JUDGED:
    case SP_GUEST_LINGERING:
        sp_admit_settle(due->room, guest);
        return;
    case SP_GUEST_FREE:
    case SP_GUEST_LEASING:
    case SP_GUEST_GRANTED:
        return;
    }
}

enum sp_err sp_admit_tick(struct sp_admit_room *room, struct sp_admit_time now)
{
    struct due due = {.room = room, .now = now};
    sp_admit_look(room, now);
    tell_strangers(room, now);
    sp_guests_each(room->guests, end_if_due, &due);
    sp_earlier_tick(&room->earlier, room->quota, now.mono_us);
    sp_admit_dispatch(room, now);
    return sp_quota_tick(room->quota, room->time_us);
}

size_t sp_admit_open(const struct sp_admit_room *room)
{
    return room->open;
}
