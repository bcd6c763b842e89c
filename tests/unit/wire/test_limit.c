#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/limit.h"

static void test_every_limit_has_its_names_and_window(void **state)
{
    (void)state;
    assert_string_equal(sp_limit_key(SP_LIMIT_REQUESTS), "requests_per_minute");
    assert_string_equal(sp_limit_field(SP_LIMIT_REQUESTS), "requests");
    assert_int_equal(sp_limit_window_s(SP_LIMIT_REQUESTS), 60);
    assert_string_equal(sp_limit_key(SP_LIMIT_UPLOAD), "upload_bytes_per_day");
    assert_int_equal(sp_limit_window_s(SP_LIMIT_UPLOAD), 86400);
    assert_int_equal(sp_limit_window_s(SP_LIMIT_RUNS), 0);
    assert_string_equal(sp_limit_scope_name(SP_LIMIT_OF_ORGANISATION), "organisation");
    assert_string_equal(sp_limit_key((enum sp_limit)99), "none");
    assert_string_equal(sp_limit_scope_name((enum sp_limit_scope)99), "tenant");
}

static void test_numbers_of_a_wire_are_taken_only_when_they_name_something(void **state)
{
    (void)state;
    struct sp_limit_state out = {.size = 7};
    assert_int_equal(sp_limit_from_numbers(SP_LIMIT_CODE, SP_LIMIT_OF_TOKEN, &out), SP_OK);
    assert_int_equal(out.limit, SP_LIMIT_CODE);
    assert_int_equal(out.scope, SP_LIMIT_OF_TOKEN);
    assert_int_equal(out.size, 7);
    assert_int_equal(sp_limit_from_numbers(SP_LIMIT_COUNT, 0, &out), SP_ERR_WIRE);
    assert_int_equal(sp_limit_from_numbers(0, SP_LIMIT_SCOPE_COUNT, &out), SP_ERR_WIRE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_limit_has_its_names_and_window),
        cmocka_unit_test(test_numbers_of_a_wire_are_taken_only_when_they_name_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
