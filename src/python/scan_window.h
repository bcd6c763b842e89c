/*
 * scan_window - what a fixed number of bytes are, which must all be there: the lexer's quick steps look through it.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 */
#ifndef SP_PYTHON_SCAN_WINDOW_H
#define SP_PYTHON_SCAN_WINDOW_H

#include "base/load.h"
#include "python/scan.h"

#define SP_SCAN_WINDOW 64u
#define SP_SCAN_QUOTED 32u

/* Which of the 64 bytes at `at`, which must be there, are of a name in ASCII: the first is the lowest bit. */
static inline uint64_t sp_scan_window(const uint8_t *at)
{
    uint64_t names = 0;
#if SP_SCAN_SIMD
    for (unsigned i = 0; i < SP_SCAN_WINDOW; i += SP_SCAN_STEP) {
        __m128i bytes = sp_scan_load(at + i);
        __m128i letters =
            sp_scan_within(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), (uint8_t)'a', 26);
        __m128i others =
            _mm_or_si128(sp_scan_within(bytes, (uint8_t)'0', 10), sp_scan_equal(bytes, '_'));
        names |= (uint64_t)sp_scan_mask(_mm_or_si128(letters, others)) << i;
    }
#else
    for (unsigned i = 0; i < SP_SCAN_WINDOW; i++) {
        bool is_name = at[i] < 0x80 && sp_scan_is_name(at[i]);
        names |= (uint64_t)is_name << i;
    }
#endif
    return names;
}

/* Which of the 64 bytes at `at` are this one. */
static inline uint64_t sp_scan_window_of(const uint8_t *at, uint8_t byte)
{
    uint64_t found = 0;
#if SP_SCAN_SIMD
    for (unsigned i = 0; i < SP_SCAN_WINDOW; i += SP_SCAN_STEP) {
        found |= (uint64_t)sp_scan_mask(sp_scan_equal(sp_scan_load(at + i), byte)) << i;
    }
#else
    for (unsigned i = 0; i < SP_SCAN_WINDOW; i++) {
        found |= (uint64_t)(at[i] == byte) << i;
    }
#endif
    return found;
}

/* Which of the 64 bytes at `at` are not ASCII. */
static inline uint64_t sp_scan_window_high(const uint8_t *at)
{
    uint64_t found = 0;
#if SP_SCAN_SIMD
    for (unsigned i = 0; i < SP_SCAN_WINDOW; i += SP_SCAN_STEP) {
        found |= (uint64_t)sp_scan_mask(sp_scan_load(at + i)) << i;
    }
#else
    for (unsigned i = 0; i < SP_SCAN_WINDOW; i++) {
        found |= (uint64_t)(at[i] >= 0x80) << i;
    }
#endif
    return found;
}

/* The same as sp_scan_window of fewer bytes, of which no more may be there. */
static inline uint64_t sp_scan_rest(const uint8_t *at, uint32_t len)
{
    uint8_t bytes[SP_SCAN_WINDOW] = {0};
    for (uint32_t i = 0; i < len; i++) {
        bytes[i] = at[i];
    }
    return sp_scan_window(bytes);
}

/*
 * Which of `len` bytes are of a name in ASCII, a bit for each. `out` has room for the bits of whole windows and of one
 * more; what is behind the end is none.
 */
static inline void sp_scan_names(const uint8_t *at, uint32_t len, uint8_t *out)
{
    uint32_t rest = len % SP_SCAN_WINDOW;
    uint32_t whole = len - rest;
    for (uint32_t i = 0; i < whole; i += SP_SCAN_WINDOW) {
        sp_store_bits(out + i / 8, sp_scan_window(at + i));
    }
    uint64_t last = 0;
    if (rest != 0) {
        /* The last window overlaps the one before it, if there is one. */
        last = whole == 0 ? sp_scan_rest(at, rest)
                          : sp_scan_window(at + len - SP_SCAN_WINDOW) >> (SP_SCAN_WINDOW - rest);
    }
    sp_store_bits(out + whole / 8, last);
}

/* How many of the sixteen bytes at `at`, which must be there, are spaces before anything else. */
static inline uint32_t sp_scan_blanks(const uint8_t *at)
{
#if SP_SCAN_SIMD
    return (uint32_t)__builtin_ctz(~sp_scan_mask(sp_scan_equal(sp_scan_load(at), ' ')));
#else
    uint32_t count = 0;
    while (count < SP_SCAN_STEP && at[count] == ' ') {
        count++;
    }
    return count;
#endif
}

/* How many of the 32 bytes at `at`, which must be there, come before a quote, a backslash or a line end. */
static inline uint32_t sp_scan_quoted(const uint8_t *at, uint8_t quote)
{
#if SP_SCAN_SIMD
    uint64_t ends = 1ULL << SP_SCAN_QUOTED;
    for (unsigned i = 0; i < SP_SCAN_QUOTED; i += SP_SCAN_STEP) {
        __m128i bytes = sp_scan_load(at + i);
        __m128i marks =
            _mm_or_si128(_mm_or_si128(sp_scan_equal(bytes, quote), sp_scan_equal(bytes, '\\')),
                         _mm_or_si128(sp_scan_equal(bytes, '\n'), sp_scan_equal(bytes, '\r')));
        ends |= (uint64_t)sp_scan_mask(marks) << i;
    }
    return (uint32_t)__builtin_ctzll(ends);
#else
    uint32_t count = 0;
    while (count < SP_SCAN_QUOTED && at[count] != quote && at[count] != '\\' && at[count] != '\n' &&
           at[count] != '\r') {
        count++;
    }
    return count;
#endif
}

#endif
