#include "sandbox/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "inside.h"
#include "sandbox/seccomp.h"

/* What no role may do: the process has to end by SIGSYS before the call does anything. */
static const struct {
    const char *name;
    long number;
    long arguments[3];
} forbidden[] = {
    {"execve", SYS_execve, {0, 0, 0}},
    {"execveat", SYS_execveat, {-1, 0, 0}},
    {"fork", SYS_fork, {0, 0, 0}},
    {"vfork", SYS_vfork, {0, 0, 0}},
    {"clone", SYS_clone, {SIGCHLD, 0, 0}},
    {"clone3", SYS_clone3, {0, 0, 0}},
    {"ptrace", SYS_ptrace, {0, 0, 0}},
    {"process_vm_readv", SYS_process_vm_readv, {0, 0, 0}},
    {"process_vm_writev", SYS_process_vm_writev, {0, 0, 0}},
    {"kill", SYS_kill, {1, 0, 0}},
    {"tkill", SYS_tkill, {1, 0, 0}},
    {"pidfd_open", SYS_pidfd_open, {1, 0, 0}},
    {"mount", SYS_mount, {0, 0, 0}},
    {"umount2", SYS_umount2, {0, 0, 0}},
    {"pivot_root", SYS_pivot_root, {0, 0, 0}},
    {"chroot", SYS_chroot, {0, 0, 0}},
    {"unshare", SYS_unshare, {0, 0, 0}},
    {"setns", SYS_setns, {-1, 0, 0}},
    {"bpf", SYS_bpf, {0, 0, 0}},
    {"perf_event_open", SYS_perf_event_open, {0, 0, 0}},
    {"userfaultfd", SYS_userfaultfd, {0, 0, 0}},
    {"io_uring_setup", SYS_io_uring_setup, {0, 0, 0}},
    {"keyctl", SYS_keyctl, {0, 0, 0}},
    {"add_key", SYS_add_key, {0, 0, 0}},
    {"init_module", SYS_init_module, {0, 0, 0}},
    {"kexec_load", SYS_kexec_load, {0, 0, 0}},
    {"reboot", SYS_reboot, {0, 0, 0}},
    {"setuid", SYS_setuid, {0, 0, 0}},
    {"setresuid", SYS_setresuid, {0, 0, 0}},
    {"setgroups", SYS_setgroups, {0, 0, 0}},
    {"capset", SYS_capset, {0, 0, 0}},
    {"unlink", SYS_unlink, {0, 0, 0}},
    {"unlinkat", SYS_unlinkat, {-1, 0, 0}},
    {"rename", SYS_rename, {0, 0, 0}},
    {"renameat2", SYS_renameat2, {-1, 0, 0}},
    {"link", SYS_link, {0, 0, 0}},
    {"symlink", SYS_symlink, {0, 0, 0}},
    {"truncate", SYS_truncate, {0, 0, 0}},
    {"mkdir", SYS_mkdir, {0, 0, 0}},
    {"chmod", SYS_chmod, {0, 0, 0}},
    {"fchown", SYS_fchown, {-1, 0, 0}},
    {"mknod", SYS_mknod, {0, 0, 0}},
    {"open", SYS_open, {0, 0, 0}},
    {"listen", SYS_listen, {-1, 0, 0}},
    {"socketpair of datagrams", SYS_socketpair, {AF_UNIX, SOCK_DGRAM, 0}},
    {"socketpair of another family", SYS_socketpair, {AF_INET, SOCK_STREAM, 0}},
    {"inotify_init1", SYS_inotify_init1, {0, 0, 0}},
    {"personality", SYS_personality, {0, 0, 0}},
    {"seccomp", SYS_seccomp, {0, 0, 0}},
    {"prctl SET_DUMPABLE", SYS_prctl, {4, 1, 0}},
    {"mmap executable", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC}},
    {"mprotect executable", SYS_mprotect, {0, 0, PROT_EXEC}},
    {"memfd_secret", 447, {0, 0, 0}},
    {"memfd of huge pages", SYS_memfd_create, {0, MFD_HUGETLB, 0}},
};

#ifdef SP_SECCOMP_LOG
static const bool is_logging_only = true; /* the build with sanitizers: nothing is killed */
#else
static const bool is_logging_only = false;
#endif

static int do_nothing(const void *what)
{
    (void)what;
    return 7;
}

SP_UNUSED static int do_forbidden(const void *what)
{
    const size_t at = *(const size_t *)what;
    (void)syscall(forbidden[at].number, forbidden[at].arguments[0], forbidden[at].arguments[1],
                  forbidden[at].arguments[2]);
    return 0;
}

