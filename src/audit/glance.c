#include <stdbool.h>

#include "audit/record.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"

/* The position behind `,"key":` (or `{"key":`), or SIZE_MAX. Inside a string every quote follows a backslash, so no text
 * of anybody can look like this. */
static size_t behind_key(struct sp_slice line, const char *key)
{
    struct sp_slice name = sp_slice_of(key);
    for (size_t at = sp_slice_find(line, 0, '"'); at < line.len;
         at = sp_slice_find(line, at + 1, '"')) {
        bool is_start = at > 0 && (line.ptr[at - 1] == ',' || line.ptr[at - 1] == '{');
        if (is_start && sp_slice_equal(sp_slice_sub(line, at + 1, name.len), name) &&
            sp_slice_starts(sp_slice_sub(line, at + 1 + name.len, 2), "\":")) {
            return at + name.len + 3;
        }
    }
    return SIZE_MAX;
}

static enum sp_err number_at(struct sp_slice line, const char *key, uint64_t *out)
{
    struct sp_text t;
    size_t at = behind_key(line, key);
    if (at == SIZE_MAX) {
        return SP_ERR_CORRUPT;
    }
    sp_text_init(&t, sp_slice_sub(line, at, line.len));
    return sp_text_number(&t, SP_RECORD_NUMBER_MAX, out) == SP_OK ? SP_OK : SP_ERR_CORRUPT;
}

static enum sp_err string_at(struct sp_slice line, const char *key, struct sp_slice *out)
{
    struct sp_text t;
    size_t at = behind_key(line, key);
    if (at == SIZE_MAX) {
        return SP_ERR_CORRUPT;
    }
    sp_text_init(&t, sp_slice_sub(line, at, line.len));
    if (sp_text_byte(&t, '"') != SP_OK || sp_text_until(&t, '"', SP_MSG_NAME_MAX, out) != SP_OK) {
        return SP_ERR_CORRUPT;
    }
    return SP_OK;
}

enum sp_err sp_record_look(struct sp_slice line, struct sp_record_glance *out)
{
    struct sp_record_glance glance = {.index = 0};
    struct sp_slice kind = {NULL, 0};
    struct sp_slice exchange = {NULL, 0};
    struct sp_slice time = {NULL, 0};
    if (!sp_slice_starts(line, "{\"") || !sp_slice_ends(line, "}")) {
        return SP_ERR_CORRUPT;
    }
    SP_TRY(number_at(line, "index", &glance.index));
    SP_TRY(string_at(line, "kind", &kind));
    SP_TRY(string_at(line, "time", &time));
    if (sp_clock_from_rfc3339(time, &glance.wall_us) != SP_OK) {
        return SP_ERR_CORRUPT;
    }
    glance.is_intent = sp_slice_is(kind, "intent");
    glance.is_outcome = sp_slice_is(kind, "outcome");
    glance.is_rotation = sp_slice_is(kind, "rotation");
    if (glance.is_intent || glance.is_outcome) {
        SP_TRY(string_at(line, "exchange", &exchange));
        if (sp_parse_hex_u64(exchange, UINT64_MAX, &glance.exchange) != SP_OK) {
            return SP_ERR_CORRUPT;
        }
    }
    *out = glance;
    return SP_OK;
}
