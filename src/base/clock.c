#include "base/clock.h"

#include <time.h>

#include "base/text.h"

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

/* `width` digits at `to`, and what stands behind them. */
static char *put_digits(char *to, unsigned value, unsigned width, char behind)
{
    for (unsigned i = width; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10U);
        value /= 10U;
    }
    to[width] = behind;
    return to + width + 1;
}

static uint64_t at_most_9999(uint64_t wall_us)
{
    const uint64_t last_us = 253402300799999999U; /* the end of the year 9999 */
    return wall_us > last_us ? last_us : wall_us;
}

void sp_clock_rfc3339(uint64_t wall_us, char out[SP_CLOCK_RFC3339_BYTES])
{
    const uint64_t at = at_most_9999(wall_us);
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    civil(at / 86400000000U, &year, &month, &day);
    unsigned in_day = (unsigned)(at / 1000000U % 86400U);
    char *to = put_digits(out, year, 4, '-');
    to = put_digits(to, month, 2, '-');
    to = put_digits(to, day, 2, 'T');
    to = put_digits(to, in_day / 3600U, 2, ':');
    to = put_digits(to, in_day / 60U % 60U, 2, ':');
    to = put_digits(to, in_day % 60U, 2, '.');
    to = put_digits(to, (unsigned)(at % 1000000U), 6, 'Z');
    *to = '\0';
}

static char *put_letters(char *to, const char letters[4], char behind)
{
    for (unsigned i = 0; i < 3; i++) {
        to[i] = letters[i];
    }
    to[3] = behind;
    return to + 4;
}

void sp_clock_http(uint64_t wall_us, char out[SP_CLOCK_HTTP_BYTES])
{
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const uint64_t since_days = at_most_9999(wall_us) / 86400000000U;
    const unsigned in_day = (unsigned)(at_most_9999(wall_us) / 1000000U % 86400U);
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    civil(since_days, &year, &month, &day);
    char *to = put_letters(out, days[since_days % 7U], ',');
    *to++ = ' ';
    to = put_digits(to, day, 2, ' ');
    to = put_letters(to, months[month - 1], ' ');
    to = put_digits(to, year, 4, ' ');
    to = put_digits(to, in_day / 3600U, 2, ':');
    to = put_digits(to, in_day / 60U % 60U, 2, ':');
    to = put_digits(to, in_day % 60U, 2, ' ');
    (void)put_letters(to, "GMT", '\0');
}

/* The other way round: days since 1970-01-01 of a civil date from 1970 on. */
static uint64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t y = month <= 2 ? year - 1 : year;
    uint64_t era = y / 400;
    uint64_t yoe = y % 400;
    uint64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    uint64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

enum sp_err sp_clock_from_rfc3339(struct sp_slice text, uint64_t *out_wall_us)
{
    /* Where each number stands; writing the time anew then checks every other byte, and every range. */
    static const struct {
        size_t at;
        size_t len;
    } parts[] = {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}, {20, 6}};
    uint64_t numbers[SP_COUNT(parts)] = {0};
    char again[SP_CLOCK_RFC3339_BYTES];
    if (text.len != SP_CLOCK_RFC3339_BYTES - 1) {
        return SP_ERR_INVALID;
    }
    for (size_t i = 0; i < SP_COUNT(parts); i++) {
        for (size_t k = 0; k < parts[i].len; k++) {
            uint8_t byte = text.ptr[parts[i].at + k];
            if (!sp_text_is_digit(byte)) {
                return SP_ERR_INVALID;
            }
            numbers[i] = numbers[i] * 10 + (uint64_t)(byte - '0');
        }
    }
    if (numbers[0] < 1970 || numbers[1] < 1 || numbers[2] < 1) {
        return SP_ERR_INVALID;
    }
    uint64_t seconds = days_of(numbers[0], numbers[1], numbers[2]) * 86400 + numbers[3] * 3600 +
                       numbers[4] * 60 + numbers[5];
    uint64_t wall_us = seconds * 1000000 + numbers[6];
    sp_clock_rfc3339(wall_us, again);
    if (!sp_slice_is(text, again)) {
        return SP_ERR_INVALID;
    }
    *out_wall_us = wall_us;
    return SP_OK;
}
