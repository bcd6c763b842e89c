#include "pool/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "pool/http.h"
#include "pool/wire.h"

#define READ_BYTES      ((size_t)64 * 1024)
#define TICKET_MASK     (SP_POOL_SESSIONS_MAX - 1U)
#define ACCEPTS_AT_ONCE 16U

struct connection {
    struct sp_pool_server *server;
    unsigned index;
    uint64_t request; /* that waits for its answer; 0 for none */
    int fd;
    struct sp_watch *watch;
    struct sp_pool_http http;
    size_t sent;          /* bytes of http.out that are on their way */
    struct sp_buf unread; /* what came behind the request that is being answered */
    bool is_busy;         /* in its own callback */
    bool is_over;
};

struct sp_pool_server {
    struct sp_loop *loop;
    struct sp_pool *pool;
    struct sp_timer *timer;
    int listener;
    struct sp_watch *listener_watch;
    uint64_t requests; /* how many there were */
    struct sp_pool_wire *template;
    struct sp_pool_wire *sessions[SP_POOL_SESSIONS_MAX];
    struct connection *connections[SP_POOL_CONNECTIONS_MAX];
};

static struct sp_pool_now now(void)
{
    return (struct sp_pool_now){.mono_ms = sp_clock_mono_ms(), .wall_us = sp_clock_wall_us()};
}

/* After anything that can move a deadline. */
static void set_timer(struct sp_pool_server *server)
{
    struct sp_pool_now time = now();
    uint64_t due = sp_pool_tick(server->pool, time);
    if (due == UINT64_MAX) {
        sp_timer_stop(server->timer);
    } else if (sp_timer_set(server->timer, due > time.mono_ms ? due - time.mono_ms : 1) != SP_OK) {
        sp_log(SP_LOG_ERROR, "pool.timer.failed", "errno=%d", errno);
    }
}

static void on_timer(void *ctx)
{
    set_timer(ctx);
}

/* ---- connections ---- */

static void end_connection(struct connection *c)
{
    if (c->fd >= 0) {
        sp_watch_free(c->watch);
        c->watch = NULL;
        sp_close(sp_take_fd(&c->fd));
        c->server->connections[c->index] = NULL;
        if (c->request != 0) {
            sp_pool_left(c->server->pool, c->request);
        }
    }
    c->is_over = true;
    if (c->is_busy) {
        return;
    }
    sp_pool_http_done(&c->http);
    sp_buf_done(&c->unread);
    free(c);
}

/* Sends what it can; false when the connection is at its end. */
static bool flush(struct connection *c)
{
    struct sp_buf *out = &c->http.out;
    while (c->sent < out->len) {
        ssize_t sent = send(c->fd, out->ptr + c->sent, out->len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        c->sent += (size_t)sent;
    }
    sp_buf_done(out);
    c->sent = 0;
    return c->http.state != SP_POOL_HTTP_CLOSING;
}

/* Reading stops while a request waits, so that a client cannot pile up what we must keep. */
static bool watch_again(struct connection *c)
{
    unsigned what = c->http.state == SP_POOL_HTTP_READING ? SP_WATCH_READ : SP_WATCH_HANGUP;
    if (c->http.out.len > 0) {
        what |= SP_WATCH_WRITE;
    }
    return sp_watch_set(c->watch, what) == SP_OK;
}

static void dispatch(struct sp_pool_server *server, uint64_t request,
                     const struct sp_pool_call *call)
{
    struct sp_slice identifier = sp_buf_slice(&call->identifier);
    const struct sp_pool_order order = {
        .request = request,
        .identifier = identifier,
        .code = call->request.code,
        .timeout_s = call->request.timeout_s,
    };
    switch (call->operation) {
    case SP_POOL_EXECUTE:
        sp_pool_execute(server->pool, &order, now());
        break;
    case SP_POOL_SESSION_GET:
        sp_pool_session_get(server->pool, request, identifier);
        break;
    case SP_POOL_SESSION_DELETE:
        sp_pool_session_delete(server->pool, request, identifier, now());
        break;
    case SP_POOL_SESSION_LIST:
        sp_pool_session_list(server->pool, request);
        break;
    case SP_POOL_METADATA:
    default:
        sp_pool_metadata(server->pool, request);
        break;
    }
}

static void call(struct connection *c)
{
    struct sp_pool_server *server = c->server;
    const struct sp_http1 *parser = &c->http.parser;
    struct sp_pool_call SP_AUTO_POOL_CALL read = {.operation = SP_POOL_EXECUTE};
    struct sp_where where = {.line = 0};
    enum sp_err err = sp_pool_call_read(sp_http1_method(parser), sp_http1_target(parser),
                                        sp_buf_slice(&c->http.body), &read, &where);
    /* The low bits find the connection again, the count tells its requests apart. */
    c->request = ++server->requests << 16 | c->index;
    if (err != SP_OK) {
        sp_pool_refuse(server->pool, c->request, err, sp_slice_of(where.text));
        return;
    }
    dispatch(server, c->request, &read);
}

/* Feeds what is there until it is used up or a request waits for its answer. */
static void feed(struct connection *c, struct sp_slice in)
{
    while (in.len > 0 && c->http.state == SP_POOL_HTTP_READING) {
        size_t consumed = 0;
        sp_pool_http_feed(&c->http, in, &consumed);
        in = sp_slice_sub(in, consumed, in.len);
        if (c->http.state == SP_POOL_HTTP_WAITING) {
            call(c);
        }
    }
    if (in.len > 0 && c->http.state == SP_POOL_HTTP_WAITING &&
        sp_buf_put(&c->unread, in) != SP_OK) {
        c->http.state = SP_POOL_HTTP_CLOSING;
    }
}

static void feed_unread(struct connection *c)
{
    struct sp_buf SP_AUTO_BUF rest = c->unread;
    sp_buf_init(&c->unread, READ_BYTES);
    feed(c, sp_buf_slice(&rest));
}

/* True while the connection goes on. */
static bool read_some(struct connection *c)
{
    static uint8_t space[READ_BYTES];
    ssize_t got = recv(c->fd, space, sizeof space, MSG_DONTWAIT);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0) {
        return false;
    }
    feed(c, sp_slice_make(space, (size_t)got));
    return true;
}

