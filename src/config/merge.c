/* What a reload takes over of a new configuration, and what needs a restart. */
#include "config/row.h"

#define VALUE_BYTES_MAX ((size_t)1024 * 1024)

/* The tenants, organisations and issuers are taken over whole; of the rows these are. */
static bool is_reloadable(const struct sp_config_row *row)
{
    return sp_slice_is(sp_slice_of(row->table), "server") &&
           sp_slice_is(sp_slice_of(row->key), "policies");
}

static enum sp_err is_equal(const void *a, const void *b, const struct sp_config_row *row,
                            bool *out)
{
    SP_AUTO_BUF struct sp_buf left;
    SP_AUTO_BUF struct sp_buf right;
    sp_buf_init(&left, VALUE_BYTES_MAX);
    sp_buf_init(&right, VALUE_BYTES_MAX);
    SP_TRY(sp_config_row_print(a, row, &left));
    SP_TRY(sp_config_row_print(b, row, &right));
    *out = sp_slice_equal(sp_buf_slice(&left), sp_buf_slice(&right));
    return SP_OK;
}

static enum sp_err put_name(struct sp_buf *out, const char *table, const char *key)
{
    return sp_buf_putf(out, "%s%s%s%s", out->len == 0 ? "" : ", ", table, *key == '\0' ? "" : ".",
                       key);
}

static enum sp_err are_same_pools(const struct sp_config *a, const struct sp_config *b, bool *out)
{
    *out = a->has_pool_list == b->has_pool_list && a->pool_count == b->pool_count;
    for (size_t i = 0; *out && i < a->pool_count; i++) {
        const struct sp_config_group group = sp_config_pool_group(&a->pools[i]);
        for (size_t k = 0; *out && k < group.count; k++) {
            SP_TRY(is_equal(&a->pools[i], &b->pools[i], &group.rows[k], out));
        }
    }
    return SP_OK;
}

/* The list of pools needs a restart as a whole; a `pool_endpoint` that differs has been named already. */
static enum sp_err keep_pools(struct sp_config *fresh, const struct sp_config *running,
                              struct sp_buf *out_kept)
{
    bool is_same = true;
    SP_TRY(are_same_pools(fresh, running, &is_same));
    if (!is_same && (fresh->has_pool_list || running->has_pool_list)) {
        SP_TRY(put_name(out_kept, "azure_code_interpreter.pool", ""));
    }
    fresh->pools = running->pools;
    fresh->pool_count = running->pool_count;
    fresh->has_pool_list = running->has_pool_list;
    return SP_OK;
}

/* The collectors need a restart as well. */
static enum sp_err keep_ships(struct sp_config *fresh, const struct sp_config *running,
                              struct sp_buf *out_kept)
{
    bool is_same = fresh->ship_count == running->ship_count;
    for (size_t i = 0; is_same && i < fresh->ship_count; i++) {
        const struct sp_config_group group = sp_config_ship_group(&fresh->ships[i]);
        for (size_t k = 0; is_same && k < group.count; k++) {
            SP_TRY(is_equal(&fresh->ships[i], &running->ships[i], &group.rows[k], &is_same));
        }
    }
    fresh->ships = running->ships;
    fresh->ship_count = running->ship_count;
    return is_same ? SP_OK : put_name(out_kept, "audit.ship", "");
}

enum sp_err sp_config_merge(struct sp_config *fresh, const struct sp_config *running,
                            struct sp_buf *out_kept)
{
    struct sp_config old = *running;
    struct sp_config_group group = sp_config_main_group(fresh);
    for (size_t i = 0; i < group.count; i++) {
        bool is_same = true;
        if (is_reloadable(&group.rows[i])) {
            continue;
        }
        SP_TRY(is_equal(fresh, &old, &group.rows[i], &is_same));
        if (!is_same) {
            SP_TRY(put_name(out_kept, group.rows[i].table, group.rows[i].key));
        }
        sp_config_row_copy(fresh, &old, &group.rows[i]);
    }
    if (fresh->has_azure != running->has_azure) {
        SP_TRY(put_name(out_kept, "azure_code_interpreter", ""));
    }
    SP_TRY(keep_pools(fresh, running, out_kept));
    SP_TRY(keep_ships(fresh, running, out_kept));
    fresh->has_azure = running->has_azure;
    fresh->azure_place = running->azure_place;
    fresh->state_dir = running->state_dir;
    return SP_OK;
}
