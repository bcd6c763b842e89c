#include "session/link.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/own.h"

/* Room for credentials and a few descriptors: whoever sends descriptors unasked must not get them lost in here. */
#define CONTROL_BYTES 256

union control {
    struct cmsghdr align;
    char bytes[CONTROL_BYTES];
};

enum sp_err sp_link_pair(bool with_sender, int *out_a, int *out_b)
{
    int pair[2] = {-1, -1};
    int room = 256 * 1024;
    int on = 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return SP_ERR_SYSTEM;
    }
    for (size_t i = 0; i < 2; i++) {
        /* Best effort: the default holds three full frames. */
        (void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        if (with_sender && setsockopt(pair[i], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
            sp_close(pair[0]);
            sp_close(pair[1]);
            return SP_ERR_SYSTEM;
        }
    }
    *out_a = pair[0];
    *out_b = pair[1];
    return SP_OK;
}

static void attach(struct msghdr *message, union control *control, const int *fds, size_t count)
{
    struct cmsghdr *head = NULL;
    int *place = NULL;
    message->msg_control = control->bytes;
    message->msg_controllen = CMSG_SPACE(count * sizeof fds[0]);
    head = CMSG_FIRSTHDR(message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(count * sizeof fds[0]);
    place = (int *)(void *)CMSG_DATA(head);
    for (size_t i = 0; i < count; i++) {
        place[i] = fds[i];
    }
}

enum sp_err sp_link_send(int to, const struct sp_frame *frame, int fd, struct sp_buf *scratch)
{
    return sp_link_send_all(to, frame, &fd, fd >= 0 ? 1 : 0, scratch);
}

static enum sp_err send_error(void)
{
    return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? SP_ERR_CLOSED
                                                                      : SP_ERR_SYSTEM;
}

enum sp_err sp_link_send_all(int to, const struct sp_frame *frame, const int *fds, size_t count,
                             struct sp_buf *scratch)
{
    struct iovec part;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control control = {.bytes = {0}};
    ssize_t sent = -1;
    if (count > SP_LINK_FDS_MAX) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_frame_write(frame, scratch));
    part = (struct iovec){.iov_base = scratch->ptr, .iov_len = scratch->len};
    if (count > 0) {
        attach(&message, &control, fds, count);
    }
    do {
        sent = sendmsg(to, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? send_error() : SP_OK;
}

/* ---- several at once ---- */

void sp_link_pack_init(struct sp_link_pack *pack)
{
    pack->count = 0;
    for (unsigned i = 0; i < SP_LINK_PACK_MAX; i++) {
        sp_buf_init(&pack->frames[i], SP_FRAME_BYTES_MAX);
    }
}

void sp_link_pack_done(struct sp_link_pack *pack)
{
    for (unsigned i = 0; i < SP_LINK_PACK_MAX; i++) {
        sp_buf_done(&pack->frames[i]);
    }
    pack->count = 0;
}

enum sp_err sp_link_pack_add(struct sp_link_pack *pack, int to, const struct sp_frame *frame)
{
    if (pack->count == SP_LINK_PACK_MAX) {
        SP_TRY(sp_link_pack_send(pack, to));
    }
    SP_TRY(sp_frame_write(frame, &pack->frames[pack->count]));
    pack->count++;
    return SP_OK;
}

enum sp_err sp_link_pack_send(struct sp_link_pack *pack, int to)
{
    struct iovec parts[SP_LINK_PACK_MAX];
    struct mmsghdr messages[SP_LINK_PACK_MAX];
    unsigned count = pack->count;
    unsigned sent = 0;
    pack->count = 0;
    for (unsigned i = 0; i < count; i++) {
        parts[i] = (struct iovec){.iov_base = pack->frames[i].ptr, .iov_len = pack->frames[i].len};
        messages[i] =
            (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}, .msg_len = 0};
    }
    while (sent < count) {
        int now = sendmmsg(to, messages + sent, count - sent, MSG_NOSIGNAL);
        if (now < 0 && errno != EINTR) {
            return send_error();
        }
        sent += now > 0 ? (unsigned)now : 0;
    }
    return SP_OK;
}

/* What does not fit is closed. */
static void take_fds(const struct cmsghdr *head, int *fds, size_t max, size_t *count)
{
    size_t found = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const int *here = (const int *)(const void *)CMSG_DATA(head);
    for (size_t i = 0; i < found; i++) {
        if (*count < max) {
            fds[(*count)++] = here[i];
        } else {
            sp_close(here[i]);
        }
    }
}

static void read_control(struct msghdr *message, pid_t *out_sender, int *fds, size_t max,
                         size_t *count)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET) {
            continue;
        }
        if (head->cmsg_type == SCM_CREDENTIALS) {
            *out_sender = ((const struct ucred *)(const void *)CMSG_DATA(head))->pid;
        } else if (head->cmsg_type == SCM_RIGHTS) {
            take_fds(head, fds, max, count);
        }
    }
}

static enum sp_err receive(int from, struct sp_link_frame *out, int *fds, size_t max,
                           size_t *out_count)
{
    union control control = {.bytes = {0}};
    struct iovec part = {.iov_base = out->space, .iov_len = sizeof out->space};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN ? SP_ERR_UNAVAILABLE : SP_ERR_CLOSED;
    }
    out->sender = 0;
    *out_count = 0;
    read_control(&message, &out->sender, fds, max, out_count);
    if (got == 0) {
        return SP_ERR_CLOSED;
    }
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return SP_ERR_WIRE;
    }
    return sp_frame_read(sp_slice_make(out->space, (size_t)got), &out->frame);
}

enum sp_err sp_link_receive(int from, struct sp_link_frame *out)
{
    size_t none = 0;
    return receive(from, out, NULL, 0, &none);
}

enum sp_err sp_link_receive_all(int from, struct sp_link_frame *out, int fds[SP_LINK_FDS_MAX],
                                size_t *out_count)
{
    enum sp_err err = SP_OK;
    *out_count = 0;
    err = receive(from, out, fds, SP_LINK_FDS_MAX, out_count);
    while (err != SP_OK && *out_count > 0) {
        (*out_count)--;
        sp_close(fds[*out_count]);
    }
    return err;
}
