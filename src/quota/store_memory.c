#include "quota/store_memory.h"

#include <stdlib.h>

#include "base/buf.h"

#define SLOTS_FIRST ((size_t)64)

struct row {
    char *name;
    char *token;
    struct sp_store_row row; /* its texts are the two above */
    struct sp_store_row put; /* since begin */
    bool is_there;
    bool is_put;
};

struct name {
    char *texts[4]; /* hash, tenant, token, identifier */
    struct sp_store_name name;
    bool is_put;
    bool is_dropped;
    struct name *next;
};

struct sp_store_memory {
    struct row *rows;
    size_t count;
    size_t room;
    uint32_t *puts; /* rows that are put, as many as there is room for */
    size_t put_count;
    uint32_t *slots; /* row number and one; 0 is free */
    size_t slot_count;
    struct name *names;
    uint64_t time_us;
    uint64_t put_time_us;
    uint64_t commits;
    uint64_t most;
    enum sp_err fails;
};

static uint64_t hash_of(uint64_t hash, struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ text.ptr[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static size_t slot_of(const struct sp_store_memory *store, const struct sp_store_row *row)
{
    uint64_t hash =
        hash_of(hash_of(14695981039346656037U + (uint64_t)row->scope, row->name) * 31, row->token);
    size_t at = (size_t)(hash ^ hash >> 29) & (store->slot_count - 1);
    while (store->slots[at] != 0) {
        const struct sp_store_row *have = &store->rows[store->slots[at] - 1].row;
        if (have->scope == row->scope && sp_slice_equal(have->name, row->name) &&
            sp_slice_equal(have->token, row->token)) {
            break;
        }
        at = (at + 1) & (store->slot_count - 1);
    }
    return at;
}

static enum sp_err grow(struct sp_store_memory *store)
{
    if (store->count * 2 < store->slot_count && store->count < store->room) {
        return SP_OK;
    }
    size_t slots = store->slot_count == 0 ? SLOTS_FIRST : store->slot_count * 2;
    struct row *rows = reallocarray(store->rows, slots, sizeof(*rows));
    if (rows == NULL) {
        return SP_ERR_NOMEM;
    }
    store->rows = rows;
    uint32_t *puts = reallocarray(store->puts, slots, sizeof(*puts));
    if (puts == NULL) {
        return SP_ERR_NOMEM;
    }
    store->puts = puts;
    store->room = slots;
    free(store->slots);
    store->slots = calloc(slots, sizeof(*store->slots));
    if (store->slots == NULL) {
        store->slot_count = 0;
        return SP_ERR_NOMEM;
    }
    store->slot_count = slots;
    for (size_t i = 0; i < store->count; i++) {
        store->slots[slot_of(store, &store->rows[i].row)] = (uint32_t)i + 1;
    }
    return SP_OK;
}

static enum sp_err find_or_make(struct sp_store_memory *store, const struct sp_store_row *row,
                                struct row **out)
{
    SP_TRY(grow(store));
    size_t slot = slot_of(store, row);
    if (store->slots[slot] == 0) {
        struct row *made = &store->rows[store->count];
        *made = (struct row){.name = sp_slice_dup(row->name), .token = sp_slice_dup(row->token)};
        if (made->name == NULL || made->token == NULL) {
            free(made->name);
            free(made->token);
            return SP_ERR_NOMEM;
        }
        made->row = (struct sp_store_row){.scope = row->scope,
                                          .name = sp_slice_of(made->name),
                                          .token = sp_slice_of(made->token)};
        store->count++;
        store->slots[slot] = (uint32_t)store->count;
    }
    *out = &store->rows[store->slots[slot] - 1];
    return SP_OK;
}

static uint64_t share_of(const struct sp_store_memory *store, uint64_t had, uint64_t wanted)
{
    return wanted > had && wanted - had > store->most ? had + store->most : wanted;
}

/* --- the calls --- */

static void free_name(struct name *name)
{
    for (size_t i = 0; i < SP_COUNT(name->texts); i++) {
        free(name->texts[i]);
    }
    free(name);
}

/* Ends what is put: takes it over, or forgets it. */
static void end(struct sp_store_memory *store, bool is_kept)
{
    for (size_t i = 0; i < store->put_count; i++) {
        struct row *row = &store->rows[store->puts[i]];
        if (is_kept) {
            row->put.name = row->row.name;
            row->put.token = row->row.token;
            row->row = row->put;
            row->is_there = true;
        }
        row->is_put = false;
    }
    store->put_count = 0;
    for (struct name **at = &store->names; *at != NULL;) {
        struct name *name = *at;
        if (is_kept ? name->is_dropped : name->is_put) {
            *at = name->next;
            free_name(name);
            continue;
        }
        name->is_put = false;
        name->is_dropped = false;
        at = &name->next;
    }
    store->time_us = is_kept ? store->put_time_us : store->time_us;
    store->put_time_us = store->time_us;
}

static enum sp_err begin(void *ctx)
{
    (void)ctx;
    return SP_OK;
}

static enum sp_err put(void *ctx, struct sp_store_row *row)
{
    struct sp_store_memory *store = ctx;
    struct row *at = NULL;
    SP_TRY(find_or_make(store, row, &at));
    const struct sp_store_row *had = &at->row;
    bool is_same_day = at->is_there && had->day == row->day;
    for (size_t kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        row->day_used[kind] =
            share_of(store, is_same_day ? had->day_used[kind] : 0, row->day_used[kind]);
    }
    at->put = *row;
    if (!at->is_put) {
        store->puts[store->put_count++] = (uint32_t)(at - store->rows);
        at->is_put = true;
    }
    return SP_OK;
}

static enum sp_err drop_name(void *ctx, struct sp_slice hash)
{
    struct sp_store_memory *store = ctx;
    for (struct name *at = store->names; at != NULL; at = at->next) {
        at->is_dropped = at->is_dropped || sp_slice_equal(at->name.hash, hash);
    }
    return SP_OK;
}

static enum sp_err put_name(void *ctx, const struct sp_store_name *name)
{
    struct sp_store_memory *store = ctx;
    struct name *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SP_ERR_NOMEM;
    }
    const struct sp_slice texts[] = {name->hash, name->tenant, name->token, name->identifier};
    for (size_t i = 0; i < SP_COUNT(texts); i++) {
        made->texts[i] = sp_slice_dup(texts[i]);
        if (made->texts[i] == NULL) {
            free_name(made);
            return SP_ERR_NOMEM;
        }
    }
    SP_TRY(drop_name(store, name->hash));
    made->name = *name;
    made->name.hash = sp_slice_of(made->texts[0]);
    made->name.tenant = sp_slice_of(made->texts[1]);
    made->name.token = sp_slice_of(made->texts[2]);
    made->name.identifier = sp_slice_of(made->texts[3]);
    made->is_put = true;
    made->next = store->names;
    store->names = made;
    return SP_OK;
}

static enum sp_err put_time(void *ctx, uint64_t time_us)
{
    struct sp_store_memory *store = ctx;
    store->put_time_us = time_us;
    return SP_OK;
}

static void abandon(void *ctx)
{
    end(ctx, false);
}

static enum sp_err commit(void *ctx)
{
    struct sp_store_memory *store = ctx;
    end(store, store->fails == SP_OK);
    store->commits += store->fails == SP_OK ? 1 : 0;
    return store->fails;
}

static enum sp_err sweep(void *ctx, uint32_t day, uint64_t time_us)
{
    struct sp_store_memory *store = ctx;
    for (size_t i = 0; i < store->count; i++) {
        const struct sp_store_row *row = &store->rows[i].row;
        if (row->scope == SP_LIMIT_OF_TOKEN && row->day < day && row->runs == 0 &&
            row->arrival_us <= time_us) {
            store->rows[i].is_there = false;
        }
    }
    for (struct name *at = store->names; at != NULL; at = at->next) {
        at->is_dropped = at->name.until_us <= time_us;
    }
    store->put_time_us = store->time_us;
    end(store, true);
    return SP_OK;
}

static int by_end(const void *a, const void *b)
{
    const struct name *const *left = a;
    const struct name *const *right = b;
    return ((*left)->name.until_us > (*right)->name.until_us) -
           ((*left)->name.until_us < (*right)->name.until_us);
}

static enum sp_err load_names(struct sp_store_memory *store, const struct sp_store_found *found)
{
    size_t count = 0;
    for (const struct name *at = store->names; at != NULL; at = at->next) {
        count++;
    }
    struct name **sorted = calloc(count + 1, sizeof(struct name *));
    enum sp_err err = SP_OK;
    if (sorted == NULL) {
        return SP_ERR_NOMEM;
    }
    count = 0;
    for (struct name *at = store->names; at != NULL; at = at->next) {
        sorted[count++] = at;
    }
    qsort(sorted, count, sizeof(struct name *), by_end);
    for (size_t i = 0; i < count && err == SP_OK; i++) {
        err = found->name(found->ctx, &sorted[i]->name);
    }
    free(sorted);
    return err;
}

static enum sp_err load(void *ctx, uint64_t *out_time_us, const struct sp_store_found *found)
{
    struct sp_store_memory *store = ctx;
    end(store, false);
    *out_time_us = store->time_us;
    for (size_t i = 0; i < store->count; i++) {
        if (store->rows[i].is_there) {
            SP_TRY(found->row(found->ctx, &store->rows[i].row));
        }
    }
    return load_names(store, found);
}

enum sp_err sp_store_memory_new(struct sp_store_memory **out, struct sp_quota_store *out_store)
{
    struct sp_store_memory *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return SP_ERR_NOMEM;
    }
    store->most = UINT64_MAX;
    *out = store;
    *out_store = (struct sp_quota_store){.ctx = store,
                                         .load = load,
                                         .begin = begin,
                                         .put = put,
                                         .put_name = put_name,
                                         .drop_name = drop_name,
                                         .put_time = put_time,
                                         .commit = commit,
                                         .abandon = abandon,
                                         .sweep = sweep};
    return SP_OK;
}

void sp_store_memory_free(struct sp_store_memory *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->count; i++) {
        free(store->rows[i].name);
        free(store->rows[i].token);
    }
    while (store->names != NULL) {
        struct name *next = store->names->next;
        free_name(store->names);
        store->names = next;
    }
    free(store->rows);
    free(store->puts);
    free(store->slots);
    free(store);
}

void sp_store_memory_fail(struct sp_store_memory *store, enum sp_err err)
{
    store->fails = err;
}

void sp_store_memory_share(struct sp_store_memory *store, uint64_t most)
{
    store->most = most;
}

uint64_t sp_store_memory_commits(const struct sp_store_memory *store)
{
    return store->commits;
}
