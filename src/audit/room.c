#include "audit/room.h"

#include <stdlib.h>

#include "audit/room_state.h"
#include "base/num.h"
#include "crypto/hash.h"

/* A slice in a constant initialiser. */
#define LITERAL(text)                                                                              \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

#define LOG_OPEN_RETRY_US ((uint64_t)1000 * 1000)

const struct sp_refused sp_room_worker_lost = {
    .err = SP_ERR_UNAVAILABLE,
    .retry_after_ms = SP_AUDIT_RETRY_MS,
    .detail = LITERAL("inspection was interrupted; nothing ran"),
};
const struct sp_refused sp_room_front_lost = {
    .err = SP_ERR_CLOSED,
    .retry_after_ms = 0,
    .detail = LITERAL("the connection of the client was lost; nothing ran"),
};
static const struct sp_refused relay_absent = {
    .err = SP_ERR_UNAVAILABLE,
    .retry_after_ms = SP_AUDIT_RETRY_MS,
    .detail = LITERAL("the way to the session pool is being restored; nothing ran"),
};

/* --- life --- */

static enum sp_err keep_settings(struct sp_audit_room *room,
                                 const struct sp_audit_settings *settings)
{
    struct sp_slice *texts[] = {&room->settings.version, &room->settings.policies};
    uint8_t *space = NULL;
    room->settings = *settings;
    room->log_reason = "it was not opened yet";
    if (settings->policies.len % SP_DIGEST_BYTES != 0 || settings->workers > SP_ROLE_INDEX_MAX) {
        return SP_ERR_INVALID;
    }
    sp_buf_init(&room->in_force, SP_AUDIT_POLICIES_MAX * SP_DIGEST_BYTES);
    sp_buf_init(&room->scratch_policies, SP_AUDIT_POLICIES_MAX * SP_DIGEST_BYTES);
    sp_buf_init(&room->retired, SP_AUDIT_POLICIES_MAX * SP_DIGEST_BYTES);
    sp_buf_init(&room->settings_texts, SP_AUDIT_POLICIES_MAX * SP_DIGEST_BYTES);
    SP_TRY(sp_buf_reserve(&room->settings_texts, settings->policies.len + settings->version.len,
                          &space));
    for (size_t i = 0; i < SP_COUNT(texts); i++) {
        size_t at = room->settings_texts.len;
        SP_TRY(sp_buf_put(&room->settings_texts, *texts[i]));
        *texts[i] = sp_slice_make(room->settings_texts.ptr + at, texts[i]->len);
    }
    return SP_OK;
}

/* An outcome for every intent that the last process left open. */
static enum sp_err close_open(struct sp_audit_room *room, struct sp_log *log,
                              struct sp_open_set *open)
{
    while (sp_open_set_count(open) > 0) {
        struct sp_msg_outcome outcome = {.state = SP_END_UNKNOWN, .err = SP_ERR_OUTCOME_UNKNOWN};
        struct sp_stamp stamp = {.index = 0};
        uint64_t intent = 0;
        SP_TRY(sp_open_set_take_first(open, &outcome.exchange, &intent));
        SP_TRY(sp_log_stamp(log, room->now.wall_us, &stamp));
        const struct sp_record_intent former = {.index = intent};
        SP_TRY(sp_record_outcome(stamp, &former, &outcome, sp_log_line(log)));
        SP_TRY(sp_log_take(log, stamp));
        if (sp_log_is_full(log)) {
            SP_TRY(sp_log_commit(log, sp_size_min(sp_room_oldest(room), intent)));
            sp_log_lay(log);
        }
    }
    return SP_OK;
}

