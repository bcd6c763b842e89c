#include "front/desk.h"

#include <stdlib.h>

#include "base/assert.h"

#define NONE UINT32_MAX

enum state {
    STATE_FREE,
    STATE_ASKED,    /* admit decides */
    STATE_GRANTED,  /* the body is read */
    STATE_READY,    /* in admit's queue */
    STATE_SENT,     /* with a worker, or further on */
    STATE_REFUSING, /* no job will come of it: admit knows, the recorded refusal is on its way */
    STATE_LEAVING,  /* answered, but admit could not be told yet */
};

/* What may still be said about an exchange: one bit a message, cleared when it came. */
#define MAY_GRANT  1U
#define MAY_REFUSE 2U
#define MAY_SEND   4U
#define MAY_ANSWER 8U
#define MAY_PAGE   32U /* of a reading of the log: reader may answer */
#define MAY_ECHO                                                                                   \
    16U /* a second answer: audit ended it for a lost worker while admit was withdrawing it */

/* A slot remembers its latest exchange when it is free, so that what comes late is told from what must not come. */
struct slot {
    uint64_t generation;
    enum state state;
    unsigned may;
    bool is_reading; /* of the log: reader answers */
    bool owes_left;  /* admit is still to hear `why` */
    enum sp_err why;
    enum sp_err fallback; /* while refusing: the answer if none comes */
    void *request;
    uint64_t deadline_ms; /* 0: none */
    uint32_t next_free;
};

struct sp_desk {
    struct sp_desk_port port;
    unsigned workers;
    uint64_t generation; /* the latest that was given */
    bool has_admit;
    bool has_audit;
    bool is_closed;
    size_t live;
    size_t leaving;
    uint32_t free_first; /* the slot that has been free for longest is used next */
    uint32_t free_last;
    struct slot slots[SP_EXCHANGE_SLOTS];
};

enum sp_err sp_desk_new(uint32_t incarnation, unsigned workers, const struct sp_desk_port *port,
                        struct sp_desk **out)
{
    struct sp_desk *desk = calloc(1, sizeof(*desk));
    if (desk == NULL) {
        return SP_ERR_NOMEM;
    }
    desk->port = *port;
    desk->workers = workers;
    desk->generation = (uint64_t)(incarnation & 0xFFFFU) << 32;
    desk->free_last = (uint32_t)SP_EXCHANGE_SLOTS - 1;
    for (uint32_t i = 0; i < SP_EXCHANGE_SLOTS; i++) {
        desk->slots[i].generation = desk->generation;
        desk->slots[i].next_free = i < desk->free_last ? i + 1 : NONE;
    }
    *out = desk;
    return SP_OK;
}

void sp_desk_free(struct sp_desk *desk)
{
    free(desk);
}

void sp_desk_close(struct sp_desk *desk)
{
    desk->is_closed = true;
}

size_t sp_desk_live(const struct sp_desk *desk)
{
    return desk->live;
}

static sp_exchange name_of(const struct sp_desk *desk, const struct slot *slot)
{
    return sp_exchange_make((size_t)(slot - desk->slots), slot->generation);
}

static void set_free(struct sp_desk *desk, struct slot *slot)
{
    uint32_t at = (uint32_t)(slot - desk->slots);
    slot->state = STATE_FREE;
    slot->owes_left = false;
    slot->next_free = NONE;
    if (desk->free_first == NONE) {
        desk->free_first = at;
    } else {
        desk->slots[desk->free_last].next_free = at;
    }
    desk->free_last = at;
}

/* Ends the exchange and answers. What may come late stays noted in `may`; what admit must hear keeps the slot. */
static void finish(struct sp_desk *desk, struct slot *slot, struct sp_desk_answer *answer)
{
    void *request = slot->request;
    slot->request = NULL;
    slot->deadline_ms = 0;
    desk->live--;
    if (answer != NULL) {
        answer->exchange = name_of(desk, slot);
    }
    if (slot->owes_left) {
        slot->state = STATE_LEAVING;
        desk->leaving++;
    } else {
        set_free(desk, slot);
    }
    if (answer != NULL) {
        desk->port.answer(desk->port.ctx, request, answer);
    }
}

