#include "pool/pool.h"

#include <stdlib.h>

#include "base/num.h"
#include "base/own.h"
#include "pool/pool_inner.h"

#define PACKAGES_MAX       ((size_t)64 * 1024)
#define SESSIONS_OF_A_PAGE 100U

/* Slots for sessions that are dying while others take their places. */
#define SPARE_SLOTS        32U

enum sp_err sp_pool_new(const struct sp_pool_config *config, const struct sp_pool_ports *ports,
                        uint64_t seed, struct sp_pool_now now, struct sp_pool **out)
{
    unsigned count = config->max_sessions + SPARE_SLOTS;
    struct sp_pool *pool = NULL;
    if (config->max_sessions == 0 || count > SP_POOL_SESSIONS_MAX) {
        return SP_ERR_RANGE;
    }
    pool = calloc(1, sizeof *pool + count * sizeof pool->slots[0]);
    if (pool == NULL) {
        return SP_ERR_NOMEM;
    }
    pool->config = *config;
    pool->ports = *ports;
    pool->random = seed;
    pool->started_us = now.wall_us;
    pool->slot_count = count;
    sp_buf_init(&pool->packages, PACKAGES_MAX);
    *out = pool;
    return SP_OK;
}

static void free_line(struct sp_pool_run *line)
{
    while (line != NULL) {
        struct sp_pool_run *run = line;
        line = run->next;
        sp_pool_run_free(run);
    }
}

void sp_pool_free(struct sp_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (unsigned i = 0; i < pool->slot_count; i++) {
        sp_pool_run_free(pool->slots[i].run);
        free_line(pool->slots[i].first);
        sp_slot_files_free(&pool->slots[i]);
    }
    sp_kept_free(pool);
    sp_buf_done(&pool->packages);
    free(pool);
}

/* ---- answers ---- */

static void refuse_after(struct sp_pool *pool, uint64_t request, enum sp_err why,
                         struct sp_slice detail, unsigned after_s)
{
    struct sp_buf SP_AUTO_BUF body;
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    if (request == 0) {
        return;
    }
    if (sp_pool_answer_error(why, detail, &body) != SP_OK) {
        sp_buf_clear(&body);
    }
    pool->ports.answer(pool->ports.ctx, request, sp_err_http(why), after_s, sp_buf_slice(&body));
}

void sp_pool_refuse(struct sp_pool *pool, uint64_t request, enum sp_err why, struct sp_slice detail)
{
    bool may_retry = sp_err_http(why) == 503 || sp_err_http(why) == 429;
    refuse_after(pool, request, why, detail, may_retry ? 1 : 0);
}

static void answer(struct sp_pool *pool, uint64_t request, unsigned status, enum sp_err err,
                   const struct sp_buf *body)
{
    if (err != SP_OK) {
        sp_pool_refuse(pool, request, err, sp_slice_of(""));
        return;
    }
    pool->ports.answer(pool->ports.ctx, request, status, 0, sp_buf_slice(body));
}

/* ---- requests ---- */

void sp_pool_refuse_full(struct sp_pool *pool, uint64_t request, enum sp_err why,
                         struct sp_pool_now now)
{
    unsigned after_s = why == SP_ERR_SESSIONS_FULL ? sp_pool_retry_after(pool, now) : 0;
    refuse_after(pool, request, why, sp_slice_of(""), after_s);
}

static struct sp_pool_run *run_of(struct sp_pool *pool, const struct sp_pool_order *order)
{
    size_t output_max = pool->config.output_max;
    struct sp_pool_run *run = NULL;
    if (order->output_max > 0 && order->output_max < output_max) {
        output_max = order->output_max;
    }
    run = sp_pool_run_new(order->code, output_max);
    if (run != NULL) {
        run->request = order->request;
        run->timeout_ms = order->timeout_s * 1000;
        run->denied = order->denied;
        run->may_own_code = order->may_own_code;
        run->is_async = order->is_async;
        run->is_jupyter = order->is_jupyter;
        run->is_streamed = order->is_streamed && !order->is_async;
        run->id = sp_pool_draw(pool);
    }
    return run;
}