static enum sp_err record_start(struct sp_audit_room *room, struct sp_log *log,
                                struct sp_open_set *open, const struct sp_log_found *found)
{
    SP_AUTO_BUF struct sp_buf key;
    struct sp_stamp stamp = {.index = 0};
    sp_buf_init(&key, SP_NOTE_TEXT_MAX);
    SP_TRY(sp_log_key_text(log, &key));
    struct sp_record_start start = {
        .version = room->settings.version,
        .origin = sp_slice_of(sp_key_ring_present(room->settings.keys)->name),
        .key = sp_buf_slice(&key),
        .policies = room->settings.policies,
        .workers = room->settings.workers,
        .cut_bytes = found->cut_bytes,
        .lost_entries = found->lost_entries,
        .open_intents = sp_open_set_count(open),
    };
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        start.configuration[i] = room->settings.configuration[i];
    }
    SP_TRY(sp_log_stamp(log, room->now.wall_us, &stamp));
    SP_TRY(sp_record_start(stamp, &start, sp_log_line(log)));
    SP_TRY(sp_log_take(log, stamp));
    SP_TRY(close_open(room, log, open));
    SP_TRY(sp_log_commit(log, sp_room_oldest(room)));
    sp_log_lay(log);
    return SP_OK;
}

/* Opens the log and records the start: both, or the log stays closed and is tried again. */
static enum sp_err open_log(struct sp_audit_room *room)
{
    struct sp_open_set *open = NULL;
    struct sp_log *log = NULL;
    struct sp_log_found found = {.entries = 0, .still = room->still};
    room->log_tried_us = room->now.mono_us;
    SP_TRY(sp_open_set_new(&open));
    enum sp_err err =
        sp_log_open(room->disk, room->settings.keys, open, &found, &log, &room->log_reason);
    if (err == SP_OK) {
        err = record_start(room, log, open, &found);
        room->log_reason = err == SP_OK                  ? ""
                           : *sp_log_reason(log) != '\0' ? sp_log_reason(log)
                                                         : sp_err_text(err);
    }
    sp_open_set_free(open);
    if (err != SP_OK) {
        sp_log_close(log);
        return err;
    }
    room->log = log;
    sp_room_rotate(room);
    return SP_OK;
}

enum sp_err sp_room_take(struct sp_audit_room *room, enum sp_err written, struct sp_stamp stamp)
{
    SP_TRY(written);
    return sp_log_take(room->log, stamp);
}

enum sp_err sp_room_ready(struct sp_audit_room *room)
{
    if (room->log != NULL) {
        return sp_log_ready(room->log, room->now.mono_us, room->now.wall_us);
    }
    if (room->now.mono_us - room->log_tried_us < LOG_OPEN_RETRY_US) {
        return SP_ERR_LOG_UNAVAILABLE;
    }
    return open_log(room) == SP_OK ? SP_OK : SP_ERR_LOG_UNAVAILABLE;
}

enum sp_err sp_audit_room_new(const struct sp_audit_settings *settings, const struct sp_disk *disk,
                              const struct sp_audit_out *out, struct sp_audit_now now,
                              struct sp_audit_room **out_room)
{
    struct sp_audit_room *room = calloc(1, sizeof(*room));
    if (room == NULL) {
        return SP_ERR_NOMEM;
    }
    room->disk = disk;
    room->out = *out;
    room->now = now;
    enum sp_err err = keep_settings(room, settings);
    if (err == SP_OK) {
        err = sp_pending_new(&room->table);
    }
    if (err == SP_OK && settings->code_key != NULL) {
        err = sp_code_keeper_new(disk, settings->code_key, &room->keeper);
    }
    if (err == SP_OK) {
        err = sp_repeats_new(disk, &sp_repeats_limits, &room->repeats);
    }
    if (err == SP_OK) {
        err = sp_still_new(&room->still);
    }
    if (err != SP_OK) {
        sp_audit_room_free(room);
        return err;
    }
    /* A log that cannot be opened yet refuses work, it does not keep the process from starting. */
    (void)!open_log(room);
    *out_room = room;
    return SP_OK;
}

