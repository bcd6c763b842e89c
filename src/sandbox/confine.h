/*
 * confine - the way into a process's confinement, and the proof that all of it is in force.
 *
 * Runs in: every role, after init and before its first hostile byte.   Allocates: while the filter is built.
 * Order: descriptors and limits, own user, no capabilities, no_new_privs, Landlock, seccomp. There is no way back.
 */
#ifndef SP_SANDBOX_CONFINE_H
#define SP_SANDBOX_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define SP_CONFINEMENT_TEXT_MAX ((size_t)256)

/* The layers, as bits. A layer that is missing stops the start unless its bit is given up by the configuration. */
#define SP_LAYER_LIST(X)                                                                           \
    X(SP_LAYER_USER, 1U, "uid")                                                                    \
    X(SP_LAYER_CAPABILITIES, 2U, "capabilities")                                                   \
    X(SP_LAYER_NO_NEW_PRIVS, 4U, "no-new-privs")                                                   \
    X(SP_LAYER_LANDLOCK, 8U, "landlock")                                                           \
    X(SP_LAYER_SECCOMP, 16U, "seccomp")                                                            \
    X(SP_LAYER_LIMITS, 32U, "limits")

enum sp_layer {
#define SP_LAYER_AS_ENUM(layer, bit, name) layer = bit,
    SP_LAYER_LIST(SP_LAYER_AS_ENUM)
#undef SP_LAYER_AS_ENUM
};

struct sp_profile;

struct sp_confine_options {
    const struct sp_profile *profile;
    uint32_t uid; /* the user to become when started as root; 0 keeps the present one */
    uint32_t gid;
    int dir_fd; /* the directory that the profile may use (borrowed), -1 when there is none */
    int own_fd; /* a second one, 0 when there is none */
    const uint16_t *ports; /* of a profile that may connect: where to (borrowed); NULL: anywhere */
    size_t port_count;
    unsigned given_up; /* layers that the configuration names as given up */
};

/* What is in force, looked up after the last step. */
struct sp_confinement {
    unsigned layers;
    int landlock_abi;
    unsigned rows;
    char text[SP_CONFINEMENT_TEXT_MAX];
};

/*
 * Applies every layer of the profile. SP_ERR_UNSUPPORTED when one that is not given up is missing; `*out` is filled in
 * also then, so that the caller can say which.
 */
enum sp_err sp_confine(const struct sp_confine_options *options, struct sp_confinement *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The bit of a layer's name; SP_ERR_INVALID for another word. */
enum sp_err sp_layer_from_name(struct sp_slice name, unsigned *out) SP_MUST_CHECK SP_NONNULL(2);

#endif
