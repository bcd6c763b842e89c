/* The nodes of the hierarchy, found by their names; what is on the store when it is opened. */
#include <stdlib.h>

#include "base/assert.h"
#include "quota/quota_inner.h"

#define FIRST_NODES ((size_t)16)
/* By less than this a wall clock is not set forward but put right. */
#define JUMP_US     ((uint64_t)1000000)

enum sp_limit sp_quota_limit_of(enum sp_quota_day_kind kind)
{
    static const enum sp_limit limits[] = {SP_LIMIT_RUN_TIME, SP_LIMIT_CODE, SP_LIMIT_UPLOAD};
    return kind < SP_QUOTA_DAY_KINDS ? limits[kind] : SP_LIMIT_NONE;
}

/* --- finding --- */

static uint64_t hash_bytes(uint64_t hash, struct sp_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.ptr[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    }
    return hash;
}

static struct sp_slice token_of(const struct sp_quota_node *node)
{
    return node->token == NULL ? sp_slice_make(NULL, 0) : sp_slice_of(node->token);
}

static bool is_node(const struct sp_quota_node *node, enum sp_limit_scope scope,
                    struct sp_slice name, struct sp_slice token)
{
    return node->scope == scope && sp_slice_is(token, node->token == NULL ? "" : node->token) &&
           sp_slice_is(name, node->name);
}

/* The slot that holds this node, or the free one where it belongs. */
static size_t slot_of(const struct sp_quota *quota, enum sp_limit_scope scope, struct sp_slice name,
                      struct sp_slice token)
{
    uint64_t hash = hash_bytes(UINT64_C(0xcbf29ce484222325) + (uint64_t)scope, name);
    hash = hash_bytes(hash * UINT64_C(0x9e3779b97f4a7c15), token);
    size_t at = (size_t)(hash ^ hash >> 32) & (quota->slot_count - 1);
    while (quota->slots[at] != SP_QUOTA_NODE_NONE &&
           !is_node(&quota->nodes[quota->slots[at]], scope, name, token)) {
        at = (at + 1) & (quota->slot_count - 1);
    }
    return at;
}

static void fill_slots(struct sp_quota *quota)
{
    for (size_t i = 0; i < quota->slot_count; i++) {
        quota->slots[i] = SP_QUOTA_NODE_NONE;
    }
    for (uint32_t i = 0; i < quota->node_count; i++) {
        const struct sp_quota_node *node = &quota->nodes[i];
        if (node->name != NULL) {
            quota->slots[slot_of(quota, node->scope, sp_slice_of(node->name), token_of(node))] = i;
        }
    }
}

static enum sp_err grow_slots(struct sp_quota *quota)
{
    size_t count = quota->slot_count == 0 ? FIRST_NODES * 2 : quota->slot_count * 2;
    uint32_t *slots = calloc(count, sizeof(*slots));
    if (slots == NULL) {
        return SP_ERR_NOMEM;
    }
    free(quota->slots);
    quota->slots = slots;
    quota->slot_count = count;
    fill_slots(quota);
    return SP_OK;
}

static enum sp_err grow_nodes(struct sp_quota *quota)
{
    if (quota->node_count >= SP_QUOTA_NODES_MAX) {
        return SP_ERR_FULL;
    }
    if ((quota->node_count + 1) * 2 > quota->slot_count) {
        SP_TRY(grow_slots(quota));
    }
    if (quota->node_count < quota->node_room) {
        return SP_OK;
    }
    size_t room = quota->node_room == 0 ? FIRST_NODES : quota->node_room * 2;
    struct sp_quota_node *nodes = reallocarray(quota->nodes, room, sizeof(*nodes));
    if (nodes == NULL) {
        return SP_ERR_NOMEM;
    }
    quota->nodes = nodes;
    quota->node_room = room;
    return SP_OK;
}

