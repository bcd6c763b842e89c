#include "relay/shelf.h"

#include <stdlib.h>

/* So long at least a result stays when room is wanted for others. */
#define KEEP_LEAST_US ((uint64_t)10 * 1000000U)

struct entry {
    uint32_t ticket; /* 0: a free place */
    uint32_t owner;
    bool has_ended;
    uint64_t ended_us;
    struct sp_buf session;
    struct sp_buf id;
    enum sp_execution_state state;
    enum sp_err err;
    struct sp_buf detail;
    struct sp_buf result;
};

struct sp_shelf {
    uint32_t next_ticket;
    size_t count;
    size_t bytes; /* of all results */
    struct entry all[SP_SHELF_ENTRIES_MAX];
};

enum sp_err sp_shelf_new(struct sp_shelf **out)
{
    struct sp_shelf *shelf = calloc(1, sizeof(*shelf));
    if (shelf == NULL) {
        return SP_ERR_NOMEM;
    }
    shelf->next_ticket = 1;
    *out = shelf;
    return SP_OK;
}

static void forget(struct sp_shelf *shelf, struct entry *entry)
{
    shelf->bytes -= entry->result.len;
    shelf->count--;
    sp_buf_done(&entry->session);
    sp_buf_done(&entry->id);
    sp_buf_done(&entry->detail);
    sp_buf_done(&entry->result);
    *entry = (struct entry){.ticket = 0};
}

void sp_shelf_free(struct sp_shelf *shelf)
{
    if (shelf == NULL) {
        return;
    }
    for (size_t i = 0; i < SP_SHELF_ENTRIES_MAX; i++) {
        if (shelf->all[i].ticket != 0) {
            forget(shelf, &shelf->all[i]);
        }
    }
    free(shelf);
}

static struct entry *by_name(const struct sp_shelf *shelf, struct sp_slice session,
                             struct sp_slice id)
{
    for (size_t i = 0; shelf->count > 0 && i < SP_SHELF_ENTRIES_MAX; i++) {
        const struct entry *entry = &shelf->all[i];
        if (entry->ticket != 0 && sp_slice_equal(sp_buf_slice(&entry->id), id) &&
            sp_slice_equal(sp_buf_slice(&entry->session), session)) {
            return (struct entry *)(uintptr_t)entry;
        }
    }
    return NULL;
}

static struct entry *by_ticket(struct sp_shelf *shelf, uint32_t ticket)
{
    for (size_t i = 0; ticket != 0 && i < SP_SHELF_ENTRIES_MAX; i++) {
        if (shelf->all[i].ticket == ticket) {
            return &shelf->all[i];
        }
    }
    return NULL;
}

/* The one that ended first and is not quite new; NULL when there is none. */
static struct entry *oldest(struct sp_shelf *shelf, uint64_t now_us)
{
    struct entry *found = NULL;
    for (size_t i = 0; i < SP_SHELF_ENTRIES_MAX; i++) {
        struct entry *entry = &shelf->all[i];
        if (entry->has_ended && now_us >= entry->ended_us + KEEP_LEAST_US &&
            (found == NULL || entry->ended_us < found->ended_us)) {
            found = entry;
        }
    }
    return found;
}

/* What one owner has. */
struct share {
    size_t count;
    size_t bytes;
    struct entry *oldest; /* that ended first; NULL: all go on */
};

static struct share share_of(struct sp_shelf *shelf, uint32_t owner)
{
    struct share share = {.count = 0};
    for (size_t i = 0; shelf->count > 0 && i < SP_SHELF_ENTRIES_MAX; i++) {
        struct entry *entry = &shelf->all[i];
        if (entry->ticket == 0 || entry->owner != owner) {
            continue;
        }
        share.count++;
        share.bytes += entry->result.len;
        bool is_older = share.oldest == NULL || entry->ended_us < share.oldest->ended_us;
        share.oldest = entry->has_ended && is_older ? entry : share.oldest;
    }
    return share;
}

static struct entry *free_place(struct sp_shelf *shelf, uint64_t now_us)
{
    for (size_t i = 0; shelf->count < SP_SHELF_ENTRIES_MAX && i < SP_SHELF_ENTRIES_MAX; i++) {
        if (shelf->all[i].ticket == 0) {
            return &shelf->all[i];
        }
    }
    struct entry *old = oldest(shelf, now_us);
    if (old != NULL) {
        forget(shelf, old);
    }
    return old;
}

