#include "api/upstream.h"

#include "api/upstream_inner.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/json_out.h"
#include "codec/url.h"

#define RUNNING_ID_MAX ((size_t)128)

enum sp_err sp_upstream_init(struct sp_upstream *u, struct sp_slice base_path,
                             struct sp_slice api_version, bool is_embedded)
{
    enum sp_version version = SP_VERSION_2025_10;
    /* The configured version is the one that the pools of Azure speak; the embedded pool speaks its own. */
    if (api_version.len > 0 && !is_embedded) {
        SP_TRY(sp_version_parse(api_version, &version));
    }
    while (base_path.len > 0 && base_path.ptr[base_path.len - 1] == '/') {
        base_path.len--;
    }
    *u = (struct sp_upstream){
        .family = version >= SP_VERSION_2024_10 ? SP_FAMILY_NEW : SP_FAMILY_OLD,
        .base_path = base_path,
        .api_version = sp_slice_of(sp_version_text(version)),
        .is_embedded = is_embedded,
        .has_run_options = version >= SP_VERSION_2025_10,
    };
    return SP_OK;
}

enum sp_err sp_upstream_target(const struct sp_upstream *u, enum sp_operation operation,
                               struct sp_slice session, struct sp_buf *out)
{
    if (operation != SP_OPERATION_EXECUTE) {
        return SP_ERR_NOT_IMPLEMENTED;
    }
    SP_TRY(sp_buf_put(out, u->base_path));
    SP_TRY(sp_buf_put_text(out, u->family == SP_FAMILY_NEW ? "/executions" : "/code/execute"));
    SP_TRY(sp_buf_put_text(out, "?api-version="));
    SP_TRY(sp_url_encode(u->api_version, out));
    SP_TRY(sp_buf_put_text(out, "&identifier="));
    return sp_url_encode(session, out);
}

enum sp_err sp_upstream_poll_target(const struct sp_upstream *u, struct sp_slice id,
                                    struct sp_slice session, struct sp_buf *out)
{
    if (u->family != SP_FAMILY_NEW) {
        return SP_ERR_NOT_IMPLEMENTED;
    }
    SP_TRY(sp_buf_put(out, u->base_path));
    SP_TRY(sp_buf_put_text(out, "/executions/"));
    SP_TRY(sp_url_encode(id, out));
    SP_TRY(sp_buf_put_text(out, "?api-version="));
    SP_TRY(sp_url_encode(u->api_version, out));
    SP_TRY(sp_buf_put_text(out, "&identifier="));
    return sp_url_encode(session, out);
}

enum sp_err sp_upstream_body(const struct sp_upstream *u, const struct sp_order *order,
                             struct sp_buf *out)
{
    struct sp_json_out w;
    bool is_old = u->family != SP_FAMILY_NEW;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    if (is_old) {
        sp_json_out_key(&w, "properties");
        sp_json_out_object(&w);
    }
    sp_json_out_member_text(&w, "codeInputType", "Inline");
    sp_json_out_member_text(&w, "executionType", "Synchronous");
    sp_json_out_member_string(&w, "code", order->code);
    sp_json_out_member_u64(&w, "timeoutInSeconds", order->timeout_s);
    if (order->output_max > 0 && u->has_run_options) {
        sp_json_out_member_u64(&w, "outputStreamsMaxLength", order->output_max);
    }
    if (order->is_empty_kernel && u->has_run_options) {
        sp_json_out_member_bool(&w, "useEmptyKernel", true);
    }
    if (order->is_jupyter && u->has_run_options) {
        sp_json_out_member_bool(&w, "returnJupyterFormatExecutionResult", true);
    }
    if (is_old) {
        sp_json_out_object_end(&w);
    }
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

/* --- a run that finished --- */

/* Live services mix the spellings of both families. */
static enum sp_err read_status(const struct sp_json_value *value, enum sp_run_status *out)
{
    static const struct {
        const char *text;
        enum sp_run_status status;
    } known[] = {
        {"Succeeded", SP_RUN_SUCCEEDED}, {"Success", SP_RUN_SUCCEEDED}, {"Failed", SP_RUN_FAILED},
        {"Failure", SP_RUN_FAILED},      {"Canceled", SP_RUN_FAILED},
    };
    struct sp_slice text = {NULL, 0};
    SP_TRY(sp_json_string(value, &text));
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        if (sp_slice_is_nocase(text, known[i].text)) {
            *out = known[i].status;
            return SP_OK;
        }
    }
    return SP_ERR_INVALID; /* Running and its like: the run is not over */
}

