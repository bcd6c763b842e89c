/* upstream: what a pool is asked, and what its answers mean for a run that may have started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/answer.h"
#include "api/request.h"
#include "api/upstream.h"

#define BYTES_MAX ((size_t)65536)

static struct sp_upstream pool(const char *path, const char *version, bool is_embedded)
{
    struct sp_upstream u = {.family = SP_FAMILY_COUNT};
    assert_int_equal(sp_upstream_init(&u, sp_slice_of(path), sp_slice_of(version), is_embedded),
                     SP_OK);
    return u;
}

static void test_upstream_speaks_the_family_of_its_version(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *version;
        bool is_embedded;
        enum sp_family family;
        const char *target;
    } cases[] = {
        {"", "", true, SP_FAMILY_NEW,
         "/executions?api-version=2025-10-02-preview&identifier=a%2Fb"},
        {"", "2024-10-02-preview", true, SP_FAMILY_NEW, /* which is said of Azure's pools only */
         "/executions?api-version=2025-10-02-preview&identifier=a%2Fb"},
        {"/p/", "", false, SP_FAMILY_NEW,
         "/p/executions?api-version=2025-10-02-preview&identifier=a%2Fb"},
        {"/p//", "2024-02-02-preview", false, SP_FAMILY_OLD,
         "/p/code/execute?api-version=2024-02-02-preview&identifier=a%2Fb"},
        {"/p", "2025-02-02-preview", false, SP_FAMILY_NEW,
         "/p/executions?api-version=2025-02-02-preview&identifier=a%2Fb"},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        struct sp_upstream u = pool(cases[i].path, cases[i].version, cases[i].is_embedded);
        sp_buf_init(&out, BYTES_MAX);
        assert_int_equal(u.family, cases[i].family);
        assert_int_equal(sp_upstream_target(&u, SP_OPERATION_EXECUTE, sp_slice_of("a/b"), &out),
                         SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].target));
    }
    struct sp_upstream u = {.family = SP_FAMILY_COUNT};
    assert_int_equal(sp_upstream_init(&u, sp_slice_of(""), sp_slice_of("2099-01-01"), false),
                     SP_ERR_API_VERSION);
    assert_int_equal(u.family, SP_FAMILY_COUNT);
}

static void test_upstream_refuses_operations_that_it_does_not_know(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    struct sp_upstream u = pool("", "", true);
    sp_buf_init(&out, BYTES_MAX);
    assert_int_equal(sp_upstream_target(&u, SP_OPERATION_FILE_LIST, sp_slice_of("abcd"), &out),
                     SP_ERR_NOT_IMPLEMENTED);
    assert_int_equal(out.len, 0);
}

static void test_upstream_body_is_what_our_own_reader_takes(void **state)
{
    (void)state;
    static const char *const versions[] = {"2024-02-02-preview", "2025-10-02-preview"};
    static const char *const codes[] = {"", "print('\xC3\xA9 \"\\ \t')\n", "\x01\x7F"};
    for (size_t i = 0; i < SP_COUNT(versions) * SP_COUNT(codes); i++) {
        SP_AUTO_BUF struct sp_buf out;
        SP_AUTO_REQUEST struct sp_request request = {0};
        struct sp_upstream u = pool("", versions[i % 2], false);
        struct sp_order order = {
            .operation = SP_OPERATION_EXECUTE, .timeout_s = 9, .code = sp_slice_of(codes[i / 2])};
        sp_buf_init(&out, BYTES_MAX);
        assert_int_equal(sp_upstream_body(&u, &order, &out), SP_OK);
        assert_int_equal(sp_request_read(sp_buf_slice(&out), BYTES_MAX, &request, NULL), SP_OK);
        assert_true(sp_slice_equal(request.code, order.code));
        assert_int_equal(request.timeout_s, 9);
    }
}

