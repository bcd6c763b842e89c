#include <stdlib.h>

#include "pool/pool_inner.h"

/* How many results are kept, of one session and in all, how long, and how many bytes. */
#define KEPT_OF_ONE_MAX 32U
#define KEPT_MAX        1024U
#define KEPT_BYTES_MAX  ((size_t)256 * 1024 * 1024)
#define KEPT_MS         600000U

static struct sp_slice identifier_of(const struct kept *kept)
{
    return sp_slice_make(kept->identifier, kept->identifier_len);
}

static void free_kept(struct kept *kept)
{
    sp_buf_done(&kept->body);
    free(kept);
}

/* The newest come first, so what is over a bound is the oldest. */
static void trim(struct sp_pool *pool, struct sp_slice identifier, struct sp_pool_now now)
{
    struct kept **at = &pool->kept;
    unsigned count = 0;
    unsigned of_one = 0;
    size_t bytes = 0;
    while (*at != NULL) {
        struct kept *kept = *at;
        of_one += sp_slice_equal(identifier_of(kept), identifier) ? 1U : 0U;
        bytes += kept->body.len;
        count++;
        if (kept->until_ms > now.mono_ms && count <= KEPT_MAX && bytes <= KEPT_BYTES_MAX &&
            (of_one <= KEPT_OF_ONE_MAX || !sp_slice_equal(identifier_of(kept), identifier))) {
            at = &kept->next;
            continue;
        }
        bytes -= kept->body.len;
        count--;
        *at = kept->next;
        free_kept(kept);
    }
}

enum sp_err sp_kept_put(struct sp_pool *pool, const struct slot *slot,
                        const struct sp_pool_run *run, struct sp_pool_now now)
{
    struct kept *kept = calloc(1, sizeof *kept);
    struct sp_slice identifier = sp_slot_identifier(slot);
    enum sp_err err = SP_OK;
    if (kept == NULL) {
        return SP_ERR_NOMEM;
    }
    *kept = (struct kept){.next = pool->kept, .id = run->id, .until_ms = now.mono_ms + KEPT_MS};
    kept->identifier_len = sp_slice_copy(identifier, kept->identifier, SP_POOL_IDENTIFIER_MAX);
    sp_buf_init(&kept->body, SP_POOL_ANSWER_BYTES_MAX);
    err = sp_pool_answer_run(run, identifier, &kept->body);
    if (err != SP_OK) {
        free_kept(kept);
        return err;
    }
    pool->kept = kept;
    trim(pool, identifier, now);
    return SP_OK;
}

void sp_kept_drop(struct sp_pool *pool, struct sp_slice identifier, struct sp_pool_now now)
{
    for (struct kept *kept = pool->kept; kept != NULL; kept = kept->next) {
        if (sp_slice_equal(identifier_of(kept), identifier)) {
            kept->until_ms = 0;
        }
    }
    trim(pool, identifier, now);
}

void sp_kept_free(struct sp_pool *pool)
{
    while (pool->kept != NULL) {
        struct kept *kept = pool->kept;
        pool->kept = kept->next;
        free_kept(kept);
    }
}

/* ---- who asks ---- */

static const struct sp_pool_run *find_pending(const struct slot *slot, uint64_t id)
{
    if (slot->run != NULL && slot->run->id == id) {
        return slot->run;
    }
    for (const struct sp_pool_run *run = slot->first; run != NULL; run = run->next) {
        if (run->id == id) {
            return run;
        }
    }
    return NULL;
}

static void answer_pending(struct sp_pool *pool, uint64_t request, const struct slot *slot,
                           const struct sp_pool_run *run)
{
    struct sp_buf SP_AUTO_BUF body;
    enum sp_err err = SP_OK;
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    err = sp_pool_answer_pending(run, sp_slot_identifier(slot), run == slot->run, &body);
    if (err != SP_OK) {
        sp_pool_refuse(pool, request, err, sp_slice_of(""));
        return;
    }
    pool->ports.answer(pool->ports.ctx, request, 200, 0, sp_buf_slice(&body));
}

void sp_pool_execution_get(struct sp_pool *pool, uint64_t request, struct sp_slice identifier,
                           uint64_t id, struct sp_pool_now now)
{
    struct slot *slot = sp_slot_find(pool, identifier);
    const struct sp_pool_run *run = slot == NULL ? NULL : find_pending(slot, id);
    if (slot != NULL) {
        sp_slot_touch(slot, now);
    }
    if (run != NULL && run->is_async) {
        answer_pending(pool, request, slot, run);
        return;
    }
    trim(pool, identifier, now);
    for (const struct kept *kept = pool->kept; kept != NULL; kept = kept->next) {
        if (kept->id == id && sp_slice_equal(identifier_of(kept), identifier)) {
            pool->ports.answer(pool->ports.ctx, request, 200, 0, sp_buf_slice(&kept->body));
            return;
        }
    }
    sp_pool_refuse(pool, request, SP_ERR_EXECUTION_NOT_FOUND, sp_slice_of(""));
}
