#include "command/config_say.h"

#include <stdio.h>

#define WARNINGS_BYTES_MAX ((size_t)1024 * 1024)

static const char *name_of(const char *path)
{
    return path == NULL ? "(defaults)" : path;
}

void sp_config_complain(const char *path, const struct sp_where *where)
{
    if (where->line == 0) {
        (void)fprintf(stderr, "%s: %s\n", name_of(path), where->text);
    } else {
        (void)fprintf(stderr, "%s:%u:%u: %s\n", name_of(path), where->line, where->column,
                      where->text);
    }
}

void sp_config_warn(const char *path, const struct sp_config *config)
{
    SP_AUTO_BUF struct sp_buf lines;
    sp_buf_init(&lines, WARNINGS_BYTES_MAX);
    if (sp_config_warnings(config, &lines) != SP_OK) {
        return;
    }
    struct sp_slice rest = sp_buf_slice(&lines);
    while (rest.len > 0) {
        size_t end = sp_slice_find(rest, 0, '\n');
        (void)fprintf(stderr, "%s:%.*s\n", name_of(path), (int)end, (const char *)rest.ptr);
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
}
