/*
 * face - the HTTP face: byte streams from the door become requests, and the desk's answers become HTTP answers.
 *
 * Runs in: front.   Input: hostile.   Allocates: a pool of the HTTP library a stream, a call a request.
 * libmicrohttpd runs without threads and without a listener inside our loop: its epoll descriptor is watched, its
 * timeout is a timer of ours. A request waits suspended; a watch of ours notices when its client leaves meanwhile.
 */
#ifndef SP_FRONT_FACE_H
#define SP_FRONT_FACE_H

#include "front/desk.h"

/*
 * What one stream may use for heads: above the door's own limit on bytes (32 KiB) and fields (100, some 64 bytes each),
 * so that the library never refuses by itself. Not more, because the library clears all of it after every request.
 */
#define SP_FACE_STREAM_BYTES_MAX  ((size_t)48 * 1024)
#define SP_FACE_STREAMS_MAX       16384U
/* A body that is refused while it still comes is read to its end if it declares at most this. */
#define SP_FACE_DISCARD_BYTES_MAX ((uint64_t)64 * 1024)

struct sp_face;

/* Where messages go; see sp_desk_port. */
struct sp_face_wires {
    void *ctx;
    enum sp_err (*ask)(void *ctx, const struct sp_msg_ask *ask);
    enum sp_err (*ready)(void *ctx, const struct sp_msg_ready *ready);
    enum sp_err (*left)(void *ctx, const struct sp_msg_left *left);
    enum sp_err (*job)(void *ctx, unsigned worker, const struct sp_msg_job *job);
    void (*empty)(void *ctx); /* after sp_face_drain: the last request is answered */
};

struct sp_face_config {
    struct sp_loop *loop;
    uint32_t incarnation;
    unsigned workers;
    uint64_t body_bytes_max;
    struct sp_face_wires wires;
};

/* `config` is copied. */
enum sp_err sp_face_new(const struct sp_face_config *config, struct sp_face **out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* For the messages of peers. */
struct sp_desk *sp_face_desk(struct sp_face *face) SP_NONNULL(1);

/* Serves a stream of the door, which stands for the client that `from` describes. Takes the descriptor over, also when it
 * fails. */
enum sp_err sp_face_add_stream(struct sp_face *face, int take_fd, const struct sp_msg_stream *from)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* No further request; `empty` is called when none is left. */
void sp_face_drain(struct sp_face *face) SP_NONNULL(1);

void sp_face_free(struct sp_face *face);

#endif
