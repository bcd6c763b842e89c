#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/request.h"
#include "api/shell.h"
#include "base/num.h"
#include "codec/json.h"

#define CALL "_run_command("

static const struct {
    const char *name;
    const char *body;
    enum sp_err want;
    const char *call; /* what the code ends with */
} cases[] = {
    {"a command", "{\"shellCommand\":\"ls -l\"}", SP_OK,
     CALL "['/bin/bash', '-c', \"ls -l\"], '')\n"},
    {"a command with all signs", "{\"shellCommand\":\"a'b\\\"c\\\\d\\n\\u00fc\"}", SP_OK,
     CALL "['/bin/bash', '-c', \"a'b\\\"c\\\\d\\n\xc3\xbc\"], '')\n"},
    {"a list", "{\"execCommandAndArgs\":[\"printf\",\"%s\",\"\"]}", SP_OK,
     CALL "[\"printf\", \"%s\", \"\"], '')\n"},
    {"input", "{\"shellCommand\":\"cat\",\"stdin\":\"x\"}", SP_OK,
     CALL "['/bin/bash', '-c', \"cat\"], \"x\")\n"},
    {"null is as absent", "{\"shellCommand\":\"cat\",\"execCommandAndArgs\":null,\"stdin\":null}",
     SP_OK, CALL "['/bin/bash', '-c', \"cat\"], '')\n"},
    {"both", "{\"shellCommand\":\"a\",\"execCommandAndArgs\":[\"a\"]}", SP_ERR_REQUEST, ""},
    {"an empty list", "{\"execCommandAndArgs\":[]}", SP_ERR_REQUEST, ""},
    {"a list with a number", "{\"execCommandAndArgs\":[\"a\",1]}", SP_ERR_REQUEST, ""},
    {"a number", "{\"shellCommand\":1}", SP_ERR_REQUEST, ""},
    {"input that is a number", "{\"shellCommand\":\"a\",\"stdin\":1}", SP_ERR_REQUEST, ""},
};

static void test_commands_become_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_JSON struct sp_json *doc = NULL;
        SP_AUTO_BUF struct sp_buf code;
        const struct sp_json_limits limits = {.bytes_max = 4096, .depth_max = 8};
        sp_buf_init(&code, 4096);
        assert_int_equal(sp_json_parse(sp_slice_of(cases[i].body), &limits, &doc, NULL), SP_OK);
        assert_true(sp_shell_is_asked(sp_json_root(doc)));
        if (sp_shell_code(sp_json_root(doc), &code) != cases[i].want) {
            fail_msg("%s", cases[i].name);
        }
        struct sp_slice call = sp_slice_of(cases[i].call);
        struct sp_slice end =
            sp_slice_sub(sp_buf_slice(&code), code.len - sp_size_min(call.len, code.len), call.len);
        if (cases[i].want == SP_OK && !sp_slice_equal(end, call)) {
            fail_msg("%s: %.*s", cases[i].name, (int)code.len, (const char *)code.ptr);
        }
    }
}

static void test_a_request_of_a_command(void **state)
{
    SP_AUTO_REQUEST struct sp_request request = {.timeout_s = 0};
    (void)state;
    assert_int_equal(
        sp_request_read(SP_SLICE_LITERAL("{\"shellCommand\":\"ls\",\"codeInputType\":\"Inline\"}"),
                        4096, &request, NULL),
        SP_OK);
    assert_true(request.is_shell && sp_slice_starts(request.code, "def _run_command("));
}

/* As the examples for such pools have it. Of code so much time is refused. */
static void test_a_command_gets_as_much_time_as_there_is(void **state)
{
    static const struct {
        const char *body;
        enum sp_err want;
        uint32_t timeout_s;
    } times[] = {
        {"{\"shellCommand\":\"ls\",\"timeoutInSeconds\":600}", SP_OK, SP_REQUEST_TIMEOUT_S_MAX},
        {"{\"shellCommand\":\"ls\",\"timeoutInSeconds\":220}", SP_OK, 220},
        {"{\"shellCommand\":\"ls\",\"timeoutInSeconds\":7}", SP_OK, 7},
        {"{\"shellCommand\":\"ls\",\"timeoutInSeconds\":0}", SP_ERR_REQUEST, 0},
        {"{\"shellCommand\":\"ls\",\"timeoutInSeconds\":1.5}", SP_ERR_REQUEST, 0},
        {"{\"code\":\"1\",\"timeoutInSeconds\":221}", SP_ERR_REQUEST, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(times); i++) {
        SP_AUTO_REQUEST struct sp_request request = {.timeout_s = 0};
        print_message("%s\n", times[i].body);
        assert_int_equal(sp_request_read(sp_slice_of(times[i].body), 4096, &request, NULL),
                         times[i].want);
        assert_int_equal(request.timeout_s, times[i].timeout_s);
    }
}

static void test_code_beside_a_command_is_refused(void **state)
{
    SP_AUTO_REQUEST struct sp_request request = {.timeout_s = 0};
    (void)state;
    assert_int_equal(sp_request_read(SP_SLICE_LITERAL("{\"shellCommand\":\"ls\",\"code\":\"1\"}"),
                                     4096, &request, NULL),
                     SP_ERR_REQUEST);
    assert_int_equal(
        sp_request_read(SP_SLICE_LITERAL("{\"shellCommand\":\"ls\"}"), 24, &request, NULL),
        SP_ERR_TOO_BIG);
    assert_int_equal(sp_request_read(SP_SLICE_LITERAL("{\"code\":\"1\"}"), 4096, &request, NULL),
                     SP_OK);
    assert_false(request.is_shell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_become_code),
        cmocka_unit_test(test_a_request_of_a_command),
        cmocka_unit_test(test_a_command_gets_as_much_time_as_there_is),
        cmocka_unit_test(test_code_beside_a_command_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
