#include "admit/strangers.h"

#include "base/num.h"

static const enum sp_err kinds[SP_STRANGERS_KINDS] = {SP_ERR_TOKEN_UNKNOWN, SP_ERR_TOKEN_MISSING,
                                                      SP_ERR_TOKEN_EXPIRED, SP_ERR_TOKEN_AUDIENCE,
                                                      SP_ERR_TOKEN_EARLY};

static unsigned kind_of(enum sp_err err)
{
    for (unsigned i = 0; i < SP_STRANGERS_KINDS; i++) {
        if (kinds[i] == err) {
            return i;
        }
    }
    return 0;
}

/* FNV-1a: the table only tells addresses apart, nothing rests on it. */
static uint64_t hash_of(struct sp_slice source)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < source.len; i++) {
        hash = (hash ^ source.ptr[i]) * 1099511628211U;
    }
    return hash;
}

static bool is_new_source(struct sp_strangers_kind *kind, struct sp_slice source)
{
    uint64_t hash = hash_of(source);
    uint32_t known = kind->sources < SP_STRANGERS_SOURCES ? kind->sources : SP_STRANGERS_SOURCES;
    for (uint32_t i = 0; i < known; i++) {
        if (kind->seen[i] == hash) {
            return false;
        }
    }
    kind->seen[kind->sources % SP_STRANGERS_SOURCES] = hash;
    return true;
}

void sp_strangers_count(struct sp_strangers *s, enum sp_err err, struct sp_slice source,
                        uint64_t wall_us)
{
    struct sp_strangers_kind *kind = &s->kinds[kind_of(err)];
    if (kind->count == 0) {
        kind->from_us = wall_us;
    }
    kind->count += kind->count < UINT32_MAX ? 1 : 0;
    kind->sources += is_new_source(kind, source) && kind->sources < UINT32_MAX ? 1 : 0;
    kind->latest_len = sp_size_min(source.len, sizeof(kind->latest));
    for (size_t i = 0; i < kind->latest_len; i++) {
        kind->latest[i] = (char)source.ptr[i];
    }
}

bool sp_strangers_summary(const struct sp_strangers *s, unsigned kind, uint64_t wall_us,
                          struct sp_msg_strangers *out)
{
    if (kind >= SP_STRANGERS_KINDS || s->kinds[kind].count == 0) {
        return false;
    }
    const struct sp_strangers_kind *k = &s->kinds[kind];
    *out = (struct sp_msg_strangers){.from_us = k->from_us,
                                     .to_us = wall_us > k->from_us ? wall_us : k->from_us,
                                     .err = kinds[kind],
                                     .count = k->count,
                                     .sources = k->sources,
                                     .source = sp_slice_make(k->latest, k->latest_len)};
    return true;
}

void sp_strangers_clear(struct sp_strangers *s, unsigned kind)
{
    if (kind < SP_STRANGERS_KINDS) {
        s->kinds[kind] = (struct sp_strangers_kind){.count = 0};
    }
}
