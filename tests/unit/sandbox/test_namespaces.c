#include "sandbox/namespaces.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define INNER 1000

static int status_of(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int live_in_new_namespaces(void)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (sp_ns_leave(CLONE_NEWUSER | CLONE_NEWNET) != SP_OK) {
        return 1;
    }
    if (sp_ns_map_self(proc, uid, gid, INNER) != SP_OK || getuid() != INNER || getgid() != INNER) {
        return 2;
    }
    if (sp_ns_loopback_up() != SP_OK) {
        return 3;
    }
    if (sp_ns_drop_capabilities() != SP_OK || sp_ns_loopback_up() == SP_OK) {
        return 4;
    }
    return prctl(PR_CAPBSET_READ, 0, 0, 0, 0) == 0 ? 0 : 5;
}

static void test_user_is_mapped_and_capabilities_are_gone(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(live_in_new_namespaces());
    }
    assert_int_equal(status_of(pid), 0);
}

static void test_fork_into_a_pid_namespace_is_process_one(void **state)
{
    (void)state;
    pid_t outer = fork();
    assert_true(outer >= 0);
    if (outer == 0) {
        pid_t pid = -1;
        if (sp_ns_leave(CLONE_NEWUSER) != SP_OK || sp_ns_fork(CLONE_NEWPID, &pid) != SP_OK) {
            _exit(1);
        }
        if (pid == 0) {
            _exit(getpid() == 1 ? 0 : 2);
        }
        _exit(status_of(pid));
    }
    assert_int_equal(status_of(outer), 0);
}

static void test_process_dies_with_its_parent_only(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pid_t parent = getppid();
        _exit(sp_ns_die_with(parent) == SP_OK && sp_ns_die_with(parent + 1) == SP_ERR_CLOSED ? 0
                                                                                             : 1);
    }
    assert_int_equal(status_of(pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_is_mapped_and_capabilities_are_gone),
        cmocka_unit_test(test_fork_into_a_pid_namespace_is_process_one),
        cmocka_unit_test(test_process_dies_with_its_parent_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
