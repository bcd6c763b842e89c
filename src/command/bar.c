#include "command/bar.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"

#define DRAW_MS        ((uint64_t)100)
#define QUIET_MS       ((uint64_t)300) /* a short transfer draws nothing */
#define LINE_BYTES_MAX ((size_t)512)
#define COLUMNS        80U
#define BAR_COLUMNS    20U
#define NAME_COLUMNS   30U
#define FEW_COLUMNS    48U

void sp_bar_begin(struct sp_bar *bar, const char *name)
{
    *bar = (struct sp_bar){
        .name = name, .begun_ms = sp_clock_mono_ms(), .is_terminal = isatty(STDERR_FILENO) != 0};
}

enum sp_err sp_bar_size(uint64_t bytes, struct sp_buf *out)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    uint64_t tenths = bytes * 10 / 1024;
    size_t unit = 0;
    if (bytes < 1024) {
        return sp_buf_putf(out, "%llu B", (unsigned long long)bytes);
    }
    while (tenths >= 10240 && unit + 1 < SP_COUNT(units)) {
        tenths /= 1024;
        unit++;
    }
    return sp_buf_putf(out, "%llu.%llu %s", (unsigned long long)(tenths / 10),
                       (unsigned long long)(tenths % 10), units[unit]);
}

static enum sp_err put_meter(uint64_t done, uint64_t all, struct sp_buf *out)
{
    const unsigned full = (unsigned)(done >= all ? BAR_COLUMNS : done * BAR_COLUMNS / all);
    SP_TRY(sp_buf_put_text(out, " ["));
    for (unsigned i = 0; i < BAR_COLUMNS; i++) {
        SP_TRY(sp_buf_put_byte(out, i < full ? '#' : '.'));
    }
    return sp_buf_putf(out, "] %3llu%%",
                       (unsigned long long)(done >= all ? 100 : done * 100 / all));
}

enum sp_err sp_bar_line(const char *name, uint64_t done, uint64_t all, uint64_t spent_ms,
                        unsigned columns, struct sp_buf *out)
{
    const size_t before = out->len;
    SP_TRY(sp_buf_putf(out, "%.*s ", (int)sp_size_min(NAME_COLUMNS, columns / 3), name));
    SP_TRY(sp_bar_size(done, out));
    if (all > 0 && columns >= FEW_COLUMNS) {
        SP_TRY(put_meter(done, all, out));
    }
    if (spent_ms >= 1000) {
        SP_TRY(sp_buf_put_byte(out, ' '));
        SP_TRY(sp_bar_size(done * 1000 / spent_ms, out));
        SP_TRY(sp_buf_put_text(out, "/s"));
    }
    sp_buf_truncate(out, before + sp_size_min(out->len - before, columns));
    return SP_OK;
}

static unsigned columns_of_terminal(void)
{
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1U
                                                                           : COLUMNS - 1;
}

bool sp_bar_draw(void *ctx, uint64_t done, uint64_t all)
{
    struct sp_bar *bar = ctx;
    const uint64_t now = sp_clock_mono_ms();
    if (!bar->is_terminal || now - bar->begun_ms < QUIET_MS || now - bar->drawn_ms < DRAW_MS) {
        return true;
    }
    SP_AUTO_BUF struct sp_buf line;
    sp_buf_init(&line, LINE_BYTES_MAX);
    if (sp_bar_line(bar->name, done, all, now - bar->begun_ms, columns_of_terminal(), &line) ==
        SP_OK) {
        (void)fprintf(stderr, "\r\033[K%.*s", (int)line.len, (const char *)line.ptr);
        (void)fflush(stderr);
        bar->is_drawn = true;
        bar->drawn_ms = now;
    }
    return true;
}

void sp_bar_end(struct sp_bar *bar)
{
    if (bar->is_drawn) {
        (void)fputs("\r\033[K", stderr);
    }
}