static void test_upstream_passes_on_what_the_version_knows(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        uint32_t output_max;
        bool is_empty_kernel;
        uint32_t wants_max;
        bool wants_empty;
    } rows[] = {
        {"2025-10-02-preview", 5, true, 5, true},
        {"2025-10-02-preview", 0, false, 0, false},
        {"2025-02-02-preview", 5, true, 0, false},
        {"2024-02-02-preview", 5, true, 0, false},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_BUF struct sp_buf out;
        SP_AUTO_REQUEST struct sp_request request = {0};
        struct sp_upstream u = pool("", rows[i].version, false);
        const struct sp_order order = {.operation = SP_OPERATION_EXECUTE,
                                       .timeout_s = 9,
                                       .output_max = rows[i].output_max,
                                       .is_empty_kernel = rows[i].is_empty_kernel,
                                       .is_jupyter = rows[i].is_empty_kernel,
                                       .code = sp_slice_of("1")};
        sp_buf_init(&out, BYTES_MAX);
        assert_int_equal(sp_upstream_body(&u, &order, &out), SP_OK);
        assert_int_equal(sp_request_read(sp_buf_slice(&out), BYTES_MAX, &request, NULL), SP_OK);
        assert_int_equal(request.output_max, rows[i].wants_max);
        assert_true(request.is_empty_kernel == rows[i].wants_empty);
        assert_true(request.is_jupyter == rows[i].wants_empty);
    }
}

static const struct {
    const char *name;
    const char *version;
    bool is_embedded;
    unsigned http_status;
    const char *body;
    enum sp_upstream_end end;
    enum sp_err err;
    enum sp_run_status status; /* the rest: with DONE */
    const char *out_text;
    const char *value;
    uint64_t time_ms;
} cases[] = {
    {"new", "", false, 200,
     "{\"status\":\"Succeeded\",\"result\":{\"stdout\":\"o\",\"stderr\":\"\",\"executionResult\":"
     "\"2\","
     "\"executionTimeInMilliseconds\":5}}",
     SP_UPSTREAM_DONE, SP_OK, SP_RUN_SUCCEEDED, "o", "\"2\"", 5},
    {"new, 202, fraction of time, nulls", "", false, 202,
     "{\"$id\":\"1\",\"status\":\"Failed\",\"result\":{\"stdout\":null,\"stderr\":null,"
     "\"executionResult\":null,"
     "\"executionTimeInMilliseconds\":5.9}}",
     SP_UPSTREAM_DONE, SP_OK, SP_RUN_FAILED, "", "null", 5},
    {"new, little said", "", false, 200, "{\"status\":\"succeeded\",\"result\":{}}",
     SP_UPSTREAM_DONE, SP_OK, SP_RUN_SUCCEEDED, "", "null", 0},
    {"new, NUL in the output", "", false, 200,
     "{\"status\":\"Succeeded\",\"result\":{\"executionResult\":\"\\u0000\"}}", SP_UPSTREAM_DONE,
     SP_OK, SP_RUN_SUCCEEDED, "", "\"\\u0000\"", 0},
    {"old", "2024-02-02-preview", false, 200,
     "{\"properties\":{\"status\":\"Success\",\"stdout\":\"o\",\"stderr\":\"\",\"result\":{"
     "\"stdout\":1},"
     "\"executionTimeInMilliseconds\":5}}",
     SP_UPSTREAM_DONE, SP_OK, SP_RUN_SUCCEEDED, "o", "{\"stdout\":1}", 5},
    {"old, other name of the value", "2024-02-02-preview", false, 200,
     "{\"properties\":{\"status\":\"Failure\",\"executionResult\":[1, 2]}}", SP_UPSTREAM_DONE,
     SP_OK, SP_RUN_FAILED, "", "[1,2]", 0},

    {.name = "still running",
     .http_status = 202,
     .body = "{\"status\":\"Running\"}",
     .err = SP_ERR_POOL_ANSWER},
    {.name = "no status", .http_status = 200, .body = "{\"result\":{}}", .err = SP_ERR_POOL_ANSWER},
    {.name = "no result",
     .http_status = 200,
     .body = "{\"status\":\"Succeeded\"}",
     .err = SP_ERR_POOL_ANSWER},
    {.name = "output a number",
     .http_status = 200,
     .body = "{\"status\":\"Succeeded\",\"result\":{\"stdout\":1}}",
     .err = SP_ERR_POOL_ANSWER},
    {.name = "time a text",
     .http_status = 200,
     .body = "{\"status\":\"Succeeded\",\"result\":{\"executionTimeInMilliseconds\":\"5\"}}",
     .err = SP_ERR_POOL_ANSWER},
    {.name = "cut", .http_status = 200, .body = "{\"status\":\"Succ", .err = SP_ERR_POOL_ANSWER},
    {.name = "equal keys",
     .http_status = 200,
     .body = "{\"status\":\"Succeeded\",\"status\":\"Failed\",\"result\":{}}",
     .err = SP_ERR_POOL_ANSWER},
    {.name = "no body", .http_status = 200, .body = "", .err = SP_ERR_POOL_ANSWER},

    {.name = "full",
     .http_status = 429,
     .body = "",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_SESSIONS_FULL},
    {.name = "full, as a text",
     .http_status = 500,
     .body = "Error happened when allocating pod for identifier X",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_SESSIONS_FULL},
    {.name = "full, as the documents have it",
     .http_status = 404,
     .body = "{\"error\":{\"message\":\"no more sessions\"}}",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_SESSIONS_FULL},
    {.name = "no token",
     .http_status = 401,
     .body = "",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_POOL_CREDENTIAL},
    {.name = "no role",
     .http_status = 403,
     .body = "",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_POOL_CREDENTIAL},
    {.name = "bad request",
     .http_status = 400,
     .body = "{\"title\":\"x\"}",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_POOL_REFUSED},
    {.name = "redirect",
     .http_status = 307,
     .body = "",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_POOL_REFUSED},
    {.name = "request timeout", .http_status = 408, .body = "", .err = SP_ERR_OUTCOME_UNKNOWN},
    {.name = "internal", .http_status = 500, .body = "{}", .err = SP_ERR_OUTCOME_UNKNOWN},
    {.name = "unavailable, but from whom",
     .http_status = 503,
     .body = "{\"error\":{\"code\":\"ServiceUnavailable\"}}",
     .err = SP_ERR_OUTCOME_UNKNOWN},
    {.name = "unavailable, says our own pool",
     .is_embedded = true,
     .http_status = 503,
     .body = "{\"error\":{\"code\":\"ServiceUnavailable\"}}",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_POOL_UNAVAILABLE},
    {.name = "busy, says our own pool",
     .is_embedded = true,
     .http_status = 429,
     .body = "{\"error\":{\"code\":\"TooManyRequests\"}}",
     .end = SP_UPSTREAM_NOT_STARTED,
     .err = SP_ERR_BUSY},
    {.name = "unknown, says our own pool",
     .is_embedded = true,
     .http_status = 502,
     .body = "{\"error\":{\"code\":\"OutcomeUnknown\"}}",
     .err = SP_ERR_OUTCOME_UNKNOWN},
};

