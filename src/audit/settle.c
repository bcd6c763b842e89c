/* The other half of room.c: entries into the batch, and what follows once they are durable. */
#include "audit/room_state.h"
#include "crypto/hash.h"

/* A longer time without a commit says no more than this one. */
#define IDLE_US ((uint64_t)100000)

/* Tells tenants apart without naming them. Where the digest fails all count as one, and share what one may have. */
static uint32_t owner_of(struct sp_slice tenant)
{
    uint8_t digest[SP_SHA256_BYTES] = {0};
    if (sp_sha256(tenant, digest) != SP_OK) {
        return 0;
    }
    return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 |
           digest[3];
}

static void send_answer(struct sp_audit_room *room, const struct sp_pending *row,
                        const struct sp_reply *reply, bool has_entry)
{
    struct sp_msg_answer answer = {
        .exchange = row->exchange,
        .entry = row->entry,
        .has_entry = has_entry ? 1 : 0,
        .err = reply->err,
        .retry_after_ms = reply->retry_after_ms,
        .detail = reply->detail,
        .findings = reply->findings,
        .is_denial_result = row->who.is_denial_result,
        .is_async = reply->is_async ? 1 : 0,
        .is_replay = row->is_replay ? 1 : 0,
        .relay_us = row->outcome.relay_us,
        .execution = row->who.execution,
        .session = row->who.session,
        .answer = reply->answer,
        .content = reply->content,
    };
    SP_LIMIT_COPY(&answer, &row->who);
    if (reply->content.bytes.len > 0) {
        answer.owner = owner_of(row->who.tenant);
    }
    if (!row->is_orphan && !row->is_answered) {
        /* Without a front nobody waits for it. */
        (void)!room->out.answer(room->out.ctx, &answer);
    }
}

static void send_ended(struct sp_audit_room *room, const struct sp_pending *row, enum sp_end state)
{
    struct sp_msg_ended ended = {.exchange = row->exchange,
                                 .state = (uint8_t)state,
                                 .pool_status = row->outcome.pool_status,
                                 .run_ms = row->outcome.run_ms};
    /* A new admit has no reservation to settle. */
    (void)!room->out.ended(room->out.ctx, &ended);
}

void sp_room_wait(struct sp_audit_room *room, struct sp_pending *row, enum sp_pending_state state)
{
    row->state = state;
    row->next_in_batch = NULL;
    if (room->batch_last == NULL) {
        room->batch_first = row;
    } else {
        room->batch_last->next_in_batch = row;
    }
    room->batch_last = row;
    room->batch_rows++;
}

void sp_room_refuse_now(struct sp_audit_room *room, struct sp_pending *row,
                        struct sp_refused refused)
{
    struct sp_reply reply = {
        .err = refused.err,
        .retry_after_ms = refused.retry_after_ms,
        .detail = refused.detail,
        .answer = SP_PAYLOAD_EMPTY,
        .content = SP_PAYLOAD_EMPTY,
    };
    sp_room_once_end(room, row, SP_END_NOT_STARTED);
    send_answer(room, row, &reply, false);
    send_ended(room, row, SP_END_NOT_STARTED);
    sp_pending_drop(room->table, row);
}

void sp_room_refuse_unrecorded(struct sp_audit_room *room, struct sp_pending *row)
{
    struct sp_refused refused = {
        .err = SP_ERR_LOG_UNAVAILABLE,
        .retry_after_ms = SP_AUDIT_RETRY_MS,
        .detail = sp_slice_of(sp_audit_trouble(room)),
    };
    if (room->log != NULL) {
        sp_log_count_refused(room->log);
    }
    sp_room_refuse_now(room, row, refused);
}

