/* answer: the exact JSON that each client reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/answer.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
#define BYTES_MAX ((size_t)4096)

static const struct sp_result number = {.status = SP_RUN_SUCCEEDED,
                                        .time_ms = 7,
                                        .out_text = TEXT("o\n"),
                                        .err_text = TEXT("e"),
                                        .value_json = TEXT("42")};
static const struct sp_result nothing = {.status = SP_RUN_FAILED, .value_json = TEXT("null")};
static const struct sp_result text = {.status = SP_RUN_SUCCEEDED, .value_json = TEXT("\"a\\nb\"")};
static const struct sp_result picture = {
    .status = SP_RUN_SUCCEEDED,
    .value_json = TEXT("{\"type\":\"image\"}"),
    .outputs_json = TEXT("[{\"image/png\":\"eA==\"}]"),
    .is_out_cut = true,
    .is_err_cut = true,
};

static const struct {
    const char *name;
    enum sp_family family;
    enum sp_version version;
    const struct sp_result *result;
    unsigned status;
    const char *want;
} cases[] = {
    {"old: native value, never null texts", SP_FAMILY_OLD, SP_VERSION_2024_02, &number, 200,
     "{\"$id\":\"1\",\"properties\":{\"$id\":\"2\",\"status\":\"Success\",\"stdout\":\"o\\n\","
     "\"stderr\":\"e\",\"result\":42,"
     "\"executionResult\":42,\"executionTimeInMilliseconds\":7,\"executionOutput\":\"o\\ne\"}}"},
    {"old: a failure", SP_FAMILY_OLD, SP_VERSION_2024_02, &nothing, 200,
     "{\"$id\":\"1\",\"properties\":{\"$id\":\"2\",\"status\":\"Failure\",\"stdout\":\"\","
     "\"stderr\":\"\",\"result\":null,"
     "\"executionResult\":null,\"executionTimeInMilliseconds\":0,\"executionOutput\":\"\"}}"},
    {"oldest: flat, numbers as text", SP_FAMILY_LEGACY, SP_VERSION_2024_02, &number, 200,
     "{\"$id\":\"1\",\"status\":\"Success\",\"stdout\":\"o\\n\",\"stderr\":\"e\",\"result\":\"42\","
     "\"executionTimeInMilliseconds\":7}"},
    {"oldest: no value is the empty text", SP_FAMILY_LEGACY, SP_VERSION_2024_02, &nothing, 200,
     "{\"$id\":\"1\",\"status\":\"Failure\",\"stdout\":\"\",\"stderr\":\"\",\"result\":\"\","
     "\"executionTimeInMilliseconds\":0}"},
    {"oldest: a picture stays an object", SP_FAMILY_LEGACY, SP_VERSION_2024_02, &picture, 200,
     "{\"$id\":\"1\",\"status\":\"Success\",\"stdout\":\"\",\"stderr\":\"\",\"result\":{\"type\":"
     "\"image\"},"
     "\"executionTimeInMilliseconds\":0,\"outputs\":[{\"image/"
     "png\":\"eA==\"}],\"isStdoutTruncated\":true,"
     "\"isStderrTruncated\":true}"},
    {"new before 2025-10: text or null, 202", SP_FAMILY_NEW, SP_VERSION_2024_10, &number, 202,
     "{\"id\":\"7\",\"identifier\":\"ab\\\"d\",\"executionType\":\"Synchronous\",\"status\":"
     "\"Succeeded\",\"result\":{"
     "\"stdout\":\"o\\n\",\"stderr\":\"e\",\"executionResult\":\"42\","
     "\"executionTimeInMilliseconds\":7}}"},
    {"new before 2025-10: no value", SP_FAMILY_NEW, SP_VERSION_2025_02, &nothing, 200,
     "{\"id\":\"7\",\"identifier\":\"ab\\\"d\",\"executionType\":\"Synchronous\",\"status\":"
     "\"Failed\",\"result\":{"
     "\"stdout\":\"\",\"stderr\":\"\",\"executionResult\":null,\"executionTimeInMilliseconds\":0}"
     "}"},
    {"new before 2025-10: a text is not quoted twice", SP_FAMILY_NEW, SP_VERSION_2025_02, &text,
     200,
     "{\"id\":\"7\",\"identifier\":\"ab\\\"d\",\"executionType\":\"Synchronous\",\"status\":"
     "\"Succeeded\",\"result\":{"
     "\"stdout\":\"\",\"stderr\":\"\",\"executionResult\":\"a\\nb\","
     "\"executionTimeInMilliseconds\":0}}"},
    {"newest: native value", SP_FAMILY_NEW, SP_VERSION_2025_10, &number, 200,
     "{\"id\":\"7\",\"identifier\":\"ab\\\"d\",\"executionType\":\"Synchronous\",\"status\":"
     "\"Succeeded\",\"result\":{"
     "\"stdout\":\"o\\n\",\"stderr\":\"e\",\"executionResult\":42,\"executionTimeInMilliseconds\":"
     "7}}"},
    {"2024-09-01: flat, native value", SP_FAMILY_FLAT, SP_VERSION_2024_09, &number, 200,
     "{\"id\":\"7\",\"executionType\":\"Synchronous\",\"$id\":\"2\",\"status\":\"Success\","
     "\"stdout\":\"o\\n\",\"stderr\":\"e\",\"result\":42,\"executionResult\":42,"
     "\"executionTimeInMilliseconds\":7}"},
};

static void test_answer_has_the_shape_of_its_family_and_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        struct sp_route route = {.operation = SP_OPERATION_EXECUTE,
                                 .family = cases[i].family,
                                 .version = cases[i].version,
                                 .identifier = SP_SLICE_LITERAL("ab\"d")};
        sp_buf_init(&out, BYTES_MAX);
        print_message("%s\n", cases[i].name);
        assert_int_equal(sp_answer_result(&route, sp_slice_of("7"), cases[i].result, &out), SP_OK);
        assert_int_equal(sp_answer_status(&route), cases[i].status);
        assert_int_equal(sp_buf_put_byte(&out, '\0'), SP_OK);
        assert_string_equal((const char *)out.ptr, cases[i].want);
    }
}

/* What stands twice is not so long that there was no room for it. */
static void test_answer_repeats_so_much_output_and_no_more(void **state)
{
    enum { BYTES = 2 * 1024 * 1024 };
    static char text_of[BYTES];
    SP_AUTO_BUF struct sp_buf out;
    const struct sp_route route = {.family = SP_FAMILY_OLD};
    const struct sp_result long_result = {.out_text = {(const uint8_t *)text_of, BYTES},
                                          .err_text = TEXT("not there any more"),
                                          .value_json = TEXT("null")};
    (void)state;
    for (size_t i = 0; i < BYTES; i++) {
        text_of[i] = 'x';
    }
    sp_buf_init(&out, (size_t)2 * BYTES);
    assert_int_equal(sp_answer_result(&route, sp_slice_of("7"), &long_result, &out), SP_OK);
    assert_true(out.len > BYTES + BYTES / 2 && out.len < BYTES + BYTES / 2 + 512);
    assert_true(sp_slice_ends(sp_buf_slice(&out), "xx\"}}"));
}

