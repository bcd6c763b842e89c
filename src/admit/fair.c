#include "admit/fair.h"

#include <stdlib.h>

#include "base/assert.h"

/* What a line may spend in one turn, what an item costs beside its bytes, and the most that it costs. */
#define QUANTUM   ((uint64_t)64 * 1024)
#define ITEM_COST ((uint64_t)1024)
#define COST_MAX  ((uint64_t)1024 * 1024)

struct line {
    struct sp_fair_item *first;
    struct sp_fair_item *last;
    size_t count;
    uint64_t credit;
    bool is_in_ring;
    struct line *next; /* in the ring of lines that wait for their turn */
};

struct sp_fair {
    size_t tenants;
    size_t all_max;
    size_t line_max;
    size_t waiting;
    struct line *head;
    struct line *tail;
    struct line *lines;
};

enum sp_err sp_fair_new(size_t tenants, size_t all_max, size_t line_max, struct sp_fair **out)
{
    struct sp_fair *fair = calloc(1, sizeof(*fair));
    if (fair == NULL) {
        return SP_ERR_NOMEM;
    }
    fair->lines = calloc(tenants == 0 ? 1 : tenants, sizeof(*fair->lines));
    if (fair->lines == NULL) {
        free(fair);
        return SP_ERR_NOMEM;
    }
    fair->tenants = tenants;
    fair->all_max = all_max;
    fair->line_max = line_max;
    *out = fair;
    return SP_OK;
}

void sp_fair_free(struct sp_fair *fair)
{
    if (fair != NULL) {
        free(fair->lines);
        free(fair);
    }
}

static struct line *moved(struct line *to, const struct line *from, const struct line *line)
{
    return line == NULL ? NULL : to + (line - from);
}

enum sp_err sp_fair_grow(struct sp_fair *fair, size_t tenants)
{
    if (tenants <= fair->tenants) {
        return SP_OK;
    }
    struct line *lines = calloc(tenants, sizeof(*lines));
    if (lines == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < fair->tenants; i++) {
        lines[i] = fair->lines[i];
        lines[i].next = moved(lines, fair->lines, fair->lines[i].next);
    }
    fair->head = moved(lines, fair->lines, fair->head);
    fair->tail = moved(lines, fair->lines, fair->tail);
    free(fair->lines);
    fair->lines = lines;
    fair->tenants = tenants;
    return SP_OK;
}

static void enter_ring(struct sp_fair *fair, struct line *line)
{
    line->next = NULL;
    line->is_in_ring = true;
    if (fair->tail == NULL) {
        fair->head = line;
    } else {
        fair->tail->next = line;
    }
    fair->tail = line;
}

static struct line *leave_ring(struct sp_fair *fair)
{
    struct line *line = fair->head;
    fair->head = line->next;
    if (fair->head == NULL) {
        fair->tail = NULL;
    }
    line->is_in_ring = false;
    return line;
}

enum sp_err sp_fair_push(struct sp_fair *fair, size_t tenant, struct sp_fair_item *item)
{
    SP_ASSERT(tenant < fair->tenants);
    struct line *line = &fair->lines[tenant];
    if (line->count >= fair->line_max) {
        return SP_ERR_BUSY;
    }
    if (fair->waiting >= fair->all_max) {
        return SP_ERR_FULL;
    }
    item->next = NULL;
    if (line->count == 0) {
        line->first = item;
        line->credit = 0; /* nothing is saved up by not asking */
        if (!line->is_in_ring) {
            enter_ring(fair, line);
        }
    } else {
        line->last->next = item;
    }
    line->last = item;
    line->count++;
    fair->waiting++;
    return SP_OK;
}

static uint64_t cost_of(const struct sp_fair_item *item)
{
    return item->bytes > COST_MAX - ITEM_COST ? COST_MAX : item->bytes + ITEM_COST;
}

/* An empty line stays in the ring until its turn comes, so that removing needs no search there. */
struct sp_fair_item *sp_fair_pop(struct sp_fair *fair)
{
    while (fair->head != NULL) {
        struct line *line = fair->head;
        if (line->count == 0) {
            (void)leave_ring(fair);
            continue;
        }
        struct sp_fair_item *item = line->first;
        if (line->credit < cost_of(item)) {
            line->credit += QUANTUM;
            enter_ring(fair, leave_ring(fair));
            continue;
        }
        line->credit -= cost_of(item);
        line->first = item->next;
        line->count--;
        fair->waiting--;
        if (line->count == 0) {
            (void)leave_ring(fair);
        }
        return item;
    }
    return NULL;
}

bool sp_fair_remove(struct sp_fair *fair, size_t tenant, const struct sp_fair_item *item)
{
    SP_ASSERT(tenant < fair->tenants);
    struct line *line = &fair->lines[tenant];
    struct sp_fair_item *before = NULL;
    struct sp_fair_item *at = line->first;
    for (size_t left = line->count; left > 0 && at != item; left--) {
        before = at;
        at = at->next;
    }
    if (line->count == 0 || at != item) {
        return false;
    }
    if (before == NULL) {
        line->first = item->next;
    } else {
        before->next = item->next;
    }
    if (line->last == item) {
        line->last = before;
    }
    line->count--;
    fair->waiting--;
    return true;
}

size_t sp_fair_waiting(const struct sp_fair *fair)
{
    return fair->waiting;
}
