/* The scans as they are where a machine has no vectors. */
#define SP_SCAN_PORTABLE
#include "scan_portable.h"

#include "python/scan_window.h"

struct scan_all scan_portable(const uint8_t *at, const uint8_t *end)
{
    struct scan_all all = {.names = sp_scan_window(at),
                           .quotes = sp_scan_window_of(at, '\''),
                           .high = sp_scan_window_high(at)};
    all.ends[0] = sp_scan_name(at, end, &all.all[0]);
    all.ends[1] = sp_scan_spaces(at, end);
    all.ends[2] = sp_scan_line(at, end);
    all.ends[3] = sp_scan_string(at, end, '\'', &all.all[1]);
    all.ends[4] = sp_scan_ascii(at, end);
    all.ends[5] = at + sp_scan_blanks(at);
    all.ends[6] = at + sp_scan_quoted(at, '\'');
    return all;
}
