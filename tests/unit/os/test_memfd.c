#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/own.h"
#include "os/memfd.h"

static void test_sealed_bytes_cannot_change(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    struct sp_slice mapping = {NULL, 0};
    size_t size = 0;
    (void)state;
    assert_int_equal(sp_memfd_new("test", &fd), SP_OK);
    assert_int_equal(sp_memfd_write(fd, sp_slice_of("hel")), SP_OK);
    assert_int_equal(sp_memfd_write(fd, sp_slice_of("lo")), SP_OK);
    assert_int_equal(sp_memfd_seal(fd), SP_OK);
    assert_int_equal(write(fd, "!", 1), -1);
    assert_int_equal(ftruncate(fd, 1), -1);
    assert_int_equal(ftruncate(fd, 100), -1);
    assert_int_equal(sp_memfd_size(fd, &size), SP_OK);
    assert_int_equal(size, 5);
    assert_int_equal(sp_memfd_check(fd, 5), SP_OK);
    assert_int_equal(sp_memfd_map(fd, 5, &mapping), SP_OK);
    assert_true(sp_slice_is(mapping, "hello"));
    sp_memfd_unmap(mapping);
}

static void test_what_could_still_change_is_refused(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_AUTO_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t size = 99;
    (void)state;
    assert_int_equal(sp_memfd_new("test", &fd), SP_OK);
    assert_int_equal(sp_memfd_write(fd, sp_slice_of("hello")), SP_OK);
    assert_int_equal(sp_memfd_check(fd, 5), SP_ERR_WIRE);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    assert_int_equal(sp_memfd_check(fd, 5), SP_ERR_WIRE);
    assert_int_equal(sp_memfd_check(null, 0), SP_ERR_WIRE);
    assert_int_equal(sp_memfd_size(null, &size), SP_ERR_WIRE);
    assert_int_equal(size, 99);
}

static void test_another_size_is_refused(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    (void)state;
    assert_int_equal(sp_memfd_new("test", &fd), SP_OK);
    assert_int_equal(sp_memfd_write(fd, sp_slice_of("hello")), SP_OK);
    assert_int_equal(sp_memfd_seal(fd), SP_OK);
    assert_int_equal(sp_memfd_check(fd, 4), SP_ERR_WIRE);
    assert_int_equal(sp_memfd_check(fd, 6), SP_ERR_WIRE);
    assert_int_equal(sp_memfd_write(fd, sp_slice_of("x")), SP_ERR_SYSTEM);
}

static void test_descriptor_does_not_survive_exec(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    (void)state;
    assert_int_equal(sp_memfd_new("test", &fd), SP_OK);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sealed_bytes_cannot_change),
        cmocka_unit_test(test_what_could_still_change_is_refused),
        cmocka_unit_test(test_another_size_is_refused),
        cmocka_unit_test(test_descriptor_does_not_survive_exec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
