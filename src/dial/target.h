/*
 * target - the few places that may be connected to at all: the list of the configuration, asked for by number.
 *
 * Runs in: dial.   Input: trusted (settings).   Allocates: copies of the names.
 * Whoever asks names a number, never a host, and each number is one asker's: a relay that is taken over reaches the pools
 * and no identity provider, a ship or a token that is reaches no pool.
 */
#ifndef SP_DIAL_TARGET_H
#define SP_DIAL_TARGET_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "wire/role.h"

#define SP_DIAL_TARGETS_MAX ((size_t)96)

/* What a connection carries; of a unix socket it may be found out: datagrams are tried first. */
enum sp_dial_kind { SP_DIAL_STREAM, SP_DIAL_DATAGRAM, SP_DIAL_EITHER, SP_DIAL_KINDS };

/* A host and a port, or with port 0 the path of a unix socket. */
struct sp_dial_target {
    char *host;
    uint16_t port;
    enum sp_dial_kind kind;
    enum sp_role asker; /* who alone may have it connected */
};

/* One that is to be added; `host` is borrowed for the call. */
struct sp_dial_place {
    struct sp_slice host;
    uint16_t port;
    unsigned kind;
    enum sp_role asker;
};

struct sp_dial_targets {
    struct sp_dial_target items[SP_DIAL_TARGETS_MAX];
    size_t count;
};

/* Appends one. SP_ERR_FULL, SP_ERR_INVALID for a kind that is none and an empty or overlong name, SP_ERR_NOMEM. */
enum sp_err sp_dial_targets_add(struct sp_dial_targets *targets, const struct sp_dial_place *place)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* SP_ERR_RANGE for a number that was not configured, or is another asker's. */
enum sp_err sp_dial_targets_get(const struct sp_dial_targets *targets, enum sp_role asker,
                                unsigned number, const struct sp_dial_target **out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

void sp_dial_targets_done(struct sp_dial_targets *targets) SP_NONNULL(1);

#endif
