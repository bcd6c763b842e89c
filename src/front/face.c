#include "front/face.h"

#include <stdlib.h>
#include <sys/un.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/own.h"
#include "front/call.h"

#define TICK_MS     ((uint64_t)1000)
#define RUNS_A_TURN 3U

/* --- running the library --- */

/* Without its timers front would keep clients waiting for ever; a fresh process is the remedy. */
static void set_timer(struct sp_timer *timer, uint64_t after_ms)
{
    SP_ASSERT(sp_timer_set(timer, after_ms) == SP_OK);
}

void sp_face_wake(struct sp_face *face)
{
    set_timer(face->run, 0);
}

/* What the library wants done at once is done here, a few times over: another turn of the loop would cost more. */
static void run(struct sp_face *face)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool has_timeout = true;
    for (unsigned i = 0; i < RUNS_A_TURN && has_timeout && wait_ms == 0; i++) {
        (void)MHD_run(face->daemon);
        has_timeout = MHD_get_timeout(face->daemon, &wait_ms) == MHD_YES;
    }
    if (has_timeout) {
        set_timer(face->run, wait_ms);
    } else {
        sp_timer_stop(face->run);
    }
}

static void on_run(void *ctx)
{
    run(ctx);
}

static void on_epoll_ready(void *ctx, int fd, unsigned what)
{
    (void)fd;
    (void)what;
    run(ctx);
}

static void on_tick(void *ctx)
{
    struct sp_face *face = ctx;
    set_timer(face->tick, TICK_MS);
    sp_desk_tick(face->desk, sp_clock_mono_ms());
}

/* --- what the library tells --- */

static struct sp_stream *stream_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void free_stream(struct sp_stream *stream)
{
    sp_call_free(stream->call);
    sp_watch_free(stream->watch);
    free(stream->subject);
    free(stream);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct sp_face *face = ctx;
    (void)connection;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = sp_take_ptr(face->adding);
    } else if (*socket_context != NULL) {
        free_stream(*socket_context);
        *socket_context = NULL;
    }
}

/* The raw target is seen here only: the handler's is decoded and ends at an encoded NUL. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
    struct sp_face *face = ctx;
    struct sp_stream *stream = stream_of(connection);
    if (stream == NULL) {
        return NULL;
    }
    sp_call_free(stream->call);
    stream->call = sp_call_new(face, stream, connection, target);
    return stream->call;
}

/* style: parameter-count: the library asks for this signature */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **call)
{
    (void)ctx;
    (void)connection;
    (void)url;
    (void)version;
    return *call == NULL ? MHD_NO : sp_call_handle(*call, method, upload, upload_len);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **call,
                         enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)why;
    struct sp_stream *stream = stream_of(connection);
    if (*call != NULL && stream != NULL) {
        stream->call = NULL;
        sp_call_free(*call);
        *call = NULL;
    }
}

static void on_hangup(void *ctx, int fd, unsigned what)
{
    struct sp_stream *stream = ctx;
    (void)fd;
    (void)what;
    if (stream->call != NULL) {
        sp_call_client_left(stream->call);
    }
}

/* --- life --- */

static enum sp_err start_daemon(struct sp_face *face)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
    face->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, face, MHD_OPTION_NOTIFY_CONNECTION, on_connection, face,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, face, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        face, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SP_FACE_STREAM_BYTES_MAX,
        MHD_OPTION_CONNECTION_LIMIT, SP_FACE_STREAMS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (face->daemon == NULL) {
        return SP_ERR_SYSTEM;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(face->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL) {
        return SP_ERR_SYSTEM;
    }
    return sp_watch_new(face->config.loop, info->epoll_fd, SP_WATCH_READ, on_epoll_ready, face,
                        &face->watch);
}

static enum sp_err port_ask(void *ctx, const struct sp_msg_ask *ask)
{
    const struct sp_face_wires *wires = &((struct sp_face *)ctx)->config.wires;
    return wires->ask(wires->ctx, ask);
}

static enum sp_err port_ready(void *ctx, const struct sp_msg_ready *ready)
{
    const struct sp_face_wires *wires = &((struct sp_face *)ctx)->config.wires;
    return wires->ready(wires->ctx, ready);
}

