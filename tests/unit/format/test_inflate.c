#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/inflate.h"

/* A thousand times the letter a. */
static const uint8_t packed[] = {75, 76, 28, 5, 163, 96, 20, 12, 119, 0, 0};
/* "hello". */
static const uint8_t gz[] = {31,  139, 8, 0, 0,   0,   0,  0,  2, 3, 203, 72, 205,
                             201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0,   0};

static enum sp_err unpack(struct sp_slice in, enum sp_inflate_wrap wrap, uint64_t most, size_t keep,
                          struct sp_inflated *done)
{
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, keep);
    enum sp_err err = sp_inflate(in, wrap, most, &out, done);
    if (err == SP_OK) {
        assert_int_equal(out.len, done->size < keep ? done->size : keep);
    }
    return err;
}

static void test_data_unpacks_within_its_bound(void **state)
{
    struct sp_inflated done;
    struct sp_slice in = sp_slice_make(packed, sizeof(packed));
    (void)state;
    assert_int_equal(unpack(in, SP_INFLATE_RAW, 1000, 1000, &done), SP_OK);
    assert_int_equal(done.size, 1000);
    assert_int_equal(done.consumed, sizeof(packed));
    assert_int_equal(unpack(in, SP_INFLATE_RAW, 1000, 10, &done), SP_OK);
    assert_int_equal(unpack(in, SP_INFLATE_RAW, 999, 1000, &done), SP_ERR_TOO_BIG);
}

static void test_damage_is_told(void **state)
{
    struct sp_inflated done;
    (void)state;
    assert_int_equal(
        unpack(sp_slice_make(packed, sizeof(packed) - 2), SP_INFLATE_RAW, 2000, 2000, &done),
        SP_ERR_SHORT);
    assert_int_equal(unpack(SP_SLICE_LITERAL("\377\377\377"), SP_INFLATE_RAW, 10, 10, &done),
                     SP_ERR_CORRUPT);
    assert_int_equal(
        unpack(sp_slice_make(packed, sizeof(packed)), SP_INFLATE_ZLIB, 2000, 2000, &done),
        SP_ERR_CORRUPT);
}

static void test_streams_behind_one_another_are_one(void **state)
{
    uint8_t twice[2 * sizeof(gz)];
    struct sp_inflated done;
    (void)state;
    (void)sp_slice_copy(sp_slice_make(gz, sizeof(gz)), twice, sizeof(gz));
    (void)sp_slice_copy(sp_slice_make(gz, sizeof(gz)), twice + sizeof(gz), sizeof(gz));
    assert_int_equal(unpack(sp_slice_make(twice, sizeof(twice)), SP_INFLATE_GZIP, 100, 100, &done),
                     SP_OK);
    assert_int_equal(done.size, 10);
    assert_int_equal(sp_crc32(SP_SLICE_LITERAL("hello")), 0x3610A686);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_unpacks_within_its_bound),
        cmocka_unit_test(test_damage_is_told),
        cmocka_unit_test(test_streams_behind_one_another_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
