#include "door/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/own.h"
#include "door/refusal.h"

struct side {
    int fd;
    struct sp_tls *tls; /* the client's side; NULL: plain */
    struct sp_watch *watch;
    bool is_blocked; /* the last write did not fit */
};

struct sp_pump {
    struct sp_pump_house *house;
    struct sp_guard guard;
    struct side client;
    struct side front;
    bool is_front_deaf;
    bool has_hung_up; /* a hangup was reported while nothing was read */
    bool is_lingering;
    uint64_t linger_ms;
    size_t linger_bytes;
    struct sp_pump_card card;
};

enum read_result { READ_SOME, READ_LATER, READ_END, READ_FAILED };

/* For a client that speaks plain HTTP to a port of TLS. */
static const struct sp_refusal speaks_plain = {.err = SP_ERR_HTTP,
                                               .detail = "this port speaks TLS: use https",
                                               .retry_after_s = 0,
                                               .is_head_method = false};
#define REFUSAL_BYTES_MAX ((size_t)1024)

struct sp_pump_card *sp_pump_card(struct sp_pump *pump)
{
    return &pump->card;
}

const struct sp_pump_card *sp_pump_card_of(const struct sp_pump *pump)
{
    return &pump->card;
}

const struct sp_guard *sp_pump_guard(const struct sp_pump *pump)
{
    return &pump->guard;
}

/* The scratch has room for more than a record, so nothing stays behind that the descriptor does not announce. */
static enum read_result read_secret(struct sp_pump *p, struct side *side, struct sp_slice *out)
{
    size_t got = 0;
    enum sp_err err = sp_tls_read(side->tls, p->house->scratch, sizeof(p->house->scratch), &got);
    if (err == SP_OK) {
        *out = sp_slice_make(p->house->scratch, got);
        return READ_SOME;
    }
    if (err == SP_ERR_BUSY) {
        side->is_blocked = side->is_blocked || sp_tls_wants_write(side->tls);
        return READ_LATER;
    }
    return err == SP_ERR_CLOSED ? READ_END : READ_FAILED;
}

static enum read_result read_some(struct sp_pump *p, struct side *side, struct sp_slice *out)
{
    if (side->tls != NULL) {
        return read_secret(p, side, out);
    }
    ssize_t got = recv(side->fd, p->house->scratch, sizeof(p->house->scratch), MSG_DONTWAIT);
    if (got > 0) {
        *out = sp_slice_make(p->house->scratch, (size_t)got);
        return READ_SOME;
    }
    if (got == 0) {
        return READ_END;
    }
    return errno == EAGAIN || errno == EINTR ? READ_LATER : READ_FAILED;
}

static enum sp_err write_secret(struct side *side, struct sp_slice bytes, size_t *out_wrote)
{
    enum sp_err err = sp_tls_write(side->tls, bytes, out_wrote);
    if (err == SP_ERR_BUSY) {
        side->is_blocked = true;
        return SP_OK;
    }
    return err == SP_OK ? SP_OK : SP_ERR_CLOSED;
}

