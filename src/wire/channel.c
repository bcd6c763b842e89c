#include "wire/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/own.h"
#include "base/reader.h"

/* A header before each body, so that no message is empty: an empty SOCK_SEQPACKET message reads as the end. */
#define HEADER_BYTES     ((size_t)8)

/* So many messages are fetched by one system call; a busy wire cannot starve the others. */
#define BATCH            8U

/* Room for full messages in flight; without CAP_NET_ADMIN the kernel gives less, then the queue takes the rest. */
#define SOCKET_BYTES     (4 * 1024 * 1024)

#define QUEUE_BYTES_MAX  ((size_t)32 * 1024 * 1024)

/*
 * Small messages of one turn of the loop leave together, in one packet: under load a packet carries many, and a packet
 * costs a system call and a wake-up on each side. Larger ones go by themselves, so that they are not copied.
 */
#define PACK_BYTES_MAX   ((size_t)32 * 1024)
#define PACKED_BYTES_MAX ((size_t)4 * 1024)

struct queued {
    struct queued *next;
    struct sp_buf bytes; /* header and body */
    int fds[SP_MESSAGE_FDS_MAX];
    unsigned fd_count;
};

struct sp_channel {
    int fd;
    struct sp_loop *loop;
    struct sp_last last_of_turn;
    struct sp_buf pack;
    size_t packed; /* messages in it */
    struct sp_watch *watch;
    sp_channel_fn *fn;
    sp_channel_lost_fn *lost;
    void *ctx;
    struct queued *first;
    struct queued **last;
    size_t waiting;
    size_t waiting_bytes;
    bool is_send_ended;
    bool is_ended;
    bool is_busy;  /* one of its callbacks runs */
    bool is_freed; /* sp_channel_free was called from there */
};

/* The kernel's form of passed descriptors. */
struct control {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int) * SP_MESSAGE_FDS_MAX)];
};

/* One place for what comes in: a process handles one message at a time. */
static struct {
    uint8_t bytes[BATCH][HEADER_BYTES + SP_MESSAGE_BYTES_MAX];
    struct control control[BATCH];
    struct sp_message messages[BATCH];
} incoming;

static void on_ready(void *ctx, int fd, unsigned what);
static void send_pack(void *ctx);

enum sp_err sp_channel_new(struct sp_loop *loop, int take_fd, sp_channel_fn *fn,
                           sp_channel_lost_fn *lost, void *ctx, struct sp_channel **out)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_channel *channel = calloc(1, sizeof(*channel));
    if (channel == NULL) {
        return SP_ERR_NOMEM;
    }
    channel->fn = fn;
    channel->lost = lost;
    channel->ctx = ctx;
    channel->last = &channel->first;
    channel->loop = loop;
    channel->last_of_turn = (struct sp_last){.fn = send_pack, .ctx = channel};
    sp_buf_init(&channel->pack, PACK_BYTES_MAX);
    /* A sender whose far end may not send would see its own half-closed state as readable for ever. */
    enum sp_err err = sp_watch_new(loop, fd, fn == NULL ? SP_WATCH_DEAD : SP_WATCH_READ, on_ready,
                                   channel, &channel->watch);
    if (err != SP_OK) {
        free(channel);
        return err;
    }
    channel->fd = sp_take_fd(&fd);
    *out = channel;
    return SP_OK;
}

static void drop_first(struct sp_channel *channel)
{
    struct queued *item = channel->first;
    channel->first = item->next;
    if (channel->first == NULL) {
        channel->last = &channel->first;
    }
    channel->waiting--;
    channel->waiting_bytes -= item->bytes.len;
    for (unsigned i = 0; i < item->fd_count; i++) {
        sp_close(item->fds[i]);
    }
    sp_buf_done(&item->bytes);
    free(item);
}

static void drop_all(struct sp_channel *channel)
{
    while (channel->first != NULL) {
        drop_first(channel);
    }
}

/* Closes the descriptor at once, so that the other side learns of the end; the struct stays for its owner. */
static void close_now(struct sp_channel *channel)
{
    channel->is_ended = true;
    sp_loop_forget_last(channel->loop, &channel->last_of_turn);
    channel->packed = 0;
    sp_buf_done(&channel->pack);
    drop_all(channel);
    sp_watch_free(channel->watch);
    channel->watch = NULL;
    sp_close(sp_take_fd(&channel->fd));
}

void sp_channel_free(struct sp_channel *channel)
{
    if (channel == NULL) {
        return;
    }
    if (!channel->is_ended) {
        send_pack(channel); /* what was said before the end still arrives */
    }
    if (!channel->is_ended) {
        close_now(channel);
    }
    if (channel->is_busy) {
        channel->is_freed = true;
        return;
    }
    free(channel);
}

