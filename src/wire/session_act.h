/*
 * session_act - what a run can do, in the words of policies, and what the witness of a run saw of it.
 *
 * Runs in: pool, and the program sallyport-session.   Input: hostile (a page that native code can write).
 * Allocates: never.
 */
#ifndef SP_WIRE_SESSION_ACT_H
#define SP_WIRE_SESSION_ACT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/reader.h"

/* What a run can do, in the words of policy/capabilities.toml. A bit or a count each, in this order. */
#define SP_ACT_LIST(X)                                                                             \
    X(SP_ACT_PROCESS, "process")                                                                   \
    X(SP_ACT_NETWORK, "network")                                                                   \
    X(SP_ACT_NATIVE, "native")                                                                     \
    X(SP_ACT_FILESYSTEM, "filesystem")                                                             \
    X(SP_ACT_DESERIALIZE, "deserialize")                                                           \
    X(SP_ACT_DYNAMIC_CODE, "dynamic-code")                                                         \
    X(SP_ACT_INTROSPECTION, "introspection")                                                       \
    X(SP_ACT_ENVIRONMENT, "environment")                                                           \
    X(SP_ACT_SHELL_ESCAPE, "shell-escape")

enum sp_act {
#define SP_ACT_AS_ENUM(capability, name) capability,
    SP_ACT_LIST(SP_ACT_AS_ENUM)
#undef SP_ACT_AS_ENUM
        SP_ACT_COUNT
};

const char *sp_act_name(enum sp_act capability);

/* Comma-separated names as bits; SP_ERR_INVALID for a name that is none of them. */
enum sp_err sp_act_bits(struct sp_slice names, uint16_t *out) SP_MUST_CHECK SP_NONNULL(2);

/* The other way round; nothing for no bits. */
enum sp_err sp_act_list(uint16_t bits, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* What the witness of a run saw. */
struct sp_witness {
    bool is_there;    /* a session said it */
    bool is_complete; /* the hook still heard at the end */
    uint32_t denied;  /* bits of the capabilities that were refused at run time */
    uint32_t counts[SP_ACT_COUNT];
};

/* The bytes of a WITNESS frame. */
enum sp_err sp_witness_read(struct sp_slice bytes, struct sp_witness *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