/* The place of the next node: one that is nobody's, or behind all others. */
static enum sp_err reserve_node(struct sp_quota *quota, uint32_t *out)
{
    if (quota->first_free == SP_QUOTA_NODE_NONE && quota->node_count >= SP_QUOTA_NODES_MAX) {
        sp_quota_sweep(quota, quota->clock.time_us);
    }
    if (quota->first_free != SP_QUOTA_NODE_NONE) {
        *out = quota->first_free;
        return SP_OK;
    }
    SP_TRY(grow_nodes(quota));
    *out = (uint32_t)quota->node_count;
    return SP_OK;
}

static void take_node(struct sp_quota *quota, uint32_t at)
{
    if (at == quota->first_free) {
        quota->first_free = quota->nodes[at].next_token;
    } else {
        quota->node_count++;
    }
}

enum sp_err sp_quota_node_make(struct sp_quota *quota, enum sp_limit_scope scope,
                               struct sp_slice name, struct sp_slice token, uint32_t *out)
{
    uint32_t at = 0;
    size_t slot = quota->slot_count == 0 ? 0 : slot_of(quota, scope, name, token);
    if (quota->slot_count > 0 && quota->slots[slot] != SP_QUOTA_NODE_NONE) {
        *out = quota->slots[slot];
        return SP_OK;
    }
    SP_TRY(reserve_node(quota, &at));
    char *name_copy = sp_slice_dup(name);
    char *token_copy = scope == SP_LIMIT_OF_TOKEN ? sp_slice_dup(token) : NULL;
    if (name_copy == NULL || (scope == SP_LIMIT_OF_TOKEN && token_copy == NULL)) {
        free(name_copy);
        free(token_copy);
        return SP_ERR_NOMEM;
    }
    take_node(quota, at);
    quota->nodes[at] = (struct sp_quota_node){.name = name_copy,
                                              .token = token_copy,
                                              .scope = scope,
                                              .parent = SP_QUOTA_NODE_NONE,
                                              .first_token = SP_QUOTA_NODE_NONE,
                                              .next_token = SP_QUOTA_NODE_NONE};
    quota->slots[slot_of(quota, scope, name, token)] = at;
    *out = at;
    return SP_OK;
}

/* A token stands beneath its tenant. */
static enum sp_err make_token(struct sp_quota *quota, uint32_t tenant, struct sp_slice id,
                              uint32_t *out)
{
    SP_TRY(sp_quota_node_make(quota, SP_LIMIT_OF_TOKEN, sp_slice_of(quota->nodes[tenant].name), id,
                              out));
    if (quota->nodes[*out].parent == SP_QUOTA_NODE_NONE) { /* a new one */
        quota->nodes[*out].parent = tenant;
        quota->nodes[*out].next_token = quota->nodes[tenant].first_token;
        quota->nodes[tenant].first_token = *out;
    }
    return SP_OK;
}

unsigned sp_quota_path(const struct sp_quota *quota, uint32_t node, uint32_t out[SP_QUOTA_PATH_MAX])
{
    unsigned count = 0;
    while (node != SP_QUOTA_NODE_NONE && count < SP_QUOTA_PATH_MAX) {
        out[count++] = node;
        node = quota->nodes[node].parent;
    }
    return count;
}

void sp_quota_node_today(struct sp_quota_node *node, uint32_t day)
{
    if (node->day == day) {
        return;
    }
    node->day = day;
    node->day_requests = 0;
    node->day_runs = 0;
    for (size_t kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        node->used[kind] = 0;
        node->reserved[kind] = 0;
        node->lease[kind] = 0;
    }
}

/* What is in flight, alive or not settled counts where it will be taken from. */
static void count_below(struct sp_quota *quota, uint32_t parent, const struct sp_quota_node *child,
                        bool is_added)
{
    if (parent == SP_QUOTA_NODE_NONE) {
        return;
    }
    struct sp_quota_node *node = &quota->nodes[parent];
    node->runs = is_added ? node->runs + child->runs : node->runs - child->runs;
    node->sessions = is_added ? node->sessions + child->sessions : node->sessions - child->sessions;
    for (size_t kind = 0; kind < SP_QUOTA_DAY_KINDS && node->day == child->day; kind++) {
        uint64_t amount = child->reserved[kind];
        node->used[kind] = is_added ? node->used[kind] + amount : node->used[kind] - amount;
        node->reserved[kind] =
            is_added ? node->reserved[kind] + amount : node->reserved[kind] - amount;
    }
    sp_quota_list(quota, parent);
}

