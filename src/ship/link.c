#include "ship/link.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "ship/feed.h"

#define TURN_BYTES                                                                                 \
    ((size_t)256 * 1024) /* written in one turn of the loop, so that others have theirs */
#define DRAIN_BYTES ((size_t)4096)

enum kind { KIND_FILE, KIND_PIPE, KIND_DATAGRAM, KIND_STREAM };

struct sp_link {
    struct sp_link_how how;
    enum kind kind;
    bool is_network; /* a socket that is not of this machine alone */
    int fd;
    struct sp_tls *tls;
    struct sp_watch *watch; /* NULL: a file, which is always ready */
    struct sp_timer *again; /* there is more to write, and no event that says when */
    struct sp_buf out;
    bool is_waiting;   /* for the other side to take more */
    uint64_t moved_ms; /* when a byte went last, or there was none to go */
    uint64_t begun_ms;
    bool is_over;
};

static void on_ready(void *ctx, int fd, unsigned what);
static void on_again(void *ctx);

static void end(struct sp_link *link, const char *why)
{
    if (!link->is_over) {
        link->is_over = true;
        link->how.lost(link->how.ctx, why);
    }
}

/* --- what it is --- */

static enum sp_err find_kind(struct sp_link *link)
{
    struct stat meta;
    int type = 0;
    int family = 0;
    socklen_t len = sizeof(type);
    if (fstat(link->fd, &meta) != 0) {
        return SP_ERR_SYSTEM;
    }
    if (!S_ISSOCK(meta.st_mode)) {
        link->kind = S_ISREG(meta.st_mode) ? KIND_FILE : KIND_PIPE;
        return SP_OK;
    }
    if (getsockopt(link->fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0) {
        return SP_ERR_SYSTEM;
    }
    len = sizeof(family);
    if (getsockopt(link->fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0) {
        return SP_ERR_SYSTEM;
    }
    link->is_network = family != AF_UNIX;
    link->kind = type == SOCK_DGRAM ? KIND_DATAGRAM : KIND_STREAM;
    return SP_OK;
}

enum sp_framing sp_link_framing(const struct sp_link *link)
{
    if (link->kind == KIND_FILE || link->kind == KIND_PIPE) {
        return SP_FRAMING_LINES;
    }
    return link->kind == KIND_DATAGRAM ? SP_FRAMING_DATAGRAMS : SP_FRAMING_COUNTED;
}

bool sp_link_is_lossy(const struct sp_link *link)
{
    return link->is_network;
}

/* A line that was cut by a full disk or an end is ended before the next one. */
static enum sp_err end_cut_line(struct sp_link *link)
{
    struct stat meta;
    char last = '\n';
    if (link->kind != KIND_FILE || fstat(link->fd, &meta) != 0 || meta.st_size == 0) {
        return SP_OK;
    }
    if (pread(link->fd, &last, 1, meta.st_size - 1) != 1 || last == '\n') {
        return SP_OK;
    }
    return sp_buf_put_byte(&link->out, '\n');
}

static enum sp_err begin(struct sp_link *link)
{
    SP_TRY(find_kind(link));
    SP_TRY(sp_timer_new(link->how.loop, on_again, link, &link->again));
    SP_TRY(end_cut_line(link));
    if (link->how.tls != NULL) {
        SP_TRY(sp_tls_new(link->how.tls, link->fd, link->how.host, &link->tls));
    }
    if (link->kind == KIND_FILE) {
        return sp_timer_set(link->again, 0);
    }
    link->is_waiting = true;
    return sp_watch_new(link->how.loop, link->fd, SP_WATCH_READ | SP_WATCH_WRITE, on_ready, link,
                        &link->watch);
}

enum sp_err sp_link_new(const struct sp_link_how *how, int take_fd, struct sp_link **out)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_link *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return SP_ERR_NOMEM;
    }
    link->how = *how;
    link->fd = sp_take_fd(&fd);
    link->begun_ms = sp_clock_mono_ms();
    link->moved_ms = link->begun_ms;
    sp_buf_init(&link->out, SP_FEED_MESSAGE_MAX);
    enum sp_err err = begin(link);
    if (err != SP_OK) {
        sp_link_free(link);
        return err;
    }
    *out = link;
    return SP_OK;
}

void sp_link_free(struct sp_link *link)
{
    if (link != NULL) {
        sp_watch_free(link->watch);
        sp_timer_free(link->again);
        sp_tls_free(link->tls);
        sp_close(link->fd);
        sp_buf_done(&link->out);
        free(link);
    }
}

/* --- writing --- */

static enum sp_err from_errno(struct sp_link *link)
{
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
        return SP_ERR_BUSY;
    }
    return errno == EMSGSIZE && link->kind == KIND_DATAGRAM ? SP_ERR_TOO_BIG : SP_ERR_CLOSED;
}

