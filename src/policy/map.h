/*
 * map - texts to numbers; filled at load, then only read.
 *
 * Runs in: supervisor, inspect, commands.   Allocates: on filling.
 * Keys come from our own tables and from the operator's policies; what is looked up is hostile.
 */
#ifndef SP_POLICY_MAP_H
#define SP_POLICY_MAP_H

#include "base/err.h"
#include "base/slice.h"

struct sp_map_entry {
    struct sp_slice key; /* borrowed from the map's own text, or empty */
    uint32_t hash;
    uint32_t value;
};

struct sp_map {
    struct sp_map_entry *slots;
    size_t slot_count;
    size_t count;
};

void sp_map_init(struct sp_map *map) SP_NONNULL(1);
void sp_map_done(struct sp_map *map) SP_NONNULL(1);

/* Copies the key; a key that is there gets the new value. */
enum sp_err sp_map_put(struct sp_map *map, struct sp_slice key, uint32_t value)
    SP_MUST_CHECK SP_NONNULL(1);

/* Like put, but adds the bits to the value that is there. */
enum sp_err sp_map_or(struct sp_map *map, struct sp_slice key, uint32_t bits)
    SP_MUST_CHECK SP_NONNULL(1);

/* False leaves `out` as it was. */
bool sp_map_get(const struct sp_map *map, struct sp_slice key, uint32_t *out) SP_NONNULL(1, 3);
bool sp_map_has(const struct sp_map *map, struct sp_slice key) SP_NONNULL(1);

/* Entries in the order of their keys' bytes; `out` has room for `map->count`. */
void sp_map_sorted(const struct sp_map *map, const struct sp_map_entry **out) SP_NONNULL(1, 2);

#endif
