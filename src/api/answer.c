#include "api/answer.h"

#include <stdio.h>

#include "base/num.h"
#include "base/text.h"
#include "codec/json_out.h"

#define SHELL_STATUS_CHARS 12
#define OUTPUT_BYTES_MAX   ((size_t)1024 * 1024)

unsigned sp_answer_status(const struct sp_route *route)
{
    return route->family == SP_FAMILY_NEW && route->version == SP_VERSION_2024_10 ? 202 : 200;
}

/* The value for clients that take only text: a string as it is, no value as null, all else as its JSON text. */
static void member_as_text(struct sp_json_out *w, const char *key, struct sp_slice json)
{
    bool is_plain = sp_slice_is(json, "null") || (json.len > 0 && json.ptr[0] == '"');
    if (is_plain) {
        sp_json_out_member_raw(w, key, json);
        return;
    }
    sp_json_out_key(w, key);
    sp_json_out_string_lossy(w, json);
}

static void member_lossy(struct sp_json_out *w, const char *key, struct sp_slice text)
{
    sp_json_out_key(w, key);
    sp_json_out_string_lossy(w, text);
}

/* Beyond the contract: clients pass over members that they do not know. */
static void put_extras(struct sp_json_out *w, const struct sp_result *result)
{
    if (result->outputs_json.len > 0) {
        sp_json_out_member_raw(w, "outputs", result->outputs_json);
    }
    if (result->is_out_cut) {
        sp_json_out_member_bool(w, "isStdoutTruncated", true);
    }
    if (result->is_err_cut) {
        sp_json_out_member_bool(w, "isStderrTruncated", true);
    }
}

/* What the old families have in common. `result` and `executionResult` are the same: clients read one or the other. */
static void put_old_members(struct sp_json_out *w, const struct sp_result *result)
{
    sp_json_out_member_text(w, "$id", "2");
    sp_json_out_member_text(w, "status",
                            result->status == SP_RUN_SUCCEEDED ? "Success" : "Failure");
    member_lossy(w, "stdout", result->out_text);
    member_lossy(w, "stderr", result->err_text);
    sp_json_out_member_raw(w, "result", result->value_json);
    sp_json_out_member_raw(w, "executionResult", result->value_json);
    sp_json_out_member_u64(w, "executionTimeInMilliseconds", result->time_ms);
    put_extras(w, result);
}

/*
 * One client reads what a run wrote as one text, and shows nothing else. It stands a second time in the answer, so
 * only so much of it.
 */
static void put_output(struct sp_json_out *w, const struct sp_result *result)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, OUTPUT_BYTES_MAX);
    struct sp_slice out = sp_slice_sub(result->out_text, 0, OUTPUT_BYTES_MAX);
    enum sp_err err = sp_buf_put(&text, out);
    if (err == SP_OK) {
        err = sp_buf_put(&text, sp_slice_sub(result->err_text, 0, OUTPUT_BYTES_MAX - out.len));
    }
    if (err != SP_OK && w->err == SP_OK) {
        w->err = err;
    }
    member_lossy(w, "executionOutput", sp_buf_slice(&text));
}

static void put_old(struct sp_json_out *w, const struct sp_result *result)
{
    sp_json_out_object(w);
    sp_json_out_member_text(w, "$id", "1");
    sp_json_out_key(w, "properties");
    sp_json_out_object(w);
    put_old_members(w, result);
    put_output(w, result);
    sp_json_out_object_end(w);
    sp_json_out_object_end(w);
}

