/* "did you mean": the edit distance between what was written and what exists. */
#include "base/num.h"
#include "config/row.h"

#define WORD_BYTES_MAX ((size_t)64)

void sp_config_suggest_init(struct sp_config_suggestion *s, struct sp_slice word)
{
    /* A third of the letters may be wrong, and at least two. */
    unsigned far = word.len > WORD_BYTES_MAX ? 0 : (unsigned)word.len / 3 + 1;
    *s = (struct sp_config_suggestion){
        .word = word, .best = NULL, .distance = sp_size_max(far, 2) > 2 ? far + 1 : 3};
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein, one row of the matrix at a time. */
static unsigned distance(struct sp_slice a, struct sp_slice b)
{
    unsigned row[WORD_BYTES_MAX + 1];
    for (size_t k = 0; k <= b.len; k++) {
        row[k] = (unsigned)k;
    }
    for (size_t i = 0; i < a.len; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t k = 0; k < b.len; k++) {
            unsigned changed = diagonal + (a.ptr[i] == b.ptr[k] ? 0U : 1U);
            diagonal = row[k + 1];
            row[k + 1] = least(row[k] + 1, row[k + 1] + 1, changed);
        }
    }
    return row[b.len];
}

void sp_config_suggest_offer(struct sp_config_suggestion *s, const char *candidate)
{
    struct sp_slice other = sp_slice_of(candidate);
    if (s->word.len > WORD_BYTES_MAX || other.len > WORD_BYTES_MAX) {
        return;
    }
    unsigned far = distance(s->word, other);
    if (far < s->distance) {
        s->distance = far;
        s->best = candidate;
    }
}
