/* Leases: the durable bounds that counting stays beneath, written for many at once and ahead of need. */
#include <stdlib.h>

#include "base/assert.h"
#include "quota/quota_inner.h"

/* So much more than is used is leased: what a crash loses at most, and how rarely is written. */
#define RATE_AHEAD_US ((uint64_t)15 * 1000000U)
#define DAY_SHARE     64U
#define RUNS_SHARE    4U

/* What nobody waits for is written this often, and so much of it at once. */
#define PUT_OFF_US    ((uint64_t)5 * 1000000U)
#define ROWS_AT_ONCE  ((size_t)2000)

/* The time is written down so often when nothing else is. */
#define TIME_US       ((uint64_t)60 * 1000000U)

void sp_quota_list(struct sp_quota *quota, uint32_t node)
{
    if (quota->nodes[node].is_listed) {
        return;
    }
    if (quota->listed_count == quota->listed_room) {
        size_t room = quota->listed_room == 0 ? 64 : quota->listed_room * 2;
        uint32_t *listed = reallocarray(quota->listed, room, sizeof(*listed));
        if (listed == NULL) {
            return; /* who needs the lease is refused; the next request lists the node again */
        }
        quota->listed = listed;
        quota->listed_room = room;
    }
    quota->listed[quota->listed_count++] = node;
    quota->nodes[node].is_listed = true;
}

/* --- how much --- */

static uint64_t day_limit(const struct sp_quota_node *node, unsigned kind)
{
    return node->limits.of[sp_quota_limit_of((enum sp_quota_day_kind)kind)];
}

static uint64_t day_share(const struct sp_quota_node *node, unsigned kind)
{
    return day_limit(node, kind) / DAY_SHARE + 1;
}

/* A lease never goes beyond the limit, unless more is used already (the limit was lowered). */
static uint64_t within(uint64_t wanted, uint64_t used, uint64_t limit)
{
    uint64_t most = used > limit ? used : limit;
    return wanted < most ? wanted : most;
}

static uint64_t day_lease(const struct sp_quota_node *node, unsigned kind)
{
    uint64_t limit = day_limit(node, kind);
    uint64_t used = node->used[kind];
    return limit == 0 ? used : within(used + day_share(node, kind), used, limit);
}

static uint64_t runs_used(const struct sp_quota_node *node)
{
    return (uint64_t)node->runs + node->runs_before;
}

static uint32_t runs_share(const struct sp_quota_node *node)
{
    return (uint32_t)node->limits.of[SP_LIMIT_RUNS] / RUNS_SHARE + 1;
}

static uint32_t runs_lease(const struct sp_quota_node *node)
{
    uint64_t limit = node->limits.of[SP_LIMIT_RUNS];
    uint64_t used = runs_used(node);
    return limit == 0 ? 0 : (uint32_t)within(used + runs_share(node), used, limit);
}

/* The rate's place, whole microseconds. */
static uint64_t arrival_of(const struct sp_quota_node *node)
{
    return node->rate.arrival_us + (node->rate.parts > 0 ? 1 : 0);
}

bool sp_quota_node_is_covered(const struct sp_quota_node *node)
{
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        if (day_limit(node, kind) != 0 && node->used[kind] > node->lease[kind]) {
            return false;
        }
    }
    bool has_runs = node->limits.of[SP_LIMIT_RUNS] == 0 || runs_used(node) <= node->runs_lease;
    bool has_rate =
        node->limits.of[SP_LIMIT_REQUESTS] == 0 || arrival_of(node) <= node->arrival_lease_us;
    return has_runs && has_rate;
}

static bool is_day_worth_writing(const struct sp_quota_node *node, unsigned kind)
{
    uint64_t limit = day_limit(node, kind);
    uint64_t lease = node->lease[kind];
    uint64_t used = node->used[kind];
    if (limit == 0) {
        return used != lease;
    }
    return used > lease || (lease < limit && lease - used < day_share(node, kind) / 2) ||
           (used < lease && lease - used > 4 * day_share(node, kind));
}

