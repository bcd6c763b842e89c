#include "api/scope.h"

#define SAYING "the token lacks the scope "

static const struct {
    unsigned scope;
    const char *name;
} rows[] = {
#define AS_ROW(scope, bit, name) {scope, name},
    SP_SCOPE_LIST(AS_ROW)
#undef AS_ROW
};

const char *sp_scope_name(unsigned scope)
{
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        if (rows[i].scope == scope) {
            return rows[i].name;
        }
    }
    return "";
}

enum sp_err sp_scope_from_name(struct sp_slice name, unsigned *out)
{
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        if (sp_slice_is(name, rows[i].name)) {
            *out = rows[i].scope;
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

enum sp_err sp_scopes_parse(struct sp_slice text, unsigned *out)
{
    unsigned scopes = 0;
    size_t at = 0;
    while (at < text.len) {
        const size_t blank = sp_slice_find(text, at, ' ');
        const size_t comma = sp_slice_find(text, at, ',');
        const size_t end = blank < comma ? blank : comma;
        unsigned scope = 0;
        if (end > at) {
            SP_TRY(sp_scope_from_name(sp_slice_sub(text, at, end - at), &scope));
        }
        scopes |= scope;
        at = end + 1;
    }
    if (scopes == 0) {
        return SP_ERR_INVALID;
    }
    *out = scopes;
    return SP_OK;
}

enum sp_err sp_scopes_put(unsigned scopes, const char *between, struct sp_buf *out)
{
    const char *before = "";
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        if ((scopes & rows[i].scope) != 0) {
            SP_TRY(sp_buf_put_text(out, before));
            SP_TRY(sp_buf_put_text(out, rows[i].name));
            before = between;
        }
    }
    return SP_OK;
}

unsigned sp_scope_of_operation(enum sp_operation operation)
{
    switch (operation) {
    case SP_OPERATION_EXECUTE:
    case SP_OPERATION_EXECUTION_GET:
        return SP_SCOPE_EXECUTE;
    case SP_OPERATION_FILE_LIST:
    case SP_OPERATION_FILE_PUT:
    case SP_OPERATION_FILE_GET:
    case SP_OPERATION_FILE_CONTENT:
    case SP_OPERATION_FILE_DELETE:
        return SP_SCOPE_FILES;
    case SP_OPERATION_SESSION_GET:
    case SP_OPERATION_SESSION_DELETE:
    case SP_OPERATION_SESSION_LIST:
        return SP_SCOPE_SESSIONS;
    case SP_OPERATION_AUDIT_READ:
        return SP_SCOPE_AUDIT_READ;
    case SP_OPERATION_METADATA: /* what the pool is like, the same for everybody who is let in */
    case SP_OPERATION_USAGE:    /* the tenant's own numbers */
        return SP_SCOPE_NONE;
    case SP_OPERATION_NONE:
    case SP_OPERATION_COUNT:
        break;
    }
    return SP_SCOPE_ADMIN;
}

void sp_scope_say(unsigned scope, struct sp_where *out)
{
    sp_where_set(out, 0, 0, SAYING "%s", sp_scope_name(scope));
}

struct sp_slice sp_scope_said(struct sp_slice detail)
{
    unsigned scope = 0;
    const struct sp_slice name = sp_slice_sub(detail, sizeof(SAYING) - 1, detail.len);
    const bool is_one =
        sp_slice_starts(detail, SAYING) && sp_scope_from_name(name, &scope) == SP_OK;
    return is_one ? name : sp_slice_make(NULL, 0);
}
