#include "relay/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/own.h"
#include "codec/http1.h"
#include "relay/events.h"
#include "relay/plain_head.h"
#include "relay/sink.h"

#define READ_BYTES        ((size_t)64 * 1024)
#define FIELDS_BYTES_MAX  ((size_t)40 * 1024) /* host and bearer */
#define HEAD_BYTES_MAX    ((size_t)96 * 1024) /* those and the target */

/* An answer's buffer that grew over this is given back after use. */
#define ANSWER_KEEP_BYTES ((size_t)256 * 1024)

/* So long a connection that became idle is believed to stand. */
#define TRUST_MS          50U

#define NO_SLOT           SIZE_MAX
#define BODY_PARTS        3U

/* One connection: what it carries now, and its place among those that carry nothing. */
struct conn {
    struct sp_plain *plain;
    struct sp_watch *watch;
    int fd;
    size_t slot; /* NO_SLOT while it is idle */
    struct conn *newer;
    struct conn *older;
    uint64_t idle_since_ms;
    uint64_t deadline_ms;
    struct sp_buf head; /* of the request; empty once it is out, for it holds the bearer */
    struct sp_slice body[BODY_PARTS];
    bool is_download;
    bool is_stream; /* the answer may come as events ... */
    bool is_events; /* ... and does */
    struct sp_events events;
    struct sp_sink sink;
    size_t sent;  /* of head and body together */
    size_t total; /* of both */
    bool is_send_ended;
    struct sp_http1 parser;
    struct sp_buf answer_head;
    struct sp_buf answer;
    uint32_t retry_after_s;
};

struct sp_plain {
    struct sp_loop *loop;
    struct sp_http_config config;
    struct sp_http_ops ops;
    struct sp_buf host;      /* "Host: name:port", with its line end */
    struct sp_secret fields; /* the fields that all requests have; holds the bearer */
    struct sp_timer *timer;
    uint64_t timer_at_ms; /* 0: not set */
    struct conn **busy;   /* by slot */
    struct conn *newest;  /* of the idle ones; the one used last is used next */
    struct conn *oldest;
    size_t idle_count;
    struct sp_buf spare; /* an answer's memory, for the next one */
    uint8_t in[READ_BYTES];
};

/* --- connections --- */

static void idle_remove(struct conn *conn)
{
    struct sp_plain *plain = conn->plain;
    *(conn->newer != NULL ? &conn->newer->older : &plain->newest) = conn->older;
    *(conn->older != NULL ? &conn->older->newer : &plain->oldest) = conn->newer;
    conn->newer = NULL;
    conn->older = NULL;
    plain->idle_count--;
}

static void idle_put(struct conn *conn)
{
    struct sp_plain *plain = conn->plain;
    conn->slot = NO_SLOT;
    conn->idle_since_ms = sp_clock_mono_ms();
    conn->older = plain->newest;
    *(plain->newest != NULL ? &plain->newest->newer : &plain->oldest) = conn;
    plain->newest = conn;
    plain->idle_count++;
}

static void conn_free(struct conn *conn)
{
    sp_watch_free(conn->watch);
    sp_close(conn->fd);
    sp_buf_wipe(&conn->head);
    sp_buf_done(&conn->answer_head);
    sp_buf_done(&conn->answer);
    sp_sink_done(&conn->sink);
    sp_events_done(&conn->events);
    free(conn);
}

static void idle_close(struct conn *conn)
{
    idle_remove(conn);
    conn_free(conn);
}

static void on_ready(void *ctx, int fd, unsigned what);

static enum sp_err conn_new(struct sp_plain *plain, struct conn **out)
{
    SP_AUTO_CLOSE int fd = -1;
    if (plain->ops.take_connection(plain->ops.ctx, &fd) != SP_OK || fd < 0) {
        return SP_ERR_CLOSED;
    }
    struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        return SP_ERR_NOMEM;
    }
    conn->plain = plain;
    conn->fd = -1;
    sp_buf_init(&conn->head, HEAD_BYTES_MAX);
    sp_buf_init(&conn->answer_head, SP_HTTP1_HEAD_BYTES_MAX);
    sp_buf_init(&conn->answer, SP_HTTP_ANSWER_BYTES_MAX);
    sp_events_init(&conn->events, SP_HTTP_ANSWER_BYTES_MAX);
    sp_http1_init(&conn->parser, SP_HTTP1_RESPONSE, &conn->answer_head);
    enum sp_err err = sp_watch_new(plain->loop, fd, SP_WATCH_READ, on_ready, conn, &conn->watch);
    if (err != SP_OK) {
        conn_free(conn);
        return err;
    }
    conn->fd = sp_take_fd(&fd);
    *out = conn;
    return SP_OK;
}

