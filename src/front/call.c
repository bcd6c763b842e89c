#include "front/call.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "api/request.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/own.h"
#include "front/job.h"
#include "front/live.h"
#include "front/rewrite.h"

#define RAW_HEAD_BYTES_MAX ((size_t)8 * 1024)

/*
 * The library calls with size 0 both after a suspension at the head and at the end of the body, so what a call means
 * is kept here.
 */
struct sp_call {
    struct sp_face *face;
    struct sp_stream *stream;
    struct MHD_Connection *connection;
    char *target;
    char *method;
    sp_exchange exchange;
    bool is_begun; /* the head was seen */
    bool is_open;  /* the desk knows the exchange */
    bool has_body;
    bool is_granted;
    bool is_suspended;
    bool is_at_head; /* suspended, or resumed just now, before the body */
    bool is_body_done;
    bool is_gone; /* the client left */
    bool has_reply;
    bool is_queued;
    uint64_t declared; /* the body's length, UINT64_MAX when it is chunked */
    uint64_t body_max;
    struct sp_body body;
    struct sp_rewrite rewrite;
    struct sp_reply reply;
    struct sp_live *live; /* of an answer that grows; NULL else */
    struct sp_buf names;  /* of a list of sessions, for its answer */
    uint32_t next_skip;
};

struct sp_call *sp_call_new(struct sp_face *face, struct sp_stream *stream,
                            struct MHD_Connection *connection, const char *target)
{
    SP_AUTO_FREE struct sp_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        return NULL;
    }
    call->face = face;
    call->stream = stream;
    call->connection = connection;
    call->body.fd = -1;
    sp_buf_init(&call->names, SP_MSG_NAMES_MAX);
    call->target = sp_slice_dup(sp_slice_of(target));
    if (call->target == NULL) {
        return NULL;
    }
    face->calls++;
    return sp_take_ptr(call);
}

void sp_call_free(struct sp_call *call)
{
    if (call == NULL) {
        return;
    }
    struct sp_face *face = call->face;
    if (call->is_open) {
        sp_desk_client_left(face->desk, call->exchange);
    }
    sp_body_done(&call->body);
    sp_reply_done(&call->reply);
    sp_live_leave(call->live);
    sp_buf_done(&call->names);
    sp_rewrite_done(&call->rewrite);
    free(call->target);
    free(call->method);
    free(call);
    face->calls--;
    if (face->is_draining && face->calls == 0) {
        face->config.wires.empty(face->config.wires.ctx);
    }
}

static struct sp_slice header(const struct sp_call *call, const char *name)
{
    return sp_slice_of(MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name));
}

/* A mistaken one is no reason to refuse what was asked (W3C Trace Context). */
static struct sp_slice traceparent_of(const struct sp_call *call)
{
    const struct sp_slice value = header(call, "traceparent");
    return sp_slice_sub(value, 0, value.len <= SP_MSG_SESSION_MAX ? value.len : 0);
}

/* The type alone; where it is one of several, the client takes a whole answer as well. */
static bool wants_events(const struct sp_call *call)
{
    struct sp_slice accept = header(call, "Accept");
    accept = sp_slice_trim(sp_slice_sub(accept, 0, sp_slice_find(accept, 0, ';')));
    return sp_slice_is_nocase(accept, "text/event-stream");
}

static enum MHD_Result suspend(struct sp_call *call)
{
    call->is_suspended = true;
    MHD_suspend_connection(call->connection);
    return MHD_YES;
}

static void resume(struct sp_call *call)
{
    if (call->is_suspended) {
        call->is_suspended = false;
        MHD_resume_connection(call->connection);
        sp_face_wake(call->face);
    }
}

/* --- answers --- */

