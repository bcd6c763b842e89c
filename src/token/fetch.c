#include "token/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/num.h"
#include "base/own.h"
#include "codec/http1.h"

#define READ_BYTES ((size_t)17 * 1024) /* a whole record of TLS and more */

struct sp_fetch {
    struct sp_fetch_how how;
    int fd;
    struct sp_tls *tls;
    struct sp_watch *watch;
    struct sp_timer *timer;
    struct sp_buf request; /* holds a secret until it is sent */
    struct sp_buf head;
    struct sp_buf body;
    struct sp_http1 answer;
    bool is_final; /* the head of the final answer is here */
    bool is_over;
};

static void end(struct sp_fetch *f, enum sp_err err, const char *why)
{
    struct sp_slice value;
    struct sp_fetch_end told = {
        .err = err, .why = why, .status = 0, .retry_after_ms = 0, .body = {NULL, 0}};
    uint64_t seconds = 0;
    f->is_over = true;
    if (err == SP_OK) {
        told.status = f->answer.status;
        told.body = sp_buf_slice(&f->body);
        if (sp_http1_find(&f->answer, "Retry-After", &value) == 1 &&
            sp_parse_u64(value, UINT32_MAX, &seconds) == SP_OK) {
            told.retry_after_ms = seconds * 1000;
        }
    }
    f->how.fn(f->how.ctx, &told);
}

/* What a call on the descriptor came to: done, wait for reading or writing, or lost. */
static enum sp_err wait_for(struct sp_fetch *f, unsigned what)
{
    return sp_watch_set(f->watch, what) == SP_OK ? SP_ERR_BUSY : SP_ERR_SYSTEM;
}

static enum sp_err shake_hands(struct sp_fetch *f)
{
    if (f->tls == NULL || sp_tls_is_ready(f->tls)) {
        return SP_OK;
    }
    enum sp_err err = sp_tls_handshake(f->tls);
    return err == SP_ERR_BUSY
               ? wait_for(f, sp_tls_wants_write(f->tls) ? SP_WATCH_WRITE : SP_WATCH_READ)
               : err;
}

static enum sp_err write_some(struct sp_fetch *f, size_t *out_wrote)
{
    if (f->tls != NULL) {
        return sp_tls_write(f->tls, sp_buf_slice(&f->request), out_wrote);
    }
    ssize_t wrote = send(f->fd, f->request.ptr, f->request.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (wrote < 0) {
        return errno == EAGAIN || errno == EINTR ? SP_ERR_BUSY : SP_ERR_CLOSED;
    }
    *out_wrote = (size_t)wrote;
    return SP_OK;
}

static enum sp_err send_request(struct sp_fetch *f)
{
    while (f->request.len > 0) {
        size_t wrote = 0;
        enum sp_err err = write_some(f, &wrote);
        if (err == SP_ERR_BUSY) {
            return wait_for(f, SP_WATCH_WRITE);
        }
        SP_TRY(err);
        sp_buf_consume(&f->request, wrote);
    }
    sp_buf_wipe(&f->request);
    return SP_OK;
}

static enum sp_err read_some(struct sp_fetch *f, uint8_t *to, size_t room, size_t *out_got)
{
    if (f->tls != NULL) {
        return sp_tls_read(f->tls, to, room, out_got);
    }
    ssize_t got = recv(f->fd, to, room, MSG_DONTWAIT);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? SP_ERR_BUSY : SP_ERR_CLOSED;
    }
    *out_got = (size_t)got;
    return got == 0 ? SP_ERR_CLOSED : SP_OK;
}

/* SP_ERR_CLOSED: the answer is complete. A 1xx answer is passed over (RFC 9110, section 15.2). */
static enum sp_err take(struct sp_fetch *f, struct sp_slice in)
{
    while (in.len > 0 || f->is_final) {
        enum sp_http1_event event = SP_HTTP1_NEED_MORE;
        size_t used = 0;
        SP_TRY(sp_http1_feed(&f->answer, in, &used, &event));
        in = sp_slice_sub(in, used, in.len);
        if (event == SP_HTTP1_HEAD_DONE) {
            f->is_final = f->answer.status >= 200;
        } else if (event == SP_HTTP1_BODY) {
            SP_TRY(sp_buf_put(&f->body, f->answer.body));
        } else if (event == SP_HTTP1_MESSAGE_DONE) {
            return SP_ERR_CLOSED;
        } else {
            return SP_OK;
        }
    }
    return SP_OK;
}