void sp_room_refuse(struct sp_audit_room *room, struct sp_pending *row, struct sp_refused refused)
{
    struct sp_stamp stamp = {.index = 0};
    const struct sp_msg_refusal refusal = {
        .exchange = row->exchange,
        .tenant = row->who.tenant,
        .principal = row->who.principal,
        .source = row->who.source,
        .operation = row->who.operation,
        .session = row->who.session,
        .session_in_log = row->who.session_in_log,
        .err = refused.err,
        .detail = refused.detail,
    };
    const char *operation = room->settings.operation_name(row->who.operation);
    if (operation == NULL || sp_room_ready(room) != SP_OK ||
        sp_log_stamp(room->log, room->now.wall_us, &stamp) != SP_OK ||
        sp_room_take(room, sp_record_refusal(stamp, &refusal, operation, sp_log_line(room->log)),
                     stamp) != SP_OK) {
        sp_room_refuse_unrecorded(room, row);
        return;
    }
    row->entry = stamp.index;
    row->reply.err = refused.err;
    row->reply.retry_after_ms = refused.retry_after_ms;
    row->reply.detail = refused.detail;
    sp_room_wait(room, row, SP_PENDING_ENTRY);
}

/* The log did not take an outcome. What ran is not called refused: the client learns that it may have run. */
static void owe(struct sp_audit_room *room, struct sp_pending *row)
{
    bool has_run = row->outcome.state != SP_END_NOT_STARTED;
    struct sp_reply reply = {
        .err = has_run ? SP_ERR_OUTCOME_UNKNOWN : SP_ERR_LOG_UNAVAILABLE,
        .retry_after_ms = has_run ? 0 : SP_AUDIT_RETRY_MS,
        .answer = SP_PAYLOAD_EMPTY,
        .content = SP_PAYLOAD_EMPTY,
    };
    if (has_run) {
        reply.detail =
            sp_slice_of("the run may have ended, but the audit log did not take its outcome");
    }
    sp_room_once_end(room, row, has_run ? SP_END_UNKNOWN : SP_END_NOT_STARTED);
    send_answer(room, row, &reply, true);
    send_ended(room, row, (enum sp_end)row->outcome.state);
    sp_payload_done(&row->reply.answer);
    sp_payload_done(&row->reply.content);
    row->state = SP_PENDING_OWED;
    room->is_owing = true;
}

static enum sp_err append_outcome(struct sp_audit_room *room, struct sp_pending *row)
{
    struct sp_stamp stamp = {.index = 0};
    const uint64_t since = room->now.mono_us - row->joined_us;
    SP_TRY(sp_room_ready(room));
    SP_TRY(sp_log_stamp(room->log, room->now.wall_us, &stamp));
    struct sp_record_intent intent = {
        .index = row->entry,
        .streamed_bytes = row->streamed_bytes,
        .inspect_us = row->joined_us - row->heard_us,
        .log_us = since > row->outcome.relay_us ? since - row->outcome.relay_us : 0,
    };
    SP_TRY(sp_room_streamed(row, intent.streamed_digest));
    return sp_room_take(
        room, sp_record_outcome(stamp, &intent, &row->outcome, sp_log_line(room->log)), stamp);
}

void sp_room_end(struct sp_audit_room *room, struct sp_pending *row)
{
    row->reply.err = row->outcome.err;
    row->reply.retry_after_ms = row->outcome.retry_after_ms;
    row->reply.detail = row->outcome.detail;
    sp_room_keep_unknown(room, row);
    if (append_outcome(room, row) != SP_OK) {
        owe(room, row);
        return;
    }
    sp_room_wait(room, row, SP_PENDING_OUTCOME);
}

void sp_room_end_unknown(struct sp_audit_room *room, struct sp_pending *row, const char *detail)
{
    row->outcome = (struct sp_msg_outcome){
        .exchange = row->exchange,
        .state = SP_END_UNKNOWN,
        .err = SP_ERR_OUTCOME_UNKNOWN,
        .detail = sp_slice_of(detail),
        .answer = SP_PAYLOAD_EMPTY,
        .content = SP_PAYLOAD_EMPTY,
    };
    sp_room_end(room, row);
}

static void pay_one(void *ctx, struct sp_pending *row)
{
    struct sp_audit_room *room = ctx;
    if (row->state != SP_PENDING_OWED) {
        return;
    }
    if (append_outcome(room, row) == SP_OK) {
        sp_room_wait(room, row, SP_PENDING_PAYING);
    } else {
        room->is_owing = true;
    }
}

