/*
 * quota - what organisations, tenants and tokens may use, held exactly: reserve before, settle or release after.
 *
 * Runs in: admit.   Allocates: a node for each of them and for each live session.
 * Pure but for the store: time is passed in (quota/time.h). What is reserved counts at once; it may be acted on only
 * when it is within the leases on the store, so that what is forgotten in a crash was never given. sp_quota_flush writes
 * leases for all who wait with one commit, and ahead of need, so that few wait.
 */
#ifndef SP_QUOTA_QUOTA_H
#define SP_QUOTA_QUOTA_H

#include <stdbool.h>

#include "quota/store.h"
#include "quota/time.h"

/* The longest that a run is in flight, from admission; what is not settled by then surely is not running. */
#define SP_QUOTA_RUN_US_MAX   ((uint64_t)(220 + 40) * 1000000U)
#define SP_QUOTA_NODES_MAX    ((size_t)1 << 20)
#define SP_QUOTA_SESSIONS_MAX ((size_t)1 << 20)
#define SP_QUOTA_NODE_NONE    UINT32_MAX

/* By enum sp_limit; 0 is no limit. Run time is in milliseconds. */
struct sp_quota_limits {
    uint64_t of[SP_LIMIT_COUNT];
};

struct sp_quota_time {
    uint64_t mono_us;
    uint64_t wall_us;
};

struct sp_quota;

/*
 * Reads what is on the store, which is borrowed. A session counts for `cooldown_us` after its last use. Runs that may
 * have been in flight when the last holder ended stay counted for SP_QUOTA_RUN_US_MAX.
 */
