/*
 * exchange - one request and its answer: a number with a generation.
 *
 * Runs in: every room.   Allocates: never.
 * The low 16 bits are a slot that is used again, the upper 48 a generation that never is: the supervisor's count of
 * starts of front stands in its upper 16 bits, so a new front cannot meet an old one's exchanges.
 */
#ifndef SP_WIRE_EXCHANGE_H
#define SP_WIRE_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t sp_exchange; /* a scalar of its own name, so that signatures say what they take */

#define SP_EXCHANGE_SLOTS ((size_t)4096)

static inline size_t sp_exchange_slot(sp_exchange exchange)
{
    return (size_t)(exchange & 0xFFFFU);
}

static inline sp_exchange sp_exchange_make(size_t slot, uint64_t generation)
{
    return generation << 16 | (slot & 0xFFFFU);
}

/* How an exchange ended for the pool. Zero is the safe reading: it may have run. */
enum sp_end { SP_END_UNKNOWN, SP_END_NOT_STARTED, SP_END_DONE, SP_END_COUNT };

/* Zero is deny. */
enum sp_verdict { SP_VERDICT_DENY, SP_VERDICT_ALLOW, SP_VERDICT_COUNT };

#endif