/* A pool may answer before the run is over, although it was asked to wait. */
static void note_running(const struct sp_upstream *u, struct sp_upstream_answer *out)
{
    const struct sp_json_value *root = sp_json_root(out->doc);
    struct sp_slice status = {NULL, 0};
    struct sp_slice id = {NULL, 0};
    bool is_running =
        sp_json_string(sp_json_get(root, "status"), &status) == SP_OK &&
        (sp_slice_is_nocase(status, "Running") || sp_slice_is_nocase(status, "NotStarted"));
    if (u->family == SP_FAMILY_NEW && is_running &&
        sp_json_string(sp_json_get(root, "id"), &id) == SP_OK && id.len <= RUNNING_ID_MAX) {
        out->running_id = id;
    }
}

/* A text that may be left out or null. */
static enum sp_err read_text(const struct sp_json_value *value, struct sp_slice *out)
{
    *out = (struct sp_slice){NULL, 0};
    return value == NULL || sp_json_is(value, SP_JSON_NULL) ? SP_OK : sp_json_string(value, out);
}

static enum sp_err read_time(const struct sp_json *doc, const struct sp_json_value *value,
                             uint64_t *out)
{
    int64_t whole = 0;
    double number = 0;
    *out = 0;
    if (value == NULL || sp_json_is(value, SP_JSON_NULL)) {
        return SP_OK;
    }
    if (sp_json_integer(doc, value, &whole) == SP_OK) {
        *out = whole > 0 ? (uint64_t)whole : 0;
        return SP_OK;
    }
    SP_TRY(sp_json_double(value, &number));
    /* Fractions of milliseconds are cut; anything a run cannot take is not believed. */
    *out = number > 0 && number < 1e15 ? (uint64_t)number : 0;
    return SP_OK;
}

static enum sp_err read_value(const struct sp_json_value *value, struct sp_upstream_answer *out)
{
    sp_buf_init(&out->value, SP_RESULT_BYTES_MAX);
    if (value == NULL) {
        SP_TRY(sp_buf_put_text(&out->value, "null"));
    } else {
        SP_TRY(sp_json_print(out->doc, value, &out->value));
    }
    out->result.value_json = sp_buf_slice(&out->value);
    return SP_OK;
}

/* What only our own pool says: all outputs in their order, and what had to be cut. */
static enum sp_err read_extras(const struct sp_json_value *inner, struct sp_upstream_answer *out)
{
    const struct sp_json_value *outputs = sp_json_get(inner, "outputs");
    bool is_cut = false;
    if (sp_json_bool(sp_json_get(inner, "isStdoutTruncated"), &is_cut) == SP_OK) {
        out->result.is_out_cut = is_cut;
    }
    if (sp_json_bool(sp_json_get(inner, "isStderrTruncated"), &is_cut) == SP_OK) {
        out->result.is_err_cut = is_cut;
    }
    if (!sp_json_is(outputs, SP_JSON_ARRAY)) {
        return SP_OK;
    }
    sp_buf_init(&out->outputs, SP_RESULT_BYTES_MAX);
    SP_TRY(sp_json_print(out->doc, outputs, &out->outputs));
    out->result.outputs_json = sp_buf_slice(&out->outputs);
    return SP_OK;
}

/* Where each family keeps what a run gave. */
static enum sp_err read_result(const struct sp_upstream *u, struct sp_upstream_answer *out)
{
    const struct sp_json_value *root = sp_json_root(out->doc);
    const struct sp_json_value *outer = sp_json_get(root, "properties");
    if (outer == NULL) {
        outer = root;
    }
    SP_TRY(read_status(sp_json_get(outer, "status"), &out->result.status));
    const struct sp_json_value *inner =
        u->family == SP_FAMILY_NEW ? sp_json_get(outer, "result") : outer;
    if (!sp_json_is(inner, SP_JSON_OBJECT)) {
        return SP_ERR_INVALID;
    }
    SP_TRY(read_text(sp_json_get(inner, "stdout"), &out->result.out_text));
    SP_TRY(read_text(sp_json_get(inner, "stderr"), &out->result.err_text));
    SP_TRY(read_time(out->doc, sp_json_get(inner, "executionTimeInMilliseconds"),
                     &out->result.time_ms));
    const struct sp_json_value *value = sp_json_get(inner, "executionResult");
    if (value == NULL && u->family != SP_FAMILY_NEW) {
        value = sp_json_get(inner, "result");
    }
    SP_TRY(read_value(value, out));
    if (u->is_embedded) {
        out->witness = sp_json_get(inner, "diagnosticInfo");
    }
    return read_extras(inner, out);
}

/* --- an error --- */

/* The pool's own words, if it has any: error.message, message, title, or plain text. */
static struct sp_slice find_message(const struct sp_json *doc, struct sp_slice body)
{
    const struct sp_json_value *root = doc != NULL ? sp_json_root(doc) : NULL;
    const struct sp_json_value *error = sp_json_get(root, "error");
    const struct sp_json_value *places[] = {
        sp_json_get(error, "message"),
        sp_json_get(root, "message"),
        sp_json_get(root, "title"),
    };
    struct sp_slice text = {NULL, 0};
    for (size_t i = 0; i < SP_COUNT(places); i++) {
        if (sp_json_string(places[i], &text) == SP_OK) {
            return text;
        }
    }
    return doc != NULL ? text : body;
}

