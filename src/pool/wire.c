#include "pool/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/own.h"

/* Frames of one wire in a row; then others get their turn. */
#define BATCH      32U
#define FDS_MAX    4U
#define SIZE_BYTES 4U /* before each queued frame */

struct sp_pool_wire {
    int fd;
    struct sp_watch *watch;
    struct sp_pool_wire_events events;
    struct sp_buf queue; /* frames with their sizes before them */
    bool is_busy;        /* in its own callback */
    bool is_freed;
};

struct control {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

static uint8_t incoming[SP_FRAME_BYTES_MAX];

/* ---- sending ---- */

static ssize_t send_now(const struct sp_pool_wire *wire, struct sp_slice frame)
{
    return send(wire->fd, frame.ptr, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The far side sees the end, and so do we: the next read tells of it. */
static void break_off(struct sp_pool_wire *wire)
{
    sp_buf_done(&wire->queue);
    (void)shutdown(wire->fd, SHUT_RDWR);
}

static enum sp_err queue_frame(struct sp_pool_wire *wire, struct sp_slice frame)
{
    struct sp_writer w;
    bool was_empty = wire->queue.len == 0;
    sp_writer_init(&w, &wire->queue);
    sp_writer_block(&w, frame);
    SP_TRY(sp_writer_end(&w));
    return was_empty ? sp_watch_set(wire->watch, SP_WATCH_READ | SP_WATCH_WRITE) : SP_OK;
}

void sp_pool_wire_send(struct sp_pool_wire *wire, const struct sp_frame *frame)
{
    struct sp_buf SP_AUTO_BUF bytes;
    enum sp_err err = SP_OK;
    sp_buf_init(&bytes, SP_FRAME_BYTES_MAX);
    err = sp_frame_write(frame, &bytes);
    if (err == SP_OK && (wire->queue.len > 0 || send_now(wire, sp_buf_slice(&bytes)) < 0)) {
        err = wire->queue.len > 0 || errno == EAGAIN ? queue_frame(wire, sp_buf_slice(&bytes))
                                                     : SP_ERR_CLOSED;
    }
    if (err != SP_OK) {
        break_off(wire);
    }
}

static void send_queued(struct sp_pool_wire *wire)
{
    while (wire->queue.len > 0) {
        struct sp_reader r;
        struct sp_slice frame = {NULL, 0};
        sp_reader_init(&r, sp_buf_slice(&wire->queue));
        if (sp_reader_block(&r, SP_FRAME_BYTES_MAX, &frame) != SP_OK) {
            break_off(wire);
            return;
        }
        if (send_now(wire, frame) < 0) {
            if (errno != EAGAIN) {
                break_off(wire);
            }
            return;
        }
        sp_buf_consume(&wire->queue, SIZE_BYTES + frame.len);
    }
    if (sp_watch_set(wire->watch, SP_WATCH_READ) != SP_OK) {
        break_off(wire);
    }
}

/* ---- receiving ---- */

/* The first descriptor is kept, others are closed: nobody may fill our table. */
static int collect_fd(struct msghdr *message)
{
    int kept = -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        const int *fds = (const int *)(const void *)CMSG_DATA(head);
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (kept < 0) {
                kept = fds[i];
            } else {
                sp_close(fds[i]);
            }
        }
    }
    return kept;
}

/* SP_ERR_UNAVAILABLE when nothing is there. */
static enum sp_err receive(const struct sp_pool_wire *wire, struct sp_frame *out, int *out_fd)
{
    struct control control;
    struct iovec part = {.iov_base = incoming, .iov_len = sizeof incoming};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(wire->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? SP_ERR_UNAVAILABLE : SP_ERR_CLOSED;
    }
    *out_fd = collect_fd(&message);
    if (got == 0) {
        return SP_ERR_CLOSED;
    }
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return SP_ERR_WIRE;
    }
    return sp_frame_read(sp_slice_make(incoming, (size_t)got), out);
}

static enum sp_err take_one(struct sp_pool_wire *wire)
{
    struct sp_frame frame = {.type = SP_FRAME_NONE};
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(receive(wire, &frame, &fd));
    wire->events.frame(wire->events.ctx, wire, &frame, &fd);
    return SP_OK;
}

static void on_ready(void *ctx, int fd, unsigned what)
{
    struct sp_pool_wire *wire = ctx;
    enum sp_err err = SP_OK;
    (void)fd;
    wire->is_busy = true;
    if ((what & SP_WATCH_WRITE) != 0) {
        send_queued(wire);
    }
    for (unsigned i = 0;
         i < BATCH && err == SP_OK && !wire->is_freed && (what & SP_WATCH_READ) != 0; i++) {
        err = take_one(wire);
    }
    if (err != SP_OK && err != SP_ERR_UNAVAILABLE && !wire->is_freed) {
        sp_watch_free(wire->watch);
        wire->watch = NULL;
        wire->events.lost(wire->events.ctx, wire);
    }
    wire->is_busy = false;
    if (wire->is_freed) {
        sp_pool_wire_free(wire);
    }
}

/* ---- life ---- */

enum sp_err sp_pool_wire_new(struct sp_loop *loop, int take_fd,
                             const struct sp_pool_wire_events *events, struct sp_pool_wire **out)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_pool_wire *wire = calloc(1, sizeof *wire);
    enum sp_err err = SP_OK;
    if (wire == NULL) {
        return SP_ERR_NOMEM;
    }
    sp_buf_init(&wire->queue, SP_POOL_WIRE_QUEUE_MAX);
    wire->events = *events;
    err = sp_watch_new(loop, fd, SP_WATCH_READ, on_ready, wire, &wire->watch);
    if (err != SP_OK) {
        free(wire);
        return err;
    }
    wire->fd = sp_take_fd(&fd);
    *out = wire;
    return SP_OK;
}

void sp_pool_wire_free(struct sp_pool_wire *wire)
{
    if (wire == NULL) {
        return;
    }
    if (wire->fd >= 0) {
        sp_watch_free(wire->watch);
        wire->watch = NULL;
        sp_close(sp_take_fd(&wire->fd));
        sp_buf_done(&wire->queue);
    }
    if (wire->is_busy) {
        wire->is_freed = true;
        return;
    }
    free(wire);
}

uint32_t sp_pool_wire_ticket(const struct sp_pool_wire *wire)
{
    return wire->events.ticket;
}
