/* mcp: messages of JSON-RPC, good and bad, and what runs come back as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/mcp.h"
#include "api/request.h"

#define MAX ((size_t)16 * 1024)
#define CALL(tool, arguments)                                                                      \
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"" tool         \
    "\",\"arguments\":" arguments "}}"
#define PYTHON "runPythonCodeInRemoteEnvironment"
#define SHELL  "runShellCommandInRemoteEnvironment"

static bool has(const struct sp_buf *b, const char *text)
{
    return b->len > 0 && memmem(b->ptr, b->len, text, strlen(text)) != NULL;
}

static void test_targets(void **state)
{
    static const struct {
        const char *target;
        bool is_mcp;
    } cases[] = {
        {"/mcp", true},
        {"/mcp/", true},
        {"/subscriptions/s/resourceGroups/g/sessionPools/p/mcp?api-version=x", true},
        {"//mcp//", true},
        {"/subscriptions/s/resourceGroups/g/sessionPools/mcp", false},
        {"/subscriptions/s/resourceGroups/g/sessionPools/mcp/mcp", true},
        {"/xmcp", false},
        {"/mcp/x", false},
        {"/MCP", false},
        {"/a?b=/mcp", false},
        {"mcp", false},
        {"*", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        print_message("  %s\n", cases[i].target);
        assert_int_equal(sp_mcp_is_target(sp_slice_of(cases[i].target)), cases[i].is_mcp);
    }
}

static const struct told_case {
    const char *message;
    const char *told; /* how the answer begins */
} told_cases[] = {
    {"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"initialize\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{\"protocolVersion\":\"2025-03-26\","
     "\"capabilities\":{\"tools\":{\"call\":true,\"list\":true}}"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
     "\"2025-06-18\"}}",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-06-18\""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
     "\"2099-01-01\"}}",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-03-26\""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"result\":{}}"},
    {"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{}}",
     "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"launchShell\""},
    {"not JSON", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700"},
    {"[]", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600"},
    {"{\"id\":1,\"method\":\"ping\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600"},
    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600"},
    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600"},
    {"{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"ping\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601"},
    {CALL("rm", "{}"), "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602"},
    {"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602"},
    {CALL(PYTHON, "{\"pythonCode\":\"1\"}"),
     "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602"},
    {CALL(PYTHON, "{\"environmentId\":\"a b c\",\"pythonCode\":\"1\"}"),
     "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602"},
    {CALL(PYTHON, "{\"environmentId\":\"env-1\"}"),
     "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602"},
    {CALL(PYTHON, "{\"environmentId\":\"env-1\",\"pythonCode\":1}"),
     "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602"},
};

static void test_what_is_told_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(told_cases); i++) {
        SP_AUTO_MCP struct sp_mcp mcp = {.kind = SP_MCP_NOTE};
        print_message("  %s\n", told_cases[i].message);
        assert_int_equal(sp_mcp_read(sp_slice_of(told_cases[i].message), MAX, &mcp), SP_OK);
        assert_int_equal(mcp.kind, SP_MCP_TOLD);
        print_message("    %.*s\n", (int)mcp.told.len, (const char *)mcp.told.ptr);
        assert_true(sp_slice_starts(sp_buf_slice(&mcp.told), told_cases[i].told));
        assert_int_equal(mcp.target.len + mcp.body.len, 0);
    }
}

static void test_notes_and_launches(void **state)
{
    static const struct {
        const char *message;
        enum sp_mcp_kind kind;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", SP_MCP_NOTE},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"launchShell\"}}",
         SP_MCP_NOTE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", SP_MCP_NOTE},
        {CALL("launchShell", "{}"), SP_MCP_LAUNCH},
        {CALL("launchPythonEnvironment", "{}"), SP_MCP_LAUNCH},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_MCP struct sp_mcp mcp = {.kind = SP_MCP_TOLD};
        assert_int_equal(sp_mcp_read(sp_slice_of(cases[i].message), MAX, &mcp), SP_OK);
        assert_int_equal(mcp.kind, cases[i].kind);
        assert_int_equal(mcp.told.len, 0);
    }
}

static void test_a_launch_names_the_environment_twice(void **state)
{
    SP_AUTO_MCP struct sp_mcp mcp = {.kind = SP_MCP_TOLD};
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, MAX);
    assert_int_equal(sp_mcp_read(sp_slice_of(CALL("launchShell", "{}")), MAX, &mcp), SP_OK);
    assert_int_equal(sp_mcp_put_launched(&mcp, SP_SLICE_LITERAL("env-1"), &out), SP_OK);
    assert_true(sp_slice_is(
        sp_buf_slice(&out),
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[{\"type\":\"text\",\"text\":"
        "\"{\\\"environmentId\\\":\\\"env-1\\\"}\"}],\"structuredContent\":{\"environmentId\":"
        "\"env-1\"},\"isError\":false}}"));
}

/* What it becomes is read by the same parser as every run, and says the same. */
static void test_a_tool_becomes_the_run_that_it_is(void **state)
{
    SP_AUTO_MCP struct sp_mcp mcp = {.kind = SP_MCP_TOLD};
    SP_AUTO_REQUEST struct sp_request request = {0};
    (void)state;
    assert_int_equal(
        sp_mcp_read(sp_slice_of(CALL(PYTHON, "{\"environmentId\":\"a/b&c\",\"pythonCode\":\"print("
                                             "\\\"\\u00e9\\\")\\n\",\"timeoutInSeconds\":9,"
                                             "\"executionType\":\"Asynchronous\"}")),
                    MAX, &mcp),
        SP_OK);
    assert_int_equal(mcp.kind, SP_MCP_RUN);
    assert_true(sp_slice_is(sp_buf_slice(&mcp.target),
                            "/executions?api-version=2025-10-02-preview&identifier=a%2Fb%26c"));
    assert_int_equal(sp_request_read(sp_buf_slice(&mcp.body), MAX, &request, NULL), SP_OK);
    assert_true(sp_slice_is(request.code, "print(\"\xC3\xA9\")\n"));
    assert_int_equal(request.timeout_s, 9);
    assert_true(!request.is_async && !request.is_shell);
}

static void test_a_command_becomes_a_run_too(void **state)
{
    static const char *const commands[] = {
        "\"shellCommand\":\"ls | wc\"", "\"execCommandAndArgs\":[\"ls\",\"-l\"],\"stdin\":\"x\""};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(commands); i++) {
        SP_AUTO_MCP struct sp_mcp mcp = {.kind = SP_MCP_TOLD};
        SP_AUTO_REQUEST struct sp_request request = {0};
        SP_AUTO_BUF struct sp_buf message;
        sp_buf_init(&message, MAX);
        assert_int_equal(sp_buf_putf(&message, "%s%s}}}",
                                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
                                     "\"params\":{\"name\":\"" SHELL
                                     "\",\"arguments\":{\"environmentId\":\"env-1\",",
                                     commands[i]),
                         SP_OK);
        assert_int_equal(sp_mcp_read(sp_buf_slice(&message), MAX, &mcp), SP_OK);
        assert_int_equal(mcp.kind, SP_MCP_RUN);
        assert_true(has(&mcp.body, commands[i]));
        assert_int_equal(sp_request_read(sp_buf_slice(&mcp.body), MAX, &request, NULL), SP_OK);
        assert_true(request.is_shell);
    }
}

static const struct {
    const char *name;
    unsigned status;
    const char *answer;
    const char *want; /* somewhere in what comes out; NULL: it cannot be made */
} ran_cases[] = {
    {"a result", 200,
     "{\"status\":\"Succeeded\",\"result\":{\"stdout\":\"a\\n\",\"stderr\":\"\","
     "\"executionResult\":[1],\"executionTimeInMilliseconds\":3}}",
     "\"structuredContent\":{\"environmentId\":\"env-1\",\"status\":\"Succeeded\",\"stdout\":"
     "\"a\\n\",\"stderr\":\"\",\"executionResult\":[1],\"executionTimeInMilliseconds\":3},"
     "\"isError\":false}}"},
    {"an exception", 200, "{\"status\":\"Failed\",\"result\":{\"stderr\":\"ZeroDivisionError\"}}",
     "\"stderr\":\"ZeroDivisionError\"},\"isError\":true}}"},
    {"a picture", 200,
     "{\"status\":\"Succeeded\",\"result\":{\"stdout\":\"\",\"executionResult\":{\"type\":"
     "\"image\","
     "\"format\":\"png\",\"base64_data\":\"QUJD\"}}}",
     "\"text\":\"{\\\"environmentId\\\":\\\"env-1\\\",\\\"status\\\":\\\"Succeeded\\\","
     "\\\"stdout\\\":\\\"\\\"}\"},{\"type\":\"image\",\"data\":\"QUJD\",\"mimeType\":\"image/"
     "png\"}],"
     "\"structuredContent\":{\"environmentId\":\"env-1\",\"status\":\"Succeeded\",\"stdout\":\"\","
     "\"executionResult\":{\"type\":\"image\",\"format\":\"png\",\"base64_data\":\"QUJD\"}}"},
    {"a drawing", 200,
     "{\"status\":\"Succeeded\",\"result\":{\"executionResult\":{\"type\":\"image\",\"format\":"
     "\"svg\",\"base64_data\":\"QUJD\"}}}",
     "\"mimeType\":\"image/svg+xml\"}]"},
    {"an exit status", 200, "{\"status\":\"3\",\"result\":{\"stdout\":\"\"}}",
     "\"status\":\"3\",\"stdout\":\"\"},\"isError\":false}}"},
    {"a denial", 403,
     "{\"error\":{\"code\":\"PolicyDenied\",\"message\":\"no\",\"details\":[{\"code\":\"x\"}]}}",
     "\"content\":[{\"type\":\"text\",\"text\":\"PolicyDenied: no\"}],\"structuredContent\":"
     "{\"environmentId\":\"env-1\",\"code\":\"PolicyDenied\",\"message\":\"no\",\"details\":[{"
     "\"code\":\"x\"}]},\"isError\":true}}"},
    {"what is no JSON", 200, "<html>", NULL},
    {"an error of another shape", 500, "{\"message\":\"no\"}", NULL},
};

static void test_answers_of_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(ran_cases); i++) {
        SP_AUTO_MCP struct sp_mcp mcp = {.kind = SP_MCP_TOLD};
        SP_AUTO_BUF struct sp_buf out;
        print_message("  %s\n", ran_cases[i].name);
        sp_buf_init(&out, MAX);
        assert_int_equal(sp_mcp_read(sp_slice_of(CALL(PYTHON, "{\"environmentId\":\"env-1\","
                                                              "\"pythonCode\":\"1\"}")),
                                     MAX, &mcp),
                         SP_OK);
        const enum sp_err err =
            sp_mcp_put_ran(&mcp, ran_cases[i].status, sp_slice_of(ran_cases[i].answer), &out);
        assert_int_equal(err == SP_OK, ran_cases[i].want != NULL);
        if (ran_cases[i].want != NULL) {
            print_message("    %.*s\n", (int)out.len, (const char *)out.ptr);
            assert_true(sp_slice_starts(sp_buf_slice(&out), "{\"jsonrpc\":\"2.0\",\"id\":7,"));
            assert_true(has(&out, ran_cases[i].want));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_what_is_told_at_once),
        cmocka_unit_test(test_notes_and_launches),
        cmocka_unit_test(test_a_launch_names_the_environment_twice),
        cmocka_unit_test(test_a_tool_becomes_the_run_that_it_is),
        cmocka_unit_test(test_a_command_becomes_a_run_too),
        cmocka_unit_test(test_answers_of_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
