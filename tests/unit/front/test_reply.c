/* Replies: each end of an exchange has its status, its fields and its JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/product.h"
#include "api/result.h"
#include "front/reply.h"
#include "wire/finding.h"

#define OLD "/code/execute?api-version=2024-02-02-preview&identifier=abcd"
#define NEW "/executions?api-version=2025-10-02-preview&identifier=a%26cd"

static const struct sp_reply_request request_new = {
    .method = {(const uint8_t *)"POST", 4}, .target = {(const uint8_t *)NEW, sizeof(NEW) - 1}};

static const char *field(const struct sp_reply *reply, const char *name)
{
    for (unsigned i = 0; i < reply->field_count; i++) {
        if (strcmp(reply->fields[i].name, name) == 0) {
            return sp_reply_value(reply, i);
        }
    }
    return NULL;
}

static bool body_has(const struct sp_reply *reply, const char *text)
{
    return reply->body.len > 0 &&
           memmem(reply->body.ptr, reply->body.len, text, strlen(text)) != NULL;
}

static void test_a_used_up_quota_is_told_in_structured_fields(void **state)
{
    static const struct {
        struct sp_limit_state limit;
        const char *policy, *left;
    } cases[] = {
        {{SP_LIMIT_REQUESTS, SP_LIMIT_OF_TENANT, 600, 0, 12},
         "\"requests\";q=600;w=60",
         "\"requests\";r=0;t=12"},
        {{SP_LIMIT_RUNS, SP_LIMIT_OF_ORGANISATION, 16, 0, 1},
         "\"organisation-concurrent-runs\";q=16",
         "\"organisation-concurrent-runs\";r=0;t=1"},
        {{SP_LIMIT_CODE, SP_LIMIT_OF_TOKEN, 1024, 7, 86400},
         "\"token-code-bytes\";q=1024;w=86400",
         "\"token-code-bytes\";r=7;t=86400"},
        {{SP_LIMIT_NONE, SP_LIMIT_OF_TENANT, 0, 0, 0}, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        const struct sp_desk_answer answer = {
            .exchange = 1, .err = SP_ERR_QUOTA, .limit = cases[i].limit};
        struct sp_reply reply;
        sp_reply_init(&reply, &request_new, &answer);
        assert_int_equal(reply.status, 429);
        if (cases[i].policy == NULL) {
            assert_null(field(&reply, "RateLimit-Policy"));
            assert_null(field(&reply, "RateLimit"));
        } else {
            assert_string_equal(field(&reply, "RateLimit-Policy"), cases[i].policy);
            assert_string_equal(field(&reply, "RateLimit"), cases[i].left);
        }
        sp_reply_done(&reply);
    }
}

static void test_a_missing_scope_is_named(void **state)
{
    (void)state;
    const struct sp_desk_answer answer = {
        .exchange = 1,
        .err = SP_ERR_SCOPE,
        .detail = SP_SLICE_LITERAL("the token lacks the scope audit:read")};
    struct sp_reply reply;
    sp_reply_init(&reply, &request_new, &answer);
    assert_int_equal(reply.status, 403);
    assert_string_equal(
        field(&reply, "WWW-Authenticate"),
        "Bearer realm=\"sallyport\", error=\"insufficient_scope\", scope=\"audit:read\"");
    assert_true(body_has(&reply, "the token lacks the scope audit:read"));
    sp_reply_done(&reply);
}

static void test_what_admit_tells_is_the_body(void **state)
{
    (void)state;
    struct sp_payload payload = {.bytes = SP_SLICE_LITERAL("{\"tenant\":\"acme\"}"), .fd = -1};
    const struct sp_desk_answer answer = {
        .exchange = 1, .err = SP_OK, .is_json = true, .payload = &payload};
    struct sp_reply reply;
    sp_reply_init(&reply, &request_new, &answer);
    assert_int_equal(reply.status, 200);
    assert_string_equal(field(&reply, "Cache-Control"), "no-store");
    assert_true(sp_slice_is(sp_buf_slice(&reply.body), "{\"tenant\":\"acme\"}"));
    sp_reply_done(&reply);
}

static void test_an_error_has_the_fields_that_its_status_asks_for(void **state)
{
    static const struct {
        enum sp_err err;
        uint32_t retry_ms;
        unsigned status;
        const char *code, *retry, *authenticate, *allow;
    } cases[] = {
        {SP_ERR_JSON, 0, 400, "InvalidJson", NULL, NULL, NULL},
        {SP_ERR_TOKEN_MISSING, 0, 401, "TokenMissing", NULL, "Bearer realm=\"sallyport\"", NULL},
        {SP_ERR_TOKEN_EXPIRED, 0, 401, "TokenExpired", NULL,
         "Bearer realm=\"sallyport\", error=\"invalid_token\", error_description=\"the token has "
         "expired\"",
         NULL},
        {SP_ERR_TOKEN_AUDIENCE, 0, 401, "TokenAudience", NULL,
         "Bearer realm=\"sallyport\", error=\"invalid_token\", error_description=\"the token is "
         "for another audience\"",
         NULL},
        {SP_ERR_TOKEN_EARLY, 0, 401, "TokenNotYetValid", NULL,
         "Bearer realm=\"sallyport\", error=\"invalid_token\", error_description=\"the token is "
         "not valid yet\"",
         NULL},
        {SP_ERR_TOKEN_UNKNOWN, 0, 401, "TokenUnknown", NULL,
         "Bearer realm=\"sallyport\", error=\"invalid_token\", error_description=\"the token is "
         "not known here\"",
         NULL},
        {SP_ERR_DENIED, 0, 403, "PolicyDenied", NULL, NULL, NULL},
        {SP_ERR_METHOD, 0, 405, "MethodNotAllowed", NULL, NULL, "OPTIONS, POST"},
        {SP_ERR_BUSY, 1, 429, "TooManyRequests", "1", NULL, NULL},
        {SP_ERR_QUOTA, 1000, 429, "QuotaExceeded", "1", NULL, NULL},
        {SP_ERR_QUOTA, 1001, 429, "QuotaExceeded", "2", NULL, NULL},
        {SP_ERR_OUTCOME_UNKNOWN, 0, 502, "OutcomeUnknown", NULL, NULL, NULL},
        {SP_ERR_UNAVAILABLE, UINT32_MAX, 503, "ServiceUnavailable", "4294968", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        const struct sp_desk_answer answer = {.exchange = 0x12,
                                              .err = cases[i].err,
                                              .retry_after_ms = cases[i].retry_ms,
                                              .has_entry = true,
                                              .entry = 42};
        struct sp_reply reply;
        print_message("%s\n", cases[i].code);
        sp_reply_init(&reply, &request_new, &answer);
        assert_int_equal(reply.status, cases[i].status);
        assert_string_equal(field(&reply, "Content-Type"), "application/json");
        assert_string_equal(field(&reply, "x-ms-request-id"), "0000000000000012");
        assert_string_equal(field(&reply, "x-sallyport-entry"), "42");
        assert_string_equal(field(&reply, "x-ms-error-code"), cases[i].code);
        assert_true(body_has(&reply, cases[i].code));
        if (cases[i].retry != NULL) {
            assert_string_equal(field(&reply, "Retry-After"), cases[i].retry);
        } else {
            assert_null(field(&reply, "Retry-After"));
        }
        assert_int_equal(field(&reply, "WWW-Authenticate") != NULL, cases[i].authenticate != NULL);
        if (cases[i].authenticate != NULL) {
            assert_string_equal(field(&reply, "WWW-Authenticate"), cases[i].authenticate);
        }
        if (cases[i].allow != NULL) {
            assert_string_equal(field(&reply, "Allow"), cases[i].allow);
        }
        sp_reply_done(&reply);
    }
}

static void test_a_denial_names_its_findings(void **state)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    const struct sp_finding finding = {.action = SP_ACTION_DENY,
                                       .rule = SP_SLICE_LITERAL("process"),
                                       .message = SP_SLICE_LITERAL("os.system starts processes"),
                                       .line = 3,
                                       .column = 1,
                                       .end_line = 3,
                                       .end_column = 10};
    (void)state;
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&w, &bytes);
    sp_finding_write(&w, &finding);
    sp_finding_write(&w, &finding);
    struct sp_desk_answer answer = {.err = SP_ERR_DENIED, .findings = sp_buf_slice(&bytes)};
    struct sp_reply reply;
    sp_reply_init(&reply, &request_new, &answer);
    assert_true(body_has(&reply, "os.system starts processes"));
    assert_true(body_has(&reply, "\"process\""));
    assert_null(field(&reply, "x-sallyport-entry"));
    sp_reply_done(&reply);

    answer.findings.len--; /* findings that do not read are left out, the denial stands */
    sp_reply_init(&reply, &request_new, &answer);
    assert_int_equal(reply.status, 403);
    assert_false(body_has(&reply, "os.system"));
    assert_true(body_has(&reply, "PolicyDenied"));
    sp_reply_done(&reply);
}