static void set_reply(struct sp_call *call, const struct sp_desk_answer *answer)
{
    const struct sp_reply_request request = {.method = sp_slice_of(call->method),
                                             .target = sp_slice_of(call->target),
                                             .operation_id = header(call, "operation-id"),
                                             .traceparent = traceparent_of(call),
                                             .range = header(call, "Range"),
                                             .if_range = header(call, "If-Range"),
                                             .has_if_range = header(call, "If-Range").ptr != NULL,
                                             .names = sp_buf_slice(&call->names),
                                             .next_skip = call->next_skip};
    struct sp_desk_answer late = *answer;
    sp_reply_done(&call->reply);
    enum sp_err room =
        answer->content == NULL
            ? SP_OK
            : sp_download_room(&call->face->downloads, answer->owner, answer->content->bytes.len);
    if (room != SP_OK) {
        late = (struct sp_desk_answer){
            .exchange = answer->exchange,
            .err = room,
            .retry_after_ms = SP_DESK_RETRY_MS,
            .detail = SP_SLICE_LITERAL("too many files are on their way to clients")};
    }
    sp_reply_init(&call->reply, &request, &late);
    if (sp_rewrite_reply(&call->rewrite, call->exchange, sp_clock_wall_us(), &call->reply) !=
        SP_OK) {
        late = (struct sp_desk_answer){.exchange = answer->exchange, .err = SP_ERR_POOL_ANSWER};
        sp_reply_done(&call->reply);
        sp_reply_init(&call->reply, &request, &late);
    }
    sp_body_done(&call->body);
    call->has_reply = true;
}

/* An answer without an exchange: the request never got in. The same once more helps only where the reason passes. */
static void set_refusal(struct sp_call *call, enum sp_err err)
{
    const struct sp_desk_answer answer = {.exchange = call->exchange,
                                          .err = err,
                                          .retry_after_ms =
                                              sp_err_http(err) == 503 ? SP_DESK_RETRY_MS : 0};
    set_reply(call, &answer);
}

static enum MHD_Result queue_response(struct sp_call *call, struct MHD_Response *response)
{
    for (unsigned i = 0; i < call->reply.field_count; i++) {
        if (MHD_add_response_header(response, call->reply.fields[i].name,
                                    sp_reply_value(&call->reply, i)) != MHD_YES) {
            return MHD_NO;
        }
    }
    if (call->face->is_draining &&
        MHD_add_response_header(response, "Connection", "close") != MHD_YES) {
        return MHD_NO;
    }
    return MHD_queue_response(call->connection, call->reply.status, response);
}

static enum MHD_Result queue_download(struct sp_call *call)
{
    struct MHD_Response *response =
        sp_download_response(&call->face->downloads, &call->reply, call->reply.owner);
    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result = queue_response(call, response);
    MHD_destroy_response(response);
    call->is_queued = result == MHD_YES;
    return result;
}

/* Moves the reply's body to the library and queues it. */
static enum MHD_Result queue_reply(struct sp_call *call)
{
    size_t len = 0;
    if (call->reply.has_content && !call->is_queued) {
        return queue_download(call);
    }
    SP_AUTO_FREE char *body = sp_buf_take(&call->reply.body, &len);
    if (body == NULL || call->is_queued) {
        return call->is_queued ? MHD_YES : MHD_NO;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)sp_take_ptr(body); /* the response's now */
    enum MHD_Result result = queue_response(call, response);
    MHD_destroy_response(response);
    call->is_queued = result == MHD_YES;
    return result;
}

/*
 * The library cannot answer while a body still comes. What is left is to say it by ourselves on the stream, on which
 * nothing but a 100 was said so far, and to end it: the door reads a whole answer, then the end.
 */
static enum MHD_Result answer_midway(struct sp_call *call)
{
    SP_AUTO_BUF struct sp_buf raw;
    sp_buf_init(&raw, RAW_HEAD_BYTES_MAX + call->reply.body.len);
    if (sp_reply_put_raw(&call->reply, MHD_get_reason_phrase_for(call->reply.status), &raw) ==
        SP_OK) {
        (void)send(call->stream->fd, raw.ptr, raw.len,
                   MSG_DONTWAIT | MSG_NOSIGNAL); /* ignoring: it is the end anyway */
    }
    return MHD_NO;
}

/* The first part begins the answer, in which no status can be told any more. */
static enum sp_err begin_live(struct sp_call *call)
{
    call->live = sp_live_new(call->face, call->connection);
    if (call->live == NULL) {
        return SP_ERR_NOMEM;
    }
    return sp_reply_init_live(&call->reply, call->exchange);
}

