#include "base/num.h"
#include "pool/pool_inner.h"

#define SLOT_BITS      12U
#define SLOT_MASK      ((1U << SLOT_BITS) - 1U)
#define READY_AGAIN_MS 1000U
#define READY_DELAY_MS 50U
#define READY_SOON_MS  5U
#define RETRY_MAX_S    30U

_Static_assert(SP_POOL_SESSIONS_MAX == 1U << SLOT_BITS, "a ticket holds the number of a slot");

struct sp_slice sp_slot_identifier(const struct slot *slot)
{
    return sp_slice_make(slot->identifier, slot->identifier_len);
}

struct slot *sp_slot_of(struct sp_pool *pool, uint32_t ticket)
{
    struct slot *slot = &pool->slots[(ticket & SLOT_MASK) % pool->slot_count];
    /* A late word about a session that had this slot before, or about one that nobody was told of yet. */
    return slot->state != SLOT_FREE && slot->state != SLOT_WANTED && slot->ticket == ticket ? slot
                                                                                            : NULL;
}

struct slot *sp_slot_find(struct sp_pool *pool, struct sp_slice identifier)
{
    for (unsigned i = 0; identifier.len > 0 && i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->state != SLOT_FREE && slot->state != SLOT_DYING &&
            sp_slice_equal(sp_slot_identifier(slot), identifier)) {
            return slot;
        }
    }
    return NULL;
}

static struct slot *free_slot(struct sp_pool *pool)
{
    for (unsigned i = 0; i < pool->slot_count; i++) {
        if (pool->slots[i].state == SLOT_FREE) {
            return &pool->slots[i];
        }
    }
    return NULL;
}

static unsigned count_live(const struct sp_pool *pool, bool with_identifier)
{
    unsigned count = 0;
    for (unsigned i = 0; i < pool->slot_count; i++) {
        const struct slot *slot = &pool->slots[i];
        if (slot->state != SLOT_FREE && slot->state != SLOT_DYING &&
            (slot->identifier_len > 0) == with_identifier) {
            count++;
        }
    }
    return count;
}

/* A new session in a free slot: asked of the template now, or when there is one. */
static void conceive(struct sp_pool *pool, struct slot *slot, uint64_t key, struct sp_pool_now now)
{
    uint32_t generation = slot->generation + 1;
    uint32_t index = (uint32_t)(slot - pool->slots);
    *slot = (struct slot){
        .state = pool->has_template ? SLOT_BORN : SLOT_WANTED,
        .generation = generation,
        .ticket = generation << SLOT_BITS | index,
        .key = key,
        .created_us = now.wall_us,
        .used_us = now.wall_us,
        .used_ms = now.mono_ms,
        .due_ms = now.mono_ms + SP_POOL_BIRTH_MS,
        .etag = sp_pool_draw(pool),
    };
    if (pool->has_template) {
        pool->ports.fork(pool->ports.ctx, slot->ticket, key);
    }
}

void sp_slot_touch(struct slot *slot, struct sp_pool_now now)
{
    slot->used_ms = now.mono_ms;
    slot->used_us = now.wall_us;
}

static void name(struct slot *slot, struct sp_slice identifier, struct sp_pool_now now)
{
    for (size_t i = 0; i < identifier.len; i++) {
        slot->identifier[i] = (char)identifier.ptr[i];
    }
    slot->identifier_len = identifier.len;
    slot->created_us = now.wall_us;
    slot->used_us = now.wall_us;
    slot->used_ms = now.mono_ms;
    slot->named_ms = now.mono_ms;
}

static struct slot *best_unnamed(struct sp_pool *pool, uint64_t key)
{
    struct slot *found = NULL;
    for (unsigned i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->identifier_len > 0 || slot->key != key) {
            continue;
        }
        if (slot->state == SLOT_READY) {
            return slot;
        }
        if (slot->state == SLOT_BORN || slot->state == SLOT_WANTED) {
            found = slot;
        }
    }
    return found;
}

static unsigned count_ready(const struct sp_pool *pool, uint64_t key)
{
    unsigned count = 0;
    for (unsigned i = 0; i < pool->slot_count; i++) {
        const struct slot *slot = &pool->slots[i];
        bool is_coming = slot->state == SLOT_READY || slot->state == SLOT_BORN;
        count += is_coming && slot->identifier_len == 0 && slot->key == key ? 1U : 0U;
    }
    return count;
}