/* /python/execute: flat. Its one known client crashes on a result that is neither text nor object, so numbers are text. */
static void put_legacy(struct sp_json_out *w, const struct sp_result *result)
{
    bool is_object = result->value_json.len > 0 && result->value_json.ptr[0] == '{';
    sp_json_out_object(w);
    sp_json_out_member_text(w, "$id", "1");
    sp_json_out_member_text(w, "status",
                            result->status == SP_RUN_SUCCEEDED ? "Success" : "Failure");
    member_lossy(w, "stdout", result->out_text);
    member_lossy(w, "stderr", result->err_text);
    if (is_object) {
        sp_json_out_member_raw(w, "result", result->value_json);
    } else if (sp_slice_is(result->value_json, "null")) {
        sp_json_out_member_text(w, "result", "");
    } else {
        member_as_text(w, "result", result->value_json);
    }
    sp_json_out_member_u64(w, "executionTimeInMilliseconds", result->time_ms);
    put_extras(w, result);
    sp_json_out_object_end(w);
}

/* /execute: flat, in the old words, with values of their own type. */
static void put_flat(struct sp_json_out *w, struct sp_slice id, const char *type,
                     const struct sp_result *result)
{
    sp_json_out_object(w);
    sp_json_out_member_string(w, "id", id);
    sp_json_out_member_text(w, "executionType", type);
    put_old_members(w, result);
    sp_json_out_object_end(w);
}

/* What each execution of the new family begins with; the object stays open. */
static void begin_new(struct sp_json_out *w, const struct sp_route *route, struct sp_slice id,
                      const char *type, const char *status)
{
    sp_json_out_object(w);
    sp_json_out_member_string(w, "id", id);
    member_lossy(w, "identifier", route->identifier);
    sp_json_out_member_text(w, "executionType", type);
    sp_json_out_member_text(w, "status", status);
}

/* Of a command its exit status, as text: 124 for one that did not come to its end, as timeout(1) has it. */
static const char *status_of(const struct sp_result *result, char text[SHELL_STATUS_CHARS])
{
    uint64_t status = 124;
    if (!result->is_shell) {
        return sp_run_status_name(result->status);
    }
    if (sp_parse_u64(result->value_json, 255, &status) != SP_OK) {
        status = 124;
    }
    (void)snprintf(text, SHELL_STATUS_CHARS, "%u", (unsigned)status);
    return text;
}

static void put_new(struct sp_json_out *w, const struct sp_route *route, struct sp_slice id,
                    const char *type, const struct sp_result *result)
{
    char status[SHELL_STATUS_CHARS];
    begin_new(w, route, id, type, status_of(result, status));
    sp_json_out_key(w, "result");
    sp_json_out_object(w);
    member_lossy(w, "stdout", result->out_text);
    member_lossy(w, "stderr", result->err_text);
    /* Strictly typed clients of these versions throw on a number. */
    if (route->version < SP_VERSION_2025_10) {
        member_as_text(w, "executionResult", result->value_json);
    } else {
        sp_json_out_member_raw(w, "executionResult", result->value_json);
    }
    sp_json_out_member_u64(w, "executionTimeInMilliseconds", result->time_ms);
    put_extras(w, result);
    sp_json_out_object_end(w);
    sp_json_out_object_end(w);
}

enum sp_err sp_answer_result(const struct sp_route *route, struct sp_slice id,
                             const struct sp_result *result, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    switch (route->family) {
    case SP_FAMILY_LEGACY:
        put_legacy(&w, result);
        break;
    case SP_FAMILY_OLD:
        put_old(&w, result);
        break;
    case SP_FAMILY_NEW:
        put_new(&w, route, id, "Synchronous", result);
        break;
    case SP_FAMILY_FLAT:
        put_flat(&w, id, "Synchronous", result);
        break;
    case SP_FAMILY_COUNT:
        return SP_ERR_INVALID;
    }
    return sp_json_out_end(&w);
}

