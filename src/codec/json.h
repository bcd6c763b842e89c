/*
 * json - reads JSON (RFC 8259) without any of the leniency that two readers could disagree on.
 *
 * Runs in: every process.   Input: hostile.   Allocates: in proportion to the text, at most its bound.
 * Refused besides broken syntax: equal keys, invalid UTF-8, lone surrogates, raw control bytes, bytes after the value,
 * numbers that no double can hold, nesting past the limit and, unless it is allowed, the character NUL.
 */
#ifndef SP_CODEC_JSON_H
#define SP_CODEC_JSON_H

#include "base/buf.h"
#include "base/where.h"

#define SP_JSON_BYTES_MAX        ((size_t)256 * 1024 * 1024) /* no limit of a caller may be higher */
#define SP_JSON_DEPTH_MAX        128U           /* no limit of a caller may be higher */
#define SP_JSON_DEPTH            32U            /* the usual limit */
#define SP_JSON_NUMBER_BYTES_MAX ((size_t)1024) /* the longest number text */

enum sp_json_type {
    SP_JSON_NULL,
    SP_JSON_BOOL,
    SP_JSON_NUMBER,
    SP_JSON_STRING,
    SP_JSON_ARRAY,
    SP_JSON_OBJECT,
};

/* Whether `\u0000` may stand in a string value. It never may in a key. */
enum sp_json_nul { SP_JSON_NUL_REFUSED, SP_JSON_NUL_ALLOWED };

struct sp_json_limits {
    size_t bytes_max;
    unsigned depth_max;
    enum sp_json_nul nul;
};

/* A document owns its values; a value is only ever seen through a pointer. */
struct sp_json;
struct sp_json_value;

/*
 * Reads the whole of `in`, which may go away afterwards. SP_ERR_JSON for syntax, SP_ERR_UTF8, SP_ERR_NUL,
 * SP_ERR_DUPLICATE, SP_ERR_DEPTH, SP_ERR_RANGE (a number), SP_ERR_TOO_BIG, SP_ERR_NOMEM. `out_where` may be NULL.
 */
enum sp_err sp_json_parse(struct sp_slice in, const struct sp_json_limits *limits,
                          struct sp_json **out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2, 3);
void sp_json_free(struct sp_json *doc);
void sp_json_free_cleanup(struct sp_json **doc);
#define SP_AUTO_JSON SP_CLEANUP(sp_json_free_cleanup)

const struct sp_json_value *sp_json_root(const struct sp_json *doc) SP_NONNULL(1);

/* All below take NULL for a value that is absent: its type is NULL's, it has no members, and no getter succeeds. */
enum sp_json_type sp_json_type(const struct sp_json_value *value);
bool sp_json_is(const struct sp_json_value *value, enum sp_json_type type);

/* The member of this name (letter case counts), or NULL. */
const struct sp_json_value *sp_json_get(const struct sp_json_value *object, const char *key)
    SP_NONNULL(2);

/* Walks over the elements of an array or the members of an object in the order of the text. */
const struct sp_json_value *sp_json_first(const struct sp_json_value *container);
const struct sp_json_value *sp_json_next(const struct sp_json_value *value);
size_t sp_json_count(const struct sp_json_value *container);

/* The name of a member; empty for anything else. */
struct sp_slice sp_json_key(const struct sp_json_value *member);

/* SP_ERR_INVALID when the type differs. Strings are lent for the life of the document. */
enum sp_err sp_json_string(const struct sp_json_value *value, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_json_bool(const struct sp_json_value *value, bool *out) SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_json_double(const struct sp_json_value *value, double *out)
    SP_MUST_CHECK SP_NONNULL(2);

/* The text of a number as it was given. */
enum sp_err sp_json_number_text(const struct sp_json *doc, const struct sp_json_value *value,
                                struct sp_slice *out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Only numbers written without fraction and exponent; outside int64 is SP_ERR_RANGE. */
enum sp_err sp_json_integer(const struct sp_json *doc, const struct sp_json_value *value,
                            int64_t *out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Appends the value as compact JSON: members in their order, strings as RFC 8785 writes them, numbers as given. */
enum sp_err sp_json_print(const struct sp_json *doc, const struct sp_json_value *value,
                          struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
