#include "sandbox/profile_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CANNOT_LOAD 200

struct attempt {
    const char *name;
    long number;
    long arguments[3];
    int want; /* errno, 0 for success */
};

static const struct attempt attempts[] = {
    {"getpid", SYS_getpid, {0}, 0},
    {"socket of a local family", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, 0},
    {"socket of vsock", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}, ENOSYS},
    {"socket of packets", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, EPERM},
    {"personality, asked", SYS_personality, {0xFFFFFFFFL, 0, 0}, 0},
    {"personality, changed", SYS_personality, {0x0400000, 0, 0}, ENOSYS},
    {"clone3", SYS_clone3, {0}, ENOSYS},
    {"clone of a user namespace", SYS_clone, {CLONE_NEWUSER | SIGCHLD, 0, 0}, EPERM},
    {"clone of a mount namespace", SYS_clone, {CLONE_NEWNS | SIGCHLD, 0, 0}, ENOSYS},
    {"unshare", SYS_unshare, {CLONE_NEWUSER, 0, 0}, EPERM},
    {"mount", SYS_mount, {0}, EPERM},
    {"ptrace", SYS_ptrace, {0}, EPERM},
    {"bpf", SYS_bpf, {0}, EPERM},
    {"keyctl", SYS_keyctl, {0}, EPERM},
    {"io_uring_setup", SYS_io_uring_setup, {0}, EPERM},
    {"userfaultfd", SYS_userfaultfd, {0}, EPERM},
    {"memfd_create", SYS_memfd_create, {0}, ENOSYS},
    {"shmget", SYS_shmget, {0, 4096, 0600}, ENOSYS},
    {"sync", SYS_sync, {0}, EPERM},
    {"TIOCSTI", SYS_ioctl, {0, TIOCSTI, 0}, EPERM},
    {"TIOCSTI as the kernel reads it", SYS_ioctl, {0, 1L << 32 | TIOCSTI, 0}, ENOSYS},
    {"another ioctl", SYS_ioctl, {-1, FIONREAD, 0}, EBADF},
    {"a call of no number", 9999, {0}, ENOSYS},
};

/* 0, or the number of the first attempt that went otherwise, from 1. */
static int try_all(struct sp_slice filter)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || sp_session_filter_load(filter) != SP_OK) {
        return CANNOT_LOAD;
    }
    for (size_t i = 0; i < SP_COUNT(attempts); i++) {
        const struct attempt *a = &attempts[i];
        long result = syscall(a->number, a->arguments[0], a->arguments[1], a->arguments[2], 0, 0);
        if ((result >= 0) != (a->want == 0) || (result < 0 && errno != a->want)) {
            return (int)i + 1;
        }
    }
    return 0;
}

static void test_each_call_answers_as_the_table_says(void **state)
{
    SP_AUTO_BUF struct sp_buf filter;
    int status = 0;
    (void)state;
    sp_buf_init(&filter, SP_FILTER_BYTES_MAX + 1);
    assert_int_equal(sp_session_filter_build(&filter), SP_OK);
    assert_true(filter.len > 0 && filter.len % 8 == 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(try_all(sp_buf_slice(&filter)));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != 0) {
        fail_msg("%s", WEXITSTATUS(status) == CANNOT_LOAD ? "the filter cannot be loaded"
                                                          : attempts[WEXITSTATUS(status) - 1].name);
    }
}

static void test_filter_needs_its_room(void **state)
{
    SP_AUTO_BUF struct sp_buf filter;
    (void)state;
    sp_buf_init(&filter, 64);
    assert_int_equal(sp_session_filter_build(&filter), SP_ERR_TOO_BIG);
    assert_int_equal(filter.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call_answers_as_the_table_says),
        cmocka_unit_test(test_filter_needs_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
