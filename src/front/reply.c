#include "front/reply.h"

#include "api/answer.h"
#include "api/answer_other.h"
#include "api/mcp.h"
#include "api/scope.h"
#include "codec/http_field.h"
#include "codec/http_range.h"
#include "codec/url.h"
#include "wire/finding.h"

#define ID_BYTES            ((size_t)24)
#define ERROR_BYTES_MAX     ((size_t)256 * 1024)
#define LOCATION_BYTES_MAX  ((size_t)1024)
#define CHALLENGE_BYTES_MAX ((size_t)256)
#define LIMIT_BYTES         ((size_t)128)

static enum sp_err add(struct sp_reply *reply, const char *name, struct sp_slice value)
{
    if (reply->field_count == SP_REPLY_FIELDS_MAX) {
        return SP_ERR_TOO_BIG;
    }
    size_t at = reply->values.len;
    SP_TRY(sp_buf_put(&reply->values, value));
    SP_TRY(sp_buf_put_byte(&reply->values, 0));
    reply->fields[reply->field_count] = (struct sp_reply_field){.name = name, .value_at = at};
    reply->field_count++;
    return SP_OK;
}

static enum sp_err add_number(struct sp_reply *reply, const char *name, uint64_t value)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, ID_BYTES);
    SP_TRY(sp_buf_put_u64(&text, value));
    return add(reply, name, sp_buf_slice(&text));
}

/* The type stands first in every answer. */
static enum sp_err set_type(struct sp_reply *reply, struct sp_slice type)
{
    size_t at = reply->values.len;
    SP_TRY(sp_buf_put(&reply->values, type));
    SP_TRY(sp_buf_put_byte(&reply->values, 0));
    reply->fields[0].value_at = at;
    return SP_OK;
}

/* 16 hexadecimal digits: unique for as long as the log of one supervisor start is looked at. */
static enum sp_err put_id(sp_exchange exchange, struct sp_buf *out)
{
    return sp_buf_putf(out, "%016llx", (unsigned long long)exchange);
}

/* Structured fields: a policy's name says whose it is, q how much there is and w for how many seconds. */
static enum sp_err add_limit(struct sp_reply *reply, const struct sp_limit_state *limit)
{
    SP_AUTO_BUF struct sp_buf name;
    SP_AUTO_BUF struct sp_buf text;
    uint32_t window_s = sp_limit_window_s(limit->limit);
    sp_buf_init(&name, LIMIT_BYTES);
    sp_buf_init(&text, LIMIT_BYTES);
    if (limit->limit == SP_LIMIT_NONE) {
        return SP_OK;
    }
    SP_TRY(limit->scope == SP_LIMIT_OF_TENANT
               ? SP_OK
               : sp_buf_putf(&name, "%s-", sp_limit_scope_name(limit->scope)));
    SP_TRY(sp_buf_putf(&name, "%s", sp_limit_field(limit->limit)));
    SP_TRY(sp_buf_putf(&text, "\"%.*s\";q=%llu", (int)name.len, (const char *)name.ptr,
                       (unsigned long long)limit->size));
    SP_TRY(window_s == 0 ? SP_OK : sp_buf_putf(&text, ";w=%u", window_s));
    SP_TRY(add(reply, "RateLimit-Policy", sp_buf_slice(&text)));
    sp_buf_clear(&text);
    SP_TRY(sp_buf_putf(&text, "\"%.*s\";r=%llu;t=%u", (int)name.len, (const char *)name.ptr,
                       (unsigned long long)limit->left, limit->reset_s));
    return add(reply, "RateLimit", sp_buf_slice(&text));
}

static enum sp_err add_common(struct sp_reply *reply, const struct sp_desk_answer *answer)
{
    SP_AUTO_BUF struct sp_buf id;
    sp_buf_init(&id, ID_BYTES);
    SP_TRY(put_id(answer->exchange, &id));
    const bool is_media = answer->err == SP_OK && answer->media != NULL;
    SP_TRY(add(reply, "Content-Type", sp_slice_of(is_media ? answer->media : "application/json")));
    SP_TRY(add(reply, "x-ms-request-id", sp_buf_slice(&id)));
    SP_TRY(add_limit(reply, &answer->limit));
    SP_TRY(answer->is_replay ? add(reply, "Idempotency-Replayed", SP_SLICE_LITERAL("true"))
                             : SP_OK);
    return answer->has_entry ? add_number(reply, "x-sallyport-entry", answer->entry) : SP_OK;
}

