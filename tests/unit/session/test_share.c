#include "session/share.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"

#define BYTES ((size_t)4096)

static void test_what_one_writes_the_other_reads(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    void *written = NULL;
    const void *seen = NULL;
    (void)state;
    assert_int_equal(sp_share_new("test", BYTES, &fd), SP_OK);
    assert_int_equal(sp_share_map(fd, BYTES, &written), SP_OK);
    assert_int_equal(sp_share_view(fd, BYTES, &seen), SP_OK);
    ((uint8_t *)written)[BYTES - 1] = 7;
    assert_int_equal(((const uint8_t *)seen)[BYTES - 1], 7);
}

static void test_size_is_fixed(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    (void)state;
    assert_int_equal(sp_share_new("test", BYTES, &fd), SP_OK);
    assert_int_not_equal(ftruncate(fd, 0), 0);
    assert_int_not_equal(ftruncate(fd, (off_t)BYTES * 2), 0);
}

static void test_closed_one_has_no_second_writer(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    void *written = NULL;
    void *second = NULL;
    const void *seen = NULL;
    (void)state;
    assert_int_equal(sp_share_new("test", BYTES, &fd), SP_OK);
    assert_int_equal(sp_share_map(fd, BYTES, &written), SP_OK);
    assert_int_equal(sp_share_close_writing(fd), SP_OK);
    assert_int_equal(sp_share_map(fd, BYTES, &second), SP_ERR_SYSTEM);
    assert_null(second);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(sp_share_view(fd, BYTES, &seen), SP_OK);
    assert_int_not_equal(mprotect((void *)(uintptr_t)seen, BYTES, PROT_READ | PROT_WRITE), 0);
    ((uint8_t *)written)[0] = 9;
    assert_int_equal(((const uint8_t *)seen)[0], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_one_writes_the_other_reads),
        cmocka_unit_test(test_size_is_fixed),
        cmocka_unit_test(test_closed_one_has_no_second_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
