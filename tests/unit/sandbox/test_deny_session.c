#include "sandbox/deny_session.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void *nothing(void *ctx)
{
    return ctx;
}

static bool may_fork(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool may_start_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static bool may_execute(void)
{
    static char *const none[] = {NULL};
    return execve("/nothing-of-this-name", none, none) != 0 && errno == ENOENT;
}

static bool may_open(int family)
{
    int fd = socket(family, SOCK_DGRAM, 0);
    return fd >= 0 && close(fd) == 0;
}

/* The bits of what a child could still do. */
static int tried(bool processes, bool network)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            sp_session_deny(processes, network) != SP_OK) {
            _exit(99);
        }
        _exit((may_fork() ? 1 : 0) | (may_execute() ? 2 : 0) | (may_start_thread() ? 4 : 0) |
              (may_open(AF_INET) ? 8 : 0) | (may_open(AF_UNIX) ? 16 : 0) |
              (may_open(AF_NETLINK) ? 32 : 0));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_each_denial_takes_its_own_calls_and_no_others(void **state)
{
    (void)state;
    /* A datagram socket of netlink needs its protocol, which 0 is: routes. */
    assert_int_equal(tried(false, false), 1 | 2 | 4 | 8 | 16 | 32);
    assert_int_equal(tried(true, false), 4 | 8 | 16 | 32);
    assert_int_equal(tried(false, true), 1 | 2 | 4 | 16);
    assert_int_equal(tried(true, true), 4 | 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_denial_takes_its_own_calls_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
