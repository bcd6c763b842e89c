#include "session/pages.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/num.h"
#include "base/slice.h"
#include "base/text.h"

#define HUGE_BYTES ((uintptr_t)2 * 1024 * 1024)

/* Newer than the headers of Debian 12: Linux 6.1. */
#define COLLAPSE   25

struct range {
    uintptr_t from;
    uintptr_t to;
};

static bool is_hex(uint8_t byte)
{
    return sp_text_is_hex(byte);
}

static enum sp_err read_address(struct sp_text *t, uint8_t end, uintptr_t *out)
{
    struct sp_slice digits = {NULL, 0};
    uint64_t value = 0;
    SP_TRY(sp_text_run(t, is_hex, 16, &digits));
    SP_TRY(sp_text_byte(t, end));
    SP_TRY(sp_parse_hex_u64(digits, UINTPTR_MAX, &value));
    *out = (uintptr_t)value;
    return SP_OK;
}

/* "from-to rw-p offset 00:00 0 [heap]": writable private memory that no file stands behind. */
static enum sp_err read_line(struct sp_slice line, struct range *out)
{
    struct sp_text t;
    sp_text_init(&t, line);
    SP_TRY(read_address(&t, '-', &out->from));
    SP_TRY(read_address(&t, ' ', &out->to));
    SP_TRY(sp_text_literal(&t, "rw-p "));
    struct sp_slice rest = sp_text_rest(&t);
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] == '/' || sp_slice_starts(sp_slice_sub(rest, i, rest.len), "[stack")) {
            return SP_ERR_INVALID;
        }
    }
    return SP_OK;
}

static size_t collapse(const struct range *range)
{
    uintptr_t from = (range->from + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
    uintptr_t to = range->to & ~(HUGE_BYTES - 1);
    size_t done = 0;
    for (uintptr_t at = from; at < to; at += HUGE_BYTES) {
        void *page = (void *)at;
        /* Not MADV_HUGEPAGE: what a session touches first would be 2 MiB of its own. */
        if (madvise(page, HUGE_BYTES, COLLAPSE) == 0) {
            done += HUGE_BYTES;
        }
    }
    return done;
}

size_t sp_pages_collapse(void)
{
    char line[512];
    size_t done = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        struct range range = {0, 0};
        if (read_line(sp_slice_of(line), &range) == SP_OK) {
            done += collapse(&range);
        }
    }
    (void)fclose(maps);
    return done;
}
