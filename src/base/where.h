/*
 * where - the place of a mistake, and what to say about it to a person.
 *
 * Runs in: every process.   Allocates: never.
 */
#ifndef SP_BASE_WHERE_H
#define SP_BASE_WHERE_H

#include <stdarg.h>
#include <stddef.h>

#include "base/attr.h"

#define SP_WHERE_TEXT_MAX ((size_t)320)

/* Line and column count from 1; 0 means that the mistake has no place. */
struct sp_where {
    unsigned line;
    unsigned column;
    char text[SP_WHERE_TEXT_MAX];
};

/* Fills in place and text (cut to fit, control bytes replaced). A NULL `where` is fine. */
void sp_where_set(struct sp_where *where, unsigned line, unsigned column, const char *format, ...)
    SP_PRINTF(4, 5);

#endif