/*
 * The set is filled when the first runs are over: making a session takes the processor that they need. While half of it
 * is left, the next one that is taken puts it off again.
 */
static void want_ready(struct sp_pool *pool, uint64_t key, struct sp_pool_now now)
{
    bool is_plenty = count_ready(pool, key) * 2 > pool->config.ready_sessions;
    uint64_t from = now.mono_ms + (is_plenty ? READY_DELAY_MS : READY_SOON_MS);
    pool->ready_key = key;
    pool->has_ready_key = true;
    if (is_plenty || pool->ready_from_ms <= now.mono_ms || from < pool->ready_from_ms) {
        pool->ready_from_ms = from;
    }
}

enum sp_err sp_slot_assign(struct sp_pool *pool, struct sp_slice identifier, uint64_t key,
                           struct sp_pool_now now, struct slot **out)
{
    struct slot *slot = NULL;
    key = pool->config.is_by_key ? key : 0;
    if (identifier.len == 0 || identifier.len > SP_POOL_IDENTIFIER_MAX) {
        return SP_ERR_IDENTIFIER;
    }
    if (count_live(pool, true) >= pool->config.max_sessions) {
        return SP_ERR_SESSIONS_FULL;
    }
    slot = best_unnamed(pool, key);
    if (slot == NULL) {
        slot = free_slot(pool);
        if (slot == NULL) {
            return SP_ERR_SESSIONS_FULL;
        }
        conceive(pool, slot, key, now);
    }
    want_ready(pool, key, now);
    name(slot, identifier, now);
    *out = slot;
    return SP_OK;
}

void sp_slot_end(struct sp_pool *pool, struct slot *slot)
{
    enum slot_state before = slot->state;
    sp_slot_files_lost(pool, slot);
    slot->state = before == SLOT_WANTED ? SLOT_FREE : SLOT_DYING;
    slot->identifier_len = 0;
    slot->due_ms = UINT64_MAX;
    if (before != SLOT_WANTED) {
        pool->ports.kill(pool->ports.ctx, slot->ticket);
        pool->ports.close(pool->ports.ctx, slot->ticket);
    }
}

/* The set is full of other keys: one of them makes room for the key that was asked for last. */
static void make_room_for_key(struct sp_pool *pool)
{
    struct slot *oldest = NULL;
    if (pool->config.ready_sessions == 0 || !pool->config.is_by_key ||
        count_ready(pool, pool->ready_key) > 0) {
        return;
    }
    for (unsigned i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->state == SLOT_READY && slot->identifier_len == 0 &&
            (oldest == NULL || slot->created_us < oldest->created_us)) {
            oldest = slot;
        }
    }
    if (oldest != NULL && count_live(pool, false) >= pool->config.ready_sessions) {
        sp_slot_end(pool, oldest);
    }
}

static bool may_fill(const struct sp_pool *pool)
{
    return pool->has_template && (!pool->config.is_by_key || pool->has_ready_key);
}

void sp_pool_fill_ready(struct sp_pool *pool, struct sp_pool_now now)
{
    unsigned unnamed = 0;
    unsigned named = count_live(pool, true);
    if (!may_fill(pool) || now.mono_ms < pool->ready_again_ms ||
        now.mono_ms < pool->ready_from_ms) {
        return;
    }
    make_room_for_key(pool);
    unnamed = count_live(pool, false);
    while (unnamed < pool->config.ready_sessions && named + unnamed < pool->config.max_sessions) {
        struct slot *slot = free_slot(pool);
        if (slot == NULL) {
            return;
        }
        conceive(pool, slot, pool->ready_key, now);
        unnamed++;
    }
}

/* When the set can be filled that could not be now; UINT64_MAX: no such time is known. */
uint64_t sp_pool_fill_due(const struct sp_pool *pool, struct sp_pool_now now)
{
    uint64_t due =
        pool->ready_again_ms > pool->ready_from_ms ? pool->ready_again_ms : pool->ready_from_ms;
    return may_fill(pool) && pool->config.ready_sessions > 0 && due > now.mono_ms ? due
                                                                                  : UINT64_MAX;
}

