/*
 * nearest - "did you mean": the word of a list that differs least from one that was written.
 *
 * Runs in: supervisor, commands.   Input: the operator's words.   Allocates: never.
 */
#ifndef SP_BASE_NEAREST_H
#define SP_BASE_NEAREST_H

#include "base/slice.h"

struct sp_nearest {
    struct sp_slice word;
    const char *best; /* NULL: nothing is near enough to be meant */
    unsigned distance;
};

struct sp_nearest sp_nearest_start(struct sp_slice word);

/* Offers a word; the first of the nearest stays. It must live as long as the result. */
void sp_nearest_offer(struct sp_nearest *nearest, const char *word) SP_NONNULL(1, 2);

#endif
