/*
 * resolve - names to addresses by the hosts file and DNS, remembered for a while.
 *
 * Runs in: dial.   Input: hostile (DNS answers).   Allocates: inside the C library only.
 * A look-up blocks this process, which does nothing else; the resolver's patience is bounded (two servers' tries of two
 * seconds), and an answer serves for a minute, so a slow server is met rarely. When DNS fails, the last good answer
 * stays in use.
 */
#ifndef SP_DIAL_RESOLVE_H
#define SP_DIAL_RESOLVE_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/where.h"
#include "dial/target.h"

#define SP_RESOLVE_ADDRESSES_MAX 8U
#define SP_RESOLVE_GOOD_MS       ((uint64_t)60 * 1000)
#define SP_RESOLVE_BAD_MS        ((uint64_t)5 * 1000)

struct sp_address {
    struct sockaddr_storage bytes;
    socklen_t len;
};

struct sp_addresses {
    struct sp_address items[SP_RESOLVE_ADDRESSES_MAX];
    size_t count;
};

/* What one target's name gave last. Zeroed: never asked. */
struct sp_resolved {
    struct sp_addresses good;
    uint64_t ask_again_ms; /* not before this time */
    enum sp_err last;
};

/*
 * Before confinement: narrows the name services to the two that live inside the C library (nothing is loaded later)
 * and bounds the resolver's patience.
 */
enum sp_err sp_resolve_prepare(void) SP_MUST_CHECK;

/* SP_ERR_POOL_UNAVAILABLE when there is no address; `out_where` says why. */
enum sp_err sp_resolve(const struct sp_dial_target *target, struct sp_resolved *memory,
                       uint64_t now_ms, struct sp_addresses *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(1, 2, 4);

#endif
