#include "audit/open.h"

#include <stdlib.h>

#define BUCKETS SP_EXCHANGE_SLOTS

struct row {
    struct row *next;
    sp_exchange exchange;
    uint64_t index;
};

struct sp_open_set {
    struct row *buckets[BUCKETS];
    size_t count;
};

enum sp_err sp_open_set_new(struct sp_open_set **out)
{
    struct sp_open_set *set = calloc(1, sizeof(*set));
    if (set == NULL) {
        return SP_ERR_NOMEM;
    }
    *out = set;
    return SP_OK;
}

void sp_open_set_free(struct sp_open_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        while (set->buckets[i] != NULL) {
            struct row *row = set->buckets[i];
            set->buckets[i] = row->next;
            free(row);
        }
    }
    free(set);
}

/* The link that points to the row of an exchange, or to the end of its bucket. */
static struct row **link_of(struct sp_open_set *set, sp_exchange exchange)
{
    struct row **at = &set->buckets[sp_exchange_slot(exchange) % BUCKETS];
    while (*at != NULL && (*at)->exchange != exchange) {
        at = &(*at)->next;
    }
    return at;
}

enum sp_err sp_open_set_add(struct sp_open_set *set, sp_exchange exchange, uint64_t index)
{
    struct row **at = link_of(set, exchange);
    if (*at != NULL) {
        return SP_ERR_DUPLICATE;
    }
    struct row *row = calloc(1, sizeof(*row));
    if (row == NULL) {
        return SP_ERR_NOMEM;
    }
    row->exchange = exchange;
    row->index = index;
    *at = row;
    set->count++;
    return SP_OK;
}

static void take(struct sp_open_set *set, struct row **at)
{
    struct row *row = *at;
    *at = row->next;
    free(row);
    set->count--;
}

enum sp_err sp_open_set_take(struct sp_open_set *set, sp_exchange exchange, uint64_t *out_index)
{
    struct row **at = link_of(set, exchange);
    if (*at == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    *out_index = (*at)->index;
    take(set, at);
    return SP_OK;
}

size_t sp_open_set_count(const struct sp_open_set *set)
{
    return set->count;
}

enum sp_err sp_open_set_take_first(struct sp_open_set *set, sp_exchange *out_exchange,
                                   uint64_t *out_index)
{
    struct row **first = NULL;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct row **at = &set->buckets[i]; *at != NULL; at = &(*at)->next) {
            if (first == NULL || (*at)->index < (*first)->index) {
                first = at;
            }
        }
    }
    if (first == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    *out_exchange = (*first)->exchange;
    *out_index = (*first)->index;
    take(set, first);
    return SP_OK;
}