static void test_upstream_reads_each_answer_as_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer answer = {.end = SP_UPSTREAM_UNKNOWN};
        struct sp_upstream u =
            pool("", cases[i].version == NULL ? "" : cases[i].version, cases[i].is_embedded);
        print_message("%s\n", cases[i].name);
        assert_int_equal(
            sp_upstream_read(&u, cases[i].http_status, sp_slice_of(cases[i].body), &answer), SP_OK);
        assert_int_equal(answer.end, cases[i].end);
        assert_int_equal(answer.err, cases[i].err);
        if (cases[i].end != SP_UPSTREAM_DONE) {
            assert_true(answer.reason.text[0] != '\0');
            continue;
        }
        assert_int_equal(answer.result.status, cases[i].status);
        assert_true(sp_slice_is(answer.result.out_text, cases[i].out_text));
        assert_true(sp_slice_is(answer.result.value_json, cases[i].value));
        assert_int_equal(answer.result.time_ms, cases[i].time_ms);
    }
}

static void test_upstream_finds_the_witness_of_our_own_pool_only(void **state)
{
    static const char body[] = "{\"status\":\"Failed\",\"result\":{\"diagnosticInfo\":{}}}";
    (void)state;
    for (unsigned is_embedded = 0; is_embedded < 2; is_embedded++) {
        SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer answer = {.end = SP_UPSTREAM_UNKNOWN};
        struct sp_upstream u = pool("", "2025-10-02-preview", is_embedded == 1);
        assert_int_equal(sp_upstream_read(&u, 200, sp_slice_of(body), &answer), SP_OK);
        assert_int_equal(answer.witness != NULL, is_embedded);
    }
}