void sp_room_pay(struct sp_audit_room *room)
{
    if (room->is_owing) {
        room->is_owing = false;
        sp_pending_each(room->table, pay_one, room);
    }
}

/* Who does not wait for the run learns that it goes on; what becomes of it is recorded all the same. */
static void answer_early(struct sp_audit_room *room, struct sp_pending *row)
{
    struct sp_msg_answer answer = {
        .exchange = row->exchange,
        .entry = row->entry,
        .has_entry = 1,
        .is_async = 1,
        .execution = row->who.execution,
        .session = row->who.session,
        .answer = SP_PAYLOAD_EMPTY,
        .content = SP_PAYLOAD_EMPTY,
    };
    SP_LIMIT_COPY(&answer, &row->who);
    if (!row->is_orphan) {
        (void)!room->out.answer(room->out.ctx, &answer);
    }
    row->is_answered = true;
}

/* The intent is durable: relay may have it. */
static void run(struct sp_audit_room *room, struct sp_pending *row)
{
    uint64_t run_ms = row->verdict.run_ms_max;
    struct sp_msg_run msg = {
        .exchange = row->exchange,
        .entry = row->entry,
        .operation = row->who.operation,
        .session = row->who.session,
        .template_key = row->who.template_key,
        .traceparent = row->who.traceparent,
        .execution = row->who.execution,
        .is_async = row->verdict.is_async,
        .owner = row->verdict.is_async != 0 ? owner_of(row->who.tenant) : 0,
        .is_stream = row->who.is_stream,
        .run_ms_max =
            run_ms == 0 || run_ms > SP_AUDIT_RUN_MS_MAX ? SP_AUDIT_RUN_MS_MAX : (uint32_t)run_ms,
        .order = row->verdict.order,
        .content_at = row->verdict.content_at,
        .content_bytes = row->verdict.code_bytes,
        .content = row->verdict.content,
    };
    bool is_free = row->key != SP_KEY_FAILED;
    bool is_sent = is_free && room->is_relay_there && room->out.run(room->out.ctx, &msg) == SP_OK;
    sp_payload_done(&row->verdict.order);
    sp_payload_done(&row->verdict.content);
    if (!is_sent) {
        row->outcome = (struct sp_msg_outcome){
            .exchange = row->exchange,
            .state = SP_END_NOT_STARTED,
            .err = SP_ERR_UNAVAILABLE,
            .retry_after_ms = SP_AUDIT_RETRY_MS,
            .detail = sp_slice_of(
                is_free ? "" : "the idempotency key could not be written down; nothing ran"),
            .answer = SP_PAYLOAD_EMPTY,
            .content = SP_PAYLOAD_EMPTY,
        };
        sp_room_end(room, row);
        return;
    }
    if (row->verdict.is_async != 0) {
        answer_early(room, row);
    }
    if (run_ms == 0 || run_ms > SP_AUDIT_RUN_MS_MAX) {
        run_ms = SP_AUDIT_RUN_MS_MAX;
    }
    row->state = SP_PENDING_RUNNING;
    row->due_us = room->now.mono_us + run_ms * 1000 + SP_AUDIT_MARGIN_US;
}

static void settle(struct sp_audit_room *room, struct sp_pending *row)
{
    switch (row->state) {
    case SP_PENDING_INTENT:
        run(room, row);
        return;
    case SP_PENDING_ENTRY:
        sp_room_once_end(room, row, SP_END_NOT_STARTED);
        send_answer(room, row, &row->reply, true);
        send_ended(room, row, SP_END_NOT_STARTED);
        sp_pending_drop(room->table, row);
        return;
    case SP_PENDING_READ:
        sp_room_pass_read(room, row);
        return;
    case SP_PENDING_OUTCOME:
        sp_room_once_end(room, row, (enum sp_end)row->outcome.state);
        send_answer(room, row, &row->reply, true);
        send_ended(room, row, (enum sp_end)row->outcome.state);
        sp_pending_drop(room->table, row);
        return;
    case SP_PENDING_PAYING:
        sp_pending_drop(room->table, row);
        return;
    case SP_PENDING_WHO:
    case SP_PENDING_VERDICT:
    case SP_PENDING_HASHING:
    case SP_PENDING_TIME:
    case SP_PENDING_RUNNING:
    case SP_PENDING_OWED:
        return; /* these never stand in a batch */
    }
}

