/*
 * clock - the two times there are: one that only goes forward, and the one on the wall.
 *
 * Runs in: every process.   Allocates: never.
 */
#ifndef SP_BASE_CLOCK_H
#define SP_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"

/* Since an arbitrary start; never set back (CLOCK_MONOTONIC). */
uint64_t sp_clock_mono_us(void);
uint64_t sp_clock_mono_ms(void);

/* Since 1970-01-01T00:00:00Z (CLOCK_REALTIME). */
uint64_t sp_clock_wall_us(void);

#define SP_CLOCK_RFC3339_BYTES ((size_t)28)

/* Writes "2026-11-22T10:00:00.000000Z" and a NUL; proleptic Gregorian, years 1970 to 9999. */
void sp_clock_rfc3339(uint64_t wall_us, char out[SP_CLOCK_RFC3339_BYTES]) SP_NONNULL(2);

#define SP_CLOCK_HTTP_BYTES ((size_t)30)

/* Writes "Sun, 22 Nov 2026 10:00:00 GMT" and a NUL, as RFC 9110 has it (section 5.6.7). */
void sp_clock_http(uint64_t wall_us, char out[SP_CLOCK_HTTP_BYTES]) SP_NONNULL(2);

/* Reads exactly what sp_clock_rfc3339 writes; SP_ERR_INVALID for anything else. */
enum sp_err sp_clock_from_rfc3339(struct sp_slice text, uint64_t *out_wall_us)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
