#include "quota/quota.h"

#include "base/assert.h"
#include "quota/quota_inner.h"

/* A run's end cannot be foreseen: a second is when to look again. */
#define RUN_RETRY_US ((uint64_t)1000000)
#define SECOND_US    ((uint64_t)1000000)
#define MS_A_SECOND  ((uint64_t)1000)

/* --- refusing --- */

/* Internal amounts as the configuration writes them. */
static uint64_t in_units(enum sp_limit limit, uint64_t amount, bool is_up)
{
    if (limit != SP_LIMIT_RUN_TIME) {
        return amount;
    }
    return (amount + (is_up ? MS_A_SECOND - 1 : 0)) / MS_A_SECOND;
}

static uint32_t to_s(uint64_t us)
{
    uint64_t seconds = us / SECOND_US + (us % SECOND_US != 0 ? 1 : 0);
    return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

static enum sp_err refuse(const struct sp_quota_node *node, enum sp_limit limit, uint64_t used,
                          uint64_t after_us, struct sp_quota_refusal *out)
{
    uint64_t size = node->limits.of[limit];
    *out = (struct sp_quota_refusal){
        .state = {.limit = limit,
                  .scope = node->scope,
                  .size = in_units(limit, size, false),
                  .left = in_units(limit, used < size ? size - used : 0, false),
                  .reset_s = to_s(after_us)},
        .used = in_units(limit, used, true),
        .after_us = after_us,
    };
    return SP_ERR_QUOTA;
}

static enum sp_err check_runs(const struct sp_quota *quota, const struct sp_quota_node *node,
                              uint64_t now_us, struct sp_quota_refusal *out)
{
    uint64_t size = node->limits.of[SP_LIMIT_RUNS];
    uint64_t used = (uint64_t)node->runs + node->runs_before;
    if (size == 0 || used < size) {
        return SP_OK;
    }
    bool is_before = node->runs == 0 && quota->runs_before_until_us > now_us;
    return refuse(node, SP_LIMIT_RUNS, used,
                  is_before ? quota->runs_before_until_us - now_us : RUN_RETRY_US, out);
}

/* What is reserved may come back at any time; what is used comes back with the next day. */
static enum sp_err check_day(const struct sp_quota_node *node, enum sp_quota_day_kind kind,
                             uint64_t wanted, uint64_t now_us, struct sp_quota_refusal *out)
{
    enum sp_limit limit = sp_quota_limit_of(kind);
    uint64_t size = node->limits.of[limit];
    uint64_t used = node->used[kind];
    if (size == 0 || wanted == 0 || (used <= size && wanted <= size - used)) {
        return SP_OK;
    }
    uint64_t settled = used - node->reserved[kind];
    bool may_soon = settled <= size && wanted <= size - settled;
    return refuse(node, limit, used, may_soon ? RUN_RETRY_US : sp_quota_day_left_us(now_us), out);
}

static enum sp_err check_sessions(const struct sp_quota *quota, const struct sp_quota_node *node,
                                  uint32_t tenant, uint64_t now_us, struct sp_quota_refusal *out)
{
    uint64_t size = node->limits.of[SP_LIMIT_SESSIONS];
    if (size == 0 || node->sessions < size) {
        return SP_OK;
    }
    const struct sp_name *oldest = sp_names_oldest_of(quota->names, tenant);
    uint64_t end_us =
        oldest == NULL ? now_us + quota->cooldown_us : oldest->used_us + quota->cooldown_us;
    return refuse(node, SP_LIMIT_SESSIONS, node->sessions,
                  end_us > now_us ? end_us - now_us : RUN_RETRY_US, out);
}

/* The rate comes last: a refusal by anything else takes no request away. */
static enum sp_err check_node(const struct sp_quota *quota, const struct sp_quota_node *node,
                              const struct sp_quota_ask *ask, uint64_t now_us,
                              struct sp_quota_refusal *out)
{
    uint64_t after_us = 0;
    if (ask->is_run) {
        SP_TRY(check_runs(quota, node, now_us, out));
    }
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        SP_TRY(check_day(node, (enum sp_quota_day_kind)kind, ask->day[kind], now_us, out));
    }
    uint32_t size = (uint32_t)node->limits.of[SP_LIMIT_REQUESTS];
    enum sp_err err = sp_rate_ask(&node->rate, size, now_us, &after_us);
    return err == SP_ERR_QUOTA
               ? refuse(node, SP_LIMIT_REQUESTS, size - sp_rate_free(&node->rate, size, now_us),
                        after_us, out)
               : err;
}

