#include "wire/session_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct sp_frame full = {
    .nonce = 0x0102030405060708U,
    .micros = 7,
    .layers = 0xFFFF,
    .dropped_out = 9,
    .dropped_err = UINT64_MAX,
    .size = 0x1112131415161718U,
    .wall_us = 11,
    .ticket = 0xA1B2C3D4U,
    .number = 42,
    .group = 0x1234,
    .a = 1,
    .b = 2,
    .c = 3,
    .bytes = {(const uint8_t *)"text", 4},
};

static void test_every_type_reads_as_it_was_written(void **state)
{
    (void)state;
    for (unsigned type = 1; type < SP_FRAME_COUNT; type++) {
        struct sp_frame in = full;
        struct sp_frame out = {.type = SP_FRAME_NONE};
        SP_AUTO_BUF struct sp_buf first;
        SP_AUTO_BUF struct sp_buf second;
        in.type = (enum sp_frame_type)type;
        sp_buf_init(&first, SP_FRAME_BYTES_MAX);
        sp_buf_init(&second, SP_FRAME_BYTES_MAX);
        assert_int_equal(sp_frame_write(&in, &first), SP_OK);
        assert_int_equal(sp_frame_read(sp_buf_slice(&first), &out), SP_OK);
        assert_int_equal(out.type, type);
        assert_int_equal(sp_frame_write(&out, &second), SP_OK);
        assert_true(sp_slice_equal(sp_buf_slice(&first), sp_buf_slice(&second)));
    }
}

static void test_run_carries_its_fields(void **state)
{
    struct sp_frame in = full;
    struct sp_frame out = {.type = SP_FRAME_NONE};
    SP_AUTO_BUF struct sp_buf bytes;
    (void)state;
    in.type = SP_FRAME_RUN;
    sp_buf_init(&bytes, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_frame_write(&in, &bytes), SP_OK);
    assert_int_equal(sp_frame_read(sp_buf_slice(&bytes), &out), SP_OK);
    assert_true(out.nonce == full.nonce);
    assert_int_equal(out.number, 42);
    assert_true(out.size == full.size);
    assert_true(sp_slice_is(out.bytes, "text"));
}

static void test_wrong_frames_are_refused_and_leave_the_output(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[16];
        size_t len;
        enum sp_err want;
    } cases[] = {
        {"nothing", {0}, 0, SP_ERR_SHORT},
        {"no type", {0}, 1, SP_ERR_WIRE},
        {"unknown type", {SP_FRAME_COUNT}, 1, SP_ERR_WIRE},
        {"short ticket", {SP_FRAME_KILL, 0, 0, 0}, 4, SP_ERR_SHORT},
        {"whole ticket", {SP_FRAME_KILL, 0, 0, 0, 9}, 5, SP_OK},
        {"a byte too many", {SP_FRAME_KILL, 0, 0, 0, 9, 0}, 6, SP_ERR_TRAILING},
        {"bytes longer than the frame",
         {SP_FRAME_CODE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 'x'},
         14,
         SP_ERR_SHORT},
        {"bytes as long as the frame",
         {SP_FRAME_CODE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'x'},
         14,
         SP_OK},
        {"bytes over the limit",
         {SP_FRAME_CODE, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0, 0, 0, 'x'},
         14,
         SP_ERR_TOO_BIG},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_frame out = {.type = SP_FRAME_GONE, .ticket = 77};
        enum sp_err err = sp_frame_read(sp_slice_make(cases[i].bytes, cases[i].len), &out);
        if (err != cases[i].want) {
            fail_msg("%s: %s", cases[i].name, sp_err_name(err));
        }
        if (err != SP_OK) {
            assert_int_equal(out.type, SP_FRAME_GONE);
            assert_int_equal(out.ticket, 77);
        }
    }
}

static void test_frame_without_a_type_is_not_written(void **state)
{
    struct sp_frame none = {.type = SP_FRAME_NONE};
    SP_AUTO_BUF struct sp_buf bytes;
    (void)state;
    sp_buf_init(&bytes, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_frame_write(&none, &bytes), SP_ERR_WIRE);
}

static void test_walls_have_names_and_are_found_by_them(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_WALL_COUNT; i++) {
        enum sp_wall found = SP_WALL_COUNT;
        assert_int_equal(sp_wall_from_name(sp_slice_of(sp_wall_name((enum sp_wall)i)), &found),
                         SP_OK);
        assert_int_equal(found, i);
        assert_true(sp_slice_of(sp_wall_text((enum sp_wall)i)).len > 0);
    }
    enum sp_wall untouched = SP_WALL_NET;
    assert_int_equal(sp_wall_from_name(sp_slice_of("net-namespaces"), &untouched), SP_ERR_INVALID);
    assert_int_equal(untouched, SP_WALL_NET);
}

static void test_entries_of_a_list_read_as_they_were_written(void **state)
{
    const struct sp_file_entry in = {
        .type = SP_FILE_TYPE_DIRECTORY, .size = 5, .wall_us = 9, .path = SP_SLICE_LITERAL("a/b")};
    struct sp_file_entry out = {.type = SP_FILE_TYPE_FILE};
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    struct sp_reader r;
    (void)state;
    sp_buf_init(&bytes, SP_FRAME_BYTES_MAX);
    sp_writer_init(&w, &bytes);
    sp_file_entry_write(&w, &in);
    assert_int_equal(sp_writer_end(&w), SP_OK);
    sp_reader_init(&r, sp_buf_slice(&bytes));
    assert_int_equal(sp_file_entry_read(&r, &out), SP_OK);
    assert_int_equal(out.type, in.type);
    assert_true(out.size == 5 && out.wall_us == 9 && sp_slice_is(out.path, "a/b"));
    assert_int_equal(sp_file_entry_read(&r, &out), SP_ERR_SHORT);
    bytes.ptr[0] = SP_FILE_TYPE_COUNT;
    sp_reader_init(&r, sp_buf_slice(&bytes));
    out.size = 77;
    assert_int_equal(sp_file_entry_read(&r, &out), SP_ERR_WIRE);
    assert_true(out.size == 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_of_a_list_read_as_they_were_written),
        cmocka_unit_test(test_every_type_reads_as_it_was_written),
        cmocka_unit_test(test_run_carries_its_fields),
        cmocka_unit_test(test_wrong_frames_are_refused_and_leave_the_output),
        cmocka_unit_test(test_frame_without_a_type_is_not_written),
        cmocka_unit_test(test_walls_have_names_and_are_found_by_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
