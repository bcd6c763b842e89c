/*
 * http - the HTTP face: byte streams from the door become requests, and the desk's answers become HTTP answers.
 *
 * Runs in: front.   Input: hostile.   Allocates: a pool of the HTTP library a stream, a call a request.
 * libmicrohttpd runs without threads and without a listener inside our loop: its epoll descriptor is watched, its
 * timeout is a timer of ours. A request waits suspended; a watch of ours notices when its client leaves meanwhile.
 */
#ifndef SP_FRONT_HTTP_H
#define SP_FRONT_HTTP_H

#include "front/desk.h"

/* What one stream may use for heads: well above the door's own limit, so that the library never refuses by itself. */
#define SP_HTTP_STREAM_BYTES_MAX ((size_t)80 * 1024)
#define SP_HTTP_STREAMS_MAX      16384U
/* A body that is refused while it still comes is read to its end if it declares at most this. */
#define SP_HTTP_DISCARD_BYTES_MAX ((uint64_t)64 * 1024)

struct sp_http;

/* Where messages go; see sp_desk_port. */
struct sp_http_wires {
    void *ctx;
    enum sp_err (*ask)(void *ctx, const struct sp_msg_ask *ask);
    enum sp_err (*ready)(void *ctx, const struct sp_msg_ready *ready);
    enum sp_err (*left)(void *ctx, const struct sp_msg_left *left);
    enum sp_err (*job)(void *ctx, unsigned worker, const struct sp_msg_job *job);
    void (*empty)(void *ctx); /* after sp_http_drain: the last request is answered */
};

struct sp_http_config {
    struct sp_loop *loop;
    uint32_t incarnation;
    unsigned workers;
    uint64_t body_bytes_max;
    struct sp_http_wires wires;
};

enum sp_err sp_http_new(const struct sp_http_config *config, struct sp_http **out) SP_MUST_CHECK SP_NONNULL(1, 2);

/* For the messages of peers. */
struct sp_desk *sp_http_desk(struct sp_http *http) SP_NONNULL(1);

/* Serves a stream of the door, which stands for a client at `source`. Takes the descriptor over, also when it fails. */
enum sp_err sp_http_add_stream(struct sp_http *http, int take_fd, struct sp_slice source) SP_MUST_CHECK SP_NONNULL(1);

/* No further request; `empty` is called when none is left. */
void sp_http_drain(struct sp_http *http) SP_NONNULL(1);

void sp_http_free(struct sp_http *http);

#endif
