/* Operations that are no runs: files, sessions, metadata, and what became of a run. */
#include <stdlib.h>

#include "relay/again.h"

/* Time for the pool's answer, beside what it takes to find a session; a large file moves at a megabyte a second. */
#define ERRAND_MS       30000U
#define BYTES_A_MS      1000U

/* Pages of one list of sessions that are read for one answer. */
#define LIST_SKIP_MAX   100000U
#define SHORT_BYTES_MAX ((size_t)4 * 1024)

/* Whoever asks may well have begun it. */
static const char not_kept[] = "this session has no such execution, or its result is not kept any "
                               "more: for ten minutes, and not across a restart of the gateway";

void sp_relay_errand_free(struct errand *errand)
{
    if (errand == NULL) {
        return;
    }
    sp_payload_done(&errand->order_bytes);
    sp_payload_done(&errand->content);
    sp_buf_done(&errand->type);
    sp_buf_done(&errand->tail);
    sp_buf_done(&errand->product);
    free(errand);
}

static const struct sp_upstream *upstream_of(const struct sp_relay_room *room,
                                             const struct run *run)
{
    return &room->lanes[run->pool].pool->upstream;
}

static enum sp_err build_upload(const struct sp_relay_room *room, struct run *run)
{
    struct errand *errand = run->errand;
    if (errand->content_at > errand->content.bytes.len ||
        errand->content_bytes > errand->content.bytes.len - errand->content_at) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_upstream_upload_type(&errand->order, &errand->type));
    SP_TRY(sp_upstream_upload_head(upstream_of(room, run), &errand->order, &run->body));
    return sp_upstream_upload_tail(&errand->order, &errand->tail);
}

enum sp_err sp_relay_errand_target(const struct sp_relay_room *room, struct run *run)
{
    struct errand *errand = run->errand;
    bool is_file = errand->order.operation == SP_OPERATION_FILE_PUT ||
                   errand->order.operation == SP_OPERATION_FILE_CONTENT;
    uint64_t moved = is_file ? SP_HTTP_FILE_BYTES_MAX / BYTES_A_MS : 0;
    sp_buf_clear(&run->target);
    run->timeout_ms = ERRAND_MS + SP_RELAY_MARGIN_MS + (uint32_t)moved;
    return sp_upstream_other_target(upstream_of(room, run), &errand->order,
                                    sp_buf_slice(&run->session), errand->skip, &run->target);
}

enum sp_err sp_relay_errand_new(struct sp_relay_room *room, struct run *run, struct sp_msg_run *msg)
{
    struct errand *errand = calloc(1, sizeof(*errand));
    if (errand == NULL) {
        return SP_ERR_NOMEM;
    }
    run->errand = errand;
    errand->content_at = msg->content_at;
    errand->content_bytes = msg->content_bytes;
    sp_buf_init(&errand->type, SHORT_BYTES_MAX);
    sp_buf_init(&errand->tail, SHORT_BYTES_MAX);
    sp_buf_init(&errand->product, SP_PRODUCT_BYTES_MAX);
    SP_TRY(sp_payload_keep(&msg->order, &errand->order_bytes));
    SP_TRY(sp_payload_keep(&msg->content, &errand->content));
    SP_TRY(sp_order_read(errand->order_bytes.bytes, &errand->order));
    if (errand->order.operation == SP_OPERATION_FILE_PUT) {
        SP_TRY(build_upload(room, run));
    }
    return sp_relay_errand_target(room, run);
}

void sp_relay_errand_request(const struct errand *errand, struct sp_http_request *request)
{
    enum sp_operation operation = errand->order.operation;
    request->method = operation == SP_OPERATION_FILE_PUT ? NULL : sp_upstream_method(operation);
    request->content_type = sp_buf_slice(&errand->type);
    request->tail = sp_buf_slice(&errand->tail);
    request->is_download = operation == SP_OPERATION_FILE_CONTENT;
    if (operation == SP_OPERATION_FILE_PUT) {
        request->content = sp_slice_sub(errand->content.bytes, (size_t)errand->content_at,
                                        (size_t)errand->content_bytes);
    }
}

/* A file that came: what is known of it stands beside its bytes. */
static void end_download(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                         uint64_t now_us)
{
    SP_AUTO_BUF struct sp_buf product;
    struct sp_writer w;
    const struct sp_spot *spot = &run->errand->order.spot;
    const struct sp_file_record file = {.directory = spot->directory,
                                        .name = spot->name,
                                        .content_type = sp_slice_of(end->content_type),
                                        .modified = sp_slice_of(end->last_modified),
                                        .size = end->content->bytes.len};
    struct sp_msg_outcome outcome = sp_relay_outcome_of(room, run, now_us);
    sp_buf_init(&product, SP_PRODUCT_BYTES_MAX);
    sp_writer_init(&w, &product);
    sp_file_record_write(&w, &file);
    if (sp_writer_end(&w) != SP_OK) {
        sp_relay_end_unknown(room, run, "memory is used up", now_us);
        return;
    }
    outcome.state = SP_END_DONE;
    outcome.pool_status = (uint16_t)end->status;
    outcome.result_bytes = end->content->bytes.len;
    outcome.content = *end->content;
    *end->content = SP_PAYLOAD_EMPTY;
    sp_relay_end_run(room, run, &outcome, sp_buf_slice(&product), now_us);
}