static uint32_t tenant_of(const struct sp_quota *quota, uint32_t node)
{
    return quota->nodes[node].scope == SP_LIMIT_OF_TOKEN ? quota->nodes[node].parent : node;
}

static enum sp_err check(struct sp_quota *quota, const struct sp_quota_ask *ask, uint64_t now_us,
                         struct sp_quota_refusal *out)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, ask->node, path);
    uint32_t day = sp_quota_day(now_us);
    bool is_new = ask->session.len > 0 && ask->may_begin_session &&
                  sp_names_find(quota->names, ask->session) == NULL;
    for (unsigned i = 0; i < count; i++) {
        struct sp_quota_node *node = &quota->nodes[path[i]];
        sp_quota_node_today(node, day);
        if (is_new) {
            SP_TRY(check_sessions(quota, node, tenant_of(quota, ask->node), now_us, out));
        }
        SP_TRY(check_node(quota, node, ask, now_us, out));
    }
    return SP_OK;
}

/* --- taking --- */

/* How much of an open time is taken: all of it where much is left, and of little no more than a share, so that those who
 * are not judged yet leave something for each other. */
static uint64_t open_time(struct sp_quota *quota, const struct sp_quota_ask *ask, uint64_t now_us)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, ask->node, path);
    uint64_t wanted = ask->day[SP_QUOTA_RUN_MS];
    for (unsigned i = 0; i < count; i++) {
        struct sp_quota_node *node = &quota->nodes[path[i]];
        const uint64_t size = node->limits.of[SP_LIMIT_RUN_TIME];
        sp_quota_node_today(node, sp_quota_day(now_us));
        const uint64_t used = node->used[SP_QUOTA_RUN_MS];
        const uint64_t share = (used < size ? size - used : 0) / SP_QUOTA_OPEN_SHARE;
        wanted = size != 0 && share < wanted ? share : wanted;
    }
    return wanted > SP_QUOTA_OPEN_MS ? wanted : SP_QUOTA_OPEN_MS;
}

static void take_from(struct sp_quota_node *node, const struct sp_quota_ask *ask, uint64_t now_us)
{
    uint64_t ignored_us = 0;
    node->runs += ask->is_run ? 1 : 0;
    node->day_runs += ask->is_run ? 1 : 0;
    node->day_requests++;
    for (size_t kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        node->used[kind] += ask->day[kind];
        node->reserved[kind] += ask->day[kind];
    }
    (void)!sp_rate_take(&node->rate, (uint32_t)node->limits.of[SP_LIMIT_REQUESTS], now_us,
                        &ignored_us);
}

static void fill_hold(const struct sp_quota_ask *ask, uint64_t now_us, struct sp_quota_hold *out)
{
    *out = (struct sp_quota_hold){.is_held = true,
                                  .is_run = ask->is_run,
                                  .node = ask->node,
                                  .day_number = sp_quota_day(now_us)};
    for (size_t kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        out->day[kind] = ask->day[kind];
    }
}

/* More of a node is taken than before: its lease may have to be written, and waited for. */
static void note_taken(struct sp_quota *quota, uint32_t at)
{
    const struct sp_quota_node *node = &quota->nodes[at];
    if (sp_quota_node_is_worth_writing(node)) {
        sp_quota_list(quota, at);
    }
    quota->is_waiting = quota->is_waiting || !sp_quota_node_is_covered(node);
}