static void encode(struct sp_buf *bytes)
{
    struct sp_writer w;
    const struct sp_result result = {.status = SP_RUN_SUCCEEDED,
                                     .time_ms = 5,
                                     .out_text = SP_SLICE_LITERAL("hi\n"),
                                     .value_json = SP_SLICE_LITERAL("42")};
    sp_writer_init(&w, bytes);
    sp_result_write(&w, &result);
    assert_int_equal(sp_writer_end(&w), SP_OK);
}

static void test_a_result_is_shaped_by_path_and_version(void **state)
{
    SP_AUTO_BUF struct sp_buf bytes;
    (void)state;
    sp_buf_init(&bytes, 4096);
    encode(&bytes);
    struct sp_payload payload = {.bytes = sp_buf_slice(&bytes), .fd = -1};
    const struct sp_desk_answer answer = {.exchange = 0xAB, .err = SP_OK, .payload = &payload};
    struct sp_reply reply;
    sp_reply_init(&reply, &request_new, &answer);
    assert_int_equal(reply.status, 200);
    assert_string_equal(field(&reply, "operation-id"), "00000000000000ab");
    assert_null(field(&reply, "Operation-Location"));
    assert_true(body_has(&reply, "\"status\":\"Succeeded\""));
    assert_null(field(&reply, "x-ms-error-code"));
    sp_reply_done(&reply);

    const struct sp_desk_answer running = {
        .exchange = 0xAB, .err = SP_OK, .payload = &payload, .is_async = true};
    sp_reply_init(&reply, &request_new, &running);
    assert_string_equal(
        field(&reply, "Operation-Location"),
        "/executions/00000000000000ab?api-version=2025-10-02-preview&identifier=a%26cd");
    assert_true(body_has(&reply, "\"status\":\"Running\""));
    sp_reply_done(&reply);

    /* Where the version has no path to ask at, the place is one of the next version. */
    const struct sp_reply_request request_code = {.method = SP_SLICE_LITERAL("POST"),
                                                  .target = SP_SLICE_LITERAL(OLD)};
    sp_reply_init(&reply, &request_code, &running);
    assert_int_equal(reply.status, 200);
    assert_string_equal(
        field(&reply, "Operation-Location"),
        "/executions/00000000000000ab?api-version=2024-10-02-preview&identifier=abcd");
    assert_null(field(&reply, "Location"));
    sp_reply_done(&reply);
    const struct sp_reply_request request_dated = {
        .method = SP_SLICE_LITERAL("POST"),
        .target = SP_SLICE_LITERAL("/execute?api-version=2024-09-01&identifier=abcd")};
    sp_reply_init(&reply, &request_dated, &running);
    assert_int_equal(reply.status, 202);
    assert_string_equal(field(&reply, "Location"),
                        "/execute/00000000000000ab?api-version=2024-09-01&identifier=abcd");
    sp_reply_done(&reply);

    const struct sp_reply_request request_old = {.method = SP_SLICE_LITERAL("POST"),
                                                 .target = SP_SLICE_LITERAL(OLD),
                                                 .operation_id = SP_SLICE_LITERAL("mine-1")};
    sp_reply_init(&reply, &request_old, &answer);
    assert_string_equal(field(&reply, "operation-id"), "mine-1");
    assert_null(field(&reply, "Operation-Location"));
    assert_true(body_has(&reply, "\"status\":\"Success\""));
    sp_reply_done(&reply);

    const struct sp_reply_request hostile = {.method = SP_SLICE_LITERAL("POST"),
                                             .target = SP_SLICE_LITERAL(OLD),
                                             .operation_id = SP_SLICE_LITERAL("a b\r\nX: y")};
    sp_reply_init(&reply, &hostile, &answer);
    assert_string_equal(field(&reply, "operation-id"), "00000000000000ab");
    sp_reply_done(&reply);
}

