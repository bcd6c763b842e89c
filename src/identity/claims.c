#include "identity/claims.h"

#define CLAIM_NAME_MAX ((size_t)64)
#define YEAR_10000_S   253402300800.0

enum sp_err sp_claims_parse(struct sp_slice payload, struct sp_json **out)
{
    const struct sp_json_limits limits = {
        .bytes_max = SP_CLAIMS_BYTES_MAX, .depth_max = 16, .nul = SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    enum sp_err err = sp_json_parse(payload, &limits, &doc, NULL);
    if (err != SP_OK) {
        return err == SP_ERR_NOMEM ? err : SP_ERR_INVALID;
    }
    if (!sp_json_is(sp_json_root(doc), SP_JSON_OBJECT)) {
        return SP_ERR_INVALID;
    }
    *out = doc;
    doc = NULL;
    return SP_OK;
}

enum sp_err sp_claim_text(const struct sp_json *claims, const char *name, struct sp_slice *out)
{
    const struct sp_json_value *value = sp_json_get(sp_json_root(claims), name);
    struct sp_slice text = {NULL, 0};
    if (value == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    SP_TRY(sp_json_string(value, &text));
    if (text.len == 0) {
        return SP_ERR_INVALID;
    }
    *out = text;
    return SP_OK;
}

enum sp_err sp_claim_time(const struct sp_json *claims, const char *name, uint64_t *out_us)
{
    const struct sp_json_value *value = sp_json_get(sp_json_root(claims), name);
    double seconds = 0;
    if (value == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    SP_TRY(sp_json_double(value, &seconds));
    if (!(seconds >= 0 && seconds < YEAR_10000_S)) {
        return SP_ERR_INVALID;
    }
    *out_us = (uint64_t)(seconds * 1e6);
    return SP_OK;
}

static bool is_one_of(struct sp_slice text, const struct sp_slice *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sp_slice_equal(text, all[i])) {
            return true;
        }
    }
    return false;
}

/* A list with anything but texts in it is not what the standard knows, and names nobody. */
bool sp_claim_is_for(const struct sp_json *claims, const struct sp_slice *audiences, size_t count)
{
    const struct sp_json_value *aud = sp_json_get(sp_json_root(claims), "aud");
    struct sp_slice text = {NULL, 0};
    bool is_for = false;
    if (sp_json_string(aud, &text) == SP_OK) {
        return is_one_of(text, audiences, count);
    }
    if (!sp_json_is(aud, SP_JSON_ARRAY)) {
        return false;
    }
    for (const struct sp_json_value *v = sp_json_first(aud); v != NULL; v = sp_json_next(v)) {
        if (sp_json_string(v, &text) != SP_OK) {
            return false;
        }
        is_for = is_for || is_one_of(text, audiences, count);
    }
    return is_for;
}

static bool has_word(struct sp_slice words, struct sp_slice word)
{
    for (size_t at = 0; at < words.len;) {
        const size_t end = sp_slice_find(words, at, ' ');
        if (sp_slice_equal(sp_slice_sub(words, at, end - at), word)) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

static bool is_value(const struct sp_json *claims, const struct sp_json_value *value,
                     struct sp_slice want)
{
    struct sp_slice text = {NULL, 0};
    bool truth = false;
    switch (sp_json_type(value)) {
    case SP_JSON_STRING:
        return sp_json_string(value, &text) == SP_OK && sp_slice_equal(text, want);
    case SP_JSON_NUMBER:
        return sp_json_number_text(claims, value, &text) == SP_OK && sp_slice_equal(text, want);
    case SP_JSON_BOOL:
        return sp_json_bool(value, &truth) == SP_OK && sp_slice_is(want, truth ? "true" : "false");
    case SP_JSON_NULL:
    case SP_JSON_ARRAY:
    case SP_JSON_OBJECT:
        break;
    }
    return false;
}

enum sp_err sp_claim_condition_check(struct sp_slice condition)
{
    const size_t at = sp_slice_find(condition, 0, '=');
    const bool has_nul = sp_slice_find(condition, 0, '\0') < condition.len;
    return at == 0 || at > CLAIM_NAME_MAX || at + 1 >= condition.len || has_nul ? SP_ERR_INVALID
                                                                                : SP_OK;
}

bool sp_claim_holds(const struct sp_json *claims, struct sp_slice condition)
{
    char name[CLAIM_NAME_MAX + 1];
    struct sp_slice words = {NULL, 0};
    const size_t at = sp_slice_find(condition, 0, '=');
    if (sp_claim_condition_check(condition) != SP_OK) {
        return false;
    }
    const struct sp_slice want = sp_slice_sub(condition, at + 1, condition.len);
    sp_slice_to_text(sp_slice_sub(condition, 0, at), name, sizeof(name));
    const struct sp_json_value *value = sp_json_get(sp_json_root(claims), name);
    const bool is_list_of_words =
        sp_slice_is(sp_slice_of(name), "scp") || sp_slice_is(sp_slice_of(name), "scope");
    if (is_list_of_words && sp_json_string(value, &words) == SP_OK) {
        return has_word(words, want);
    }
    if (!sp_json_is(value, SP_JSON_ARRAY)) {
        return is_value(claims, value, want);
    }
    for (const struct sp_json_value *v = sp_json_first(value); v != NULL; v = sp_json_next(v)) {
        if (is_value(claims, v, want)) {
            return true;
        }
    }
    return false;
}
