#include "door/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/own.h"
#include "door/refusal.h"

/* So many are accepted before other work gets its turn. */
#define ACCEPTS_A_TURN    64U
#define REFUSAL_BYTES_MAX ((size_t)1024)

struct sp_listen {
    struct sp_listen_config config;
    struct sp_pump_house house;
    int fd;
    struct sp_watch *watch;
    struct sp_timer *tick;
    struct sp_timer *pause;
    struct sp_address_table *addresses;
    struct sp_pump *first;
    struct sp_listen_counts counts;
    bool is_draining;
    bool is_ticking;
};

static enum sp_err on_stream(void *ctx, const struct sp_pump *pump, int fd)
{
    struct sp_listen *l = ctx;
    return l->config.stream(l->config.ctx, sp_pump_card_of(pump), fd);
}

static void link_pump(struct sp_listen *l, struct sp_pump *pump)
{
    struct sp_pump_card *card = sp_pump_card(pump);
    card->previous = NULL;
    card->next = l->first;
    if (l->first != NULL) {
        sp_pump_card(l->first)->previous = pump;
    }
    l->first = pump;
}

static void unlink_pump(struct sp_listen *l, struct sp_pump *pump)
{
    struct sp_pump_card *card = sp_pump_card(pump);
    if (card->previous != NULL) {
        sp_pump_card(card->previous)->next = card->next;
    } else {
        l->first = card->next;
    }
    if (card->next != NULL) {
        sp_pump_card(card->next)->previous = card->previous;
    }
}

static void count_end(struct sp_listen *l, const struct sp_pump *pump)
{
    const struct sp_guard *guard = sp_pump_guard(pump);
    l->counts.requests += guard->requests;
    l->counts.open--;
    if (sp_pump_card_of(pump)->tls_failure != NULL) {
        l->counts.tls_failed++;
        return;
    }
    if (guard->refused == SP_ERR_TIMEOUT) {
        l->counts.timed_out++;
    } else if (guard->refused == SP_ERR_UNAVAILABLE || guard->refused == SP_ERR_OUTCOME_UNKNOWN) {
        l->counts.front_lost++;
    } else if (guard->refused != SP_OK) {
        l->counts.refused++;
        l->config.refused(l->config.ctx, guard->refused, guard->rule,
                          sp_slice_of(sp_pump_card_of(pump)->source));
    }
}

static void on_ended(void *ctx, struct sp_pump *pump)
{
    struct sp_listen *l = ctx;
    count_end(l, pump);
    sp_address_leave(l->addresses, sp_pump_card(pump)->address);
    unlink_pump(l, pump);
    sp_pump_free(pump);
    if (l->is_draining && l->first == NULL && !l->is_ticking) {
        l->config.empty(l->config.ctx);
    }
}

/* A door without its deadlines must not go on; a fresh process is the remedy. */
static void set_timer(struct sp_timer *timer, uint64_t after_ms)
{
    SP_ASSERT(sp_timer_set(timer, after_ms) == SP_OK);
}

/* Over a bound: a short answer that may get lost, at once and without a connection of its own. */
static void turn_away(struct sp_listen *l, int fd)
{
    static const struct sp_refusal refusal = {.err = SP_ERR_UNAVAILABLE,
                                              .detail = "too many connections",
                                              .retry_after_s = SP_GUARD_RETRY_S,
                                              .is_head_method = false};
    SP_AUTO_BUF struct sp_buf answer;
    sp_buf_init(&answer, REFUSAL_BYTES_MAX);
    l->counts.turned_away++;
    if (l->house.tls == NULL && sp_refusal_put(&refusal, &answer) == SP_OK) {
        (void)send(fd, answer.ptr, answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
    }
}

static enum sp_err welcome(struct sp_listen *l, int take_fd, const struct sockaddr_storage *from)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_address address = sp_address_of(from);
    bool has_room = l->counts.open < l->config.connections_max;
    if (!has_room ||
        sp_address_enter(l->addresses, address, l->config.connections_per_address) != SP_OK) {
        turn_away(l, fd);
        return SP_OK;
    }
    /* An answer is written whole; waiting for more of it would only delay it. Other families ignore this. */
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct sp_pump *pump = NULL;
    enum sp_err err = sp_pump_new(&l->house, sp_take_fd(&fd), sp_clock_mono_ms(), &pump);
    if (err != SP_OK) {
        sp_address_leave(l->addresses, address);
        return err;
    }
    struct sp_pump_card *card = sp_pump_card(pump);
    card->address = address;
    card->number = ++l->counts.accepted;
    sp_address_text(from, card->source, &card->port);
    l->counts.open++;
    link_pump(l, pump);
    return SP_OK;
}

