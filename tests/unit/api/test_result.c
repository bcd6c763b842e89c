/* result: what is written is read back, and nothing else is read at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/result.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

static const struct sp_result cases[] = {
    {.status = SP_RUN_SUCCEEDED,
     .time_ms = 12,
     .out_text = TEXT("a\0b\n"),
     .err_text = TEXT("\xC3\xA9"),
     .value_json = TEXT("{\"a\":1}"),
     .outputs_json = TEXT("[]"),
     .is_out_cut = true},
    {.status = SP_RUN_FAILED, .value_json = TEXT("null"), .is_err_cut = true, .is_value_cut = true},
    {.status = SP_RUN_SUCCEEDED, .value_json = TEXT("3"), .is_shell = true},
    {.status = SP_RUN_FAILED, .time_ms = UINT64_MAX, .value_json = TEXT("\"x\"")},
};

static void write_result(struct sp_buf *out, const struct sp_result *result)
{
    struct sp_writer w;
    sp_buf_init(out, 4096);
    sp_writer_init(&w, out);
    sp_result_write(&w, result);
    assert_int_equal(sp_writer_end(&w), SP_OK);
}

static void test_result_comes_back_as_it_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf bytes;
        struct sp_result read = {0};
        write_result(&bytes, &cases[i]);
        assert_int_equal(sp_result_read(sp_buf_slice(&bytes), &read), SP_OK);
        assert_int_equal(read.status, cases[i].status);
        assert_true(read.time_ms == cases[i].time_ms);
        assert_true(sp_slice_equal(read.out_text, cases[i].out_text));
        assert_true(sp_slice_equal(read.err_text, cases[i].err_text));
        assert_true(sp_slice_equal(read.value_json, cases[i].value_json));
        assert_true(sp_slice_equal(read.outputs_json, cases[i].outputs_json));
        assert_int_equal(read.is_out_cut, cases[i].is_out_cut);
        assert_int_equal(read.is_err_cut, cases[i].is_err_cut);
        assert_int_equal(read.is_value_cut, cases[i].is_value_cut);
        assert_int_equal(read.is_shell, cases[i].is_shell);
    }
}

static void test_result_is_refused_when_cut_or_longer(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_result read = {.time_ms = 7};
    write_result(&bytes, &cases[0]);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(sp_result_read(sp_slice_make(bytes.ptr, len), &read), SP_ERR_WIRE);
    }
    assert_int_equal(sp_buf_put_byte(&bytes, 0), SP_OK);
    assert_int_equal(sp_result_read(sp_buf_slice(&bytes), &read), SP_ERR_WIRE);
    assert_int_equal(read.time_ms, 7);
}

static void test_result_is_refused_with_numbers_and_bytes_of_no_meaning(void **state)
{
    (void)state;
    struct sp_result read = {0};
    for (size_t at = 0; at < 3; at++) { /* layout, status, cut */
        SP_AUTO_BUF struct sp_buf bytes;
        write_result(&bytes, &cases[0]);
        bytes.ptr[at] = 0xEE;
        assert_int_equal(sp_result_read(sp_buf_slice(&bytes), &read), SP_ERR_WIRE);
    }
    struct sp_result broken = cases[0];
    broken.out_text = (struct sp_slice)TEXT("\xFF");
    SP_AUTO_BUF struct sp_buf not_utf8;
    write_result(&not_utf8, &broken);
    assert_int_equal(sp_result_read(sp_buf_slice(&not_utf8), &read), SP_ERR_WIRE);
    broken = cases[0];
    broken.value_json = (struct sp_slice){NULL, 0};
    SP_AUTO_BUF struct sp_buf no_value;
    write_result(&no_value, &broken);
    assert_int_equal(sp_result_read(sp_buf_slice(&no_value), &read), SP_ERR_WIRE);
}

static void test_result_names_its_status(void **state)
{
    (void)state;
    assert_string_equal(sp_run_status_name(SP_RUN_SUCCEEDED), "Succeeded");
    assert_string_equal(sp_run_status_name(SP_RUN_FAILED), "Failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result_comes_back_as_it_was_written),
        cmocka_unit_test(test_result_is_refused_when_cut_or_longer),
        cmocka_unit_test(test_result_is_refused_with_numbers_and_bytes_of_no_meaning),
        cmocka_unit_test(test_result_names_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
