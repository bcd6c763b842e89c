#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include <cmocka.h>

/* Every number of this: 1, 0x0203, 0x04050607, 0x08090A0B0C0D0E0F. */
static const uint8_t numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void test_numbers_are_big_endian(void **state)
{
    struct sp_reader r;
    uint8_t a = 0;
    uint16_t b = 0;
    uint32_t c = 0;
    uint64_t d = 0;
    (void)state;
    sp_reader_init(&r, sp_slice_make(numbers, sizeof(numbers)));
    assert_int_equal(sp_reader_u8(&r, &a), SP_OK);
    assert_int_equal(sp_reader_u16(&r, &b), SP_OK);
    assert_int_equal(sp_reader_u32(&r, &c), SP_OK);
    assert_int_equal(sp_reader_end(&r), SP_ERR_TRAILING);
    assert_int_equal(sp_reader_u64(&r, &d), SP_OK);
    assert_int_equal(sp_reader_end(&r), SP_OK);
    assert_int_equal(a, 1);
    assert_int_equal(b, 0x0203);
    assert_int_equal(c, 0x04050607);
    assert_true(d == 0x08090A0B0C0D0E0FU);
}

static void test_one_byte_too_few_changes_nothing(void **state)
{
    (void)state;
    for (size_t len = 0; len < 8; len++) {
        struct sp_reader r;
        uint64_t wide = 99;
        sp_reader_init(&r, sp_slice_make(numbers, len));
        assert_int_equal(sp_reader_u64(&r, &wide), SP_ERR_SHORT);
        assert_int_equal(wide, 99);
        assert_int_equal(sp_reader_left(&r), len);
    }
}

static void test_blocks(void **state)
{
    static const struct {
        const char *name;
        uint8_t in[8];
        size_t in_len;
        size_t max;
        enum sp_err want;
        size_t want_len;
    } rows[] = {
        {"empty block", {0, 0, 0, 0}, 4, 0, SP_OK, 0},
        {"two bytes", {0, 0, 0, 2, 'h', 'i'}, 6, 2, SP_OK, 2},
        {"something behind it", {0, 0, 0, 1, 'h', 'i'}, 6, 9, SP_OK, 1},
        {"over the limit", {0, 0, 0, 2, 'h', 'i'}, 6, 1, SP_ERR_TOO_BIG, 0},
        {"length cut off", {0, 0, 0}, 3, 9, SP_ERR_SHORT, 0},
        {"bytes cut off", {0, 0, 0, 2, 'h'}, 5, 9, SP_ERR_SHORT, 0},
        {"all ones", {255, 255, 255, 255}, 4, SIZE_MAX, SP_ERR_SHORT, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_reader r;
        struct sp_slice out = {NULL, 99};
        print_message("  %s\n", rows[i].name);
        sp_reader_init(&r, sp_slice_make(rows[i].in, rows[i].in_len));
        assert_int_equal(sp_reader_block(&r, rows[i].max, &out), rows[i].want);
        if (rows[i].want == SP_OK) {
            assert_int_equal(out.len, rows[i].want_len);
            assert_int_equal(sp_reader_left(&r), rows[i].in_len - 4 - rows[i].want_len);
        } else {
            assert_int_equal(out.len, 99);
            assert_int_equal(sp_reader_left(&r), rows[i].in_len);
        }
    }
}

static void test_bytes_are_lent_not_copied(void **state)
{
    struct sp_reader r;
    struct sp_slice out = {NULL, 0};
    (void)state;
    sp_reader_init(&r, sp_slice_make(numbers, sizeof(numbers)));
    assert_int_equal(sp_reader_bytes(&r, 3, &out), SP_OK);
    assert_ptr_equal(out.ptr, numbers);
    assert_int_equal(sp_reader_bytes(&r, sizeof(numbers), &out), SP_ERR_SHORT);
    assert_int_equal(sp_reader_bytes(&r, SIZE_MAX, &out), SP_ERR_SHORT);
    assert_int_equal(sp_reader_left(&r), sizeof(numbers) - 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_big_endian),
        cmocka_unit_test(test_one_byte_too_few_changes_nothing),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_bytes_are_lent_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