static bool has_code(const struct sp_json *doc, const char *code)
{
    struct sp_slice text = {NULL, 0};
    const struct sp_json_value *error =
        doc != NULL ? sp_json_get(sp_json_root(doc), "error") : NULL;
    return sp_json_string(sp_json_get(error, "code"), &text) == SP_OK && sp_slice_is(text, code);
}

static bool holds(struct sp_slice text, const char *needle)
{
    for (size_t at = 0; at < text.len; at++) {
        if (sp_slice_starts(sp_slice_sub(text, at, text.len), needle)) {
            return true;
        }
    }
    return false;
}

/* What pools say when they are full: 429 in practice, 404 by the documents, 500 now and then. */
static bool says_full(struct sp_slice message)
{
    struct sp_slice start = sp_slice_sub(message, 0, SP_WHERE_TEXT_MAX);
    return holds(start, "allocating pod") || holds(start, "no more sessions");
}

static enum sp_err judge_status(const struct sp_upstream *u, unsigned http_status,
                                const struct sp_json *doc, struct sp_slice message,
                                enum sp_upstream_end *out_end)
{
    *out_end = SP_UPSTREAM_NOT_STARTED;
    if (u->is_embedded && http_status == 429 && has_code(doc, sp_err_code(SP_ERR_BUSY))) {
        return SP_ERR_BUSY;
    }
    if (http_status == 429 || says_full(message)) {
        return SP_ERR_SESSIONS_FULL;
    }
    if (http_status == 401 || http_status == 403) {
        return SP_ERR_POOL_CREDENTIAL;
    }
    /* 408 and 5xx come from anything on the way, also after the code began to run; only our own pool knows better. */
    if (http_status >= 300 && http_status < 500 && http_status != 408) {
        return SP_ERR_POOL_REFUSED;
    }
    if (u->is_embedded && http_status == 503 && has_code(doc, sp_err_code(SP_ERR_UNAVAILABLE))) {
        return SP_ERR_POOL_UNAVAILABLE;
    }
    *out_end = SP_UPSTREAM_UNKNOWN;
    return SP_ERR_OUTCOME_UNKNOWN;
}

enum sp_err sp_upstream_judge_error(const struct sp_upstream *u, unsigned http_status,
                                    struct sp_slice body, const struct sp_json *doc,
                                    enum sp_upstream_end *out_end, struct sp_where *out_reason)
{
    struct sp_slice message = find_message(doc, body);
    enum sp_err err = judge_status(u, http_status, doc, message, out_end);
    struct sp_slice quoted = sp_slice_sub(sp_slice_trim(message), 0, SP_WHERE_TEXT_MAX / 2);
    if (quoted.len == 0) {
        sp_where_set(out_reason, 0, 0, "the pool answered %u", http_status);
    } else {
        sp_where_set(out_reason, 0, 0, "the pool answered %u: %.*s", http_status, (int)quoted.len,
                     (const char *)quoted.ptr);
    }
    return err;
}

enum sp_err sp_upstream_read(const struct sp_upstream *u, unsigned http_status,
                             struct sp_slice body, struct sp_upstream_answer *out)
{
    struct sp_json_limits limits = {.bytes_max = SP_UPSTREAM_ANSWER_BYTES_MAX,
                                    .depth_max = SP_JSON_DEPTH_MAX,
                                    .nul = SP_JSON_NUL_ALLOWED};
    *out = (struct sp_upstream_answer){.end = SP_UPSTREAM_UNKNOWN, .err = SP_ERR_POOL_ANSWER};
    struct sp_where where = {0};
    enum sp_err err = sp_json_parse(body, &limits, &out->doc, &where);
    if (http_status < 200 || http_status > 299) {
        out->err = sp_upstream_judge_error(u, http_status, body, out->doc, &out->end, &out->reason);
        return SP_OK;
    }
    if (err == SP_OK) {
        err = read_result(u, out);
        sp_where_set(&where, 0, 0, "a member is missing or has another type");
    }
    if (err == SP_ERR_NOMEM) {
        sp_upstream_answer_done(out);
        return err;
    }
    if (err != SP_OK) {
        if (out->doc != NULL) {
            note_running(u, out);
        }
        sp_where_set(&out->reason, 0, 0, "the pool's answer cannot be read: %.200s", where.text);
        return SP_OK;
    }
    out->end = SP_UPSTREAM_DONE;
    out->err = SP_OK;
    return SP_OK;
}

void sp_upstream_answer_done(struct sp_upstream_answer *answer)
{
    sp_json_free(answer->doc);
    sp_buf_done(&answer->value);
    sp_buf_done(&answer->outputs);
    *answer = (struct sp_upstream_answer){.end = SP_UPSTREAM_UNKNOWN, .err = SP_ERR_POOL_ANSWER};
}
