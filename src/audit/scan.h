/*
 * scan - a quick walk over a segment at start: where its good lines end and which intents are open.
 *
 * Runs in: audit.   Input: a file that others may have damaged.   Allocates: one piece of the file.
 */
#ifndef SP_AUDIT_SCAN_H
#define SP_AUDIT_SCAN_H

#include "audit/disk.h"
#include "audit/open.h"

struct sp_scan {
    uint64_t next;          /* in: the index that the first line should have; out: the one after the last */
    uint64_t good_end;      /* behind the last good line */
    uint64_t damaged_lines; /* bad lines before that */
    uint64_t latest_us;     /* the time of the last good line */
};

enum sp_err sp_scan_segment(const struct sp_disk *disk, int fd, uint64_t size, struct sp_open_set *open,
                            struct sp_scan *scan) SP_MUST_CHECK SP_NONNULL(1, 4, 5);

#endif