/* Until the first idle session reaches its cooldown. */
unsigned sp_pool_retry_after(const struct sp_pool *pool, struct sp_pool_now now)
{
    uint64_t soonest = (uint64_t)RETRY_MAX_S * 1000;
    for (unsigned i = 0; i < pool->slot_count; i++) {
        const struct slot *slot = &pool->slots[i];
        uint64_t idle_ms = now.mono_ms - slot->used_ms;
        if (slot->state == SLOT_READY && slot->identifier_len > 0 &&
            idle_ms < pool->config.cooldown_ms && pool->config.cooldown_ms - idle_ms < soonest) {
            soonest = pool->config.cooldown_ms - idle_ms;
        }
    }
    return (unsigned)(soonest / 1000) + 1;
}

/* ---- what the template and the sessions say ---- */

enum sp_err sp_pool_template_up(struct sp_pool *pool, uint64_t walls, struct sp_slice packages,
                                struct sp_pool_now now)
{
    sp_buf_clear(&pool->packages);
    SP_TRY(sp_buf_put(&pool->packages, packages));
    pool->has_template = true;
    pool->walls = walls;
    pool->started_us = now.wall_us;
    for (unsigned i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->state == SLOT_WANTED) {
            slot->state = SLOT_BORN;
            pool->ports.fork(pool->ports.ctx, slot->ticket, slot->key);
        }
    }
    sp_pool_fill_ready(pool, now);
    return SP_OK;
}

/* What was running may have done anything; what only waited runs in a new session when there is a template again. */
static void lose_slot(struct sp_pool *pool, struct slot *slot, struct sp_pool_now now)
{
    bool is_wanted = slot->identifier_len > 0 && slot->first != NULL;
    pool->ports.close(pool->ports.ctx, slot->ticket);
    sp_slot_files_lost(pool, slot);
    if (slot->run != NULL) {
        sp_pool_refuse(pool, slot->run->request, SP_ERR_OUTCOME_UNKNOWN, sp_slice_of(""));
        sp_pool_run_free(slot->run);
        slot->run = NULL;
    }
    if (!is_wanted) {
        slot->state = SLOT_FREE;
        slot->identifier_len = 0;
        return;
    }
    slot->state = SLOT_WANTED;
    slot->generation++;
    slot->ticket = slot->generation << SLOT_BITS | (uint32_t)(slot - pool->slots);
    slot->due_ms = now.mono_ms + SP_POOL_BIRTH_MS;
}

void sp_pool_template_lost(struct sp_pool *pool, struct sp_pool_now now)
{
    pool->has_template = false;
    for (unsigned i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->state != SLOT_FREE && slot->state != SLOT_WANTED) {
            lose_slot(pool, slot, now);
        }
    }
}

bool sp_pool_forked(struct sp_pool *pool, uint32_t ticket)
{
    const struct slot *slot = sp_slot_of(pool, ticket);
    return slot != NULL && slot->state == SLOT_BORN;
}

void sp_pool_ended(struct sp_pool *pool, uint32_t ticket, struct sp_pool_now now)
{
    struct slot *slot = sp_slot_of(pool, ticket);
    if (slot == NULL) {
        return;
    }
    if (slot->state == SLOT_BORN) {
        /* It could not be made. Trying again at once would make a loop of it. */
        pool->ready_again_ms = now.mono_ms + READY_AGAIN_MS;
        sp_slot_line_refuse(pool, slot, SP_ERR_UNAVAILABLE);
    } else if (slot->state != SLOT_DYING) {
        sp_pool_session_lost(pool, ticket, now);
    }
    pool->ports.close(pool->ports.ctx, ticket);
    sp_slot_files_lost(pool, slot);
    slot->state = SLOT_FREE;
    slot->identifier_len = 0;
    sp_pool_fill_ready(pool, now);
}

void sp_pool_session_lost(struct sp_pool *pool, uint32_t ticket, struct sp_pool_now now)
{
    struct slot *slot = sp_slot_of(pool, ticket);
    if (slot == NULL || slot->state == SLOT_DYING) {
        return;
    }
    if (slot->run != NULL) {
        sp_slot_finish(pool, slot, SP_POOL_END_CRASHED, now);
    }
    sp_slot_line_again(pool, slot, now);
    if (slot->state != SLOT_DYING && slot->state != SLOT_FREE) {
        sp_slot_end(pool, slot);
    }
}
