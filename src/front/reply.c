#include "front/reply.h"

#include "api/answer.h"
#include "api/scope.h"
#include "codec/http_field.h"
#include "codec/url.h"
#include "wire/finding.h"

#define ID_BYTES           ((size_t)24)
#define ERROR_BYTES_MAX    ((size_t)256 * 1024)
#define LOCATION_BYTES_MAX ((size_t)1024)
#define CHALLENGE_BYTES_MAX ((size_t)256)
#define LIMIT_BYTES        ((size_t)128)

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
    SP_TRY(limit->scope == SP_LIMIT_OF_TENANT ? SP_OK : sp_buf_putf(&name, "%s-", sp_limit_scope_name(limit->scope)));
    SP_TRY(sp_buf_putf(&name, "%s", sp_limit_field(limit->limit)));
    SP_TRY(sp_buf_putf(&text, "\"%.*s\";q=%llu", (int)name.len, (const char *)name.ptr, (unsigned long long)limit->size));
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
    SP_TRY(add(reply, "Content-Type", SP_SLICE_LITERAL("application/json")));
    SP_TRY(add(reply, "x-ms-request-id", sp_buf_slice(&id)));
    SP_TRY(add_limit(reply, &answer->limit));
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
        SP_TRY(sp_buf_put_text(&text, "Bearer realm=\"sallyport\", error=\"insufficient_scope\", scope=\""));
        SP_TRY(sp_buf_put(&text, scope));
        SP_TRY(sp_buf_put_byte(&text, '"'));
    } else if (answer->err == SP_ERR_TOKEN_MISSING) {
        SP_TRY(sp_buf_put_text(&text, "Bearer realm=\"sallyport\""));
    } else if (reply->status == 401) {
        SP_TRY(sp_buf_putf(&text, "Bearer realm=\"sallyport\", error=\"invalid_token\", error_description=\"%s\"",
                           sp_err_text(answer->err)));
    } else {
        return SP_OK;
    }
    return add(reply, "WWW-Authenticate", sp_buf_slice(&text));
}

static enum sp_err put_error(struct sp_reply *reply, const struct sp_reply_request *request,
                             const struct sp_desk_answer *answer)
{
    struct sp_answer_detail details[SP_FINDINGS_MAX];
    const struct sp_answer_problem problem = {.err = answer->err,
                                              .detail = answer->detail,
                                              .details = details,
                                              .detail_count =
                                                  read_findings(answer->findings, details)};
    reply->status = sp_err_http(answer->err);
    SP_TRY(add(reply, "x-ms-error-code", sp_slice_of(sp_err_code(answer->err))));
    SP_TRY(add_challenge(reply, answer));
    if (answer->retry_after_ms > 0) {
        SP_TRY(add_number(reply, "Retry-After", ((uint64_t)answer->retry_after_ms + 999) / 1000));
    }
    const char *methods = reply->status == 405 ? sp_route_methods(request->target) : NULL;
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
    SP_TRY(sp_buf_put_text(&text, "/executions/"));
    SP_TRY(sp_url_encode(id, &text));
    SP_TRY(sp_buf_put_text(&text, "?api-version="));
    SP_TRY(sp_url_encode(route->api_version, &text));
    SP_TRY(sp_buf_put_text(&text, "&identifier="));
    SP_TRY(sp_url_encode(route->identifier, &text));
    return add(reply, "Operation-Location", sp_buf_slice(&text));
}

static enum sp_err put_result(struct sp_reply *reply, const struct sp_reply_request *request,
                              const struct sp_desk_answer *answer)
{
    SP_AUTO_BUF struct sp_buf scratch;
    SP_AUTO_BUF struct sp_buf id;
    struct sp_route route = {0};
    struct sp_result result = {0};
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    sp_buf_init(&id, SP_MSG_SESSION_MAX);
    SP_TRY(sp_route_find(request->method, request->target, &scratch, &route, NULL));
    SP_TRY(sp_result_read(answer->payload->bytes, &result));
    if (sp_http_is_token(request->operation_id) &&
        request->operation_id.len <= SP_MSG_SESSION_MAX) {
        SP_TRY(sp_buf_put(&id, request->operation_id));
    } else {
        SP_TRY(put_id(answer->exchange, &id));
    }
    reply->status = sp_answer_status(&route);
    SP_TRY(add(reply, "operation-id", sp_buf_slice(&id)));
    if (route.family == SP_FAMILY_NEW) {
        SP_TRY(add_location(reply, &route, sp_buf_slice(&id)));
    }
    return sp_answer_result(&route, sp_buf_slice(&id), &result, &reply->body);
}

/* What admit tells is the whole body. */
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

static enum sp_err make(struct sp_reply *reply, const struct sp_reply_request *request,
                        const struct sp_desk_answer *answer)
{
    SP_TRY(add_common(reply, answer));
    if (answer->is_json && answer->payload != NULL) {
        return put_json(reply, answer);
    }
    return answer->payload != NULL ? put_result(reply, request, answer)
                                   : put_error(reply, request, answer);
}

void sp_reply_init(struct sp_reply *reply, const struct sp_reply_request *request,
                   const struct sp_desk_answer *answer)
{
    *reply = (struct sp_reply){0};
    clear(reply, answer->payload != NULL ? SP_ANSWER_BYTES_MAX : ERROR_BYTES_MAX);
    if (make(reply, request, answer) == SP_OK) {
        return;
    }
    /* The run is done and recorded; only its answer cannot be shown. An error without texts of anyone is what is left. */
    struct sp_desk_answer failed = *answer;
    failed.err = answer->payload != NULL ? SP_ERR_POOL_ANSWER : answer->err;
    failed.detail = (struct sp_slice){NULL, 0};
    failed.findings = (struct sp_slice){NULL, 0};
    failed.payload = NULL;
    clear(reply, ERROR_BYTES_MAX);
    if (make(reply, request, &failed) != SP_OK) {
        clear(reply, ERROR_BYTES_MAX);
        reply->status = 503; /* memory is used up: a status without a body */
    }
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
    reply->field_count = 0;
}
