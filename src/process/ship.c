/*
 * ship - the process that sends the log to collectors: it reads what is published, and nobody waits for it.
 *
 * Hears: dial (DIALLED).   Reads hostile: what collectors say in TLS; else nothing.   Files: the log's directory, reading
 * only; one small file a collector that says how far it came. Network: descriptors from dial.
 * Whoever takes this process over can send collectors another log, or none: the checkpoints in it are signed elsewhere.
 * The log is the queue: nothing is held here but the message at hand, and audit never hears of a collector that is slow.
 * After a loss the last seconds are shipped again: each entry has its number, by which a repetition is known.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/own.h"
#include "config/ships.h"
#include "crypto/hash.h"
#include "process/role.h"
#include "process/settings.h"
#include "ship/feed.h"
#include "ship/link.h"
#include "ship/place.h"

#define TICK_MS     250U
#define REST_MS     250U /* before the first new try; it doubles */
#define REST_MS_MAX 10000U
#define DIAL_MS     ((uint64_t)30 * 1000)
#define SAFE_MS                                                                                    \
    ((uint64_t)1000) /* what was delivered so long ago is not shipped again after a loss */
#define WINDOW_BYTES ((uint64_t)1024 * 1024) /* on its way to a collector at once */
#define NUMBER_SHIFT 24U
#define COUNT_MASK   ((uint32_t)0xFFFFFF)

struct ship_state;

struct target {
    struct ship_state *state;
    uint32_t number;
    char to[SP_MSG_DETAIL_MAX + 1];
    char host[SP_MSG_DETAIL_MAX + 1];
    uint16_t dial; /* dial's number of it */
    int file;      /* a file or pipe, -1: dial connects */
    int place;
    struct sp_tls_context *tls;
    struct sp_feed feed;
    struct sp_link *link; /* NULL: there is none */
    uint64_t sent_bytes;  /* since all had arrived */
    uint64_t arrived;     /* entries before it have arrived */
    uint64_t older;       /* and had a second ago, and before that: what is kept */
    uint64_t safe;
    uint64_t aged_ms;
    uint64_t kept;   /* in the file */
    uint32_t ticket; /* of the connection that is waited for; 0: none */
    uint32_t count;
    uint64_t due_ms; /* of the next try, or when this one has taken too long */
    uint32_t rest_ms;
    uint64_t gap_ms;
    bool is_down_told;
};

struct ship_state {
    struct sp_self *self;
    struct sp_disk_directory directory;
    struct sp_disk disk;
    char hostname[SP_SYSLOG_HOST_MAX + 1];
    char version[SP_MSG_NAME_MAX + 1];
    struct target targets[SP_CONFIG_SHIPS_MAX];
    size_t count;
    struct sp_timer *tick;
    uint64_t stop_at_ms; /* 0: not stopping */
    bool is_log_bad;
};

/* --- the way out --- */

static void rest(struct target *t)
{
    t->ticket = 0;
    t->due_ms = sp_clock_mono_ms() + t->rest_ms;
    t->rest_ms = t->rest_ms * 2 < REST_MS_MAX ? t->rest_ms * 2 : REST_MS_MAX;
}

static void tell_down(struct target *t, const char *why)
{
    if (!t->is_down_told) {
        sp_log(SP_LOG_WARN, "ship.down", "to=%s next=%llu why=\"%s\"", t->to,
               (unsigned long long)t->feed.next, why);
        t->is_down_told = true;
    }
}

/* What was written lately may not have arrived: it is shipped again. */
static void on_lost(void *ctx, const char *why)
{
    struct target *t = ctx;
    const bool is_lossy = sp_link_is_lossy(t->link);
    tell_down(t, why);
    sp_link_free(t->link);
    t->link = NULL;
    t->sent_bytes = 0;
    t->arrived = is_lossy ? t->safe : t->arrived;
    t->older = t->arrived < t->older ? t->arrived : t->older;
    sp_feed_rewind(&t->feed, t->arrived);
    rest(t);
}