void sp_audit_room_free(struct sp_audit_room *room)
{
    if (room != NULL) {
        sp_log_close(room->log);
        sp_pending_free(room->table); /* what is being kept goes before its keeper */
        sp_code_keeper_free(room->keeper);
        sp_repeats_free(room->repeats);
        sp_still_free(room->still);
        sp_buf_done(&room->settings_texts);
        sp_buf_done(&room->in_force);
        sp_buf_done(&room->scratch_policies);
        sp_buf_done(&room->retired);
        free(room);
    }
}

/* --- joining --- */

static bool is_digest_of(const uint8_t digest[SP_DIGEST_BYTES], struct sp_slice bytes)
{
    uint8_t actual[SP_SHA256_BYTES];
    return sp_sha256(bytes, actual) == SP_OK &&
           sp_slice_equal(sp_slice_make(actual, sizeof(actual)),
                          sp_slice_make(digest, SP_DIGEST_BYTES));
}

/* The two halves name the same worker and policy, the policy is in force, and the order is the one that was digested. */
static bool is_fitting(const struct sp_audit_room *room, const struct sp_pending *row)
{
    const struct sp_msg_verdict *verdict = &row->verdict;
    return row->who.worker == row->worker && sp_room_is_in_force(room, row->who.policy) &&
           sp_slice_equal(sp_slice_make(row->who.policy, SP_DIGEST_BYTES),
                          sp_slice_make(verdict->policy, SP_DIGEST_BYTES)) &&
           (verdict->verdict != SP_VERDICT_ALLOW ||
            is_digest_of(verdict->order_digest, verdict->order.bytes));
}

/* Puts the intent or the denial into the batch. */
static enum sp_err append_judged(struct sp_audit_room *room, struct sp_pending *row)
{
    struct sp_stamp stamp = {.index = 0};
    const char *operation = room->settings.operation_name(row->who.operation);
    SP_TRY(sp_room_ready(room));
    SP_TRY(sp_log_stamp(room->log, room->now.wall_us, &stamp));
    SP_TRY(sp_room_keep_code(room, row, stamp.wall_us));
    SP_TRY(sp_room_take(
        room, sp_record_judged(stamp, &row->who, &row->verdict, operation, sp_log_line(room->log)),
        stamp));
    row->entry = stamp.index;
    if (row->verdict.verdict == SP_VERDICT_ALLOW) {
        sp_pending_opened(room->table, row);
    }
    return SP_OK;
}

/* The intent or the denial stands in the batch. */
static void await_entry(struct sp_audit_room *room, struct sp_pending *row)
{
    if (row->verdict.verdict != SP_VERDICT_ALLOW) {
        row->reply.err = row->verdict.err;
        row->reply.detail = row->verdict.detail;
        row->reply.findings = row->verdict.findings;
        sp_room_wait(room, row, SP_PENDING_ENTRY);
        return;
    }
    if (row->who.has_key != 0) {
        sp_room_once_begin(room, row);
    }
    sp_room_wait(room, row, SP_PENDING_INTENT);
}

/* It is answered without a run, as it was before; or waits until there is time for it. */
static bool is_held_up(struct sp_audit_room *room, struct sp_pending *row)
{
    if (row->who.has_key != 0 && sp_room_once_is_known(room, row)) {
        return true;
    }
    if (!sp_room_lacks_time(room, row)) {
        return false;
    }
    sp_room_await_time(room, row);
    return true;
}