static void move(struct sp_quota *quota, uint32_t node, uint32_t parent)
{
    struct sp_quota_node *child = &quota->nodes[node];
    if (child->parent == parent) {
        return;
    }
    if (parent != SP_QUOTA_NODE_NONE && child->day > quota->nodes[parent].day) {
        sp_quota_node_today(&quota->nodes[parent], child->day);
    }
    count_below(quota, child->parent, child, false);
    child->parent = parent;
    count_below(quota, parent, child, true);
}

/* --- forgetting --- */

/* Whether a new node in its place would say the same. */
static bool is_forgettable(const struct sp_quota_node *node, uint64_t now_us)
{
    const bool is_idle = node->holds == 0 && node->runs == 0 && node->runs_before == 0 &&
                         node->sessions == 0 && !node->is_listed;
    return is_idle && node->day != sp_quota_day(now_us) && node->rate.arrival_us <= now_us;
}

static void forget_token(struct sp_quota *quota, uint32_t at)
{
    struct sp_quota_node *node = &quota->nodes[at];
    free(node->name);
    free(node->token);
    *node = (struct sp_quota_node){.scope = SP_LIMIT_OF_TOKEN, .next_token = quota->first_free};
    quota->first_free = at;
}

/* Takes the forgettable ones out of a tenant's list; whether there were any. */
static bool sweep_tenant(struct sp_quota *quota, uint32_t tenant, uint64_t now_us)
{
    uint32_t *from = &quota->nodes[tenant].first_token;
    bool has_any = false;
    while (*from != SP_QUOTA_NODE_NONE) {
        const uint32_t at = *from;
        if (is_forgettable(&quota->nodes[at], now_us)) {
            *from = quota->nodes[at].next_token;
            forget_token(quota, at);
            has_any = true;
        } else {
            from = &quota->nodes[at].next_token;
        }
    }
    return has_any;
}

void sp_quota_sweep(struct sp_quota *quota, uint64_t now_us)
{
    bool has_any = false;
    for (uint32_t i = 0; i < quota->node_count; i++) {
        if (quota->nodes[i].name != NULL && quota->nodes[i].scope == SP_LIMIT_OF_TENANT) {
            has_any = sweep_tenant(quota, i, now_us) || has_any;
        }
    }
    quota->swept_day = sp_quota_day(now_us);
    if (has_any) {
        fill_slots(quota);
    }
}

/* --- limits --- */

static enum sp_err check_limits(const struct sp_quota_limits *limits)
{
    return limits->of[SP_LIMIT_REQUESTS] > SP_RATE_PER_MINUTE_MAX ||
                   limits->of[SP_LIMIT_RUNS] > UINT32_MAX / 2 ||
                   limits->of[SP_LIMIT_SESSIONS] > SP_QUOTA_SESSIONS_MAX
               ? SP_ERR_RANGE
               : SP_OK;
}

enum sp_err sp_quota_put(struct sp_quota *quota, enum sp_limit_scope scope, struct sp_slice name,
                         uint32_t parent, const struct sp_quota_limits *limits, uint32_t *out_node)
{
    SP_ASSERT(scope != SP_LIMIT_OF_TOKEN &&
              (parent == SP_QUOTA_NODE_NONE || parent < quota->node_count));
    uint32_t node = 0;
    SP_TRY(check_limits(limits));
    SP_TRY(sp_quota_node_make(quota, scope, name, sp_slice_make(NULL, 0), &node));
    move(quota, node, parent);
    quota->nodes[node].limits = *limits;
    *out_node = node;
    return SP_OK;
}

