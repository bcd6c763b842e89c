#include "door/malformed.h"

#include <string.h>

#define OTHER "other"

/* FNV-1a: the table only tells addresses apart, nothing rests on it. */
static uint64_t hash_of(struct sp_slice source)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < source.len; i++) {
        hash = (hash ^ source.ptr[i]) * 1099511628211U;
    }
    return hash;
}

static bool is_new_source(struct sp_malformed_rule *rule, struct sp_slice source)
{
    const uint64_t hash = hash_of(source);
    const uint32_t known =
        rule->sources < SP_MALFORMED_SOURCES ? rule->sources : SP_MALFORMED_SOURCES;
    for (uint32_t i = 0; i < known; i++) {
        if (rule->seen[i] == hash) {
            return false;
        }
    }
    rule->seen[rule->sources % SP_MALFORMED_SOURCES] = hash;
    return true;
}

/* Its own place, a free one, or the last, which is everybody else's. */
static struct sp_malformed_rule *place_of(struct sp_malformed *m, enum sp_err err, const char *text)
{
    for (unsigned i = 0; i < SP_MALFORMED_RULES - 1; i++) {
        struct sp_malformed_rule *rule = &m->rules[i];
        if (rule->rule == NULL) {
            *rule = (struct sp_malformed_rule){.err = err, .rule = text};
        }
        if (rule->err == err && strcmp(rule->rule, text) == 0) {
            return rule;
        }
    }
    struct sp_malformed_rule *last = &m->rules[SP_MALFORMED_RULES - 1];
    if (last->rule == NULL) {
        *last = (struct sp_malformed_rule){.err = err, .rule = OTHER};
    }
    return last;
}

void sp_malformed_count(struct sp_malformed *m, enum sp_err err, const char *rule,
                        struct sp_slice source, uint64_t wall_us)
{
    struct sp_malformed_rule *place =
        place_of(m, err, rule == NULL || *rule == '\0' ? OTHER : rule);
    if (place->count == 0) {
        place->from_us = wall_us;
    }
    place->count += place->count < UINT32_MAX ? 1 : 0;
    place->sources += is_new_source(place, source) && place->sources < UINT32_MAX ? 1 : 0;
    sp_slice_to_text(source, place->latest, sizeof(place->latest));
}

bool sp_malformed_summary(const struct sp_malformed *m, unsigned at, uint64_t wall_us,
                          struct sp_msg_malformed *out)
{
    if (at >= SP_MALFORMED_RULES || m->rules[at].count == 0) {
        return false;
    }
    const struct sp_malformed_rule *rule = &m->rules[at];
    *out = (struct sp_msg_malformed){
        .from_us = rule->from_us,
        .to_us = wall_us > rule->from_us ? wall_us : rule->from_us,
        .err = rule->err,
        .rule = sp_slice_sub(sp_slice_of(rule->rule), 0, SP_MSG_SESSION_MAX),
        .count = rule->count,
        .sources = rule->sources,
        .source = sp_slice_of(rule->latest)};
    return true;
}

void sp_malformed_clear(struct sp_malformed *m, unsigned at)
{
    if (at < SP_MALFORMED_RULES) {
        m->rules[at] = (struct sp_malformed_rule){.rule = NULL};
    }
}
