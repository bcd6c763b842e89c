/*
 * link - sending and receiving frames over a SOCK_SEQPACKET descriptor, blocking.
 *
 * Runs in: sallyport-session (template, init, interpreter).   Input: hostile where the interpreter writes.
 * Allocates: nothing but the caller's buffers.
 */
#ifndef SP_SESSION_LINK_H
#define SP_SESSION_LINK_H

#include <sys/types.h>

#include "wire/session_frame.h"

#define SP_LINK_FDS_MAX  ((size_t)16)
#define SP_LINK_PACK_MAX 4U

/* One received frame, and who sent it as the kernel says (0 when the socket does not pass credentials). */
struct sp_link_frame {
    struct sp_frame frame; /* borrows from `space` */
    pid_t sender;
    uint8_t space[SP_FRAME_BYTES_MAX];
};

/* A connected pair with room for a full frame, CLOEXEC. `with_sender` makes both ends report credentials. */
enum sp_err sp_link_pair(bool with_sender, int *out_a, int *out_b) SP_MUST_CHECK SP_NONNULL(2, 3);

/* Sends one frame, with a descriptor beside it unless `fd` is negative. SP_ERR_CLOSED when the other side left. */
enum sp_err sp_link_send(int to, const struct sp_frame *frame, int fd, struct sp_buf *scratch)
    SP_MUST_CHECK SP_NONNULL(2, 4);

/* The same with several descriptors, at most SP_LINK_FDS_MAX. */
enum sp_err sp_link_send_all(int to, const struct sp_frame *frame, const int *fds, size_t count,
                             struct sp_buf *scratch) SP_MUST_CHECK SP_NONNULL(2, 5);

/* Frames that go out together: whoever waits for them is woken once. */
struct sp_link_pack {
    unsigned count;
    struct sp_buf frames[SP_LINK_PACK_MAX];
};

void sp_link_pack_init(struct sp_link_pack *pack) SP_NONNULL(1);
void sp_link_pack_done(struct sp_link_pack *pack) SP_NONNULL(1);

/* Adds one; a full pack is sent first. */
enum sp_err sp_link_pack_add(struct sp_link_pack *pack, int to, const struct sp_frame *frame)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Sends what is there, in order; the pack is empty then, whatever comes of it. */
enum sp_err sp_link_pack_send(struct sp_link_pack *pack, int to) SP_MUST_CHECK SP_NONNULL(1);

/*
 * Waits for one frame. SP_ERR_CLOSED at the end, SP_ERR_WIRE for what is no frame; descriptors beside it are closed.
 * SP_ERR_UNAVAILABLE when a signal came first.
 */
enum sp_err sp_link_receive(int from, struct sp_link_frame *out) SP_MUST_CHECK SP_NONNULL(2);

/* The same from a side that is trusted: its descriptors, `*out_count` of them, are the caller's. */
enum sp_err sp_link_receive_all(int from, struct sp_link_frame *out, int fds[SP_LINK_FDS_MAX],
                                size_t *out_count) SP_MUST_CHECK SP_NONNULL(2, 3, 4);

#endif
