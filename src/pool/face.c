#include "pool/face.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "pool/http.h"
#include "pool/path.h"
#include "pool/transfer.h"

#define READ_BYTES      ((size_t)64 * 1024)
#define ACCEPTS_AT_ONCE 16U

struct connection {
    struct sp_pool_face *face;
    unsigned index;
    uint64_t request; /* that waits for its answer; 0 for none */
    int fd;
    struct sp_watch *watch;
    struct sp_pool_http http;
    struct sp_pool_call call; /* of an upload, while its body comes */
    struct sp_pool_upload upload;
    struct sp_pool_download download;
    size_t sent;          /* bytes of http.out that are on their way */
    struct sp_buf unread; /* what came behind what is being done */
    bool is_due;  /* the parser has more to say without more input: a piece was its last event */
    bool is_busy; /* in its own callback */
    bool is_over;
};

struct sp_pool_face {
    struct sp_pool_face_how how;
    int listener;
    struct sp_watch *watch;
    uint64_t requests; /* how many there were */
    struct connection *connections[SP_POOL_CONNECTIONS_MAX];
};

static struct sp_pool_now now(void)
{
    return (struct sp_pool_now){.mono_ms = sp_clock_mono_ms(), .wall_us = sp_clock_wall_us()};
}

/* ---- the end ---- */

static void end_upload(struct connection *c)
{
    sp_pool_upload_done(&c->upload);
    sp_pool_call_done(&c->call);
}

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
    end_upload(c);
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

/* Reading stops while a request waits, so that a client cannot pile up what we must keep. */
static bool watch_again(struct connection *c)
{
    unsigned what = is_reading(c) ? SP_WATCH_READ : SP_WATCH_HANGUP;
    if (c->http.out.len > 0 || c->download.is_on) {
        what |= SP_WATCH_WRITE;
    }
    return sp_watch_set(c->watch, what) == SP_OK;
}

/* ---- a request ---- */

static void ask_file(struct connection *c, const struct sp_pool_call *call, enum sp_file_op op)
{
    const struct sp_pool_file_order order = {
        .request = c->request,
        .identifier = sp_buf_slice(&call->identifier),
        .path = sp_buf_slice(&call->path),
        .op = op,
        .is_recursive = call->is_recursive,
    };
    sp_pool_file_do(c->face->how.pool, &order, now());
}

static void execute(struct connection *c, const struct sp_pool_call *call)
{
    const struct sp_pool_order order = {
        .request = c->request,
        .identifier = sp_buf_slice(&call->identifier),
        .code = call->request.code,
        .timeout_s = call->request.timeout_s,
        .output_max = call->request.output_max,
        .is_async = call->request.is_async,
    };
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
        ask_file(c, call, SP_FILE_CREATE);
        break;
    case SP_POOL_FILE_LIST:
        ask_file(c, call, SP_FILE_LIST);
        break;
    case SP_POOL_FILE_GET:
        ask_file(c, call, SP_FILE_STAT);
        break;
    case SP_POOL_FILE_CONTENT:
        ask_file(c, call, SP_FILE_OPEN);
        break;
    case SP_POOL_FILE_DELETE:
        ask_file(c, call, SP_FILE_DELETE);
        break;
    }
}

/* The low bits find the connection again, the count tells its requests apart. */
static void number_request(struct connection *c)
{
    c->request = ++c->face->requests << 16 | c->index;
}

static enum sp_err read_call(const struct connection *c, struct sp_pool_call *out,
                             struct sp_where *where)
{
    return sp_pool_call_read(sp_http1_method(&c->http.parser), sp_http1_target(&c->http.parser),
                             sp_buf_slice(&c->http.body), out, where);
}

static void on_request(struct connection *c)
{
    struct sp_pool_call SP_AUTO_POOL_CALL call = {.operation = SP_POOL_EXECUTE};
    struct sp_where where = {.line = 0};
    enum sp_err err = read_call(c, &call, &where);
    number_request(c);
    if (err != SP_OK) {
        sp_pool_refuse(c->face->how.pool, c->request, err, sp_slice_of(where.text));
        return;
    }
    dispatch(c, &call);
}

/* ---- an upload ---- */

static void refuse_upload(struct connection *c, enum sp_err why)
{
    uint64_t request = c->request;
    c->upload.state = SP_POOL_UPLOAD_OVER;
    sp_pool_refuse(c->face->how.pool, request, why, sp_slice_of(""));
    /* The session throws away what it had of the file. */
    sp_pool_left(c->face->how.pool, request);
}

static void on_upload_head(struct connection *c)
{
    struct sp_slice type = {NULL, 0};
    struct sp_where where = {.line = 0};
    enum sp_err err = SP_OK;
    end_upload(c);
    err = read_call(c, &c->call, &where);
    number_request(c);
    (void)sp_http1_find(&c->http.parser, "Content-Type", &type);
    if (err == SP_OK) {
        err = sp_pool_upload_begin(&c->upload, type);
    }
    if (err != SP_OK) {
        refuse_upload(c, err);
    }
}

