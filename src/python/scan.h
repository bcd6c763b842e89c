/*
 * scan - how far a run of bytes goes: names, strings, comments, spaces. Sixteen bytes a step where the machine can.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Each function looks at bytes from `at` up to `end` and answers where the run ends. It reads no byte at or behind `end`.
 */
#ifndef SP_PYTHON_SCAN_H
#define SP_PYTHON_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/* A test asks for the portable half by itself, to hold one against the other. */
#if defined(__SSE2__) && !defined(SP_SCAN_PORTABLE)
#define SP_SCAN_SIMD 1
#include <emmintrin.h>
#else
#define SP_SCAN_SIMD 0
#endif

#define SP_SCAN_STEP 16u

/* One byte of a name: a letter, a digit, an underscore, or part of a character that is not ASCII. */
static inline bool sp_scan_is_name(uint8_t byte)
{
    uint8_t letter = (uint8_t)((byte | 0x20U) - 'a');
    uint8_t digit = (uint8_t)(byte - '0');
    return letter < 26 || digit < 10 || byte == '_' || byte >= 0x80;
}

#if SP_SCAN_SIMD
static inline __m128i sp_scan_load(const uint8_t *ptr)
{
    return _mm_loadu_si128((const __m128i *)(const void *)ptr);
}

static inline __m128i sp_scan_equal(__m128i bytes, uint8_t byte)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)byte));
}

/* Bytes that are at least `first` and fewer than `count` behind it: moved to where signed bytes begin, the smallest. */
static inline __m128i sp_scan_within(__m128i bytes, uint8_t first, uint8_t count)
{
    __m128i behind = _mm_sub_epi8(bytes, _mm_set1_epi8((char)(first + 0x80U)));
    return _mm_cmplt_epi8(behind, _mm_set1_epi8((char)(count + 0x80U)));
}

static inline uint32_t sp_scan_mask(__m128i bytes)
{
    return (uint32_t)_mm_movemask_epi8(bytes);
}
#endif

/* The end of a name; `*out_all` is not below 0x80 when a byte of it is not ASCII. */
static inline const uint8_t *sp_scan_name(const uint8_t *at, const uint8_t *end, uint8_t *out_all)
{
    uint8_t all = 0;
#if SP_SCAN_SIMD
    while (end - at >= (long)SP_SCAN_STEP) {
        __m128i bytes = sp_scan_load(at);
        __m128i letters =
            sp_scan_within(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), (uint8_t)'a', 26);
        __m128i others =
            _mm_or_si128(sp_scan_within(bytes, (uint8_t)'0', 10), sp_scan_equal(bytes, '_'));
        uint32_t high = sp_scan_mask(bytes);
        uint32_t ends = ~(sp_scan_mask(_mm_or_si128(letters, others)) | high) & 0xFFFFU;
        if (ends != 0) {
            unsigned len = (unsigned)__builtin_ctz(ends);
            *out_all = (high & ((1U << len) - 1U)) != 0 ? 0x80 : all;
            return at + len;
        }
        all |= high != 0 ? 0x80 : 0;
        at += SP_SCAN_STEP;
    }
#endif
    while (at < end && sp_scan_is_name(*at)) {
        all |= *at;
        at++;
    }
    *out_all = all;
    return at;
}

/* The end of spaces. */
static inline const uint8_t *sp_scan_spaces(const uint8_t *at, const uint8_t *end)
{
#if SP_SCAN_SIMD
    while (end - at >= (long)SP_SCAN_STEP) {
        uint32_t others = ~sp_scan_mask(sp_scan_equal(sp_scan_load(at), ' ')) & 0xFFFFU;
        if (others != 0) {
            return at + __builtin_ctz(others);
        }
        at += SP_SCAN_STEP;
    }
#endif
    while (at < end && *at == ' ') {
        at++;
    }
    return at;
}

/* The end of a line: LF or CR. */
static inline const uint8_t *sp_scan_line(const uint8_t *at, const uint8_t *end)
{
#if SP_SCAN_SIMD
    while (end - at >= (long)SP_SCAN_STEP) {
        __m128i bytes = sp_scan_load(at);
        uint32_t ends =
            sp_scan_mask(_mm_or_si128(sp_scan_equal(bytes, '\n'), sp_scan_equal(bytes, '\r')));
        if (ends != 0) {
            return at + __builtin_ctz(ends);
        }
        at += SP_SCAN_STEP;
    }
#endif
    while (at < end && *at != '\n' && *at != '\r') {
        at++;
    }
    return at;
}

/* What matters in a string: its quote, a backslash, a line end. `*all` gathers bytes that are not ASCII. */
static inline const uint8_t *sp_scan_string(const uint8_t *at, const uint8_t *end, uint8_t quote,
                                            uint8_t *all)
{
#if SP_SCAN_SIMD
    while (end - at >= (long)SP_SCAN_STEP) {
        __m128i bytes = sp_scan_load(at);
        __m128i marks =
            _mm_or_si128(_mm_or_si128(sp_scan_equal(bytes, quote), sp_scan_equal(bytes, '\\')),
                         _mm_or_si128(sp_scan_equal(bytes, '\n'), sp_scan_equal(bytes, '\r')));
        uint32_t ends = sp_scan_mask(marks);
        uint32_t high = sp_scan_mask(bytes);
        if (ends != 0) {
            unsigned len = (unsigned)__builtin_ctz(ends);
            *all |= (high & ((1U << len) - 1U)) != 0 ? 0x80 : 0;
            return at + len;
        }
        *all |= high != 0 ? 0x80 : 0;
        at += SP_SCAN_STEP;
    }
#endif
    while (at < end && *at != quote && *at != '\\' && *at != '\n' && *at != '\r') {
        *all |= *at;
        at++;
    }
    return at;
}

/* The end of plain ASCII without NUL. */
static inline const uint8_t *sp_scan_ascii(const uint8_t *at, const uint8_t *end)
{
#if SP_SCAN_SIMD
    while (end - at >= (long)(4 * SP_SCAN_STEP)) {
        __m128i a = sp_scan_load(at);
        __m128i b = sp_scan_load(at + SP_SCAN_STEP);
        __m128i c = sp_scan_load(at + 2 * SP_SCAN_STEP);
        __m128i d = sp_scan_load(at + 3 * SP_SCAN_STEP);
        __m128i any = _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
        __m128i least = _mm_min_epu8(_mm_min_epu8(a, b), _mm_min_epu8(c, d));
        if (sp_scan_mask(_mm_or_si128(any, sp_scan_equal(least, 0))) != 0) {
            break;
        }
        at += 4 * SP_SCAN_STEP;
    }
    while (end - at >= (long)SP_SCAN_STEP) {
        __m128i bytes = sp_scan_load(at);
        uint32_t bad = sp_scan_mask(bytes) | sp_scan_mask(sp_scan_equal(bytes, 0));
        if (bad != 0) {
            return at + __builtin_ctz(bad);
        }
        at += SP_SCAN_STEP;
    }
#endif
    while (at < end && *at != 0 && *at < 0x80) {
        at++;
    }
    return at;
}

#endif
