#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "process/house.h"

#define LINE_MAX_BYTES ((size_t)16 * 1024)

/* What if a role is hostile? Its line could move the cursor or fake another line; nothing but printable ASCII passes. */
static enum sp_err put_escaped(struct sp_buf *out, struct sp_slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        const uint8_t byte = line.ptr[i];
        if (byte >= 0x20 && byte <= 0x7E) {
            SP_TRY(sp_buf_put_byte(out, byte));
        } else {
            SP_TRY(sp_buf_putf(out, "\\x%02x", byte));
        }
    }
    return SP_OK;
}

static enum sp_err build(struct sp_buf *out, enum sp_log_level level, const char *who, long pid,
                         struct sp_slice line)
{
    char when[SP_CLOCK_RFC3339_BYTES];
    sp_clock_rfc3339(sp_clock_wall_us(), when);
    SP_TRY(sp_buf_putf(out, "%s %-5s %s[%ld] ", when, sp_log_level_name(level), who, pid));
    SP_TRY(put_escaped(out, line));
    return sp_buf_put_byte(out, '\n');
}

void sp_operator_line(enum sp_log_level level, const char *who, long pid, struct sp_slice line)
{
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, LINE_MAX_BYTES);
    if (build(&out, level, who, pid, line) != SP_OK) {
        return;
    }
    /* One write, so that lines of different processes do not mix. A log that cannot be written stops nothing. */
    ssize_t ignored = write(STDERR_FILENO, out.ptr, out.len);
    (void)ignored;
}