static enum sp_err port_left(void *ctx, const struct sp_msg_left *left)
{
    const struct sp_face_wires *wires = &((struct sp_face *)ctx)->config.wires;
    return wires->left(wires->ctx, left);
}

static enum sp_err start(struct sp_face *face)
{
    const struct sp_desk_port port = {.ctx = face,
                                      .ask = port_ask,
                                      .ready = port_ready,
                                      .left = port_left,
                                      .job = sp_call_job,
                                      .read_body = sp_call_read_body,
                                      .part = sp_call_part,
                                      .answer = sp_call_answer};
    SP_TRY(sp_desk_new(face->config.incarnation, face->config.workers, &port, &face->desk));
    SP_TRY(sp_timer_new(face->config.loop, on_run, face, &face->run));
    SP_TRY(sp_timer_new(face->config.loop, on_tick, face, &face->tick));
    SP_TRY(sp_timer_set(face->tick, TICK_MS));
    return start_daemon(face);
}

enum sp_err sp_face_new(const struct sp_face_config *config, struct sp_face **out)
{
    struct sp_face *face = calloc(1, sizeof(*face));
    if (face == NULL) {
        return SP_ERR_NOMEM;
    }
    face->config = *config;
    enum sp_err err = start(face);
    if (err != SP_OK) {
        sp_face_free(face);
        return err;
    }
    *out = face;
    return SP_OK;
}

struct sp_desk *sp_face_desk(struct sp_face *face)
{
    return face->desk;
}

static struct sp_stream *new_stream(struct sp_face *face, int fd, const struct sp_msg_stream *from)
{
    struct sp_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        return NULL;
    }
    stream->face = face;
    stream->fd = fd;
    sp_slice_to_text(from->source, stream->source, sizeof(stream->source));
    stream->is_tls = from->is_tls;
    stream->certificate_len =
        sp_slice_copy(from->certificate, stream->certificate, sizeof(stream->certificate));
    stream->subject = from->subject.len == 0 ? NULL : sp_slice_dup(from->subject);
    if (from->subject.len != 0 && stream->subject == NULL) {
        free_stream(stream);
        return NULL;
    }
    if (sp_watch_new(face->config.loop, fd, SP_WATCH_HANGUP, on_hangup, stream, &stream->watch) !=
        SP_OK) {
        free_stream(stream);
        return NULL;
    }
    return stream;
}

enum sp_err sp_face_add_stream(struct sp_face *face, int take_fd, const struct sp_msg_stream *from)
{
    const struct sockaddr_un nobody = {.sun_family = AF_UNIX};
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_stream *stream = new_stream(face, fd, from);
    if (stream == NULL) {
        return SP_ERR_NOMEM;
    }
    face->adding = stream;
    /* The library closes the descriptor also when it fails. */
    enum MHD_Result result = MHD_add_connection(face->daemon, sp_take_fd(&fd),
                                                (const struct sockaddr *)&nobody, sizeof(nobody));
    if (face->adding != NULL) {
        face->adding = NULL;
        free_stream(stream);
        return SP_ERR_NOMEM;
    }
    sp_face_wake(face);
    return result == MHD_YES ? SP_OK : SP_ERR_NOMEM;
}

void sp_face_drain(struct sp_face *face)
{
    face->is_draining = true;
    sp_desk_close(face->desk);
    if (face->calls == 0) {
        face->config.wires.empty(face->config.wires.ctx);
    }
}

void sp_face_free(struct sp_face *face)
{
    if (face == NULL) {
        return;
    }
    face->is_draining = false; /* nobody is to be told */
    sp_watch_free(face->watch);
    if (face->daemon != NULL) {
        sp_desk_lost(face->desk,
                     SP_ROLE_ADMIT); /* the library cannot stop while anything is suspended */
        sp_desk_lost(face->desk, SP_ROLE_AUDIT);
        MHD_stop_daemon(face->daemon);
    }
    sp_timer_free(face->run);
    sp_timer_free(face->tick);
    sp_desk_free(face->desk);
    free(face);
}