static enum sp_err write_some(struct sp_link *link, size_t *out_put)
{
    ssize_t put = 0;
    if (link->tls != NULL) {
        return sp_tls_write(link->tls, sp_buf_slice(&link->out), out_put);
    }
    put = link->kind == KIND_FILE || link->kind == KIND_PIPE
              ? write(link->fd, link->out.ptr, link->out.len)
              : send(link->fd, link->out.ptr, link->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0) {
        return from_errno(link);
    }
    *out_put = (size_t)put;
    return SP_OK;
}

static enum sp_err shake_hands(struct sp_link *link)
{
    return link->tls == NULL || sp_tls_is_ready(link->tls) ? SP_OK : sp_tls_handshake(link->tls);
}

/* SP_OK: there is nothing more. SP_ERR_BUSY: the other side takes no more now. SP_ERR_FULL: the turn is over. */
static enum sp_err write_out(struct sp_link *link)
{
    size_t total = 0;
    while (total < TURN_BYTES) {
        size_t put = 0;
        if (link->out.len == 0 && !link->how.more(link->how.ctx, &link->out)) {
            return SP_OK;
        }
        const enum sp_err err = write_some(link, &put);
        if (err == SP_ERR_TOO_BIG) {
            sp_buf_clear(&link->out);
            link->how.too_long(link->how.ctx);
            continue;
        }
        SP_TRY(err);
        sp_buf_consume(&link->out, put);
        link->moved_ms = sp_clock_mono_ms();
        total += put;
    }
    return SP_ERR_FULL;
}

/* --- reading: nothing that a collector says matters, but that it is still there --- */

static enum sp_err read_away(struct sp_link *link)
{
    uint8_t bytes[DRAIN_BYTES];
    size_t got = 0;
    if (link->kind == KIND_FILE || link->kind == KIND_PIPE) {
        return SP_OK;
    }
    if (link->tls != NULL) {
        enum sp_err err = sp_tls_is_ready(link->tls) ? SP_OK : SP_ERR_BUSY;
        for (unsigned i = 0; i < 16 && err == SP_OK; i++) {
            err = sp_tls_read(link->tls, bytes, sizeof(bytes), &got);
        }
        return err == SP_ERR_BUSY ? SP_OK : err;
    }
    const ssize_t n = recv(link->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? SP_OK : SP_ERR_CLOSED;
    }
    return n == 0 && link->kind == KIND_STREAM ? SP_ERR_CLOSED : SP_OK;
}

/* --- the turn --- */

static const char *reason(const struct sp_link *link)
{
    if (link->tls != NULL && !sp_tls_is_ready(link->tls)) {
        return sp_tls_reason(link->tls);
    }
    return link->kind == KIND_FILE ? "it cannot be written" : "the connection was lost";
}

static void wait_on(struct sp_link *link, enum sp_err err)
{
    const bool is_shaking = link->tls != NULL && !sp_tls_is_ready(link->tls);
    const bool wants_write = is_shaking ? sp_tls_wants_write(link->tls) : err != SP_OK;
    link->is_waiting = err != SP_OK;
    if (link->watch == NULL) {
        if (err == SP_ERR_FULL && sp_timer_set(link->again, 0) != SP_OK) {
            end(link, "memory is used up");
        }
        return;
    }
    if (sp_watch_set(link->watch, SP_WATCH_READ | (wants_write ? SP_WATCH_WRITE : 0U)) != SP_OK) {
        end(link, "memory is used up");
    }
}

static void turn(struct sp_link *link)
{
    if (link->is_over) {
        return;
    }
    enum sp_err err = shake_hands(link);
    if (err == SP_OK) {
        err = read_away(link);
    }
    if (err == SP_OK) {
        err = write_out(link);
    }
    if (err == SP_OK || err == SP_ERR_BUSY || err == SP_ERR_FULL) {
        wait_on(link, err);
    } else {
        end(link, reason(link));
    }
}

static void on_ready(void *ctx, int fd, unsigned what)
{
    (void)fd;
    (void)what;
    turn(ctx);
}

static void on_again(void *ctx)
{
    turn(ctx);
}

void sp_link_kick(struct sp_link *link)
{
    const uint64_t now = sp_clock_mono_ms();
    const bool is_shaking = link->tls != NULL && !sp_tls_is_ready(link->tls);
    if (is_shaking && now - link->begun_ms > SP_LINK_HANDSHAKE_MS) {
        end(link, "the handshake took too long");
        return;
    }
    if (link->is_waiting && link->out.len > 0 && now - link->moved_ms > SP_LINK_STALL_MS) {
        end(link, "the collector takes nothing any more");
        return;
    }
    if (!link->is_waiting) {
        link->moved_ms = now;
        turn(link);
    }
}

bool sp_link_is_drained(const struct sp_link *link)
{
    struct tcp_info info = {.tcpi_state = 0};
    socklen_t len = sizeof(info);
    if (link->out.len > 0 || (link->tls != NULL && !sp_tls_is_ready(link->tls))) {
        return false;
    }
    if (link->kind != KIND_STREAM || !link->is_network) {
        return true;
    }
    return getsockopt(link->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0;
}