static void on_connection(void *ctx, int fd, unsigned what)
{
    struct connection *c = ctx;
    bool goes_on = (what & SP_WATCH_HANGUP) == 0;
    (void)fd;
    c->is_busy = true;
    if (goes_on && (what & SP_WATCH_READ) != 0 && c->http.state == SP_POOL_HTTP_READING) {
        goes_on = read_some(c);
    }
    c->is_busy = false;
    if (!goes_on || c->is_over || !flush(c) || !watch_again(c)) {
        end_connection(c);
        return;
    }
    set_timer(c->server);
}

static void answer(void *ctx, uint64_t request, unsigned status, unsigned retry_after_s,
                   struct sp_slice body)
{
    struct sp_pool_server *server = ctx;
    struct connection *c = server->connections[request & (SP_POOL_CONNECTIONS_MAX - 1)];
    if (c == NULL || c->request != request || c->is_over) {
        return;
    }
    c->request = 0;
    sp_pool_http_answer(&c->http, status, retry_after_s, body);
    if (c->is_busy) {
        return; /* its own callback sends, and goes on with what came behind */
    }
    c->is_busy = true;
    feed_unread(c);
    c->is_busy = false;
    if (c->is_over || !flush(c) || !watch_again(c)) {
        end_connection(c);
    }
}

static unsigned free_index(const struct sp_pool_server *server)
{
    unsigned i = 0;
    while (i < SP_POOL_CONNECTIONS_MAX && server->connections[i] != NULL) {
        i++;
    }
    return i;
}

static enum sp_err open_connection(struct sp_pool_server *server, int take_fd)
{
    SP_AUTO_CLOSE int fd = take_fd;
    unsigned index = free_index(server);
    struct connection *c = NULL;
    if (index == SP_POOL_CONNECTIONS_MAX) {
        return SP_ERR_FULL;
    }
    c = calloc(1, sizeof *c);
    if (c == NULL) {
        return SP_ERR_NOMEM;
    }
    *c = (struct connection){.server = server, .index = index, .fd = fd};
    sp_pool_http_init(&c->http);
    sp_buf_init(&c->unread, READ_BYTES);
    if (sp_watch_new(server->loop, fd, SP_WATCH_READ, on_connection, c, &c->watch) != SP_OK) {
        sp_pool_http_done(&c->http);
        free(c);
        return SP_ERR_SYSTEM;
    }
    c->fd = sp_take_fd(&fd);
    server->connections[index] = c;
    return SP_OK;
}

static void on_listener(void *ctx, int fd, unsigned what)
{
    struct sp_pool_server *server = ctx;
    (void)what;
    for (unsigned i = 0; i < ACCEPTS_AT_ONCE; i++) {
        int taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (taken < 0) {
            return;
        }
        if (open_connection(server, taken) != SP_OK) {
            sp_log(SP_LOG_WARN, "pool.connection.refused", "open=%u", free_index(server));
        }
    }
}

/* ---- the template and the sessions ---- */

static void on_session_frame(void *ctx, struct sp_pool_wire *wire, const struct sp_frame *frame,
                             int *fd)
{
    struct sp_pool_server *server = ctx;
    (void)fd;
    sp_pool_frame(server->pool, sp_pool_wire_ticket(wire), frame, now());
    set_timer(server);
}

static void on_session_lost(void *ctx, struct sp_pool_wire *wire)
{
    struct sp_pool_server *server = ctx;
    sp_pool_session_lost(server->pool, sp_pool_wire_ticket(wire), now());
    set_timer(server);
}

static void adopt_session(struct sp_pool_server *server, uint32_t ticket, int *fd)
{
    const struct sp_pool_wire_events events = {
        .frame = on_session_frame, .lost = on_session_lost, .ctx = server, .ticket = ticket};
    struct sp_pool_wire **place = &server->sessions[ticket & TICKET_MASK];
    if (!sp_pool_forked(server->pool, ticket) || *fd < 0) {
        return;
    }
    sp_pool_wire_free(*place);
    *place = NULL;
    if (sp_pool_wire_new(server->loop, sp_take_fd(fd), &events, place) != SP_OK) {
        sp_pool_session_lost(server->pool, ticket, now());
    }
}

