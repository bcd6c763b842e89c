#include "relay/rendezvous.h"

#include "crypto/hash.h"

#define FRACTION_BITS 32

enum sp_err sp_rendezvous_key(struct sp_slice name, uint64_t *out)
{
    uint8_t digest[SP_SHA256_BYTES];
    uint64_t key = 0;
    SP_TRY(sp_sha256(name, digest));
    for (size_t i = 0; i < sizeof(key); i++) {
        key = key << 8 | digest[i];
    }
    *out = key == 0 ? 1 : key;
    return SP_OK;
}

/* Every bit of both inputs moves every bit of the result (the finalizer of splitmix64, twice). */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a;
    for (unsigned round = 0; round < 2; round++) {
        x ^= x >> 30;
        x *= 0xBF58476D1CE4E5B9U;
        x ^= x >> 27;
        x *= 0x94D049BB133111EBU;
        x ^= x >> 31;
        x += round == 0 ? b : 0;
    }
    return x;
}

/*
 * -log2(x / 2^64) in 32.32 fixed point. The whole part is the count of leading zeros; squaring what is left of the
 * number shows one further bit of its logarithm at a time.
 */
static uint64_t minus_log2(uint64_t x)
{
    unsigned zeros = x == 0 ? 63U : (unsigned)__builtin_clzll(x);
    uint64_t m = (x << zeros) >> 32; /* in [2^31, 2^32): the number in [1, 2) */
    uint64_t fraction = 0;
    for (unsigned bit = 0; bit < FRACTION_BITS; bit++) {
        m = (m * m) >> 31;
        fraction <<= 1;
        if (m >> 32 != 0) {
            fraction |= 1;
            m >>= 1;
        }
    }
    return ((uint64_t)(zeros + 1) << FRACTION_BITS) - fraction;
}

void sp_rendezvous_order(const struct sp_rendezvous *pools, size_t count, uint64_t session,
                         uint8_t *out_order)
{
    uint64_t cost[UINT8_MAX];
    for (size_t i = 0; i < count; i++) {
        cost[i] = minus_log2(mix(session, pools[i].key));
        size_t at = i;
        /* cost / weight, compared without a division: 39 bits by 10 */
        while (at > 0 && cost[i] * pools[out_order[at - 1]].weight <
                             cost[out_order[at - 1]] * pools[i].weight) {
            out_order[at] = out_order[at - 1];
            at--;
        }
        out_order[at] = (uint8_t)i;
    }
}