enum sp_err sp_quota_reserve(struct sp_quota *quota, const struct sp_quota_ask *asked,
                             uint64_t now_us, struct sp_quota_hold *out,
                             struct sp_quota_refusal *out_refusal)
{
    SP_ASSERT(asked->node < quota->node_count);
    uint32_t path[SP_QUOTA_PATH_MAX];
    struct sp_quota_hold hold;
    struct sp_quota_ask ask = *asked;
    sp_quota_expire(quota, now_us);
    ask.day[SP_QUOTA_RUN_MS] = ask.is_run && ask.is_time_open ? open_time(quota, asked, now_us)
                                                              : asked->day[SP_QUOTA_RUN_MS];
    SP_TRY(check(quota, &ask, now_us, out_refusal));
    fill_hold(&ask, now_us, &hold);
    SP_TRY(sp_quota_hold_session(quota, &ask, now_us, &hold));
    unsigned count = sp_quota_path(quota, ask.node, path);
    for (unsigned i = 0; i < count; i++) {
        take_from(&quota->nodes[path[i]], &ask, now_us);
        note_taken(quota, path[i]);
    }
    quota->nodes[ask.node].holds++;
    *out = hold;
    return SP_OK;
}

bool sp_quota_is_durable(const struct sp_quota *quota, const struct sp_quota_hold *hold)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, hold->node, path);
    for (unsigned i = 0; i < count; i++) {
        if (!sp_quota_node_is_covered(&quota->nodes[path[i]])) {
            return false;
        }
    }
    if (hold->session_len == 0 || !sp_quota_is_session_limited(quota, hold->node)) {
        return true;
    }
    const struct sp_name *name =
        sp_names_find(quota->names, sp_slice_make(hold->session, hold->session_len));
    return name == NULL ||
           name->lease_us >= name->used_us + SP_QUOTA_RUN_US_MAX + quota->cooldown_us;
}

/* --- giving back --- */

void sp_quota_lower(struct sp_quota *quota, struct sp_quota_hold *hold, enum sp_quota_day_kind kind,
                    uint64_t amount)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    if (!hold->is_held || amount >= hold->day[kind]) {
        return;
    }
    uint64_t back = hold->day[kind] - amount;
    unsigned count = sp_quota_path(quota, hold->node, path);
    hold->day[kind] = amount;
    for (unsigned i = 0; i < count; i++) {
        struct sp_quota_node *node = &quota->nodes[path[i]];
        if (node->day == hold->day_number) {
            SP_ASSERT(node->reserved[kind] >= back && node->used[kind] >= back);
            node->used[kind] -= back;
            node->reserved[kind] -= back;
        }
    }
}

/* A new day has begun since: what was held of the old one has no weight any more, and all is asked of the new one. */
static void move_to_day(struct sp_quota_hold *hold, uint32_t day)
{
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS && hold->day_number != day; kind++) {
        hold->day[kind] = 0;
    }
    hold->day_number = day;
}

enum sp_err sp_quota_raise(struct sp_quota *quota, struct sp_quota_hold *hold,
                           enum sp_quota_day_kind kind, uint64_t amount, uint64_t now_us,
                           struct sp_quota_refusal *out_refusal)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    SP_ASSERT(hold->is_held);
    const uint32_t day = sp_quota_day(now_us);
    const uint64_t held = hold->day_number == day ? hold->day[kind] : 0;
    const uint64_t more = amount > held ? amount - held : 0;
    unsigned count = sp_quota_path(quota, hold->node, path);
    for (unsigned i = 0; i < count; i++) {
        sp_quota_node_today(&quota->nodes[path[i]], day);
        SP_TRY(check_day(&quota->nodes[path[i]], kind, more, now_us, out_refusal));
    }
    move_to_day(hold, day);
    hold->day[kind] = held + more;
    for (unsigned i = 0; i < count; i++) {
        quota->nodes[path[i]].used[kind] += more;
        quota->nodes[path[i]].reserved[kind] += more;
        note_taken(quota, path[i]);
    }
    return SP_OK;
}

void sp_quota_spend(struct sp_quota *quota, struct sp_quota_hold *hold, enum sp_quota_day_kind kind,
                    uint64_t amount)
{
    sp_quota_lower(quota, hold, kind, amount);
    hold->is_spent[kind] = true;
}

