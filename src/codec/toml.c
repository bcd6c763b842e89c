/* The tree of a TOML document: its values, the index of keys, and what readers ask of it. */
#include "codec/toml.h"

#include <stdlib.h>

#include "codec/toml_tree.h"

#define BLOCK_NODES       ((size_t)64)
#define SLOTS_COUNT_LEAST ((size_t)64)

struct sp_toml_block {
    struct sp_toml_block *next;
    size_t used;
    struct sp_toml_value nodes[BLOCK_NODES];
};

void sp_toml_free(struct sp_toml *doc)
{
    if (doc == NULL) {
        return;
    }
    while (doc->blocks != NULL) {
        struct sp_toml_block *next = doc->blocks->next;
        free(doc->blocks);
        doc->blocks = next;
    }
    free(doc->slots);
    free(doc->text);
    free(doc);
}

void sp_toml_free_cleanup(struct sp_toml **doc)
{
    sp_toml_free(*doc);
}

/* FNV-1a over the key, begun with the table's address, which differs from run to run. */
static uint64_t hash_of(const struct sp_toml_value *table, struct sp_slice key)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ ((uint64_t)(uintptr_t)table >> 3);
    for (size_t i = 0; i < key.len; i++) {
        hash = (hash ^ key.ptr[i]) * UINT64_C(1099511628211);
    }
    return hash ^ hash >> 29;
}

/* The slot that holds this key, or the empty one where it belongs. There is always an empty one. */
static size_t slot_of(const struct sp_toml *doc, const struct sp_toml_value *table,
                      struct sp_slice key)
{
    size_t slot = (size_t)hash_of(table, key) & (doc->slot_count - 1);
    while (doc->slots[slot] != NULL &&
           !(doc->slots[slot]->parent == table && sp_slice_equal(doc->slots[slot]->key, key))) {
        slot = (slot + 1) & (doc->slot_count - 1);
    }
    return slot;
}

static enum sp_err grow_index(struct sp_toml *doc)
{
    struct sp_toml_value **old = doc->slots;
    size_t old_count = doc->slot_count;
    size_t count = old_count == 0 ? SLOTS_COUNT_LEAST : 2 * old_count;
    struct sp_toml_value **slots = calloc(count, sizeof(struct sp_toml_value *));
    if (slots == NULL) {
        return SP_ERR_NOMEM;
    }
    doc->slots = slots;
    doc->slot_count = count;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i] != NULL) {
            slots[slot_of(doc, old[i]->parent, old[i]->key)] = old[i];
        }
    }
    free(old);
    return SP_OK;
}

