/* request: bodies of every client, and those that two readers could read differently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/request.h"

#define BYTES_MAX ((size_t)4096)

static const struct {
    const char *name;
    const char *body;
    enum sp_err want;
    const char *code;    /* with SP_OK */
    uint32_t timeout_s;  /* with SP_OK */
    const char *message; /* what the message must begin with, otherwise */
} cases[] = {
    {.name = "flat, .NET",
     .body =
         "{\"codeInputType\":\"Inline\",\"executionType\":\"Synchronous\",\"timeoutInSeconds\":100,"
         "\"code\":\"1+1\"}",
     .code = "1+1",
     .timeout_s = 100},
    {.name = "enveloped, Python",
     .body = "{\"properties\":{\"codeInputType\":\"inline\",\"executionType\":\"synchronous\","
             "\"code\":\"x\",\"timeoutInSeconds\":220}}",
     .code = "x",
     .timeout_s = 220},
    {.name = "oldest, TypeScript",
     .body = "{\"properties\":{\"identifier\":\"i\",\"codeInputType\":\"inline\","
             "\"executionType\":\"synchronous\",\"pythonCode\":\"y\"}}",
     .code = "y",
     .timeout_s = 60},
    {.name = "least", .body = "{\"code\":\"\"}", .code = "", .timeout_s = 60},
    {.name = "shortest time",
     .body = "{\"code\":\"z\",\"timeoutInSeconds\":1}",
     .code = "z",
     .timeout_s = 1},
    {.name = "nulls are absent",
     .body = "{\"code\":\"z\",\"timeoutInSeconds\":null,\"codeInputType\":null,"
             "\"executionType\":null,\"properties\":null}",
     .code = "z",
     .timeout_s = 60},
    {.name = "unknown members",
     .body = "{\"identifier\":\"i\",\"code\":\"z\",\"more\":{\"a\":[1,2]}}",
     .code = "z",
     .timeout_s = 60},
    {.name = "base64",
     .body = "{\"codeInputType\":\"INLINEBASE64\",\"code\":\"cHJpbnQoMSk=\"}",
     .code = "print(1)",
     .timeout_s = 60},
    {.name = "escapes",
     .body = "{\"code\":\"a\\u00e9\\n\"}",
     .code = "a\xC3\xA9\n",
     .timeout_s = 60},

    {.name = "empty", .body = "", .want = SP_ERR_JSON},
    {.name = "broken", .body = "{\"code\":", .want = SP_ERR_JSON},
    {.name = "bytes behind", .body = "{\"code\":\"a\"} x", .want = SP_ERR_JSON},
    {.name = "two values", .body = "{\"code\":\"a\"}{\"code\":\"b\"}", .want = SP_ERR_JSON},
    {.name = "equal keys", .body = "{\"code\":\"a\",\"code\":\"b\"}", .want = SP_ERR_JSON},
    {.name = "equal keys, one escaped",
     .body = "{\"code\":\"a\",\"c\\u006fde\":\"b\"}",
     .want = SP_ERR_JSON},
    {.name = "invalid UTF-8", .body = "{\"code\":\"\xC3\x28\"}", .want = SP_ERR_JSON},
    {.name = "lone surrogate", .body = "{\"code\":\"\\ud800\"}", .want = SP_ERR_JSON},
    {.name = "raw line end", .body = "{\"code\":\"a\nb\"}", .want = SP_ERR_JSON},
    {.name = "huge number",
     .body = "{\"code\":\"a\",\"timeoutInSeconds\":1e999}",
     .want = SP_ERR_JSON},
    {.name = "comment", .body = "{\"code\":\"a\"/**/}", .want = SP_ERR_JSON},
    {.name = "escaped NUL", .body = "{\"code\":\"a\\u0000b\"}", .want = SP_ERR_NUL},
    {.name = "NUL in base64",
     .body = "{\"codeInputType\":\"InlineBase64\",\"code\":\"YQBi\"}",
     .want = SP_ERR_NUL,
     .message = "code holds a NUL"},
    {.name = "array", .body = "[]", .want = SP_ERR_REQUEST, .message = "the body must be"},
    {.name = "text", .body = "\"code\"", .want = SP_ERR_REQUEST, .message = "the body must be"},
    {.name = "no code", .body = "{}", .want = SP_ERR_REQUEST, .message = "code is missing"},
    {.name = "no code in envelope",
     .body = "{\"properties\":{}}",
     .want = SP_ERR_REQUEST,
     .message = "code is missing"},
    {.name = "letters of a key count",
     .body = "{\"Code\":\"a\"}",
     .want = SP_ERR_REQUEST,
     .message = "code is missing"},
    {.name = "code a number",
     .body = "{\"code\":1}",
     .want = SP_ERR_REQUEST,
     .message = "code must be"},
    {.name = "envelope a text",
     .body = "{\"properties\":\"a\"}",
     .want = SP_ERR_REQUEST,
     .message = "properties must be"},
    {.name = "code in both places",
     .body = "{\"properties\":{\"code\":\"a\"},\"code\":\"b\"}",
     .want = SP_ERR_REQUEST,
     .message = "code must stand either"},
    {.name = "code by both names",
     .body = "{\"code\":\"a\",\"pythonCode\":\"b\"}",
     .want = SP_ERR_REQUEST,
     .message = "code and pythonCode"},
    {.name = "time 0",
     .body = "{\"code\":\"a\",\"timeoutInSeconds\":0}",
     .want = SP_ERR_REQUEST,
     .message = "timeoutInSeconds must be from 1"},
    {.name = "time 221",
     .body = "{\"code\":\"a\",\"timeoutInSeconds\":221}",
     .want = SP_ERR_REQUEST,
     .message = "timeoutInSeconds must be from 1"},
    {.name = "time below",
     .body = "{\"code\":\"a\",\"timeoutInSeconds\":-1}",
     .want = SP_ERR_REQUEST,
     .message = "timeoutInSeconds must be from 1"},
    {.name = "time over every integer",
     .body = "{\"code\":\"a\",\"timeoutInSeconds\":99999999999999999999}",
     .want = SP_ERR_REQUEST,
     .message = "timeoutInSeconds must be from 1"},
    {.name = "time a fraction",
     .body = "{\"code\":\"a\",\"timeoutInSeconds\":1.5}",
     .want = SP_ERR_REQUEST,
     .message = "timeoutInSeconds must be a whole"},
    {.name = "time a text",
     .body = "{\"code\":\"a\",\"timeoutInSeconds\":\"60\"}",
     .want = SP_ERR_REQUEST,
     .message = "timeoutInSeconds must be a whole"},
    {.name = "unknown input type",
     .body = "{\"code\":\"a\",\"codeInputType\":\"File\"}",
     .want = SP_ERR_REQUEST,
     .message = "codeInputType must be Inline"},
    {.name = "input type a number",
     .body = "{\"code\":\"a\",\"codeInputType\":1}",
     .want = SP_ERR_REQUEST,
     .message = "codeInputType must be a string"},
    {.name = "stream length zero",
     .body = "{\"code\":\"a\",\"outputStreamsMaxLength\":0}",
     .want = SP_ERR_REQUEST,
     .message = "outputStreamsMaxLength must be"},
    {.name = "stream length a text",
     .body = "{\"code\":\"a\",\"outputStreamsMaxLength\":\"1\"}",
     .want = SP_ERR_REQUEST,
     .message = "outputStreamsMaxLength must be"},
    {.name = "empty kernel a text",
     .body = "{\"code\":\"a\",\"useEmptyKernel\":\"true\"}",
     .want = SP_ERR_REQUEST,
     .message = "useEmptyKernel must be true or false"},
    {.name = "a way of showing that is none",
     .body = "{\"code\":\"a\",\"returnJupyterFormatExecutionResult\":1}",
     .want = SP_ERR_REQUEST,
     .message = "returnJupyterFormatExecutionResult must be true or false"},
    {.name = "unknown execution type",
     .body = "{\"code\":\"a\",\"executionType\":\"Later\"}",
     .want = SP_ERR_REQUEST,
     .message = "executionType must be Synchronous"},
    {.name = "execution type a number",
     .body = "{\"code\":\"a\",\"executionType\":true}",
     .want = SP_ERR_REQUEST,
     .message = "executionType must be a string"},
    {.name = "not base64",
     .body = "{\"codeInputType\":\"InlineBase64\",\"code\":\"a\"}",
     .want = SP_ERR_REQUEST,
     .message = "code is not valid base64"},
    {.name = "base64 of no text",
     .body = "{\"codeInputType\":\"InlineBase64\",\"code\":\"/w==\"}",
     .want = SP_ERR_REQUEST,
     .message = "code is not valid UTF-8"},
};

