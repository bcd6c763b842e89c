#include "base/where.h"

#include <stdio.h>

void sp_where_set(struct sp_where *where, unsigned line, unsigned column, const char *format, ...)
{
    if (where == NULL) {
        return;
    }
    where->line = line;
    where->column = column;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(where->text, sizeof(where->text), format, args);
    va_end(args);
    /* The text may quote input: nothing in it may move a terminal's cursor. */
    for (char *p = where->text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F) {
            *p = '?';
        }
    }
}
