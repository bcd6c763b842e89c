#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"

static const char *const names[] = {
#define NAME_OF(code, http, api, text) #code,
    SP_ERR_LIST(NAME_OF)
#undef NAME_OF
};

static void test_every_row_has_status_code_and_text(void **state)
{
    (void)state;
    assert_int_equal(SP_COUNT(names), SP_ERR_COUNT);
    for (unsigned i = 0; i < SP_ERR_COUNT; i++) {
        enum sp_err err = sp_err_from_number(i);
        assert_int_equal(err, i);
        assert_true(sp_err_http(err) >= 200 && sp_err_http(err) <= 599);
        assert_true(err == SP_OK || sp_err_http(err) >= 400);
        assert_true(sp_err_text(err)[0] != '\0');
        assert_true(sp_err_code(err)[0] >= 'A' && sp_err_code(err)[0] <= 'Z');
        assert_string_equal(sp_err_name(err), names[i] + strlen("SP_"));
    }
}

static void test_number_of_no_error_is_a_wire_error(void **state)
{
    (void)state;
    assert_int_equal(sp_err_from_number(SP_ERR_COUNT), SP_ERR_WIRE);
    assert_int_equal(sp_err_from_number(UINT32_MAX), SP_ERR_WIRE);
}

static void test_unknown_error_reads_as_internal(void **state)
{
    (void)state;
    assert_int_equal(sp_err_http(SP_ERR_COUNT), 500);
    assert_string_equal(sp_err_code(SP_ERR_COUNT), "InternalError");
}

static void test_what_clients_rely_on_stays(void **state)
{
    static const struct {
        enum sp_err err;
        unsigned http;
        const char *code;
    } rows[] = {
        {SP_ERR_JSON, 400, "InvalidJson"},
        {SP_ERR_REQUEST, 400, "InvalidRequest"},
        {SP_ERR_TOKEN_MISSING, 401, "TokenMissing"},
        {SP_ERR_TOKEN_UNKNOWN, 401, "TokenUnknown"},
        {SP_ERR_DENIED, 403, "PolicyDenied"},
        {SP_ERR_NOT_FOUND, 404, "NotFound"},
        {SP_ERR_TOO_BIG, 413, "RequestTooLarge"},
        {SP_ERR_SESSIONS_FULL, 429, "SessionLimitReached"},
        {SP_ERR_OUTCOME_UNKNOWN, 502, "OutcomeUnknown"},
        {SP_ERR_LOG_UNAVAILABLE, 503, "LogUnavailable"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        assert_int_equal(sp_err_http(rows[i].err), rows[i].http);
        assert_string_equal(sp_err_code(rows[i].err), rows[i].code);
    }
}

static unsigned steps;

static enum sp_err two_steps(enum sp_err first)
{
    SP_TRY(first);
    steps++;
    return SP_ERR_FULL;
}

static void test_try_stops_at_the_first_failure_and_hands_it_on(void **state)
{
    (void)state;
    steps = 0;
    assert_int_equal(two_steps(SP_ERR_DEPTH), SP_ERR_DEPTH);
    assert_int_equal(steps, 0);
    assert_int_equal(two_steps(SP_OK), SP_ERR_FULL);
    assert_int_equal(steps, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_has_status_code_and_text),
        cmocka_unit_test(test_number_of_no_error_is_a_wire_error),
        cmocka_unit_test(test_unknown_error_reads_as_internal),
        cmocka_unit_test(test_what_clients_rely_on_stays),
        cmocka_unit_test(test_try_stops_at_the_first_failure_and_hands_it_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
