/* Quantities: sizes and times with units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/quantity.h"

typedef enum sp_err parse_fn(struct sp_slice text, uint64_t *out);

struct quantity_case {
    parse_fn *parse;
    const char *text;
    enum sp_err want;
    uint64_t value;
};

static const struct quantity_case quantity_cases[] = {
    {sp_quantity_bytes, "0", SP_OK, 0},
    {sp_quantity_bytes, "12", SP_OK, 12},
    {sp_quantity_bytes, "12 B", SP_OK, 12},
    {sp_quantity_bytes, "512 MiB", SP_OK, 536870912},
    {sp_quantity_bytes, "1GiB", SP_OK, 1073741824},
    {sp_quantity_bytes, "3 TiB", SP_OK, UINT64_C(3) << 40},
    {sp_quantity_bytes, "16777216 TiB", SP_ERR_RANGE, 0},
    {sp_quantity_bytes, "99999999999999999999", SP_ERR_RANGE, 0},
    {sp_quantity_bytes, "1 MB", SP_ERR_INVALID, 0},
    {sp_quantity_bytes, "1 mib", SP_ERR_INVALID, 0},
    {sp_quantity_bytes, "1  MiB", SP_ERR_INVALID, 0},
    {sp_quantity_bytes, "1 ", SP_ERR_INVALID, 0},
    {sp_quantity_bytes, " 1", SP_ERR_INVALID, 0},
    {sp_quantity_bytes, "", SP_ERR_INVALID, 0},
    {sp_quantity_bytes, "MiB", SP_ERR_INVALID, 0},
    {sp_quantity_bytes, "-1", SP_ERR_INVALID, 0},
    {sp_quantity_bytes, "1.5 GiB", SP_ERR_INVALID, 0},
    {sp_quantity_seconds, "30d", SP_OK, 2592000},
    {sp_quantity_seconds, "5 m", SP_OK, 300},
    {sp_quantity_seconds, "300", SP_OK, 300},
    {sp_quantity_seconds, "1h", SP_OK, 3600},
    {sp_quantity_seconds, "7s", SP_OK, 7},
    {sp_quantity_seconds, "7ms", SP_ERR_INVALID, 0},
    {sp_quantity_seconds, "1w", SP_ERR_INVALID, 0},
    {sp_quantity_ms, "250", SP_OK, 250},
    {sp_quantity_ms, "250ms", SP_OK, 250},
    {sp_quantity_ms, "10s", SP_OK, 10000},
    {sp_quantity_ms, "2m", SP_OK, 120000},
};

static void test_a_quantity_has_one_unit_or_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(quantity_cases); i++) {
        const struct quantity_case *c = &quantity_cases[i];
        print_message("  '%s'\n", c->text);
        uint64_t value = 77;
        assert_int_equal(c->parse(sp_slice_of(c->text), &value), c->want);
        assert_true(value == (c->want == SP_OK ? c->value : 77));
    }
}

static void test_the_largest_unit_that_fits_is_printed(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 256);
    assert_int_equal(sp_quantity_put_bytes(&out, 536870912), SP_OK);
    assert_int_equal(sp_buf_put_byte(&out, ','), SP_OK);
    assert_int_equal(sp_quantity_put_bytes(&out, 1025), SP_OK);
    assert_int_equal(sp_buf_put_byte(&out, ','), SP_OK);
    assert_int_equal(sp_quantity_put_bytes(&out, 0), SP_OK);
    assert_int_equal(sp_buf_put_byte(&out, ','), SP_OK);
    assert_int_equal(sp_quantity_put_seconds(&out, 86400), SP_OK);
    assert_int_equal(sp_buf_put_byte(&out, ','), SP_OK);
    assert_int_equal(sp_quantity_put_seconds(&out, 90), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "512 MiB,1025 B,0 B,1d,90s"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_quantity_has_one_unit_or_none),
        cmocka_unit_test(test_the_largest_unit_that_fits_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