enum sp_err sp_shelf_begin(struct sp_shelf *shelf, uint32_t owner, struct sp_slice session,
                           struct sp_slice id, uint64_t now_us, uint32_t *out_ticket)
{
    struct entry *entry = by_name(shelf, session, id);
    if (entry != NULL && !entry->has_ended) {
        return SP_ERR_CONFLICT;
    }
    if (entry != NULL) {
        forget(shelf, entry);
    }
    const struct share share = share_of(shelf, owner);
    if (share.count >= SP_SHELF_OF_OWNER) {
        if (share.oldest == NULL) {
            return SP_ERR_FULL;
        }
        forget(shelf, share.oldest);
    }
    entry = free_place(shelf, now_us);
    if (entry == NULL) {
        return SP_ERR_FULL;
    }
    struct entry fresh = {
        .ticket = shelf->next_ticket, .owner = owner, .state = SP_EXECUTION_RUNNING};
    sp_buf_init(&fresh.session, SP_SHELF_NAME_MAX);
    sp_buf_init(&fresh.id, SP_SHELF_NAME_MAX);
    sp_buf_init(&fresh.detail, SP_PRODUCT_TEXT_MAX);
    sp_buf_init(&fresh.result, SP_SHELF_BYTES_MAX);
    enum sp_err err = sp_buf_put(&fresh.session, session);
    if (err == SP_OK) {
        err = sp_buf_put(&fresh.id, id);
    }
    if (err != SP_OK) {
        sp_buf_done(&fresh.session);
        sp_buf_done(&fresh.id);
        return err;
    }
    *entry = fresh;
    shelf->count++;
    shelf->next_ticket = shelf->next_ticket == UINT32_MAX ? 1 : shelf->next_ticket + 1;
    *out_ticket = entry->ticket;
    return SP_OK;
}

static bool keep_result(struct sp_shelf *shelf, struct entry *entry, struct sp_slice result,
                        uint64_t now_us)
{
    struct share share = share_of(shelf, entry->owner);
    while (share.bytes > 0 &&
           (result.len > SP_SHELF_OWNER_BYTES || share.bytes > SP_SHELF_OWNER_BYTES - result.len)) {
        forget(shelf, share.oldest); /* what has bytes has ended */
        share = share_of(shelf, entry->owner);
    }
    while (result.len > SP_SHELF_BYTES_MAX - shelf->bytes) {
        struct entry *old = oldest(shelf, now_us);
        if (old == NULL) {
            return false;
        }
        forget(shelf, old);
    }
    if (sp_buf_put(&entry->result, result) != SP_OK) {
        return false;
    }
    shelf->bytes += result.len;
    return true;
}

void sp_shelf_end(struct sp_shelf *shelf, uint32_t ticket, const struct sp_execution *execution,
                  uint64_t now_us)
{
    struct entry *entry = by_ticket(shelf, ticket);
    if (entry == NULL) {
        return;
    }
    entry->state = execution->state;
    entry->err = execution->err;
    if (!keep_result(shelf, entry, execution->result, now_us)) {
        entry->state = SP_EXECUTION_BROKEN;
        entry->err = SP_ERR_UNAVAILABLE;
        (void)!sp_buf_put_text(&entry->detail,
                               "the run ended, but there was no room for its result");
    } else if (sp_buf_put(&entry->detail, execution->detail) != SP_OK) {
        sp_buf_clear(&entry->detail); /* the error's own text says enough */
    }
    entry->has_ended = true;
    entry->ended_us = now_us;
}

void sp_shelf_drop(struct sp_shelf *shelf, uint32_t ticket)
{
    struct entry *entry = by_ticket(shelf, ticket);
    if (entry != NULL) {
        forget(shelf, entry);
    }
}

enum sp_err sp_shelf_find(const struct sp_shelf *shelf, struct sp_slice session, struct sp_slice id,
                          struct sp_execution *out)
{
    const struct entry *entry = by_name(shelf, session, id);
    if (entry == NULL) {
        return SP_ERR_EXECUTION_NOT_FOUND;
    }
    *out = (struct sp_execution){.state = entry->state,
                                 .err = entry->err,
                                 .detail = sp_buf_slice(&entry->detail),
                                 .result = sp_buf_slice(&entry->result)};
    return SP_OK;
}

void sp_shelf_tick(struct sp_shelf *shelf, uint64_t now_us)
{
    for (size_t i = 0; shelf->count > 0 && i < SP_SHELF_ENTRIES_MAX; i++) {
        struct entry *entry = &shelf->all[i];
        if (entry->has_ended && now_us >= entry->ended_us + SP_SHELF_KEEP_US) {
            forget(shelf, entry);
        }
    }
}
