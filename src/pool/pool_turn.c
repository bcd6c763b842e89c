#include "pool/event.h"
#include "pool/pool_inner.h"

/* splitmix64: nonces need to be different and not foreseen by the sessions, no more. */
uint64_t sp_pool_draw(struct sp_pool *pool)
{
    uint64_t x = 0;
    pool->random += 0x9E3779B97F4A7C15U;
    x = pool->random;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
}

static void send_code(const struct sp_pool *pool, const struct slot *slot,
                      const struct sp_pool_run *run)
{
    struct sp_slice rest = sp_buf_slice(&run->code);
    struct sp_frame frame = {
        .type = SP_FRAME_RUN,
        .nonce = run->nonce,
        .number = (uint32_t)rest.len,
        .size = run->out.max,
        .group = run->denied,
        .a = run->may_own_code ? SP_RUN_OWN_CODE : 0,
    };
    /* One frame, as a rule: each wakes two processes. */
    do {
        frame.bytes = sp_slice_sub(rest, 0, SP_FRAME_PART_MAX);
        rest = sp_slice_sub(rest, frame.bytes.len, rest.len);
        pool->ports.send(pool->ports.ctx, slot->ticket, &frame);
        frame.type = SP_FRAME_CODE;
    } while (rest.len > 0);
}

static void start(struct sp_pool *pool, struct slot *slot, struct sp_pool_run *run,
                  struct sp_pool_now now)
{
    slot->state = SLOT_BUSY;
    slot->run = run;
    run->nonce = sp_pool_draw(pool);
    run->started_ms = now.mono_ms;
    slot->due_ms = now.mono_ms + run->timeout_ms;
    sp_slot_touch(slot, now);
    send_code(pool, slot, run);
    /* The session has it; memory for the answer is more useful. */
    sp_buf_done(&run->code);
}

void sp_slot_enqueue(struct sp_pool *pool, struct slot *slot, struct sp_pool_run *run,
                     struct sp_pool_now now)
{
    struct sp_pool_run **last = &slot->first;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = run;
    slot->waiting++;
    sp_slot_next(pool, slot, now);
}

void sp_slot_next(struct sp_pool *pool, struct slot *slot, struct sp_pool_now now)
{
    struct sp_pool_run *run = slot->first;
    if (slot->state != SLOT_READY || run == NULL) {
        return;
    }
    slot->first = run->next;
    run->next = NULL;
    slot->waiting--;
    start(pool, slot, run, now);
}

static void answer_run(struct sp_pool *pool, const struct slot *slot, const struct sp_pool_run *run)
{
    struct sp_buf SP_AUTO_BUF body;
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    if (run->request == 0) {
        return;
    }
    if (sp_pool_answer_run(run, sp_slot_identifier(slot), &body) != SP_OK) {
        /* It ran; only its answer cannot be told. */
        sp_pool_refuse(pool, run->request, SP_ERR_OUTCOME_UNKNOWN,
                       sp_slice_of("the answer is over its limit"));
        return;
    }
    pool->ports.answer(pool->ports.ctx, run->request, 200, 0, sp_buf_slice(&body));
}

void sp_slot_finish(struct sp_pool *pool, struct slot *slot, enum sp_pool_end end,
                    struct sp_pool_now now)
{
    struct sp_pool_run *run = slot->run;
    slot->run = NULL;
    slot->due_ms = UINT64_MAX;
    sp_slot_touch(slot, now);
    run->end = end;
    if (end != SP_POOL_END_DONE) {
        run->micros = (now.mono_ms - run->started_ms) * 1000;
    }
    if (slot->state == SLOT_BUSY) {
        slot->state = SLOT_READY;
    }
    if (run->is_async && sp_kept_put(pool, slot, run, now) != SP_OK) {
        /* Whoever asks is told that there is no such execution: no result is better than half of one. */
        run->is_async = false;
    }
    answer_run(pool, slot, run);
    sp_pool_run_free(run);
}

/* The session is lost, but these runs had not begun: they go to a new session of the same name. */
void sp_slot_line_again(struct sp_pool *pool, struct slot *slot, struct sp_pool_now now)
{
    struct sp_pool_run *line = slot->first;
    struct slot *fresh = NULL;
    enum sp_err err = SP_OK;
    char identifier[SP_POOL_IDENTIFIER_MAX];
    size_t len = slot->identifier_len;
    uint64_t key = slot->key;
    for (size_t i = 0; i < len; i++) {
        identifier[i] = slot->identifier[i];
    }
    slot->first = NULL;
    slot->waiting = 0;
    sp_slot_end(pool, slot);
    if (line == NULL) {
        return;
    }
    err = sp_slot_assign(pool, sp_slice_make(identifier, len), key, now, &fresh);
    while (line != NULL) {
        struct sp_pool_run *run = line;
        line = run->next;
        run->next = NULL;
        if (err == SP_OK) {
            sp_slot_enqueue(pool, fresh, run, now);
        } else {
            sp_pool_refuse(pool, run->request, err, sp_slice_of(""));
            sp_pool_run_free(run);
        }
    }
}