/* Whoever asked need not wait: the execution has a name by which to ask for it. */
static void answer_async(struct sp_pool *pool, const struct slot *slot, struct sp_pool_run *run)
{
    struct sp_buf SP_AUTO_BUF body;
    uint64_t request = run->request;
    enum sp_err err = SP_OK;
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    err = sp_pool_answer_pending(run, sp_slot_identifier(slot), slot->run == run, &body);
    run->request = 0;
    answer(pool, request, 200, err, &body);
}

void sp_pool_execute(struct sp_pool *pool, const struct sp_pool_order *order,
                     struct sp_pool_now now)
{
    struct slot *slot = sp_slot_find(pool, order->identifier);
    struct sp_pool_run *run = NULL;
    enum sp_err err = SP_OK;
    if (slot == NULL) {
        err = sp_slot_assign(pool, order->identifier, order->key, now, &slot);
    }
    if (err != SP_OK) {
        sp_pool_refuse_full(pool, order->request, err, now);
        return;
    }
    if (slot->waiting >= SP_POOL_LINE_MAX) {
        sp_pool_refuse(pool, order->request, SP_ERR_BUSY,
                       sp_slice_of("too many runs wait for this session"));
        return;
    }
    run = run_of(pool, order);
    if (run == NULL) {
        sp_pool_refuse(pool, order->request, SP_ERR_UNAVAILABLE, sp_slice_of(""));
        return;
    }
    sp_slot_enqueue(pool, slot, run, now);
    if (order->is_async) {
        answer_async(pool, slot, run);
    }
    sp_pool_fill_ready(pool, now);
}

static uint64_t expiry_us(const struct sp_pool *pool, const struct slot *slot)
{
    uint64_t cooldown = slot->used_us + (uint64_t)pool->config.cooldown_ms * 1000;
    uint64_t life = slot->created_us + pool->config.max_life_ms * 1000;
    return pool->config.max_life_ms > 0 && life < cooldown ? life : cooldown;
}

static struct sp_pool_about about(const struct sp_pool *pool, const struct slot *slot)
{
    return (struct sp_pool_about){
        .identifier = sp_slot_identifier(slot),
        .etag = slot->etag,
        .created_us = slot->created_us,
        .used_us = slot->used_us,
        .expires_us = expiry_us(pool, slot),
    };
}

void sp_pool_session_get(struct sp_pool *pool, uint64_t request, struct sp_slice identifier)
{
    const struct slot *slot = sp_slot_find(pool, identifier);
    struct sp_buf SP_AUTO_BUF body;
    struct sp_pool_about seen;
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    if (slot == NULL || identifier.len == 0) {
        sp_pool_refuse(pool, request, SP_ERR_SESSION_NOT_FOUND, sp_slice_of(""));
        return;
    }
    seen = about(pool, slot);
    answer(pool, request, 200, sp_pool_answer_session(&seen, &body), &body);
}

void sp_pool_session_delete(struct sp_pool *pool, uint64_t request, struct sp_slice identifier,
                            struct sp_pool_now now)
{
    struct slot *slot = sp_slot_find(pool, identifier);
    if (slot == NULL || identifier.len == 0) {
        sp_pool_refuse(pool, request, SP_ERR_SESSION_NOT_FOUND, sp_slice_of(""));
        return;
    }
    if (slot->run != NULL) {
        sp_slot_finish(pool, slot, SP_POOL_END_DELETED, now);
    }
    sp_slot_line_refuse(pool, slot, SP_ERR_UNAVAILABLE);
    sp_kept_drop(pool, identifier, now);
    sp_slot_end(pool, slot);
    sp_pool_fill_ready(pool, now);
    pool->ports.answer(pool->ports.ctx, request, 204, 0, sp_slice_of(""));
}

