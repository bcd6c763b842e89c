#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/num.h"
#include <cmocka.h>

static void test_sums_and_products_refuse_to_wrap(void **state)
{
    (void)state;
    size_t out = 7;
    assert_int_equal(sp_size_add(SIZE_MAX - 1, 1, &out), SP_OK);
    assert_true(out == SIZE_MAX);
    out = 7;
    assert_int_equal(sp_size_add(SIZE_MAX, 1, &out), SP_ERR_RANGE);
    assert_int_equal(sp_size_mul(SIZE_MAX / 2 + 1, 2, &out), SP_ERR_RANGE);
    assert_int_equal(out, 7);
    assert_int_equal(sp_size_mul(3, 5, &out), SP_OK);
    assert_int_equal(out, 15);

    uint64_t wide = 7;
    assert_int_equal(sp_u64_add(UINT64_MAX, 1, &wide), SP_ERR_RANGE);
    assert_int_equal(sp_u64_mul(UINT64_MAX, 2, &wide), SP_ERR_RANGE);
    assert_int_equal(wide, 7);
    assert_int_equal(sp_u64_add(UINT64_MAX - 1, 1, &wide), SP_OK);
    assert_true(wide == UINT64_MAX);
    assert_int_equal(sp_u64_mul(1U << 31, 2, &wide), SP_OK);
    assert_true(wide == (uint64_t)1 << 32);
}

static void test_narrowing_is_checked(void **state)
{
    (void)state;
    assert_true(sp_fits_u32(UINT32_MAX));
    assert_false(sp_fits_u32((size_t)UINT32_MAX + 1));
    assert_int_equal(sp_size_min(3, 5), 3);
    assert_int_equal(sp_size_max(3, 5), 5);
}

static void test_decimal_numbers(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        uint64_t max;
        enum sp_err want;
        uint64_t value;
    } rows[] = {
        {"zero", "0", 10, SP_OK, 0},
        {"the highest", "10", 10, SP_OK, 10},
        {"over the highest", "11", 10, SP_ERR_RANGE, 0},
        {"leading zeros", "0007", 10, SP_OK, 7},
        {"all 64 bits", "18446744073709551615", UINT64_MAX, SP_OK, UINT64_MAX},
        {"one more than 64 bits", "18446744073709551616", UINT64_MAX, SP_ERR_RANGE, 0},
        {"empty", "", 10, SP_ERR_INVALID, 0},
        {"minus", "-1", 10, SP_ERR_INVALID, 0},
        {"plus", "+1", 10, SP_ERR_INVALID, 0},
        {"space before", " 1", 10, SP_ERR_INVALID, 0},
        {"space after", "1 ", 10, SP_ERR_INVALID, 0},
        {"hex digit", "1a", 100, SP_ERR_INVALID, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        uint64_t out = 99;
        print_message("  %s\n", rows[i].name);
        assert_int_equal(sp_parse_u64(sp_slice_of(rows[i].text), rows[i].max, &out), rows[i].want);
        assert_true(out == (rows[i].want == SP_OK ? rows[i].value : 99));
    }
}

static void test_hexadecimal_numbers(void **state)
{
    (void)state;
    uint64_t out = 99;
    assert_int_equal(sp_parse_hex_u64(sp_slice_of("fF"), 255, &out), SP_OK);
    assert_int_equal(out, 255);
    assert_int_equal(sp_parse_hex_u64(sp_slice_of("100"), 255, &out), SP_ERR_RANGE);
    assert_int_equal(sp_parse_hex_u64(sp_slice_of("0x1"), 255, &out), SP_ERR_INVALID);
    assert_int_equal(sp_parse_hex_u64(sp_slice_of("10000000000000000"), UINT64_MAX, &out),
                     SP_ERR_RANGE);
    assert_int_equal(out, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_and_products_refuse_to_wrap),
        cmocka_unit_test(test_narrowing_is_checked),
        cmocka_unit_test(test_decimal_numbers),
        cmocka_unit_test(test_hexadecimal_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
