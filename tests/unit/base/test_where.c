#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/where.h"

static void test_place_and_text_are_kept(void **state)
{
    struct sp_where where = {0, 0, ""};
    (void)state;
    sp_where_set(&where, 3, 7, "the key '%s' is unknown", "lisden");
    assert_int_equal(where.line, 3);
    assert_int_equal(where.column, 7);
    assert_string_equal(where.text, "the key 'lisden' is unknown");
}

static void test_control_bytes_of_quoted_input_are_replaced(void **state)
{
    struct sp_where where = {0, 0, ""};
    (void)state;
    sp_where_set(&where, 1, 1, "%s", "a\x1B[2Jb\x7F\nc");
    assert_string_equal(where.text, "a?[2Jb??c");
}

static void test_long_text_is_cut(void **state)
{
    struct sp_where where = {0, 0, ""};
    (void)state;
    sp_where_set(&where, 0, 0, "%0400d", 7);
    assert_int_equal(strlen(where.text), SP_WHERE_TEXT_MAX - 1);
}

static void test_no_place_to_write_is_fine(void **state)
{
    (void)state;
    sp_where_set(NULL, 1, 1, "%s", "ignored");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place_and_text_are_kept),
        cmocka_unit_test(test_control_bytes_of_quoted_input_are_replaced),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_no_place_to_write_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