static void finish_with(struct sp_desk *desk, struct slot *slot, enum sp_err err)
{
    bool may_retry = err == SP_ERR_UNAVAILABLE;
    struct sp_desk_answer answer = {.err = err, .retry_after_ms = may_retry ? SP_DESK_RETRY_MS : 0};
    finish(desk, slot, &answer);
}

/* Tells admit that no job will come of it, now or by the next tick. Without admit nobody keeps a place for it. */
static void tell_left(struct sp_desk *desk, struct slot *slot, enum sp_err why)
{
    const struct sp_msg_left left = {.exchange = name_of(desk, slot), .why = why};
    enum sp_err err = desk->has_admit ? desk->port.left(desk->port.ctx, &left) : SP_OK;
    slot->why = why;
    slot->may |= MAY_ECHO;
    slot->owes_left = err == SP_ERR_FULL || err == SP_ERR_NOMEM;
}

/* Ends what was not handed over yet. */
static void give_up(struct sp_desk *desk, struct slot *slot, enum sp_err why, enum sp_err answer)
{
    if (slot->state != STATE_REFUSING) {
        tell_left(desk, slot, why);
    }
    finish_with(desk, slot, answer);
}

/* No job will come of it; what admit makes of that is recorded before it is answered, and waited for, but not long. */
static void await_refusal(struct sp_desk *desk, struct slot *slot, enum sp_err why, uint64_t now_ms)
{
    tell_left(desk, slot, why);
    slot->state = STATE_REFUSING;
    slot->fallback = why;
    slot->deadline_ms = now_ms + SP_DESK_REFUSAL_MS;
}

static struct slot *find_live(struct sp_desk *desk, sp_exchange exchange)
{
    size_t at = sp_exchange_slot(exchange);
    if (at >= SP_EXCHANGE_SLOTS) {
        return NULL;
    }
    struct slot *slot = &desk->slots[at];
    return slot->request != NULL && name_of(desk, slot) == exchange ? slot : NULL;
}

/*
 * Finds what a peer speaks about. `*out` is NULL with SP_OK for an exchange that ended while the message was on its
 * way. What if the sender is hostile? A number that was never given, or a message that came before or cannot come in
 * this state, ends its wire; a number of the far past is passed over, for its slot no longer tells.
 */
static enum sp_err find(struct sp_desk *desk, sp_exchange exchange, unsigned message,
                        struct slot **out)
{
    size_t at = sp_exchange_slot(exchange);
    uint64_t generation = exchange >> 16;
    *out = NULL;
    if (at >= SP_EXCHANGE_SLOTS || generation > desk->slots[at].generation) {
        return SP_ERR_WIRE;
    }
    struct slot *slot = &desk->slots[at];
    if (generation < slot->generation) {
        return SP_OK;
    }
    if (message == MAY_ANSWER && (slot->may & (MAY_ANSWER | MAY_ECHO)) == MAY_ECHO) {
        slot->may &= ~MAY_ECHO;
        return SP_OK;
    }
    if ((slot->may & message) == 0) {
        return SP_ERR_WIRE;
    }
    slot->may &= ~message;
    *out = slot->request == NULL ? NULL : slot;
    return SP_OK;
}

static bool is_complete(const struct sp_desk *desk)
{
    return desk->has_admit && desk->has_audit && !desk->is_closed;
}

enum sp_err sp_desk_open(struct sp_desk *desk, void *request, struct sp_msg_ask *ask,
                         bool is_reading, uint64_t now_ms, sp_exchange *out)
{
    if (!is_complete(desk)) {
        return SP_ERR_UNAVAILABLE;
    }
    if (desk->free_first == NONE) {
        return SP_ERR_FULL;
    }
    struct slot *slot = &desk->slots[desk->free_first];
    uint64_t generation = desk->generation + 1;
    ask->exchange = sp_exchange_make(desk->free_first, generation);
    enum sp_err err = desk->port.ask(desk->port.ctx, ask);
    if (err != SP_OK) {
        return err == SP_ERR_FULL || err == SP_ERR_NOMEM ? SP_ERR_FULL : SP_ERR_UNAVAILABLE;
    }
    desk->free_first = slot->next_free;
    desk->generation = generation;
    desk->live++;
    slot->generation = generation;
    slot->state = ask->is_ready != 0 ? STATE_READY : STATE_ASKED;
    slot->owes_left = false;
    slot->may = MAY_REFUSE | MAY_ANSWER | (ask->is_ready != 0 ? MAY_SEND : MAY_GRANT);
    slot->may |= is_reading ? MAY_PAGE : 0;
    slot->is_reading = is_reading;
    slot->request = request;
    slot->deadline_ms = now_ms + (is_reading ? SP_DESK_READ_MS : SP_DESK_DEADLINE_MS);
    *out = ask->exchange;
    return SP_OK;
}

