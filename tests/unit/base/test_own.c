#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void test_close_takes_negative_numbers_and_keeps_errno(void **state)
{
    (void)state;
    errno = EPERM;
    sp_close(-1);
    assert_int_equal(errno, EPERM);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    errno = EPERM;
    sp_close(fd);
    assert_int_equal(errno, EPERM);
    assert_false(is_open(fd));
}

static int open_and_keep(bool keep)
{
    SP_AUTO_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return keep ? sp_take_fd(&fd) : fd;
}

static void test_descriptor_is_closed_at_the_end_of_its_scope(void **state)
{
    (void)state;
    assert_false(is_open(open_and_keep(false)));
}

static void test_taken_descriptor_stays_open(void **state)
{
    (void)state;
    int fd = open_and_keep(true);
    assert_true(is_open(fd));
    sp_close(fd);
}

static char *allocate_and_take(void)
{
    SP_AUTO_FREE char *text = malloc(4);
    assert_non_null(text);
    text[0] = '!';
    char *taken = sp_take_ptr(text);
    assert_null(text);
    return taken;
}

static void test_taken_pointer_survives_its_scope(void **state)
{
    (void)state;
    char *text = allocate_and_take();
    assert_int_equal(text[0], '!');
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_takes_negative_numbers_and_keeps_errno),
        cmocka_unit_test(test_descriptor_is_closed_at_the_end_of_its_scope),
        cmocka_unit_test(test_taken_descriptor_stays_open),
        cmocka_unit_test(test_taken_pointer_survives_its_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