/* The name is known: the session makes the file. */
static void on_upload_name(struct connection *c)
{
    struct sp_slice name = sp_buf_slice(&c->upload.part.filename);
    size_t before = c->call.path.len;
    enum sp_err err = sp_pool_path_add(name, SP_POOL_PATH_NEW_FILE, &c->call.path);
    if (err == SP_OK && c->call.path.len == before) {
        err = SP_ERR_FILE_NAME;
    }
    if (err != SP_OK) {
        refuse_upload(c, err);
        return;
    }
    dispatch(c, &c->call);
}

static void on_upload_piece(struct connection *c, struct sp_slice piece)
{
    enum sp_pool_upload_state before = c->upload.state;
    enum sp_err err = sp_pool_upload_feed(&c->upload, piece);
    if (err != SP_OK) {
        refuse_upload(c, err);
    } else if (before == SP_POOL_UPLOAD_READING && c->upload.state == SP_POOL_UPLOAD_NAMED) {
        on_upload_name(c);
    }
}

/* All of the body is there. */
static void on_upload_end(struct connection *c)
{
    if (c->upload.state == SP_POOL_UPLOAD_WRITTEN) {
        sp_pool_upload_done(&c->upload);
        sp_pool_upload_commit(c->face->how.pool, c->request);
    } else if (c->upload.state != SP_POOL_UPLOAD_NAMED) {
        refuse_upload(c, SP_ERR_REQUEST);
    }
}

/* ---- reading ---- */

static void on_state(struct connection *c)
{
    switch (c->http.state) {
    case SP_POOL_HTTP_HEAD:
        on_upload_head(c);
        break;
    case SP_POOL_HTTP_PIECE:
        on_upload_piece(c, c->http.piece);
        break;
    case SP_POOL_HTTP_WAITING:
        if (c->http.is_upload) {
            on_upload_end(c);
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
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0) {
        return false;
    }
    feed(c, sp_slice_make(space, (size_t)got));
    return true;
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
    if (goes_on && (what & SP_WATCH_READ) != 0 && is_reading(c)) {
        goes_on = read_some(c);
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
    sp_pool_http_answer(&c->http, status, retry_after_s, body);
    if (!c->is_busy) {
        settle(c);
    }
}

static void begin_download(struct connection *c, int *fd, const struct sp_pool_file *file,
                           const struct sp_pool_range *range, uint64_t size)
{
    char more[SP_POOL_FIELDS_BYTES];
    const struct sp_pool_reply reply = {
        .status = range->is_part ? 206 : 200,
        .type = sp_pool_path_type(file->path),
        .length = range->len,
        .more = more,
    };
    sp_pool_download_fields(range, size, file->wall_us, more);
    c->request = 0;
    sp_pool_http_reply(&c->http, &reply);
    sp_pool_download_begin(&c->download, sp_take_fd(fd), range);
}

static void refuse_range(struct connection *c, uint64_t size)
{
    struct sp_buf SP_AUTO_BUF body;
    char more[SP_POOL_FIELDS_BYTES];
    unsigned long long whole = size;
    struct sp_pool_reply reply = {.status = sp_err_http(SP_ERR_NOT_SATISFIABLE), .more = more};
    sp_buf_init(&body, (size_t)SP_POOL_FIELDS_BYTES * 2);
    (void)snprintf(more, sizeof more, "Content-Range: bytes */%llu\r\n", whole);
    if (sp_pool_answer_error(SP_ERR_NOT_SATISFIABLE, sp_slice_of(""), &body) != SP_OK) {
        sp_buf_clear(&body);
    }
    reply.length = body.len;
    c->request = 0;
    sp_pool_http_reply(&c->http, &reply);
    if (sp_buf_put(&c->http.out, sp_buf_slice(&body)) != SP_OK) {
        c->http.state = SP_POOL_HTTP_CLOSING;
    }
    sp_pool_http_answered(&c->http);
}

static void on_download(struct connection *c, int *fd, const struct sp_pool_file *file)
{
    struct sp_slice value = {NULL, 0};
    struct sp_pool_range range = {.is_part = false};
    uint64_t size = 0;
    enum sp_err err = sp_pool_download_look(*fd, &size);
    (void)sp_http1_find(&c->http.parser, "Range", &value);
    if (err == SP_OK) {
        err = sp_pool_range_read(value, size, &range);
    }
    if (err == SP_OK) {
        begin_download(c, fd, file, &range, size);
    } else if (err == SP_ERR_NOT_SATISFIABLE) {
        refuse_range(c, size);
    } else {
        sp_pool_refuse(c->face->how.pool, c->request, err, sp_slice_of(""));
    }
}

static void on_upload_open(struct connection *c, int *fd)
{
    enum sp_err err = sp_pool_upload_open(&c->upload, sp_take_fd(fd));
    if (err != SP_OK) {
        refuse_upload(c, err);
    } else if (c->http.state == SP_POOL_HTTP_WAITING) {
        on_upload_end(c);
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
        on_upload_open(c, fd);
    } else if (c->http.state == SP_POOL_HTTP_WAITING) {
        on_download(c, fd, file);
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
