#include "pool/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_requests_and_their_refused_neighbours(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        const char *body;
        enum sp_err want;
        enum sp_pool_operation operation;
    } cases[] = {
        {"POST", "/executions?identifier=abcd", "{\"code\":\"1\"}", SP_OK, SP_POOL_EXECUTE},
        {"POST", "/executions?api-version=1&identifier=a%2Fbc", "{\"code\":\"1\"}", SP_OK,
         SP_POOL_EXECUTE},
        {"GET", "/executions?identifier=abcd", "", SP_ERR_METHOD, SP_POOL_EXECUTE},
        {"POST", "/executions", "{\"code\":\"1\"}", SP_ERR_IDENTIFIER, SP_POOL_EXECUTE},
        {"POST", "/executions?identifier=abc", "{\"code\":\"1\"}", SP_ERR_IDENTIFIER,
         SP_POOL_EXECUTE},
        {"POST", "/executions?identifier=abcd&identifier=abcd", "{\"code\":\"1\"}",
         SP_ERR_IDENTIFIER, SP_POOL_EXECUTE},
        {"POST", "/executions?identifier=ab%20d", "{\"code\":\"1\"}", SP_ERR_IDENTIFIER,
         SP_POOL_EXECUTE},
        {"POST", "/executions?identifier=ab%00d", "{\"code\":\"1\"}", SP_ERR_IDENTIFIER,
         SP_POOL_EXECUTE},
        {"POST", "/executions?identifier=abcd", "{", SP_ERR_JSON, SP_POOL_EXECUTE},
        {"POST", "/executions?identifier=abcd", "{}", SP_ERR_REQUEST, SP_POOL_EXECUTE},
        {"GET", "/session?identifier=abcd", "", SP_OK, SP_POOL_SESSION_GET},
        {"DELETE", "/session?identifier=abcd", "", SP_OK, SP_POOL_SESSION_DELETE},
        {"PUT", "/session?identifier=abcd", "", SP_ERR_METHOD, SP_POOL_EXECUTE},
        {"GET", "/listSessions", "", SP_OK, SP_POOL_SESSION_LIST},
        {"GET", "/metadata", "", SP_OK, SP_POOL_METADATA},
        {"GET", "/metadata/", "", SP_ERR_NOT_FOUND, SP_POOL_EXECUTE},
        {"GET", "/", "", SP_ERR_NOT_FOUND, SP_POOL_EXECUTE},
        {"GET", "metadata", "", SP_ERR_NOT_FOUND, SP_POOL_EXECUTE},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_pool_call call;
        struct sp_where where = {.line = 0};
        enum sp_err err =
            sp_pool_call_read(sp_slice_of(cases[i].method), sp_slice_of(cases[i].target),
                              sp_slice_of(cases[i].body), &call, &where);
        if (err != cases[i].want || (err == SP_OK && call.operation != cases[i].operation)) {
            fail_msg("%s %s: %s", cases[i].method, cases[i].target, sp_err_name(err));
        }
        sp_pool_call_done(&call);
    }
}

static void test_execution_has_identifier_code_and_timeout(void **state)
{
    struct sp_pool_call SP_AUTO_POOL_CALL call;
    struct sp_where where = {.line = 0};
    (void)state;
    assert_int_equal(
        sp_pool_call_read(sp_slice_of("POST"), sp_slice_of("/executions?identifier=a%2Fbc"),
                          sp_slice_of("{\"code\":\"print(1)\",\"timeoutInSeconds\":9}"), &call,
                          &where),
        SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&call.identifier), "a/bc"));
    assert_true(sp_slice_is(call.request.code, "print(1)"));
    assert_int_equal(call.request.timeout_s, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_and_their_refused_neighbours),
        cmocka_unit_test(test_execution_has_identifier_code_and_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
