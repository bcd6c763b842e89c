/* product: records that are written are read back, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/product.h"

static const struct sp_file_record file = {
    .directory = {(const uint8_t *)"d", 1},
    .name = {(const uint8_t *)"caf\xC3\xA9", 5},
    .content_type = {(const uint8_t *)"text/plain", 10},
    .modified = {(const uint8_t *)"2026-01-01T00:00:00Z", 20},
    .size = 1234567890123,
    .is_directory = true};

static void test_files_one_behind_another(void **state)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    struct sp_reader r;
    struct sp_file_record read = {.size = 0};
    const struct sp_file_record empty = {.size = 0};
    (void)state;
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&w, &bytes);
    sp_file_record_write(&w, &file);
    sp_file_record_write(&w, &empty);
    assert_int_equal(sp_writer_end(&w), SP_OK);
    sp_reader_init(&r, sp_buf_slice(&bytes));
    assert_int_equal(sp_file_record_read(&r, &read), SP_OK);
    assert_true(sp_slice_equal(read.name, file.name) &&
                sp_slice_equal(read.directory, file.directory));
    assert_true(sp_slice_equal(read.content_type, file.content_type) &&
                sp_slice_equal(read.modified, file.modified));
    assert_true(read.size == file.size && read.is_directory);
    assert_int_equal(sp_file_record_read(&r, &read), SP_OK);
    assert_int_equal(read.name.len, 0);
    assert_int_equal(sp_file_record_read(&r, &read), SP_ERR_WIRE);
    sp_reader_init(&r, sp_slice_make(bytes.ptr, 20));
    assert_int_equal(sp_file_record_read(&r, &read), SP_ERR_WIRE);
    bytes.ptr[0] = 2;
    sp_reader_init(&r, sp_buf_slice(&bytes));
    assert_int_equal(sp_file_record_read(&r, &read), SP_ERR_WIRE);
}

static void test_text_that_is_no_text_is_refused(void **state)
{
    static const char *const names[] = {"\xFF", "a\0b"};
    static const size_t lens[] = {1, 3};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        SP_AUTO_BUF struct sp_buf bytes;
        struct sp_writer w;
        struct sp_reader r;
        struct sp_session_record read = {.etag = {NULL, 0}};
        const struct sp_session_record session = {.etag = sp_slice_make(names[i], lens[i])};
        sp_buf_init(&bytes, 4096);
        sp_writer_init(&w, &bytes);
        sp_session_record_write(&w, &session);
        sp_reader_init(&r, sp_buf_slice(&bytes));
        assert_int_equal(sp_session_record_read(&r, &read), SP_ERR_WIRE);
    }
}

static void test_sessions(void **state)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    struct sp_reader r;
    struct sp_session_record read = {.etag = {NULL, 0}};
    const struct sp_session_record session = {.identifier = SP_SLICE_LITERAL("i"),
                                              .created = SP_SLICE_LITERAL("c"),
                                              .accessed = SP_SLICE_LITERAL("a"),
                                              .expires = SP_SLICE_LITERAL("x"),
                                              .etag = SP_SLICE_LITERAL("e")};
    (void)state;
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&w, &bytes);
    sp_session_record_write(&w, &session);
    sp_reader_init(&r, sp_buf_slice(&bytes));
    assert_int_equal(sp_session_record_read(&r, &read), SP_OK);
    assert_true(sp_slice_is(read.identifier, "i") && sp_slice_is(read.created, "c"));
    assert_true(sp_slice_is(read.accessed, "a") && sp_slice_is(read.expires, "x") &&
                sp_slice_is(read.etag, "e"));
}

static void test_executions(void **state)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    struct sp_execution read = {.err = SP_OK};
    const struct sp_execution execution = {.state = SP_EXECUTION_ENDED,
                                           .err = SP_ERR_BUSY,
                                           .detail = SP_SLICE_LITERAL("why"),
                                           .result = SP_SLICE_LITERAL("\x01\x02")};
    (void)state;
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&w, &bytes);
    sp_execution_write(&w, &execution);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(sp_execution_read(sp_slice_make(bytes.ptr, len), &read), SP_ERR_WIRE);
    }
    assert_int_equal(sp_execution_read(sp_buf_slice(&bytes), &read), SP_OK);
    assert_true(read.state == SP_EXECUTION_ENDED && read.err == SP_ERR_BUSY);
    assert_true(sp_slice_is(read.detail, "why") && read.result.len == 2);
    bytes.ptr[0] = SP_EXECUTION_ENDED + 1;
    assert_int_equal(sp_execution_read(sp_buf_slice(&bytes), &read), SP_ERR_WIRE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_one_behind_another),
        cmocka_unit_test(test_text_that_is_no_text_is_refused),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_executions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
