#include "quota/names.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"

#define FIRST_BUCKETS ((size_t)256)
#define FIRST_TENANTS ((size_t)16)
#define BURIED_MAX    ((size_t)4096)

struct sp_names {
    size_t most;
    size_t count;
    struct sp_name **buckets;
    size_t bucket_count;
    struct sp_name *newest;
    struct sp_name *oldest;
    struct sp_names_of *tenants; /* by the number of their node */
    size_t tenant_room;
    struct sp_name *listed_first;
    struct sp_name *listed_last;
    size_t listed;
    struct sp_buf buried;
};

enum sp_err sp_names_new(size_t most, struct sp_names **out)
{
    struct sp_names *names = calloc(1, sizeof(*names));
    if (names == NULL) {
        return SP_ERR_NOMEM;
    }
    names->most = most;
    names->bucket_count = FIRST_BUCKETS;
    sp_buf_init(&names->buried, BURIED_MAX * SP_STORE_HASH_CHARS);
    names->buckets = calloc(names->bucket_count, sizeof(struct sp_name *));
    if (names->buckets == NULL) {
        free(names);
        return SP_ERR_NOMEM;
    }
    *out = names;
    return SP_OK;
}

static void free_name(struct sp_name *name)
{
    free(name->identifier);
    free(name);
}

void sp_names_free(struct sp_names *names)
{
    if (names == NULL) {
        return;
    }
    for (size_t i = 0; i < names->bucket_count; i++) {
        struct sp_name *name = names->buckets[i];
        while (name != NULL) {
            struct sp_name *next = name->next_in_bucket;
            free_name(name);
            name = next;
        }
    }
    free(names->buckets);
    free(names->tenants);
    sp_buf_done(&names->buried);
    free(names);
}

/* The hash is a keyed one already: its first characters tell sessions apart. */
static size_t bucket_of(const struct sp_names *names, const char *hash)
{
    size_t value = 0;
    for (size_t i = 0; i < 12; i++) {
        value = value << 5 ^ value >> 59 ^ (uint8_t)hash[i];
    }
    return value & (names->bucket_count - 1);
}

struct sp_name *sp_names_find(const struct sp_names *names, struct sp_slice hash)
{
    if (hash.len != SP_STORE_HASH_CHARS) {
        return NULL;
    }
    struct sp_name *name = names->buckets[bucket_of(names, (const char *)hash.ptr)];
    while (name != NULL && !sp_slice_equal(sp_slice_make(name->hash, sizeof(name->hash)), hash)) {
        name = name->next_in_bucket;
    }
    return name;
}

/* A table that cannot grow goes on, slower. */
static void grow(struct sp_names *names)
{
    struct sp_names larger = {.bucket_count = names->bucket_count * 2};
    larger.buckets = calloc(larger.bucket_count, sizeof(struct sp_name *));
    if (larger.buckets == NULL) {
        return;
    }
    for (size_t i = 0; i < names->bucket_count; i++) {
        struct sp_name *name = names->buckets[i];
        while (name != NULL) {
            struct sp_name *next = name->next_in_bucket;
            size_t at = bucket_of(&larger, name->hash);
            name->next_in_bucket = larger.buckets[at];
            larger.buckets[at] = name;
            name = next;
        }
    }
    free(names->buckets);
    names->buckets = larger.buckets;
    names->bucket_count = larger.bucket_count;
}

static enum sp_err reserve_tenant(struct sp_names *names, uint32_t tenant)
{
    size_t room = names->tenant_room == 0 ? FIRST_TENANTS : names->tenant_room;
    while (room <= tenant) {
        room *= 2;
    }
    if (room == names->tenant_room) {
        return SP_OK;
    }
    struct sp_names_of *larger = reallocarray(names->tenants, room, sizeof(*larger));
    if (larger == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = names->tenant_room; i < room; i++) {
        larger[i] = (struct sp_names_of){NULL, NULL};
    }
    names->tenants = larger;
    names->tenant_room = room;
    return SP_OK;
}

/* --- the two orders of use --- */

static void link_all(struct sp_names *names, struct sp_name *name)
{
    name->older = names->newest;
    name->newer = NULL;
    if (names->newest != NULL) {
        names->newest->newer = name;
    } else {
        names->oldest = name;
    }
    names->newest = name;
}

/* One in use does not stand there. */
static void unlink_all(struct sp_names *names, struct sp_name *name)
{
    if (name->newer == NULL && name->older == NULL && names->newest != name) {
        return;
    }
    if (name->newer != NULL) {
        name->newer->older = name->older;
    } else {
        names->newest = name->older;
    }
    if (name->older != NULL) {
        name->older->newer = name->newer;
    } else {
        names->oldest = name->newer;
    }
    name->older = NULL;
    name->newer = NULL;
}

static void link_of_tenant(struct sp_names *names, struct sp_name *name)
{
    struct sp_names_of *of = &names->tenants[name->tenant];
    name->of_tenant_older = of->newest;
    name->of_tenant_newer = NULL;
    if (of->newest != NULL) {
        of->newest->of_tenant_newer = name;
    } else {
        of->oldest = name;
    }
    of->newest = name;
}

static void unlink_of_tenant(struct sp_names *names, struct sp_name *name)
{
    struct sp_names_of *of = &names->tenants[name->tenant];
    if (name->of_tenant_newer != NULL) {
        name->of_tenant_newer->of_tenant_older = name->of_tenant_older;
    } else {
        of->newest = name->of_tenant_older;
    }
    if (name->of_tenant_older != NULL) {
        name->of_tenant_older->of_tenant_newer = name->of_tenant_newer;
    } else {
        of->oldest = name->of_tenant_newer;
    }
}

