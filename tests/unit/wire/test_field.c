#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "wire/field.h"

static void test_text_is_utf8_without_nul_and_bounded(void **state)
{
    static const struct {
        const char *name;
        const char *in;
        size_t len;
        size_t max;
        enum sp_err want;
    } rows[] = {
        {"empty", "\0\0\0\0", 4, 0, SP_OK},
        {"at the limit", "\0\0\0\2hi", 6, 2, SP_OK},
        {"over the limit", "\0\0\0\2hi", 6, 1, SP_ERR_TOO_BIG},
        {"no UTF-8", "\0\0\0\1\xFF", 5, 9, SP_ERR_UTF8},
        {"NUL inside", "\0\0\0\2a\0", 6, 9, SP_ERR_NUL},
        {"cut off", "\0\0\0\2a", 5, 9, SP_ERR_SHORT},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_reader r;
        struct sp_slice out = {NULL, 99};
        print_message("  %s\n", rows[i].name);
        sp_reader_init(&r, sp_slice_make(rows[i].in, rows[i].len));
        assert_int_equal(sp_field_read_text(&r, rows[i].max, &out), rows[i].want);
        assert_int_equal(out.len, rows[i].want == SP_OK ? rows[i].len - 4 : 99);
    }
}

static void test_digest_is_32_bytes(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    struct sp_reader r;
    uint8_t in[32];
    uint8_t out[32] = {0};
    (void)state;
    for (unsigned i = 0; i < sizeof(in); i++) {
        in[i] = (uint8_t)(i + 1);
    }
    sp_buf_init(&b, 64);
    sp_writer_init(&w, &b);
    sp_field_write_digest(&w, in);
    assert_int_equal(b.len, 32);
    sp_reader_init(&r, sp_slice_make(b.ptr, 31));
    assert_int_equal(sp_field_read_digest(&r, out), SP_ERR_SHORT);
    assert_int_equal(out[0], 0);
    sp_reader_init(&r, sp_buf_slice(&b));
    assert_int_equal(sp_field_read_digest(&r, out), SP_OK);
    assert_memory_equal(in, out, sizeof(in));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_utf8_without_nul_and_bounded),
        cmocka_unit_test(test_digest_is_32_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