void sp_desk_body_ready(struct sp_desk *desk, sp_exchange exchange, uint64_t bytes, uint64_t now_ms)
{
    struct slot *slot = find_live(desk, exchange);
    SP_ASSERT(slot != NULL && slot->state == STATE_GRANTED);
    const struct sp_msg_ready ready = {.exchange = exchange, .body_bytes = bytes};
    slot->state = STATE_READY;
    slot->may |= MAY_SEND;
    slot->deadline_ms = now_ms + SP_DESK_DEADLINE_MS;
    if (desk->port.ready(desk->port.ctx, &ready) != SP_OK) {
        give_up(desk, slot, SP_ERR_UNAVAILABLE, SP_ERR_UNAVAILABLE);
    }
}

void sp_desk_body_too_big(struct sp_desk *desk, sp_exchange exchange, uint64_t now_ms)
{
    struct slot *slot = find_live(desk, exchange);
    SP_ASSERT(slot != NULL && slot->state == STATE_GRANTED);
    await_refusal(desk, slot, SP_ERR_TOO_BIG, now_ms);
}

void sp_desk_client_left(struct sp_desk *desk, sp_exchange exchange)
{
    struct slot *slot = find_live(desk, exchange);
    if (slot == NULL) {
        return;
    }
    /* Once the job is handed over, the run goes on and its answer is dropped. */
    if (slot->state != STATE_SENT && slot->state != STATE_REFUSING) {
        tell_left(desk, slot, SP_ERR_CLOSED);
    }
    finish(desk, slot, NULL);
}

/* What if admit is hostile? It may grant anything; how much one body can hold is bounded by the front's own setting. */
enum sp_err sp_desk_on_grant(struct sp_desk *desk, const struct sp_msg_grant *grant)
{
    struct slot *slot = NULL;
    SP_TRY(find(desk, grant->exchange, MAY_GRANT, &slot));
    if (slot == NULL) {
        return SP_OK;
    }
    slot->state = STATE_GRANTED;
    slot->deadline_ms = 0; /* the door minds how fast a body comes */
    desk->port.read_body(desk->port.ctx, slot->request, grant->body_bytes_max);
    return SP_OK;
}

/* What if admit is hostile? It can refuse anybody; it cannot refuse what a worker has, nor say SP_OK. */
enum sp_err sp_desk_on_refuse(struct sp_desk *desk, const struct sp_msg_refuse *refuse)
{
    struct slot *slot = NULL;
    if (refuse->err == SP_OK) {
        return SP_ERR_WIRE;
    }
    SP_TRY(find(desk, refuse->exchange, MAY_REFUSE, &slot));
    if (slot == NULL) {
        return SP_OK;
    }
    struct sp_desk_answer answer = {
        .err = refuse->err, .retry_after_ms = refuse->retry_after_ms, .detail = refuse->detail};
    slot->may &= MAY_ECHO;
    finish(desk, slot, &answer);
    return SP_OK;
}

/* What if admit is hostile? It tells its own tenant wrong numbers; it cannot answer for a worker. */
enum sp_err sp_desk_on_tell(struct sp_desk *desk, struct sp_msg_tell *tell)
{
    struct slot *slot = NULL;
    SP_TRY(find(desk, tell->exchange, MAY_REFUSE, &slot));
    if (slot == NULL) {
        return SP_OK;
    }
    struct sp_desk_answer answer = {.err = SP_OK, .is_json = true, .payload = &tell->json};
    slot->may &= MAY_ECHO;
    finish(desk, slot, &answer);
    return SP_OK;
}

