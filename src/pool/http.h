/*
 * http - one connection of the pool's HTTP face: bytes to a request, an answer to bytes.
 *
 * Runs in: pool.   Input: what relay sends, read as hostile all the same.   Allocates: head and body, bounded.
 * No I/O: whoever owns the descriptor feeds what it read and sends what stands in `out`. One request at a time: what
 * follows it stays unread until it is answered.
 */
#ifndef SP_POOL_HTTP_H
#define SP_POOL_HTTP_H

#include "codec/http1.h"
#include "pool/call.h"

enum sp_pool_http_state {
    SP_POOL_HTTP_READING,
    SP_POOL_HTTP_HEAD,  /* of an upload: its body comes in pieces; sp_pool_http_go_on when it may */
    SP_POOL_HTTP_PIECE, /* `piece` lends a part of that body, valid until sp_pool_http_go_on */
    SP_POOL_HTTP_WAITING, /* a request is whole; its answer is due */
    SP_POOL_HTTP_CLOSING, /* nothing more is read; close when `out` is sent */
};

struct sp_pool_http {
    enum sp_pool_http_state state;
    struct sp_http1 parser;
    struct sp_buf head;
    struct sp_buf body;
    struct sp_buf out;
    struct sp_slice piece;
    bool is_streaming; /* the head of a streamed answer is out */
    bool is_upload;
    bool is_answered; /* before all of an upload was there; the rest is read and thrown away */
};

/* Fields of an answer that not every answer has. Zero and empty leave a field out. */
struct sp_pool_reply {
    unsigned status;
    unsigned retry_after_s;
    const char *type; /* NULL: application/json */
    uint64_t length;  /* of the body, which follows by other means; only with `type` */
    const char *more; /* whole field lines */
};

void sp_pool_http_init(struct sp_pool_http *http) SP_NONNULL(1);
void sp_pool_http_done(struct sp_pool_http *http) SP_NONNULL(1);

/*
 * Takes bytes from the front of `in`. When the state becomes WAITING, method, target and body are whole (see the
 * parser's getters). What breaks HTTP is answered here and makes the state CLOSING.
 */
void sp_pool_http_feed(struct sp_pool_http *http, struct sp_slice in, size_t *out_consumed)
    SP_NONNULL(1, 3);

/* After HEAD or PIECE. */
void sp_pool_http_go_on(struct sp_pool_http *http) SP_NONNULL(1);

/* Puts the head of an answer whose body the owner sends; then sp_pool_http_answered. */
void sp_pool_http_reply(struct sp_pool_http *http, const struct sp_pool_reply *reply)
    SP_NONNULL(1, 2);
void sp_pool_http_answered(struct sp_pool_http *http) SP_NONNULL(1);

/*
 * A streamed answer: the first call puts the head (text/event-stream, chunked), each puts one chunk; the end puts the
 * last one. Bytes must not be empty.
 */
void sp_pool_http_stream(struct sp_pool_http *http, struct sp_slice bytes) SP_NONNULL(1);
void sp_pool_http_stream_end(struct sp_pool_http *http) SP_NONNULL(1);

/* Puts an answer and makes ready for the next request, or for the end. */
void sp_pool_http_answer(struct sp_pool_http *http, unsigned status, unsigned retry_after_s,
                         struct sp_slice body) SP_NONNULL(1);

#endif