static void on_template_frame(void *ctx, struct sp_pool_wire *wire, const struct sp_frame *frame,
                              int *fd)
{
    struct sp_pool_server *server = ctx;
    (void)wire;
    if (frame->type == SP_FRAME_HELLO && frame->number == SP_FRAME_VERSION) {
        sp_log(SP_LOG_INFO, "pool.template.up", "walls=%llx", (unsigned long long)frame->layers);
        if (sp_pool_template_up(server->pool, frame->layers, frame->bytes, now()) != SP_OK) {
            sp_log(SP_LOG_ERROR, "pool.template.failed", "the list of packages is over its limit");
        }
    } else if (frame->type == SP_FRAME_FORKED) {
        adopt_session(server, frame->ticket, fd);
    } else if (frame->type == SP_FRAME_ENDED) {
        sp_pool_ended(server->pool, frame->ticket, now());
    }
    set_timer(server);
}

static void on_template_lost(void *ctx, struct sp_pool_wire *wire)
{
    struct sp_pool_server *server = ctx;
    server->template = NULL;
    sp_pool_wire_free(wire);
    sp_log(SP_LOG_WARN, "pool.template.lost", "sessions end with it");
    sp_pool_template_lost(server->pool, now());
    set_timer(server);
}

static void to_template(struct sp_pool_server *server, enum sp_frame_type type, uint32_t ticket)
{
    const struct sp_frame frame = {.type = type, .ticket = ticket};
    if (server->template != NULL) {
        sp_pool_wire_send(server->template, &frame);
    }
}

static void fork_session(void *ctx, uint32_t ticket)
{
    to_template(ctx, SP_FRAME_FORK, ticket);
}

static void kill_session(void *ctx, uint32_t ticket)
{
    to_template(ctx, SP_FRAME_KILL, ticket);
}

static void send_to_session(void *ctx, uint32_t ticket, const struct sp_frame *frame)
{
    struct sp_pool_server *server = ctx;
    struct sp_pool_wire *wire = server->sessions[ticket & TICKET_MASK];
    if (wire != NULL && sp_pool_wire_ticket(wire) == ticket) {
        sp_pool_wire_send(wire, frame);
    }
}

static void close_session(void *ctx, uint32_t ticket)
{
    struct sp_pool_server *server = ctx;
    struct sp_pool_wire **place = &server->sessions[ticket & TICKET_MASK];
    if (*place != NULL && sp_pool_wire_ticket(*place) == ticket) {
        struct sp_pool_wire *wire = *place;
        *place = NULL;
        sp_pool_wire_free(wire);
    }
}

enum sp_err sp_pool_server_template(struct sp_pool_server *server, int take_wire)
{
    const struct sp_pool_wire_events events = {
        .frame = on_template_frame, .lost = on_template_lost, .ctx = server, .ticket = 0};
    if (server->template != NULL) {
        struct sp_pool_wire *old = server->template;
        on_template_lost(server, old);
    }
    return sp_pool_wire_new(server->loop, take_wire, &events, &server->template);
}

/* ---- life ---- */

enum sp_err sp_pool_server_new(struct sp_loop *loop, const struct sp_pool_config *config,
                               int take_listener, uint64_t seed, struct sp_pool_server **out)
{
    SP_AUTO_CLOSE int listener = take_listener;
    struct sp_pool_server *server = calloc(1, sizeof *server);
    const struct sp_pool_ports ports = {
        .ctx = server,
        .fork = fork_session,
        .kill = kill_session,
        .send = send_to_session,
        .close = close_session,
        .answer = answer,
    };
    enum sp_err err = SP_OK;
    if (server == NULL) {
        return SP_ERR_NOMEM;
    }
    server->loop = loop;
    server->listener = -1;
    err = sp_pool_new(config, &ports, seed, now(), &server->pool);
    if (err == SP_OK) {
        err = sp_timer_new(loop, on_timer, server, &server->timer);
    }
    if (err == SP_OK) {
        err = sp_watch_new(loop, listener, SP_WATCH_READ, on_listener, server,
                           &server->listener_watch);
    }
    if (err != SP_OK) {
        sp_pool_server_free(server);
        return err;
    }
    server->listener = sp_take_fd(&listener);
    *out = server;
    return SP_OK;
}

void sp_pool_server_free(struct sp_pool_server *server)
{
    if (server == NULL) {
        return;
    }
    for (unsigned i = 0; i < SP_POOL_CONNECTIONS_MAX; i++) {
        if (server->connections[i] != NULL) {
            end_connection(server->connections[i]);
        }
    }
    for (unsigned i = 0; i < SP_POOL_SESSIONS_MAX; i++) {
        sp_pool_wire_free(server->sessions[i]);
    }
    sp_pool_wire_free(server->template);
    sp_watch_free(server->listener_watch);
    sp_close(server->listener);
    sp_timer_free(server->timer);
    sp_pool_free(server->pool);
    free(server);
}
