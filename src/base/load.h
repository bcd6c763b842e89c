/*
 * load - reads a word from bytes of any alignment, in this machine's order: for hashing and for scanning eight at once;
 *        and sets of bits, whose order in bytes is the same on all machines.
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

/* The same in little-endian order on any machine: the bit for byte or bit 0 is the lowest. */
static inline uint64_t sp_load_bits(const uint8_t *ptr)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return sp_load_u64(ptr);
#else
    return __builtin_bswap64(sp_load_u64(ptr));
#endif
}

static inline void sp_store_bits(uint8_t *ptr, uint64_t word)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    __builtin_memcpy(ptr, &word, sizeof(word));
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