enum sp_err sp_quota_open(const struct sp_quota_store *store, uint64_t cooldown_us,
                          struct sp_quota_time now, struct sp_quota **out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* Frees; writes nothing, as in a crash. */
void sp_quota_free(struct sp_quota *quota);

/*
 * The time that all the other calls want. Never set back. A wall clock that is set forward begins a day early, and nothing
 * else: rates, sessions, and the places of runs that may go on, end no sooner for it.
 */
uint64_t sp_quota_now(struct sp_quota *quota, struct sp_quota_time now) SP_NONNULL(1);

/*
 * An organisation or a tenant with its limits, found or made; a tenant's `parent` is its organisation or NONE. Nodes
 * stay where they are. SP_ERR_RANGE for an impossible rate, SP_ERR_FULL.
 */
enum sp_err sp_quota_put(struct sp_quota *quota, enum sp_limit_scope scope, struct sp_slice name,
                         uint32_t parent, const struct sp_quota_limits *limits, uint32_t *out_node)
    SP_MUST_CHECK SP_NONNULL(1, 5, 6);

/* One that is there; SP_ERR_NOT_FOUND. */
enum sp_err sp_quota_find(const struct sp_quota *quota, enum sp_limit_scope scope,
                          struct sp_slice name, uint32_t *out_node) SP_MUST_CHECK SP_NONNULL(1, 4);

/* The node of a tenant's token, found or made with these limits. */
enum sp_err sp_quota_token(struct sp_quota *quota, uint32_t tenant, struct sp_slice id,
                           const struct sp_quota_limits *limits, uint32_t *out_node)
    SP_MUST_CHECK SP_NONNULL(1, 4, 5);

/* What a request wants at most. */
struct sp_quota_ask {
    uint32_t node; /* of the token, or of the tenant */
    bool is_run;
    bool may_begin_session; /* a session that is not alive yet begins with it */
    bool is_time_open;      /* how long the run may take is not known yet: a part of it may do */
    uint64_t epoch;
    struct sp_slice session;    /* the keyed hash; empty: none */
    struct sp_slice identifier; /* the tenant's own name of it */
    uint64_t day[SP_QUOTA_DAY_KINDS];
};

/* What it holds until it is settled. Zeroed holds nothing. */
struct sp_quota_hold {
    bool is_held;
    bool is_run;
    uint32_t node;
    uint32_t day_number;
    uint64_t day[SP_QUOTA_DAY_KINDS];
    bool is_spent[SP_QUOTA_DAY_KINDS];
    char session[SP_STORE_HASH_CHARS];
    size_t session_len;
};

/* Why not: the limit with its size, what is left, what is used, and when to ask again. */
struct sp_quota_refusal {
    struct sp_limit_state state;
    uint64_t used;
    uint64_t after_us;
};

/* Of an open time so much at most is taken of what is left, but a second at least. */
#define SP_QUOTA_OPEN_SHARE 8U
#define SP_QUOTA_OPEN_MS    ((uint64_t)1000)

/*
 * Takes everything or nothing, but for a time that is open. SP_ERR_QUOTA fills in `*out_refusal`; SP_ERR_FULL when there is no memory for another
 * session. What was taken may be acted on when sp_quota_is_durable.
 */
enum sp_err sp_quota_reserve(struct sp_quota *quota, const struct sp_quota_ask *ask,
                             uint64_t now_us, struct sp_quota_hold *out,
                             struct sp_quota_refusal *out_refusal)
    SP_MUST_CHECK SP_NONNULL(1, 2, 4, 5);
bool sp_quota_is_durable(const struct sp_quota *quota, const struct sp_quota_hold *hold)
    SP_NONNULL(1, 2);

/*
 * A run that began under an earlier holder and may go on counts at its tenant, organisation and token (`id`); then it does
 * not any more. SP_ERR_NOT_FOUND for a tenant that nobody knows.
 */
enum sp_err sp_quota_resume_run(struct sp_quota *quota, struct sp_slice tenant, struct sp_slice id,
                                uint32_t *out_node) SP_MUST_CHECK SP_NONNULL(1, 4);
void sp_quota_end_resumed(struct sp_quota *quota, uint32_t node) SP_NONNULL(1);

/* All runs that may go on are resumed: the others that the leases allowed for are none. */
void sp_quota_forget_before(struct sp_quota *quota) SP_NONNULL(1);

/* Lowers what is held of one kind to what turns out to be enough. */
void sp_quota_lower(struct sp_quota *quota, struct sp_quota_hold *hold, enum sp_quota_day_kind kind,
                    uint64_t amount) SP_NONNULL(1, 2);

/*
 * Raises it to what turns out to be wanted, all of it or nothing; on the day that it is now. SP_ERR_QUOTA as above. What
 * was raised may be acted on when sp_quota_is_durable.
 */
enum sp_err sp_quota_raise(struct sp_quota *quota, struct sp_quota_hold *hold,
                           enum sp_quota_day_kind kind, uint64_t amount, uint64_t now_us,
                           struct sp_quota_refusal *out_refusal) SP_MUST_CHECK SP_NONNULL(1, 2, 6);

/* Lowers it, and has it stay counted even if the rest is released. */
void sp_quota_spend(struct sp_quota *quota, struct sp_quota_hold *hold, enum sp_quota_day_kind kind,
                    uint64_t amount) SP_NONNULL(1, 2);

/* The end: what is still held of the day stays counted as used. */
void sp_quota_settle(struct sp_quota *quota, struct sp_quota_hold *hold, uint64_t now_us)
    SP_NONNULL(1, 2);

/* The end of what came to nothing: all of it is free again, but the request and what is spent. A session that began with it is forgotten. */
void sp_quota_release(struct sp_quota *quota, struct sp_quota_hold *hold, uint64_t now_us)
    SP_NONNULL(1, 2);

/* The state of the requests that are left, for an answer; SP_LIMIT_NONE without such a limit. */
void sp_quota_requests_left(const struct sp_quota *quota, uint32_t node, uint64_t now_us,
                            struct sp_limit_state *out) SP_NONNULL(1, 4);

/* --- leases --- */

/* Whether anybody may wait for a flush. */
bool sp_quota_is_waiting(const struct sp_quota *quota) SP_NONNULL(1);

/* Writes what is needed, and what was put off, with one commit. On failure nothing changed and the old leases hold. */
enum sp_err sp_quota_flush(struct sp_quota *quota, uint64_t now_us) SP_MUST_CHECK SP_NONNULL(1);

/* What is due: sessions that end, a flush of what was put off. About twice a second. */
enum sp_err sp_quota_tick(struct sp_quota *quota, uint64_t now_us) SP_MUST_CHECK SP_NONNULL(1);

/* The orderly end: leases are written down to what was used. */
enum sp_err sp_quota_stop(struct sp_quota *quota, uint64_t now_us) SP_MUST_CHECK SP_NONNULL(1);

/* --- sessions and usage --- */

/* A session was deleted, or found to be gone. */
void sp_quota_end_session(struct sp_quota *quota, struct sp_slice hash) SP_NONNULL(1);

/* The live sessions of a tenant under its epoch, the latest used first. */
typedef enum sp_err sp_quota_session_fn(void *ctx, struct sp_slice hash, struct sp_slice identifier,
                                        uint64_t used_us);
enum sp_err sp_quota_sessions(struct sp_quota *quota, uint32_t tenant, uint64_t epoch,
                              uint64_t now_us, sp_quota_session_fn *fn, void *ctx)
    SP_MUST_CHECK SP_NONNULL(1, 5);

/* What a node uses now; `left` of a limit that is 0 says nothing. */
struct sp_quota_usage {
    struct sp_slice name;
    struct sp_slice token;
    struct sp_quota_limits limits;
    uint64_t used[SP_LIMIT_COUNT];
    uint64_t reserved[SP_LIMIT_COUNT]; /* part of `used` that is not settled yet */
    uint64_t day_requests;
    uint64_t day_runs;
    uint32_t parent;
};
void sp_quota_usage(struct sp_quota *quota, uint32_t node, uint64_t now_us,
                    struct sp_quota_usage *out) SP_NONNULL(1, 4);

/* The tokens of a tenant that were seen, in no order. */
typedef enum sp_err sp_quota_node_fn(void *ctx, uint32_t node);
enum sp_err sp_quota_tokens(const struct sp_quota *quota, uint32_t tenant, sp_quota_node_fn *fn,
                            void *ctx) SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