bool sp_quota_node_is_worth_writing(const struct sp_quota_node *node)
{
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        if (is_day_worth_writing(node, kind)) {
            return true;
        }
    }
    uint64_t runs = runs_used(node);
    uint64_t limit = node->limits.of[SP_LIMIT_RUNS];
    bool is_short = limit != 0 && (runs > node->runs_lease ||
                                   (node->runs_lease < limit && runs == node->runs_lease));
    bool is_wide = node->runs_lease > runs + 2 * (uint64_t)runs_share(node);
    bool is_slow = node->limits.of[SP_LIMIT_REQUESTS] != 0 &&
                   node->arrival_lease_us < arrival_of(node) + RATE_AHEAD_US / 2;
    return is_short || is_wide || is_slow;
}

/* --- writing --- */

static struct sp_store_row row_of(const struct sp_quota_node *node, bool is_exact)
{
    struct sp_store_row row = {
        .scope = node->scope,
        .name = sp_slice_of(node->name),
        .token = sp_slice_of(node->token),
        .day = node->day,
        .runs = is_exact ? (uint32_t)runs_used(node) : runs_lease(node),
        .arrival_us = node->limits.of[SP_LIMIT_REQUESTS] == 0 || is_exact
                          ? arrival_of(node)
                          : arrival_of(node) + RATE_AHEAD_US,
        .day_requests = node->day_requests,
        .day_runs = node->day_runs,
    };
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        row.day_used[kind] = is_exact ? node->used[kind] : day_lease(node, kind);
    }
    return row;
}

/* What is put is taken for true only when the commit is. */
struct kept {
    uint32_t node;
    struct sp_store_row row;
};

static void adopt(struct sp_quota_node *node, const struct sp_store_row *row)
{
    node->runs_lease = row->runs;
    node->arrival_lease_us = row->arrival_us;
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        node->lease[kind] = row->day_used[kind];
    }
}

static enum sp_err put_nodes(struct sp_quota *quota, uint64_t now_us, struct kept *kept)
{
    for (size_t i = 0; i < quota->listed_count; i++) {
        struct sp_quota_node *node = &quota->nodes[quota->listed[i]];
        sp_quota_node_today(node, sp_quota_day(now_us));
        kept[i].node = quota->listed[i];
        kept[i].row = row_of(node, false);
        SP_TRY(quota->store->put(quota->store->ctx, &kept[i].row));
    }
    return SP_OK;
}

static uint64_t name_lease_us(const struct sp_quota *quota, const struct sp_name *name)
{
    return name->used_us + SP_QUOTA_RUN_US_MAX + 2 * quota->cooldown_us;
}

static enum sp_err put_name(const struct sp_quota *quota, const struct sp_name *name,
                            uint64_t until_us)
{
    const struct sp_quota_node *tenant = &quota->nodes[name->tenant];
    const struct sp_quota_node *owner = &quota->nodes[name->node];
    const struct sp_store_name row = {
        .hash = sp_slice_make(name->hash, sizeof(name->hash)),
        .tenant = sp_slice_of(tenant->name),
        .token = sp_slice_of(owner->token),
        .identifier = sp_slice_of(name->identifier),
        .epoch = name->epoch,
        .created_us = name->created_us,
        .until_us = until_us,
    };
    return quota->store->put_name(quota->store->ctx, &row);
}

static enum sp_err put_names(const struct sp_quota *quota, size_t *out_count)
{
    const struct sp_quota_store *store = quota->store;
    struct sp_slice buried = sp_names_buried(quota->names);
    for (size_t at = 0; at < buried.len; at += SP_STORE_HASH_CHARS) {
        SP_TRY(store->drop_name(store->ctx, sp_slice_sub(buried, at, SP_STORE_HASH_CHARS)));
    }
    size_t count = 0;
    /* Those whose lease somebody waits for stand first. */
    for (const struct sp_name *name = sp_names_first_listed(quota->names); name != NULL;
         name = name->next_listed) {
        bool must = sp_quota_is_session_limited(quota, name->node);
        if (count >= ROWS_AT_ONCE && !must) {
            break;
        }
        SP_TRY(put_name(quota, name, name_lease_us(quota, name)));
        count++;
    }
    *out_count = count;
    return SP_OK;
}

static enum sp_err write_all(struct sp_quota *quota, uint64_t now_us, struct kept *kept,
                             size_t *out_names)
{
    const struct sp_quota_store *store = quota->store;
    SP_TRY(store->begin(store->ctx));
    enum sp_err err = put_nodes(quota, now_us, kept);
    if (err == SP_OK) {
        err = put_names(quota, out_names);
    }
    if (err == SP_OK) {
        err = store->put_time(store->ctx, now_us);
    }
    if (err == SP_OK) {
        return store->commit(store->ctx);
    }
    store->abandon(store->ctx);
    return err;
}