static void test_options_have_no_body_and_no_type(void **state)
{
    static const struct {
        const char *target;
        const char *allow;
    } cases[] = {{"/executions", "OPTIONS, POST"}, {"*", "DELETE, GET, HEAD, OPTIONS, POST"}};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        const struct sp_reply_request request = {.method = SP_SLICE_LITERAL("OPTIONS"),
                                                 .target = sp_slice_of(cases[i].target)};
        const struct sp_desk_answer answer = {.exchange = 0x12, .err = SP_ERR_METHOD};
        struct sp_reply reply;
        sp_reply_init(&reply, &request, &answer);
        assert_int_equal(reply.status, 204);
        assert_string_equal(field(&reply, "Allow"), cases[i].allow);
        assert_string_equal(field(&reply, "x-ms-request-id"), "0000000000000012");
        assert_null(field(&reply, "Content-Type"));
        assert_int_equal(reply.body.len, 0);
        sp_reply_done(&reply);
    }
}

static void test_a_range_is_of_the_file_that_it_was_begun_with(void **state)
{
    static const char date[] = "Mon, 23 Nov 2026 09:00:00 GMT";
    static const struct {
        const char *if_range;
        unsigned status;
    } cases[] = {{NULL, 206},
                 {"Mon, 23 Nov 2026 09:00:00 GMT", 206},
                 {"Mon, 23 Nov 2026 09:00:01 GMT", 200},
                 {"", 200},
                 {"\"an entity tag\"", 200}};
    static const uint8_t bytes[10];
    SP_AUTO_BUF struct sp_buf product;
    struct sp_writer w;
    const struct sp_file_record file = {
        .name = SP_SLICE_LITERAL("a"), .modified = sp_slice_of(date), .size = sizeof(bytes)};
    (void)state;
    sp_buf_init(&product, 1024);
    sp_writer_init(&w, &product);
    sp_file_record_write(&w, &file);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_payload payload = {.bytes = sp_buf_slice(&product), .fd = -1};
        struct sp_payload content = {.bytes = sp_slice_make(bytes, sizeof(bytes)), .fd = -1};
        const struct sp_reply_request request = {
            .method = SP_SLICE_LITERAL("GET"),
            .target =
                SP_SLICE_LITERAL("/files/a/content?api-version=2025-10-02-preview&identifier=abcd"),
            .range = SP_SLICE_LITERAL("bytes=2-3"),
            .if_range = sp_slice_of(cases[i].if_range),
            .has_if_range = cases[i].if_range != NULL};
        const struct sp_desk_answer answer = {
            .err = SP_OK, .payload = &payload, .content = &content};
        struct sp_reply reply;
        sp_reply_init(&reply, &request, &answer);
        assert_int_equal(reply.status, cases[i].status);
        assert_int_equal(reply.len, cases[i].status == 206 ? 2 : sizeof(bytes));
        assert_string_equal(field(&reply, "X-Content-Type-Options"), "nosniff");
        reply.content = SP_PAYLOAD_EMPTY; /* the bytes are no allocation */
        sp_reply_done(&reply);
    }
}