/* What if reader is hostile? It shows who reads the log something else; no other exchange is its to answer. */
enum sp_err sp_desk_on_page(struct sp_desk *desk, struct sp_msg_page *page)
{
    static const char *const media[SP_PAGE_COUNT] = {[SP_PAGE_JSON] = "application/json",
                                                     [SP_PAGE_TEXT] = "text/plain; charset=utf-8",
                                                     [SP_PAGE_BYTES] = "application/octet-stream"};
    struct slot *slot = NULL;
    struct sp_limit_state limit = {
        .size = page->limit_size, .left = page->limit_left, .reset_s = page->limit_reset_s};
    if (page->kind >= SP_PAGE_COUNT) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_limit_from_numbers(page->limit, page->limit_scope, &limit));
    SP_TRY(find(desk, page->exchange, MAY_PAGE, &slot));
    if (slot == NULL) {
        return SP_OK;
    }
    struct sp_desk_answer answer = {.err = page->err,
                                    .limit = limit,
                                    .detail = page->detail,
                                    .retry_after_ms =
                                        page->err == SP_ERR_UNAVAILABLE ? SP_DESK_RETRY_MS : 0,
                                    .has_entry = true,
                                    .entry = page->entry,
                                    .is_json = page->err == SP_OK,
                                    .media = media[page->kind],
                                    .payload = page->err == SP_OK ? &page->body : NULL};
    slot->may &= MAY_ECHO;
    finish(desk, slot, &answer);
    return SP_OK;
}

/* What if admit is hostile? It can name any worker; audit joins only what the named worker was to get. */
enum sp_err sp_desk_on_send(struct sp_desk *desk, const struct sp_msg_send *send, uint64_t now_ms)
{
    struct slot *slot = NULL;
    if (send->worker >= desk->workers) {
        return SP_ERR_WIRE;
    }
    SP_TRY(find(desk, send->exchange, MAY_SEND, &slot));
    if (slot == NULL) {
        return SP_OK; /* it left meanwhile; admit has been told */
    }
    struct sp_msg_job job = {.exchange = send->exchange,
                             .operation = send->operation,
                             .modules = send->modules,
                             .body = SP_PAYLOAD_EMPTY};
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        job.policy[i] = send->policy[i];
    }
    if (desk->port.job(desk->port.ctx, slot->request, send, &job) != SP_OK) {
        await_refusal(desk, slot, SP_ERR_UNAVAILABLE, now_ms);
        return SP_OK;
    }
    slot->state = STATE_SENT;
    slot->may = MAY_ANSWER;
    slot->deadline_ms = now_ms + SP_DESK_DEADLINE_MS;
    return SP_OK;
}

/* What if audit is hostile? It is the room that answers; only what was never asked, or twice, can be told from truth. */
enum sp_err sp_desk_on_answer(struct sp_desk *desk, struct sp_msg_answer *answer)
{
    struct slot *slot = NULL;
    SP_TRY(find(desk, answer->exchange, MAY_ANSWER, &slot));
    if (slot == NULL) {
        return SP_OK;
    }
    if (answer->err == SP_OK && slot->state != STATE_SENT) {
        return SP_ERR_WIRE; /* a result of what nobody inspected */
    }
    struct sp_limit_state limit = {
        .size = answer->limit_size, .left = answer->limit_left, .reset_s = answer->limit_reset_s};
    SP_TRY(sp_limit_from_numbers(answer->limit, answer->limit_scope, &limit));
    struct sp_desk_answer out = {.err = answer->err,
                                 .limit = limit,
                                 .retry_after_ms = answer->retry_after_ms,
                                 .detail = answer->detail,
                                 .findings = answer->findings,
                                 .has_entry = answer->has_entry != 0,
                                 .entry = answer->entry,
                                 .is_async = answer->is_async != 0,
                                 .is_denial_result = answer->is_denial_result != 0,
                                 .is_replay = answer->is_replay != 0,
                                 .owner = answer->owner,
                                 .relay_us = answer->relay_us,
                                 .execution = answer->execution,
                                 .session = answer->session,
                                 .payload = answer->err == SP_OK ? &answer->answer : NULL,
                                 .content = answer->err == SP_OK ? &answer->content : NULL};
    slot->may &=
        MAY_SEND | MAY_ECHO; /* a worker that died lets audit answer before admit's SEND is here */
    finish(desk, slot, &out);
    return SP_OK;
}

