#include "session/fds.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* In a child, which has nothing to lose. */
static int keep_some(void)
{
    for (int fd = 3; fd < 40; fd++) {
        if (dup2(STDERR_FILENO, fd) != fd) {
            return 2;
        }
    }
    int kept[] = {31, 7, -1, 3, 8, 31, 1};
    if (sp_fds_keep(kept, sizeof kept / sizeof kept[0]) != SP_OK) {
        return 3;
    }
    for (int fd = 0; fd < 60; fd++) {
        bool wanted = fd <= 3 || fd == 7 || fd == 8 || fd == 31;
        if (is_open(fd) != wanted) {
            return 4;
        }
    }
    return 0;
}

static int keep_none(void)
{
    int none = -1;
    if (dup2(STDERR_FILENO, 30) != 30 || sp_fds_keep(&none, 0) != SP_OK) {
        return 5;
    }
    return !is_open(30) && is_open(2) ? 0 : 6;
}

static int in_child(int (*attempt)(void))
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void test_listed_descriptors_stay_and_no_others(void **state)
{
    (void)state;
    assert_int_equal(in_child(keep_some), 0);
}

static void test_empty_list_leaves_the_three(void **state)
{
    (void)state;
    assert_int_equal(in_child(keep_none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listed_descriptors_stay_and_no_others),
        cmocka_unit_test(test_empty_list_leaves_the_three),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