static void test_upstream_quotes_the_pool_without_its_tricks(void **state)
{
    (void)state;
    SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer answer = {.end = SP_UPSTREAM_UNKNOWN};
    struct sp_upstream u = pool("", "", false);
    assert_int_equal(sp_upstream_read(&u, 400, sp_slice_of(" a\x1B[2Jb\r\n\xFF "), &answer), SP_OK);
    assert_string_equal(answer.reason.text, "the pool answered 400: a?[2Jb???");
}

/* Whatever a run gave, the newest answer of ours reads back as the same. */
static void test_upstream_reads_back_what_answer_writes(void **state)
{
    (void)state;
    static const char *const values[] = {
        "null", "42", "-1.5e300", "\"a\\n\\u0001\"", "[1,{\"a\":null}]", "true"};
    static const char *const texts[] = {"", "a\nb\t\"\\", "\xF0\x9F\x98\x80\x7F"};
    static const enum sp_version versions[] = {SP_VERSION_2024_02, SP_VERSION_2025_10};
    for (size_t i = 0; i < SP_COUNT(values) * SP_COUNT(texts) * SP_COUNT(versions); i++) {
        SP_AUTO_BUF struct sp_buf out;
        SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer answer = {.end = SP_UPSTREAM_UNKNOWN};
        enum sp_version version = versions[i % 2];
        struct sp_upstream u = pool("", sp_version_text(version), false);
        struct sp_route route = {
            .family = u.family, .version = version, .identifier = SP_SLICE_LITERAL("abcd")};
        struct sp_result given = {
            .status = (enum sp_run_status)(i % SP_RUN_STATUS_COUNT),
            .time_ms = i,
            .out_text = sp_slice_of(texts[i / 2 % SP_COUNT(texts)]),
            .err_text = sp_slice_of(texts[i % SP_COUNT(texts)]),
            .value_json = sp_slice_of(values[i % SP_COUNT(values)]),
            .outputs_json = sp_slice_of(i % 3 == 0 ? "[{\"text/plain\":\"x\"}]" : ""),
            .is_out_cut = i % 5 == 0,
        };
        sp_buf_init(&out, BYTES_MAX);
        assert_int_equal(sp_answer_result(&route, sp_slice_of("1"), &given, &out), SP_OK);
        assert_int_equal(sp_upstream_read(&u, 200, sp_buf_slice(&out), &answer), SP_OK);
        assert_int_equal(answer.end, SP_UPSTREAM_DONE);
        assert_int_equal(answer.result.status, given.status);
        assert_int_equal(answer.result.time_ms, given.time_ms);
        assert_true(sp_slice_equal(answer.result.out_text, given.out_text));
        assert_true(sp_slice_equal(answer.result.err_text, given.err_text));
        assert_true(sp_slice_equal(answer.result.value_json, given.value_json));
        assert_true(sp_slice_equal(answer.result.outputs_json, given.outputs_json));
        assert_int_equal(answer.result.is_out_cut, given.is_out_cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upstream_speaks_the_family_of_its_version),
        cmocka_unit_test(test_upstream_refuses_operations_that_it_does_not_know),
        cmocka_unit_test(test_upstream_body_is_what_our_own_reader_takes),
        cmocka_unit_test(test_upstream_passes_on_what_the_version_knows),
        cmocka_unit_test(test_upstream_reads_each_answer_as_it_should),
        cmocka_unit_test(test_upstream_finds_the_witness_of_our_own_pool_only),
        cmocka_unit_test(test_upstream_quotes_the_pool_without_its_tricks),
        cmocka_unit_test(test_upstream_reads_back_what_answer_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
