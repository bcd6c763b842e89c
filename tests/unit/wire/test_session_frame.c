#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/session_frame.h"

static void test_every_type_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (unsigned type = SP_FRAME_NONE + 1; type < SP_FRAME_COUNT; type++) {
        SP_AUTO_BUF struct sp_buf b;
        struct sp_frame got = {0};
        const struct sp_frame frame = {
            .type = (enum sp_frame_type)type, .nonce = 1, .ticket = 2, .bytes = sp_slice_of("x")};
        sp_buf_init(&b, SP_FRAME_BYTES_MAX);
        assert_int_equal(sp_frame_write(&frame, &b), SP_OK);
        assert_int_equal(sp_frame_read(sp_buf_slice(&b), &got), SP_OK);
        assert_int_equal(got.type, type);
        for (size_t len = 0; len < b.len; len++) {
            assert_int_not_equal(sp_frame_read(sp_slice_make(b.ptr, len), &got), SP_OK);
        }
    }
}

static void test_fields_of_a_stream_frame(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_frame got = {0};
    const struct sp_frame frame = {
        .type = SP_FRAME_STREAM, .nonce = 7, .a = 2, .bytes = sp_slice_of("out")};
    (void)state;
    sp_buf_init(&b, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_frame_write(&frame, &b), SP_OK);
    assert_int_equal(sp_frame_read(sp_buf_slice(&b), &got), SP_OK);
    assert_true(got.nonce == 7 && got.a == 2 && sp_slice_is(got.bytes, "out"));
}

static void test_unknown_type_and_bytes_left_over_are_refused(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_frame got = {0};
    const struct sp_frame frame = {.type = SP_FRAME_READY};
    (void)state;
    sp_buf_init(&b, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_frame_write(&frame, &b), SP_OK);
    assert_int_equal(sp_buf_put_byte(&b, 0), SP_OK);
    assert_int_equal(sp_frame_read(sp_buf_slice(&b), &got), SP_ERR_TRAILING);
    static const uint8_t unknown[] = {0xFF, 0xFF, 0xFF, 0xFF};
    assert_int_not_equal(sp_frame_read(sp_slice_make(unknown, sizeof(unknown)), &got), SP_OK);
}

static void test_walls_have_names(void **state)
{
    (void)state;
    for (unsigned number = 0; number < SP_WALL_COUNT; number++) {
        enum sp_wall wall = SP_WALL_COUNT;
        const char *name = sp_wall_name((enum sp_wall)number);
        assert_int_equal(sp_wall_from_name(sp_slice_of(name), &wall), SP_OK);
        assert_int_equal(wall, number);
        assert_true(sp_wall_text(wall)[0] != '\0');
    }
    enum sp_wall wall = SP_WALL_PROC;
    assert_int_not_equal(sp_wall_from_name(sp_slice_of("no-such-wall"), &wall), SP_OK);
    assert_int_equal(wall, SP_WALL_PROC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_is_read_as_it_was_written),
        cmocka_unit_test(test_fields_of_a_stream_frame),
        cmocka_unit_test(test_unknown_type_and_bytes_left_over_are_refused),
        cmocka_unit_test(test_walls_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
