/*
 * fetch - one request and its answer over a connected descriptor, with TLS or without.
 *
 * Runs in: token.   Input: hostile (the peer's bytes).   Allocates: one object and the answer, up to its bound.
 * The connection serves one exchange; redirects are not followed; the end is told exactly once, from the loop.
 */
#ifndef SP_TOKEN_FETCH_H
#define SP_TOKEN_FETCH_H

#include "base/buf.h"
#include "crypto/tls.h"
#include "wire/loop.h"

struct sp_fetch;

struct sp_fetch_end {
    enum sp_err err; /* SP_OK: an answer came, whatever its status */
    const char *why; /* a fixed text for the operator */
    unsigned status;
    uint64_t retry_after_ms; /* 0: not said, or said as a date */
    struct sp_slice body;    /* lent for the call */
};
typedef void sp_fetch_fn(void *ctx, const struct sp_fetch_end *end);

struct sp_fetch_how {
    struct sp_loop *loop;
    const struct sp_tls_context *tls; /* NULL: plain */
    const char *host;                 /* whom the certificate must name; with TLS only */
    struct sp_slice request;          /* copied, and wiped after it is sent */
    size_t answer_bytes_max;
    uint64_t timeout_ms;
    sp_fetch_fn *fn;
    void *ctx;
};

/* Takes the descriptor over, also on failure. `fn` may free the fetch. */
enum sp_err sp_fetch_new(const struct sp_fetch_how *how, int take_fd, struct sp_fetch **out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Ends it without a word. */
void sp_fetch_free(struct sp_fetch *fetch);

#endif