enum sp_err sp_quota_find(const struct sp_quota *quota, enum sp_limit_scope scope,
                          struct sp_slice name, uint32_t *out_node)
{
    if (quota->slot_count == 0) {
        return SP_ERR_NOT_FOUND;
    }
    uint32_t node = quota->slots[slot_of(quota, scope, name, sp_slice_make(NULL, 0))];
    if (node == SP_QUOTA_NODE_NONE) {
        return SP_ERR_NOT_FOUND;
    }
    *out_node = node;
    return SP_OK;
}

enum sp_err sp_quota_token(struct sp_quota *quota, uint32_t tenant, struct sp_slice id,
                           const struct sp_quota_limits *limits, uint32_t *out_node)
{
    SP_ASSERT(tenant < quota->node_count && quota->nodes[tenant].scope == SP_LIMIT_OF_TENANT);
    SP_TRY(check_limits(limits));
    SP_TRY(make_token(quota, tenant, id, out_node));
    quota->nodes[*out_node].limits = *limits;
    return SP_OK;
}

enum sp_err sp_quota_resume_run(struct sp_quota *quota, struct sp_slice tenant, struct sp_slice id,
                                uint32_t *out_node)
{
    uint32_t at = 0;
    uint32_t path[SP_QUOTA_PATH_MAX];
    SP_TRY(sp_quota_find(quota, SP_LIMIT_OF_TENANT, tenant, &at));
    SP_TRY(make_token(quota, at, id, out_node));
    const unsigned count = sp_quota_path(quota, *out_node, path);
    for (unsigned i = 0; i < count; i++) {
        quota->nodes[path[i]].runs++;
    }
    return SP_OK;
}

void sp_quota_end_resumed(struct sp_quota *quota, uint32_t node)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    SP_ASSERT(node < quota->node_count);
    const unsigned count = sp_quota_path(quota, node, path);
    for (unsigned i = 0; i < count; i++) {
        SP_ASSERT(quota->nodes[path[i]].runs > 0);
        quota->nodes[path[i]].runs--;
        sp_quota_list(quota, path[i]);
    }
}

enum sp_err sp_quota_tokens(const struct sp_quota *quota, uint32_t tenant, sp_quota_node_fn *fn,
                            void *ctx)
{
    SP_ASSERT(tenant < quota->node_count);
    for (uint32_t at = quota->nodes[tenant].first_token; at != SP_QUOTA_NODE_NONE;
         at = quota->nodes[at].next_token) {
        SP_TRY(fn(ctx, at));
    }
    return SP_OK;
}

/* --- what is on the store --- */

static enum sp_err find_owner(struct sp_quota *quota, enum sp_limit_scope scope,
                              struct sp_slice name, struct sp_slice token, uint32_t *out)
{
    if (scope != SP_LIMIT_OF_TOKEN) {
        return sp_quota_node_make(quota, scope, name, sp_slice_make(NULL, 0), out);
    }
    uint32_t tenant = 0;
    SP_TRY(sp_quota_node_make(quota, SP_LIMIT_OF_TENANT, name, sp_slice_make(NULL, 0), &tenant));
    return make_token(quota, tenant, token, out);
}

/* What was leased is spent; a lease of an earlier day has no weight. */
static enum sp_err take_row(void *ctx, const struct sp_store_row *row)
{
    struct sp_quota *quota = ctx;
    uint32_t at = 0;
    SP_TRY(find_owner(quota, row->scope, row->name, row->token, &at));
    struct sp_quota_node *node = &quota->nodes[at];
    node->rate.arrival_us = row->arrival_us;
    node->arrival_lease_us = row->arrival_us;
    node->runs_before = row->runs;
    node->runs_lease = row->runs;
    node->day = row->day;
    node->day_requests = row->day_requests;
    node->day_runs = row->day_runs;
    for (size_t kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        node->used[kind] = row->day_used[kind];
        node->lease[kind] = row->day_used[kind];
    }
    return SP_OK;
}