/* Ends a wire from within its own callback. */
static void end(struct sp_channel *channel, enum sp_err why)
{
    if (channel->is_ended) {
        return;
    }
    close_now(channel);
    if (channel->lost != NULL) {
        channel->lost(channel->ctx, channel, why);
    }
}

/* --- receiving --- */

static void collect_fds(struct msghdr *head, struct sp_message *message)
{
    message->fd_count = 0;
    for (unsigned i = 0; i < SP_MESSAGE_FDS_MAX; i++) {
        message->fds[i] = -1;
    }
    for (struct cmsghdr *part = CMSG_FIRSTHDR(head); part != NULL; part = CMSG_NXTHDR(head, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const int *fds = (const int *)(const void *)CMSG_DATA(part);
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count && message->fd_count < SP_MESSAGE_FDS_MAX; i++) {
            message->fds[message->fd_count++] = fds[i];
        }
    }
}

static void close_fds(struct sp_message *message)
{
    for (unsigned i = 0; i < SP_MESSAGE_FDS_MAX; i++) {
        sp_close(sp_take_fd(&message->fds[i]));
    }
}

/* Takes one message off a packet. A descriptor belongs to a message that came alone. */
static enum sp_err open_message(struct sp_reader *r, struct sp_message *message)
{
    uint16_t zero = 0;
    uint32_t len = 0;
    SP_TRY(sp_reader_u16(r, &message->type));
    SP_TRY(sp_reader_u16(r, &zero));
    SP_TRY(sp_reader_u32(r, &len));
    if (zero != 0) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_reader_bytes(r, len, &message->body));
    return message->fd_count > 0 && sp_reader_left(r) > 0 ? SP_ERR_WIRE : SP_OK;
}

/* A packet is looked at whole before its first message is handled: one that is wrong anywhere counts for nothing. */
static enum sp_err check_packet(struct sp_slice in, int flags, const struct sp_message *message)
{
    struct sp_reader r;
    struct sp_message ignored = *message;
    if ((flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return SP_ERR_WIRE; /* the kernel's word that the sender broke a limit */
    }
    sp_reader_init(&r, in);
    do {
        SP_TRY(open_message(&r, &ignored));
    } while (sp_reader_left(&r) > 0);
    return SP_OK;
}

static enum sp_err handle(struct sp_channel *channel, struct sp_slice in, int flags,
                          struct sp_message *message)
{
    struct sp_reader r;
    if (in.len == 0) {
        return SP_ERR_CLOSED;
    }
    if (check_packet(in, flags, message) != SP_OK) {
        return SP_ERR_WIRE;
    }
    sp_reader_init(&r, in);
    while (sp_reader_left(&r) > 0 && !channel->is_ended) {
        SP_TRY(open_message(&r, message));
        SP_TRY(channel->fn(channel->ctx, channel, message));
    }
    return SP_OK;
}

static int fetch(int fd, struct mmsghdr heads[BATCH])
{
    struct iovec parts[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
        parts[i] =
            (struct iovec){.iov_base = incoming.bytes[i], .iov_len = sizeof(incoming.bytes[i])};
        heads[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i],
                                                .msg_iovlen = 1,
                                                .msg_control = &incoming.control[i],
                                                .msg_controllen = sizeof(incoming.control[i])}};
    }
    int got = -1;
    do {
        got = recvmmsg(fd, heads, BATCH, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
    } while (got < 0 && errno == EINTR);
    return got;
}

static void receive(struct sp_channel *channel)
{
    struct mmsghdr heads[BATCH];
    int got = fetch(channel->fd, heads);
    if (got < 0) {
        if (errno != EAGAIN) {
            end(channel, SP_ERR_CLOSED);
        }
        return;
    }
    for (int i = 0; i < got; i++) {
        collect_fds(&heads[i].msg_hdr, &incoming.messages[i]);
    }
    for (int i = 0; i < got; i++) {
        if (!channel->is_ended) {
            struct sp_slice in = sp_slice_make(incoming.bytes[i], heads[i].msg_len);
            enum sp_err err =
                handle(channel, in, heads[i].msg_hdr.msg_flags, &incoming.messages[i]);
            if (err != SP_OK) {
                end(channel, err);
            }
        }
        close_fds(&incoming.messages[i]);
    }
}

/* --- sending --- */

static void put_header(uint8_t out[HEADER_BYTES], uint16_t type, size_t len)
{
    out[0] = (uint8_t)(type >> 8);
    out[1] = (uint8_t)(type & 0xFFU);
    out[2] = 0;
    out[3] = 0;
    out[4] = (uint8_t)(len >> 24 & 0xFFU);
    out[5] = (uint8_t)(len >> 16 & 0xFFU);
    out[6] = (uint8_t)(len >> 8 & 0xFFU);
    out[7] = (uint8_t)(len & 0xFFU);
}