void sp_pool_session_list(struct sp_pool *pool, uint64_t request, uint32_t skip)
{
    struct sp_buf SP_AUTO_BUF body;
    size_t count = 0;
    size_t seen = 0;
    size_t page = 0;
    SP_AUTO_FREE struct sp_pool_about *list = calloc(pool->slot_count, sizeof *list);
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    if (list == NULL) {
        sp_pool_refuse(pool, request, SP_ERR_UNAVAILABLE, sp_slice_of(""));
        return;
    }
    for (unsigned i = 0; i < pool->slot_count; i++) {
        const struct slot *slot = &pool->slots[i];
        if (slot->identifier_len > 0 && slot->state != SLOT_FREE && slot->state != SLOT_DYING) {
            list[count++] = about(pool, slot);
        }
    }
    seen = sp_size_min(skip, count);
    page = sp_size_min(count - seen, SESSIONS_OF_A_PAGE);
    answer(pool, request, 200,
           sp_pool_answer_sessions(list + seen, page,
                                   count - seen > page ? (uint32_t)(seen + page) : 0, &body),
           &body);
}

void sp_pool_metadata(struct sp_pool *pool, uint64_t request)
{
    struct sp_buf SP_AUTO_BUF body;
    enum sp_err err = SP_OK;
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    err = sp_pool_answer_metadata(sp_buf_slice(&pool->packages), pool->walls, pool->started_us,
                                  &body);
    answer(pool, request, 200, err, &body);
}

static void leave_line(struct slot *slot, uint64_t request)
{
    struct sp_pool_run **at = &slot->first;
    while (*at != NULL) {
        struct sp_pool_run *run = *at;
        if (run->request == request) {
            *at = run->next;
            slot->waiting--;
            sp_pool_run_free(run);
        } else {
            at = &run->next;
        }
    }
}

void sp_pool_left(struct sp_pool *pool, uint64_t request)
{
    if (request == 0) {
        return; /* an asynchronous run has no request any more */
    }
    for (unsigned i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->run != NULL && slot->run->request == request) {
            slot->run->request = 0;
        }
        leave_line(slot, request);
        sp_slot_files_left(pool, slot, request);
    }
}

/* ---- time ---- */

static void on_due(struct sp_pool *pool, struct slot *slot, struct sp_pool_now now)
{
    if (slot->state == SLOT_BUSY && !slot->run->is_stopping) {
        sp_slot_interrupt(pool, slot, now);
    } else if (slot->state == SLOT_BUSY) {
        sp_slot_finish(pool, slot, SP_POOL_END_KILLED, now);
        sp_slot_line_again(pool, slot, now);
    } else {
        /* Neither made nor refused in time. */
        sp_slot_line_refuse(pool, slot, SP_ERR_UNAVAILABLE);
        sp_slot_end(pool, slot);
    }
}

/* When an idle session ends: its cooldown is over, or its life. Never while something is asked of it. */
static uint64_t end_of(const struct sp_pool *pool, const struct slot *slot)
{
    uint64_t end = slot->used_ms + pool->config.cooldown_ms;
    if (slot->state != SLOT_READY || slot->identifier_len == 0 || slot->files != NULL) {
        return UINT64_MAX;
    }
    if (pool->config.max_life_ms > 0 && slot->named_ms + pool->config.max_life_ms < end) {
        end = slot->named_ms + pool->config.max_life_ms;
    }
    return end;
}

/* When this slot needs attention next. */
static uint64_t due_of(const struct sp_pool *pool, const struct slot *slot)
{
    if (slot->state == SLOT_READY) {
        return end_of(pool, slot);
    }
    return slot->state == SLOT_FREE ? UINT64_MAX : slot->due_ms;
}

uint64_t sp_pool_tick(struct sp_pool *pool, struct sp_pool_now now)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (end_of(pool, slot) <= now.mono_ms) {
            sp_slot_end(pool, slot);
        } else if (slot->state != SLOT_READY && slot->state != SLOT_FREE &&
                   slot->due_ms <= now.mono_ms) {
            on_due(pool, slot, now);
        }
    }
    sp_pool_fill_ready(pool, now);
    for (unsigned i = 0; i < pool->slot_count; i++) {
        uint64_t due = due_of(pool, &pool->slots[i]);
        next = due < next ? due : next;
    }
    uint64_t fill = sp_pool_fill_due(pool, now);
    return fill < next ? fill : next;
}
