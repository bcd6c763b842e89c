#include "audit/pending.h"

#include <stdlib.h>

#include "audit/code.h"
#include "crypto/hash.h"

#define TEXTS_BYTES_MAX ((size_t)64 * 1024)

struct sp_pending_table {
    struct sp_pending *buckets[SP_EXCHANGE_SLOTS];
    size_t count;
    struct sp_pending *oldest; /* of those that are open, in the order of their intents */
    struct sp_pending *newest;
    sp_exchange late[SP_PENDING_LATE]; /* a ring; 0 is free, as no generation is 0 */
    size_t late_at;
    bool has_late; /* something was given up since the start */
};

enum sp_err sp_pending_new(struct sp_pending_table **out)
{
    struct sp_pending_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return SP_ERR_NOMEM;
    }
    *out = table;
    return SP_OK;
}

static void free_row(struct sp_pending *row)
{
    sp_hash_free(row->hash);
    sp_code_job_free(row->keeping);
    sp_hash_free(row->streamed);
    sp_payload_done(&row->verdict.order);
    sp_payload_done(&row->verdict.content);
    sp_payload_done(&row->outcome.answer);
    sp_payload_done(&row->reply.answer);
    sp_payload_done(&row->reply.content);
    sp_buf_done(&row->who_texts);
    sp_buf_done(&row->texts);
    sp_buf_done(&row->replay);
    free(row);
}

void sp_pending_free(struct sp_pending_table *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < SP_EXCHANGE_SLOTS; i++) {
        while (table->buckets[i] != NULL) {
            struct sp_pending *row = table->buckets[i];
            table->buckets[i] = row->next_in_bucket;
            free_row(row);
        }
    }
    free(table);
}

struct sp_pending *sp_pending_find(struct sp_pending_table *table, sp_exchange exchange)
{
    size_t slot = sp_exchange_slot(exchange);
    struct sp_pending *row = slot < SP_EXCHANGE_SLOTS ? table->buckets[slot] : NULL;
    while (row != NULL && row->exchange != exchange) {
        row = row->next_in_bucket;
    }
    return row;
}

enum sp_err sp_pending_add(struct sp_pending_table *table, sp_exchange exchange,
                           struct sp_pending **out)
{
    size_t slot = sp_exchange_slot(exchange);
    if (slot >= SP_EXCHANGE_SLOTS) {
        return SP_ERR_WIRE;
    }
    if (table->count >= SP_PENDING_MAX) {
        return SP_ERR_FULL;
    }
    struct sp_pending *row = calloc(1, sizeof(*row));
    if (row == NULL) {
        return SP_ERR_NOMEM;
    }
    row->exchange = exchange;
    row->verdict.order = SP_PAYLOAD_EMPTY;
    row->outcome.answer = SP_PAYLOAD_EMPTY;
    row->reply.answer = SP_PAYLOAD_EMPTY;
    row->reply.content = SP_PAYLOAD_EMPTY;
    row->verdict.content = SP_PAYLOAD_EMPTY;
    sp_buf_init(&row->who_texts, TEXTS_BYTES_MAX);
    sp_buf_init(&row->texts, TEXTS_BYTES_MAX);
    row->next_in_bucket = table->buckets[slot];
    table->buckets[slot] = row;
    table->count++;
    *out = row;
    return SP_OK;
}

void sp_pending_opened(struct sp_pending_table *table, struct sp_pending *row)
{
    row->is_open = true;
    row->older = table->newest;
    row->newer = NULL;
    if (table->newest != NULL) {
        table->newest->newer = row;
    } else {
        table->oldest = row;
    }
    table->newest = row;
}

uint64_t sp_pending_oldest(const struct sp_pending_table *table)
{
    return table->oldest == NULL ? UINT64_MAX : table->oldest->entry;
}

static void closed(struct sp_pending_table *table, const struct sp_pending *row)
{
    struct sp_pending **from_older = row->older != NULL ? &row->older->newer : &table->oldest;
    struct sp_pending **from_newer = row->newer != NULL ? &row->newer->older : &table->newest;
    if (row->is_open) {
        *from_older = row->newer;
        *from_newer = row->older;
    }
}

