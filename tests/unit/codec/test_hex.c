/* hex: both directions, and what is no pair of digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/hex.h"

static void test_bytes_and_digits_stand_for_each_other(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 64);
    assert_int_equal(sp_hex_encode(SP_SLICE_LITERAL("\x00\x1F\xA0\xFF"), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "001fa0ff"));
    sp_buf_clear(&out);
    assert_int_equal(sp_hex_decode(sp_slice_of("001fA0Ff"), &out), SP_OK);
    assert_true(sp_slice_equal(sp_buf_slice(&out), SP_SLICE_LITERAL("\x00\x1F\xA0\xFF")));
    char text[9];
    sp_hex_write(sp_buf_slice(&out), text);
    assert_string_equal(text, "001fa0ff");
}

static void test_foreign_text_is_refused_whole(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "001", "0g", "g0", "0x00", " 00", "00 ", "+1"};
    for (size_t i = 0; i < SP_COUNT(bad); i++) {
        print_message("  '%s'\n", bad[i]);
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 64);
        assert_int_equal(sp_hex_decode(sp_slice_of(bad[i]), &out), SP_ERR_INVALID);
        assert_int_equal(out.len, 0);
    }
}

static void test_a_fixed_length_is_exact(void **state)
{
    (void)state;
    uint8_t bytes[2] = {7, 7};
    assert_int_equal(sp_hex_read(sp_slice_of("0a0b"), 2, bytes), SP_OK);
    assert_int_equal(bytes[1], 11);
    assert_int_equal(sp_hex_read(sp_slice_of("0a"), 2, bytes), SP_ERR_INVALID);
    assert_int_equal(sp_hex_read(sp_slice_of("0a0b0c"), 2, bytes), SP_ERR_INVALID);
    assert_int_equal(bytes[0], 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_and_digits_stand_for_each_other),
        cmocka_unit_test(test_foreign_text_is_refused_whole),
        cmocka_unit_test(test_a_fixed_length_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
