/*
 * target - the few places that may be connected to at all: the list of the configuration, asked for by number.
 *
 * Runs in: dial.   Input: trusted (settings).   Allocates: copies of the names.
 * Whoever asks names a number, never a host: a taken-over relay cannot make this process call anywhere else.
 */
#ifndef SP_DIAL_TARGET_H
#define SP_DIAL_TARGET_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define SP_DIAL_TARGETS_MAX ((size_t)96)

/* What a connection carries; of a unix socket it may be found out: datagrams are tried first. */
enum sp_dial_kind { SP_DIAL_STREAM, SP_DIAL_DATAGRAM, SP_DIAL_EITHER, SP_DIAL_KINDS };

/* A host and a port, or with port 0 the path of a unix socket. */
struct sp_dial_target {
    char *host;
    uint16_t port;
    enum sp_dial_kind kind;
};

struct sp_dial_targets {
    struct sp_dial_target items[SP_DIAL_TARGETS_MAX];
    size_t count;
};

/* Appends one, of a stream. SP_ERR_FULL, SP_ERR_INVALID for an empty or an overlong name, SP_ERR_NOMEM. */
enum sp_err sp_dial_targets_add(struct sp_dial_targets *targets, struct sp_slice host,
                                uint16_t port) SP_MUST_CHECK SP_NONNULL(1);

/* Of another kind, by its number; SP_ERR_INVALID for one that is none. */
enum sp_err sp_dial_targets_add_kind(struct sp_dial_targets *targets, struct sp_slice host,
                                     uint16_t port, unsigned kind) SP_MUST_CHECK SP_NONNULL(1);

/* SP_ERR_RANGE for a number that was not configured. */
enum sp_err sp_dial_targets_get(const struct sp_dial_targets *targets, unsigned number,
                                const struct sp_dial_target **out) SP_MUST_CHECK SP_NONNULL(1, 3);

void sp_dial_targets_done(struct sp_dial_targets *targets) SP_NONNULL(1);

#endif
