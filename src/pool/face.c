#include "pool/face.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/own.h"
#include "pool/event.h"
#include "pool/face_inner.h"

#define READ_BYTES      ((size_t)64 * 1024)
#define ACCEPTS_AT_ONCE 16U
#define KEY_DIGITS      ((size_t)16)

static struct sp_pool_now now(void)
{
    return (struct sp_pool_now){.mono_ms = sp_clock_mono_ms(), .wall_us = sp_clock_wall_us()};
}

/* ---- the end ---- */

static void end_connection(struct connection *c)
{
    if (c->fd >= 0) {
        sp_watch_free(c->watch);
        c->watch = NULL;
        sp_close(sp_take_fd(&c->fd));
        c->face->connections[c->index] = NULL;
        if (c->request != 0) {
            sp_pool_left(c->face->how.pool, c->request);
        }
    }
    c->is_over = true;
    if (c->is_busy) {
        return;
    }
    sp_connection_upload_done(c);
    sp_pool_download_done(&c->download);
    sp_pool_http_done(&c->http);
    sp_buf_done(&c->unread);
    free(c);
}

/* ---- sending ---- */

/* Sends what it can; false when the connection is at its end. */
static bool flush(struct connection *c)
{
    struct sp_buf *out = &c->http.out;
    while (c->sent < out->len) {
        ssize_t sent =
            send(c->fd, out->ptr + c->sent, out->len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        c->sent += (size_t)sent;
    }
    sp_buf_done(out);
    c->sent = 0;
    if (c->download.is_on) {
        if (sp_pool_download_send(&c->download, c->fd) != SP_OK) {
            return false;
        }
        if (c->download.left > 0) {
            return true;
        }
        sp_pool_download_done(&c->download);
        sp_pool_http_answered(&c->http);
    }
    return c->http.state != SP_POOL_HTTP_CLOSING;
}

static bool is_reading(const struct connection *c)
{
    return c->http.state == SP_POOL_HTTP_READING && c->upload.state != SP_POOL_UPLOAD_NAMED;
}

/*
 * Reading stops while a request waits, so that a client cannot pile up what we must keep. Only one that sends ahead makes us
 * watch for something else: as a rule the descriptor stays as it is from one request to the next.
 */
static bool watch_again(struct connection *c)
{
    unsigned what = is_reading(c) || !c->is_ahead ? SP_WATCH_READ : SP_WATCH_HANGUP;
    if (c->http.out.len > 0 || c->download.is_on) {
        what |= SP_WATCH_WRITE;
    }
    return sp_watch_set(c->watch, what) == SP_OK;
}

/* ---- a request ---- */

void sp_connection_ask_file(struct connection *c, const struct sp_pool_call *call,
                            enum sp_file_op op)
{
    const struct sp_pool_file_order order = {
        .request = c->request,
        .key = c->key,
        .identifier = sp_buf_slice(&call->identifier),
        .path = sp_buf_slice(&call->path),
        .op = op,
        .is_recursive = call->is_recursive,
    };
    sp_pool_file_do(c->face->how.pool, &order, now());
}

static bool wants_events(const struct connection *c)
{
    struct sp_slice value = {NULL, 0};
    return sp_http1_find(&c->http.parser, "Accept", &value) > 0 &&
           sp_slice_is_nocase(value, "text/event-stream");
}

/* What a policy says of the run. Said twice, it could be read in two ways. */
static const char *read_policy(const struct connection *c, struct sp_pool_order *order)
{
    struct sp_slice names = {NULL, 0};
    struct sp_slice own = {NULL, 0};
    unsigned denials = sp_http1_find(&c->http.parser, "X-Sallyport-Deny", &names);
    unsigned owns = sp_http1_find(&c->http.parser, "X-Sallyport-Own-Code", &own);
    if (denials > 1 || sp_act_bits(names, &order->denied) != SP_OK) {
        return "X-Sallyport-Deny names a capability that does not exist, or stands twice";
    }
    order->may_own_code = owns == 0 ? c->face->how.may_own_code : sp_slice_is(own, "allow");
    return owns > 1 || (owns == 1 && !order->may_own_code && !sp_slice_is(own, "deny"))
               ? "X-Sallyport-Own-Code is `allow` or `deny`, once"
               : NULL;
}

static void execute(struct connection *c, const struct sp_pool_call *call)
{
    struct sp_pool_order order = {
        .request = c->request,
        .key = c->key,
        .identifier = sp_buf_slice(&call->identifier),
        .code = call->request.code,
        .timeout_s = call->request.timeout_s,
        .output_max = call->request.output_max,
        .is_async = call->request.is_async,
        .is_jupyter = call->request.is_jupyter,
        .is_streamed = wants_events(c),
    };
    const char *wrong = read_policy(c, &order);
    if (wrong != NULL) {
        sp_pool_refuse(c->face->how.pool, c->request, SP_ERR_REQUEST, sp_slice_of(wrong));
        return;
    }
    c->is_events = order.is_streamed && !order.is_async;
    sp_pool_execute(c->face->how.pool, &order, now());
}

static void dispatch(struct connection *c, const struct sp_pool_call *call)
{
    struct sp_pool *pool = c->face->how.pool;
    struct sp_slice identifier = sp_buf_slice(&call->identifier);
    switch (call->operation) {
    case SP_POOL_EXECUTE:
        execute(c, call);
        break;
    case SP_POOL_EXECUTION_GET:
        sp_pool_execution_get(pool, c->request, identifier, call->execution, now());
        break;
    case SP_POOL_SESSION_GET:
        sp_pool_session_get(pool, c->request, identifier);
        break;
    case SP_POOL_SESSION_DELETE:
        sp_pool_session_delete(pool, c->request, identifier, now());
        break;
    case SP_POOL_SESSION_LIST:
        sp_pool_session_list(pool, c->request, call->skip);
        break;
    case SP_POOL_METADATA:
        sp_pool_metadata(pool, c->request);
        break;
    case SP_POOL_FILE_UPLOAD:
        sp_connection_ask_file(c, call, SP_FILE_CREATE);
        break;
    case SP_POOL_FILE_LIST:
        sp_connection_ask_file(c, call, SP_FILE_LIST);
        break;
    case SP_POOL_FILE_GET:
        sp_connection_ask_file(c, call, SP_FILE_STAT);
        break;
    case SP_POOL_FILE_CONTENT:
        sp_connection_ask_file(c, call, SP_FILE_OPEN);
        break;
    case SP_POOL_FILE_DELETE:
        sp_connection_ask_file(c, call, SP_FILE_DELETE);
        break;
    }
}

/* The low bits find the connection again, the count tells its requests apart. */
void sp_connection_number(struct connection *c)
{
    c->request = ++c->face->requests << 16 | c->index;
    c->is_events = false;
}

/* Whose template a session comes from that is made for this request. Without the field, that of nobody in particular. */
static enum sp_err read_key(struct connection *c, struct sp_where *where)
{
    struct sp_slice digits = {NULL, 0};
    unsigned count = sp_http1_find(&c->http.parser, "X-Sallyport-Template", &digits);
    c->key = 0;
    if (count == 0 || (count == 1 && digits.len == KEY_DIGITS &&
                       sp_parse_hex_u64(digits, INT64_MAX, &c->key) == SP_OK)) {
        return SP_OK;
    }
    sp_where_set(where, 0, 0, "X-Sallyport-Template is 16 hexadecimal digits, below 2^63, once");
    return SP_ERR_REQUEST;
}

enum sp_err sp_connection_call(struct connection *c, struct sp_pool_call *out,
                               struct sp_where *where)
{
    enum sp_err err = SP_OK;
    SP_TRY(sp_pool_call_read(sp_http1_method(&c->http.parser), sp_http1_target(&c->http.parser),
                             sp_buf_slice(&c->http.body), out, where));
    err = read_key(c, where);
    if (err != SP_OK) {
        sp_pool_call_done(out);
    }
    return err;
}

static void on_request(struct connection *c)
{
    struct sp_pool_call SP_AUTO_POOL_CALL call = {.operation = SP_POOL_EXECUTE};
    struct sp_where where = {.line = 0};
    enum sp_err err = sp_connection_call(c, &call, &where);
    sp_connection_number(c);
    if (err != SP_OK) {
        sp_pool_refuse(c->face->how.pool, c->request, err, sp_slice_of(where.text));
        return;
    }
    dispatch(c, &call);
}

/* ---- reading ---- */

static void on_state(struct connection *c)
{
    switch (c->http.state) {
    case SP_POOL_HTTP_HEAD:
        sp_connection_upload_head(c);
        break;
    case SP_POOL_HTTP_PIECE:
        sp_connection_upload_piece(c, c->http.piece);
        break;
    case SP_POOL_HTTP_WAITING:
        if (c->http.is_upload) {
            sp_connection_upload_end(c);
        } else {
            on_request(c);
        }
        break;
    case SP_POOL_HTTP_READING:
    case SP_POOL_HTTP_CLOSING:
        break;
    }
    sp_pool_http_go_on(&c->http);
}

/* Feeds what is there until it is used up or something has to be waited for. */
static void feed(struct connection *c, struct sp_slice in)
{
    while (is_reading(c) && (in.len > 0 || c->is_due)) {
        size_t consumed = 0;
        sp_pool_http_feed(&c->http, in, &consumed);
        in = sp_slice_sub(in, consumed, in.len);
        c->is_due = c->http.state == SP_POOL_HTTP_PIECE;
        on_state(c);
    }
    if (in.len > 0 && c->http.state != SP_POOL_HTTP_CLOSING &&
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
    c->is_ahead = false;
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0) {
        return false;
    }
    feed(c, sp_slice_make(space, (size_t)got));
    return true;
}

/* While a request waits: the client has left, or sends the next one already. */
static bool look_ahead(struct connection *c)
{
    uint8_t byte = 0;
    ssize_t got = recv(c->fd, &byte, sizeof byte, MSG_DONTWAIT | MSG_PEEK);
    c->is_ahead = got > 0;
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What is left to do for a connection after anything happened to it; it may be its end. */
static void settle(struct connection *c)
{
    bool goes_on = true;
    c->is_busy = true;
    do {
        goes_on = !c->is_over && flush(c);
        if (goes_on && is_reading(c) && (c->unread.len > 0 || c->is_due)) {
            feed_unread(c);
        } else {
            break;
        }
    } while (!c->is_over);
    c->is_busy = false;
    if (!goes_on || c->is_over || !watch_again(c)) {
        end_connection(c);
    }
}

static void on_connection(void *ctx, int fd, unsigned what)
{
    struct connection *c = ctx;
    struct sp_pool_face *face = c->face;
    bool goes_on = (what & SP_WATCH_HANGUP) == 0;
    (void)fd;
    c->is_busy = true;
    if (goes_on && (what & SP_WATCH_READ) != 0) {
        goes_on = is_reading(c) ? read_some(c) : look_ahead(c);
    }
    c->is_busy = false;
    if (!goes_on) {
        end_connection(c);
    } else {
        settle(c);
    }
    face->how.turned(face->how.ctx);
}

/* ---- answers ---- */

static struct connection *connection_of(const struct sp_pool_face *face, uint64_t request)
{
    struct connection *c = face->connections[request & (SP_POOL_CONNECTIONS_MAX - 1)];
    return c == NULL || c->request != request || c->is_over ? NULL : c;
}

/* The status line is out already, so the end is an event as well; what went wrong has its status in one before it. */
static enum sp_err put_end(unsigned status, struct sp_slice body, struct sp_buf *out)
{
    if (status != 200) {
        SP_TRY(sp_buf_putf(out, "event: status\ndata: %u\n\n", status));
    }
    return sp_pool_event_put(status == 200 ? "result" : "error", body, out);
}

static void end_stream(struct connection *c, unsigned status, struct sp_slice body)
{
    struct sp_buf SP_AUTO_BUF event;
    sp_buf_init(&event, SP_POOL_ANSWER_BYTES_MAX + READ_BYTES);
    if (put_end(status, body, &event) == SP_OK) {
        sp_pool_http_stream(&c->http, sp_buf_slice(&event));
    } else {
        c->http.state = SP_POOL_HTTP_CLOSING;
    }
    sp_pool_http_stream_end(&c->http);
}

void sp_pool_face_stream(struct sp_pool_face *face, uint64_t request, struct sp_slice events)
{
    struct connection *c = connection_of(face, request);
    if (c == NULL) {
        return;
    }
    sp_pool_http_stream(&c->http, events);
    if (!c->is_busy) {
        settle(c);
    }
}

void sp_pool_face_answer(struct sp_pool_face *face, uint64_t request, unsigned status,
                         unsigned retry_after_s, struct sp_slice body)
{
    struct connection *c = connection_of(face, request);
    if (c == NULL) {
        return;
    }
    c->request = 0;
    if (c->upload.state != SP_POOL_UPLOAD_NONE) {
        c->upload.state = SP_POOL_UPLOAD_OVER;
    }
    if (c->http.is_streaming || (c->is_events && status == 200)) {
        end_stream(c, status, body);
    } else {
        sp_pool_http_answer(&c->http, status, retry_after_s, body);
    }
    if (!c->is_busy) {
        settle(c);
    }
}

void sp_pool_face_file(struct sp_pool_face *face, uint64_t request, int *fd,
                       const struct sp_pool_file *file)
{
    struct connection *c = connection_of(face, request);
    bool was_busy = c != NULL && c->is_busy;
    if (c == NULL) {
        return;
    }
    c->is_busy = true;
    if (c->upload.state == SP_POOL_UPLOAD_NAMED) {
        sp_connection_upload_open(c, fd);
    } else if (c->http.state == SP_POOL_HTTP_WAITING) {
        sp_connection_download(c, fd, file);
    }
    c->is_busy = was_busy;
    if (!was_busy) {
        settle(c);
    }
}

/* ---- life ---- */

static unsigned free_index(const struct sp_pool_face *face)
{
    unsigned i = 0;
    while (i < SP_POOL_CONNECTIONS_MAX && face->connections[i] != NULL) {
        i++;
    }
    return i;
}

static enum sp_err open_connection(struct sp_pool_face *face, int take_fd)
{
    SP_AUTO_CLOSE int fd = take_fd;
    unsigned index = free_index(face);
    struct connection *c = NULL;
    if (index == SP_POOL_CONNECTIONS_MAX) {
        return SP_ERR_FULL;
    }
    c = calloc(1, sizeof *c);
    if (c == NULL) {
        return SP_ERR_NOMEM;
    }
    *c = (struct connection){.face = face, .index = index, .fd = fd};
    sp_pool_http_init(&c->http);
    sp_buf_init(&c->unread, READ_BYTES);
    if (sp_watch_new(face->how.loop, fd, SP_WATCH_READ, on_connection, c, &c->watch) != SP_OK) {
        sp_pool_http_done(&c->http);
        free(c);
        return SP_ERR_SYSTEM;
    }
    c->fd = sp_take_fd(&fd);
    face->connections[index] = c;
    return SP_OK;
}

static void on_listener(void *ctx, int fd, unsigned what)
{
    struct sp_pool_face *face = ctx;
    (void)what;
    for (unsigned i = 0; i < ACCEPTS_AT_ONCE; i++) {
        int taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (taken < 0) {
            return;
        }
        if (open_connection(face, taken) != SP_OK) {
            sp_log(SP_LOG_WARN, "pool.connection.refused", "open=%u", free_index(face));
        }
    }
}

enum sp_err sp_pool_face_new(const struct sp_pool_face_how *how, int take_listener,
                             struct sp_pool_face **out)
{
    SP_AUTO_CLOSE int listener = take_listener;
    struct sp_pool_face *face = calloc(1, sizeof *face);
    enum sp_err err = SP_OK;
    if (face == NULL) {
        return SP_ERR_NOMEM;
    }
    face->how = *how;
    err = sp_watch_new(how->loop, listener, SP_WATCH_READ, on_listener, face, &face->watch);
    if (err != SP_OK) {
        free(face);
        return err;
    }
    face->listener = sp_take_fd(&listener);
    *out = face;
    return SP_OK;
}

void sp_pool_face_free(struct sp_pool_face *face)
{
    if (face == NULL) {
        return;
    }
    for (unsigned i = 0; i < SP_POOL_CONNECTIONS_MAX; i++) {
        if (face->connections[i] != NULL) {
            end_connection(face->connections[i]);
        }
    }
    sp_watch_free(face->watch);
    sp_close(face->listener);
    free(face);
}
