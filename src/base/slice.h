/*
 * slice - borrowed bytes: a pointer and a length.
 *
 * Runs in: every process.   Allocates: never.
 * Never owns, never NUL-terminated, valid while the lender lives.
 */
#ifndef SP_BASE_SLICE_H
#define SP_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct sp_slice {
    const uint8_t *ptr;
    size_t len;
};

/* The smallest ones are here, so that a compiler sees through them where they are used with a literal. */

/* A slice over `len` bytes at `ptr`. */
static inline struct sp_slice sp_slice_make(const void *ptr, size_t len)
{
    return (struct sp_slice){(const uint8_t *)ptr, len};
}

/* A slice over a string literal, or over a NUL-terminated string (NULL gives the empty slice). */
#define SP_SLICE_LITERAL(text) ((struct sp_slice){(const uint8_t *)(text), sizeof(text) - 1})
static inline struct sp_slice sp_slice_of(const char *text)
{
    return sp_slice_make(text, text == NULL ? 0 : strlen(text));
}

/* Byte equality. Not constant in time: secrets are compared with sp_secret_equal. */
static inline bool sp_slice_equal(struct sp_slice a, struct sp_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool sp_slice_is(struct sp_slice a, const char *text)
{
    return sp_slice_equal(a, sp_slice_of(text));
}

/* ASCII letters compare without case (header names, Azure's enumeration values). */
bool sp_slice_is_nocase(struct sp_slice a, const char *text);
bool sp_slice_starts(struct sp_slice a, const char *prefix);
bool sp_slice_ends(struct sp_slice a, const char *suffix);

/* Byte order as memcmp has it: less than, equal to or greater than zero. */
int sp_slice_compare(struct sp_slice a, struct sp_slice b);

/* Position of the first `byte` at or after `from`, or `len` when there is none. */
size_t sp_slice_find(struct sp_slice a, size_t from, uint8_t byte);

/* Position of the first occurrence of `needle` at or after `from`, or `len`. Linear in the length, whatever the bytes are. */
size_t sp_slice_search(struct sp_slice a, size_t from, struct sp_slice needle);

/* The part from `from` (at most `len` bytes); both are cut to what is there. */
static inline struct sp_slice sp_slice_sub(struct sp_slice a, size_t from, size_t len)
{
    if (from > a.len) {
        from = a.len;
    }
    if (len > a.len - from) {
        len = a.len - from;
    }
    return sp_slice_make(a.len == 0 ? a.ptr : a.ptr + from, len);
}

/* Without leading and trailing spaces and tabs (OWS of RFC 9110). */
struct sp_slice sp_slice_trim(struct sp_slice a);

/* Copies the first bytes, at most `room`, for libraries that want them in memory of theirs; how many were copied. */
size_t sp_slice_copy(struct sp_slice a, void *to, size_t room) SP_NONNULL(2);

/* Copies into `room` bytes of the caller's, cut to fit and NUL-terminated. */
void sp_slice_to_text(struct sp_slice a, char *out, size_t room);

/* A NUL-terminated copy, or NULL when memory is used up or the slice holds a NUL. The caller frees it. */
char *sp_slice_dup(struct sp_slice a) SP_MUST_CHECK;

#endif
