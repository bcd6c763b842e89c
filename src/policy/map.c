#include "policy/map.h"

#include <stdlib.h>

#define SLOTS_LEAST ((size_t)64)

void sp_map_init(struct sp_map *map)
{
    *map = (struct sp_map){.slots = NULL};
}

void sp_map_done(struct sp_map *map)
{
    for (size_t i = 0; i < map->slot_count; i++) {
        /* The copies were made by this map: the const is its own. */
        free((void *)(uintptr_t)map->slots[i].key.ptr);
    }
    free(map->slots);
    sp_map_init(map);
}

/* Four bytes a step; keys are ours and the operator's, so that nobody outside can choose ones that collide. */
static uint32_t hash_of(struct sp_slice key)
{
    uint32_t h = (uint32_t)key.len;
    size_t at = 0;
    for (; key.len - at >= 4; at += 4) {
        const uint8_t *p = key.ptr + at;
        uint32_t word =
            (uint32_t)p[0] | (uint32_t)p[1] << 8U | (uint32_t)p[2] << 16U | (uint32_t)p[3] << 24U;
        h = (h ^ word) * 0x9E3779B1U;
        h ^= h >> 15U;
    }
    for (; at < key.len; at++) {
        h = (h ^ key.ptr[at]) * 0x01000193U;
    }
    return h ^ h >> 16U;
}

/* The slot that holds the key, or the free one where it belongs. The table is never more than half full. */
static struct sp_map_entry *find(const struct sp_map *map, struct sp_slice key, uint32_t hash)
{
    size_t mask = map->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct sp_map_entry *slot = &map->slots[at];
        if (slot->key.ptr == NULL || (slot->hash == hash && sp_slice_equal(slot->key, key))) {
            return slot;
        }
    }
}

static enum sp_err grow(struct sp_map *map)
{
    struct sp_map bigger = {.slot_count = map->slot_count == 0 ? SLOTS_LEAST : 2 * map->slot_count,
                            .count = map->count};
    bigger.slots = calloc(bigger.slot_count, sizeof(*bigger.slots));
    if (bigger.slots == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < map->slot_count; i++) {
        if (map->slots[i].key.ptr != NULL) {
            *find(&bigger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
        }
    }
    free(map->slots);
    *map = bigger;
    return SP_OK;
}

static enum sp_err entry(struct sp_map *map, struct sp_slice key, struct sp_map_entry **out)
{
    if (2 * (map->count + 1) > map->slot_count) {
        SP_TRY(grow(map));
    }
    uint32_t hash = hash_of(key);
    struct sp_map_entry *slot = find(map, key, hash);
    if (slot->key.ptr == NULL) {
        char *copy = sp_slice_dup(key);
        if (copy == NULL) {
            return SP_ERR_NOMEM;
        }
        *slot = (struct sp_map_entry){.key = sp_slice_make(copy, key.len), .hash = hash};
        map->count++;
    }
    *out = slot;
    return SP_OK;
}

enum sp_err sp_map_put(struct sp_map *map, struct sp_slice key, uint32_t value)
{
    struct sp_map_entry *slot = NULL;
    SP_TRY(entry(map, key, &slot));
    slot->value = value;
    return SP_OK;
}

enum sp_err sp_map_or(struct sp_map *map, struct sp_slice key, uint32_t bits)
{
    struct sp_map_entry *slot = NULL;
    SP_TRY(entry(map, key, &slot));
    slot->value |= bits;
    return SP_OK;
}

bool sp_map_get(const struct sp_map *map, struct sp_slice key, uint32_t *out)
{
    if (map->count == 0) {
        return false;
    }
    const struct sp_map_entry *slot = find(map, key, hash_of(key));
    if (slot->key.ptr == NULL) {
        return false;
    }
    *out = slot->value;
    return true;
}

bool sp_map_has(const struct sp_map *map, struct sp_slice key)
{
    uint32_t ignored = 0;
    return sp_map_get(map, key, &ignored);
}

static int by_key(const void *a, const void *b)
{
    const struct sp_map_entry *const *left = a;
    const struct sp_map_entry *const *right = b;
    return sp_slice_compare((*left)->key, (*right)->key);
}

void sp_map_sorted(const struct sp_map *map, const struct sp_map_entry **out)
{
    size_t count = 0;
    for (size_t i = 0; i < map->slot_count; i++) {
        if (map->slots[i].key.ptr != NULL) {
            out[count] = &map->slots[i];
            count++;
        }
    }
    qsort(out, count, sizeof(*out), by_key);
}