/* Both halves are here. */
enum sp_err sp_room_join(struct sp_audit_room *room, struct sp_pending *row)
{
    bool is_allowed = row->verdict.verdict == SP_VERDICT_ALLOW;
    /* Denied code that came to be kept is digested when that is done. */
    bool is_file = is_allowed || row->who.operation != room->settings.run_operation;
    if (is_file && row->verdict.content.bytes.len > 0 && !row->is_hashed) {
        return sp_room_digest(room, row);
    }
    if (sp_room_is_retired(room, row->who.policy)) {
        sp_room_refuse(room, row, sp_room_policy_changed());
        return SP_OK;
    }
    if (!is_fitting(room, row)) {
        sp_room_refuse(room, row, sp_room_misfit());
        return SP_ERR_WIRE;
    }
    if (row->is_orphan || (is_allowed && !room->is_relay_there)) {
        sp_room_refuse(room, row, row->is_orphan ? sp_room_front_lost : relay_absent);
        return SP_OK;
    }
    if (is_allowed && is_held_up(room, row)) {
        return SP_OK;
    }
    row->joined_us = room->now.mono_us;
    enum sp_err err = append_judged(room, row);
    if (err == SP_ERR_WIRE) {
        sp_room_refuse(room, row, sp_room_misfit());
        return SP_ERR_WIRE;
    }
    if (err != SP_OK) {
        /* sp_room_refuse answers LogUnavailable when the log is the reason. */
        sp_room_refuse(room, row, sp_room_not_kept(room, err));
        return SP_OK;
    }
    await_entry(room, row);
    return SP_OK;
}

/* --- messages --- */

static uint64_t incarnation_of(sp_exchange exchange)
{
    return exchange >> 48;
}

static void hear_of_front(struct sp_audit_room *room, sp_exchange exchange)
{
    const uint64_t incarnation = incarnation_of(exchange);
    room->front_seen = incarnation > room->front_seen ? incarnation : room->front_seen;
}

struct sp_pending *sp_room_add_row(struct sp_audit_room *room, sp_exchange exchange,
                                   enum sp_err *out_err)
{
    struct sp_pending *row = NULL;
    *out_err = sp_pending_add(room->table, exchange, &row);
    if (*out_err != SP_OK) {
        return NULL;
    }
    row->due_us = room->now.mono_us + SP_AUDIT_JOIN_US;
    row->heard_us = room->now.mono_us;
    row->is_orphan = incarnation_of(exchange) <= room->front_ended;
    return row;
}

struct sp_pending *sp_room_new_row(struct sp_audit_room *room, sp_exchange exchange,
                                   enum sp_err *out_err)
{
    struct sp_pending *row = sp_room_add_row(room, exchange, out_err);
    if (row != NULL) {
        hear_of_front(room, exchange);
    }
    return row;
}

enum sp_err sp_room_check_limit(unsigned limit, unsigned scope)
{
    struct sp_limit_state ignored;
    return sp_limit_from_numbers(limit, scope, &ignored);
}

static enum sp_err keep_who(struct sp_audit_room *room, struct sp_pending *row,
                            const struct sp_msg_who *who)
{
    enum sp_err err = sp_pending_keep_who(row, who);
    if (err != SP_OK) {
        sp_pending_drop(room->table, row);
        return err;
    }
    return SP_OK;
}

/* What does not fit now is the worker's word, and not admit's, who speaks. */
static void join_early(struct sp_audit_room *room, struct sp_pending *row)
{
    const unsigned worker = row->worker;
    if (sp_room_join(room, row) == SP_ERR_WIRE) {
        sp_room_blame_worker(room, worker);
    }
}

/* admit's part is here. A policy that is not in force any more is nobody's fault; one that never was is admit's. */
static enum sp_err go_on_with_who(struct sp_audit_room *room, struct sp_pending *row,
                                  enum sp_early early)
{
    if (sp_room_is_retired(room, row->who.policy)) {
        sp_pending_give_up(room->table, row->exchange); /* its verdict may still come */
        sp_room_refuse(room, row, sp_room_policy_changed());
        return SP_OK;
    }
    if (!sp_room_is_in_force(room, row->who.policy)) {
        sp_room_refuse(room, row, sp_room_misfit());
        return SP_ERR_WIRE;
    }
    if (early == SP_EARLY_RIGHT) {
        join_early(room, row);
    } else if (early == SP_EARLY_LOST) {
        sp_room_refuse(room, row, sp_room_worker_lost);
    } else if (!room->is_worker_there[row->worker] || row->is_orphan) {
        sp_pending_give_up(room->table, row->exchange);
        sp_room_refuse(room, row, row->is_orphan ? sp_room_front_lost : sp_room_worker_lost);
    }
    return SP_OK;
}

