#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/writer.h"
#include <cmocka.h>

static void test_reader_reads_what_was_written(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    struct sp_reader r;
    uint8_t a = 0;
    uint16_t c = 0;
    uint32_t d = 0;
    uint64_t e = 0;
    struct sp_slice block = {NULL, 0};
    (void)state;
    sp_buf_init(&b, 64);
    sp_writer_init(&w, &b);
    sp_writer_u8(&w, 0xFE);
    sp_writer_u16(&w, 0xFEDC);
    sp_writer_u32(&w, 0xFEDCBA98);
    sp_writer_u64(&w, 0xFEDCBA9876543210U);
    sp_writer_block(&w, sp_slice_of("block"));
    sp_writer_bytes(&w, sp_slice_of("!"));
    assert_int_equal(sp_writer_end(&w), SP_OK);

    sp_reader_init(&r, sp_buf_slice(&b));
    assert_int_equal(sp_reader_u8(&r, &a), SP_OK);
    assert_int_equal(sp_reader_u16(&r, &c), SP_OK);
    assert_int_equal(sp_reader_u32(&r, &d), SP_OK);
    assert_int_equal(sp_reader_u64(&r, &e), SP_OK);
    assert_int_equal(sp_reader_block(&r, 5, &block), SP_OK);
    assert_int_equal(sp_reader_left(&r), 1);
    assert_int_equal(a, 0xFE);
    assert_int_equal(c, 0xFEDC);
    assert_true(d == 0xFEDCBA98U && e == 0xFEDCBA9876543210U);
    assert_true(sp_slice_is(block, "block"));
}

static void test_first_failure_sticks(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    (void)state;
    sp_buf_init(&b, 4);
    sp_writer_init(&w, &b);
    sp_writer_u32(&w, 1);
    assert_int_equal(sp_writer_end(&w), SP_OK);
    sp_writer_u8(&w, 1);
    assert_int_equal(sp_writer_end(&w), SP_ERR_TOO_BIG);
    sp_buf_clear(&b);
    sp_writer_u8(&w, 1);
    assert_int_equal(sp_writer_end(&w), SP_ERR_TOO_BIG);
    assert_int_equal(b.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader_reads_what_was_written),
        cmocka_unit_test(test_first_failure_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