/* Without descriptors or memory, trying again at once would only burn the processor. */
static void pause_accepting(struct sp_listen *l)
{
    if (sp_watch_set(l->watch, 0) == SP_OK) {
        set_timer(l->pause, SP_LISTEN_PAUSE_MS);
    }
}

static void on_pause_over(void *ctx)
{
    struct sp_listen *l = ctx;
    if (l->watch != NULL && sp_watch_set(l->watch, SP_WATCH_READ) != SP_OK) {
        set_timer(l->pause, SP_LISTEN_PAUSE_MS);
    }
}

static void on_listener_ready(void *ctx, int fd, unsigned what)
{
    struct sp_listen *l = ctx;
    (void)what;
    for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof(from);
        int client = accept4(fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) {
            bool is_short =
                errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
            if (is_short) {
                pause_accepting(l);
            }
            return; /* none is waiting, or one that waited has left */
        }
        if (welcome(l, client, &from) != SP_OK) {
            pause_accepting(l);
            return;
        }
    }
}

/* Walks over all pumps; the one in hand may end, no other does meanwhile. */
static void for_each(struct sp_listen *l, uint64_t now_ms, bool is_drain)
{
    l->is_ticking = true;
    struct sp_pump *next = NULL;
    for (struct sp_pump *pump = l->first; pump != NULL; pump = next) {
        next = sp_pump_card(pump)->next;
        if (is_drain) {
            sp_pump_drain(pump);
        } else {
            sp_pump_tick(pump, now_ms);
        }
    }
    l->is_ticking = false;
    if (l->is_draining && l->first == NULL) {
        l->config.empty(l->config.ctx);
    }
}

static void on_tick(void *ctx)
{
    struct sp_listen *l = ctx;
    /* Set before the walk, which may end the house. */
    set_timer(l->tick, SP_LISTEN_TICK_MS);
    for_each(l, sp_clock_mono_ms(), /*is_drain=*/false);
}

enum sp_err sp_listen_new(const struct sp_listen_config *config, int take_fd,
                          struct sp_listen **out)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_listen *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return SP_ERR_NOMEM;
    }
    l->config = *config;
    l->fd = -1;
    l->house.loop = config->loop;
    l->house.limits = config->limits;
    l->house.tls = config->tls;
    l->house.stream = on_stream;
    l->house.ended = on_ended;
    l->house.ctx = l;
    enum sp_err err = sp_address_table_new(config->connections_max, &l->addresses);
    if (err == SP_OK) {
        err = sp_timer_new(config->loop, on_tick, l, &l->tick);
    }
    if (err == SP_OK) {
        err = sp_timer_new(config->loop, on_pause_over, l, &l->pause);
    }
    if (err != SP_OK) {
        sp_listen_free(l);
        return err;
    }
    l->fd = sp_take_fd(&fd);
    *out = l;
    return SP_OK;
}

enum sp_err sp_listen_open(struct sp_listen *listen)
{
    SP_TRY(sp_timer_set(listen->tick, SP_LISTEN_TICK_MS));
    return sp_watch_new(listen->config.loop, listen->fd, SP_WATCH_READ, on_listener_ready, listen,
                        &listen->watch);
}

void sp_listen_set_tls(struct sp_listen *listen, const struct sp_tls_context *tls)
{
    listen->house.tls = tls;
}

static void close_listener(struct sp_listen *l)
{
    sp_watch_free(l->watch);
    sp_close(l->fd);
    l->watch = NULL;
    l->fd = -1;
}

void sp_listen_drain(struct sp_listen *listen)
{
    close_listener(listen);
    sp_timer_stop(listen->pause);
    listen->is_draining = true;
    for_each(listen, sp_clock_mono_ms(), /*is_drain=*/true);
}

struct sp_listen_counts sp_listen_counts(const struct sp_listen *listen)
{
    return listen->counts;
}

void sp_listen_free(struct sp_listen *listen)
{
    if (listen == NULL) {
        return;
    }
    listen->is_draining = false; /* nobody is to be told */
    while (listen->first != NULL) {
        on_ended(listen, listen->first);
    }
    close_listener(listen);
    sp_timer_free(listen->tick);
    sp_timer_free(listen->pause);
    sp_address_table_free(listen->addresses);
    free(listen);
}
