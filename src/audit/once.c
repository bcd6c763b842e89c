/* The part of room.c that lets what is asked for under an idempotency key run once only. */
#include "audit/room_state.h"
#include "crypto/hash.h"

#define REPLAY_BYTES_MAX ((size_t)SP_REPEATS_FILE_BYTES)

/* Two requests are the same when inspection made the same order of them, for the same session. */
static enum sp_err request_of(const struct sp_pending *row, uint8_t out[SP_DIGEST_BYTES])
{
    uint8_t both[2 * SP_DIGEST_BYTES];
    (void)sp_slice_copy(sp_slice_make(row->who.target, SP_DIGEST_BYTES), both, SP_DIGEST_BYTES);
    (void)sp_slice_copy(sp_slice_make(row->verdict.order_digest, SP_DIGEST_BYTES),
                        both + SP_DIGEST_BYTES, SP_DIGEST_BYTES);
    return sp_sha256(sp_slice_make(both, sizeof(both)), out);
}

static void refuse(struct sp_audit_room *room, struct sp_pending *row, enum sp_err err,
                   const char *detail)
{
    bool is_passing = err == SP_ERR_CONFLICT || err == SP_ERR_UNAVAILABLE;
    sp_room_refuse(room, row,
                   (struct sp_refused){.err = err,
                                       .retry_after_ms = is_passing ? SP_AUDIT_RETRY_MS : 0,
                                       .detail = sp_slice_of(detail)});
}

static enum sp_err record(struct sp_audit_room *room, struct sp_pending *row,
                          const struct sp_repeat *repeat)
{
    struct sp_stamp stamp = {.index = 0};
    struct sp_record_replay replay = {.operation =
                                          room->settings.operation_name(row->who.operation),
                                      .intent = repeat->intent,
                                      .err = repeat->err};
    (void)sp_slice_copy(sp_slice_make(repeat->answer_digest, SP_DIGEST_BYTES), replay.answer_digest,
                        SP_DIGEST_BYTES);
    SP_TRY(sp_room_ready(room));
    SP_TRY(sp_log_stamp(room->log, room->now.wall_us, &stamp));
    SP_TRY(sp_room_take(
        room, sp_record_replay(stamp, &row->who, &row->verdict, &replay, sp_log_line(room->log)),
        stamp));
    row->entry = stamp.index;
    return SP_OK;
}

/* The answer of then, with an entry of its own. */
static void replay(struct sp_audit_room *room, struct sp_pending *row)
{
    struct sp_repeat repeat = {.state = SP_REPEAT_UNKNOWN};
    struct sp_slice answer = {NULL, 0};
    sp_buf_init(&row->replay, REPLAY_BYTES_MAX);
    enum sp_err err = sp_repeats_read(room->repeats, row->who.key, &row->replay, &repeat, &answer);
    if (err != SP_OK) {
        refuse(room, row, SP_ERR_KEY_SPENT,
               "what ran under this idempotency key is done; its answer cannot be read any more");
        return;
    }
    if (sp_payload_make(answer, &row->reply.answer) != SP_OK) {
        refuse(room, row, SP_ERR_UNAVAILABLE, "memory is used up");
        return;
    }
    err = record(room, row, &repeat);
    if (err != SP_OK) {
        refuse(room, row, SP_ERR_LOG_UNAVAILABLE, ""); /* which says what is wrong with the log */
        return;
    }
    row->is_replay = true;
    row->who.execution = repeat.execution;
    row->who.session = repeat.session;
    row->outcome.relay_us = repeat.relay_us;
    row->reply.err = repeat.err;
    row->reply.detail = repeat.detail;
    row->reply.is_async = repeat.is_async;
    sp_room_wait(room, row, SP_PENDING_ENTRY);
}

bool sp_room_once_is_known(struct sp_audit_room *room, struct sp_pending *row)
{
    uint8_t request[SP_DIGEST_BYTES];
    struct sp_repeat_found found = {.state = SP_REPEAT_UNKNOWN};
    enum sp_err err = request_of(row, request);
    if (err == SP_OK) {
        err = sp_repeats_find(room->repeats, row->who.key, request, room->now.wall_us, &found);
    }
    if (err == SP_ERR_NOT_FOUND) {
        return false;
    }
    if (err != SP_OK) {
        refuse(room, row, SP_ERR_UNAVAILABLE, "the idempotency keys cannot be read; nothing ran");
    } else if (!found.is_same) {
        refuse(room, row, SP_ERR_KEY_REUSED,
               "the idempotency key was used for another body or session; nothing ran");
    } else if (found.state == SP_REPEAT_RUNNING) {
        refuse(room, row, SP_ERR_CONFLICT,
               "what was asked for under this idempotency key still runs");
    } else if (found.state == SP_REPEAT_DONE) {
        replay(room, row);
    } else if (found.state == SP_REPEAT_LOST) {
        refuse(room, row, SP_ERR_KEY_SPENT,
               "what ran under this idempotency key is done; its answer was not kept");
    } else {
        refuse(room, row, SP_ERR_KEY_SPENT,
               "what was asked for under this idempotency key may have run; it is not run again");
    }
    return true;
}

void sp_room_once_begin(struct sp_audit_room *room, struct sp_pending *row)
{
    struct sp_repeat repeat = {.wall_us = room->now.wall_us,
                               .intent = row->entry,
                               .tenant = row->who.tenant,
                               .execution = row->who.execution};
    (void)sp_slice_copy(sp_slice_make(row->who.key, SP_DIGEST_BYTES), repeat.key, SP_DIGEST_BYTES);
    bool is_begun = request_of(row, repeat.request) == SP_OK &&
                    sp_repeats_begin(room->repeats, &repeat) == SP_OK;
    row->key = is_begun ? SP_KEY_HELD : SP_KEY_FAILED;
}

void sp_room_once_end(struct sp_audit_room *room, struct sp_pending *row, enum sp_end state)
{
    if (row->key != SP_KEY_HELD) {
        return;
    }
    bool is_async = row->verdict.is_async != 0; /* whose answer was that it runs */
    struct sp_repeat repeat = {.state = SP_REPEAT_UNKNOWN,
                               .tenant = row->who.tenant,
                               .execution = row->who.execution,
                               .err = is_async ? SP_OK : row->reply.err,
                               .is_async = is_async,
                               .relay_us = row->outcome.relay_us,
                               .session = row->who.session,
                               .detail = is_async ? sp_slice_of(NULL) : row->reply.detail};
    if (state == SP_END_DONE) {
        repeat.state = SP_REPEAT_DONE;
    } else if (state == SP_END_NOT_STARTED) {
        repeat.state = SP_REPEAT_WITHDRAWN;
    }
    (void)sp_slice_copy(sp_slice_make(row->who.key, SP_DIGEST_BYTES), repeat.key, SP_DIGEST_BYTES);
    sp_repeats_end(room->repeats, &repeat, is_async ? sp_slice_of(NULL) : row->reply.answer.bytes);
    row->key = SP_KEY_NONE;
}

void sp_room_once_commit(struct sp_audit_room *room)
{
    if (sp_repeats_commit(room->repeats) == SP_OK) {
        return;
    }
    for (struct sp_pending *row = room->batch_first; row != NULL; row = row->next_in_batch) {
        if (row->state == SP_PENDING_INTENT && row->key == SP_KEY_HELD) {
            sp_room_once_end(room, row, SP_END_NOT_STARTED);
            row->key = SP_KEY_FAILED;
        }
    }
}