/* --- errors --- */

/* Findings come from inspect by audit; a list that does not read is left out, for the error itself still stands. */
static size_t read_findings(struct sp_slice bytes, struct sp_answer_detail details[SP_FINDINGS_MAX])
{
    struct sp_reader r;
    size_t count = 0;
    sp_reader_init(&r, bytes);
    while (sp_reader_left(&r) > 0 && count < SP_FINDINGS_MAX) {
        struct sp_finding finding = {0};
        if (sp_finding_read(&r, &finding) != SP_OK) {
            return 0;
        }
        details[count++] =
            (struct sp_answer_detail){.code = finding.rule,
                                      .message = finding.message,
                                      .action = sp_slice_of(sp_action_name(finding.action)),
                                      .line = finding.line,
                                      .column = finding.column,
                                      .end_line = finding.end_line,
                                      .end_column = finding.end_column};
    }
    return count;
}

/*
 * RFC 6750, section 3: no error for a request without a token, `invalid_token` for one that is none or no longer one,
 * `insufficient_scope` with the scope's name for one that may do other things. The texts are ours, never the client's.
 */
static enum sp_err add_challenge(struct sp_reply *reply, const struct sp_desk_answer *answer)
{
    const struct sp_slice scope = sp_scope_said(answer->detail);
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, CHALLENGE_BYTES_MAX);
    if (answer->err == SP_ERR_SCOPE && scope.len > 0) {
        SP_TRY(sp_buf_put_text(
            &text, "Bearer realm=\"sallyport\", error=\"insufficient_scope\", scope=\""));
        SP_TRY(sp_buf_put(&text, scope));
        SP_TRY(sp_buf_put_byte(&text, '"'));
    } else if (answer->err == SP_ERR_TOKEN_MISSING) {
        SP_TRY(sp_buf_put_text(&text, "Bearer realm=\"sallyport\""));
    } else if (reply->status == 401) {
        SP_TRY(sp_buf_putf(
            &text, "Bearer realm=\"sallyport\", error=\"invalid_token\", error_description=\"%s\"",
            sp_err_text(answer->err)));
    } else {
        return SP_OK;
    }
    return add(reply, "WWW-Authenticate", sp_buf_slice(&text));
}

/* The endpoint of MCP is no path of the data plane's own. */
static const char *methods_of(struct sp_slice target)
{
    const char *methods = sp_route_methods(target);
    return methods == NULL && sp_mcp_is_target(target) ? "OPTIONS, POST" : methods;
}

/* The methods of a path, which is all that OPTIONS asks for. */
static enum sp_err put_options(struct sp_reply *reply, const struct sp_reply_request *request)
{
    const char *methods = methods_of(request->target);
    reply->status = 204;
    return methods == NULL ? SP_OK : add(reply, "Allow", sp_slice_of(methods));
}

static enum sp_err put_error(struct sp_reply *reply, const struct sp_reply_request *request,
                             const struct sp_desk_answer *answer)
{
    struct sp_answer_detail details[SP_FINDINGS_MAX];
    const struct sp_answer_problem problem = {
        .err = answer->err,
        .detail = answer->detail,
        .trace_id = sp_slice_sub(sp_http_traceparent(request->traceparent), 1, 32),
        .details = details,
        .detail_count = read_findings(answer->findings, details)};
    reply->status = sp_err_http(answer->err);
    if (answer->err == SP_ERR_METHOD && sp_slice_is(request->method, "OPTIONS")) {
        return put_options(reply, request);
    }
    SP_TRY(add(reply, "x-ms-error-code", sp_slice_of(sp_err_code(answer->err))));
    SP_TRY(add_challenge(reply, answer));
    if (answer->retry_after_ms > 0) {
        SP_TRY(add_number(reply, "Retry-After", ((uint64_t)answer->retry_after_ms + 999) / 1000));
    }
    const char *methods = reply->status == 405 ? methods_of(request->target) : NULL;
    if (methods != NULL) {
        SP_TRY(add(reply, "Allow", sp_slice_of(methods)));
    }
    return sp_answer_error(&problem, &reply->body);
}

