#include "sandbox/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "sandbox/landlock.h"
#include "sandbox/profile.h"

#define UID 64999U

static const struct sp_profile *const profiles[] = {
    &sp_profile_door,  &sp_profile_front, &sp_profile_admit, &sp_profile_inspect, &sp_profile_audit,
    &sp_profile_relay, &sp_profile_token, &sp_profile_dial,  &sp_profile_pool,
};

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
    {"inotify_init1", SYS_inotify_init1, {0, 0, 0}},
    {"personality", SYS_personality, {0, 0, 0}},
    {"seccomp", SYS_seccomp, {0, 0, 0}},
    {"prctl SET_DUMPABLE", SYS_prctl, {4, 1, 0}},
    {"mmap executable", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC}},
    {"mprotect executable", SYS_mprotect, {0, 0, PROT_EXEC}},
    {"memfd_secret", 447, {0, 0, 0}},
};

typedef int attempt_fn(const void *what);

/* Confines a child by a profile and lets it try something; its wait status. */
static int try_inside(const struct sp_profile *profile, int dir_fd, attempt_fn *attempt, const void *what)
{
    int status = 0;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct sp_confine_options options = {.profile = profile, .uid = UID, .gid = UID, .dir_fd = dir_fd};
        struct sp_confinement report;
        if (sp_confine(&options, &report) != SP_OK) {
            _exit(99);
        }
        _exit(attempt(what));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int do_nothing(const void *what)
{
    (void)what;
    return 7;
}

static int do_forbidden(const void *what)
{
    const size_t at = *(const size_t *)what;
    (void)syscall(forbidden[at].number, forbidden[at].arguments[0], forbidden[at].arguments[1],
                  forbidden[at].arguments[2]);
    return 0;
}

static int make_dir(void)
{
    char path[] = "/tmp/sp-confine-XXXXXX";
    assert_non_null(mkdtemp(path));
    assert_int_equal(chown(path, geteuid() == 0 ? UID : geteuid(), (gid_t)-1), 0);
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void test_every_profile_lets_a_process_go_on_and_end(void **state)
{
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    for (size_t i = 0; i < SP_COUNT(profiles); i++) {
        const int status = try_inside(profiles[i], dir, do_nothing, NULL);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) {
            fail_msg("%s: status %x", profiles[i]->name, (unsigned)status);
        }
    }
}

static void test_no_profile_lets_dangerous_calls_pass(void **state)
{
#ifdef SP_SECCOMP_LOG
    (void)state;
    skip();
#else
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    for (size_t i = 0; i < SP_COUNT(profiles); i++) {
        for (size_t k = 0; k < SP_COUNT(forbidden); k++) {
            const int status = try_inside(profiles[i], dir, do_forbidden, &k);
            if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
                fail_msg("%s lets %s pass: status %x", profiles[i]->name, forbidden[k].name, (unsigned)status);
            }
        }
    }
#endif
}

static void test_every_row_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(profiles); i++) {
        for (size_t k = 0; k < profiles[i]->rule_count; k++) {
            assert_true(sp_slice_of(profiles[i]->rules[k].why).len >= 10);
        }
    }
    for (size_t k = 0; k < sp_common_rule_count; k++) {
        assert_true(sp_slice_of(sp_common_rules[k].why).len >= 10);
    }
}

/* Each answers 0 when the wall stands. */
static int look_at_files(const void *what)
{
    (void)what;
    const int fd = openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? 0 : 1;
}

static int look_at_limits(const void *what)
{
    (void)what;
    static char full[1];
    return write(STDERR_FILENO, full, 0) == 0 ? 0 : 1;
}

static int use_log_dir(const void *what)
{
    const int dir = *(const int *)what;
    const int fd = openat(dir, "log", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || fdatasync(fd) != 0) {
        return 1;
    }
    return openat(dir, "../../etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 2;
}

static int cut_log(const void *what)
{
    const int dir = *(const int *)what;
    return openat(dir, "log", O_RDWR | O_TRUNC | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 1;
}

static int connect_anywhere(const void *what)
{
    (void)what;
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 0 : 1;
}

static void assert_walled(const struct sp_profile *profile, int dir, attempt_fn *attempt, const void *what)
{
    const int status = try_inside(profile, dir, attempt, what);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("%s: status %x", profile->name, (unsigned)status);
    }
}

static void test_files_are_out_of_reach(void **state)
{
    (void)state;
    assert_walled(&sp_profile_front, -1, look_at_files, NULL); /* by an answer of the filter */
    assert_walled(&sp_profile_dial, -1, look_at_files, NULL);  /* by Landlock */
    assert_walled(&sp_profile_admit, -1, look_at_limits, NULL);
    assert_walled(&sp_profile_relay, -1, connect_anywhere, NULL);
}

static void test_audit_writes_its_log_and_cannot_cut_it(void **state)
{
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    assert_walled(&sp_profile_audit, dir, use_log_dir, &dir);
    if (sp_landlock_abi() >= 3) {
        assert_walled(&sp_profile_audit, dir, cut_log, &dir);
    }
}

static int report_is_complete(void)
{
    const struct sp_confine_options options = {.profile = &sp_profile_admit, .uid = UID, .gid = UID, .dir_fd = -1};
    struct sp_confinement report;
    if (sp_confine(&options, &report) != SP_OK) {
        return 1;
    }
    const struct sp_slice text = sp_slice_of(report.text);
    return sp_slice_starts(text, "uid=") && sp_slice_ends(text, "limits=yes") && report.rows > 30 ? 0 : 2;
}

static void test_report_says_what_is_in_force(void **state)
{
    int status = 0;
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(report_is_complete());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* As root without a user to become the layer is missing: the start stops, unless it is given up by name. */
static int root_without_user(unsigned given_up)
{
    const struct sp_confine_options options = {.profile = &sp_profile_admit, .dir_fd = -1, .given_up = given_up};
    struct sp_confinement report;
    return sp_confine(&options, &report) == SP_OK ? 0 : 1;
}

static void test_missing_layer_stops_the_start_unless_given_up(void **state)
{
    int status = 0;
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    for (unsigned round = 0; round < 2; round++) {
        const pid_t pid = fork();
        if (pid == 0) {
            _exit(root_without_user(round == 0 ? 0 : (unsigned)SP_LAYER_USER));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), round == 0 ? 1 : 0);
    }
}

static void test_layers_have_names(void **state)
{
    unsigned layer = 0;
    (void)state;
    assert_int_equal(sp_layer_from_name(SP_SLICE_LITERAL("landlock"), &layer), SP_OK);
    assert_int_equal(layer, SP_LAYER_LANDLOCK);
    assert_int_equal(sp_layer_from_name(SP_SLICE_LITERAL("Landlock"), &layer), SP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_profile_lets_a_process_go_on_and_end),
        cmocka_unit_test(test_no_profile_lets_dangerous_calls_pass),
        cmocka_unit_test(test_every_row_says_why),
        cmocka_unit_test(test_files_are_out_of_reach),
        cmocka_unit_test(test_audit_writes_its_log_and_cannot_cut_it),
        cmocka_unit_test(test_report_says_what_is_in_force),
        cmocka_unit_test(test_missing_layer_stops_the_start_unless_given_up),
        cmocka_unit_test(test_layers_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
