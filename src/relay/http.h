/*
 * http - requests to one pool by libcurl, over descriptors that are connected already. For TLS; plain.h speaks plain HTTP.
 *
 * Runs in: relay.   Input: hostile (the pool's bytes).   Allocates: a handle a slot, answers up to their bound.
 * It never resolves, never connects, never follows, sends no caller's header, and sends a body at most once: a
 * connection that dies under a request ends the request.
 */
#ifndef SP_RELAY_HTTP_H
#define SP_RELAY_HTTP_H

#include "base/err.h"
#include "base/secret.h"
#include "base/slice.h"
#include "wire/loop.h"
#include "wire/payload.h"

#define SP_HTTP_SLOTS_MAX        ((size_t)1024)
#define SP_HTTP_ANSWER_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define SP_HTTP_WHY_MAX          ((size_t)256)
#define SP_HTTP_FILE_BYTES_MAX   ((uint64_t)256 * 1024 * 1024)

struct sp_http;

/* How one request ended. */
enum sp_http_state {
    SP_HTTP_BROKEN,   /* the body went out, at least in part, and no whole answer came */
    SP_HTTP_NOT_SENT, /* nothing of the body went out */
    SP_HTTP_NO_CONNECTION, /* the same, for want of a living connection: trying again is safe and sensible */
    SP_HTTP_ANSWERED,
};

/* Borrowed for the call, but for `content`, which may be moved out. `why` is text for people, empty when answered. */
struct sp_http_end {
    enum sp_http_state state;
    unsigned status;
    uint32_t retry_after_s; /* 0: the pool did not say */
    struct sp_slice body;
    struct sp_payload *content; /* of a download that succeeded; else NULL */
    const char *content_type;   /* of that; "" when the pool does not say */
    const char *last_modified;
    const char *why;
    bool is_too_big; /* the answer was over its limit, which says nothing of the pool */
};

struct sp_http_ops {
    /* Hands out a connected descriptor for keeps; any error means that there is none. */
    enum sp_err (*take_connection)(void *ctx, int *out_fd);
    /* The request of this slot is over; the slot may be started again from within. */
    void (*ended)(void *ctx, size_t slot, const struct sp_http_end *end);
    /* A part of an answer that comes as events (enum sp_part). NULL: nobody hears them. */
    void (*part)(void *ctx, size_t slot, unsigned what, struct sp_slice data);
    void *ctx;
};

struct sp_http_config {
    bool is_local; /* plain HTTP over a unix socket; otherwise by host and port */
    bool is_https;
    struct sp_slice host;
    uint16_t port;
    struct sp_slice ca_pem; /* of https: whom to believe; borrowed for the life of the object */
    uint32_t connect_ms;    /* TLS included */
    uint32_t idle_s;        /* a connection unused for longer is not used again */
    size_t slots;           /* requests at the same time */
};

/* Before confinement: libcurl and its TLS open files at their start, and none later. */
enum sp_err sp_http_new(struct sp_loop *loop, const struct sp_http_config *config,
                        const struct sp_http_ops *ops, struct sp_http **out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);
void sp_http_free(struct sp_http *http);

/* From the next request on, the bearer that goes with each; an empty one sends none. Copied. */
enum sp_err sp_http_set_bearer(struct sp_http *http, struct sp_slice bearer)
    SP_MUST_CHECK SP_NONNULL(1);

/* A header field that only some requests have. */
struct sp_http_field {
    const char *name; /* NULL: none */
    struct sp_slice value;
};
#define SP_HTTP_FIELDS_MAX 3U

/* One request. All but the fields is borrowed until the end. A body is its three parts, one behind another. */
struct sp_http_request {
    const char *method; /* NULL: POST */
    struct sp_slice target;
    struct sp_slice content_type;                    /* empty: JSON */
    struct sp_slice traceparent;                     /* empty: none */
    struct sp_http_field fields[SP_HTTP_FIELDS_MAX]; /* borrowed for the call of sp_http_start */
    struct sp_slice body;
    struct sp_slice content;
    struct sp_slice tail;
    bool is_download; /* the body of a success goes into a memfd */
    bool is_stream;   /* an embedded pool is asked for events */
    uint32_t timeout_ms;
};
enum sp_err sp_http_start(struct sp_http *http, size_t number,
                          const struct sp_http_request *request) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Connections that are open and carry nothing now. */
size_t sp_http_idle(const struct sp_http *http) SP_NONNULL(1);

#endif
