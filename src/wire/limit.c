#include "wire/limit.h"

static const struct {
    const char *key;
    const char *field;
    uint32_t window_s;
} rows[] = {
#define AS_ROW(limit, key, field, window) [limit] = {(key), (field), (window)},
    SP_LIMIT_LIST(AS_ROW)
#undef AS_ROW
};

enum sp_err sp_limit_from_numbers(unsigned limit, unsigned scope, struct sp_limit_state *out)
{
    if (limit >= SP_LIMIT_COUNT || scope >= SP_LIMIT_SCOPE_COUNT) {
        return SP_ERR_WIRE;
    }
    out->limit = (enum sp_limit)limit;
    out->scope = (enum sp_limit_scope)scope;
    return SP_OK;
}

static enum sp_limit known(enum sp_limit limit)
{
    return (unsigned)limit < SP_LIMIT_COUNT ? limit : SP_LIMIT_NONE;
}

const char *sp_limit_key(enum sp_limit limit)
{
    return rows[known(limit)].key;
}

const char *sp_limit_field(enum sp_limit limit)
{
    return rows[known(limit)].field;
}

uint32_t sp_limit_window_s(enum sp_limit limit)
{
    return rows[known(limit)].window_s;
}

const char *sp_limit_scope_name(enum sp_limit_scope scope)
{
    static const char *const names[] = {"tenant", "organisation", "token"};
    return (unsigned)scope < SP_LIMIT_SCOPE_COUNT ? names[scope] : "tenant";
}