/* --- results --- */

static enum sp_err add_location(struct sp_reply *reply, const struct sp_route *route,
                                struct sp_slice id)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, LOCATION_BYTES_MAX);
    /* The other old versions have no path to ask at. */
    bool is_flat = route->family == SP_FAMILY_FLAT;
    bool is_there = is_flat || route->version >= SP_VERSION_2024_10;
    SP_TRY(sp_buf_put_text(&text, is_flat ? "/execute/" : "/executions/"));
    SP_TRY(sp_url_encode(id, &text));
    SP_TRY(sp_buf_put_text(&text, "?api-version="));
    SP_TRY(sp_url_encode(
        is_there ? route->api_version : sp_slice_of(sp_version_text(SP_VERSION_2024_10)), &text));
    SP_TRY(sp_buf_put_text(&text, "&identifier="));
    SP_TRY(sp_url_encode(route->identifier, &text));
    SP_TRY(is_flat ? add(reply, "Location", sp_buf_slice(&text)) : SP_OK);
    return add(reply, "Operation-Location", sp_buf_slice(&text));
}

/* What the log, the pool and the client call this run. */
static enum sp_err put_run_id(const struct sp_reply_request *request,
                              const struct sp_desk_answer *answer, struct sp_buf *out)
{
    if (answer->execution.len > 0) {
        return sp_buf_put(out, answer->execution);
    }
    if (sp_http_is_token(request->operation_id) &&
        request->operation_id.len <= SP_MSG_SESSION_MAX) {
        return sp_buf_put(out, request->operation_id);
    }
    return put_id(answer->exchange, out);
}

/* The session's name at the pool in the form of a GUID: it tells sessions apart and gives nobody a way in. */
static enum sp_err add_session_guid(struct sp_reply *reply, struct sp_slice session)
{
    static const uint8_t groups[] = {8, 4, 4, 4, 12};
    SP_AUTO_BUF struct sp_buf text;
    size_t at = 0;
    sp_buf_init(&text, 64);
    if (session.len < 32) {
        return SP_OK;
    }
    for (size_t i = 0; i < SP_COUNT(groups); i++) {
        SP_TRY(i == 0 ? SP_OK : sp_buf_put_byte(&text, '-'));
        SP_TRY(sp_buf_put(&text, sp_slice_sub(session, at, groups[i])));
        at += groups[i];
    }
    return add(reply, "X-Ms-Session-Guid", sp_buf_slice(&text));
}

/* Milliseconds, as whole numbers. */
static enum sp_err add_run_times(struct sp_reply *reply, const struct sp_desk_answer *answer,
                                 uint64_t run_ms)
{
    SP_TRY(add_session_guid(reply, answer->session));
    SP_TRY(add_number(reply, "X-Ms-Overall-Execution-Time", answer->relay_us / 1000));
    return add_number(reply, "X-Ms-Container-Execution-Duration", run_ms);
}

static enum sp_err put_result(struct sp_reply *reply, const struct sp_reply_request *request,
                              const struct sp_desk_answer *answer, const struct sp_route *route,
                              const struct sp_result *result)
{
    const struct sp_execution running = {.state = SP_EXECUTION_RUNNING};
    SP_AUTO_BUF struct sp_buf id;
    sp_buf_init(&id, SP_MSG_SESSION_MAX);
    SP_TRY(put_run_id(request, answer, &id));
    reply->status =
        answer->is_async && route->family == SP_FAMILY_FLAT ? 202 : sp_answer_status(route);
    SP_TRY(add(reply, "operation-id", sp_buf_slice(&id)));
    if (answer->is_async) { /* of a run that was waited for, nothing is kept to be asked after */
        SP_TRY(add_location(reply, route, sp_buf_slice(&id)));
    }
    if (answer->is_async) {
        return sp_answer_execution(route, sp_buf_slice(&id), &running, &reply->body);
    }
    SP_TRY(add_run_times(reply, answer, result->time_ms));
    return sp_answer_result(route, sp_buf_slice(&id), result, &reply->body);
}