void sp_call_part(void *ctx, void *request, const struct sp_msg_part *part)
{
    struct sp_call *call = request;
    (void)ctx;
    if (call->live == NULL) {
        if (begin_live(call) != SP_OK) {
            sp_live_leave(call->live);
            call->live = NULL; /* the whole answer at the end has a better chance */
            return;
        }
        resume(call);
    }
    sp_live_part(call->live, part);
}

static enum MHD_Result queue_live(struct sp_call *call)
{
    if (call->is_queued) {
        return MHD_YES;
    }
    struct MHD_Response *response = sp_live_response(call->live);
    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result = queue_response(call, response);
    MHD_destroy_response(response);
    call->is_queued = result == MHD_YES;
    return result;
}

/* The head of a growing answer may still be needed: the end has a place of its own. */
static void end_live(struct sp_call *call, const struct sp_desk_answer *answer)
{
    struct sp_reply head = call->reply;
    call->reply = (struct sp_reply){0};
    set_reply(call, answer);
    bool is_made = sp_reply_to_event(&call->reply, answer) == SP_OK;
    if (is_made) {
        sp_live_end(call->live, sp_buf_slice(&call->reply.body));
    } else {
        sp_live_break(call->live);
    }
    sp_reply_done(&call->reply);
    call->reply = head;
}

void sp_call_answer(void *ctx, void *request, struct sp_desk_answer *answer)
{
    struct sp_call *call = request;
    (void)ctx;
    call->is_open = false;
    if (call->live != NULL) {
        end_live(call, answer);
        return;
    }
    set_reply(call, answer);
    bool is_event = answer->err == SP_OK && answer->payload != NULL && !answer->is_async &&
                    !answer->is_json && !call->reply.has_content && wants_events(call) &&
                    !call->rewrite.is_mcp;
    if (is_event && sp_reply_to_event(&call->reply, answer) != SP_OK) {
        set_refusal(call, SP_ERR_POOL_ANSWER);
    }
    resume(call);
}

/* --- the head --- */

/* A key over its limit is none that anybody could have meant: admit says so of an empty one. */
static struct sp_slice idempotency_key(const struct sp_call *call)
{
    struct sp_slice key = header(call, "Idempotency-Key");
    return key.len <= SP_MSG_SESSION_MAX ? key : sp_slice_of(NULL);
}

/* Whether it asks for a part of the log, as admit will read it too. The word alone is looked for first: it is seldom there. */
static bool is_reading(struct sp_slice method, struct sp_slice target)
{
    const struct sp_slice word = SP_SLICE_LITERAL(".sallyport");
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_route route = {.operation = SP_OPERATION_NONE};
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    return sp_slice_search(target, 0, word) < target.len &&
           sp_route_find(method, target, &scratch, &route, NULL) == SP_OK &&
           route.operation == SP_OPERATION_AUDIT_READ;
}

static enum sp_err open_exchange(struct sp_call *call)
{
    const struct sp_rewrite_words words = {&call->method, &call->target, &call->body,
                                           call->is_body_done};
    SP_TRY(sp_rewrite_request(&call->rewrite, &words));
    const bool has_body = call->has_body && (!call->rewrite.is_mcp || call->body.len > 0);
    struct sp_msg_ask ask = {
        .source = sp_slice_of(call->stream->source),
        .method = sp_slice_of(call->method),
        .target = sp_slice_of(call->target),
        .authorization = header(call, "Authorization"),
        .api_key = header(call, "x-ms-apikey"),
        .operation_id = header(call, "operation-id"),
        .idempotency_key = idempotency_key(call),
        .has_idempotency_key = header(call, "Idempotency-Key").ptr != NULL,
        .is_stream = wants_events(call) && !call->rewrite.is_mcp,
        .traceparent = traceparent_of(call),
        .is_tls = call->stream->is_tls,
        .certificate = sp_slice_make(call->stream->certificate, call->stream->certificate_len),
        .subject = sp_slice_of(call->stream->subject),
        .has_body = has_body                                                          ? 1
                    : header(call, "Content-Length").len > 0 && !call->rewrite.is_mcp ? 2
                                                                                      : 0,
        .body_bytes = call->is_body_done ? call->body.len : call->declared,
        .is_ready = call->is_body_done};
    if (ask.operation_id.len > SP_MSG_SESSION_MAX || ask.api_key.len > SP_MSG_FIELD_MAX ||
        ask.authorization.len > SP_MSG_FIELD_MAX) {
        return SP_ERR_HEAD_TOO_BIG;
    }
    if (ask.method.len > SP_MSG_NAME_MAX) {
        return SP_ERR_NOT_IMPLEMENTED;
    }
    if (ask.target.len > SP_MSG_TARGET_MAX) {
        return SP_ERR_URI_TOO_LONG;
    }
    if (call->face->is_draining) {
        return SP_ERR_UNAVAILABLE;
    }
    SP_TRY(sp_desk_open(call->face->desk, call, &ask, is_reading(ask.method, ask.target),
                        sp_clock_mono_ms(), &call->exchange));
    call->is_open = true;
    return SP_OK;
}

