/*
 * names - the sessions that are alive, as admit knows them: the tenant's name of each, the pool's, and until when.
 *
 * Runs in: admit.   Allocates: an entry a session.
 * All live as long after their last use, so one list in the order of use is also the order in which they end. Those in
 * use stand apart from it and do not end.
 */
#ifndef SP_QUOTA_NAMES_H
#define SP_QUOTA_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "quota/store.h"

struct sp_name {
    char hash[SP_STORE_HASH_CHARS];
    char *identifier;
    uint32_t node;   /* who began it: a token or a tenant */
    uint32_t tenant; /* the tenant's node */
    uint32_t in_use; /* requests that hold it */
    uint64_t epoch;
    uint64_t created_us;
    uint64_t used_us;  /* the last use that ended */
    uint64_t lease_us; /* on the store it is alive up to here; 0: it is not there */
    bool is_listed;    /* to be written */
    bool is_proven;    /* a request that used it did not come to nothing */
    struct sp_name *next_in_bucket;
    struct sp_name *older; /* in the order of use, of all */
    struct sp_name *newer;
    struct sp_name *of_tenant_older;
    struct sp_name *of_tenant_newer;
    struct sp_name *next_listed;
    struct sp_name *before_listed;
};

/* A tenant's own, by use. */
struct sp_names_of {
    struct sp_name *newest;
    struct sp_name *oldest;
};

struct sp_names;

enum sp_err sp_names_new(size_t most, struct sp_names **out) SP_MUST_CHECK SP_NONNULL(2);
void sp_names_free(struct sp_names *names);

/* NULL when it is not there; else its own, until sp_names_remove. */
struct sp_name *sp_names_find(const struct sp_names *names, struct sp_slice hash) SP_NONNULL(1);

/* A new one, in use by nobody. SP_ERR_FULL, SP_ERR_INVALID for a hash of another length. */
enum sp_err sp_names_add(struct sp_names *names, struct sp_slice hash, struct sp_slice identifier,
                         uint32_t tenant, uint64_t used_us, struct sp_name **out)
    SP_MUST_CHECK SP_NONNULL(1, 6);
void sp_names_remove(struct sp_names *names, struct sp_name *take_name) SP_NONNULL(1, 2);

/* It is used now: the newest of all, and of its tenant. */
void sp_names_touch(struct sp_names *names, struct sp_name *name, uint64_t used_us)
    SP_NONNULL(1, 2);

/* The one that was unused for longest, NULL when there is none; those in use do not count. */
struct sp_name *sp_names_oldest(const struct sp_names *names) SP_NONNULL(1);
struct sp_name *sp_names_oldest_of(const struct sp_names *names, uint32_t tenant) SP_NONNULL(1);
struct sp_name *sp_names_newest_of(const struct sp_names *names, uint32_t tenant) SP_NONNULL(1);

/* The time went forward by so much in which nothing happened: all were used so much later, and are to be written. */
void sp_names_move(struct sp_names *names, uint64_t by_us) SP_NONNULL(1);

size_t sp_names_count(const struct sp_names *names) SP_NONNULL(1);

/* --- what is to be written --- */

/*
 * The hashes of removed ones that are still on the store, SP_STORE_HASH_CHARS each. Beyond a bound they are left there:
 * they end by themselves.
 */
struct sp_slice sp_names_buried(const struct sp_names *names) SP_NONNULL(1);
void sp_names_bury_done(struct sp_names *names) SP_NONNULL(1);

/* Puts it on the list: at its head, also when it stands there already, or at its end. */
void sp_names_list(struct sp_names *names, struct sp_name *name, bool is_first) SP_NONNULL(1, 2);
struct sp_name *sp_names_first_listed(const struct sp_names *names) SP_NONNULL(1);

/* The first one is written. */
void sp_names_unlist_first(struct sp_names *names) SP_NONNULL(1);
size_t sp_names_listed(const struct sp_names *names) SP_NONNULL(1);

#endif