static bool on_more(void *ctx, struct sp_buf *out)
{
    struct target *t = ctx;
    if (t->sent_bytes > WINDOW_BYTES) {
        return false; /* until it has arrived */
    }
    if (sp_feed_put(&t->feed, sp_clock_wall_us(), out) != SP_OK) {
        return false;
    }
    t->sent_bytes += out->len;
    return true;
}

static void on_too_long(void *ctx)
{
    struct target *t = ctx;
    sp_feed_refused(&t->feed, "longer than a datagram may be");
}

static void begin(struct target *t, int take_fd)
{
    const struct sp_link_how how = {.loop = sp_self_loop(t->state->self),
                                    .tls = t->tls,
                                    .host = t->host,
                                    .ctx = t,
                                    .more = on_more,
                                    .too_long = on_too_long,
                                    .lost = on_lost};
    t->ticket = 0;
    t->sent_bytes = 0;
    enum sp_err err = sp_link_new(&how, take_fd, &t->link);
    if (err != SP_OK) {
        tell_down(t, sp_err_text(err));
        rest(t);
        return;
    }
    t->feed.how.framing = sp_link_framing(t->link);
}

static void try_dial(struct target *t)
{
    struct sp_channel *dial = sp_self_wire(t->state->self, SP_ROLE_DIAL, 0);
    t->count = t->count == COUNT_MASK ? 1 : t->count + 1;
    t->ticket = t->number << NUMBER_SHIFT | t->count;
    t->due_ms = sp_clock_mono_ms() + DIAL_MS;
    const struct sp_msg_dial msg = {.ticket = t->ticket, .target = t->dial};
    if (dial == NULL || sp_msg_dial_send(dial, &msg) != SP_OK) {
        rest(t);
    }
}

static void try_again(struct target *t)
{
    if (t->link != NULL || sp_clock_mono_ms() < t->due_ms) {
        return;
    }
    if (t->file < 0) {
        try_dial(t);
        return;
    }
    const int fd = dup(t->file);
    if (fd < 0) {
        rest(t);
        return;
    }
    begin(t, fd);
}

/* If dial is hostile: it can connect us to anyone; with TLS that is noticed, without it nothing would have been. */
static enum sp_err on_dialled(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct ship_state *state = ctx;
    struct sp_msg_dialled dialled;
    char why[SP_MSG_DETAIL_MAX + 1];
    (void)from;
    SP_TRY(sp_msg_dialled_read(message, &dialled));
    for (size_t i = 0; i < state->count; i++) {
        struct target *t = &state->targets[i];
        if (t->ticket == 0 || t->ticket != dialled.ticket || t->link != NULL) {
            continue;
        }
        if (dialled.err == SP_OK && message->fd_count == 1) {
            begin(t, sp_take_fd(&message->fds[0]));
        } else {
            sp_slice_to_text(dialled.detail, why, sizeof(why));
            tell_down(t, why);
            rest(t);
        }
    }
    return SP_OK;
}

/* --- how far it came --- */

static void keep_place(struct target *t, uint64_t next)
{
    if (next != t->kept && sp_place_write(t->place, next) == SP_OK) {
        t->kept = next;
    }
}

static void note_arrival(struct target *t)
{
    const uint64_t now = sp_clock_mono_ms();
    if (t->link == NULL || !sp_link_is_drained(t->link)) {
        return;
    }
    if (t->is_down_told && t->sent_bytes > 0) {
        sp_log(SP_LOG_INFO, "ship.up", "to=%s next=%llu", t->to, (unsigned long long)t->feed.next);
        t->is_down_told = false;
    }
    t->rest_ms = t->sent_bytes > 0 ? REST_MS : t->rest_ms;
    t->sent_bytes = 0;
    t->arrived = t->feed.next;
    if (now - t->aged_ms >= SAFE_MS) {
        t->aged_ms = now;
        t->safe = t->older;
        t->older = t->arrived;
    }
    keep_place(t, sp_link_is_lossy(t->link) ? t->safe : t->arrived);
}

