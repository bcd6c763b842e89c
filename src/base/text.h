/*
 * text - a cursor over text we do not trust.
 *
 * Runs in: every process.   Input: hostile.   Allocates: never.
 * A failed step leaves the cursor and the output where they were.
 */
#ifndef SP_BASE_TEXT_H
#define SP_BASE_TEXT_H

#include "base/err.h"
#include "base/slice.h"

struct sp_text {
    struct sp_slice in;
    size_t at;
};

/* Answers whether a byte belongs to the run that is being read. */
typedef bool sp_text_class(uint8_t byte);

void sp_text_init(struct sp_text *t, struct sp_slice in) SP_NONNULL(1);
bool sp_text_at_end(const struct sp_text *t) SP_NONNULL(1);

/* The next byte without taking it, or -1 at the end. */
int sp_text_peek(const struct sp_text *t) SP_NONNULL(1);

/* Takes exactly this byte, or this literal. SP_ERR_SHORT at the end, SP_ERR_INVALID on another byte. */
enum sp_err sp_text_byte(struct sp_text *t, uint8_t byte) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_text_literal(struct sp_text *t, const char *literal) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Takes one or more bytes of a class, at most `max` (one more is SP_ERR_TOO_BIG); none is SP_ERR_INVALID. */
enum sp_err sp_text_run(struct sp_text *t, sp_text_class *is, size_t max, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 4);

/* Takes any number of bytes of a class, also none. */
struct sp_slice sp_text_skip(struct sp_text *t, sp_text_class *is) SP_NONNULL(1, 2);

/* Takes all up to the delimiter and the delimiter itself; `out` is what stood before it. */
enum sp_err sp_text_until(struct sp_text *t, uint8_t delimiter, size_t max, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* Takes decimal digits as a number of at most `max`. */
enum sp_err sp_text_number(struct sp_text *t, uint64_t max, uint64_t *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Takes all that is left. */
struct sp_slice sp_text_rest(struct sp_text *t) SP_NONNULL(1);

/* Whether all of it are hexadecimal digits, letters in lower case; an empty one is. */
bool sp_text_is_small_hex(struct sp_slice text);

/*
 * A plain run is what JSON takes as it is: no quote, no backslash, no control byte (DEL is fine) and no byte of a longer
 * UTF-8 sequence. The first answers where the run that begins at `from` ends; the second also copies it to `to`, which
 * has room for SP_TEXT_COPY_SLACK bytes more than the run. Eight bytes a step.
 */
#define SP_TEXT_COPY_SLACK ((size_t)8)
size_t sp_text_plain_end(struct sp_slice in, size_t from);
size_t sp_text_plain_copy(struct sp_slice in, size_t from, uint8_t *to) SP_NONNULL(3);

bool sp_text_is_digit(uint8_t byte);
bool sp_text_is_hex(uint8_t byte);
bool sp_text_is_alpha(uint8_t byte);
bool sp_text_is_alnum(uint8_t byte);
bool sp_text_is_space(uint8_t byte); /* space and tab */

/* Checks a whole slice as UTF-8 (no surrogates, no overlong forms, at most U+10FFFF); SP_ERR_UTF8, `*out_at` is where. */
enum sp_err sp_utf8_check(struct sp_slice in, size_t *out_at) SP_MUST_CHECK SP_NONNULL(2);

/* Decodes one code point and takes it. SP_ERR_SHORT or SP_ERR_UTF8. */
enum sp_err sp_utf8_next(struct sp_text *t, uint32_t *out) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Writes a code point (at most U+10FFFF, no surrogate) in UTF-8 and answers how many bytes that took, 1 to 4. */
#define SP_UTF8_MAX ((size_t)4)
size_t sp_utf8_put(uint8_t *to, uint32_t code) SP_NONNULL(1);

#endif