/* The store gives names in the order of their ends. */
static enum sp_err take_name(void *ctx, const struct sp_store_name *row)
{
    struct sp_quota *quota = ctx;
    uint32_t at = 0;
    struct sp_name *name = NULL;
    enum sp_limit_scope scope = row->token.len > 0 ? SP_LIMIT_OF_TOKEN : SP_LIMIT_OF_TENANT;
    SP_TRY(find_owner(quota, scope, row->tenant, row->token, &at));
    uint32_t tenant = scope == SP_LIMIT_OF_TOKEN ? quota->nodes[at].parent : at;
    uint64_t used_us = row->until_us > quota->cooldown_us ? row->until_us - quota->cooldown_us : 0;
    SP_TRY(sp_names_add(quota->names, row->hash, row->identifier, tenant, used_us, &name));
    name->node = at;
    name->epoch = row->epoch;
    name->is_proven = true;
    name->created_us = row->created_us;
    name->lease_us = row->until_us;
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, at, path);
    for (unsigned i = 0; i < count; i++) {
        quota->nodes[path[i]].sessions++;
    }
    return SP_OK;
}

static enum sp_err load(struct sp_quota *quota, struct sp_quota_time now)
{
    const struct sp_store_found found = {.ctx = quota, .row = take_row, .name = take_name};
    uint64_t written_us = 0;
    SP_TRY(quota->store->load(quota->store->ctx, &written_us, &found));
    sp_quota_clock_start(&quota->clock, written_us, now.mono_us, now.wall_us);
    quota->runs_before_until_us = quota->clock.time_us + SP_QUOTA_RUN_US_MAX;
    quota->flushed_us = 0;
    sp_quota_expire(quota, quota->clock.time_us);
    return quota->store->sweep(quota->store->ctx, sp_quota_day(quota->clock.time_us),
                               quota->clock.time_us);
}

enum sp_err sp_quota_open(const struct sp_quota_store *store, uint64_t cooldown_us,
                          struct sp_quota_time now, struct sp_quota **out)
{
    struct sp_quota *quota = calloc(1, sizeof(*quota));
    if (quota == NULL) {
        return SP_ERR_NOMEM;
    }
    quota->store = store;
    quota->cooldown_us = cooldown_us;
    quota->first_free = SP_QUOTA_NODE_NONE;
    enum sp_err err = sp_names_new(SP_QUOTA_SESSIONS_MAX, &quota->names);
    if (err == SP_OK) {
        err = load(quota, now);
    }
    if (err != SP_OK) {
        sp_quota_free(quota);
        return err;
    }
    *out = quota;
    return SP_OK;
}

void sp_quota_free(struct sp_quota *quota)
{
    if (quota == NULL) {
        return;
    }
    for (size_t i = 0; i < quota->node_count; i++) {
        free(quota->nodes[i].name);
        free(quota->nodes[i].token);
    }
    free(quota->nodes);
    free(quota->slots);
    free(quota->listed);
    sp_names_free(quota->names);
    free(quota);
}

/* What ends by and by goes along with a clock that is set forward. */
static void move_ends(struct sp_quota *quota, uint64_t before_us, uint64_t by_us)
{
    for (uint32_t i = 0; i < quota->node_count; i++) {
        struct sp_rate *rate = &quota->nodes[i].rate;
        rate->arrival_us += rate->arrival_us > before_us ? by_us : 0;
    }
    quota->runs_before_until_us += quota->runs_before_until_us != 0 ? by_us : 0;
    quota->flushed_us += by_us;
    sp_names_move(quota->names, by_us);
}

uint64_t sp_quota_now(struct sp_quota *quota, struct sp_quota_time now)
{
    const uint64_t time_us = sp_quota_clock_now(&quota->clock, now.mono_us, now.wall_us);
    const uint64_t ahead_us = quota->clock.ahead_us;
    /* Both clocks go at one speed; they are not read at one moment. */
    if (ahead_us >= JUMP_US) {
        move_ends(quota, time_us - ahead_us, ahead_us);
    }
    return time_us;
}
