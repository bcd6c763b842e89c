/* The tables [[tenant]] and [[organisation]], of which there may be very many: read one by one, found by name. */
#include "config/tenants.h"

#include <stdlib.h>

#include "config/row.h"

#define FIRST_ROOM ((size_t)16)

/* --- by name --- */

static int by_name(const void *a, const void *b)
{
    const struct sp_config_named *left = a;
    const struct sp_config_named *right = b;
    const int order = sp_slice_compare(sp_slice_of(left->name), sp_slice_of(right->name));
    return order != 0 ? order : (left->at > right->at) - (left->at < right->at);
}

size_t sp_config_first_repeated(const struct sp_config_named *named, size_t count)
{
    size_t first = count;
    for (size_t i = 1; i < count; i++) {
        if (sp_slice_is(sp_slice_of(named[i].name), named[i - 1].name) && named[i].at < first) {
            first = named[i].at;
        }
    }
    return first;
}

/* `size` apart stand the pointers to names. */
static enum sp_err sort(const char *const *names, size_t size, size_t count,
                        struct sp_config_named **out)
{
    struct sp_config_named *named = calloc(count + 1, sizeof(*named));
    if (named == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const void *at = (const uint8_t *)(const void *)names + i * size;
        named[i] = (struct sp_config_named){.name = *(const char *const *)at, .at = i};
    }
    qsort(named, count, sizeof(*named), by_name);
    *out = named;
    return SP_OK;
}

static int is_name(const void *key, const void *item)
{
    const struct sp_config_named *named = item;
    const char *name = key;
    return sp_slice_compare(sp_slice_of(name), sp_slice_of(named->name));
}

static const struct sp_config_named *find(const struct sp_config_named *named, size_t count,
                                          const char *name)
{
    return count == 0 ? NULL : bsearch(name, named, count, sizeof(*named), is_name);
}

const struct sp_config_tenant *sp_config_tenant(const struct sp_config *config, const char *name)
{
    const struct sp_config_named *found = find(config->tenants_by_name, config->tenant_count, name);
    return found == NULL ? NULL : &config->tenants[found->at];
}

const struct sp_config_organisation *sp_config_organisation(const struct sp_config *config,
                                                            const char *name)
{
    const struct sp_config_named *found =
        find(config->organisations_by_name, config->organisation_count, name);
    return found == NULL ? NULL : &config->organisations[found->at];
}

/* --- reading --- */

static enum sp_err refuse_array(const struct sp_toml_value *array, const char *name, size_t most,
                                struct sp_where *where)
{
    struct sp_toml_place place = sp_toml_key_place(array);
    sp_where_set(where, place.line, place.column, "%ss are written as [[%s]], at most %zu", name,
                 name, most);
    return SP_ERR_CONFIG;
}

enum sp_err sp_config_begin_tenants(struct sp_config_reading *reading)
{
    return sp_config_set_defaults(reading->config, sp_config_tenant_group(&reading->usual));
}

static enum sp_err reserve(struct sp_config_reading *reading)
{
    struct sp_config *config = reading->config;
    if (config->tenant_count < reading->room) {
        return SP_OK;
    }
    const size_t room = reading->room == 0 ? FIRST_ROOM : 2 * reading->room;
    struct sp_config_tenant *tenants = reallocarray(config->tenants, room, sizeof(*tenants));
    if (tenants == NULL) {
        return SP_ERR_NOMEM;
    }
    config->tenants = tenants;
    reading->room = room;
    return SP_OK;
}

enum sp_err sp_config_add_tenant(void *ctx, const struct sp_toml_value *table)
{
    struct sp_config_reading *reading = ctx;
    struct sp_config *config = reading->config;
    if (config->tenant_count == SP_CONFIG_TENANTS_MAX) {
        struct sp_toml_place place = sp_toml_place(table);
        sp_where_set(reading->where, place.line, place.column, "there are more than %zu tenants",
                     SP_CONFIG_TENANTS_MAX);
        return SP_ERR_CONFIG;
    }
    SP_TRY(reserve(reading));
    struct sp_config_tenant *tenant = &config->tenants[config->tenant_count++];
    *tenant = reading->usual;
    return sp_config_read_element(config, sp_config_tenant_group(tenant), "tenant", table,
                                  reading->where);
}

/* Without any there is one that sets nothing. */
static enum sp_err add_usual(struct sp_config_reading *reading)
{
    SP_TRY(reserve(reading));
    reading->config->tenants[reading->config->tenant_count++] = reading->usual;
    return SP_OK;
}

enum sp_err sp_config_end_tenants(struct sp_config_reading *reading,
                                  const struct sp_toml_value *array)
{
    struct sp_config *config = reading->config;
    if (array != NULL && (sp_toml_type(array) != SP_TOML_ARRAY || sp_toml_count(array) == 0)) {
        return refuse_array(array, "tenant", SP_CONFIG_TENANTS_MAX, reading->where);
    }
    /* Those of an array in brackets; of one in headers none is left. */
    for (const struct sp_toml_value *v = sp_toml_first(array); v != NULL; v = sp_toml_next(v)) {
        SP_TRY(sp_config_add_tenant(reading, v));
    }
    if (config->tenant_count == 0) {
        SP_TRY(add_usual(reading));
    }
    return sort(&config->tenants[0].name, sizeof(config->tenants[0]), config->tenant_count,
                &config->tenants_by_name);
}

enum sp_err sp_config_read_organisations(struct sp_config *config,
                                         const struct sp_toml_value *array, struct sp_where *where)
{
    const size_t count = array == NULL ? 0 : sp_toml_count(array);
    struct sp_config_organisation usual;
    if (array != NULL && (sp_toml_type(array) != SP_TOML_ARRAY || count == 0 ||
                          count > SP_CONFIG_ORGANISATIONS_MAX)) {
        return refuse_array(array, "organisation", SP_CONFIG_ORGANISATIONS_MAX, where);
    }
    config->organisations = calloc(count + 1, sizeof(*config->organisations));
    if (config->organisations == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(sp_config_set_defaults(config, sp_config_organisation_group(&usual)));
    for (const struct sp_toml_value *v = sp_toml_first(array); v != NULL; v = sp_toml_next(v)) {
        struct sp_config_organisation *added = &config->organisations[config->organisation_count++];
        *added = usual;
        SP_TRY(sp_config_read_element(config, sp_config_organisation_group(added), "organisation",
                                      v, where));
    }
    return sort(&config->organisations[0].name, sizeof(config->organisations[0]),
                config->organisation_count, &config->organisations_by_name);
}

void sp_config_forget_tenants(struct sp_config *config)
{
    free(config->tenants);
    free(config->tenants_by_name);
    free(config->organisations);
    free(config->organisations_by_name);
    config->tenants = NULL;
    config->tenants_by_name = NULL;
    config->tenant_count = 0;
    config->organisations = NULL;
    config->organisations_by_name = NULL;
    config->organisation_count = 0;
}