/* Arguments that no call can do anything with: it fails, but it is made. */
static int do_listed(const void *what)
{
    const struct sp_rule *rule = what;
    const int number = sp_seccomp_number(rule->call);
    if (number >= 0) {
        (void)syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
    }
    return 0;
}

static void test_every_profile_lets_a_process_go_on_and_end(void **state)
{
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    for (size_t i = 0; i < all_profile_count; i++) {
        const int status = inside(all_profiles[i], dir, do_nothing, NULL);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) {
            fail_msg("%s: status %x", all_profiles[i]->name, (unsigned)status);
        }
    }
}

static void test_no_profile_lets_dangerous_calls_pass(void **state)
{
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    if (is_logging_only) {
        skip();
    }
    for (size_t i = 0; i < all_profile_count; i++) {
        for (size_t k = 0; k < SP_COUNT(forbidden); k++) {
            const int status = inside(all_profiles[i], dir, do_forbidden, &k);
            if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
                fail_msg("%s lets %s pass: status %x", all_profiles[i]->name, forbidden[k].name,
                         (unsigned)status);
            }
        }
    }
}

static int open_beneath(const void *what)
{
    const int *flags = what;
    (void)syscall(SYS_openat, -1, "file", *flags, 0600);
    return 0;
}

/* An older Landlock does not know of cutting: the filter itself has to. */
static void test_audit_cannot_cut_a_file_by_opening_it(void **state)
{
    static const int whole = O_RDWR | O_CREAT | O_CLOEXEC;
    static const int cut = O_RDWR | O_CREAT | O_CLOEXEC | O_TRUNC;
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    if (is_logging_only) {
        skip();
    }
    int status = inside(&sp_profile_audit, dir, open_beneath, &whole);
    assert_true(WIFEXITED(status));
    status = inside(&sp_profile_audit, dir, open_beneath, &cut);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* The Azure CLI is no program of ours: an error is what it gets. */
static int try_as_cli(const void *what)
{
    (void)what;
    const bool is_refused = syscall(SYS_clone, (long)(CLONE_NEWUSER | SIGCHLD), 0, 0, 0, 0) < 0 &&
                            errno == EPERM && socket(AF_ALG, SOCK_SEQPACKET, 0) < 0 &&
                            errno == EPERM && syscall(SYS_unshare, CLONE_NEWUSER) < 0 &&
                            errno == EPERM;
    return is_refused && socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 7 : 1;
}

static void test_cli_gets_no_namespace_and_no_odd_socket(void **state)
{
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    const int status = inside(&sp_profile_cli, dir, try_as_cli, NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void expect_to_pass(const struct sp_profile *profile, int dir, const struct sp_rule *rule)
{
    /* Returning from a signal that never came ends the process whatever the filter says. */
    if (rule->check != SP_CHECK_NONE || sp_slice_is(sp_slice_of(rule->call), "rt_sigreturn")) {
        return;
    }
    const int status = inside(profile, dir, do_listed, rule);
    if (WIFSIGNALED(status)) {
        fail_msg("%s: %s ended by signal %d", profile->name, rule->call, WTERMSIG(status));
    }
}

static void test_every_listed_call_passes(void **state)
{
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    for (size_t i = 0; i < all_profile_count; i++) {
        for (size_t k = 0; k < all_profiles[i]->rule_count; k++) {
            expect_to_pass(all_profiles[i], dir, &all_profiles[i]->rules[k]);
        }
    }
    for (size_t k = 0; k < sp_common_rule_count; k++) {
        expect_to_pass(&sp_profile_admit, dir, &sp_common_rules[k]);
    }
}

static void test_every_row_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < all_profile_count; i++) {
        for (size_t k = 0; k < all_profiles[i]->rule_count; k++) {
            assert_true(sp_slice_of(all_profiles[i]->rules[k].why).len >= 10);
        }
    }
    for (size_t k = 0; k < sp_common_rule_count; k++) {
        assert_true(sp_slice_of(sp_common_rules[k].why).len >= 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_profile_lets_a_process_go_on_and_end),
        cmocka_unit_test(test_no_profile_lets_dangerous_calls_pass),
        cmocka_unit_test(test_audit_cannot_cut_a_file_by_opening_it),
        cmocka_unit_test(test_cli_gets_no_namespace_and_no_odd_socket),
        cmocka_unit_test(test_every_listed_call_passes),
        cmocka_unit_test(test_every_row_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
