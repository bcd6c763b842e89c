#include "base/num.h"
#include "base/text.h"
#include "codec/json.h"
#include "token/provider.h"

#define DAY_S           ((uint64_t)24 * 3600)
#define CODES_MAX       ((size_t)8)
#define ERROR_BYTES_MAX ((size_t)64)

static const struct sp_json_limits limits = {
    .bytes_max = SP_PROVIDER_ANSWER_BYTES_MAX, .depth_max = 8, .nul = SP_JSON_NUL_REFUSED};

/* --- points in time --- */

/* Days since 1970-01-01 of the proleptic Gregorian calendar, from 1970 on. */
static uint64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
    const uint64_t y = month <= 2 ? year - 1 : year;
    const uint64_t of_era = y % 400;
    const uint64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return y / 400 * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct moment {
    uint64_t year, month, day, hour, minute, second;
    uint64_t offset_s;
    bool is_east;
};

static enum sp_err read_three(struct sp_text *t, uint8_t between, uint64_t *a, uint64_t *b,
                              uint64_t *c)
{
    SP_TRY(sp_text_number(t, 9999, a));
    SP_TRY(sp_text_byte(t, between));
    SP_TRY(sp_text_number(t, 99, b));
    SP_TRY(sp_text_byte(t, between));
    return sp_text_number(t, 9999, c);
}

static enum sp_err read_offset(struct sp_text *t, struct moment *m)
{
    uint64_t hours = 0;
    uint64_t minutes = 0;
    if (sp_text_byte(t, 'Z') == SP_OK) {
        return SP_OK;
    }
    m->is_east = sp_text_byte(t, '+') == SP_OK;
    if (!m->is_east) {
        SP_TRY(sp_text_byte(t, '-'));
    }
    SP_TRY(sp_text_number(t, 14, &hours));
    SP_TRY(sp_text_byte(t, ':'));
    SP_TRY(sp_text_number(t, 59, &minutes));
    m->offset_s = hours * 3600 + minutes * 60;
    return SP_OK;
}

static enum sp_err read_clock(struct sp_text *t, struct moment *m)
{
    SP_TRY(read_three(t, ':', &m->hour, &m->minute, &m->second));
    if (sp_text_byte(t, '.') == SP_OK) {
        struct sp_slice fraction;
        SP_TRY(sp_text_run(t, sp_text_is_digit, 9, &fraction));
    }
    (void)sp_text_skip(t, sp_text_is_space);
    return read_offset(t, m);
}

static enum sp_err read_moment(struct sp_slice text, struct moment *m)
{
    struct sp_text t;
    sp_text_init(&t, text);
    if (sp_slice_find(text, 0, '/') < text.len) {
        SP_TRY(read_three(&t, '/', &m->month, &m->day, &m->year));
        SP_TRY(sp_text_byte(&t, ' '));
    } else {
        SP_TRY(read_three(&t, '-', &m->year, &m->month, &m->day));
        if (sp_text_byte(&t, 'T') != SP_OK) {
            SP_TRY(sp_text_byte(&t, ' '));
        }
    }
    SP_TRY(read_clock(&t, m));
    return sp_text_at_end(&t) ? SP_OK : SP_ERR_TRAILING;
}

enum sp_err sp_provider_time(struct sp_slice text, uint64_t *out_wall_s)
{
    struct moment m = {.year = 0};
    if (sp_parse_u64(text, INT64_MAX, out_wall_s) == SP_OK) {
        return SP_OK;
    }
    SP_TRY(read_moment(text, &m));
    const bool is_real = m.year >= 1970 && m.month >= 1 && m.month <= 12 && m.day >= 1 &&
                         m.day <= 31 && m.hour < 24 && m.minute < 60 && m.second <= 60;
    if (!is_real) {
        return SP_ERR_RANGE;
    }
    const uint64_t local =
        days_of(m.year, m.month, m.day) * DAY_S + m.hour * 3600 + m.minute * 60 + m.second;
    if (m.is_east && m.offset_s > local) {
        return SP_ERR_RANGE;
    }
    *out_wall_s = m.is_east ? local - m.offset_s : local + m.offset_s;
    return SP_OK;
}

/* --- answers --- */

/* Numbers come as numbers or as strings of digits. */
static enum sp_err text_of(const struct sp_json *doc, const struct sp_json_value *value,
                           struct sp_slice *out)
{
    if (sp_json_is(value, SP_JSON_NUMBER)) {
        return sp_json_number_text(doc, value, out);
    }
    return sp_json_string(value, out);
}

