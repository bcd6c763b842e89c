/*
 * load - reads a word from bytes of any alignment, in this machine's order: for hashing and for scanning eight at once.
 *
 * Runs in: every process.   Allocates: never.
 * The caller has checked that eight bytes are there.
 */
#ifndef SP_BASE_LOAD_H
#define SP_BASE_LOAD_H

#include <stdint.h>

static inline uint64_t sp_load_u64(const uint8_t *ptr)
{
    uint64_t word = 0;
    __builtin_memcpy(&word, ptr, sizeof(word));
    return word;
}

#endif
