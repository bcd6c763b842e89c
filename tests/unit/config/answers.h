/*
 * answers - configurations, each with what is said of it.
 *
 * Runs in: tests.
 */
#ifndef SP_TEST_ANSWERS_H
#define SP_TEST_ANSWERS_H

#include <stddef.h>

struct answer {
    const char *name;
    const char *in;
    const char *text; /* how the complaint begins, which also has a line; NULL: it is right */
};

void expect_answers(const struct answer *cases, size_t count);

#endif