static enum sp_err new_node(struct sp_toml *doc, struct sp_toml_value **out)
{
    if (doc->nodes == SP_TOML_NODES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    if (doc->unused != NULL) {
        *out = doc->unused;
        doc->unused = (*out)->next;
        **out = (struct sp_toml_value){.next = NULL};
        doc->nodes++;
        return SP_OK;
    }
    if (doc->blocks == NULL || doc->blocks->used == BLOCK_NODES) {
        struct sp_toml_block *block = calloc(1, sizeof(*block));
        if (block == NULL) {
            return SP_ERR_NOMEM;
        }
        block->next = doc->blocks;
        doc->blocks = block;
    }
    doc->nodes++;
    *out = &doc->blocks->nodes[doc->blocks->used++];
    return SP_OK;
}

static void append(struct sp_toml_value *parent, struct sp_toml_value *node)
{
    if (parent->last == NULL) {
        parent->first = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
    parent->count++;
}

enum sp_err sp_toml_add(struct sp_toml *doc, struct sp_toml_value *parent, struct sp_slice key,
                        struct sp_toml_value **out)
{
    struct sp_toml_value *node = NULL;
    unsigned depth = parent == NULL ? 0 : parent->depth + 1;
    if (depth > SP_TOML_DEPTH_MAX) {
        return SP_ERR_DEPTH;
    }
    if (2 * doc->slot_used >= doc->slot_count) {
        SP_TRY(grow_index(doc));
    }
    SP_TRY(new_node(doc, &node));
    node->doc = doc;
    node->parent = parent;
    node->key = key;
    node->depth = depth;
    if (parent != NULL) {
        append(parent, node);
        if (parent->type == SP_TOML_TABLE) {
            doc->slots[slot_of(doc, parent, key)] = node;
            doc->slot_used++;
        }
    }
    *out = node;
    return SP_OK;
}

/* Takes a member out of the index: those behind it that would not be found any more move up. */
static void unindex(struct sp_toml *doc, const struct sp_toml_value *node)
{
    const size_t mask = doc->slot_count - 1;
    size_t hole = slot_of(doc, node->parent, node->key);
    for (size_t at = (hole + 1) & mask; doc->slots[at] != NULL; at = (at + 1) & mask) {
        const size_t home = (size_t)hash_of(doc->slots[at]->parent, doc->slots[at]->key) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            doc->slots[hole] = doc->slots[at];
            hole = at;
        }
    }
    doc->slots[hole] = NULL;
    doc->slot_used--;
}

void sp_toml_drop_elements(struct sp_toml *doc, struct sp_toml_value *array)
{
    struct sp_toml_value *todo = array->first;
    array->first = NULL;
    array->last = NULL;
    while (todo != NULL) {
        struct sp_toml_value *node = todo;
        todo = node->next;
        if (node->first != NULL) {
            node->last->next = todo;
            todo = node->first;
        }
        if (node->parent->type == SP_TOML_TABLE) {
            unindex(doc, node);
        }
        node->next = doc->unused;
        doc->unused = node;
        doc->nodes--;
    }
}

struct sp_toml_value *sp_toml_find(const struct sp_toml *doc, const struct sp_toml_value *table,
                                   struct sp_slice key)
{
    return doc->slot_count == 0 ? NULL : doc->slots[slot_of(doc, table, key)];
}

const struct sp_toml_value *sp_toml_root(const struct sp_toml *doc)
{
    return doc->root;
}

enum sp_toml_type sp_toml_type(const struct sp_toml_value *value)
{
    return value->type;
}

const char *sp_toml_type_name(enum sp_toml_type type)
{
    static const char *const names[] = {
        [SP_TOML_STRING] = "a string",
        [SP_TOML_INTEGER] = "an integer",
        [SP_TOML_FLOAT] = "a float",
        [SP_TOML_BOOL] = "a boolean",
        [SP_TOML_OFFSET_DATETIME] = "a date and time",
        [SP_TOML_LOCAL_DATETIME] = "a local date and time",
        [SP_TOML_LOCAL_DATE] = "a local date",
        [SP_TOML_LOCAL_TIME] = "a local time",
        [SP_TOML_ARRAY] = "an array",
        [SP_TOML_TABLE] = "a table",
    };
    return (size_t)type < SP_COUNT(names) ? names[type] : "a value";
}

const struct sp_toml_value *sp_toml_get_slice(const struct sp_toml_value *table,
                                              struct sp_slice key)
{
    if (table == NULL || table->type != SP_TOML_TABLE) {
        return NULL;
    }
    return sp_toml_find(table->doc, table, key);
}

const struct sp_toml_value *sp_toml_get(const struct sp_toml_value *table, const char *key)
{
    return sp_toml_get_slice(table, sp_slice_of(key));
}

const struct sp_toml_value *sp_toml_first(const struct sp_toml_value *container)
{
    return container == NULL ? NULL : container->first;
}

const struct sp_toml_value *sp_toml_next(const struct sp_toml_value *value)
{
    return value->next;
}

size_t sp_toml_count(const struct sp_toml_value *container)
{
    return container == NULL ? 0 : container->count;
}

struct sp_slice sp_toml_key(const struct sp_toml_value *value)
{
    return value->key;
}

struct sp_toml_place sp_toml_key_place(const struct sp_toml_value *value)
{
    return value->key_place;
}

struct sp_toml_place sp_toml_place(const struct sp_toml_value *value)
{
    return value->place;
}

static bool is_of(const struct sp_toml_value *value, enum sp_toml_type type)
{
    return value != NULL && value->type == type;
}

enum sp_err sp_toml_string(const struct sp_toml_value *value, struct sp_slice *out)
{
    if (!is_of(value, SP_TOML_STRING)) {
        return SP_ERR_INVALID;
    }
    *out = value->as.text;
    return SP_OK;
}

enum sp_err sp_toml_integer(const struct sp_toml_value *value, int64_t *out)
{
    if (!is_of(value, SP_TOML_INTEGER)) {
        return SP_ERR_INVALID;
    }
    *out = value->as.integer;
    return SP_OK;
}

enum sp_err sp_toml_float(const struct sp_toml_value *value, double *out)
{
    if (!is_of(value, SP_TOML_FLOAT)) {
        return SP_ERR_INVALID;
    }
    *out = value->as.real;
    return SP_OK;
}

enum sp_err sp_toml_bool(const struct sp_toml_value *value, bool *out)
{
    if (!is_of(value, SP_TOML_BOOL)) {
        return SP_ERR_INVALID;
    }
    *out = value->as.truth;
    return SP_OK;
}

enum sp_err sp_toml_datetime(const struct sp_toml_value *value, struct sp_slice *out)
{
    if (!is_of(value, SP_TOML_OFFSET_DATETIME) && !is_of(value, SP_TOML_LOCAL_DATETIME) &&
        !is_of(value, SP_TOML_LOCAL_DATE) && !is_of(value, SP_TOML_LOCAL_TIME)) {
        return SP_ERR_INVALID;
    }
    *out = value->as.text;
    return SP_OK;
}