/* A denied run as one that failed: agents that read nothing but stderr can mend their code. */
static enum sp_err put_denial(struct sp_reply *reply, const struct sp_reply_request *request,
                              const struct sp_desk_answer *answer, const struct sp_route *route)
{
    struct sp_answer_detail details[SP_FINDINGS_MAX];
    SP_AUTO_BUF struct sp_buf text;
    size_t count = read_findings(answer->findings, details);
    sp_buf_init(&text, ERROR_BYTES_MAX);
    SP_TRY(sp_buf_put_text(&text, "PolicyDenied: "));
    SP_TRY(sp_buf_put(&text, answer->detail.len > 0 ? answer->detail
                                                    : sp_slice_of(sp_err_text(answer->err))));
    SP_TRY(sp_buf_put_text(&text, "\n"));
    for (size_t i = 0; i < count; i++) {
        const struct sp_answer_detail *d = &details[i];
        SP_TRY(sp_buf_putf(&text, "  line %u, column %u: %.*s: %.*s (%.*s)\n", d->line, d->column,
                           (int)d->code.len, (const char *)d->code.ptr, (int)d->message.len,
                           (const char *)d->message.ptr, (int)d->action.len,
                           (const char *)d->action.ptr));
    }
    const struct sp_result result = {.status = SP_RUN_FAILED,
                                     .err_text = sp_buf_slice(&text),
                                     .value_json = SP_SLICE_LITERAL("null")};
    return put_result(reply, request, answer, route, &result);
}

/* --- downloads --- */

static void take_content(struct sp_reply *reply, const struct sp_desk_answer *answer, uint64_t from,
                         uint64_t len)
{
    reply->content = *answer->content;
    *answer->content = SP_PAYLOAD_EMPTY;
    reply->has_content = true;
    reply->owner = answer->owner;
    reply->from = from;
    reply->len = len;
}

/* A part of another file than the one that the client has begun with would be worse than the whole of this one. */
static struct sp_slice range_of(const struct sp_reply_request *request,
                                const struct sp_file_record *file)
{
    bool is_another = request->has_if_range && !sp_slice_equal(request->if_range, file->modified);
    return is_another ? sp_slice_of(NULL) : request->range;
}

static enum sp_err put_download(struct sp_reply *reply, const struct sp_reply_request *request,
                                const struct sp_desk_answer *answer)
{
    struct sp_reader r;
    struct sp_file_record file;
    struct sp_http_range range;
    uint64_t size = answer->content->bytes.len;
    sp_reader_init(&r, answer->payload->bytes);
    SP_TRY(sp_file_record_read(&r, &file));
    bool has_type = file.content_type.len > 0 && sp_http_is_field_value(file.content_type);
    SP_TRY(add(reply, "Accept-Ranges", SP_SLICE_LITERAL("bytes")));
    /* What a tenant calls a picture is no page, whatever it holds. */
    SP_TRY(add(reply, "X-Content-Type-Options", SP_SLICE_LITERAL("nosniff")));
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, LOCATION_BYTES_MAX);
    if (sp_http_range(range_of(request, &file), size, &range) != SP_OK) {
        const struct sp_answer_problem problem = {.err = SP_ERR_NOT_SATISFIABLE};
        reply->status = 416;
        SP_TRY(sp_buf_putf(&text, "bytes */%llu", (unsigned long long)size));
        SP_TRY(add(reply, "Content-Range", sp_buf_slice(&text)));
        return sp_answer_error(&problem, &reply->body);
    }
    SP_TRY(set_type(reply,
                    has_type ? file.content_type : SP_SLICE_LITERAL("application/octet-stream")));
    if (file.modified.len > 0 && sp_http_is_field_value(file.modified)) {
        SP_TRY(add(reply, "Last-Modified", file.modified));
    }
    reply->status = range.is_part ? 206 : 200;
    if (range.is_part) {
        SP_TRY(sp_buf_putf(&text, "bytes %llu-%llu/%llu", (unsigned long long)range.from,
                           (unsigned long long)(range.from + range.len - 1),
                           (unsigned long long)size));
        SP_TRY(add(reply, "Content-Range", sp_buf_slice(&text)));
    }
    take_content(reply, answer, range.from, range.len);
    return SP_OK;
}

