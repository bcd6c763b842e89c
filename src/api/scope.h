/*
 * scope - what a credential may be used for, and which scope each operation needs.
 *
 * Runs in: admit, front, commands.   Input: hostile (names in tokens).   Allocates: through the caller's buffer.
 */
#ifndef SP_API_SCOPE_H
#define SP_API_SCOPE_H

#include "api/route.h"

/* Bits; what is stored are the names. */
#define SP_SCOPE_LIST(X)                                                                           \
    X(SP_SCOPE_EXECUTE, 1U, "execute")                                                             \
    X(SP_SCOPE_FILES, 2U, "files")                                                                 \
    X(SP_SCOPE_SESSIONS, 4U, "sessions")                                                           \
    X(SP_SCOPE_AUDIT_READ, 8U, "audit:read")                                                       \
    X(SP_SCOPE_ADMIN, 16U, "admin")

enum sp_scope {
    SP_SCOPE_NONE = 0,
#define SP_SCOPE_AS_ENUM(scope, bit, name) scope = bit,
    SP_SCOPE_LIST(SP_SCOPE_AS_ENUM)
#undef SP_SCOPE_AS_ENUM
};

/* What a new token may do unless something else is asked for; and all there is. */
#define SP_SCOPES_USUAL                                                                            \
    ((unsigned)SP_SCOPE_EXECUTE | (unsigned)SP_SCOPE_FILES | (unsigned)SP_SCOPE_SESSIONS)
#define SP_SCOPES_ALL      (SP_SCOPES_USUAL | (unsigned)SP_SCOPE_AUDIT_READ | (unsigned)SP_SCOPE_ADMIN)

/* The longest text that sp_scopes_put writes. */
#define SP_SCOPES_TEXT_MAX ((size_t)64)

/* "files" for SP_SCOPE_FILES, "" for anything that is not one scope. */
const char *sp_scope_name(unsigned scope);

/* SP_ERR_INVALID for an unknown name. */
enum sp_err sp_scope_from_name(struct sp_slice name, unsigned *out) SP_MUST_CHECK SP_NONNULL(2);

/* Names with blanks or commas between; SP_ERR_INVALID for none, or for one that is unknown. */
enum sp_err sp_scopes_parse(struct sp_slice text, unsigned *out) SP_MUST_CHECK SP_NONNULL(2);

/* Appends the names with `between` between them. */
enum sp_err sp_scopes_put(unsigned scopes, const char *between, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* The scope that an operation needs; SP_SCOPE_NONE where any credential will do, SP_SCOPE_ADMIN for what is unknown. */
unsigned sp_scope_of_operation(enum sp_operation operation);

/* What to tell whoever lacks a scope, and the name in such a text; empty when there is none. */
void sp_scope_say(unsigned scope, struct sp_where *out) SP_NONNULL(2);
struct sp_slice sp_scope_said(struct sp_slice detail);

#endif
