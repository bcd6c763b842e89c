/*
 * reader - the process that reads the log for whoever may read it over the service.
 *
 * Hears: audit (READ).   Reads hostile: the paths and queries of those requests.   Files: the log's directory, reading only.
 * audit asks only after the entry of the reading is durable; the answer goes straight to front. Whoever takes this process
 * over can show a tenant another one's entries, or wrong ones: proofs and signatures do not come from here. It has no
 * key, no network, and nothing to write.
 */
#include <stdlib.h>

#include "audit/page.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "crypto/hash.h"
#include "process/role.h"

#define FRESH_MS    200U /* so old may what is known of the log's end be */
#define LOOK_MS     500U /* for whoever waits for news */
#define WAITING_MAX 64U
#define TEXTS_MAX   ((size_t)SP_MSG_NAME_MAX + SP_MSG_DETAIL_MAX + SP_MSG_QUERY_MAX)

/* A reading that is answered when there is something to see, or when its time is over. */
struct waiting {
    struct waiting *next;
    struct sp_msg_read read; /* texts in `texts` */
    struct sp_buf texts;
    uint64_t
        size; /* of the log, when it was looked at last: only what came since is looked at again */
    uint64_t until_ms;
};

struct reader_state {
    struct sp_self *self;
    struct sp_disk_directory directory;
    struct sp_disk disk;
    struct sp_archive *archive;
    struct sp_archive *intents;
    uint64_t refreshed_ms;
    struct waiting *waiting; /* the oldest first */
    size_t waiting_count;
    struct sp_timer *timer; /* runs while somebody waits */
};

static enum sp_err look(struct reader_state *state)
{
    const uint64_t now = sp_clock_mono_ms();
    if (state->archive == NULL) {
        SP_TRY(sp_archive_open(&state->disk, &state->archive));
    }
    if (state->intents == NULL) {
        SP_TRY(sp_archive_open(&state->disk, &state->intents));
    }
    if (now - state->refreshed_ms < FRESH_MS) {
        return SP_OK;
    }
    SP_TRY(sp_archive_refresh(state->archive));
    SP_TRY(sp_archive_refresh(state->intents));
    state->refreshed_ms = now;
    return SP_OK;
}

/* The page, or why there is none. */
struct made {
    struct sp_buf body;
    struct sp_where where;
    enum sp_page_kind kind;
    struct sp_page_wait wait;
    enum sp_err err;
};

static void make(struct reader_state *state, const struct sp_msg_read *read, uint64_t seen,
                 struct made *out)
{
    const struct sp_page_ask ask = {.tenant = read->tenant,
                                    .is_all = read->is_all != 0,
                                    .what = read->what,
                                    .query = read->query,
                                    .seen = seen};
    *out = (struct made){.kind = SP_PAGE_JSON};
    sp_buf_init(&out->body, SP_PAGE_TILE_MAX);
    out->err = look(state);
    if (out->err != SP_OK) {
        if (sp_disk_is_directory_gone(&state->directory)) {
            sp_self_finish(
                state->self,
                SP_ERR_LOG_UNAVAILABLE); /* the successor gets the one that took its place */
        }
        sp_where_set(&out->where, 0, 0, "the log cannot be read now: %s", sp_err_text(out->err));
        out->err = SP_ERR_UNAVAILABLE;
        return;
    }
    const struct sp_page_reader reader = {.archive = state->archive, .intents = state->intents};
    out->err = sp_page_make(&reader, &ask, &out->body, &out->kind, &out->where, &out->wait);
}

static void answer(struct reader_state *state, const struct sp_msg_read *read,
                   const struct made *made)
{
    SP_AUTO_PAYLOAD struct sp_payload payload = SP_PAYLOAD_EMPTY;
    enum sp_err err = made->err;
    if (err == SP_OK) {
        err = sp_payload_make(sp_buf_slice(&made->body), &payload);
    }
    struct sp_msg_page page = {.exchange = read->exchange,
                               .entry = read->entry,
                               .err = err,
                               .detail = sp_slice_of(made->where.text),
                               .kind = (uint8_t)made->kind,
                               .body = payload};
    SP_LIMIT_COPY(&page, read);
    struct sp_channel *front = sp_self_wire(state->self, SP_ROLE_FRONT, 0);
    if (front == NULL || sp_msg_page_send(front, &page) != SP_OK) {
        sp_log(SP_LOG_WARN, "reader.answer.lost", "entry=%llu", (unsigned long long)read->entry);
    }
}

