/* [[audit.ship]]: where the log is shipped to. */
#include "config/ships.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "config/row.h"

#define LIST_NAME     "audit.ship"
#define HOST_MAX      ((size_t)253)
#define UNIX_PATH_MAX ((size_t)107) /* of a socket's address */
#define UDP_PORT      514U
#define TLS_PORT      6514U

/* --- the address --- */

static const struct scheme {
    const char *prefix;
    enum sp_collector_kind kind;
    uint16_t port; /* when none is given; 0: one must be */
    bool is_path;
} schemes[] = {
    {"file:", SP_COLLECTOR_FILE, 0, true},         {"unix:", SP_COLLECTOR_UNIX, 0, true},
    {"udp://", SP_COLLECTOR_UDP, UDP_PORT, false}, {"tcp://", SP_COLLECTOR_TCP, 0, false},
    {"tls://", SP_COLLECTOR_TLS, TLS_PORT, false},
};

static enum sp_err refuse_text(const char *why, const char **out_why)
{
    *out_why = why;
    return SP_ERR_INVALID;
}

static bool is_host(struct sp_slice host, bool is_bracketed)
{
    for (size_t i = 0; i < host.len; i++) {
        const uint8_t c = host.ptr[i];
        const bool is_fine =
            sp_text_is_alnum(c) || c == '.' || c == '-' || (is_bracketed && (c == ':' || c == '%'));
        if (!is_fine) {
            return false;
        }
    }
    return host.len > 0 && host.len <= HOST_MAX;
}

static enum sp_err parse_path(const struct scheme *scheme, struct sp_slice path,
                              struct sp_collector *out, const char **out_why)
{
    if (path.len == 0 || path.ptr[0] != '/') {
        return refuse_text("must name an absolute path", out_why);
    }
    if (scheme->kind == SP_COLLECTOR_UNIX && path.len > UNIX_PATH_MAX) {
        return refuse_text("names a path that is too long for a socket (at most 107 bytes)",
                           out_why);
    }
    *out = (struct sp_collector){.kind = scheme->kind, .path = path};
    return SP_OK;
}

static enum sp_err parse_host(const struct scheme *scheme, struct sp_slice text,
                              struct sp_collector *out, const char **out_why)
{
    const bool is_bracketed = text.len > 0 && text.ptr[0] == '[';
    const size_t end = sp_slice_find(text, 0, is_bracketed ? ']' : ':');
    const struct sp_slice host =
        is_bracketed ? sp_slice_sub(text, 1, end - 1) : sp_slice_sub(text, 0, end);
    const struct sp_slice rest = sp_slice_sub(text, is_bracketed ? end + 1 : end, text.len);
    uint64_t port = scheme->port;
    if ((is_bracketed && end == text.len) || !is_host(host, is_bracketed)) {
        return refuse_text("needs a host: a name, an IPv4 address, or an IPv6 address in brackets",
                           out_why);
    }
    if (rest.len > 0 && (rest.ptr[0] != ':' || sp_parse_u64(sp_slice_sub(rest, 1, rest.len),
                                                            UINT16_MAX, &port) != SP_OK)) {
        return refuse_text("has something behind the host that is no port", out_why);
    }
    if (port == 0) {
        return refuse_text("needs a port", out_why);
    }
    *out = (struct sp_collector){.kind = scheme->kind, .host = host, .port = (uint16_t)port};
    return SP_OK;
}

enum sp_err sp_collector_parse(struct sp_slice to, struct sp_collector *out, const char **out_why)
{
    *out_why = "";
    for (size_t i = 0; i < SP_COUNT(schemes); i++) {
        if (sp_slice_starts(to, schemes[i].prefix)) {
            const struct sp_slice rest = sp_slice_sub(to, strlen(schemes[i].prefix), to.len);
            return schemes[i].is_path ? parse_path(&schemes[i], rest, out, out_why)
                                      : parse_host(&schemes[i], rest, out, out_why);
        }
    }
    return refuse_text("begins with file:, unix:, udp://, tcp:// or tls://", out_why);
}

