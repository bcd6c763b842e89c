/*
 * call - one request inside the HTTP library: head, wait, body, wait, answer.
 *
 * Runs in: front.   Input: hostile.   Allocates: itself, its target, its body.
 * Only face.c and call.c include this.
 */
#ifndef SP_FRONT_CALL_H
#define SP_FRONT_CALL_H

#include <microhttpd.h>

#include "front/body.h"
#include "front/download.h"
#include "front/face.h"
#include "front/reply.h"
#include "wire/loop.h"

struct sp_call;

/* One connection of the library. */
struct sp_stream {
    struct sp_face *face;
    int fd;
    struct sp_watch *watch; /* for the client's leaving while the library looks away */
    struct sp_call *call;
    char source[SP_MSG_NAME_MAX + 1];
    uint8_t is_tls;
    uint8_t certificate[SP_DIGEST_BYTES]; /* of the client, as the door verified it */
    size_t certificate_len;
    char *subject; /* NULL: none */
};

struct sp_face {
    struct sp_face_config config;
    struct sp_desk *desk;
    struct MHD_Daemon *daemon;
    struct sp_watch *watch;
    struct sp_timer *run; /* the library has work to do */
    struct sp_timer *tick;
    struct sp_stream *adding; /* for the notification that comes out of MHD_add_connection */
    size_t calls;
    size_t live_bytes; /* of answers that grow, on their way to clients */
    struct sp_downloads downloads;
    bool is_draining;
};

/* The library must run again soon. */
void sp_face_wake(struct sp_face *face) SP_NONNULL(1);

/* A request line was read; NULL when memory is used up. */
struct sp_call *sp_call_new(struct sp_face *face, struct sp_stream *stream,
                            struct MHD_Connection *connection, const char *target)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);

/* The library's access handler for this call. */
enum MHD_Result sp_call_handle(struct sp_call *call, const char *method, const char *upload,
                               size_t *upload_len) SP_NONNULL(1, 2, 4);

/* The client left while the call was suspended. */
void sp_call_client_left(struct sp_call *call) SP_NONNULL(1);

/* The library is done with it. */
void sp_call_free(struct sp_call *call);

/* The desk's side: see sp_desk_port. */
enum sp_err sp_call_job(void *ctx, void *request, const struct sp_msg_send *send,
                        struct sp_msg_job *job) SP_MUST_CHECK;
void sp_call_read_body(void *ctx, void *request, uint64_t bytes_max);
void sp_call_part(void *ctx, void *request, const struct sp_msg_part *part);
void sp_call_answer(void *ctx, void *request, struct sp_desk_answer *answer);

#endif
