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

struct sp_client_request {
    struct sp_slice url;    /* whole */
    struct sp_slice bearer; /* empty sends none */
    struct sp_slice body;   /* JSON */
    uint32_t connect_ms;
    uint32_t timeout_ms;
    const char *ca_file; /* whom to believe; NULL: the system's */
};

struct sp_client_answer {
    unsigned status;
    struct sp_buf body;
};

/* POST. SP_ERR_CLOSED when there was no whole answer (`out_where` says why), SP_ERR_NOMEM. */
enum sp_err sp_client_post(const struct sp_client_request *request, struct sp_client_answer *out,
                           struct sp_where *out_where) SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_client_answer_done(struct sp_client_answer *answer) SP_NONNULL(1);
#define SP_AUTO_CLIENT_ANSWER SP_CLEANUP(sp_client_answer_done)

#endif