void sp_pending_drop(struct sp_pending_table *table, struct sp_pending *take_row)
{
    struct sp_pending **at = &table->buckets[sp_exchange_slot(take_row->exchange)];
    while (*at != take_row) {
        at = &(*at)->next_in_bucket;
    }
    *at = take_row->next_in_bucket;
    table->count--;
    closed(table, take_row);
    free_row(take_row);
}

size_t sp_pending_count(const struct sp_pending_table *table)
{
    return table->count;
}

void sp_pending_each(struct sp_pending_table *table, sp_pending_fn *fn, void *ctx)
{
    for (size_t i = 0; i < SP_EXCHANGE_SLOTS && table->count > 0; i++) {
        struct sp_pending *next = NULL;
        for (struct sp_pending *row = table->buckets[i]; row != NULL; row = next) {
            next = row->next_in_bucket;
            fn(ctx, row);
        }
    }
}

/* Copies texts behind one another into a buffer that does not move any more, and points the slices there. */
static enum sp_err keep_texts(struct sp_buf *texts, struct sp_slice **slices, size_t count)
{
    size_t total = 0;
    uint8_t *room = NULL;
    for (size_t i = 0; i < count; i++) {
        total += slices[i]->len; /* bounded by the message */
    }
    sp_buf_done(texts);
    SP_TRY(sp_buf_reserve(texts, total, &room));
    for (size_t i = 0; i < count; i++) {
        size_t at = texts->len;
        SP_TRY(sp_buf_put(texts, *slices[i]));
        *slices[i] = sp_slice_make(texts->ptr + at, slices[i]->len);
    }
    return SP_OK;
}

enum sp_err sp_pending_keep_who(struct sp_pending *row, const struct sp_msg_who *who)
{
    struct sp_msg_who kept = *who;
    struct sp_slice *slices[] = {&kept.tenant,      &kept.principal,      &kept.source,
                                 &kept.session,     &kept.session_in_log, &kept.policy_name,
                                 &kept.traceparent, &kept.execution};
    SP_TRY(keep_texts(&row->who_texts, slices, SP_COUNT(slices)));
    row->who = kept;
    return SP_OK;
}

enum sp_err sp_pending_keep_verdict(struct sp_pending *row, struct sp_msg_verdict *verdict)
{
    struct sp_msg_verdict kept = *verdict;
    struct sp_slice *slices[] = {&kept.detail, &kept.findings, &kept.modules, &kept.capabilities,
                                 &kept.own_module};
    kept.order = SP_PAYLOAD_EMPTY;
    kept.content = SP_PAYLOAD_EMPTY;
    SP_TRY(keep_texts(&row->texts, slices, SP_COUNT(slices)));
    SP_TRY(sp_payload_keep(&verdict->order, &kept.order));
    row->verdict = kept; /* the row frees what it has, whatever follows */
    return sp_payload_keep(&verdict->content, &row->verdict.content);
}

enum sp_err sp_pending_keep_outcome(struct sp_pending *row, struct sp_msg_outcome *outcome)
{
    struct sp_msg_outcome kept = *outcome;
    struct sp_slice *slices[] = {&kept.detail, &kept.run_status, &kept.runtime, &kept.pool};
    kept.answer = SP_PAYLOAD_EMPTY;
    kept.content = SP_PAYLOAD_EMPTY;
    SP_TRY(keep_texts(&row->texts, slices, SP_COUNT(slices)));
    SP_TRY(sp_payload_keep(&outcome->answer, &row->reply.answer));
    SP_TRY(sp_payload_keep(&outcome->content, &row->reply.content));
    row->outcome = kept;
    return SP_OK;
}

void sp_pending_give_up(struct sp_pending_table *table, sp_exchange exchange)
{
    table->has_late = true;
    table->late[table->late_at] = exchange;
    table->late_at = (table->late_at + 1) % SP_PENDING_LATE;
}

bool sp_pending_was_given_up(struct sp_pending_table *table, sp_exchange exchange)
{
    for (size_t i = 0; table->has_late && i < SP_PENDING_LATE; i++) {
        if (table->late[i] == exchange && exchange != 0) {
            table->late[i] = 0;
            return true;
        }
    }
    return false;
}
