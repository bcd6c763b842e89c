#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "identity/veil.h"

static const uint8_t key_1[SP_VEIL_KEY_BYTES] = {1};
static const uint8_t key_2[SP_VEIL_KEY_BYTES] = {2};

static struct sp_slice key_of(const uint8_t *bytes)
{
    return sp_slice_make(bytes, SP_VEIL_KEY_BYTES);
}

static void test_a_form_is_the_one_that_others_compute(void **state)
{
    char got[SP_VEIL_CHARS + 1];
    (void)state;
    assert_int_equal(sp_veil_text(key_of(key_1), SP_VEIL_TENANT, sp_slice_of("acme"), got), SP_OK);
    assert_string_equal(got, "keyed:eb61aa62c870c050aeb234bff1449454");
    assert_int_equal(strlen(got), SP_VEIL_CHARS);
}

static void test_forms_differ_by_name_kind_and_key_alone(void **state)
{
    char first[SP_VEIL_CHARS + 1];
    char again[SP_VEIL_CHARS + 1];
    char other[SP_VEIL_CHARS + 1];
    (void)state;
    assert_int_equal(sp_veil_text(key_of(key_1), SP_VEIL_SOURCE, sp_slice_of("192.0.2.1"), first),
                     SP_OK);
    assert_int_equal(sp_veil_text(key_of(key_1), SP_VEIL_SOURCE, sp_slice_of("192.0.2.1"), again),
                     SP_OK);
    assert_string_equal(first, again);
    assert_int_equal(sp_veil_text(key_of(key_1), SP_VEIL_SOURCE, sp_slice_of("192.0.2.2"), other),
                     SP_OK);
    assert_string_not_equal(first, other);
    assert_int_equal(sp_veil_text(key_of(key_1), SP_VEIL_SESSION, sp_slice_of("192.0.2.1"), other),
                     SP_OK);
    assert_string_not_equal(first, other);
    assert_int_equal(sp_veil_text(key_of(key_2), SP_VEIL_SOURCE, sp_slice_of("192.0.2.1"), other),
                     SP_OK);
    assert_string_not_equal(first, other);
}

static void test_no_name_has_no_form_and_no_key_makes_none(void **state)
{
    char got[SP_VEIL_CHARS + 1] = "x";
    (void)state;
    assert_int_equal(sp_veil_text(key_of(key_1), SP_VEIL_SESSION, sp_slice_of(""), got), SP_OK);
    assert_string_equal(got, "");
    assert_int_equal(
        sp_veil_text(sp_slice_make(key_1, 31), SP_VEIL_TENANT, sp_slice_of("acme"), got),
        SP_ERR_INVALID);
    assert_string_equal(got, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_form_is_the_one_that_others_compute),
        cmocka_unit_test(test_forms_differ_by_name_kind_and_key_alone),
        cmocka_unit_test(test_no_name_has_no_form_and_no_key_makes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
