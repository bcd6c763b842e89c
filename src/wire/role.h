/*
 * role - the processes of the house.
 *
 * Runs in: every process.   Allocates: never.
 */
#ifndef SP_WIRE_ROLE_H
#define SP_WIRE_ROLE_H

#include "base/err.h"
#include "base/slice.h"

#define SP_ROLE_LIST(X)                                                                            \
    X(SP_ROLE_SUPERVISOR, "supervisor")                                                            \
    X(SP_ROLE_DOOR, "door")                                                                        \
    X(SP_ROLE_FRONT, "front")                                                                      \
    X(SP_ROLE_ADMIT, "admit")                                                                      \
    X(SP_ROLE_INSPECT, "inspect")                                                                  \
    X(SP_ROLE_AUDIT, "audit")                                                                      \
    X(SP_ROLE_RELAY, "relay")                                                                      \
    X(SP_ROLE_TOKEN, "token")                                                                      \
    X(SP_ROLE_DIAL, "dial")                                                                        \
    X(SP_ROLE_POOL, "pool")                                                                        \
    X(SP_ROLE_NURSERY, "nursery")                                                                  \
    X(SP_ROLE_READER, "reader")                                                                    \
    X(SP_ROLE_SHIP, "ship")                                                                        \
    X(SP_ROLE_CLI, "cli")

enum sp_role {
#define SP_ROLE_AS_ENUM(role, name) role,
    SP_ROLE_LIST(SP_ROLE_AS_ENUM)
#undef SP_ROLE_AS_ENUM
        SP_ROLE_COUNT
};

/* Several processes of one role are told apart by an index from 0. */
#define SP_ROLE_INDEX_MAX 64U

struct sp_peer {
    enum sp_role role;
    unsigned index;
};

const char *sp_role_name(enum sp_role role);

/* SP_ERR_INVALID for a name or a number that is no role. */
enum sp_err sp_role_from_name(struct sp_slice name, enum sp_role *out) SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_role_from_number(unsigned number, enum sp_role *out) SP_MUST_CHECK SP_NONNULL(2);

#endif