enum sp_err sp_audit_who(struct sp_audit_room *room, const struct sp_msg_who *who,
                         struct sp_audit_now now)
{
    room->now = now;
    enum sp_err err = SP_OK;
    struct sp_pending *row = sp_pending_find(room->table, who->exchange);
    if (who->worker >= room->settings.workers ||
        room->settings.operation_name(who->operation) == NULL) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_room_check_limit(who->limit, who->limit_scope));
    if (row != NULL && row->state != SP_PENDING_VERDICT) {
        return SP_ERR_WIRE;
    }
    enum sp_early early = SP_EARLY_NONE;
    if (row == NULL) {
        row = sp_room_new_row(room, who->exchange, &err);
        if (row == NULL) {
            return err;
        }
        row->state = SP_PENDING_WHO;
        row->worker = who->worker;
    } else {
        hear_of_front(room, who->exchange);
        early = sp_room_meet(room, row, who->worker);
    }
    SP_TRY(keep_who(room, row, who));
    return go_on_with_who(room, row, early);
}

/* Allowed means no error, denied means one; an allowed verdict without an error cannot be turned around by its fields. */
static bool is_verdict_sound(const struct sp_msg_verdict *verdict)
{
    return verdict->verdict < SP_VERDICT_COUNT &&
           (verdict->verdict == SP_VERDICT_ALLOW) == (verdict->err == SP_OK);
}

enum sp_err sp_audit_verdict(struct sp_audit_room *room, unsigned worker,
                             struct sp_msg_verdict *verdict, struct sp_audit_now now)
{
    room->now = now;
    struct sp_pending *row = sp_pending_find(room->table, verdict->exchange);
    if (worker >= room->settings.workers || !is_verdict_sound(verdict)) {
        return SP_ERR_WIRE;
    }
    /* Its row may still wait for the entry of the refusal. */
    bool is_wanted = row != NULL && row->state == SP_PENDING_WHO;
    if (!is_wanted && sp_pending_was_given_up(room->table, verdict->exchange)) {
        room->late++;
        if (row == NULL || row->worker == worker) {
            sp_room_tell_judged(room, verdict, worker);
        }
        return SP_OK;
    }
    if (row == NULL || row->state == SP_PENDING_VERDICT) {
        return sp_room_take_early(room, worker, verdict);
    }
    if (row->state != SP_PENDING_WHO || row->worker != worker) {
        return SP_ERR_WIRE; /* somebody else's job: the exchange goes on waiting for its own worker */
    }
    enum sp_err err = sp_pending_keep_verdict(row, verdict);
    if (err != SP_OK) {
        sp_room_refuse_now(room, row,
                           (struct sp_refused){.err = err, .retry_after_ms = SP_AUDIT_RETRY_MS});
        return SP_OK;
    }
    sp_room_tell_judged(room, &row->verdict, worker);
    return sp_room_join(room, row);
}

/* The row that is to be refused, in whatever state it is. `*out` is NULL with SP_OK for one that was judged meanwhile. */
static enum sp_err row_to_refuse(struct sp_audit_room *room, sp_exchange exchange,
                                 struct sp_pending **out)
{
    enum sp_err err = SP_OK;
    struct sp_pending *row = sp_pending_find(room->table, exchange);
    *out = NULL;
    if (row == NULL) {
        *out = sp_room_new_row(room, exchange, &err);
        return err;
    }
    switch (row->state) {
    case SP_PENDING_WHO:
        sp_pending_give_up(room->table, exchange); /* its verdict may still come */
        break;
    case SP_PENDING_VERDICT:
        sp_room_leave_early(room, row);
        row->state = SP_PENDING_WHO;
        break;
    case SP_PENDING_TIME:
        break;
    case SP_PENDING_HASHING:
    case SP_PENDING_INTENT:
    case SP_PENDING_RUNNING:
    case SP_PENDING_ENTRY:
    case SP_PENDING_OUTCOME:
    case SP_PENDING_OWED:
    case SP_PENDING_READ:
    case SP_PENDING_PAYING:
        room->late++;
        return SP_OK;
    }
    *out = row;
    return SP_OK;
}