/* --- all else --- */

static enum sp_err put_execution(struct sp_reply *reply, const struct sp_route *route,
                                 const struct sp_desk_answer *answer)
{
    struct sp_execution execution;
    SP_TRY(sp_execution_read(answer->payload->bytes, &execution));
    reply->status = 200;
    SP_TRY(add(reply, "operation-id", route->name));
    return sp_answer_execution(route, route->name, &execution, &reply->body);
}

static enum sp_err put_other(struct sp_reply *reply, const struct sp_reply_request *request,
                             const struct sp_route *route, const struct sp_desk_answer *answer)
{
    const struct sp_answer_other about = {.route = route,
                                          .target = request->target,
                                          .names = request->names,
                                          .next_skip = request->next_skip};
    bool is_text = false;
    SP_TRY(sp_answer_other(&about, answer->payload->bytes, &reply->body, &reply->status, &is_text));
    return is_text ? set_type(reply, SP_SLICE_LITERAL("text/plain; charset=utf-8")) : SP_OK;
}

static enum sp_err put_product(struct sp_reply *reply, const struct sp_reply_request *request,
                               const struct sp_desk_answer *answer)
{
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_route route = {0};
    struct sp_result result = {0};
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    SP_TRY(sp_route_find(request->method, request->target, &scratch, &route, NULL));
    if (answer->payload == NULL) {
        return put_denial(reply, request, answer, &route);
    }
    if (route.operation == SP_OPERATION_EXECUTE) {
        SP_TRY(answer->is_async ? SP_OK : sp_result_read(answer->payload->bytes, &result));
        return put_result(reply, request, answer, &route, &result);
    }
    if (route.operation == SP_OPERATION_EXECUTION_GET) {
        return put_execution(reply, &route, answer);
    }
    if (route.is_enclosed && answer->content != NULL) {
        reply->status = 200;
        reply->is_enclosed = true;
        take_content(reply, answer, 0, answer->content->bytes.len);
        return SP_OK;
    }
    if (route.operation == SP_OPERATION_FILE_CONTENT && answer->content != NULL) {
        return put_download(reply, request, answer);
    }
    return put_other(reply, request, &route, answer);
}

/* What admit or reader tells is the whole body. */
static enum sp_err put_json(struct sp_reply *reply, const struct sp_desk_answer *answer)
{
    reply->status = 200;
    SP_TRY(add(reply, "Cache-Control", SP_SLICE_LITERAL("no-store")));
    return sp_buf_put(&reply->body, answer->payload->bytes);
}

static void clear(struct sp_reply *reply, size_t body_bytes_max)
{
    sp_buf_done(&reply->body);
    sp_buf_done(&reply->values);
    sp_buf_init(&reply->body, body_bytes_max);
    sp_buf_init(&reply->values, SP_REPLY_VALUES_MAX);
    reply->status = 0;
    reply->field_count = 0;
}

/* An answer without a body has no type of one, which stands first. */
static void drop_type(struct sp_reply *reply)
{
    reply->field_count--;
    for (unsigned i = 0; i < reply->field_count; i++) {
        reply->fields[i] = reply->fields[i + 1];
    }
}

static enum sp_err make(struct sp_reply *reply, const struct sp_reply_request *request,
                        const struct sp_desk_answer *answer)
{
    SP_TRY(add_common(reply, answer));
    if (answer->is_json && answer->payload != NULL) {
        return put_json(reply, answer);
    }
    bool is_shown_denial = answer->err == SP_ERR_DENIED && answer->is_denial_result;
    return answer->payload != NULL || is_shown_denial ? put_product(reply, request, answer)
                                                      : put_error(reply, request, answer);
}

