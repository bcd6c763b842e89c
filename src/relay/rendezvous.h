/*
 * rendezvous - which of several pools a session belongs to: weighted rendezvous hashing.
 *
 * Runs in: relay.   Pure.   Allocates: never.
 * Each pool draws a number for each session, by hashing both, and the session belongs to the one whose number is best
 * for its weight. A pool that is added or removed moves only the sessions that it gets or had. Whole numbers only, so
 * that every replica on every machine comes to the same.
 */
#ifndef SP_RELAY_RENDEZVOUS_H
#define SP_RELAY_RENDEZVOUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define SP_RENDEZVOUS_WEIGHT_MAX 1000U

struct sp_rendezvous {
    uint64_t key;    /* of the pool's name, see below */
    uint32_t weight; /* 1 to SP_RENDEZVOUS_WEIGHT_MAX */
};

/* The number that stands for a name, never 0; of a pool or of a session. */
enum sp_err sp_rendezvous_key(struct sp_slice name, uint64_t *out) SP_MUST_CHECK SP_NONNULL(2);

/* The pools' indices, best first. */
void sp_rendezvous_order(const struct sp_rendezvous *pools, size_t count, uint64_t session,
                         uint8_t *out_order) SP_NONNULL(1, 4);

#endif
