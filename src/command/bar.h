/*
 * bar - how far a transfer is, drawn on a terminal and nowhere else.
 *
 * Runs in: client commands.   Writes: standard error.
 */
#ifndef SP_COMMAND_BAR_H
#define SP_COMMAND_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct sp_bar {
    const char *name;
    uint64_t begun_ms;
    uint64_t drawn_ms;
    bool is_terminal;
    bool is_drawn;
};

void sp_bar_begin(struct sp_bar *bar, const char *name) SP_NONNULL(1, 2);

/* Draws at most ten times a second. `all` is 0 while it is not known. Always true: goes on. */
bool sp_bar_draw(void *bar, uint64_t done, uint64_t all) SP_NONNULL(1);

/* Wipes the line, so that what is said next stands alone. */
void sp_bar_end(struct sp_bar *bar) SP_NONNULL(1);

/* The line itself, at most `columns` wide, appended; for tests and draw. Sizes in binary units. */
enum sp_err sp_bar_line(const char *name, uint64_t done, uint64_t all, uint64_t spent_ms,
                        unsigned columns, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 6);

/* "512 B", "1.5 MiB". */
enum sp_err sp_bar_size(uint64_t bytes, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

#endif
