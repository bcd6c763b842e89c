/*
 * ships - [[audit.ship]]: where the log is shipped to.
 *
 * Runs in: supervisor, commands.   Input: the operator's file.   Allocates: never.
 */
#ifndef SP_CONFIG_SHIPS_H
#define SP_CONFIG_SHIPS_H

#include "base/slice.h"
#include "config/config.h"

#define SP_CONFIG_SHIPS_MAX ((size_t)8)

/* Words of the row, in their order. */
enum sp_config_ship_format { SP_CONFIG_SHIP_JSON, SP_CONFIG_SHIP_OCSF };

#define SP_CONFIG_AS_FIELD(kind, table, key, field, lowest, highest, fallback, choices, help)      \
    SP_CONFIG_TYPE_##kind field;
#define SP_CONFIG_AS_INDEX(kind, table, key, field, lowest, highest, fallback, choices, help)      \
    SP_CONFIG_SHIP_AT_##field,
enum sp_config_ship_at { SP_CONFIG_SHIP_ROWS(SP_CONFIG_AS_INDEX) SP_CONFIG_SHIP_COUNT };
struct sp_config_ship {
    SP_CONFIG_SHIP_ROWS(SP_CONFIG_AS_FIELD)
    struct sp_config_place places[SP_CONFIG_SHIP_COUNT];
    struct sp_config_place place;
};
#undef SP_CONFIG_AS_FIELD
#undef SP_CONFIG_AS_INDEX

enum sp_collector_kind {
    SP_COLLECTOR_FILE, /* a file or a pipe */
    SP_COLLECTOR_UNIX, /* a socket of this machine, of datagrams or a stream */
    SP_COLLECTOR_UDP,
    SP_COLLECTOR_TCP,
    SP_COLLECTOR_TLS,
    SP_COLLECTOR_COUNT
};

/* `to`, taken apart: a path, or a host (an IPv6 address without its brackets) and a port. Borrowed. */
struct sp_collector {
    enum sp_collector_kind kind;
    struct sp_slice path;
    struct sp_slice host;
    uint16_t port;
};

/* SP_ERR_INVALID with `*out_why`, a fixed text. */
enum sp_err sp_collector_parse(struct sp_slice to, struct sp_collector *out, const char **out_why)
    SP_MUST_CHECK SP_NONNULL(2, 3);

#endif
