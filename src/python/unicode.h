/*
 * unicode - which characters make identifiers, and the form in which CPython compares them (NFKC).
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Only file pair with libutf8proc.
 */
#ifndef SP_PYTHON_UNICODE_H
#define SP_PYTHON_UNICODE_H

#include "base/slice.h"
#include "python/token.h"

/* A longer name cannot turn into one of the short ASCII names that rules speak of: NFKC drops no character. */
#define SP_UNICODE_NAME_BYTES_MAX ((size_t)512)

struct sp_unicode_range {
    uint32_t first;
    uint32_t last;
    uint32_t kind; /* 1 continues a name, 2 starts one; plus 4: only from Python 3.12 on */
};

extern const struct sp_unicode_range sp_unicode_ranges[];
extern const size_t sp_unicode_range_count;

/* Whether this valid UTF-8 is an identifier; `*out_bad` is the offset of the first character that does not fit. */
bool sp_unicode_is_name(struct sp_slice name, enum sp_python_family family, size_t *out_bad)
    SP_NONNULL(3);

/* Writes the NFKC form; SP_ERR_TOO_BIG when the name or its form is over the maximum. */
enum sp_err sp_unicode_nfkc(struct sp_slice name, uint8_t out[SP_UNICODE_NAME_BYTES_MAX],
                            size_t *out_len) SP_MUST_CHECK SP_NONNULL(2, 3);

#endif