void sp_reply_init(struct sp_reply *reply, const struct sp_reply_request *request,
                   const struct sp_desk_answer *answer)
{
    *reply = (struct sp_reply){0};
    clear(reply, answer->payload != NULL ? SP_ANSWER_BYTES_MAX : ERROR_BYTES_MAX);
    if (make(reply, request, answer) == SP_OK) {
        if (reply->status == 204) {
            drop_type(reply);
        }
        return;
    }
    /* The run is done and recorded; only its answer cannot be shown. An error without texts of anyone is what is left. */
    struct sp_desk_answer failed = *answer;
    failed.err = answer->payload != NULL ? SP_ERR_POOL_ANSWER : answer->err;
    failed.detail = (struct sp_slice){NULL, 0};
    failed.findings = (struct sp_slice){NULL, 0};
    failed.payload = NULL;
    failed.is_denial_result = false;
    sp_payload_done(&reply->content);
    reply->has_content = false;
    clear(reply, ERROR_BYTES_MAX);
    if (make(reply, request, &failed) != SP_OK) {
        clear(reply, ERROR_BYTES_MAX);
        reply->status = 503; /* memory is used up: a status without a body */
    }
}

enum sp_err sp_reply_init_live(struct sp_reply *reply, sp_exchange exchange)
{
    SP_AUTO_BUF struct sp_buf id;
    *reply = (struct sp_reply){0};
    clear(reply, ERROR_BYTES_MAX);
    sp_buf_init(&id, ID_BYTES);
    SP_TRY(put_id(exchange, &id));
    reply->status = 200;
    SP_TRY(add(reply, "Content-Type", SP_SLICE_LITERAL("text/event-stream")));
    SP_TRY(add(reply, "Cache-Control", SP_SLICE_LITERAL("no-store")));
    return add(reply, "x-ms-request-id", sp_buf_slice(&id));
}

enum sp_err sp_reply_to_event(struct sp_reply *reply, const struct sp_desk_answer *answer)
{
    SP_AUTO_BUF struct sp_buf event;
    struct sp_slice body = sp_buf_slice(&reply->body);
    sp_buf_init(&event, reply->body.max + LOCATION_BYTES_MAX);
    if (sp_slice_find(body, 0, '\n') != body.len) {
        return SP_ERR_INVALID;
    }
    SP_TRY(answer->has_entry ? sp_buf_putf(&event, "id: %llu\n", (unsigned long long)answer->entry)
                             : SP_OK);
    SP_TRY(sp_buf_putf(&event, "event: %s\ndata: ", reply->status < 300 ? "result" : "error"));
    SP_TRY(sp_buf_put(&event, body));
    SP_TRY(sp_buf_put_text(&event, "\n\n"));
    SP_TRY(set_type(reply, SP_SLICE_LITERAL("text/event-stream")));
    sp_buf_done(&reply->body);
    reply->body = event;
    sp_buf_init(&event, 0);
    return SP_OK;
}

const char *sp_reply_value(const struct sp_reply *reply, unsigned index)
{
    return (const char *)reply->values.ptr + reply->fields[index].value_at;
}

enum sp_err sp_reply_put_raw(const struct sp_reply *reply, const char *phrase, struct sp_buf *out)
{
    SP_TRY(sp_buf_putf(out, "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: %zu\r\n",
                       reply->status, phrase, reply->body.len));
    for (unsigned i = 0; i < reply->field_count; i++) {
        SP_TRY(sp_buf_putf(out, "%s: %s\r\n", reply->fields[i].name, sp_reply_value(reply, i)));
    }
    SP_TRY(sp_buf_put_text(out, "\r\n"));
    return sp_buf_put(out, sp_buf_slice(&reply->body));
}

void sp_reply_done(struct sp_reply *reply)
{
    sp_buf_done(&reply->body);
    sp_buf_done(&reply->values);
    sp_payload_done(&reply->content);
    reply->has_content = false;
    reply->field_count = 0;
}
