/*
 * store - where quotas last: the calls that every store answers.
 *
 * Runs in: admit.   Input: its own earlier writes.
 * A row is a lease: the durable bound up to which its holder may count. It is written before anything beyond the old one
 * is spent, so that a holder that loses its memory goes on from the bound, and nothing is ever given twice. Rows and
 * names are put between begin and commit and are there together or not at all. A store that several gateways share
 * joins by the same calls: `put` may lower a row to what is left for this holder, and the holder goes by that.
 */
#ifndef SP_QUOTA_STORE_H
#define SP_QUOTA_STORE_H

#include "base/slice.h"
#include "wire/limit.h"

#define SP_STORE_HASH_CHARS ((size_t)64)

/* What is counted by the day, in this order. */
enum sp_quota_day_kind {
    SP_QUOTA_RUN_MS,
    SP_QUOTA_CODE_BYTES,
    SP_QUOTA_UPLOAD_BYTES,
    SP_QUOTA_DAY_KINDS
};

struct sp_store_row {
    enum sp_limit_scope scope;
    struct sp_slice name;  /* of the organisation or the tenant */
    struct sp_slice token; /* its id; empty but for a token */
    uint32_t day;
    uint32_t runs;       /* that may be in flight */
    uint64_t arrival_us; /* up to which the rate may have moved */
    uint64_t day_used[SP_QUOTA_DAY_KINDS];
    uint64_t day_requests; /* for the eye only: these two are no leases */
    uint64_t day_runs;
};

/* A live session: the tenant's own name of it and the pool's. */
struct sp_store_name {
    struct sp_slice hash; /* SP_STORE_HASH_CHARS lower-case hexadecimal characters */
    struct sp_slice tenant;
    struct sp_slice token;
    struct sp_slice identifier;
    uint64_t epoch;
    uint64_t created_us;
    uint64_t until_us; /* it counts as alive up to here */
};

/* What load finds; an error of any of them ends it. */
struct sp_store_found {
    void *ctx;
    enum sp_err (*row)(void *ctx, const struct sp_store_row *row);
    enum sp_err (*name)(void *ctx, const struct sp_store_name *name);
};

struct sp_quota_store {
    void *ctx;
    /* The latest time that was put, then every row and name. */
    enum sp_err (*load)(void *ctx, uint64_t *out_time_us, const struct sp_store_found *found);
    enum sp_err (*begin)(void *ctx);
    enum sp_err (*put)(void *ctx, struct sp_store_row *row);
    enum sp_err (*put_name)(void *ctx, const struct sp_store_name *name);
    enum sp_err (*drop_name)(void *ctx, struct sp_slice hash);
    enum sp_err (*put_time)(void *ctx, uint64_t time_us);
    /* Durable when it succeeds; on failure nothing since begin is there. Also ends what one of the others failed in. */
    enum sp_err (*commit)(void *ctx);
    void (*abandon)(void *ctx);
    /* Drops what says nothing any more: tokens of an earlier day with no run and their rate at rest, names that ended. */
    enum sp_err (*sweep)(void *ctx, uint32_t day, uint64_t time_us);
};

#endif