static enum sp_err seconds_of(const struct sp_json *doc, const char *key, uint64_t *out)
{
    struct sp_slice text;
    SP_TRY(text_of(doc, sp_json_get(sp_json_root(doc), key), &text));
    return sp_parse_u64(text, INT64_MAX, out);
}

/* The Azure CLI before 2.54 writes local time without saying of which place: the program is run in UTC. */
static enum sp_err local_time(struct sp_slice text, uint64_t *out_wall_s)
{
    SP_AUTO_BUF struct sp_buf utc;
    sp_buf_init(&utc, ERROR_BYTES_MAX);
    if (sp_provider_time(text, out_wall_s) == SP_OK) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put(&utc, text));
    SP_TRY(sp_buf_put_byte(&utc, 'Z'));
    return sp_provider_time(sp_buf_slice(&utc), out_wall_s);
}

static enum sp_err life_of(const struct sp_json *doc, uint64_t wall_s, uint64_t *out_s)
{
    struct sp_slice text;
    uint64_t end_s = 0;
    if (sp_json_get(sp_json_root(doc), "expires_in") != NULL) {
        return seconds_of(doc, "expires_in", out_s);
    }
    const struct sp_json_value *end = sp_json_get(sp_json_root(doc), "expires_on");
    SP_TRY(text_of(doc, end != NULL ? end : sp_json_get(sp_json_root(doc), "expiresOn"), &text));
    SP_TRY(end != NULL ? sp_provider_time(text, &end_s) : local_time(text, &end_s));
    *out_s = end_s > wall_s ? end_s - wall_s : 0;
    return SP_OK;
}

enum sp_err sp_provider_answer(struct sp_slice body, uint64_t wall_s, struct sp_buf *out_value,
                               struct sp_provider_token *out)
{
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_slice value;
    struct sp_where where;
    *out = (struct sp_provider_token){.lives_s = 0};
    if (sp_json_parse(body, &limits, &doc, &where) != SP_OK) {
        return SP_ERR_JSON;
    }
    const struct sp_json_value *token = sp_json_get(sp_json_root(doc), "access_token");
    SP_TRY(sp_json_string(token != NULL ? token : sp_json_get(sp_json_root(doc), "accessToken"),
                          &value));
    if (!sp_provider_is_token(value)) {
        return SP_ERR_INVALID;
    }
    SP_TRY(life_of(doc, wall_s, &out->lives_s));
    if (out->lives_s == 0) {
        return SP_ERR_RANGE;
    }
    out->lives_s = out->lives_s < SP_PROVIDER_LIFE_S_MAX ? out->lives_s : SP_PROVIDER_LIFE_S_MAX;
    if (seconds_of(doc, "refresh_in", &out->refresh_s) != SP_OK) {
        out->refresh_s = 0;
    }
    const size_t before = out_value->len;
    SP_TRY(sp_buf_put(out_value, value));
    out->value = sp_slice_sub(sp_buf_slice(out_value), before, value.len);
    return SP_OK;
}

static bool is_word_byte(uint8_t byte)
{
    return sp_text_is_alnum(byte) || byte == '_' || byte == '-' || byte == '.';
}

static enum sp_err put_word(struct sp_slice text, struct sp_buf *out)
{
    struct sp_text t;
    struct sp_slice word;
    sp_text_init(&t, text);
    bool is_word =
        sp_text_run(&t, is_word_byte, ERROR_BYTES_MAX, &word) == SP_OK && sp_text_at_end(&t);
    return is_word ? sp_buf_put(out, word) : sp_buf_put_text(out, "unreadable");
}

enum sp_err sp_provider_error(struct sp_slice body, struct sp_buf *out)
{
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_slice text;
    struct sp_where where;
    if (sp_json_parse(body, &limits, &doc, &where) != SP_OK) {
        return SP_OK;
    }
    if (sp_json_string(sp_json_get(sp_json_root(doc), "error"), &text) == SP_OK) {
        SP_TRY(sp_buf_put_text(out, " error="));
        SP_TRY(put_word(text, out));
    }
    const struct sp_json_value *code = sp_json_first(sp_json_get(sp_json_root(doc), "error_codes"));
    for (size_t i = 0; code != NULL && i < CODES_MAX; i++, code = sp_json_next(code)) {
        if (text_of(doc, code, &text) == SP_OK) {
            SP_TRY(sp_buf_put_text(out, " code="));
            SP_TRY(put_word(text, out));
        }
    }
    return SP_OK;
}