enum sp_err sp_names_add(struct sp_names *names, struct sp_slice hash, struct sp_slice identifier,
                         uint32_t tenant, uint64_t used_us, struct sp_name **out)
{
    if (hash.len != SP_STORE_HASH_CHARS) {
        return SP_ERR_INVALID;
    }
    if (names->count >= names->most) {
        return SP_ERR_FULL;
    }
    SP_TRY(reserve_tenant(names, tenant));
    struct sp_name *name = calloc(1, sizeof(*name));
    if (name == NULL) {
        return SP_ERR_NOMEM;
    }
    name->identifier = sp_slice_dup(identifier);
    if (name->identifier == NULL) {
        free(name);
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < hash.len; i++) {
        name->hash[i] = (char)hash.ptr[i];
    }
    name->node = tenant;
    name->tenant = tenant;
    name->created_us = used_us;
    name->used_us = used_us;
    if (names->count >= names->bucket_count) {
        grow(names);
    }
    struct sp_name **bucket = &names->buckets[bucket_of(names, name->hash)];
    name->next_in_bucket = *bucket;
    *bucket = name;
    link_all(names, name);
    link_of_tenant(names, name);
    names->count++;
    *out = name;
    return SP_OK;
}

static void unlist(struct sp_names *names, struct sp_name *name)
{
    if (name->before_listed == NULL) {
        names->listed_first = name->next_listed;
    } else {
        name->before_listed->next_listed = name->next_listed;
    }
    if (name->next_listed == NULL) {
        names->listed_last = name->before_listed;
    } else {
        name->next_listed->before_listed = name->before_listed;
    }
    name->is_listed = false;
    names->listed--;
}

void sp_names_remove(struct sp_names *names, struct sp_name *take_name)
{
    struct sp_name **at = &names->buckets[bucket_of(names, take_name->hash)];
    while (*at != take_name) {
        SP_ASSERT(*at != NULL);
        at = &(*at)->next_in_bucket;
    }
    *at = take_name->next_in_bucket;
    unlink_all(names, take_name);
    unlink_of_tenant(names, take_name);
    if (take_name->is_listed) {
        unlist(names, take_name);
    }
    names->count--;
    if (take_name->lease_us != 0) {
        (void)!sp_buf_put(&names->buried, sp_slice_make(take_name->hash, sizeof(take_name->hash)));
    }
    free_name(take_name);
}

struct sp_slice sp_names_buried(const struct sp_names *names)
{
    return sp_buf_slice(&names->buried);
}

void sp_names_bury_done(struct sp_names *names)
{
    sp_buf_clear(&names->buried);
}

void sp_names_touch(struct sp_names *names, struct sp_name *name, uint64_t used_us)
{
    name->used_us = used_us;
    unlink_all(names, name);
    unlink_of_tenant(names, name);
    link_of_tenant(names, name);
    if (name->in_use == 0) {
        link_all(names, name);
    }
}

struct sp_name *sp_names_oldest(const struct sp_names *names)
{
    return names->oldest;
}

struct sp_name *sp_names_oldest_of(const struct sp_names *names, uint32_t tenant)
{
    struct sp_name *name = tenant < names->tenant_room ? names->tenants[tenant].oldest : NULL;
    return name == NULL || name->in_use > 0 ? NULL : name;
}

struct sp_name *sp_names_newest_of(const struct sp_names *names, uint32_t tenant)
{
    return tenant < names->tenant_room ? names->tenants[tenant].newest : NULL;
}

void sp_names_move(struct sp_names *names, uint64_t by_us)
{
    for (size_t i = 0; i < names->bucket_count; i++) {
        for (struct sp_name *name = names->buckets[i]; name != NULL; name = name->next_in_bucket) {
            name->used_us += by_us;
            sp_names_list(names, name, false);
        }
    }
}

size_t sp_names_count(const struct sp_names *names)
{
    return names->count;
}

static void list_first(struct sp_names *names, struct sp_name *name)
{
    name->before_listed = NULL;
    name->next_listed = names->listed_first;
    if (names->listed_first != NULL) {
        names->listed_first->before_listed = name;
    } else {
        names->listed_last = name;
    }
    names->listed_first = name;
}

static void list_last(struct sp_names *names, struct sp_name *name)
{
    name->next_listed = NULL;
    name->before_listed = names->listed_last;
    if (names->listed_last != NULL) {
        names->listed_last->next_listed = name;
    } else {
        names->listed_first = name;
    }
    names->listed_last = name;
}

void sp_names_list(struct sp_names *names, struct sp_name *name, bool is_first)
{
    if (name->is_listed && !is_first) {
        return;
    }
    if (name->is_listed) {
        unlist(names, name);
    }
    name->is_listed = true;
    names->listed++;
    if (is_first) {
        list_first(names, name);
    } else {
        list_last(names, name);
    }
}

struct sp_name *sp_names_first_listed(const struct sp_names *names)
{
    return names->listed_first;
}

void sp_names_unlist_first(struct sp_names *names)
{
    struct sp_name *name = names->listed_first;
    if (name != NULL) {
        unlist(names, name);
    }
}

size_t sp_names_listed(const struct sp_names *names)
{
    return names->listed;
}