static void test_a_result_that_does_not_read_is_said_to_be_so(void **state)
{
    struct sp_payload payload = {.bytes = SP_SLICE_LITERAL("no result"), .fd = -1};
    const struct sp_desk_answer answer = {
        .err = SP_OK, .payload = &payload, .has_entry = true, .entry = 1};
    struct sp_reply reply;
    (void)state;
    sp_reply_init(&reply, &request_new, &answer);
    assert_int_equal(reply.status, 502);
    assert_string_equal(field(&reply, "x-ms-error-code"), "PoolAnswerInvalid");
    assert_string_equal(field(&reply, "x-sallyport-entry"), "1");
    sp_reply_done(&reply);
}

static void test_raw_bytes_are_a_whole_answer_that_ends_the_connection(void **state)
{
    const struct sp_desk_answer answer = {.exchange = 1, .err = SP_ERR_TOO_BIG};
    SP_AUTO_BUF struct sp_buf raw;
    struct sp_reply reply;
    static const char want[] =
        "HTTP/1.1 413 Too Big\r\nConnection: close\r\nContent-Length: 72\r\n"
        "Content-Type: application/json\r\nx-ms-request-id: 0000000000000001\r\n"
        "x-ms-error-code: RequestTooLarge\r\n\r\n"
        "{\"error\":{\"code\":\"RequestTooLarge\",\"message\":\"input is over its limit\"}}";
    (void)state;
    sp_buf_init(&raw, 4096);
    sp_reply_init(&reply, &request_new, &answer);
    assert_int_equal(sp_reply_put_raw(&reply, "Too Big", &raw), SP_OK);
    assert_int_equal(raw.len, sizeof(want) - 1);
    assert_memory_equal(raw.ptr, want, raw.len);
    sp_reply_done(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_used_up_quota_is_told_in_structured_fields),
        cmocka_unit_test(test_a_missing_scope_is_named),
        cmocka_unit_test(test_what_admit_tells_is_the_body),
        cmocka_unit_test(test_an_error_has_the_fields_that_its_status_asks_for),
        cmocka_unit_test(test_a_denial_names_its_findings),
        cmocka_unit_test(test_a_result_is_shaped_by_path_and_version),
        cmocka_unit_test(test_options_have_no_body_and_no_type),
        cmocka_unit_test(test_a_range_is_of_the_file_that_it_was_begun_with),
        cmocka_unit_test(test_a_result_that_does_not_read_is_said_to_be_so),
        cmocka_unit_test(test_raw_bytes_are_a_whole_answer_that_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
