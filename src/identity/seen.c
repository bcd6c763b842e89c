#include "identity/seen.h"

#include <stdlib.h>

#include "base/secret.h"

struct sp_seen {
    uint64_t count;
    struct sp_seen_row rows[SP_SEEN_SETS][SP_SEEN_WAYS];
};

enum sp_err sp_seen_new(struct sp_seen **out)
{
    *out = calloc(1, sizeof(**out));
    return *out == NULL ? SP_ERR_NOMEM : SP_OK;
}

void sp_seen_free(struct sp_seen *seen)
{
    free(seen);
}

/* A digest is spread evenly by itself. */
static struct sp_seen_row *set_of(struct sp_seen *seen, const uint8_t digest[SP_SHA256_BYTES])
{
    return seen->rows[((unsigned)digest[0] << 8 | digest[1]) % SP_SEEN_SETS];
}

static bool is_of(const struct sp_seen_row *row, const uint8_t digest[SP_SHA256_BYTES])
{
    return sp_secret_equal(sp_slice_make(row->digest, SP_SHA256_BYTES),
                           sp_slice_make(digest, SP_SHA256_BYTES));
}

const struct sp_identity *sp_seen_find(struct sp_seen *seen, const uint8_t digest[SP_SHA256_BYTES],
                                       const struct sp_issuers *issuers, uint64_t wall_us)
{
    struct sp_seen_row *set = set_of(seen, digest);
    for (unsigned i = 0; i < SP_SEEN_WAYS; i++) {
        const struct sp_identity *identity = &set[i].identity;
        if (set[i].used == 0 || !is_of(&set[i], digest)) {
            continue;
        }
        /* A clock that was set back must not find a token good before its time either. */
        if (wall_us >= identity->until_us || wall_us < identity->from_us ||
            set[i].generation != sp_issuers_generation(issuers, identity->issuer)) {
            set[i].used = 0;
            return NULL;
        }
        set[i].used = ++seen->count;
        return identity;
    }
    return NULL;
}

const struct sp_identity *sp_seen_keep(struct sp_seen *seen, const uint8_t digest[SP_SHA256_BYTES],
                                       const struct sp_issuers *issuers,
                                       const struct sp_identity *identity)
{
    struct sp_seen_row *set = set_of(seen, digest);
    struct sp_seen_row *oldest = &set[0];
    for (unsigned i = 0; i < SP_SEEN_WAYS; i++) {
        if (set[i].used != 0 && is_of(&set[i], digest)) {
            oldest = &set[i];
            break;
        }
        oldest = set[i].used < oldest->used ? &set[i] : oldest;
    }
    (void)sp_slice_copy(sp_slice_make(digest, SP_SHA256_BYTES), oldest->digest, SP_SHA256_BYTES);
    oldest->generation = sp_issuers_generation(issuers, identity->issuer);
    oldest->identity = *identity;
    oldest->used = ++seen->count;
    return &oldest->identity;
}
