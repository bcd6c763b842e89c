/* Live sessions: begun, held, ended, listed. */
#include "base/assert.h"
#include "quota/quota_inner.h"

bool sp_quota_is_session_limited(const struct sp_quota *quota, uint32_t node)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, node, path);
    for (unsigned i = 0; i < count; i++) {
        if (quota->nodes[path[i]].limits.of[SP_LIMIT_SESSIONS] != 0) {
            return true;
        }
    }
    return false;
}

static void count_session(struct sp_quota *quota, uint32_t node)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, node, path);
    for (unsigned i = 0; i < count; i++) {
        quota->nodes[path[i]].sessions++;
    }
}

static void forget(struct sp_quota *quota, struct sp_name *name)
{
    uint32_t path[SP_QUOTA_PATH_MAX];
    unsigned count = sp_quota_path(quota, name->node, path);
    for (unsigned i = 0; i < count; i++) {
        SP_ASSERT(quota->nodes[path[i]].sessions > 0);
        quota->nodes[path[i]].sessions--;
    }
    sp_names_remove(quota->names, name);
}

void sp_quota_expire(struct sp_quota *quota, uint64_t now_us)
{
    struct sp_name *oldest = sp_names_oldest(quota->names);
    while (oldest != NULL && now_us >= oldest->used_us &&
           now_us - oldest->used_us >= quota->cooldown_us) {
        forget(quota, oldest);
        oldest = sp_names_oldest(quota->names);
    }
}

/* The lease reaches past the longest run that may keep it alive, and some uses more. */
static bool is_lease_short(const struct sp_quota *quota, const struct sp_name *name)
{
    return name->lease_us < name->used_us + SP_QUOTA_RUN_US_MAX + quota->cooldown_us;
}

enum sp_err sp_quota_hold_session(struct sp_quota *quota, const struct sp_quota_ask *ask,
                                  uint64_t now_us, struct sp_quota_hold *hold)
{
    struct sp_name *name = sp_names_find(quota->names, ask->session);
    if (ask->session.len == 0 || (name == NULL && !ask->may_begin_session)) {
        return SP_OK;
    }
    if (name == NULL) {
        const struct sp_quota_node *node = &quota->nodes[ask->node];
        uint32_t tenant = node->scope == SP_LIMIT_OF_TOKEN ? node->parent : ask->node;
        SP_TRY(sp_names_add(quota->names, ask->session, ask->identifier, tenant, now_us, &name));
        name->node = ask->node;
        name->epoch = ask->epoch;
        count_session(quota, ask->node);
    }
    name->in_use++;
    sp_names_touch(quota->names, name, now_us);
    if (is_lease_short(quota, name)) {
        bool must_wait = sp_quota_is_session_limited(quota, ask->node);
        sp_names_list(quota->names, name, must_wait);
        quota->is_waiting = quota->is_waiting || must_wait;
    }
    for (size_t i = 0; i < SP_STORE_HASH_CHARS; i++) {
        hold->session[i] = name->hash[i];
    }
    hold->session_len = SP_STORE_HASH_CHARS;
    return SP_OK;
}

void sp_quota_let_session_go(struct sp_quota *quota, const struct sp_quota_hold *hold,
                             bool is_nothing, uint64_t now_us)
{
    struct sp_name *name =
        sp_names_find(quota->names, sp_slice_make(hold->session, hold->session_len));
    if (name == NULL || name->in_use == 0) {
        return; /* it was deleted while it was held */
    }
    name->in_use--;
    name->is_proven = name->is_proven || !is_nothing;
    if (!name->is_proven && name->in_use == 0) {
        forget(quota, name);
        return;
    }
    sp_names_touch(quota->names, name, now_us);
}

void sp_quota_end_session(struct sp_quota *quota, struct sp_slice hash)
{
    struct sp_name *name = sp_names_find(quota->names, hash);
    if (name != NULL && name->in_use == 0) {
        forget(quota, name);
    }
}

enum sp_err sp_quota_sessions(struct sp_quota *quota, uint32_t tenant, uint64_t epoch,
                              uint64_t now_us, sp_quota_session_fn *fn, void *ctx)
{
    SP_ASSERT(tenant < quota->node_count);
    sp_quota_expire(quota, now_us);
    for (const struct sp_name *at = sp_names_newest_of(quota->names, tenant); at != NULL;
         at = at->of_tenant_older) {
        if (at->epoch == epoch) {
            SP_TRY(fn(ctx, sp_slice_make(at->hash, sizeof(at->hash)), sp_slice_of(at->identifier),
                      at->used_us));
        }
    }
    return SP_OK;
}
