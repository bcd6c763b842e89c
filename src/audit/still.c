#include "audit/still.h"

#include <stdlib.h>

#include "audit/entry.h"
#include "audit/room.h"

#define BUCKETS  SP_EXCHANGE_SLOTS
#define RUN_NAME "execute"

struct row {
    struct row *next;
    struct sp_still_run run;
};

struct sp_still {
    struct row *buckets[BUCKETS];
    size_t count;
    bool is_short; /* one was left out */
};

enum sp_err sp_still_new(struct sp_still **out)
{
    *out = calloc(1, sizeof(**out));
    return *out == NULL ? SP_ERR_NOMEM : SP_OK;
}

void sp_still_free(struct sp_still *still)
{
    if (still != NULL) {
        sp_still_expire(still, UINT64_MAX);
        free(still);
    }
}

/* The link that points to the row of an intent, or to the end of its bucket. */
static struct row **link_of(struct sp_still *still, uint64_t intent)
{
    struct row **at = &still->buckets[intent % BUCKETS];
    while (*at != NULL && (*at)->run.intent != intent) {
        at = &(*at)->next;
    }
    return at;
}

static void drop(struct sp_still *still, struct row **at)
{
    struct row *row = *at;
    *at = row->next;
    free(row);
    still->count--;
}

enum sp_err sp_still_add(struct sp_still *still, const struct sp_still_run *run)
{
    struct row **at = link_of(still, run->intent);
    if (*at != NULL) {
        (*at)->run = *run;
        return SP_OK;
    }
    struct row *row = still->count < SP_STILL_MAX ? calloc(1, sizeof(*row)) : NULL;
    if (row == NULL) {
        still->is_short = true;
        return still->count < SP_STILL_MAX ? SP_ERR_NOMEM : SP_ERR_FULL;
    }
    row->run = *run;
    *at = row;
    still->count++;
    return SP_OK;
}

bool sp_still_is_run(const char *operation)
{
    return operation != NULL && sp_slice_is(sp_slice_of(operation), RUN_NAME);
}

uint64_t sp_still_time_us(uint64_t run_ms)
{
    const uint64_t most_ms =
        run_ms == 0 || run_ms > SP_AUDIT_RUN_MS_MAX ? SP_AUDIT_RUN_MS_MAX : run_ms;
    return most_ms * 1000U + SP_AUDIT_MARGIN_US;
}

static bool copy_text(const struct sp_entry *entry, const char *key, char out[SP_MSG_NAME_MAX + 1])
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_MSG_NAME_MAX);
    if (sp_entry_unescape(sp_entry_get(entry, key), &text) != SP_OK) {
        return false;
    }
    sp_slice_to_text(sp_buf_slice(&text), out, SP_MSG_NAME_MAX + 1);
    return true;
}

enum sp_err sp_still_note(struct sp_still *still, struct sp_slice line,
                          const struct sp_record_glance *glance)
{
    struct sp_entry entry;
    struct sp_where where = {.text = {0}};
    if ((!glance->is_intent && !glance->is_outcome) ||
        sp_entry_read(line, &entry, &where) != SP_OK) {
        return SP_OK; /* for `audit verify` to report */
    }
    if (glance->is_outcome) {
        struct row **at = link_of(still, sp_entry_number(sp_entry_get(&entry, "intent")));
        const bool is_unknown =
            sp_slice_is(sp_entry_text(sp_entry_get(&entry, "state")), sp_end_name(SP_END_UNKNOWN));
        if (*at != NULL && !is_unknown) {
            drop(still, at);
        }
        return SP_OK;
    }
    struct sp_still_run run = {
        .intent = glance->index,
        .exchange = glance->exchange,
        .until_us = glance->wall_us +
                    sp_still_time_us(sp_entry_number(sp_entry_get(&entry, "run_ms_max")))};
    const bool is_run = sp_slice_is(sp_entry_text(sp_entry_get(&entry, "operation")), RUN_NAME);
    if (!is_run || !copy_text(&entry, "tenant", run.tenant) ||
        !copy_text(&entry, "principal", run.principal)) {
        return SP_OK;
    }
    enum sp_err err = sp_still_add(still, &run);
    return err == SP_ERR_FULL ? SP_OK : err;
}

void sp_still_expire(struct sp_still *still, uint64_t wall_us)
{
    for (size_t i = 0; still->count > 0 && i < BUCKETS; i++) {
        struct row **at = &still->buckets[i];
        while (*at != NULL) {
            if ((*at)->run.until_us <= wall_us) {
                drop(still, at);
            } else {
                at = &(*at)->next;
            }
        }
    }
}

uint64_t sp_still_oldest(const struct sp_still *still)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; still->count > 0 && i < BUCKETS; i++) {
        for (const struct row *row = still->buckets[i]; row != NULL; row = row->next) {
            oldest = row->run.intent < oldest ? row->run.intent : oldest;
        }
    }
    return oldest;
}

size_t sp_still_count(const struct sp_still *still)
{
    return still->count;
}

bool sp_still_is_whole(const struct sp_still *still)
{
    return !still->is_short;
}

enum sp_err sp_still_each(const struct sp_still *still, sp_still_fn *fn, void *ctx)
{
    for (size_t i = 0; still->count > 0 && i < BUCKETS; i++) {
        for (const struct row *row = still->buckets[i]; row != NULL; row = row->next) {
            SP_TRY(fn(ctx, &row->run));
        }
    }
    return SP_OK;
}
