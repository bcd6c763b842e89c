#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/buf.h"

static void test_buffer_takes_its_maximum_and_no_byte_more(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    (void)state;
    sp_buf_init(&b, 4);
    assert_int_equal(sp_buf_put_text(&b, "abcd"), SP_OK);
    assert_int_equal(sp_buf_put_byte(&b, 'e'), SP_ERR_TOO_BIG);
    assert_int_equal(sp_buf_put_u64(&b, 1), SP_ERR_TOO_BIG);
    assert_int_equal(sp_buf_putf(&b, "%d", 1), SP_ERR_TOO_BIG);
    assert_int_equal(sp_buf_put(&b, sp_slice_make(NULL, 0)), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&b), "abcd"));
}

static void test_buffer_without_room_takes_nothing(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    (void)state;
    sp_buf_init(&b, 0);
    assert_int_equal(sp_buf_put_text(&b, ""), SP_OK);
    assert_int_equal(sp_buf_put_text(&b, "a"), SP_ERR_TOO_BIG);
}

static void test_content_survives_growth(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    (void)state;
    sp_buf_init(&b, 100000);
    for (unsigned i = 0; i < 10000; i++) {
        assert_int_equal(sp_buf_put_byte(&b, (uint8_t)i), SP_OK);
    }
    for (unsigned i = 0; i < 10000; i++) {
        assert_int_equal(b.ptr[i], (uint8_t)i);
    }
}

static void test_numbers_and_formats(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    (void)state;
    sp_buf_init(&b, 100);
    assert_int_equal(sp_buf_put_u64(&b, 0), SP_OK);
    assert_int_equal(sp_buf_put_u64(&b, UINT64_MAX), SP_OK);
    assert_int_equal(sp_buf_putf(&b, "<%s:%u>", "x", 7U), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&b), "018446744073709551615<x:7>"));
}

static void test_reserved_bytes_count_once_committed(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    uint8_t *at = NULL;
    (void)state;
    sp_buf_init(&b, 8);
    assert_int_equal(sp_buf_reserve(&b, 8, &at), SP_OK);
    assert_int_equal(b.len, 0);
    at[0] = 'x';
    sp_buf_commit(&b, 1);
    assert_true(sp_slice_is(sp_buf_slice(&b), "x"));
    assert_int_equal(sp_buf_reserve(&b, 8, &at), SP_ERR_TOO_BIG);
}

static void test_consume_and_truncate(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    (void)state;
    sp_buf_init(&b, 16);
    assert_int_equal(sp_buf_put_text(&b, "headbody"), SP_OK);
    sp_buf_consume(&b, 4);
    assert_true(sp_slice_is(sp_buf_slice(&b), "body"));
    sp_buf_truncate(&b, 2);
    assert_true(sp_slice_is(sp_buf_slice(&b), "bo"));
    sp_buf_consume(&b, 2);
    assert_int_equal(b.len, 0);
    sp_buf_consume(&b, 0);
}

static void test_take_moves_the_content_out(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    size_t len = 0;
    (void)state;
    sp_buf_init(&b, 16);
    assert_int_equal(sp_buf_put_text(&b, "mine"), SP_OK);
    char *text = sp_buf_take(&b, &len);
    assert_string_equal(text, "mine");
    assert_int_equal(len, 4);
    assert_null(b.ptr);
    free(text);
    assert_int_equal(sp_buf_put_text(&b, "again"), SP_OK);
    sp_buf_wipe(&b);
    assert_null(b.ptr);
    assert_int_equal(b.max, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_takes_its_maximum_and_no_byte_more),
        cmocka_unit_test(test_buffer_without_room_takes_nothing),
        cmocka_unit_test(test_content_survives_growth),
        cmocka_unit_test(test_numbers_and_formats),
        cmocka_unit_test(test_reserved_bytes_count_once_committed),
        cmocka_unit_test(test_consume_and_truncate),
        cmocka_unit_test(test_take_moves_the_content_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