/* --- waiting for news --- */

static void free_waiting(struct waiting *one)
{
    sp_buf_done(&one->texts);
    free(one);
}

static enum sp_err keep_text(struct sp_buf *texts, struct sp_slice *text)
{
    const size_t at = texts->len;
    SP_TRY(sp_buf_put(texts, *text));
    *text = sp_slice_sub(sp_buf_slice(texts), at, text->len);
    return SP_OK;
}

static enum sp_err keep(struct waiting *one, const struct sp_msg_read *read)
{
    uint8_t *space = NULL;
    sp_buf_init(&one->texts, TEXTS_MAX);
    SP_TRY(sp_buf_reserve(&one->texts, read->tenant.len + read->what.len + read->query.len,
                          &space)); /* so that what is lent from it does not move */
    one->read = *read;
    SP_TRY(keep_text(&one->texts, &one->read.tenant));
    SP_TRY(keep_text(&one->texts, &one->read.what));
    return keep_text(&one->texts, &one->read.query);
}

/* False when it cannot wait, and is answered as it is. */
static bool wait_for_news(struct reader_state *state, const struct sp_msg_read *read,
                          uint32_t wait_s)
{
    struct waiting *one = state->waiting_count < WAITING_MAX ? calloc(1, sizeof(*one)) : NULL;
    struct waiting **last = &state->waiting;
    if (one == NULL) {
        return false;
    }
    if (keep(one, read) != SP_OK ||
        (state->waiting == NULL && sp_timer_set(state->timer, LOOK_MS) != SP_OK)) {
        free_waiting(one);
        return false;
    }
    one->size = sp_archive_size(state->archive);
    one->until_ms = sp_clock_mono_ms() + (uint64_t)wait_s * 1000;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = one;
    state->waiting_count++;
    return true;
}

/* True when it was answered. */
static bool look_again(struct reader_state *state, struct waiting *one)
{
    const bool is_over = one->until_ms <= sp_clock_mono_ms();
    if (!is_over && look(state) == SP_OK && sp_archive_size(state->archive) == one->size) {
        return false;
    }
    struct made made;
    make(state, &one->read, one->size, &made);
    const bool is_told = is_over || made.err != SP_OK || made.wait.has_news;
    if (is_told) {
        answer(state, &one->read, &made);
    } else {
        one->size = sp_archive_size(state->archive);
    }
    sp_buf_done(&made.body);
    return is_told;
}

static void on_timer(void *ctx)
{
    struct reader_state *state = ctx;
    struct waiting **at = &state->waiting;
    while (*at != NULL) {
        struct waiting *one = *at;
        if (look_again(state, one)) {
            *at = one->next;
            state->waiting_count--;
            free_waiting(one);
        } else {
            at = &one->next;
        }
    }
    if (state->waiting != NULL && sp_timer_set(state->timer, LOOK_MS) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_NOMEM);
    }
}

/* If audit is hostile: it reads the log anyway. The path and the query are a stranger's, and page.c reads them as such. */
static enum sp_err on_read(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct reader_state *state = ctx;
    struct sp_msg_read read;
    struct made made;
    (void)from;
    SP_TRY(sp_msg_read_read(message, &read));
    make(state, &read, 0, &made);
    const bool may_wait = made.err == SP_OK && made.wait.wait_s > 0 && !made.wait.has_news;
    if (!may_wait || !wait_for_news(state, &read, made.wait.wait_s)) {
        answer(state, &read, &made);
    }
    sp_buf_done(&made.body);
    return SP_OK;
}

static enum sp_err reader_init(struct sp_self *self, void **out_state)
{
    struct reader_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    *out_state = state;
    state->self = self;
    const int fd = sp_self_take_gift(self, SP_GIFT_STATE, 0);
    if (fd < 0) {
        return SP_ERR_CONFIG;
    }
    SP_TRY(sp_disk_open_directory(&state->directory, fd, -1, &state->disk));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_timer, state, &state->timer));
    return sp_hash_start();
}

static const struct sp_handler reader_handlers[] = {
    {SP_ROLE_AUDIT, SP_MSG_READ, on_read},
};

const struct sp_role_spec sp_reader_role = {
    .role = SP_ROLE_READER,
    .init = reader_init,
    .handlers = reader_handlers,
    .handler_count = SP_COUNT(reader_handlers),
};
