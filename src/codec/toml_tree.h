/*
 * toml_tree - the values of a TOML document while it is being read.
 *
 * Runs in: where toml runs (for toml*.c only).   Allocates: blocks of values, and an index of keys.
 */
#ifndef SP_CODEC_TOML_TREE_H
#define SP_CODEC_TOML_TREE_H

#include "codec/toml.h"

/* How a table or array came to be, which decides what may still be added to it. */
enum sp_toml_kind {
    SP_TOML_KIND_VALUE,    /* a scalar, or an array written in brackets: nothing may be added */
    SP_TOML_KIND_IMPLICIT, /* a table that only headers of its sub-tables have named */
    SP_TOML_KIND_HEADER,   /* a table with a header of its own, or the root */
    SP_TOML_KIND_DOTTED,   /* a table made by dotted keys: open to them until their section ends */
    SP_TOML_KIND_INLINE,   /* a table in braces: closed */
    SP_TOML_KIND_TABLES,   /* an array made by [[headers]] */
};

struct sp_toml_value {
    enum sp_toml_type type;
    enum sp_toml_kind kind;
    unsigned section; /* of a DOTTED table */
    unsigned depth;
    struct sp_slice key;
    struct sp_toml_place key_place;
    struct sp_toml_place place;
    const struct sp_toml *doc;
    const struct sp_toml_value *parent;
    struct sp_toml_value *next;
    struct sp_toml_value *first;
    struct sp_toml_value *last;
    size_t count;
    union {
        struct sp_slice text; /* strings, dates and times */
        int64_t integer;
        double real;
        bool truth;
    } as;
};

struct sp_toml {
    uint8_t *text; /* the document's own copy; strings are decoded in place and point into it */
    size_t len;
    struct sp_toml_block *blocks;
    struct sp_toml_value *root;
    size_t nodes;                 /* in use */
    struct sp_toml_value *unused; /* let go by sp_toml_drop_elements, by `next` */
    struct sp_toml_value **slots; /* open addressing over (parent, key) */
    size_t slot_count;
    size_t slot_used;
};

/* Adds a value at the end of a container; `key` is empty for an array's element. The key must not be taken. */
enum sp_err sp_toml_add(struct sp_toml *doc, struct sp_toml_value *parent, struct sp_slice key,
                        struct sp_toml_value **out) SP_MUST_CHECK SP_NONNULL(1, 4);

/* Lets the elements of an array go, with all beneath them; their memory is used again. The count stays. */
void sp_toml_drop_elements(struct sp_toml *doc, struct sp_toml_value *array) SP_NONNULL(1, 2);

/* The member that may still be changed, or NULL. */
struct sp_toml_value *sp_toml_find(const struct sp_toml *doc, const struct sp_toml_value *table,
                                   struct sp_slice key) SP_NONNULL(1, 2);

#endif
