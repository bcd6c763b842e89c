/*
 * question - one thing that is asked for over the network: a connection from dial, a request, an answer.
 *
 * Runs in: token.   Input: hostile (the answer, what dial hands over).   Allocates: the request, one fetch.
 * One at a time; the end is told exactly once, and the next one may be asked from there.
 */
#ifndef SP_PROCESS_QUESTION_H
#define SP_PROCESS_QUESTION_H

#include "process/role.h"
#include "token/fetch.h"
#include "wire/msg.h"

#define SP_QUESTION_MS       ((uint64_t)15 * 1000)
#define SP_QUESTION_HOST_MAX ((size_t)256)

struct sp_question {
    struct sp_self *self;
    uint16_t target;                  /* dial's number of whom to ask */
    const struct sp_tls_context *tls; /* NULL: plain */
    char host[SP_QUESTION_HOST_MAX];
    size_t answer_bytes_max;
    sp_fetch_fn *fn;
    void *ctx;
    uint32_t number; /* tells this question's tickets from others' */
    uint32_t ticket; /* of the connection that is waited for; 0: none */
    uint32_t count;
    struct sp_buf request;
    struct sp_fetch *fetch;
};

#define SP_QUESTION_NUMBERS_MAX 255U

/* What stays the same: everything up to `number` must be set. */
void sp_question_init(struct sp_question *q) SP_NONNULL(1);

/* Asks; the request is copied, and wiped when it is sent. A failure is told by `fn`, at once or later. */
void sp_question_ask(struct sp_question *q, struct sp_slice request) SP_NONNULL(1);

/* dial answered; whether the ticket is one of this question's. Takes the descriptor out of the message when it is. */
bool sp_question_dialled(struct sp_question *q, const struct sp_msg_dialled *dialled,
                         struct sp_message *message) SP_NONNULL(1, 2, 3);

/* The process that connects is gone. */
void sp_question_lost(struct sp_question *q) SP_NONNULL(1);

#endif
