/*
 * toml - reads TOML 1.0, all of it and nothing else.
 *
 * Runs in: supervisor, commands, inspect (policies).   Input: the operator's files.   Allocates: in proportion.
 * Bounded in bytes, depth and nodes. Every value and key knows its place, so that a reader of configuration can say
 * where a mistake stands.
 */
#ifndef SP_CODEC_TOML_H
#define SP_CODEC_TOML_H

#include "base/err.h"
#include "base/slice.h"
#include "base/where.h"

#define SP_TOML_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define SP_TOML_DEPTH_MAX 64U
#define SP_TOML_NODES_MAX ((size_t)1024 * 1024) /* at once */

enum sp_toml_type {
    SP_TOML_STRING,
    SP_TOML_INTEGER,
    SP_TOML_FLOAT,
    SP_TOML_BOOL,
    SP_TOML_OFFSET_DATETIME,
    SP_TOML_LOCAL_DATETIME,
    SP_TOML_LOCAL_DATE,
    SP_TOML_LOCAL_TIME,
    SP_TOML_ARRAY,
    SP_TOML_TABLE,
};

/* A line and a column (in characters), both from 1. */
struct sp_toml_place {
    unsigned line;
    unsigned column;
};

/* A document owns its values. */
struct sp_toml;
struct sp_toml_value;

/* Reads the whole of `in`, which may go away afterwards. SP_ERR_CONFIG with place and reason, or SP_ERR_NOMEM. */
enum sp_err sp_toml_parse(struct sp_slice in, struct sp_toml **out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2);

/*
 * The same, but the tables of the root's array [[name]] are handed over one by one, each as soon as nothing can be added
 * to it, and not kept: a long list costs the memory of one of its tables. An error of `fn` ends the reading. The array
 * itself stays, with its count and without elements; one that is not written in headers is kept as any other.
 */
typedef enum sp_err sp_toml_element_fn(void *ctx, const struct sp_toml_value *table);
struct sp_toml_each {
    const char *name;
    sp_toml_element_fn *fn;
    void *ctx;
};
enum sp_err sp_toml_parse_each(struct sp_slice in, const struct sp_toml_each *each,
                               struct sp_toml **out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2, 3);

void sp_toml_free(struct sp_toml *doc);
void sp_toml_free_cleanup(struct sp_toml **doc);
#define SP_AUTO_TOML SP_CLEANUP(sp_toml_free_cleanup)

/* The table of the whole document. */
const struct sp_toml_value *sp_toml_root(const struct sp_toml *doc) SP_NONNULL(1);

enum sp_toml_type sp_toml_type(const struct sp_toml_value *value) SP_NONNULL(1);
const char *sp_toml_type_name(enum sp_toml_type type);

/* The member of a table, or NULL (also when `table` is NULL or no table). */
const struct sp_toml_value *sp_toml_get(const struct sp_toml_value *table, const char *key)
    SP_NONNULL(2);
const struct sp_toml_value *sp_toml_get_slice(const struct sp_toml_value *table,
                                              struct sp_slice key);

/* Walks over a table's members or an array's elements in the order of the text; NULL at the end. */
const struct sp_toml_value *sp_toml_first(const struct sp_toml_value *container);
const struct sp_toml_value *sp_toml_next(const struct sp_toml_value *value) SP_NONNULL(1);
size_t sp_toml_count(const struct sp_toml_value *container);

/* The last part of a member's key (empty for elements), and the places of key and value. */
struct sp_slice sp_toml_key(const struct sp_toml_value *value) SP_NONNULL(1);
struct sp_toml_place sp_toml_key_place(const struct sp_toml_value *value) SP_NONNULL(1);
struct sp_toml_place sp_toml_place(const struct sp_toml_value *value) SP_NONNULL(1);

/* SP_ERR_INVALID when the type differs (NULL has none). Strings are lent for the life of the document. */
enum sp_err sp_toml_string(const struct sp_toml_value *value, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_toml_integer(const struct sp_toml_value *value, int64_t *out)
    SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_toml_float(const struct sp_toml_value *value, double *out)
    SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_toml_bool(const struct sp_toml_value *value, bool *out) SP_MUST_CHECK SP_NONNULL(2);

/* The text of any of the four kinds of date and time, as RFC 3339 writes it ("T" and "Z" in capitals). */
enum sp_err sp_toml_datetime(const struct sp_toml_value *value, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