/*
 * Nothing is due on an idle connection: bytes and an end are both wrong. One that was used just now is not looked at:
 * the loop would have heard, and pools hang up on those that were idle for long.
 */
static bool is_alive(const struct conn *conn, uint64_t now_ms)
{
    uint8_t byte = 0;
    if (now_ms - conn->idle_since_ms < TRUST_MS) {
        return true;
    }
    return recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void close_old(struct sp_plain *plain, uint64_t now_ms)
{
    while (plain->oldest != NULL &&
           now_ms - plain->oldest->idle_since_ms > (uint64_t)plain->config.idle_s * 1000U) {
        idle_close(plain->oldest);
    }
}

size_t sp_plain_idle(struct sp_plain *plain)
{
    close_old(plain, sp_clock_mono_ms());
    return plain->idle_count;
}

/* --- ends --- */

static const char over_limit[] = "the answer is over its limit";

/* The connection is idle or gone before the end is told: whoever hears of it may start the next request at once. */
static void finish(struct conn *conn, struct sp_http_end *end, bool may_go_on)
{
    SP_AUTO_PAYLOAD struct sp_payload content = SP_PAYLOAD_EMPTY;
    SP_CLEANUP(sp_sink_done) struct sp_sink sink = conn->sink;
    struct sp_plain *plain = conn->plain;
    struct sp_buf answer = conn->answer;
    size_t slot = conn->slot;
    conn->sink = (struct sp_sink){.fd = 0};
    sp_sink_end(&sink, &content, end);
    plain->busy[slot] = NULL;
    sp_buf_init(&conn->answer, SP_HTTP_ANSWER_BYTES_MAX);
    if (may_go_on) {
        idle_put(conn);
    } else {
        conn_free(conn);
    }
    if (end->state == SP_HTTP_ANSWERED) {
        end->body = sp_buf_slice(&answer);
    }
    plain->ops.ended(plain->ops.ctx, slot, end);
    if (plain->spare.ptr == NULL && answer.room <= ANSWER_KEEP_BYTES) {
        plain->spare = answer;
        sp_buf_clear(&plain->spare);
        return;
    }
    sp_buf_done(&answer);
}

static void finish_failed(struct conn *conn, const char *why)
{
    struct sp_http_end end = {.state = conn->sent > 0 ? SP_HTTP_BROKEN : SP_HTTP_NOT_SENT,
                              .why = why,
                              .is_too_big = why == over_limit};
    finish(conn, &end, false);
}

/* Bytes behind the answer, or an answer before its request was out: the connection cannot be trusted with another one. */
static void finish_answered(struct conn *conn, bool has_more)
{
    unsigned status = conn->parser.status;
    if (conn->is_events && !sp_events_take(&conn->events, &conn->answer, &status)) {
        finish_failed(conn, "the answer is cut");
        return;
    }
    struct sp_http_end end = {.state = SP_HTTP_ANSWERED,
                              .status = status,
                              .retry_after_s = conn->retry_after_s,
                              .why = ""};
    finish(conn, &end, conn->parser.is_persistent && !has_more && conn->sent == conn->total);
}

/* --- answers --- */

static void tell_part(void *ctx, unsigned what, struct sp_slice data)
{
    struct conn *conn = ctx;
    const struct sp_http_ops *ops = &conn->plain->ops;
    if (ops->part != NULL) {
        ops->part(ops->ctx, conn->slot, what, data);
    }
}

static enum sp_err take_body(struct conn *conn)
{
    if (conn->answer.ptr == NULL) {
        conn->answer = conn->plain->spare;
        sp_buf_init(&conn->plain->spare, SP_HTTP_ANSWER_BYTES_MAX);
    }
    if (conn->is_events) {
        return sp_events_feed(&conn->events, conn->parser.body, tell_part, conn);
    }
    return conn->sink.fd > 0 ? sp_sink_put(&conn->sink, conn->parser.body)
                             : sp_buf_put(&conn->answer, conn->parser.body);
}

/* What the head says of the answer. Only the bytes of a file go into a descriptor: an error is read as any other. */
static enum sp_err take_head(struct conn *conn)
{
    struct sp_slice type = {NULL, 0};
    struct sp_slice modified = {NULL, 0};
    conn->retry_after_s = sp_plain_retry_after(&conn->parser);
    conn->is_events =
        conn->is_stream && conn->parser.status == 200 && sp_plain_is_events(&conn->parser);
    if (!conn->is_download || conn->parser.status < 200 || conn->parser.status > 299) {
        return SP_OK;
    }
    (void)sp_http1_find(&conn->parser, "Content-Type", &type);
    (void)sp_http1_find(&conn->parser, "Last-Modified", &modified);
    sp_slice_to_text(type, conn->sink.content_type, sizeof(conn->sink.content_type));
    sp_slice_to_text(modified, conn->sink.last_modified, sizeof(conn->sink.last_modified));
    return sp_sink_begin(&conn->sink, SP_HTTP_FILE_BYTES_MAX);
}

/* Hands bytes to the parser; `*in` keeps what is behind the answer when `*out_is_whole`. */
static enum sp_err take_answer(struct conn *conn, struct sp_slice *in, bool *out_is_whole)
{
    for (;;) {
        enum sp_http1_event event = SP_HTTP1_NEED_MORE;
        size_t used = 0;
        SP_TRY(sp_http1_feed(&conn->parser, *in, &used, &event));
        *in = sp_slice_sub(*in, used, in->len);
        switch (event) {
        case SP_HTTP1_NEED_MORE:
            *out_is_whole = false;
            return SP_OK;
        case SP_HTTP1_HEAD_DONE:
            SP_TRY(take_head(conn));
            break;
        case SP_HTTP1_BODY:
            SP_TRY(take_body(conn));
            break;
        case SP_HTTP1_MESSAGE_DONE:
            *out_is_whole = true;
            return SP_OK;
        }
    }
}

static const char *why_of(const struct conn *conn, enum sp_err err)
{
    if (err == SP_ERR_TOO_BIG) {
        return over_limit;
    }
    return err == SP_ERR_NOMEM ? "memory is used up" : conn->parser.rule;
}

static void at_end_of_answers(struct conn *conn)
{
    if (sp_http1_is_idle(&conn->parser)) {
        finish_failed(conn, "the pool closed the connection without an answer");
    } else if (sp_http1_eof(&conn->parser) == SP_OK) {
        finish_answered(conn, true); /* nothing can follow */
    } else {
        finish_failed(conn, "the answer is cut");
    }
}

static void receive(struct conn *conn)
{
    struct sp_plain *plain = conn->plain;
    ssize_t got = recv(conn->fd, plain->in, sizeof(plain->in), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got < 0) {
        finish_failed(conn, "the connection to the pool broke");
        return;
    }
    if (got == 0) {
        at_end_of_answers(conn);
        return;
    }
    struct sp_slice in = sp_slice_make(plain->in, (size_t)got);
    bool is_whole = false;
    enum sp_err err = take_answer(conn, &in, &is_whole);
    if (err != SP_OK) {
        finish_failed(conn, why_of(conn, err));
    } else if (is_whole) {
        finish_answered(conn, in.len > 0);
    }
}

/* --- requests --- */

/* Sends what the socket takes. SP_ERR_CLOSED: it takes no more, ever. */
static enum sp_err push(struct conn *conn)
{
    while (conn->sent < conn->total) {
        const struct sp_slice parts[] = {sp_buf_slice(&conn->head), conn->body[0], conn->body[1],
                                         conn->body[2]};
        struct iovec left[SP_COUNT(parts)];
        size_t passed = conn->sent;
        for (size_t i = 0; i < SP_COUNT(parts); i++) {
            struct sp_slice part = sp_slice_sub(parts[i], passed, parts[i].len);
            passed -= parts[i].len - part.len;
            /* sendmsg takes plain pointers but only reads. */
            left[i] = (struct iovec){.iov_base = (void *)(uintptr_t)part.ptr, .iov_len = part.len};
        }
        struct msghdr message = {.msg_iov = left, .msg_iovlen = SP_COUNT(left)};
        ssize_t sent = sendmsg(conn->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return errno == EAGAIN ? SP_OK : SP_ERR_CLOSED;
        }
        conn->sent += (size_t)sent;
    }
    return SP_OK;
}

/* What is out is forgotten: the head holds the bearer. */
static enum sp_err after_push(struct conn *conn, bool was_waiting)
{
    bool is_waiting = conn->sent < conn->total && !conn->is_send_ended;
    if (!is_waiting && conn->head.len > 0) {
        sp_wipe(conn->head.ptr, conn->head.len);
    }
    if (is_waiting == was_waiting) {
        return SP_OK;
    }
    return sp_watch_set(conn->watch, is_waiting ? SP_WATCH_READ | SP_WATCH_WRITE : SP_WATCH_READ);
}

/* A pool may answer and hang up before it took the whole body: what it said is still read. */
static void send_more(struct conn *conn)
{
    conn->is_send_ended = push(conn) != SP_OK;
    if (after_push(conn, true) != SP_OK) {
        finish_failed(conn, "memory is used up");
    }
}

static void on_ready(void *ctx, int fd, unsigned what)
{
    struct conn *conn = ctx;
    (void)fd;
    if (conn->slot == NO_SLOT) {
        idle_close(conn);
    } else if (what == SP_WATCH_WRITE) {
        send_more(conn);
    } else {
        receive(conn);
    }
}

/* The timer runs to the first deadline that was known when it was set, and is not touched by ends. */
static enum sp_err keep_time(struct sp_plain *plain, uint64_t deadline_ms, uint64_t now_ms)
{
    if (plain->timer_at_ms != 0 && plain->timer_at_ms <= deadline_ms) {
        return SP_OK;
    }
    SP_TRY(sp_timer_set(plain->timer, deadline_ms > now_ms ? deadline_ms - now_ms : 1));
    plain->timer_at_ms = deadline_ms;
    return SP_OK;
}

static void on_time(void *ctx)
{
    struct sp_plain *plain = ctx;
    uint64_t now_ms = sp_clock_mono_ms();
    uint64_t next_ms = UINT64_MAX;
    plain->timer_at_ms = 0;
    for (size_t i = 0; i < plain->config.slots; i++) {
        if (plain->busy[i] != NULL && plain->busy[i]->deadline_ms <= now_ms) {
            finish_failed(plain->busy[i], "no whole answer came in time");
        }
    }
    for (size_t i = 0; i < plain->config.slots; i++) {
        if (plain->busy[i] != NULL && plain->busy[i]->deadline_ms < next_ms) {
            next_ms = plain->busy[i]->deadline_ms;
        }
    }
    if (next_ms != UINT64_MAX) {
        (void)keep_time(plain, next_ms, now_ms); /* for want of memory: the next request sets it */
    }
}

static void load(struct conn *conn, size_t slot, const struct sp_http_request *request,
                 uint64_t now_ms)
{
    conn->slot = slot;
    conn->deadline_ms = now_ms + request->timeout_ms;
    conn->body[0] = request->body;
    conn->body[1] = request->content;
    conn->body[2] = request->tail;
    conn->is_download = request->is_download;
    conn->is_stream = request->is_stream;
    conn->is_events = false;
    conn->sent = 0;
    conn->total = conn->head.len + sp_plain_body_bytes(request);
    conn->is_send_ended = false;
    conn->retry_after_s = 0;
    sp_http1_next(&conn->parser, SP_HTTP1_RESPONSE);
    conn->plain->busy[slot] = conn;
}

/* The connection used last, else a new one. */
static enum sp_err take_conn(struct sp_plain *plain, uint64_t now_ms, struct conn **out)
{
    close_old(plain, now_ms);
    while (plain->newest != NULL) {
        struct conn *conn = plain->newest;
        if (is_alive(conn, now_ms)) {
            idle_remove(conn);
            *out = conn;
            return SP_OK;
        }
        idle_close(conn);
    }
    return conn_new(plain, out);
}

/* SP_ERR_CLOSED: the connection was dead, and nothing of the request is out. */
static enum sp_err send_on(struct conn *conn, size_t slot, const struct sp_http_request *request,
                           uint64_t now_ms)
{
    enum sp_err err = sp_plain_put_head(sp_secret_show(&conn->plain->fields), request, &conn->head);
    if (err != SP_OK) {
        conn_free(conn);
        return err;
    }
    load(conn, slot, request, now_ms);
    conn->is_send_ended = push(conn) != SP_OK;
    if (conn->is_send_ended && conn->sent == 0) {
        conn->plain->busy[slot] = NULL;
        conn_free(conn);
        return SP_ERR_CLOSED;
    }
    if (after_push(conn, false) != SP_OK) {
        finish_failed(conn, "memory is used up");
    }
    return SP_OK;
}

enum sp_err sp_plain_start(struct sp_plain *plain, size_t slot,
                           const struct sp_http_request *request)
{
    SP_ASSERT(slot < plain->config.slots && plain->busy[slot] == NULL);
    const struct sp_http_end nowhere = {.state = SP_HTTP_NO_CONNECTION,
                                        .why = "there is no living connection to the pool"};
    uint64_t now_ms = sp_clock_mono_ms();
    struct conn *conn = NULL;
    bool was_used = false;
    SP_TRY(keep_time(plain, now_ms + request->timeout_ms, now_ms));
    enum sp_err err = SP_OK;
    do { /* one that was used before may have ended unseen */
        was_used = plain->newest != NULL;
        err = take_conn(plain, now_ms, &conn);
        if (err == SP_OK) {
            err = send_on(conn, slot, request, now_ms);
        }
    } while (err == SP_ERR_CLOSED && was_used);
    if (err != SP_ERR_CLOSED) {
        return err;
    }
    plain->ops.ended(plain->ops.ctx, slot, &nowhere);
    return SP_OK;
}

enum sp_err sp_plain_set_bearer(struct sp_plain *plain, struct sp_slice bearer)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf fields;
    struct sp_secret secret;
    sp_buf_init(&fields, FIELDS_BYTES_MAX);
    SP_TRY(sp_buf_put(&fields, sp_buf_slice(&plain->host)));
    SP_TRY(sp_buf_put_text(&fields, "User-Agent: sallyport\r\n"));
    if (bearer.len > 0) {
        SP_TRY(sp_buf_put_text(&fields, "Authorization: Bearer "));
        SP_TRY(sp_buf_put(&fields, bearer));
        SP_TRY(sp_buf_put_text(&fields, "\r\n"));
    }
    SP_TRY(sp_secret_init(&secret, sp_buf_slice(&fields)));
    sp_secret_done(&plain->fields);
    plain->fields = secret;
    return SP_OK;
}

