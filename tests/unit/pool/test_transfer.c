#include "pool/transfer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"

#define TYPE "multipart/form-data; boundary=abc"
#define HEAD "--abc\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n"

static int new_file(void)
{
    char path[] = "/tmp/sp-transfer-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    return fd;
}

static void test_bytes_behind_the_name_wait_for_the_file(void **state)
{
    struct sp_pool_upload upload;
    char text[16] = "";
    int fd = new_file();
    SP_AUTO_CLOSE int same = dup(fd);
    (void)state;
    assert_int_equal(sp_pool_upload_begin(&upload, sp_slice_of(TYPE)), SP_OK);
    assert_int_equal(sp_pool_upload_feed(&upload, sp_slice_of(HEAD "one")), SP_OK);
    assert_int_equal(upload.state, SP_POOL_UPLOAD_NAMED);
    assert_int_equal(sp_pool_upload_feed(&upload, sp_slice_of("two")), SP_OK);
    assert_int_equal(sp_pool_upload_open(&upload, fd), SP_OK);
    assert_int_equal(upload.state, SP_POOL_UPLOAD_WRITING);
    assert_int_equal(sp_pool_upload_feed(&upload, sp_slice_of("\r\n--abc--\r\n")), SP_OK);
    assert_int_equal(upload.state, SP_POOL_UPLOAD_WRITTEN);
    assert_int_equal(pread(same, text, sizeof text, 0), 6);
    assert_string_equal(text, "onetwo");
    sp_pool_upload_done(&upload);
    assert_int_equal(upload.state, SP_POOL_UPLOAD_NONE);
}

static void test_what_is_no_regular_file_is_not_written(void **state)
{
    struct sp_pool_upload upload;
    int pair[2] = {-1, -1};
    (void)state;
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    assert_int_equal(sp_pool_upload_begin(&upload, sp_slice_of(TYPE)), SP_OK);
    assert_int_equal(sp_pool_upload_feed(&upload, sp_slice_of(HEAD)), SP_OK);
    assert_int_equal(sp_pool_upload_open(&upload, pair[1]), SP_ERR_SYSTEM);
    sp_pool_upload_done(&upload);
    assert_int_equal(close(pair[0]), 0);
}

static void test_full_disk_and_too_many_bytes_are_told_apart(void **state)
{
    struct sp_pool_upload upload = {.state = SP_POOL_UPLOAD_NONE};
    (void)state;
    assert_int_equal(sp_pool_upload_begin(&upload, sp_slice_of(TYPE)), SP_OK);
    assert_int_equal(sp_pool_upload_feed(&upload, sp_slice_of(HEAD)), SP_OK);
    assert_int_equal(sp_pool_upload_open(&upload, new_file()), SP_OK);
    upload.bytes = (uint64_t)128 * 1024 * 1024 - 1;
    assert_int_equal(sp_pool_upload_feed(&upload, sp_slice_of("x")), SP_OK);
    assert_int_equal(sp_pool_upload_feed(&upload, sp_slice_of("x")), SP_ERR_TOO_BIG);
    upload.bytes = 0;
    sp_close(upload.fd);
    upload.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_int_equal(sp_pool_upload_feed(&upload, sp_slice_of("x")), SP_ERR_NO_SPACE);
    sp_pool_upload_done(&upload);
}

static void test_range_is_sent_and_a_cut_file_ends_it(void **state)
{
    const struct sp_pool_range range = {.is_part = true, .from = 2, .len = 3};
    struct sp_pool_download download = {.is_on = false};
    char text[16] = "";
    uint64_t size = 0;
    int pair[2] = {-1, -1};
    int fd = new_file();
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    assert_int_equal(sp_pool_download_look(fd, &size), SP_OK);
    assert_true(size == 10);
    assert_int_equal(sp_pool_download_look(pair[0], &size), SP_ERR_FILE_CONFLICT);
    sp_pool_download_begin(&download, dup(fd), &range);
    assert_int_equal(sp_pool_download_send(&download, pair[0]), SP_OK);
    assert_true(download.left == 0);
    assert_int_equal(read(pair[1], text, sizeof text), 3);
    assert_string_equal(text, "234");
    sp_pool_download_done(&download);
    sp_pool_download_begin(&download, fd, &range);
    assert_int_equal(ftruncate(fd, 1), 0);
    assert_int_equal(sp_pool_download_send(&download, pair[0]), SP_ERR_CLOSED);
    sp_pool_download_done(&download);
    assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[1]), 0);
}

static void test_fields_tell_range_and_time(void **state)
{
    const struct sp_pool_range part = {.is_part = true, .from = 2, .len = 3};
    const struct sp_pool_range whole = {.is_part = false, .from = 0, .len = 10};
    char text[SP_POOL_FIELDS_BYTES];
    (void)state;
    sp_pool_download_fields(&part, 10, 784111777000000U, text);
    assert_string_equal(text, "Content-Range: bytes 2-4/10\r\nAccept-Ranges: bytes\r\n"
                              "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    sp_pool_download_fields(&whole, 10, UINT64_MAX, text);
    assert_true(sp_slice_starts(sp_slice_of(text), "Accept-Ranges: bytes\r\nLast-Modified: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_behind_the_name_wait_for_the_file),
        cmocka_unit_test(test_what_is_no_regular_file_is_not_written),
        cmocka_unit_test(test_full_disk_and_too_many_bytes_are_told_apart),
        cmocka_unit_test(test_fields_tell_range_and_time),
        cmocka_unit_test(test_range_is_sent_and_a_cut_file_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
