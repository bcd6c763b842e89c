/*
 * breaker - whether a pool that failed again and again is asked at all.
 *
 * Runs in: relay.   Pure: it reads no clock.   Allocates: never.
 * Shut while all is well: requests pass. After so many failures in a row it opens, and nothing passes for a time; then
 * one request may try. If that one succeeds the breaker is shut again, if it fails it stays open for twice the time.
 * A request that fails by what its session does is no failure of the pool: failures of one session in a row count once.
 */
#ifndef SP_RELAY_BREAKER_H
#define SP_RELAY_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define SP_BREAKER_FIRST_MS 1000U
#define SP_BREAKER_LAST_MS  30000U

struct sp_breaker {
    uint32_t failures_max; /* 0: it never opens */
    uint32_t failures;     /* in a row */
    uint64_t last_session; /* whose failure was counted last; 0: of none */
    uint64_t open_until_us;
    uint32_t open_ms; /* for how long it opened last */
    bool is_open;
    bool is_tried; /* open, and one request is out to try */
};

void sp_breaker_init(struct sp_breaker *breaker, uint32_t failures_max) SP_NONNULL(1);

/* Whether a request may go now. The caller says sp_breaker_try when it goes. */
bool sp_breaker_passes(const struct sp_breaker *breaker, uint64_t now_us) SP_NONNULL(1);

/* A request goes. True when it is the one that tries an open breaker: it must come to one of the three below. */
bool sp_breaker_try(struct sp_breaker *breaker) SP_NONNULL(1);

/* The pool answered. True when the breaker was open and is shut now. */
bool sp_breaker_good(struct sp_breaker *breaker) SP_NONNULL(1);

/*
 * The pool failed: `session` is the one that a request was for, 0 when no session can be the reason. True when the
 * breaker opened, or stays open for longer.
 */
bool sp_breaker_failed(struct sp_breaker *breaker, uint64_t session, uint64_t now_us) SP_NONNULL(1);

/* The request that tried came to nothing that says anything of the pool. */
void sp_breaker_untried(struct sp_breaker *breaker) SP_NONNULL(1);

/* How long a client that is turned away should stay away; at least a second. */
uint32_t sp_breaker_wait_ms(const struct sp_breaker *breaker, uint64_t now_us) SP_NONNULL(1);

#endif