/* --- life --- */

static enum sp_err open_plain(struct sp_plain *plain)
{
    SP_TRY(sp_plain_put_host(&plain->config, &plain->host));
    SP_TRY(sp_plain_set_bearer(plain, (struct sp_slice){NULL, 0}));
    return sp_timer_new(plain->loop, on_time, plain, &plain->timer);
}

enum sp_err sp_plain_new(struct sp_loop *loop, const struct sp_http_config *config,
                         const struct sp_http_ops *ops, struct sp_plain **out)
{
    if (config->slots == 0 || config->slots > SP_HTTP_SLOTS_MAX) {
        return SP_ERR_RANGE;
    }
    struct sp_plain *plain = calloc(1, sizeof(*plain));
    if (plain == NULL) {
        return SP_ERR_NOMEM;
    }
    plain->loop = loop;
    plain->config = *config;
    plain->ops = *ops;
    sp_buf_init(&plain->host, FIELDS_BYTES_MAX);
    sp_buf_init(&plain->spare, SP_HTTP_ANSWER_BYTES_MAX);
    plain->busy = calloc(config->slots, sizeof(*plain->busy));
    enum sp_err err = plain->busy != NULL ? open_plain(plain) : SP_ERR_NOMEM;
    if (err != SP_OK) {
        sp_plain_free(plain);
        return err;
    }
    *out = plain;
    return SP_OK;
}

void sp_plain_free(struct sp_plain *plain)
{
    if (plain == NULL) {
        return;
    }
    while (plain->oldest != NULL) {
        idle_close(plain->oldest);
    }
    for (size_t i = 0; plain->busy != NULL && i < plain->config.slots; i++) {
        if (plain->busy[i] != NULL) {
            conn_free(plain->busy[i]);
        }
    }
    sp_timer_free(plain->timer);
    sp_secret_done(&plain->fields);
    sp_buf_done(&plain->host);
    sp_buf_done(&plain->spare);
    free(plain->busy);
    free(plain);
}
