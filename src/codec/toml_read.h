/*
 * toml_read - the cursor that the parts of the TOML reader share.
 *
 * Runs in: where toml runs (for toml*.c only).   Input: the operator's files.   Allocates: through the tree.
 */
#ifndef SP_CODEC_TOML_READ_H
#define SP_CODEC_TOML_READ_H

#include "base/attr.h"
#include "codec/toml_tree.h"

struct sp_toml_reader {
    struct sp_toml *doc;
    uint8_t *text;
    size_t len;
    size_t at;
    unsigned line;
    size_t mark_at; /* a byte of this line whose column is known, so that columns cost no square */
    unsigned mark_column;
    struct sp_toml_value *table; /* where `key = value` lines go */
    unsigned section;            /* the header, or the braces, that dotted keys stand under */
    unsigned sections;
    struct sp_where *where;
    const struct sp_toml_each *each; /* whose elements are handed over, or NULL */
};

/* The byte at the cursor plus `ahead`, or -1 past the end. */
int sp_toml_peek(const struct sp_toml_reader *r, size_t ahead) SP_NONNULL(1);

/* The place of the cursor. */
struct sp_toml_place sp_toml_here(struct sp_toml_reader *r) SP_NONNULL(1);

/* Takes a line end (LF or CRLF); false when none stands here. */
bool sp_toml_take_newline(struct sp_toml_reader *r) SP_NONNULL(1);

/* Says what is wrong and where, and returns SP_ERR_CONFIG. */
enum sp_err sp_toml_fail(struct sp_toml_reader *r, const char *format, ...) SP_NONNULL(1, 2)
    SP_PRINTF(2, 3);
enum sp_err sp_toml_fail_at(struct sp_toml_reader *r, struct sp_toml_place place,
                            const char *format, ...) SP_NONNULL(1, 3) SP_PRINTF(3, 4);

/* Strings of all four forms; the single-line ones also stand as keys (toml_string.c). */
enum sp_err sp_toml_read_string(struct sp_toml_reader *r, bool may_be_multiline,
                                struct sp_slice *out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Numbers, booleans, dates and times (toml_scalar.c). Fills type and content. */
enum sp_err sp_toml_read_scalar(struct sp_toml_reader *r, struct sp_toml_value *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Dates and times (toml_date.c): whether the text looks like one at all, and the strict reading; may change case in place. */
bool sp_toml_looks_like_date(struct sp_slice text);
enum sp_err sp_toml_check_date(struct sp_slice text, enum sp_toml_type *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