static void test_answer_is_bounded(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    struct sp_route route = {.family = SP_FAMILY_OLD};
    sp_buf_init(&out, 40);
    assert_int_equal(sp_answer_result(&route, sp_slice_of("7"), &number, &out), SP_ERR_TOO_BIG);
}

static void expect_error(const struct sp_answer_problem *problem, const char *want)
{
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, BYTES_MAX);
    assert_int_equal(sp_answer_error(problem, &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), want));
}

static void test_answer_of_an_error_has_code_and_message(void **state)
{
    (void)state;
    struct sp_answer_problem problem = {.err = SP_ERR_TOKEN_MISSING};
    expect_error(&problem,
                 "{\"error\":{\"code\":\"TokenMissing\",\"message\":\"no token was sent\"}}");
    problem = (struct sp_answer_problem){.err = SP_ERR_JSON,
                                         .detail = SP_SLICE_LITERAL("line 1"),
                                         .trace_id = SP_SLICE_LITERAL("t-1")};
    expect_error(
        &problem,
        "{\"error\":{\"code\":\"InvalidJson\",\"message\":\"line 1\",\"traceId\":\"t-1\"}}");
}

static void test_answer_of_a_denial_lists_its_findings(void **state)
{
    (void)state;
    static const struct sp_answer_detail details[] = {
        {.code = TEXT("process"),
         .message = TEXT("os.system"),
         .target = TEXT("code"),
         .action = TEXT("deny"),
         .line = 2,
         .column = 3,
         .end_line = 2,
         .end_column = 12},
        {.code = TEXT("size"), .message = TEXT("\xFF")},
    };
    struct sp_answer_problem problem = {
        .err = SP_ERR_DENIED, .details = details, .detail_count = 2};
    expect_error(&problem, "{\"error\":{\"code\":\"PolicyDenied\",\"message\":\"the policy denies "
                           "this code\",\"details\":["
                           "{\"code\":\"process\",\"message\":\"os.system\",\"target\":\"code\","
                           "\"action\":\"deny\",\"line\":2,"
                           "\"column\":3,\"endLine\":2,\"endColumn\":12},{\"code\":\"size\","
                           "\"message\":\"\xEF\xBF\xBD\"}]}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_has_the_shape_of_its_family_and_version),
        cmocka_unit_test(test_answer_repeats_so_much_output_and_no_more),
        cmocka_unit_test(test_answer_is_bounded),
        cmocka_unit_test(test_answer_of_an_error_has_code_and_message),
        cmocka_unit_test(test_answer_of_a_denial_lists_its_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