/* Writes what fits. SP_ERR_CLOSED when the other side takes no more for ever. */
static enum sp_err write_some(struct side *side, struct sp_slice bytes, size_t *out_wrote)
{
    *out_wrote = 0;
    if (bytes.len == 0 || side->is_blocked) {
        return SP_OK;
    }
    if (side->tls != NULL) {
        return write_secret(side, bytes, out_wrote);
    }
    ssize_t wrote = send(side->fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (wrote < 0) {
        side->is_blocked = errno == EAGAIN;
        return side->is_blocked || errno == EINTR ? SP_OK : SP_ERR_CLOSED;
    }
    *out_wrote = (size_t)wrote;
    side->is_blocked = (size_t)wrote < bytes.len;
    return SP_OK;
}

static void close_side(struct side *side)
{
    sp_watch_free(side->watch);
    sp_tls_free(side->tls);
    sp_close(side->fd);
    *side = (struct side){.fd = -1, .tls = NULL, .watch = NULL, .is_blocked = false};
}

static void on_front_ready(void *ctx, int fd, unsigned what);

static enum sp_err open_front(struct sp_pump *p)
{
    int pair[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_AUTO_CLOSE int ours = pair[0];
    SP_AUTO_CLOSE int theirs = pair[1];
    SP_TRY(p->house->stream(p->house->ctx, p, theirs));
    SP_TRY(sp_watch_new(p->house->loop, ours, SP_WATCH_READ, on_front_ready, p, &p->front.watch));
    p->front.fd = sp_take_fd(&ours);
    p->is_front_deaf = false;
    return SP_OK;
}

static void push_front(struct sp_pump *p)
{
    if (p->guard.is_front_over) {
        close_side(&p->front);
        p->guard.is_front_over = false;
    }
    if (p->guard.to_front.len == 0) {
        return;
    }
    if (p->front.fd < 0 && open_front(p) != SP_OK) {
        sp_guard_front_gone(&p->guard, sp_clock_mono_ms());
        return;
    }
    size_t wrote = 0;
    if (p->is_front_deaf) {
        return;
    }
    if (write_some(&p->front, sp_buf_slice(&p->guard.to_front), &wrote) != SP_OK) {
        p->is_front_deaf = true; /* an answer may still be on its way to us; its end will be read */
        sp_guard_front_deaf(&p->guard);
        return;
    }
    sp_guard_front_wrote(&p->guard, wrote);
}

static bool is_shaking_hands(const struct sp_pump *p)
{
    return p->client.tls != NULL && !sp_tls_is_ready(p->client.tls);
}

static void push_client(struct sp_pump *p)
{
    size_t wrote = 0;
    if (p->guard.end == SP_GUARD_DROP) {
        return;
    }
    if (is_shaking_hands(p) && p->guard.to_client.len > 0) {
        sp_guard_client_left(&p->guard); /* too late, and there is no way yet to say so */
        return;
    }
    if (write_some(&p->client, sp_buf_slice(&p->guard.to_client), &wrote) != SP_OK) {
        sp_guard_client_left(&p->guard);
        return;
    }
    if (wrote > 0) {
        sp_guard_client_wrote(&p->guard, wrote, sp_clock_mono_ms());
    }
}

/* Says that nothing more comes, and waits for the client to agree: a close with unread bytes would become a reset that
 * can overtake the answer (RFC 9112, section 9.6). */
static void begin_linger(struct sp_pump *p)
{
    p->is_lingering = true;
    p->linger_ms = sp_clock_mono_ms();
    if (p->client.tls != NULL) {
        sp_tls_end(p->client.tls);
    }
    (void)shutdown(p->client.fd, SHUT_WR); /* ignoring: a failure shows at the next read */
}

static bool is_over(struct sp_pump *p)
{
    if (p->guard.end == SP_GUARD_DROP) {
        return true;
    }
    if (p->guard.end == SP_GUARD_OPEN || p->guard.to_client.len > 0) {
        return false;
    }
    if (p->guard.is_client_over) {
        return true;
    }
    if (!p->is_lingering) {
        begin_linger(p);
    }
    return false;
}

static unsigned client_interest(const struct sp_pump *p)
{
    if (is_shaking_hands(p)) {
        return sp_tls_wants_write(p->client.tls) ? SP_WATCH_WRITE : SP_WATCH_READ;
    }
    unsigned what = p->client.is_blocked && p->guard.to_client.len > 0 ? SP_WATCH_WRITE : 0;
    if (p->is_lingering || sp_guard_wants_client(&p->guard)) {
        return what | SP_WATCH_READ;
    }
    if (p->guard.is_client_over || p->has_hung_up) {
        return what | SP_WATCH_DEAD;
    }
    return what | SP_WATCH_HANGUP;
}

static unsigned front_interest(const struct sp_pump *p)
{
    unsigned what = sp_guard_wants_front(&p->guard) ? SP_WATCH_READ : 0;
    bool waits = p->front.is_blocked && p->guard.to_front.len > 0 && !p->is_front_deaf;
    return waits ? what | SP_WATCH_WRITE : what;
}

/* After every event: deliver what there is, then wait for what is missing. The last thing that a callback does. */
static void turn(struct sp_pump *p)
{
    push_front(p);
    push_client(p);
    if (p->guard.is_front_over) {
        close_side(&p->front);
        p->guard.is_front_over = false;
    }
    bool is_lost = is_over(p) || sp_watch_set(p->client.watch, client_interest(p)) != SP_OK;
    if (!is_lost && p->front.watch != NULL) {
        is_lost = sp_watch_set(p->front.watch, front_interest(p)) != SP_OK;
    }
    if (is_lost) {
        p->house->ended(p->house->ctx, p);
    }
}

static void read_client(struct sp_pump *p)
{
    struct sp_slice got = {NULL, 0};
    switch (read_some(p, &p->client, &got)) {
    case READ_SOME:
        p->linger_bytes += p->is_lingering ? got.len : 0;
        if (p->linger_bytes > SP_PUMP_LINGER_BYTES_MAX) {
            sp_guard_client_left(&p->guard);
        }
        sp_guard_from_client(&p->guard, got, sp_clock_mono_ms());
        return;
    case READ_LATER:
        return;
    case READ_END:
        sp_guard_client_over(&p->guard, sp_clock_mono_ms());
        return;
    case READ_FAILED:
        sp_guard_client_left(&p->guard);
        return;
    }
}

/* Whoever the client proves to be is known before its first request. */
static enum sp_err learn_certificate(struct sp_pump *p)
{
    enum sp_err err = sp_tls_peer(p->client.tls, p->card.certificate, &p->card.subject);
    p->card.has_certificate = err == SP_OK;
    return err == SP_ERR_NOT_FOUND ? SP_OK : err;
}

/* Best effort: the client's request is unread, so the answer may get lost with the reset. */
static void tell_plain(struct sp_pump *p)
{
    SP_AUTO_BUF struct sp_buf answer;
    struct sp_refusal refusal = speaks_plain;
    refusal.wall_us = sp_clock_wall_us();
    sp_buf_init(&answer, REFUSAL_BYTES_MAX);
    if (sp_refusal_put(&refusal, &answer) == SP_OK) {
        (void)send(p->client.fd, answer.ptr, answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static void shake_hands(struct sp_pump *p)
{
    enum sp_err err = sp_tls_handshake(p->client.tls);
    if (err == SP_OK) {
        err = learn_certificate(p);
    }
    if (err == SP_OK || err == SP_ERR_BUSY) {
        return;
    }
    if (err == SP_ERR_INVALID) {
        tell_plain(p);
    }
    p->card.tls_failure = sp_tls_reason(p->client.tls);
    sp_guard_client_left(&p->guard);
}

static void on_client_ready(void *ctx, int fd, unsigned what)
{
    struct sp_pump *p = ctx;
    (void)fd;
    if (is_shaking_hands(p)) {
        shake_hands(p);
        turn(p);
        return;
    }
    if ((what & SP_WATCH_WRITE) != 0) {
        p->client.is_blocked = false;
    }
    if ((what & SP_WATCH_HANGUP) != 0) {
        if (p->guard.is_client_over || p->has_hung_up) {
            sp_guard_client_left(&p->guard); /* both halves are dead */
        }
        p->has_hung_up = true;
    }
    if ((what & SP_WATCH_READ) != 0) {
        read_client(p);
    }
    turn(p);
}

static void on_front_ready(void *ctx, int fd, unsigned what)
{
    struct sp_pump *p = ctx;
    struct sp_slice got = {NULL, 0};
    (void)fd;
    if ((what & SP_WATCH_WRITE) != 0) {
        p->front.is_blocked = false;
    }
    if ((what & SP_WATCH_READ) != 0) {
        enum read_result result = read_some(p, &p->front, &got);
        if (result == READ_SOME) {
            sp_guard_from_front(&p->guard, got, sp_clock_mono_ms());
        } else if (result != READ_LATER) {
            sp_guard_front_gone(&p->guard, sp_clock_mono_ms());
        }
    }
    turn(p);
}

enum sp_err sp_pump_new(struct sp_pump_house *house, int take_fd, uint64_t now_ms,
                        struct sp_pump **out)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_pump *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return SP_ERR_NOMEM;
    }
    p->house = house;
    p->front.fd = -1;
    sp_buf_init(&p->card.subject, SP_PUMP_SUBJECT_BYTES_MAX);
    enum sp_err err = SP_OK;
    if (house->tls != NULL) {
        p->card.is_tls = true;
        err = sp_tls_new(house->tls, fd, NULL, &p->client.tls);
    }
    if (err == SP_OK) {
        err = sp_watch_new(house->loop, fd, SP_WATCH_READ, on_client_ready, p, &p->client.watch);
    }
    if (err != SP_OK) {
        sp_tls_free(p->client.tls);
        free(p);
        return err;
    }
    p->client.fd = sp_take_fd(&fd);
    sp_guard_init(&p->guard, &house->limits, now_ms);
    *out = p;
    return SP_OK;
}

void sp_pump_free(struct sp_pump *pump)
{
    if (pump != NULL) {
        close_side(&pump->client);
        close_side(&pump->front);
        sp_guard_done(&pump->guard);
        sp_buf_done(&pump->card.subject);
        free(pump);
    }
}

void sp_pump_tick(struct sp_pump *pump, uint64_t now_ms)
{
    sp_guard_tick(&pump->guard, now_ms);
    if (pump->is_lingering && now_ms - pump->linger_ms > SP_PUMP_LINGER_MS) {
        sp_guard_client_left(&pump->guard);
    }
    bool has_news = pump->guard.end != SP_GUARD_OPEN || pump->guard.is_front_over ||
                    pump->guard.to_client.len > 0;
    if (has_news) {
        turn(pump);
    }
}

void sp_pump_drain(struct sp_pump *pump)
{
    sp_guard_drain(&pump->guard);
    turn(pump);
}
