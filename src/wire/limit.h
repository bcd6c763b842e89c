/*
 * limit - which quota is spoken of, and how much of it is left, as rooms tell each other and front tells a client.
 *
 * Runs in: every room.   Allocates: never.
 */
#ifndef SP_WIRE_LIMIT_H
#define SP_WIRE_LIMIT_H

#include <stdint.h>

#include "base/err.h"

/*         constant               key of the configuration   name in RateLimit fields   window in seconds, 0: none */
#define SP_LIMIT_LIST(X)                                                                           \
    X(SP_LIMIT_NONE, "none", "none", 0)                                                            \
    X(SP_LIMIT_REQUESTS, "requests_per_minute", "requests", 60)                                    \
    X(SP_LIMIT_RUNS, "concurrent_runs", "concurrent-runs", 0)                                      \
    X(SP_LIMIT_SESSIONS, "sessions", "sessions", 0)                                                \
    X(SP_LIMIT_RUN_TIME, "run_seconds_per_day", "run-seconds", 86400)                              \
    X(SP_LIMIT_CODE, "code_bytes_per_day", "code-bytes", 86400)                                    \
    X(SP_LIMIT_UPLOAD, "upload_bytes_per_day", "upload-bytes", 86400)

enum sp_limit {
#define SP_LIMIT_AS_ENUM(limit, key, field, window) limit,
    SP_LIMIT_LIST(SP_LIMIT_AS_ENUM)
#undef SP_LIMIT_AS_ENUM
        SP_LIMIT_COUNT
};

/* Whose limit it is: of the organisation, of the tenant, of the one token. */
enum sp_limit_scope {
    SP_LIMIT_OF_TENANT,
    SP_LIMIT_OF_ORGANISATION,
    SP_LIMIT_OF_TOKEN,
    SP_LIMIT_SCOPE_COUNT
};

/* In the units of the configuration: requests, runs, sessions, seconds, bytes. */
struct sp_limit_state {
    enum sp_limit limit;
    enum sp_limit_scope scope;
    uint64_t size;
    uint64_t left;
    uint32_t reset_s; /* when more of it is free */
};

/* The same as fields of a message: SP_LIMIT_NONE where nothing is told. */
#define SP_MSG_LIMIT_FIELDS(F)                                                                     \
    F(U8, limit, 0)                                                                                \
    F(U8, limit_scope, 0)                                                                          \
    F(U64, limit_size, 0)                                                                          \
    F(U64, limit_left, 0)                                                                          \
    F(U32, limit_reset_s, 0)

/* From one message to another, and into one. */
#define SP_LIMIT_COPY(to, from)                                                                    \
    do {                                                                                           \
        (to)->limit = (from)->limit;                                                               \
        (to)->limit_scope = (from)->limit_scope;                                                   \
        (to)->limit_size = (from)->limit_size;                                                     \
        (to)->limit_left = (from)->limit_left;                                                     \
        (to)->limit_reset_s = (from)->limit_reset_s;                                               \
    } while (0)
#define SP_LIMIT_SET(to, state)                                                                    \
    do {                                                                                           \
        (to)->limit = (uint8_t)(state)->limit;                                                     \
        (to)->limit_scope = (uint8_t)(state)->scope;                                               \
        (to)->limit_size = (state)->size;                                                          \
        (to)->limit_left = (state)->left;                                                          \
        (to)->limit_reset_s = (state)->reset_s;                                                    \
    } while (0)

/* SP_ERR_WIRE for numbers that name nothing. */
enum sp_err sp_limit_from_numbers(unsigned limit, unsigned scope, struct sp_limit_state *out)
    SP_MUST_CHECK SP_NONNULL(3);

const char *sp_limit_key(enum sp_limit limit);
const char *sp_limit_field(enum sp_limit limit);
uint32_t sp_limit_window_s(enum sp_limit limit);
const char *sp_limit_scope_name(enum sp_limit_scope scope);

#endif