/* A run that goes on, as the old families would say it: every member that clients read is there. */
static void put_running_old(struct sp_json_out *w, const struct sp_route *route, struct sp_slice id)
{
    bool is_flat = route->family != SP_FAMILY_OLD;
    sp_json_out_object(w);
    sp_json_out_member_text(w, "$id", "1");
    if (route->family == SP_FAMILY_FLAT) {
        sp_json_out_member_string(w, "id", id);
        sp_json_out_member_text(w, "executionType", "Asynchronous");
    }
    if (!is_flat) {
        sp_json_out_key(w, "properties");
        sp_json_out_object(w);
        sp_json_out_member_text(w, "$id", "2");
    }
    sp_json_out_member_string(w, "operationId", id);
    sp_json_out_member_text(w, "status", "Running");
    sp_json_out_member_text(w, "stdout", "");
    sp_json_out_member_text(w, "stderr", "");
    sp_json_out_member_text(w, "result", "");
    sp_json_out_member_text(w, "executionResult", "");
    if (!is_flat) {
        sp_json_out_object_end(w);
    }
    sp_json_out_object_end(w);
}

static void put_broken(struct sp_json_out *w, const struct sp_route *route, struct sp_slice id,
                       const struct sp_execution *execution)
{
    begin_new(w, route, id, "Asynchronous", route->family == SP_FAMILY_FLAT ? "Failure" : "Failed");
    sp_json_out_key(w, "error");
    sp_json_out_object(w);
    sp_json_out_key(w, "error");
    sp_json_out_object(w);
    sp_json_out_member_text(w, "code", sp_err_code(execution->err));
    member_lossy(w, "message",
                 execution->detail.len > 0 ? execution->detail
                                           : sp_slice_of(sp_err_text(execution->err)));
    sp_json_out_object_end(w);
    sp_json_out_object_end(w);
    sp_json_out_object_end(w);
}

enum sp_err sp_answer_execution(const struct sp_route *route, struct sp_slice id,
                                const struct sp_execution *execution, struct sp_buf *out)
{
    struct sp_json_out w;
    struct sp_result result = {.status = SP_RUN_FAILED};
    sp_json_out_init(&w, out);
    switch (execution->state) {
    case SP_EXECUTION_ENDED:
        SP_TRY(sp_result_read(execution->result, &result));
        if (route->family == SP_FAMILY_FLAT) {
            put_flat(&w, id, "Asynchronous", &result);
            break;
        }
        put_new(&w, route, id, "Asynchronous", &result);
        break;
    case SP_EXECUTION_RUNNING:
        if (route->family != SP_FAMILY_NEW) {
            put_running_old(&w, route, id);
            break;
        }
        begin_new(&w, route, id, "Asynchronous", "Running");
        sp_json_out_object_end(&w);
        break;
    case SP_EXECUTION_BROKEN:
        put_broken(&w, route, id, execution);
        break;
    }
    return sp_json_out_end(&w);
}

static void put_detail(struct sp_json_out *w, const struct sp_answer_detail *detail)
{
    sp_json_out_object(w);
    member_lossy(w, "code", detail->code);
    member_lossy(w, "message", detail->message);
    if (detail->target.len > 0) {
        member_lossy(w, "target", detail->target);
    }
    if (detail->action.len > 0) {
        member_lossy(w, "action", detail->action);
    }
    if (detail->line > 0) {
        sp_json_out_member_u64(w, "line", detail->line);
        sp_json_out_member_u64(w, "column", detail->column);
        sp_json_out_member_u64(w, "endLine", detail->end_line);
        sp_json_out_member_u64(w, "endColumn", detail->end_column);
    }
    sp_json_out_object_end(w);
}

enum sp_err sp_answer_error(const struct sp_answer_problem *problem, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "error");
    sp_json_out_object(&w);
    sp_json_out_member_text(&w, "code", sp_err_code(problem->err));
    member_lossy(&w, "message",
                 problem->detail.len > 0 ? problem->detail
                                         : sp_slice_of(sp_err_text(problem->err)));
    if (problem->detail_count > 0) {
        sp_json_out_key(&w, "details");
        sp_json_out_array(&w);
        for (size_t i = 0; i < problem->detail_count; i++) {
            put_detail(&w, &problem->details[i]);
        }
        sp_json_out_array_end(&w);
    }
    if (problem->trace_id.len > 0) {
        member_lossy(&w, "traceId", problem->trace_id);
    }
    sp_json_out_object_end(&w);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}