/* --- reading --- */

static bool is_list_of_tables(const struct sp_toml_value *list)
{
    if (sp_toml_type(list) != SP_TOML_ARRAY || sp_toml_count(list) == 0 ||
        sp_toml_count(list) > SP_CONFIG_SHIPS_MAX) {
        return false;
    }
    for (const struct sp_toml_value *v = sp_toml_first(list); v != NULL; v = sp_toml_next(v)) {
        if (sp_toml_type(v) != SP_TOML_TABLE) {
            return false;
        }
    }
    return true;
}

enum sp_err sp_config_read_ships(struct sp_config *config, const struct sp_toml_value *audit,
                                 struct sp_where *where)
{
    const struct sp_toml_value *list =
        audit == NULL || sp_toml_type(audit) != SP_TOML_TABLE ? NULL : sp_toml_get(audit, "ship");
    if (list == NULL) {
        return SP_OK;
    }
    if (!is_list_of_tables(list)) {
        const struct sp_toml_place place = sp_toml_key_place(list);
        sp_where_set(where, place.line, place.column, "it is written as [[%s]], at most %zu",
                     LIST_NAME, SP_CONFIG_SHIPS_MAX);
        return SP_ERR_CONFIG;
    }
    config->ships = sp_config_keep(config, SP_CONFIG_SHIPS_MAX * sizeof(*config->ships));
    if (config->ships == NULL) {
        return SP_ERR_NOMEM;
    }
    for (const struct sp_toml_value *v = sp_toml_first(list); v != NULL; v = sp_toml_next(v)) {
        struct sp_config_ship *ship = &config->ships[config->ship_count++];
        const struct sp_toml_place place = sp_toml_place(v);
        ship->place = (struct sp_config_place){place.line, place.column};
        SP_TRY(sp_config_read_group(config, sp_config_ship_group(ship), v, NULL, where));
    }
    return SP_OK;
}

/* --- rules between values --- */

static enum sp_err refuse(const struct sp_config_ship *ship, enum sp_config_ship_at at,
                          const char *reason, struct sp_where *where)
{
    static const char *const keys[] = {
        [SP_CONFIG_SHIP_AT_to] = "to", [SP_CONFIG_SHIP_AT_ca_file] = "ca_file"};
    const struct sp_config_place place =
        ship->places[at].line == 0 ? ship->place : ship->places[at];
    sp_where_set(where, place.line, place.column, "'%s' of [[" LIST_NAME "]] %s", keys[at], reason);
    return SP_ERR_CONFIG;
}

static enum sp_err check_ship(const struct sp_config *config, size_t index, struct sp_where *where)
{
    const struct sp_config_ship *ship = &config->ships[index];
    struct sp_collector collector;
    const char *why = "";
    if (*ship->to == '\0') {
        return refuse(ship, SP_CONFIG_SHIP_AT_to, "is missing", where);
    }
    if (sp_collector_parse(sp_slice_of(ship->to), &collector, &why) != SP_OK) {
        return refuse(ship, SP_CONFIG_SHIP_AT_to, why, where);
    }
    if (*ship->ca_file != '\0' && collector.kind != SP_COLLECTOR_TLS) {
        return refuse(ship, SP_CONFIG_SHIP_AT_ca_file, "is for tls:// only", where);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(config->ships[i].to, ship->to) == 0) {
            return refuse(ship, SP_CONFIG_SHIP_AT_to, "stands there twice", where);
        }
    }
    return SP_OK;
}

enum sp_err sp_config_check_ships(const struct sp_config *config, struct sp_where *where)
{
    for (size_t i = 0; i < config->ship_count; i++) {
        SP_TRY(check_ship(config, i, where));
    }
    return SP_OK;
}