static void put_fds(struct msghdr *head, struct control *control, const int *fds, unsigned fd_count)
{
    if (fd_count == 0) {
        return;
    }
    head->msg_control = control;
    head->msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
    struct cmsghdr *part = CMSG_FIRSTHDR(head);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    int *at = (int *)(void *)CMSG_DATA(part);
    for (unsigned i = 0; i < fd_count; i++) {
        at[i] = fds[i];
    }
}

/* `*out_is_sent` false with SP_OK: the socket is full. */
static enum sp_err push(struct sp_channel *channel, struct iovec *parts, size_t part_count,
                        const int *fds, unsigned fd_count, bool *out_is_sent)
{
    struct control control = {.bytes = {0}};
    struct msghdr head = {.msg_iov = parts, .msg_iovlen = part_count};
    put_fds(&head, &control, fds, fd_count);
    *out_is_sent = false;
    ssize_t sent = -1;
    do {
        sent = sendmsg(channel->fd, &head, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        *out_is_sent = true;
        return SP_OK;
    }
    switch (errno) {
    case EAGAIN:
        return SP_OK;
    case ENOBUFS:
    case ETOOMANYREFS: /* descriptors in flight are counted by uid */
        return SP_ERR_FULL;
    case ENOMEM:
        return SP_ERR_NOMEM;
    case EMSGSIZE:
        return SP_ERR_TOO_BIG;
    default:
        /* What the other side sent before it left is still read; the end of the wire is told then. */
        channel->is_send_ended = true;
        drop_all(channel);
        return SP_ERR_CLOSED;
    }
}

static enum sp_err dup_fds(struct queued *item, const int *fds, unsigned fd_count)
{
    for (unsigned i = 0; i < fd_count; i++) {
        item->fds[i] = dup(fds[i]);
        if (item->fds[i] < 0) {
            return SP_ERR_NOMEM;
        }
        item->fd_count++;
    }
    return SP_OK;
}

static void free_queued(struct queued *item)
{
    for (unsigned i = 0; i < item->fd_count; i++) {
        sp_close(item->fds[i]);
    }
    sp_buf_done(&item->bytes);
    free(item);
}

static enum sp_err new_queued(const struct iovec parts[2], const int *fds, unsigned fd_count,
                              struct queued **out)
{
    struct queued *item = calloc(1, sizeof(*item));
    if (item == NULL) {
        return SP_ERR_NOMEM;
    }
    sp_buf_init(&item->bytes, HEADER_BYTES + SP_MESSAGE_BYTES_MAX);
    enum sp_err err = sp_buf_put(&item->bytes, sp_slice_make(parts[0].iov_base, parts[0].iov_len));
    if (err == SP_OK) {
        err = sp_buf_put(&item->bytes, sp_slice_make(parts[1].iov_base, parts[1].iov_len));
    }
    if (err == SP_OK) {
        err = dup_fds(item, fds, fd_count);
    }
    if (err != SP_OK) {
        free_queued(item);
        return err;
    }
    *out = item;
    return SP_OK;
}

static unsigned watched(const struct sp_channel *channel)
{
    unsigned what = channel->fn == NULL ? SP_WATCH_DEAD : SP_WATCH_READ;
    return channel->first == NULL ? what : what | SP_WATCH_WRITE;
}

static enum sp_err enqueue(struct sp_channel *channel, const struct iovec parts[2], const int *fds,
                           unsigned fd_count)
{
    struct queued *item = NULL;
    if (channel->waiting >= SP_CHANNEL_QUEUE_MAX || channel->waiting_bytes >= QUEUE_BYTES_MAX) {
        return SP_ERR_FULL;
    }
    SP_TRY(new_queued(parts, fds, fd_count, &item));
    *channel->last = item;
    channel->last = &item->next;
    channel->waiting++;
    channel->waiting_bytes += item->bytes.len;
    if (channel->waiting > 1) {
        return SP_OK;
    }
    enum sp_err err = sp_watch_set(channel->watch, watched(channel));
    if (err != SP_OK) {
        drop_first(channel);
    }
    return err;
}

static enum sp_err send_parts(struct sp_channel *channel, struct iovec parts[2], const int *fds,
                              unsigned fd_count)
{
    if (channel->first == NULL) {
        bool is_sent = false;
        SP_TRY(push(channel, parts, 2, fds, fd_count, &is_sent));
        if (is_sent) {
            return SP_OK;
        }
    }
    return enqueue(channel, parts, fds, fd_count);
}

/* Sends what this turn packed. One that cannot be sent at all would leave a gap, so it ends the wire. */
static void send_pack(void *ctx)
{
    struct sp_channel *channel = ctx;
    struct iovec parts[2] = {{.iov_base = channel->pack.ptr, .iov_len = channel->pack.len},
                             {.iov_base = NULL, .iov_len = 0}};
    if (channel->packed == 0 || channel->is_ended || channel->is_send_ended) {
        return;
    }
    sp_loop_forget_last(channel->loop, &channel->last_of_turn);
    channel->packed = 0;
    enum sp_err err = send_parts(channel, parts, NULL, 0);
    sp_buf_clear(&channel->pack);
    if (err != SP_OK && err != SP_ERR_CLOSED) {
        channel->is_send_ended = true;
        (void)shutdown(channel->fd, SHUT_RDWR); /* both sides read the end */
    }
}

void sp_channel_flush(struct sp_channel *channel)
{
    send_pack(channel);
}

static enum sp_err put_in_pack(struct sp_channel *channel, const uint8_t header[HEADER_BYTES],
                               struct sp_slice body)
{
    if (channel->pack.len + HEADER_BYTES > PACK_BYTES_MAX - body.len) {
        send_pack(channel);
    }
    SP_TRY(sp_buf_put(&channel->pack, sp_slice_make(header, HEADER_BYTES)));
    enum sp_err err = sp_buf_put(&channel->pack, body);
    if (err != SP_OK) {
        sp_buf_truncate(&channel->pack, channel->pack.len - HEADER_BYTES);
        return err;
    }
    channel->packed++;
    sp_loop_at_last(channel->loop, &channel->last_of_turn);
    return SP_OK;
}

enum sp_err sp_channel_send(struct sp_channel *channel, uint16_t type, struct sp_slice body,
                            const int *fds, unsigned fd_count)
{
    uint8_t header[HEADER_BYTES];
    if (channel->is_ended || channel->is_send_ended) {
        return SP_ERR_CLOSED;
    }
    if (body.len > SP_MESSAGE_BYTES_MAX || fd_count > SP_MESSAGE_FDS_MAX) {
        return SP_ERR_TOO_BIG;
    }
    if (channel->waiting + channel->packed >= SP_CHANNEL_QUEUE_MAX ||
        channel->waiting_bytes >= QUEUE_BYTES_MAX) {
        return SP_ERR_FULL;
    }
    put_header(header, type, body.len);
    if (fd_count == 0 && body.len <= PACKED_BYTES_MAX) {
        return put_in_pack(channel, header, body);
    }
    send_pack(channel); /* the order stays */
    if (channel->is_send_ended) {
        return SP_ERR_CLOSED;
    }
    /* sendmsg takes plain pointers but only reads. */
    struct iovec parts[2] = {{.iov_base = header, .iov_len = sizeof(header)},
                             {.iov_base = (void *)(uintptr_t)body.ptr, .iov_len = body.len}};
    return send_parts(channel, parts, fds, fd_count);
}

/* The socket has room again. A message that cannot be sent at all would leave a gap, so it ends the wire. */
static void send_queued(struct sp_channel *channel)
{
    while (channel->first != NULL) {
        struct queued *item = channel->first;
        struct iovec part = {.iov_base = item->bytes.ptr, .iov_len = item->bytes.len};
        bool is_sent = false;
        enum sp_err err = push(channel, &part, 1, item->fds, item->fd_count, &is_sent);
        if (err == SP_ERR_CLOSED) {
            break; /* the queue is gone; the end is told by reading */
        }
        if (err == SP_ERR_FULL || (err == SP_OK && !is_sent)) {
            return;
        }
        if (err != SP_OK) {
            end(channel, err);
            return;
        }
        drop_first(channel);
    }
    if (sp_watch_set(channel->watch, watched(channel)) != SP_OK) {
        end(channel, SP_ERR_SYSTEM);
    }
}

static void on_ready(void *ctx, int fd, unsigned what)
{
    struct sp_channel *channel = ctx;
    (void)fd;
    channel->is_busy = true;
    if (what == SP_WATCH_WRITE) {
        send_queued(channel);
    } else if (what == SP_WATCH_READ) {
        receive(channel);
    } else {
        end(channel, SP_ERR_CLOSED);
    }
    channel->is_busy = false;
    if (channel->is_freed) {
        free(channel);
    }
}

size_t sp_channel_waiting(const struct sp_channel *channel)
{
    return channel->waiting + channel->packed;
}

static void make_roomy(int fd)
{
    const int bytes = SOCKET_BYTES;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    }
}

enum sp_err sp_channel_pair(bool one_way, int *out_sender, int *out_receiver)
{
    int fds[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_AUTO_CLOSE int sender = fds[0];
    SP_AUTO_CLOSE int receiver = fds[1];
    make_roomy(sender);
    make_roomy(receiver);
    if (one_way && shutdown(receiver, SHUT_WR) != 0) {
        return SP_ERR_SYSTEM;
    }
    *out_sender = sp_take_fd(&sender);
    *out_receiver = sp_take_fd(&receiver);
    return SP_OK;
}