bool sp_quota_is_waiting(const struct sp_quota *quota)
{
    return quota->is_waiting;
}

enum sp_err sp_quota_flush(struct sp_quota *quota, uint64_t now_us)
{
    size_t names = 0;
    struct kept *kept = calloc(quota->listed_count + 1, sizeof(*kept));
    quota->is_waiting = false;
    if (kept == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = write_all(quota, now_us, kept, &names);
    if (err != SP_OK) {
        free(kept);
        return err;
    }
    for (size_t i = 0; i < quota->listed_count; i++) {
        struct sp_quota_node *node = &quota->nodes[kept[i].node];
        adopt(node, &kept[i].row);
        node->is_listed = false;
    }
    for (size_t i = 0; i < names; i++) {
        struct sp_name *name = sp_names_first_listed(quota->names);
        name->lease_us = name_lease_us(quota, name);
        sp_names_unlist_first(quota->names);
    }
    sp_names_bury_done(quota->names);
    quota->listed_count = 0;
    quota->flushed_us = now_us;
    free(kept);
    return SP_OK;
}

/* --- what is due --- */

void sp_quota_forget_before(struct sp_quota *quota)
{
    for (uint32_t i = 0; i < quota->node_count; i++) {
        if (quota->nodes[i].runs_before > 0) {
            quota->nodes[i].runs_before = 0;
            sp_quota_list(quota, i);
        }
    }
    quota->runs_before_until_us = 0;
}

enum sp_err sp_quota_tick(struct sp_quota *quota, uint64_t now_us)
{
    sp_quota_expire(quota, now_us);
    if (quota->swept_day != sp_quota_day(now_us)) {
        sp_quota_sweep(quota, now_us);
    }
    if (quota->runs_before_until_us != 0 && now_us >= quota->runs_before_until_us) {
        sp_quota_forget_before(quota);
    }
    if (now_us - quota->flushed_us < PUT_OFF_US) {
        return SP_OK;
    }
    bool is_idle = quota->listed_count == 0 && sp_names_listed(quota->names) == 0 &&
                   sp_names_buried(quota->names).len == 0;
    return is_idle && now_us - quota->flushed_us < TIME_US ? SP_OK : sp_quota_flush(quota, now_us);
}

static enum sp_err put_exactly(struct sp_quota *quota, uint64_t now_us)
{
    const struct sp_quota_store *store = quota->store;
    for (uint32_t i = 0; i < quota->node_count; i++) {
        struct sp_quota_node *node = &quota->nodes[i];
        if (node->name == NULL) {
            continue;
        }
        sp_quota_node_today(node, sp_quota_day(now_us));
        struct sp_store_row row = row_of(node, true);
        SP_TRY(store->put(store->ctx, &row));
    }
    for (struct sp_name *name = sp_names_oldest(quota->names); name != NULL; name = name->newer) {
        SP_TRY(put_name(quota, name, name->used_us + quota->cooldown_us));
    }
    struct sp_slice buried = sp_names_buried(quota->names);
    for (size_t at = 0; at < buried.len; at += SP_STORE_HASH_CHARS) {
        SP_TRY(store->drop_name(store->ctx, sp_slice_sub(buried, at, SP_STORE_HASH_CHARS)));
    }
    return store->put_time(store->ctx, now_us);
}

/* A run that is still in flight stays counted, and its session alive: their leases are left as they are. */
enum sp_err sp_quota_stop(struct sp_quota *quota, uint64_t now_us)
{
    const struct sp_quota_store *store = quota->store;
    sp_quota_expire(quota, now_us);
    SP_TRY(store->begin(store->ctx));
    enum sp_err err = put_exactly(quota, now_us);
    if (err != SP_OK) {
        store->abandon(store->ctx);
        return err;
    }
    SP_TRY(store->commit(store->ctx));
    for (uint32_t i = 0; i < quota->node_count; i++) {
        if (quota->nodes[i].name != NULL) {
            struct sp_store_row row = row_of(&quota->nodes[i], true);
            adopt(&quota->nodes[i], &row);
        }
    }
    return SP_OK;
}
