#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void to_stderr(void *ctx, enum sp_log_level level, struct sp_slice line);

static struct {
    sp_log_sink *sink;
    void *ctx;
    enum sp_log_level level;
} state = {to_stderr, NULL, SP_LOG_INFO};

static void to_stderr(void *ctx, enum sp_log_level level, struct sp_slice line)
{
    (void)ctx;
    (void)dprintf(STDERR_FILENO, "%s %.*s\n", sp_log_level_name(level), (int)line.len,
                  (const char *)line.ptr);
}

void sp_log_to(sp_log_sink *sink, void *ctx, enum sp_log_level level)
{
    state.sink = sink == NULL ? to_stderr : sink;
    state.ctx = ctx;
    state.level = level;
}

const char *sp_log_level_name(enum sp_log_level level)
{
    switch (level) {
    case SP_LOG_ERROR:
        return "error";
    case SP_LOG_WARN:
        return "warn";
    case SP_LOG_INFO:
        return "info";
    case SP_LOG_DEBUG:
        return "debug";
    }
    return "error";
}

/* Event and text may quote outside bytes: whatever is not printable ASCII becomes '?'. */
static void make_printable(char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] > 0x7E) {
            line[i] = '?';
        }
    }
}

void sp_log(enum sp_log_level level, const char *event, const char *format, ...)
{
    if (level > state.level) {
        return;
    }
    char line[SP_LOG_LINE_MAX];
    int head = snprintf(line, sizeof(line), "%s ", event);
    if (head < 0 || (size_t)head >= sizeof(line)) {
        return;
    }
    va_list args;
    va_start(args, format);
    int body = vsnprintf(line + head, sizeof(line) - (size_t)head, format, args);
    va_end(args);
    if (body < 0) {
        return;
    }
    size_t len = (size_t)head + (size_t)body;
    if (len >= sizeof(line)) {
        len = sizeof(line) - 1;
    }
    make_printable(line, len);
    state.sink(state.ctx, level, sp_slice_make(line, len));
}
