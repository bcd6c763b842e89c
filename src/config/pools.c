/* The session pools of [azure_code_interpreter]: `pool_endpoint`, or a list of several. */
#include "base/text.h"
#include "codec/url.h"
#include "config/row.h"

#define LIST_NAME "azure_code_interpreter.pool"

static enum sp_err refuse(struct sp_where *where, struct sp_config_place place, const char *reason)
{
    sp_where_set(where, place.line, place.column, "%s", reason);
    return SP_ERR_CONFIG;
}

/* --- reading --- */

static struct sp_config_place place_of(const struct sp_toml_value *value)
{
    const struct sp_toml_place place = sp_toml_place(value);
    return (struct sp_config_place){place.line, place.column};
}

/* `pool_endpoint` is a list of one. */
static enum sp_err read_one(struct sp_config *config, struct sp_where *where)
{
    struct sp_config_pool *pool = &config->pools[config->pool_count++];
    SP_TRY(sp_config_read_group(config, sp_config_pool_group(pool), NULL, NULL, where));
    pool->endpoint = config->azure_pool_endpoint;
    pool->place = config->places[SP_CONFIG_AT_azure_pool_endpoint];
    return SP_OK;
}

static bool is_list_of_tables(const struct sp_toml_value *list)
{
    if (sp_toml_type(list) != SP_TOML_ARRAY || sp_toml_count(list) == 0 ||
        sp_toml_count(list) > SP_CONFIG_POOLS_MAX) {
        return false;
    }
    for (const struct sp_toml_value *v = sp_toml_first(list); v != NULL; v = sp_toml_next(v)) {
        if (sp_toml_type(v) != SP_TOML_TABLE) {
            return false;
        }
    }
    return true;
}

enum sp_err sp_config_read_pools(struct sp_config *config, const struct sp_toml_value *azure,
                                 struct sp_where *where)
{
    const struct sp_toml_value *list = azure == NULL ? NULL : sp_toml_get(azure, "pool");
    if (azure == NULL) {
        return SP_OK;
    }
    config->pools = sp_config_keep(config, SP_CONFIG_POOLS_MAX * sizeof(*config->pools));
    if (config->pools == NULL) {
        return SP_ERR_NOMEM;
    }
    if (list == NULL) {
        return read_one(config, where);
    }
    if (!is_list_of_tables(list)) {
        const struct sp_toml_place place = sp_toml_key_place(list);
        sp_where_set(where, place.line, place.column, "it is written as [[%s]], at most %zu",
                     LIST_NAME, SP_CONFIG_POOLS_MAX);
        return SP_ERR_CONFIG;
    }
    config->has_pool_list = true;
    for (const struct sp_toml_value *v = sp_toml_first(list); v != NULL; v = sp_toml_next(v)) {
        struct sp_config_pool *pool = &config->pools[config->pool_count++];
        pool->place = place_of(v);
        SP_TRY(sp_config_read_group(config, sp_config_pool_group(pool), v, NULL, where));
    }
    return SP_OK;
}

struct sp_slice sp_config_pool_name(const struct sp_config_pool *pool)
{
    struct sp_url url;
    if (pool->name[0] != '\0') {
        return sp_slice_of(pool->name);
    }
    return sp_url_parse(sp_slice_of(pool->endpoint), &url) == SP_OK ? url.host
                                                                    : (struct sp_slice){NULL, 0};
}

/* --- rules between values --- */

static bool is_name(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (!sp_text_is_alnum((uint8_t)*at) && *at != '.' && *at != '-' && *at != '_') {
            return false;
        }
    }
    return true;
}

static enum sp_err refuse_endpoint(const struct sp_config *c, const struct sp_config_pool *pool,
                                   const char *reason, struct sp_where *where)
{
    const struct sp_config_place given = pool->places[SP_CONFIG_POOL_AT_endpoint];
    const struct sp_config_place place = given.line == 0 ? pool->place : given;
    sp_where_set(where, place.line, place.column, "'%s' %s",
                 c->has_pool_list ? "endpoint" : "pool_endpoint", reason);
    return SP_ERR_CONFIG;
}

static enum sp_err check_endpoint(const struct sp_config *c, const struct sp_config_pool *pool,
                                  struct sp_where *where)
{
    struct sp_url url;
    if (sp_url_parse(sp_slice_of(pool->endpoint), &url) != SP_OK) {
        return refuse_endpoint(c, pool, "is not an absolute URL with a host", where);
    }
    if (url.has_query) {
        return refuse_endpoint(c, pool, "must have no query", where);
    }
    if (!url.is_https && !sp_url_host_is_loopback(url.host)) {
        return refuse_endpoint(c, pool, "must be https (http only for this machine)", where);
    }
    return SP_OK;
}

static enum sp_err check_pool(const struct sp_config *c, size_t index, struct sp_where *where)
{
    const struct sp_config_pool *pool = &c->pools[index];
    SP_TRY(check_endpoint(c, pool, where));
    if (!is_name(pool->name)) {
        return refuse(where, pool->places[SP_CONFIG_POOL_AT_name],
                      "a pool's name has only letters, digits, '.', '-' and '_'");
    }
    for (size_t i = 0; i < index; i++) {
        if (sp_slice_equal(sp_config_pool_name(pool), sp_config_pool_name(&c->pools[i]))) {
            return refuse(where, pool->place,
                          "two pools have this name, or this host and no name: give each a 'name'");
        }
    }
    return SP_OK;
}

enum sp_err sp_config_check_pools(const struct sp_config *config, struct sp_where *where)
{
    bool has_one = *config->azure_pool_endpoint != '\0';
    if (!has_one && !config->has_pool_list) {
        return refuse(where, config->azure_place,
                      "[azure_code_interpreter] needs a 'pool_endpoint', or [[" LIST_NAME
                      "]] for several");
    }
    if (has_one && config->has_pool_list) {
        return refuse(where, config->places[SP_CONFIG_AT_azure_pool_endpoint],
                      "'pool_endpoint' and [[" LIST_NAME "]] exclude each other");
    }
    for (size_t i = 0; i < config->pool_count; i++) {
        SP_TRY(check_pool(config, i, where));
    }
    return SP_OK;
}
