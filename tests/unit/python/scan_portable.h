/*
 * scan_portable - every scan at one place, by the portable code.
 *
 * Runs in: unit tests.   Allocates: never.
 */
#ifndef TESTS_PYTHON_SCAN_PORTABLE_H
#define TESTS_PYTHON_SCAN_PORTABLE_H

#include <stdint.h>

#define SCANS 7u

struct scan_all {
    uint64_t names;
    uint64_t quotes;
    uint64_t high; /* bytes that are not ASCII */
    const uint8_t *ends[SCANS];
    uint8_t all[2]; /* whether a byte was not ASCII */
};

/* At least 64 bytes must be there. */
struct scan_all scan_portable(const uint8_t *at, const uint8_t *end);

#endif