/* What if audit is hostile? As above. What comes late, or for who left, is passed over. */
enum sp_err sp_desk_on_part(struct sp_desk *desk, const struct sp_msg_part *part)
{
    const struct slot *slot = find_live(desk, part->exchange);
    if (part->what >= SP_PART_COUNT) {
        return SP_ERR_WIRE;
    }
    if (slot != NULL && slot->state == STATE_SENT) {
        desk->port.part(desk->port.ctx, slot->request, part);
    }
    return SP_OK;
}

void sp_desk_wired(struct sp_desk *desk, enum sp_role peer)
{
    desk->has_admit = desk->has_admit || peer == SP_ROLE_ADMIT;
    desk->has_audit = desk->has_audit || peer == SP_ROLE_AUDIT;
}

/* admit is gone: what it held has surely not started; what is with a worker goes on. */
static void on_admit_lost(struct sp_desk *desk)
{
    desk->has_admit = false;
    for (size_t i = 0; i < SP_EXCHANGE_SLOTS; i++) {
        struct slot *slot = &desk->slots[i];
        slot->owes_left = false;
        if (slot->state == STATE_LEAVING) {
            desk->leaving--;
            set_free(desk, slot);
        } else if (slot->request != NULL && slot->state != STATE_SENT) {
            finish_with(desk, slot,
                        slot->state == STATE_REFUSING ? slot->fallback : SP_ERR_UNAVAILABLE);
        }
    }
}

/* audit is gone, and with it every answer: what a worker has may have run; the rest has not, but its refusal may have
 * been lost on the way. A new audit may still be asked to answer some of them: that stays allowed. */
static void on_audit_lost(struct sp_desk *desk)
{
    desk->has_audit = false;
    for (size_t i = 0; i < SP_EXCHANGE_SLOTS; i++) {
        struct slot *slot = &desk->slots[i];
        if (slot->state == STATE_SENT) {
            finish_with(desk, slot, SP_ERR_OUTCOME_UNKNOWN);
        } else if (slot->request != NULL) {
            give_up(desk, slot, SP_ERR_UNAVAILABLE, SP_ERR_UNAVAILABLE);
        }
    }
}

void sp_desk_lost(struct sp_desk *desk, enum sp_role peer)
{
    if (peer == SP_ROLE_ADMIT) {
        on_admit_lost(desk);
    } else if (peer == SP_ROLE_AUDIT) {
        on_audit_lost(desk);
    }
    for (size_t i = 0; peer == SP_ROLE_READER && i < SP_EXCHANGE_SLOTS; i++) {
        struct slot *slot = &desk->slots[i];
        if (slot->is_reading && slot->request != NULL && slot->state != STATE_REFUSING) {
            give_up(desk, slot, SP_ERR_UNAVAILABLE, SP_ERR_UNAVAILABLE);
        }
    }
    /* A lost worker's exchanges are audit's to answer: it knows which had a verdict. */
}

static void on_deadline(struct sp_desk *desk, struct slot *slot)
{
    if (slot->state == STATE_SENT) {
        finish_with(desk, slot, SP_ERR_OUTCOME_UNKNOWN);
    } else if (slot->state == STATE_REFUSING) {
        finish_with(desk, slot, slot->fallback);
    } else {
        give_up(desk, slot, SP_ERR_TIMEOUT, SP_ERR_UNAVAILABLE);
    }
}

void sp_desk_tick(struct sp_desk *desk, uint64_t now_ms)
{
    for (size_t i = 0; desk->live + desk->leaving > 0 && i < SP_EXCHANGE_SLOTS; i++) {
        struct slot *slot = &desk->slots[i];
        if (slot->owes_left) {
            tell_left(desk, slot, slot->why);
        }
        if (slot->state == STATE_LEAVING && !slot->owes_left) {
            desk->leaving--;
            set_free(desk, slot);
        }
        if (slot->request != NULL && slot->deadline_ms != 0 && now_ms >= slot->deadline_ms) {
            on_deadline(desk, slot);
        }
    }
}

void sp_desk_hurry(struct sp_desk *desk, uint64_t now_ms)
{
    for (size_t i = 0; i < SP_EXCHANGE_SLOTS; i++) {
        struct slot *slot = &desk->slots[i];
        if (slot->is_reading && slot->request != NULL &&
            slot->deadline_ms > now_ms + SP_DESK_HURRY_MS) {
            slot->deadline_ms = now_ms + SP_DESK_HURRY_MS;
        }
    }
}