/* A list goes on at its next page, and then at the next pool: each knows its own sessions only. */
static bool goes_on(const struct sp_relay_room *room, struct run *run,
                    const struct sp_upstream_other *answer)
{
    struct errand *errand = run->errand;
    if (errand->order.operation != SP_OPERATION_SESSION_LIST || answer->err != SP_OK) {
        return false;
    }
    if (answer->has_more && errand->skip <= LIST_SKIP_MAX) {
        errand->skip += answer->count;
        return true;
    }
    if (run->pool + 1U >= room->config.pool_count) {
        return false;
    }
    errand->skip = 0;
    run->pool++;
    return true;
}

static void end_errand(struct sp_relay_room *room, struct run *run,
                       const struct sp_upstream_other *answer, const struct sp_http_end *end,
                       uint64_t now_us)
{
    struct sp_msg_outcome outcome = sp_relay_outcome_of(room, run, now_us);
    SP_AUTO_BUF struct sp_buf product = run->errand->product; /* outlives the slot */
    sp_buf_init(&run->errand->product, 0);
    outcome.state = sp_relay_end_number(answer->end);
    outcome.err = answer->err;
    outcome.detail = sp_slice_of(answer->reason.text);
    outcome.retry_after_ms = sp_relay_retry_ms(answer->err, end);
    outcome.pool_status = (uint16_t)end->status;
    outcome.result_bytes = product.len;
    if (end->status == 401) {
        sp_bearers_refused(room, run, now_us);
    }
    sp_relay_end_run(room, run, &outcome,
                     answer->err == SP_OK ? sp_buf_slice(&product) : sp_slice_of(NULL), now_us);
}

bool sp_relay_errand_answered(struct sp_relay_room *room, struct run *run,
                              const struct sp_http_end *end, uint64_t now_us)
{
    struct sp_upstream_other answer = {.end = SP_UPSTREAM_UNKNOWN};
    if (end->content != NULL) {
        sp_route_heard(room, run, end, false, now_us);
        end_download(room, run, end, now_us);
        return false;
    }
    if (sp_upstream_other_read(upstream_of(room, run), &run->errand->order, end->status, end->body,
                               &answer, &run->errand->product) != SP_OK) {
        sp_relay_end_unknown(room, run, "memory is used up", now_us);
        return false;
    }
    sp_route_heard(room, run, end, answer.err == SP_ERR_SESSIONS_FULL, now_us);
    if (goes_on(room, run, &answer) && sp_relay_errand_target(room, run) == SP_OK) {
        run->attempts = 0;
        return true;
    }
    if (answer.err == SP_ERR_SESSIONS_FULL &&
        sp_rest(room, run, end->retry_after_s * 1000U, now_us)) {
        return false;
    }
    if (end->status == 401 && sp_bearers_wait(room, run, sp_slice_of(answer.reason.text), now_us)) {
        return false;
    }
    end_errand(room, run, &answer, end, now_us);
    return false;
}

void sp_relay_tell_execution(struct sp_relay_room *room, const struct sp_msg_run *msg,
                             struct sp_slice id)
{
    SP_AUTO_BUF struct sp_buf product;
    struct sp_writer w;
    struct sp_execution execution = {.state = SP_EXECUTION_BROKEN};
    struct sp_msg_outcome outcome = {.exchange = msg->exchange,
                                     .state = SP_END_DONE,
                                     .answer = SP_PAYLOAD_EMPTY,
                                     .content = SP_PAYLOAD_EMPTY};
    sp_buf_init(&product, ANSWER_BYTES_MAX + SP_PRODUCT_TEXT_MAX);
    sp_writer_init(&w, &product);
    outcome.err = sp_shelf_find(room->shelf, msg->session, id, &execution);
    if (outcome.err == SP_OK) {
        sp_execution_write(&w, &execution);
        outcome.err = sp_writer_end(&w);
    }
    if (outcome.err != SP_OK) {
        outcome.state = SP_END_NOT_STARTED;
        outcome.detail =
            outcome.err == SP_ERR_EXECUTION_NOT_FOUND ? sp_slice_of(not_kept) : sp_slice_of(NULL);
        sp_buf_clear(&product);
    }
    room->ops.outcome(room->ops.ctx, &outcome, sp_buf_slice(&product));
}
