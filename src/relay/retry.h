/*
 * retry - how long a run that surely did not start rests before it is offered again.
 *
 * Runs in: relay.   Pure.   Allocates: never.
 */
#ifndef SP_RELAY_RETRY_H
#define SP_RELAY_RETRY_H

#include <stdint.h>

/* Whoever is told to come back later than this is not kept waiting. */
#define SP_RETRY_ALL_MS 20000U

/*
 * Before the next attempt, `attempts` (from 1) having been made: 1, 2, 4 s and no more, of which a random part up to a
 * half is taken off, so that those who failed together do not come back together. What the pool asked for
 * (`retry_after_ms`, 0: nothing) is waited out whole, and a little longer.
 */
uint32_t sp_retry_delay_ms(unsigned attempts, uint32_t retry_after_ms, uint32_t random);

#endif