static struct sp_msg_who who_of(const struct sp_msg_refusal *refusal)
{
    struct sp_msg_who who = {
        .exchange = refusal->exchange,
        .tenant = refusal->tenant,
        .principal = refusal->principal,
        .source = refusal->source,
        .operation = refusal->operation,
        .session = refusal->session,
        .session_in_log = refusal->session_in_log,
    };
    SP_LIMIT_COPY(&who, refusal);
    return who;
}

enum sp_err sp_audit_refusal(struct sp_audit_room *room, const struct sp_msg_refusal *refusal,
                             struct sp_audit_now now)
{
    struct sp_pending *row = NULL;
    const struct sp_msg_who who = who_of(refusal);
    struct sp_msg_verdict texts = {
        .detail = refusal->detail, .order = SP_PAYLOAD_EMPTY, .content = SP_PAYLOAD_EMPTY};
    room->now = now;
    if (refusal->err == SP_OK || room->settings.operation_name(refusal->operation) == NULL) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_room_check_limit(refusal->limit, refusal->limit_scope));
    SP_TRY(row_to_refuse(room, refusal->exchange, &row));
    if (row == NULL) {
        return SP_OK;
    }
    SP_TRY(keep_who(room, row, &who));
    sp_room_forget_verdict(row);
    const bool has_detail = sp_pending_keep_verdict(row, &texts) == SP_OK;
    sp_room_refuse(room, row,
                   (struct sp_refused){
                       .err = refusal->err,
                       .retry_after_ms = refusal->retry_after_ms,
                       .detail = has_detail ? row->verdict.detail : sp_slice_of(NULL),
                   });
    return SP_OK;
}

enum sp_err sp_audit_outcome(struct sp_audit_room *room, struct sp_msg_outcome *outcome,
                             struct sp_audit_now now)
{
    room->now = now;
    struct sp_pending *row = sp_pending_find(room->table, outcome->exchange);
    /* An outcome that cannot be written would be owed for ever. */
    bool is_sound = outcome->state < SP_END_COUNT && sp_record_are_texts(outcome->runtime) &&
                    (outcome->answer.bytes.len == 0 ||
                     is_digest_of(outcome->answer_digest, outcome->answer.bytes));
    if ((row == NULL || row->state != SP_PENDING_RUNNING) &&
        sp_pending_was_given_up(room->table, outcome->exchange)) {
        room->late++;
        return SP_OK;
    }
    if (row == NULL || row->state != SP_PENDING_RUNNING || !is_sound) {
        return SP_ERR_WIRE;
    }
    if (outcome->state != SP_END_DONE && outcome->err == SP_OK) {
        outcome->err = SP_ERR_OUTCOME_UNKNOWN;
    }
    if (outcome->state == SP_END_UNKNOWN) {
        /* What may have run is never offered for a retry, nor called anything but a 502. */
        outcome->retry_after_ms = 0;
        outcome->err = sp_err_http(outcome->err) == 502 ? outcome->err : SP_ERR_OUTCOME_UNKNOWN;
    }
    if (sp_pending_keep_outcome(row, outcome) != SP_OK) {
        sp_room_end_unknown(room, row, "memory is used up");
        return SP_OK;
    }
    sp_room_end(room, row);
    return SP_OK;
}

const char *sp_audit_trouble(const struct sp_audit_room *room)
{
    return room->log == NULL ? room->log_reason : sp_log_reason(room->log);
}
