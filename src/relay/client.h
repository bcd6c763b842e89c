/*
 * client - one HTTP request from a person's command to a gateway, and its whole answer.
 *
 * Runs in: the client commands (never in a role).   Input: hostile (the answer).   Allocates: the answer, bounded.
 * Blocks until the answer is there. Proxies of the environment are not used: a token must not go astray.
 */
#ifndef SP_RELAY_CLIENT_H
#define SP_RELAY_CLIENT_H

#include "base/buf.h"
#include "base/where.h"

#define SP_CLIENT_ANSWER_BYTES_MAX ((size_t)96 * 1024 * 1024)

/* A file that is sent as the part `file` of a form (RFC 7578), as it is read. */
struct sp_client_upload {
    const char *name; /* as the server is to know it */
    int fd;           /* borrowed; read from where it stands */
    uint64_t bytes;
};

/* Bytes moved so far, of all that there will be (0: not known). False ends the request. */
typedef bool sp_client_progress_fn(void *ctx, uint64_t done, uint64_t all);

/* A piece of an answer of text/event-stream, as it comes. False ends the request. */
typedef bool sp_client_events_fn(void *ctx, struct sp_slice bytes);

struct sp_client_request {
    const char *method;                    /* GET, POST or DELETE */
    struct sp_slice url;                   /* whole */
    struct sp_slice bearer;                /* empty sends none */
    struct sp_slice body;                  /* JSON; POST without an upload only */
    const struct sp_client_upload *upload; /* NULL: none */
    int save_fd; /* the body of a good answer goes there instead of into the answer; -1: no */
    uint32_t connect_ms;
    uint32_t timeout_ms;             /* of all; 0: as long as bytes move */
    const char *ca_file;             /* whom to believe; NULL: the system's */
    sp_client_progress_fn *progress; /* NULL: nobody looks */
    void *progress_ctx;
    sp_client_events_fn *events; /* NULL: a whole answer is asked for */
    void *events_ctx;
};

struct sp_client_answer {
    unsigned status;
    bool is_events; /* it came as events, and there is no body */
    struct sp_buf body;
};

/* SP_ERR_CLOSED when there was no whole answer (`out_where` says why), SP_ERR_NOMEM, SP_ERR_SYSTEM: `save_fd` is full. */
enum sp_err sp_client_send(const struct sp_client_request *request, struct sp_client_answer *out,
                           struct sp_where *out_where) SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_client_answer_done(struct sp_client_answer *answer) SP_NONNULL(1);
#define SP_AUTO_CLIENT_ANSWER SP_CLEANUP(sp_client_answer_done)

#endif