void sp_slot_line_refuse(struct sp_pool *pool, struct slot *slot, enum sp_err why)
{
    while (slot->first != NULL) {
        struct sp_pool_run *run = slot->first;
        slot->first = run->next;
        sp_pool_refuse(pool, run->request, why, sp_slice_of("no session could be made"));
        sp_pool_run_free(run);
    }
    slot->waiting = 0;
}

void sp_slot_interrupt(struct sp_pool *pool, struct slot *slot, struct sp_pool_now now)
{
    const struct sp_frame frame = {.type = SP_FRAME_INTERRUPT, .nonce = slot->run->nonce};
    slot->run->is_stopping = true;
    slot->due_ms = now.mono_ms + SP_POOL_GRACE_MS;
    pool->ports.send(pool->ports.ctx, slot->ticket, &frame);
}

/* ---- what a session says ---- */

/* Its life is over, and nobody uses it: who is next in line gets a new session, or the old one would never end. */
static bool is_over(const struct sp_pool *pool, const struct slot *slot, struct sp_pool_now now)
{
    return pool->config.max_life_ms > 0 && slot->state == SLOT_READY && slot->files == NULL &&
           slot->named_ms + pool->config.max_life_ms <= now.mono_ms;
}

static void on_done(struct sp_pool *pool, struct slot *slot, const struct sp_frame *frame,
                    struct sp_pool_now now)
{
    struct sp_pool_run *run = slot->run;
    bool was_stopped = run->is_stopping && frame->a != SP_CELL_SUCCEEDED;
    if (frame->bytes.len > 0 && sp_witness_read(frame->bytes, &run->witness) != SP_OK) {
        sp_pool_session_lost(pool, slot->ticket, now);
        return;
    }
    run->status = frame->a < SP_CELL_END_COUNT ? (enum sp_cell_end)frame->a : SP_CELL_FAILED;
    run->micros = frame->micros;
    run->dropped_out += frame->dropped_out;
    run->dropped_err += frame->dropped_err;
    sp_slot_finish(pool, slot, was_stopped ? SP_POOL_END_STOPPED : SP_POOL_END_DONE, now);
    if (is_over(pool, slot, now)) {
        sp_slot_line_again(pool, slot, now);
        return;
    }
    sp_slot_next(pool, slot, now);
}

/* Who does not hear the events, for the answer would be over its limit, still gets the result. */
static void tell(struct sp_pool *pool, struct sp_pool_run *run, const struct sp_frame *frame)
{
    struct sp_buf SP_AUTO_BUF events;
    sp_buf_init(&events, SP_POOL_ANSWER_BYTES_MAX);
    if (run->is_streamed && run->request != 0 && sp_pool_event_of(run, frame, &events) == SP_OK &&
        events.len > 0) {
        pool->ports.stream(pool->ports.ctx, run->request, sp_buf_slice(&events));
    }
}

static void on_gone(struct sp_pool *pool, struct slot *slot, const struct sp_frame *frame,
                    struct sp_pool_now now)
{
    if (slot->run != NULL) {
        slot->run->end_by_signal = frame->a == 1;
        slot->run->end_number = frame->number;
        slot->run->end_by_memory = frame->b == SP_GONE_MEMORY;
    }
    sp_pool_session_lost(pool, slot->ticket, now);
}

/* If the tenant's code is hostile: a frame that does not fit the state is dropped; one that is wrong ends the session. */
void sp_pool_frame(struct sp_pool *pool, uint32_t ticket, const struct sp_frame *frame, int *fd,
                   struct sp_pool_now now)
{
    struct slot *slot = sp_slot_of(pool, ticket);
    if (slot == NULL || slot->state == SLOT_DYING) {
        return;
    }
    if (frame->type == SP_FRAME_READY) {
        if (slot->state == SLOT_BORN) {
            slot->state = SLOT_READY;
            slot->due_ms = UINT64_MAX;
            sp_slot_files_next(pool, slot);
            sp_slot_next(pool, slot, now);
        }
    } else if (frame->type == SP_FRAME_FILED || frame->type == SP_FRAME_LISTED) {
        sp_slot_files_frame(pool, slot, frame, fd);
    } else if (frame->type == SP_FRAME_GONE) {
        on_gone(pool, slot, frame, now);
    } else if (slot->run == NULL || frame->nonce != slot->run->nonce) {
        return;
    } else if (frame->type == SP_FRAME_DONE) {
        on_done(pool, slot, frame, now);
    } else if (sp_pool_run_take(slot->run, frame) != SP_OK) {
        sp_pool_session_lost(pool, ticket, now);
    } else {
        tell(pool, slot->run, frame);
    }
}