/* The log is told of what it holds and a collector does not. */
static void tell_gap(struct target *t)
{
    struct sp_channel *audit = sp_self_wire(t->state->self, SP_ROLE_AUDIT, 0);
    struct sp_feed_gap gap;
    if (audit == NULL || sp_clock_mono_ms() - t->gap_ms < SAFE_MS ||
        !sp_feed_take_gap(&t->feed, &gap)) {
        return;
    }
    t->gap_ms = sp_clock_mono_ms();
    const struct sp_msg_gap msg = {.to = sp_slice_of(t->to),
                                   .first = gap.first,
                                   .count = gap.count,
                                   .reason = sp_slice_of(gap.reason)};
    sp_log(SP_LOG_ERROR, "ship.gap", "to=%s first=%llu count=%llu why=\"%s\"", t->to,
           (unsigned long long)gap.first, (unsigned long long)gap.count, gap.reason);
    if (sp_msg_gap_send(audit, &msg) != SP_OK) {
        t->feed.untold = gap; /* once more later */
    }
}

static bool is_served(const struct target *t)
{
    return t->link == NULL || (sp_feed_is_at_end(&t->feed) && sp_link_is_drained(t->link));
}

static void look(struct target *t)
{
    const enum sp_err err = sp_feed_look(&t->feed);
    struct ship_state *state = t->state;
    const bool is_bad = err != SP_OK && err != SP_ERR_NOT_FOUND;
    if (is_bad && !state->is_log_bad) {
        sp_log(SP_LOG_WARN, "ship.log.unreadable", "why=\"%s\"", sp_err_text(err));
    }
    state->is_log_bad = is_bad;
}

static void finish(struct ship_state *state)
{
    for (size_t i = 0; i < state->count; i++) {
        struct target *t = &state->targets[i];
        if (t->link != NULL && is_served(t)) {
            keep_place(t, t->feed.next); /* an orderly end ships nothing twice */
        }
    }
    sp_self_finish(state->self, SP_OK);
}

static void on_tick(void *ctx)
{
    struct ship_state *state = ctx;
    bool is_done = true;
    for (size_t i = 0; i < state->count; i++) {
        struct target *t = &state->targets[i];
        look(t);
        note_arrival(t);
        tell_gap(t);
        try_again(t);
        if (t->link != NULL) {
            sp_link_kick(t->link);
        }
        is_done = is_done && is_served(t);
    }
    if (sp_disk_is_directory_gone(&state->directory)) {
        sp_self_finish(state->self,
                       SP_ERR_LOG_UNAVAILABLE); /* the successor gets the one that took its place */
        return;
    }
    if (state->stop_at_ms != 0 && (is_done || sp_clock_mono_ms() >= state->stop_at_ms)) {
        finish(state);
        return;
    }
    if (sp_timer_set(state->tick, TICK_MS) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_NOMEM);
    }
}

/* --- life --- */

/* A file that cannot be read as a number: everything is shipped again rather than something left out. */
static enum sp_err open_place(struct target *t, int dir)
{
    char name[SP_PLACE_NAME_BYTES];
    uint64_t next = 0;
    SP_TRY(sp_place_name(sp_slice_of(t->to), name));
    t->place = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (t->place < 0) {
        return SP_ERR_SYSTEM;
    }
    const enum sp_err err = sp_place_read(t->place, &next);
    if (err == SP_ERR_CORRUPT) {
        sp_log(SP_LOG_WARN, "ship.place.unreadable", "to=%s: the log is shipped from its beginning",
               t->to);
    }
    t->arrived = next;
    t->older = next;
    t->safe = next;
    t->kept = UINT64_MAX;
    return SP_OK;
}

static enum sp_err open_tls(struct target *t, const struct sp_settings_ship_target *settings)
{
    const char *why = "";
    if (settings->is_tls == 0) {
        return SP_OK;
    }
    enum sp_err err = sp_tls_client_new(settings->ca_pem, &why, &t->tls);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "ship.authorities.refused", "to=%s why=\"%s\"", t->to, why);
    }
    return err;
}

