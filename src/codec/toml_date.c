/* Dates and times of TOML: RFC 3339 with real months, days and offsets. */
#include "base/num.h"
#include "base/text.h"
#include "codec/toml_read.h"

struct date {
    uint64_t year;
    uint64_t month;
    uint64_t day;
};

bool sp_toml_looks_like_date(struct sp_slice text)
{
    bool is_date = text.len >= 5 && text.ptr[4] == '-' && sp_text_is_digit(text.ptr[0]) &&
                   sp_text_is_digit(text.ptr[3]);
    bool is_time = text.len >= 3 && text.ptr[2] == ':' && sp_text_is_digit(text.ptr[0]) &&
                   sp_text_is_digit(text.ptr[1]);
    return is_date || is_time;
}

/* Exactly `count` digits with a value from `least` to `most`. */
static enum sp_err digits(struct sp_text *t, size_t count, uint64_t least, uint64_t most,
                          uint64_t *out)
{
    struct sp_slice text = sp_slice_sub(t->in, t->at, count);
    if (text.len != count || sp_parse_u64(text, most, out) != SP_OK || *out < least) {
        return SP_ERR_INVALID;
    }
    t->at += count;
    return SP_OK;
}

static uint64_t days_of(uint64_t year, uint64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1U : 0U);
}

static enum sp_err date(struct sp_text *t)
{
    struct date d = {0};
    SP_TRY(digits(t, 4, 0, 9999, &d.year));
    SP_TRY(sp_text_byte(t, '-'));
    SP_TRY(digits(t, 2, 1, 12, &d.month));
    SP_TRY(sp_text_byte(t, '-'));
    return digits(t, 2, 1, days_of(d.year, d.month), &d.day);
}

/* HH:MM:SS[.fraction]; a leap second may be written. */
static enum sp_err time_of_day(struct sp_text *t)
{
    uint64_t ignored = 0;
    struct sp_slice fraction;
    SP_TRY(digits(t, 2, 0, 23, &ignored));
    SP_TRY(sp_text_byte(t, ':'));
    SP_TRY(digits(t, 2, 0, 59, &ignored));
    SP_TRY(sp_text_byte(t, ':'));
    SP_TRY(digits(t, 2, 0, 60, &ignored));
    if (sp_text_byte(t, '.') == SP_OK) {
        SP_TRY(sp_text_run(t, sp_text_is_digit, SIZE_MAX, &fraction));
    }
    return SP_OK;
}

static enum sp_err offset(struct sp_text *t)
{
    uint64_t ignored = 0;
    if (sp_text_byte(t, 'Z') == SP_OK || sp_text_byte(t, 'z') == SP_OK) {
        return SP_OK;
    }
    if (sp_text_byte(t, '+') != SP_OK) {
        SP_TRY(sp_text_byte(t, '-'));
    }
    SP_TRY(digits(t, 2, 0, 23, &ignored));
    SP_TRY(sp_text_byte(t, ':'));
    return digits(t, 2, 0, 59, &ignored);
}

static bool is_separator(int byte)
{
    return byte == 'T' || byte == 't' || byte == ' ';
}

enum sp_err sp_toml_check_date(struct sp_slice text, enum sp_toml_type *out)
{
    struct sp_text t;
    sp_text_init(&t, text);
    if (text.len > 2 && text.ptr[2] == ':') {
        SP_TRY(time_of_day(&t));
        *out = SP_TOML_LOCAL_TIME;
        return sp_text_at_end(&t) ? SP_OK : SP_ERR_INVALID;
    }
    SP_TRY(date(&t));
    if (sp_text_at_end(&t)) {
        *out = SP_TOML_LOCAL_DATE;
        return SP_OK;
    }
    if (!is_separator(sp_text_peek(&t))) {
        return SP_ERR_INVALID;
    }
    t.at++;
    SP_TRY(time_of_day(&t));
    *out = SP_TOML_LOCAL_DATETIME;
    if (!sp_text_at_end(&t)) {
        SP_TRY(offset(&t));
        *out = SP_TOML_OFFSET_DATETIME;
    }
    return sp_text_at_end(&t) ? SP_OK : SP_ERR_INVALID;
}