/* Whether the body is read before admit is asked: it fits into what each stream has anyway (one in
 * chunks may), and nobody waits for a 100. That spares two messages, and the connection when it is refused. */
static bool is_early(const struct sp_call *call)
{
    bool may_be_small = call->declared <= SP_PAYLOAD_INLINE_MAX || call->declared == UINT64_MAX;
    return may_be_small &&
           (header(call, "Expect").len == 0 || sp_mcp_is_target(sp_slice_of(call->target)));
}

static enum sp_err read_head(struct sp_call *call, const char *method)
{
    struct sp_slice length = header(call, "Content-Length");
    bool is_chunked = header(call, "Transfer-Encoding").len > 0;
    call->method = sp_slice_dup(sp_slice_of(method));
    if (call->method == NULL) {
        return SP_ERR_NOMEM;
    }
    call->declared = UINT64_MAX;
    if (!is_chunked) {
        call->declared = 0;
        if (length.len > 0) {
            SP_TRY(sp_parse_u64(length, UINT64_MAX - 1, &call->declared));
        }
    }
    call->has_body = call->declared > 0;
    return SP_OK;
}

static enum MHD_Result begin(struct sp_call *call, const char *method)
{
    call->is_begun = true;
    if (read_head(call, method) != SP_OK) {
        return MHD_NO;
    }
    if (!call->has_body || is_early(call)) {
        return MHD_YES; /* its last call may wait, and answer without ending the connection */
    }
    enum sp_err err = open_exchange(call);
    if (err != SP_OK) {
        set_refusal(call, err);
        return queue_reply(call);
    }
    call->is_at_head = true;
    return suspend(call); /* no 100-continue and no byte of the body before the grant */
}

/* --- the body --- */

void sp_call_read_body(void *ctx, void *request, uint64_t bytes_max)
{
    struct sp_call *call = request;
    struct sp_face *face = ctx;
    call->is_granted = true;
    call->body_max =
        bytes_max < face->config.body_bytes_max ? bytes_max : face->config.body_bytes_max;
    bool is_too_big =
        call->has_body && call->declared != UINT64_MAX && call->declared > call->body_max;
    if (is_too_big) {
        sp_desk_body_too_big(face->desk, call->exchange, sp_clock_mono_ms());
    } else {
        resume(call);
    }
}

/* An answer that is there before the body is: a small rest is passed over, which keeps the connection. */
static enum MHD_Result pass_over(struct sp_call *call, size_t *upload_len)
{
    if (call->declared > SP_FACE_DISCARD_BYTES_MAX) {
        return answer_midway(call);
    }
    *upload_len = 0;
    return MHD_YES;
}

static enum sp_err keep_upload(struct sp_call *call, struct sp_slice bytes)
{
    if (call->body.len == 0 && call->body.fd < 0) {
        SP_TRY(sp_body_init(&call->body, call->declared));
    }
    return sp_body_put(&call->body, bytes,
                       call->is_granted ? call->body_max : SP_PAYLOAD_INLINE_MAX);
}

/* A body in chunks turns out to be no small one: what is over that waits, untouched, for a grant. */
static enum MHD_Result ask_midway(struct sp_call *call, size_t *upload_len)
{
    enum sp_err err = open_exchange(call);
    if (err != SP_OK) {
        set_refusal(call, err);
        return pass_over(call, upload_len);
    }
    return suspend(call);
}

