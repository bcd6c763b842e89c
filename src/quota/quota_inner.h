/*
 * quota_inner - what the files of quota share. Nobody else includes this.
 *
 * Runs in: admit.   Allocates: never.
 */
#ifndef SP_QUOTA_QUOTA_INNER_H
#define SP_QUOTA_QUOTA_INNER_H

#include "quota/names.h"
#include "quota/quota.h"
#include "quota/rate.h"

#define SP_QUOTA_PATH_MAX 3U /* token, tenant, organisation */

struct sp_quota_node {
    char *name;  /* NULL: nobody's, to be given to the next */
    char *token; /* NULL but for a token */
    enum sp_limit_scope scope;
    uint32_t parent;
    uint32_t first_token; /* of a tenant */
    uint32_t next_token;  /* of the same tenant; of a node that is nobody's, the next such */
    uint32_t holds;       /* requests that are not settled; of a token */
    struct sp_quota_limits limits;
    struct sp_rate rate;
    uint64_t arrival_lease_us;
    uint32_t runs;
    uint32_t runs_before; /* may still be in flight for an earlier holder */
    uint32_t runs_lease;
    uint32_t sessions;
    uint32_t day; /* that what follows is of */
    uint64_t used[SP_QUOTA_DAY_KINDS];
    uint64_t reserved[SP_QUOTA_DAY_KINDS]; /* of `used`, today's */
    uint64_t lease[SP_QUOTA_DAY_KINDS];
    uint64_t day_requests;
    uint64_t day_runs;
    bool is_listed; /* stands in the list of what is to be written */
};

struct sp_quota {
    const struct sp_quota_store *store;
    struct sp_quota_clock clock;
    uint64_t cooldown_us;
    uint64_t runs_before_until_us; /* 0: there are none */
    uint64_t flushed_us;
    bool is_waiting;
    struct sp_quota_node *nodes;
    size_t node_count;
    size_t node_room;
    uint32_t first_free; /* of the nodes that are nobody's */
    uint32_t swept_day;
    uint32_t *slots; /* open addressing over nodes, at most half full */
    size_t slot_count;
    uint32_t *listed;
    size_t listed_count;
    size_t listed_room;
    struct sp_names *names;
};

/* --- quota_nodes.c --- */

/* Which limit a daily amount is of. */
enum sp_limit sp_quota_limit_of(enum sp_quota_day_kind kind);

enum sp_err sp_quota_node_make(struct sp_quota *quota, enum sp_limit_scope scope,
                               struct sp_slice name, struct sp_slice token, uint32_t *out)
    SP_MUST_CHECK SP_NONNULL(1, 5);

/* The node and those above it, lowest first; how many. */
unsigned sp_quota_path(const struct sp_quota *quota, uint32_t node,
                       uint32_t out[SP_QUOTA_PATH_MAX]);

/*
 * Tokens that nothing is known of any more, as they were not used today, are forgotten: their number is not bounded by the
 * configuration. Once a day, and when there is no room for another.
 */
void sp_quota_sweep(struct sp_quota *quota, uint64_t now_us);

/* A new day begins at nothing. */
void sp_quota_node_today(struct sp_quota_node *node, uint32_t day);

/* --- quota_lease.c --- */

/* Puts a node on the list of what is to be written; a full memory only puts it off. */
void sp_quota_list(struct sp_quota *quota, uint32_t node);

/* Whether all that a node counts is within its leases. */
bool sp_quota_node_is_covered(const struct sp_quota_node *node);

/* Whether a lease runs out soon, or holds far more than it should. */
bool sp_quota_node_is_worth_writing(const struct sp_quota_node *node);

/* --- quota_session.c --- */

/* Sessions whose time is over are forgotten. */
void sp_quota_expire(struct sp_quota *quota, uint64_t now_us);

/* Begins or holds the session of an ask. A new one that only came to nothing is forgotten when it is let go. */
enum sp_err sp_quota_hold_session(struct sp_quota *quota, const struct sp_quota_ask *ask,
                                  uint64_t now_us, struct sp_quota_hold *hold) SP_MUST_CHECK;
void sp_quota_let_session_go(struct sp_quota *quota, const struct sp_quota_hold *hold,
                             bool is_nothing, uint64_t now_us);
bool sp_quota_is_session_limited(const struct sp_quota *quota, uint32_t node);

#endif
