#include "store_stand.h"

static const char hash_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char hash_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

struct seen {
    unsigned rows, names;
    uint64_t day_used;
    uint32_t runs;
    uint64_t until_us[2];
    char identifier[2];
};

static enum sp_err on_row(void *ctx, const struct sp_store_row *row)
{
    struct seen *seen = ctx;
    seen->rows++;
    seen->day_used += row->day_used[SP_QUOTA_CODE_BYTES];
    seen->runs += row->runs;
    assert_true(sp_slice_is(row->name, "acme"));
    assert_true(sp_slice_is(row->token, row->scope == SP_LIMIT_OF_TOKEN ? "t1" : ""));
    return SP_OK;
}

static enum sp_err on_name(void *ctx, const struct sp_store_name *name)
{
    struct seen *seen = ctx;
    assert_true(seen->names < 2);
    seen->until_us[seen->names] = name->until_us;
    seen->identifier[seen->names] = (char)name->identifier.ptr[0];
    assert_int_equal(name->epoch, 3);
    seen->names++;
    return SP_OK;
}

static struct seen look(const struct sp_quota_store *store, uint64_t time_us)
{
    struct seen seen = {.rows = 0};
    const struct sp_store_found found = {.ctx = &seen, .row = on_row, .name = on_name};
    uint64_t written_us = 1;
    assert_int_equal(store->load(store->ctx, &written_us, &found), SP_OK);
    assert_true(written_us == time_us);
    return seen;
}

void put_row(const struct sp_quota_store *store, enum sp_limit_scope scope, uint64_t bytes,
             uint32_t runs)
{
    struct sp_store_row row = {.scope = scope,
                               .name = SP_SLICE_LITERAL("acme"),
                               .day = 7,
                               .runs = runs,
                               .arrival_us = 100};
    row.token = sp_slice_of(scope == SP_LIMIT_OF_TOKEN ? "t1" : "");
    row.day_used[SP_QUOTA_CODE_BYTES] = bytes;
    assert_int_equal(store->put(store->ctx, &row), SP_OK);
}

static void put_name(const struct sp_quota_store *store, const char *hash, const char *identifier,
                     uint64_t until_us)
{
    const struct sp_store_name name = {.hash = sp_slice_of(hash),
                                       .tenant = SP_SLICE_LITERAL("acme"),
                                       .identifier = sp_slice_of(identifier),
                                       .epoch = 3,
                                       .until_us = until_us};
    assert_int_equal(store->put_name(store->ctx, &name), SP_OK);
}

void tell_all(const struct sp_quota_store *store)
{
    look(store, 0);
    assert_int_equal(store->begin(store->ctx), SP_OK);
    put_row(store, SP_LIMIT_OF_TENANT, 1000, 2);
    put_row(store, SP_LIMIT_OF_TOKEN, 30, 0);
    put_name(store, hash_b, "late", 900);
    put_name(store, hash_a, "early", 800);
    assert_int_equal(store->put_time(store->ctx, 555), SP_OK);
    assert_int_equal(store->commit(store->ctx), SP_OK);
    /* begun and given up: as if it had never been */
    assert_int_equal(store->begin(store->ctx), SP_OK);
    put_row(store, SP_LIMIT_OF_TENANT, 5000, 9);
    put_name(store, hash_a, "other", 1);
    assert_int_equal(store->drop_name(store->ctx, sp_slice_of(hash_b)), SP_OK);
    assert_int_equal(store->put_time(store->ctx, 999), SP_OK);
    store->abandon(store->ctx);
}

void check_all(const struct sp_quota_store *store)
{
    struct seen seen = look(store, 555);
    assert_int_equal(seen.rows, 2);
    assert_int_equal(seen.day_used, 1030);
    assert_int_equal(seen.runs, 2);
    assert_int_equal(seen.names, 2);
    assert_true(seen.identifier[0] == 'e' &&
                seen.until_us[0] == 800); /* in the order of their ends */
    assert_true(seen.identifier[1] == 'l' && seen.until_us[1] == 900);
}

void sweep_all(const struct sp_quota_store *store)
{
    assert_int_equal(store->sweep(store->ctx, 7, 800),
                     SP_OK); /* the token's row is of this day still */
    struct seen seen = look(store, 555);
    assert_int_equal(seen.rows, 2);
    assert_int_equal(seen.names, 1);
    assert_int_equal(store->sweep(store->ctx, 8, 99), SP_OK); /* its rate is not at rest */
    assert_int_equal(look(store, 555).rows, 2);
    assert_int_equal(store->sweep(store->ctx, 8, 900), SP_OK);
    seen = look(store, 555);
    assert_int_equal(seen.rows, 1);
    assert_int_equal(seen.names, 0);
}
