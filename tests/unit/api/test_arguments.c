/* arguments: what is written is read back, and nothing else is read at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/arguments.h"

static void test_arguments_come_back_and_no_cut_is_taken(void **state)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    const struct sp_arguments given = {.name = SP_SLICE_LITERAL("a/b"),
                                       .path = SP_SLICE_LITERAL("/mnt/data"),
                                       .content_type = SP_SLICE_LITERAL("multipart/form-data"),
                                       .sessions = SP_SLICE_LITERAL("xyz"),
                                       .is_recursive = true};
    struct sp_arguments read = {.is_recursive = false};
    (void)state;
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&w, &bytes);
    sp_arguments_write(&w, &given);
    assert_int_equal(sp_writer_end(&w), SP_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(sp_arguments_read(sp_slice_make(bytes.ptr, len), &read), SP_ERR_WIRE);
        assert_false(read.is_recursive);
    }
    assert_int_equal(sp_arguments_read(sp_buf_slice(&bytes), &read), SP_OK);
    assert_true(sp_slice_equal(read.name, given.name) && sp_slice_equal(read.path, given.path));
    assert_true(sp_slice_equal(read.content_type, given.content_type));
    assert_true(sp_slice_equal(read.sessions, given.sessions) && read.is_recursive);
    bytes.ptr[1] = 2;
    assert_int_equal(sp_arguments_read(sp_buf_slice(&bytes), &read), SP_ERR_WIRE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_come_back_and_no_cut_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
