/*
 * link - one way out: bytes to a collector over a descriptor that is connected, or open, already.
 *
 * Runs in: ship.   Input: hostile (what a collector says, which is thrown away).   Allocates: the message at hand.
 * Never blocks, and asks for the next message only when the last one is on its way, so that nothing piles up. What was
 * written to a stream may still be lost with it: sp_link_is_drained tells when the other side's kernel has it all.
 */
#ifndef SP_SHIP_LINK_H
#define SP_SHIP_LINK_H

#include "base/buf.h"
#include "crypto/tls.h"
#include "ship/syslog.h"
#include "wire/loop.h"

#define SP_LINK_STALL_MS                                                                           \
    ((uint64_t)60 * 1000) /* without a byte on its way, while some wait, it is lost */
#define SP_LINK_HANDSHAKE_MS ((uint64_t)15 * 1000)

struct sp_link;

struct sp_link_how {
    struct sp_loop *loop;
    const struct sp_tls_context *tls; /* NULL: as it is */
    const char *host;                 /* whom the certificate must name; with TLS only */
    void *ctx;

    /* Appends the next message to an empty buffer; false when there is none now. */
    bool (*more)(void *ctx, struct sp_buf *out);

    /* That message is longer than a datagram may be, and dropped. */
    void (*too_long)(void *ctx);

    /* It ended; a fixed text says why. Told once, from the loop; the link may be freed then. */
    void (*lost)(void *ctx, const char *why);
};

/* Takes the descriptor over, also on failure. Its kind is found out: a file, a pipe, a socket of datagrams or a stream. */
enum sp_err sp_link_new(const struct sp_link_how *how, int take_fd, struct sp_link **out)
    SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_link_free(struct sp_link *link);

/* How messages must be framed on it. */
enum sp_framing sp_link_framing(const struct sp_link *link) SP_NONNULL(1);

/* There may be something to send; call it also a few times a second, for what no event tells. */
void sp_link_kick(struct sp_link *link) SP_NONNULL(1);

/* Whether all that was given has left this machine's hands: told by the peer's kernel where there is one that tells. */
bool sp_link_is_drained(const struct sp_link *link) SP_NONNULL(1);

/* Whether what is written may be lost with the connection: streams over a network, and datagrams. */
bool sp_link_is_lossy(const struct sp_link *link) SP_NONNULL(1);

#endif
