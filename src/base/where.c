#include "base/where.h"

#include <stdio.h>

#include "base/text.h"

/*
 * The text travels as UTF-8 and a reader refuses anything else: a character that the cut divided goes, and a byte that
 * was never UTF-8 becomes a question mark.
 */
static void clean_utf8(char *text)
{
    size_t at = 0;
    struct sp_slice all = sp_slice_of(text);
    while (sp_utf8_check(all, &at) != SP_OK) {
        bool is_tail = all.len == SP_WHERE_TEXT_MAX - 1 && all.len - at < 4;
        text[at] = is_tail ? '\0' : '?';
        all = sp_slice_of(text);
    }
}

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
    clean_utf8(where->text);
}