static enum MHD_Result take_upload(struct sp_call *call, struct sp_slice bytes, size_t *upload_len)
{
    if (call->has_reply) {
        return pass_over(call, upload_len);
    }
    enum sp_err err = keep_upload(call, bytes);
    if (err == SP_ERR_TOO_BIG && call->is_granted) {
        sp_desk_body_too_big(call->face->desk, call->exchange, sp_clock_mono_ms());
        return suspend(call); /* with this part untouched, until the refusal is recorded */
    }
    if (err == SP_ERR_TOO_BIG && !call->is_open) {
        return ask_midway(call, upload_len);
    }
    if (err != SP_OK) {
        sp_desk_client_left(call->face->desk, call->exchange);
        call->is_open = false;
        set_refusal(call, SP_ERR_UNAVAILABLE);
        return pass_over(call, upload_len);
    }
    *upload_len = 0;
    return MHD_YES;
}

static enum MHD_Result end_of_request(struct sp_call *call)
{
    call->is_body_done = true;
    if (!call->is_open) {
        enum sp_err err = open_exchange(call);
        if (err != SP_OK) {
            set_refusal(call, err);
        }
    } else {
        sp_desk_body_ready(call->face->desk, call->exchange, call->body.len, sp_clock_mono_ms());
    }
    return call->has_reply ? queue_reply(call) : suspend(call);
}

enum MHD_Result sp_call_handle(struct sp_call *call, const char *method, const char *upload,
                               size_t *upload_len)
{
    if (call->is_gone) {
        return MHD_NO;
    }
    if (!call->is_begun) {
        return begin(call, method);
    }
    if (*upload_len > 0) {
        return take_upload(call, sp_slice_make(upload, *upload_len), upload_len);
    }
    if (call->live != NULL) {
        return queue_live(call);
    }
    if (call->has_reply) {
        return queue_reply(call);
    }
    if (call->is_at_head) {
        call->is_at_head = false; /* granted; now the body comes */
        return MHD_YES;
    }
    return end_of_request(call);
}

/* A run has none, for all of it stands in its body; unless its body claims to be something else. */
static enum sp_err put_arguments(struct sp_call *call, const struct sp_msg_send *send,
                                 struct sp_buf *out)
{
    if (send->operation == SP_OPERATION_EXECUTE &&
        sp_request_takes_type(header(call, "Content-Type"))) {
        return SP_OK;
    }
    const struct sp_job_request request = {.method = sp_slice_of(call->method),
                                           .target = sp_slice_of(call->target),
                                           .content_type = header(call, "Content-Type"),
                                           .names = send->names};
    call->next_skip = send->next_skip;
    sp_buf_clear(&call->names);
    SP_TRY(sp_buf_put(&call->names, send->names));
    return sp_job_arguments(&request, out);
}

enum sp_err sp_call_job(void *ctx, void *request, const struct sp_msg_send *send,
                        struct sp_msg_job *job)
{
    struct sp_call *call = request;
    struct sp_face *face = ctx;
    SP_AUTO_PAYLOAD struct sp_payload body = SP_PAYLOAD_EMPTY;
    SP_AUTO_BUF struct sp_buf arguments;
    sp_buf_init(&arguments, SP_MSG_ARGUMENTS_MAX);
    SP_TRY(put_arguments(call, send, &arguments));
    SP_TRY(sp_body_payload(&call->body, &body));
    job->arguments = sp_buf_slice(&arguments);
    job->body = body;
    enum sp_err err = face->config.wires.job(face->config.wires.ctx, send->worker, job);
    job->body = SP_PAYLOAD_EMPTY;
    job->arguments = (struct sp_slice){NULL, 0};
    if (err == SP_OK) {
        sp_body_done(&call->body); /* what `body` lent from it is not looked at again */
    }
    return err;
}

void sp_call_client_left(struct sp_call *call)
{
    if (call->live != NULL) {
        call->is_gone = true;
        sp_live_break(call->live);
    }
    if (call->is_suspended) {
        call->is_gone = true;
        if (call->is_open) {
            call->is_open = false;
            sp_desk_client_left(call->face->desk, call->exchange);
        }
        resume(call);
    }
}
