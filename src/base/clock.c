#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t now_us(clockid_t clock)
{
    struct timespec at = {0, 0};
    (void)clock_gettime(clock, &at);
    return (uint64_t)at.tv_sec * 1000000U + (uint64_t)at.tv_nsec / 1000U;
}

uint64_t sp_clock_mono_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

uint64_t sp_clock_mono_ms(void)
{
    return now_us(CLOCK_MONOTONIC) / 1000U;
}

uint64_t sp_clock_wall_us(void)
{
    return now_us(CLOCK_REALTIME);
}

/* Days since 1970-01-01 to a civil date: Howard Hinnant's published derivation, over eras of 400 years from March. */
static void civil(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    uint64_t z = days + 719468;
    uint64_t era = z / 146097;
    uint64_t doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint64_t mp = (5 * doy + 2) / 153;
    *day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    *month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    *year = (unsigned)(yoe + era * 400 + (*month <= 2 ? 1 : 0));
}

void sp_clock_rfc3339(uint64_t wall_us, char out[SP_CLOCK_RFC3339_BYTES])
{
    const uint64_t last_us = 253402300799999999U; /* the end of the year 9999 */
    uint64_t at = wall_us > last_us ? last_us : wall_us;
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    civil(at / 86400000000U, &year, &month, &day);
    unsigned in_day = (unsigned)(at / 1000000U % 86400U);
    (void)snprintf(out, SP_CLOCK_RFC3339_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", year % 10000U, month % 100U,
                   day % 100U, in_day / 3600U, in_day / 60U % 60U, in_day % 60U, (unsigned)(at % 1000000U));
}