static enum sp_err read_answer(struct sp_fetch *f)
{
    uint8_t bytes[READ_BYTES];
    for (;;) {
        size_t got = 0;
        enum sp_err err = read_some(f, bytes, sizeof(bytes), &got);
        if (err == SP_ERR_BUSY) {
            return wait_for(f, SP_WATCH_READ);
        }
        if (err == SP_ERR_CLOSED) {
            return f->is_final && sp_http1_eof(&f->answer) == SP_OK ? SP_OK : SP_ERR_SHORT;
        }
        SP_TRY(err);
        err = take(f, sp_slice_make(bytes, got));
        if (err == SP_ERR_CLOSED) {
            return SP_OK;
        }
        SP_TRY(err);
    }
}

static enum sp_err go_on(struct sp_fetch *f)
{
    SP_TRY(shake_hands(f));
    SP_TRY(send_request(f));
    return read_answer(f);
}

static const char *reason(const struct sp_fetch *f, enum sp_err err)
{
    if (f->tls != NULL && !sp_tls_is_ready(f->tls)) {
        return sp_tls_reason(f->tls);
    }
    if (err == SP_ERR_TOO_BIG) {
        return "the answer is too long";
    }
    return err == SP_ERR_HTTP && f->answer.rule != NULL ? f->answer.rule
                                                        : "the connection was lost";
}

static void on_ready(void *ctx, int fd, unsigned what)
{
    struct sp_fetch *f = ctx;
    (void)fd;
    (void)what;
    if (f->is_over) {
        return;
    }
    enum sp_err err = go_on(f);
    if (err != SP_ERR_BUSY) {
        end(f, err, err == SP_OK ? "" : reason(f, err));
    }
}

static void on_timeout(void *ctx)
{
    struct sp_fetch *f = ctx;
    if (!f->is_over) {
        end(f, SP_ERR_TIMEOUT, "no answer in time");
    }
}

static enum sp_err begin(struct sp_fetch *f)
{
    if (f->how.tls != NULL) {
        SP_TRY(sp_tls_new(f->how.tls, f->fd, f->how.host, &f->tls));
    }
    SP_TRY(sp_buf_put(&f->request, f->how.request));
    SP_TRY(sp_timer_new(f->how.loop, on_timeout, f, &f->timer));
    SP_TRY(sp_timer_set(f->timer, f->how.timeout_ms));
    return sp_watch_new(f->how.loop, f->fd, SP_WATCH_WRITE, on_ready, f, &f->watch);
}

enum sp_err sp_fetch_new(const struct sp_fetch_how *how, int take_fd, struct sp_fetch **out)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_fetch *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return SP_ERR_NOMEM;
    }
    f->how = *how;
    f->fd = sp_take_fd(&fd);
    sp_buf_init(&f->request, how->request.len);
    sp_buf_init(&f->head, SP_HTTP1_HEAD_BYTES_MAX);
    sp_buf_init(&f->body, how->answer_bytes_max);
    sp_http1_init(&f->answer, SP_HTTP1_RESPONSE, &f->head);
    enum sp_err err = begin(f);
    if (err != SP_OK) {
        sp_fetch_free(f);
        return err;
    }
    f->how.request = (struct sp_slice){NULL, 0};
    *out = f;
    return SP_OK;
}

void sp_fetch_free(struct sp_fetch *f)
{
    if (f == NULL) {
        return;
    }
    sp_watch_free(f->watch);
    sp_timer_free(f->timer);
    sp_tls_free(f->tls);
    sp_close(f->fd);
    sp_buf_wipe(&f->request);
    sp_buf_done(&f->head);
    sp_buf_wipe(&f->body);
    free(f);
}
