#include "pool/server.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "pool/face.h"
#include "pool/wire.h"

#define TICKET_MASK (SP_POOL_SESSIONS_MAX - 1U)

struct sp_pool_server {
    struct sp_loop *loop;
    struct sp_pool *pool;
    struct sp_timer *timer;
    struct sp_pool_face *face;
    struct sp_pool_wire *template;
    struct sp_pool_wire *sessions[SP_POOL_SESSIONS_MAX];
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

static void turned(void *ctx)
{
    set_timer(ctx);
}

static void answer(void *ctx, uint64_t request, unsigned status, unsigned retry_after_s,
                   struct sp_slice body)
{
    const struct sp_pool_server *server = ctx;
    sp_pool_face_answer(server->face, request, status, retry_after_s, body);
}

static void give_events(void *ctx, uint64_t request, struct sp_slice events)
{
    const struct sp_pool_server *server = ctx;
    sp_pool_face_stream(server->face, request, events);
}

static void give_file(void *ctx, uint64_t request, int *fd, const struct sp_pool_file *file)
{
    const struct sp_pool_server *server = ctx;
    sp_pool_face_file(server->face, request, fd, file);
}

static void on_timer(void *ctx)
{
    set_timer(ctx);
}

/* ---- the template and the sessions ---- */

static void on_session_frame(void *ctx, struct sp_pool_wire *wire, const struct sp_frame *frame,
                             int *fd)
{
    struct sp_pool_server *server = ctx;
    sp_pool_frame(server->pool, sp_pool_wire_ticket(wire), frame, fd, now());
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

static void to_template(struct sp_pool_server *server, enum sp_frame_type type, uint32_t ticket,
                        uint64_t key)
{
    const struct sp_frame frame = {.type = type, .ticket = ticket, .nonce = key};
    if (server->template != NULL) {
        sp_pool_wire_send(server->template, &frame);
    }
}

static void fork_session(void *ctx, uint32_t ticket, uint64_t key)
{
    to_template(ctx, SP_FRAME_FORK, ticket, key);
}

static void kill_session(void *ctx, uint32_t ticket)
{
    to_template(ctx, SP_FRAME_KILL, ticket, 0);
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
        .stream = give_events,
        .file = give_file,
    };
    enum sp_err err = SP_OK;
    if (server == NULL) {
        return SP_ERR_NOMEM;
    }
    server->loop = loop;
    err = sp_pool_new(config, &ports, seed, now(), &server->pool);
    if (err == SP_OK) {
        err = sp_timer_new(loop, on_timer, server, &server->timer);
    }
    if (err == SP_OK) {
        const struct sp_pool_face_how how = {.loop = loop,
                                             .pool = server->pool,
                                             .turned = turned,
                                             .ctx = server,
                                             .may_own_code = config->may_own_code};
        err = sp_pool_face_new(&how, sp_take_fd(&listener), &server->face);
    }
    if (err != SP_OK) {
        sp_pool_server_free(server);
        return err;
    }
    *out = server;
    return SP_OK;
}

void sp_pool_server_free(struct sp_pool_server *server)
{
    if (server == NULL) {
        return;
    }
    sp_pool_face_free(server->face);
    for (unsigned i = 0; i < SP_POOL_SESSIONS_MAX; i++) {
        sp_pool_wire_free(server->sessions[i]);
    }
    sp_pool_wire_free(server->template);
    sp_timer_free(server->timer);
    sp_pool_free(server->pool);
    free(server);
}
