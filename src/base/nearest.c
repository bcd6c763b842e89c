#include "base/nearest.h"

#include "base/num.h"

#define WORD_MAX ((size_t)40)

/* Two letters off is a typing mistake, in longer words a third of them; more is another word. */
struct sp_nearest sp_nearest_start(struct sp_slice word)
{
    unsigned most = (unsigned)sp_size_max(sp_size_min(word.len, WORD_MAX) / 3, 2);
    return (struct sp_nearest){.word = word, .best = NULL, .distance = most + 1};
}

/* How many letters have to change, a row of the usual table at a time. */
static unsigned distance(struct sp_slice a, struct sp_slice b)
{
    unsigned row[WORD_MAX + 1];
    if (a.len > WORD_MAX || b.len > WORD_MAX) {
        return (unsigned)WORD_MAX;
    }
    for (unsigned k = 0; k <= b.len; k++) {
        row[k] = k;
    }
    for (size_t i = 0; i < a.len; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t k = 0; k < b.len; k++) {
            unsigned above = row[k + 1];
            unsigned best = corner + (a.ptr[i] == b.ptr[k] ? 0 : 1);
            best = above + 1 < best ? above + 1 : best;
            best = row[k] + 1 < best ? row[k] + 1 : best;
            row[k + 1] = best;
            corner = above;
        }
    }
    return row[b.len];
}

void sp_nearest_offer(struct sp_nearest *nearest, const char *word)
{
    unsigned far = distance(nearest->word, sp_slice_of(word));
    if (far < nearest->distance) {
        nearest->distance = far;
        nearest->best = word;
    }
}
