/*
 * channel - one end of a wire: whole messages over a SOCK_SEQPACKET pair, a bounded queue for sending.
 *
 * Runs in: every process.   Input: hostile (the other process may be taken over).   Allocates: its queue.
 * A message that does not fit, or whose handler fails, closes the wire.
 */
#ifndef SP_WIRE_CHANNEL_H
#define SP_WIRE_CHANNEL_H

#include "base/err.h"
#include "base/slice.h"
#include "wire/loop.h"

#define SP_MESSAGE_BYTES_MAX ((size_t)64 * 1024)
#define SP_MESSAGE_FDS_MAX   4U
#define SP_CHANNEL_QUEUE_MAX ((size_t)1024)

/* A received message. Body and descriptors are the channel's and end with the handler; take a descriptor with sp_take_fd. */
struct sp_message {
    uint16_t type;
    struct sp_slice body;
    int fds[SP_MESSAGE_FDS_MAX];
    unsigned fd_count;
};

struct sp_channel;

/* Handles one message; anything but SP_OK closes the wire with that error. */
typedef enum sp_err sp_channel_fn(void *ctx, struct sp_channel *from, struct sp_message *message);

/* Called once when the wire ended (SP_ERR_CLOSED: the other side left). The callee may free the channel. */
typedef void sp_channel_lost_fn(void *ctx, struct sp_channel *from, enum sp_err why);

/* Takes `fd` over also when it fails. A NULL `fn` makes the sending end of a one-way pair: nothing is ever read from it. */
enum sp_err sp_channel_new(struct sp_loop *loop, int take_fd, sp_channel_fn *fn,
                           sp_channel_lost_fn *lost, void *ctx, struct sp_channel **out)
    SP_MUST_CHECK SP_NONNULL(1, 4, 6);
void sp_channel_free(struct sp_channel *channel);

/*
 * Sends one message: a small one when this turn of the loop ends, together with others, a large one or one with
 * descriptors at once. What does not fit is queued as a copy; the caller keeps its own descriptors in either case.
 * SP_OK does not say that the other side got it: that it is gone is told by `lost`. SP_ERR_FULL when the queue is full,
 * SP_ERR_CLOSED when the wire has ended, SP_ERR_TOO_BIG over the maximum.
 */
enum sp_err sp_channel_send(struct sp_channel *channel, uint16_t type, struct sp_slice body,
                            const int *fds, unsigned fd_count) SP_MUST_CHECK SP_NONNULL(1);

/* Sends now what waits for the end of this turn: for last words. */
void sp_channel_flush(struct sp_channel *channel) SP_NONNULL(1);

/* Messages waiting to be sent. */
size_t sp_channel_waiting(const struct sp_channel *channel) SP_NONNULL(1);

/* Makes a connected pair, both ends CLOEXEC and non-blocking with room for full messages; one_way closes the back direction. */
enum sp_err sp_channel_pair(bool one_way, int *out_sender, int *out_receiver)
    SP_MUST_CHECK SP_NONNULL(2, 3);

#endif
