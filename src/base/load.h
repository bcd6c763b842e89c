/*
 * load - reads a word from bytes of any alignment, in this machine's order: for hashing and for scanning eight at once.
 *
 * Runs in: every process.   Allocates: never.
 * The caller has checked that eight bytes are there.
 */
#ifndef SP_BASE_LOAD_H
#define SP_BASE_LOAD_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t sp_load_u64(const uint8_t *ptr)
{
    uint64_t word = 0;
    __builtin_memcpy(&word, ptr, sizeof(word));
    return word;
}

/* Of a word that was read, its first `len` bytes, 1 to 8: two are equal when those bytes are. */
static inline uint64_t sp_load_first(uint64_t word, size_t len)
{
    unsigned others = (unsigned)(64U - 8U * len) % 64U;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return word << others;
#else
    return word >> others;
#endif
}

#endif