static void test_request_reads_each_case_as_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_REQUEST struct sp_request request = {0};
        struct sp_where where = {0};
        print_message("%s\n", cases[i].name);
        assert_int_equal(sp_request_read(sp_slice_of(cases[i].body), BYTES_MAX, &request, &where),
                         cases[i].want);
        if (cases[i].want == SP_OK) {
            assert_true(sp_slice_is(request.code, cases[i].code));
            assert_int_equal(request.timeout_s, cases[i].timeout_s);
            continue;
        }
        assert_null(request.doc);
        assert_true(where.text[0] != '\0');
        assert_true(cases[i].message == NULL ||
                    sp_slice_starts(sp_slice_of(where.text), cases[i].message));
    }
}

static void test_request_reads_how_it_is_to_be_run(void **state)
{
    static const struct {
        const char *body;
        bool is_async;
        uint32_t output_max;
        bool is_empty_kernel;
        bool is_jupyter;
    } rows[] = {
        {"{\"code\":\"a\"}", false, 0, false, false},
        {"{\"code\":\"a\",\"executionType\":\"synchronous\"}", false, 0, false, false},
        {"{\"code\":\"a\",\"executionType\":\"asynchronous\"}", true, 0, false, false},
        {"{\"code\":\"a\",\"outputStreamsMaxLength\":4096}", false, 4096, false, false},
        {"{\"code\":\"a\",\"useEmptyKernel\":true}", false, 0, true, false},
        {"{\"code\":\"a\",\"useEmptyKernel\":false}", false, 0, false, false},
        {"{\"code\":\"a\",\"useEmptyKernel\":null}", false, 0, false, false},
        {"{\"code\":\"a\",\"returnJupyterFormatExecutionResult\":true}", false, 0, false, true},
        {"{\"code\":\"a\",\"returnJupyterFormatExecutionResult\":false}", false, 0, false, false},
        {"{\"code\":\"a\",\"returnJupyterFormat\":true}", false, 0, false, true},
        {"{\"shellCommand\":\"a\",\"returnJupyterFormat\":true}", false, 0, false, false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_REQUEST struct sp_request request = {0};
        struct sp_where where = {0};
        assert_int_equal(sp_request_read(sp_slice_of(rows[i].body), 4096, &request, &where), SP_OK);
        assert_true(request.is_async == rows[i].is_async);
        assert_int_equal(request.output_max, rows[i].output_max);
        assert_true(request.is_empty_kernel == rows[i].is_empty_kernel);
        assert_true(request.is_jupyter == rows[i].is_jupyter);
    }
}

static void test_request_says_where_json_breaks(void **state)
{
    (void)state;
    struct sp_request request = {0};
    struct sp_where where = {0};
    assert_int_equal(
        sp_request_read(sp_slice_of("{\n \"code\": oops}"), BYTES_MAX, &request, &where),
        SP_ERR_JSON);
    assert_int_equal(where.line, 2);
    assert_int_equal(where.column, 10);
}

static void test_request_is_bounded(void **state)
{
    (void)state;
    SP_AUTO_REQUEST struct sp_request request = {0};
    struct sp_slice body = SP_SLICE_LITERAL("{\"code\":\"abc\"}");
    assert_int_equal(sp_request_read(body, body.len - 1, &request, NULL), SP_ERR_TOO_BIG);
    assert_int_equal(sp_request_read(body, body.len, &request, NULL), SP_OK);
}

static void test_types_of_bodies(void **state)
{
    static const struct {
        const char *type;
        bool is_taken;
    } rows[] = {
        {"", true},
        {"application/json", true},
        {"Application/JSON; charset=utf-8", true},
        {" application/json ;x", true},
        {"text/json", true},
        {"application/problem+json", true},
        {"application/x-www-form-urlencoded", true},
        {"text/plain", false},
        {"multipart/form-data; boundary=b", false},
        {"application/jsonp", false},
        {"+json", false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        if (sp_request_takes_type(sp_slice_of(rows[i].type)) != rows[i].is_taken) {
            fail_msg("%s", rows[i].type);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_of_bodies),
        cmocka_unit_test(test_request_reads_each_case_as_it_should),
        cmocka_unit_test(test_request_reads_how_it_is_to_be_run),
        cmocka_unit_test(test_request_says_where_json_breaks),
        cmocka_unit_test(test_request_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
