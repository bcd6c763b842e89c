#include "command/exec_run.h"

#include <stdio.h>

#include "api/order.h"
#include "command/command.h"
#include "command/exec_show.h"
#include "relay/client.h"
#include "relay/events.h"
#include "wire/msg.h"

#define REQUEST_BYTES_MAX ((size_t)128 * 1024 * 1024)
#define URL_BYTES_MAX     ((size_t)32 * 1024)
#define CONNECT_MS        5000U
#define MARGIN_MS         60000U
#define FORGET_MS         3000U

static enum sp_err build(const struct sp_exec_run *run, const struct sp_upstream *upstream,
                         struct sp_buf *url, struct sp_buf *body)
{
    const struct sp_order order = {
        .operation = SP_OPERATION_EXECUTE, .timeout_s = run->timeout_s, .code = run->code};
    SP_TRY(sp_buf_put(url, sp_buf_slice(&run->remote->origin)));
    SP_TRY(sp_upstream_target(upstream, order.operation, run->session, url));
    return sp_upstream_body(upstream, &order, body);
}

/* A run that is shown as it goes on. */
struct live {
    struct sp_events events;
    struct sp_exec_shown shown;
    bool is_held; /* parts were left out: what follows comes with the result */
};

static void on_part(void *ctx, unsigned what, struct sp_slice data)
{
    struct live *live = ctx;
    live->is_held = live->is_held || what == SP_PART_COUNT;
    if (live->is_held) {
        return;
    }
    if (what == SP_PART_OUTPUT) {
        sp_exec_show_output(data, &live->shown);
        return;
    }
    *(what == SP_PART_STDOUT ? &live->shown.out_bytes : &live->shown.err_bytes) += data.len;
    sp_exec_show_text(what == SP_PART_STDERR, data);
}

static bool on_events(void *ctx, struct sp_slice bytes)
{
    struct live *live = ctx;
    return sp_events_feed(&live->events, bytes, on_part, live) == SP_OK;
}

/* The end of a stream takes the place of a body. */
static enum sp_err end_live(struct live *live, struct sp_client_answer *answer)
{
    if (answer->is_events && !sp_events_take(&live->events, &answer->body, &answer->status)) {
        return SP_ERR_CLOSED;
    }
    return SP_OK;
}

static int show(const struct sp_exec_run *run, const struct sp_upstream *upstream,
                const struct sp_client_answer *answer, const struct sp_exec_shown *shown)
{
    SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer read = {.end = SP_UPSTREAM_UNKNOWN};
    const struct sp_slice body = sp_buf_slice(&answer->body);
    if (answer->status < 200 || answer->status > 299) {
        return sp_exec_show_problem("exec", answer->status, body, run->name, run->code);
    }
    enum sp_err err = sp_upstream_read(upstream, answer->status, body, &read);
    if (err != SP_OK || read.end != SP_UPSTREAM_DONE) {
        (void)fprintf(stderr, "sallyport exec: the answer is not one of a gateway: %s\n",
                      read.reason.text);
        return SP_EXIT_DENIED;
    }
    return sp_exec_show_result(&read.result, shown);
}

static int complain(const struct sp_exec_run *run, enum sp_err err)
{
    (void)fprintf(stderr, "sallyport exec: %s: %s\n", run->name,
                  err == SP_ERR_UTF8 ? "the code is not UTF-8" : sp_err_text(err));
    return SP_EXIT_USAGE;
}

int sp_exec_run(const struct sp_exec_run *run)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_BUF struct sp_buf url;
    SP_AUTO_BUF struct sp_buf body;
    struct sp_upstream upstream;
    struct sp_where where = {0};
    struct live live = {.is_held = false};
    sp_events_init(&live.events, SP_CLIENT_ANSWER_BYTES_MAX);
    sp_buf_init(&url, URL_BYTES_MAX);
    sp_buf_init(&body, REQUEST_BYTES_MAX);
    enum sp_err err = sp_remote_upstream(run->remote, &upstream);
    if (err == SP_OK) {
        err = build(run, &upstream, &url, &body);
    }
    if (err != SP_OK) {
        return complain(run, err);
    }
    const struct sp_client_request request = {.method = "POST",
                                              .url = sp_buf_slice(&url),
                                              .bearer = sp_buf_slice(&run->remote->token),
                                              .body = sp_buf_slice(&body),
                                              .save_fd = -1,
                                              .connect_ms = CONNECT_MS,
                                              .timeout_ms = run->timeout_s * 1000U + MARGIN_MS,
                                              .ca_file = sp_remote_ca_file(run->remote),
                                              .events = run->remote->is_pool ? NULL : on_events,
                                              .events_ctx = &live};
    err = sp_client_send(&request, &answer, &where);
    if (err == SP_OK) {
        sp_where_set(&where, 0, 0, "it is cut");
        err = end_live(&live, &answer);
    }
    int status = SP_EXIT_UNREACHABLE;
    if (err == SP_OK) {
        status = show(run, &upstream, &answer, &live.shown);
    } else {
        (void)fprintf(stderr, "sallyport exec: no answer from the gateway: %s\n", where.text);
    }
    sp_events_done(&live.events);
    return status;
}

void sp_exec_forget(const struct sp_remote *remote, struct sp_slice session)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_BUF struct sp_buf url;
    struct sp_where where = {0};
    sp_buf_init(&url, URL_BYTES_MAX);
    if (sp_remote_url(remote, "/session", session, &url) != SP_OK) {
        return;
    }
    const struct sp_client_request request = {.method = "DELETE",
                                              .url = sp_buf_slice(&url),
                                              .bearer = sp_buf_slice(&remote->token),
                                              .save_fd = -1,
                                              .connect_ms = CONNECT_MS,
                                              .timeout_ms = FORGET_MS,
                                              .ca_file = sp_remote_ca_file(remote)};
    if (sp_client_send(&request, &answer, &where) != SP_OK) {
        return; /* the session ends by its cooldown in any case */
    }
}
