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

#define FRESH_MS 200U /* so old may what is known of the log's end be */

struct reader_state {
    struct sp_self *self;
    struct sp_disk_directory directory;
    struct sp_disk disk;
    struct sp_archive *archive;
    struct sp_archive *intents;
    uint64_t refreshed_ms;
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

static enum sp_err make(struct reader_state *state, const struct sp_msg_read *read,
                        struct sp_buf *body, enum sp_page_kind *out_kind,
                        struct sp_where *out_where)
{
    const struct sp_page_ask ask = {.tenant = read->tenant,
                                    .is_all = read->is_all != 0,
                                    .what = read->what,
                                    .query = read->query};
    enum sp_err err = look(state);
    if (err != SP_OK) {
        if (sp_disk_is_directory_gone(&state->directory)) {
            sp_self_finish(
                state->self,
                SP_ERR_LOG_UNAVAILABLE); /* the successor gets the one that took its place */
        }
        sp_where_set(out_where, 0, 0, "the log cannot be read now: %s", sp_err_text(err));
        return SP_ERR_UNAVAILABLE;
    }
    const struct sp_page_reader reader = {.archive = state->archive, .intents = state->intents};
    return sp_page_make(&reader, &ask, body, out_kind, out_where);
}

/* If audit is hostile: it reads the log anyway. The path and the query are a stranger's, and page.c reads them as such. */
static enum sp_err on_read(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct reader_state *state = ctx;
    struct sp_msg_read read;
    struct sp_where where = {.line = 0};
    enum sp_page_kind kind = SP_PAGE_JSON;
    (void)from;
    SP_TRY(sp_msg_read_read(message, &read));
    SP_AUTO_PAYLOAD struct sp_payload payload = SP_PAYLOAD_EMPTY;
    SP_AUTO_BUF struct sp_buf body;
    sp_buf_init(&body, SP_PAGE_TILE_MAX);
    enum sp_err err = make(state, &read, &body, &kind, &where);
    if (err == SP_OK) {
        err = sp_payload_make(sp_buf_slice(&body), &payload);
    }
    struct sp_msg_page page = {.exchange = read.exchange,
                               .entry = read.entry,
                               .err = err,
                               .detail = sp_slice_of(where.text),
                               .kind = (uint8_t)kind,
                               .body = payload};
    SP_LIMIT_COPY(&page, &read);
    struct sp_channel *front = sp_self_wire(state->self, SP_ROLE_FRONT, 0);
    if (front == NULL || sp_msg_page_send(front, &page) != SP_OK) {
        sp_log(SP_LOG_WARN, "reader.answer.lost", "entry=%llu", (unsigned long long)read.entry);
    }
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
