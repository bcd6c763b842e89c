#include "process/question.h"

#include "base/own.h"

#define REQUEST_BYTES_MAX ((size_t)64 * 1024)
#define NUMBER_SHIFT      24U
#define COUNT_MASK        ((uint32_t)0xFFFFFF)

void sp_question_init(struct sp_question *q)
{
    sp_buf_init(&q->request, REQUEST_BYTES_MAX);
    q->ticket = 0;
    q->count = 0;
    q->fetch = NULL;
}

static void give_up(struct sp_question *q, enum sp_err err, const char *why)
{
    const struct sp_fetch_end end = {.err = err, .why = why};
    q->ticket = 0;
    sp_buf_wipe(&q->request);
    q->fn(q->ctx, &end);
}

void sp_question_ask(struct sp_question *q, struct sp_slice request)
{
    struct sp_channel *dial = sp_self_wire(q->self, SP_ROLE_DIAL, 0);
    q->count = q->count == COUNT_MASK ? 1 : q->count + 1;
    q->ticket = q->number << NUMBER_SHIFT | q->count;
    sp_buf_wipe(&q->request);
    const struct sp_msg_dial msg = {.ticket = q->ticket, .target = q->target};
    enum sp_err err = dial == NULL ? SP_ERR_UNAVAILABLE : sp_buf_put(&q->request, request);
    if (err == SP_OK) {
        err = sp_msg_dial_send(dial, &msg);
    }
    if (err != SP_OK) {
        give_up(q, err, "the process that connects cannot be reached");
    }
}

/* The fetch is over before anybody hears of it, so that the next question may be asked at once. */
static void on_fetched(void *ctx, const struct sp_fetch_end *end)
{
    struct sp_question *q = ctx;
    struct sp_fetch *fetch = q->fetch;
    q->fetch = NULL;
    q->fn(q->ctx, end);
    sp_fetch_free(fetch);
}

static void begin(struct sp_question *q, int take_fd)
{
    const struct sp_fetch_how how = {.loop = sp_self_loop(q->self),
                                     .tls = q->tls,
                                     .host = q->host,
                                     .request = sp_buf_slice(&q->request),
                                     .answer_bytes_max = q->answer_bytes_max,
                                     .timeout_ms = SP_QUESTION_MS,
                                     .fn = on_fetched,
                                     .ctx = q};
    enum sp_err err = sp_fetch_new(&how, take_fd, &q->fetch);
    q->ticket = 0;
    sp_buf_wipe(&q->request);
    if (err != SP_OK) {
        give_up(q, err, sp_err_text(err));
    }
}

bool sp_question_dialled(struct sp_question *q, const struct sp_msg_dialled *dialled,
                         struct sp_message *message)
{
    if (q->ticket == 0 || dialled->ticket != q->ticket) {
        return false;
    }
    if (dialled->err != SP_OK || message->fd_count != 1) {
        give_up(q, SP_ERR_UNAVAILABLE, "it cannot be reached");
    } else {
        begin(q, sp_take_fd(&message->fds[0]));
    }
    return true;
}

void sp_question_lost(struct sp_question *q)
{
    if (q->ticket != 0) {
        give_up(q, SP_ERR_CLOSED, "the process that connects was lost");
    }
}