static enum sp_err add(struct ship_state *state, struct sp_slice item, int dir)
{
    struct sp_settings_ship_target settings;
    SP_TRY(sp_settings_ship_target_read(item, &settings));
    if (state->count == SP_CONFIG_SHIPS_MAX) {
        return SP_ERR_FULL;
    }
    struct target *t = &state->targets[state->count];
    *t = (struct target){.state = state,
                         .number = (uint32_t)state->count + 1,
                         .dial = settings.target,
                         .rest_ms = REST_MS,
                         .place = -1};
    sp_slice_to_text(settings.to, t->to, sizeof(t->to));
    sp_slice_to_text(settings.host, t->host, sizeof(t->host));
    t->file = sp_self_take_gift(state->self, SP_GIFT_SHIP, (unsigned)state->count);
    SP_TRY(open_tls(t, &settings));
    SP_TRY(open_place(t, dir));
    const struct sp_feed_how how = {.disk = &state->disk,
                                    .is_ocsf = settings.is_ocsf != 0,
                                    .behind_max = settings.behind_max,
                                    .host = sp_slice_of(state->hostname),
                                    .version = sp_slice_of(state->version)};
    sp_feed_init(&t->feed, &how, t->arrived);
    state->count++;
    return SP_OK;
}

static enum sp_err ship_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_ship settings;
    struct sp_reader r;
    SP_TRY(sp_settings_ship_read(sp_self_settings(self), &settings));
    struct ship_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    *out_state = state;
    state->self = self;
    const int log = sp_self_take_gift(self, SP_GIFT_STATE, 0);
    SP_AUTO_CLOSE int own = sp_self_take_gift(self, SP_GIFT_STATE, 1);
    if (log < 0 || own < 0) {
        return SP_ERR_CONFIG;
    }
    SP_TRY(sp_disk_open_directory(&state->directory, log, -1, &state->disk));
    SP_TRY(sp_hash_start());
    if (gethostname(state->hostname, sizeof(state->hostname) - 1) != 0) {
        state->hostname[0] = '\0';
    }
    sp_slice_to_text(settings.version, state->version, sizeof(state->version));
    sp_reader_init(&r, settings.targets);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(add(state, item, own));
    }
    return sp_timer_new(sp_self_loop(self), on_tick, state, &state->tick);
}

static enum sp_err ship_start(void *ctx)
{
    struct ship_state *state = ctx;
    return sp_timer_set(state->tick, 0);
}

/* Files that were moved away are opened anew by SIGHUP. */
static void ship_renewed(void *ctx)
{
    struct ship_state *state = ctx;
    for (size_t i = 0; i < state->count; i++) {
        struct target *t = &state->targets[i];
        const int fd = sp_self_take_gift(state->self, SP_GIFT_SHIP, (unsigned)i);
        if (fd < 0) {
            continue;
        }
        sp_close(t->file);
        t->file = fd;
        if (t->link != NULL) {
            sp_link_free(t->link);
            t->link = NULL;
            sp_feed_rewind(&t->feed, t->arrived);
        }
        t->due_ms = 0;
    }
}

/* What audit wrote last is shipped, if the collectors take it in time. */
static void ship_stop(void *ctx, unsigned grace_ms)
{
    struct ship_state *state = ctx;
    state->stop_at_ms = sp_clock_mono_ms() + grace_ms;
    on_tick(state);
}

static void ship_lost(void *ctx, struct sp_peer peer)
{
    struct ship_state *state = ctx;
    for (size_t i = 0; peer.role == SP_ROLE_DIAL && i < state->count; i++) {
        if (state->targets[i].ticket != 0) {
            rest(&state->targets[i]);
        }
    }
}

static const struct sp_handler ship_handlers[] = {
    {SP_ROLE_DIAL, SP_MSG_DIALLED, on_dialled},
};

const struct sp_role_spec sp_ship_role = {
    .role = SP_ROLE_SHIP,
    .init = ship_init,
    .start = ship_start,
    .renewed = ship_renewed,
    .lost = ship_lost,
    .stop = ship_stop,
    .handlers = ship_handlers,
    .handler_count = SP_COUNT(ship_handlers),
};