static void unsettle(struct sp_audit_room *room, struct sp_pending *row)
{
    switch (row->state) {
    case SP_PENDING_INTENT:
    case SP_PENDING_ENTRY:
    case SP_PENDING_READ:
        sp_room_refuse_unrecorded(room, row);
        return;
    case SP_PENDING_OUTCOME:
        owe(room, row);
        return;
    case SP_PENDING_PAYING:
        row->state = SP_PENDING_OWED;
        room->is_owing = true;
        return;
    case SP_PENDING_WHO:
    case SP_PENDING_VERDICT:
    case SP_PENDING_HASHING:
    case SP_PENDING_TIME:
    case SP_PENDING_RUNNING:
    case SP_PENDING_OWED:
        return; /* these never stand in a batch */
    }
}

bool sp_audit_is_waiting(const struct sp_audit_room *room)
{
    return room->batch_first != NULL || (room->log != NULL && sp_log_is_waiting(room->log));
}

/* Half as fast as one machine goes: below that a pause would cost more in waiting than it saves in syncs. */
bool sp_audit_is_worth_a_pause(const struct sp_audit_room *room)
{
    const bool is_fast =
        room->late_rows * 1000U >= room->late_us * SP_AUDIT_PACE && room->late_us > 0;
    return (is_fast || sp_pending_count(room->table) >= SP_AUDIT_CROWD) &&
           room->batch_rows < SP_AUDIT_BATCH;
}

static void keep_pace(struct sp_audit_room *room, struct sp_audit_now now)
{
    uint64_t took_us = now.mono_us > room->committed_us ? now.mono_us - room->committed_us : 0;
    took_us = took_us < IDLE_US ? took_us : IDLE_US;
    room->late_rows -= room->late_rows / 8;
    room->late_rows += (uint64_t)room->batch_rows * 8;
    room->late_us -= room->late_us / 8;
    room->late_us += took_us * 8;
    room->committed_us = now.mono_us;
}

/* admit remembers which changes of the token store are in the log, and tells the others again. */
static void tell_token_change(struct sp_audit_room *room, enum sp_err err)
{
    const struct sp_msg_token_told told = {.change = room->token_change};
    room->token_change = 0;
    if (err == SP_OK && told.change != 0) {
        (void)room->out.token_told(room->out.ctx, &told);
    }
}

/* What is recorded of code that is kept must not be on the disk before the code is. */
static enum sp_err commit_all(struct sp_audit_room *room)
{
    if (room->keeper != NULL && sp_code_sync(room->keeper) != SP_OK) {
        return sp_log_break(room->log, sp_code_reason(room->keeper));
    }
    return sp_log_commit(room->log, sp_room_oldest(room));
}

void sp_audit_commit(struct sp_audit_room *room, struct sp_audit_now now)
{
    room->now = now;
    if (!sp_audit_is_waiting(room)) {
        return;
    }
    keep_pace(room, now);
    sp_room_once_commit(room);
    struct sp_pending *row = room->batch_first;
    enum sp_err err = commit_all(room);
    /* What follows may put rows into the next batch, so this one is taken off first. */
    room->batch_first = NULL;
    room->batch_last = NULL;
    room->batch_rows = 0;
    while (row != NULL) {
        struct sp_pending *next = row->next_in_batch;
        if (err == SP_OK) {
            settle(room, row);
        } else {
            unsettle(room, row);
        }
        row = next;
    }
    tell_token_change(room, err);
    sp_log_lay(room->log); /* nobody waits for that */
}