static void end(struct sp_quota *quota, struct sp_quota_hold *hold)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, hold->node, path);
    SP_ASSERT(quota->nodes[hold->node].holds > 0);
    quota->nodes[hold->node].holds--;
    for (unsigned i = 0; i < count; i++) {
        struct sp_quota_node *node = &quota->nodes[path[i]];
        SP_ASSERT(!hold->is_run || node->runs > 0);
        node->runs -= hold->is_run ? 1 : 0;
        for (size_t kind = 0; kind < SP_QUOTA_DAY_KINDS && node->day == hold->day_number; kind++) {
            SP_ASSERT(node->reserved[kind] >= hold->day[kind]);
            node->reserved[kind] -= hold->day[kind];
        }
        if (sp_quota_node_is_worth_writing(node)) {
            sp_quota_list(quota, path[i]);
        }
    }
}

void sp_quota_settle(struct sp_quota *quota, struct sp_quota_hold *hold, uint64_t now_us)
{
    if (!hold->is_held) {
        return;
    }
    end(quota, hold);
    sp_quota_let_session_go(quota, hold, false, now_us);
    *hold = (struct sp_quota_hold){.is_held = false};
}

void sp_quota_release(struct sp_quota *quota, struct sp_quota_hold *hold, uint64_t now_us)
{
    if (!hold->is_held) {
        return;
    }
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        if (!hold->is_spent[kind]) {
            sp_quota_lower(quota, hold, (enum sp_quota_day_kind)kind, 0);
        }
    }
    end(quota, hold);
    sp_quota_let_session_go(quota, hold, true, now_us);
    *hold = (struct sp_quota_hold){.is_held = false};
}

/* --- looking --- */

void sp_quota_requests_left(const struct sp_quota *quota, uint32_t node, uint64_t now_us,
                            struct sp_limit_state *out)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, node, path);
    *out = (struct sp_limit_state){.limit = SP_LIMIT_NONE};
    for (unsigned i = 0; i < count; i++) {
        const struct sp_quota_node *at = &quota->nodes[path[i]];
        uint32_t size = (uint32_t)at->limits.of[SP_LIMIT_REQUESTS];
        if (size == 0) {
            continue;
        }
        uint32_t left = sp_rate_free(&at->rate, size, now_us);
        if (out->limit == SP_LIMIT_NONE || left < out->left) {
            uint64_t full_us = at->rate.arrival_us > now_us ? at->rate.arrival_us - now_us : 0;
            *out = (struct sp_limit_state){.limit = SP_LIMIT_REQUESTS,
                                           .scope = at->scope,
                                           .size = size,
                                           .left = left,
                                           .reset_s = to_s(full_us)};
        }
    }
}

void sp_quota_usage(struct sp_quota *quota, uint32_t node, uint64_t now_us,
                    struct sp_quota_usage *out)
{
    SP_ASSERT(node < quota->node_count);
    struct sp_quota_node *at = &quota->nodes[node];
    uint32_t per_minute = (uint32_t)at->limits.of[SP_LIMIT_REQUESTS];
    sp_quota_expire(quota, now_us);
    sp_quota_node_today(at, sp_quota_day(now_us));
    *out = (struct sp_quota_usage){.name = sp_slice_of(at->name),
                                   .token = sp_slice_of(at->token),
                                   .limits = at->limits,
                                   .day_requests = at->day_requests,
                                   .day_runs = at->day_runs,
                                   .parent = at->parent};
    out->used[SP_LIMIT_REQUESTS] =
        per_minute == 0 ? 0 : per_minute - sp_rate_free(&at->rate, per_minute, now_us);
    out->used[SP_LIMIT_RUNS] = (uint64_t)at->runs + at->runs_before;
    out->used[SP_LIMIT_SESSIONS] = at->sessions;
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        enum sp_limit limit = sp_quota_limit_of((enum sp_quota_day_kind)kind);
        out->used[limit] = at->used[kind];
        out->reserved[limit] = at->reserved[kind];
    }
}
