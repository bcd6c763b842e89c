#include "sandbox/walls_session.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct sp_session_limits limits = {.memory_bytes = (uint64_t)512 * 1024 * 1024,
                                                .data_bytes = 1024 * 1024,
                                                .files = 100,
                                                .processes = 40};

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

/* What is open to everybody and not in the list of rules is refused; what is in the list is not. */
static int try_landlock(void)
{
    int rules = -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || sp_session_rules_new(&rules) != SP_OK ||
        sp_session_rules_enter(rules) != SP_OK) {
        return 1;
    }
    if (open("/proc/self/comm", O_WRONLY | O_CLOEXEC) >= 0 || errno != EACCES) {
        return 2;
    }
    if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0 ||
        open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0) {
        return 3;
    }
    if (open("/usr/sallyport-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0) {
        return 4;
    }
    return 0;
}

static int try_limits(void)
{
    struct rlimit got = {0};
    if (sp_session_rlimits(&limits) != SP_OK) {
        return 1;
    }
    if (getrlimit(RLIMIT_NPROC, &got) != 0 || got.rlim_cur != 40 || got.rlim_max != 40) {
        return 2;
    }
    if (getrlimit(RLIMIT_CORE, &got) != 0 || got.rlim_max != 0) {
        return 3;
    }
    return getrlimit(RLIMIT_FSIZE, &got) != 0 || got.rlim_max != 1024 * 1024 ? 4 : 0;
}

static int try_lower_limits(void)
{
    const struct rlimit low = {.rlim_cur = 8, .rlim_max = 8};
    struct rlimit got = {0};
    if (setrlimit(RLIMIT_NPROC, &low) != 0 || sp_session_rlimits(&limits) != SP_OK) {
        return 1;
    }
    return getrlimit(RLIMIT_NPROC, &got) != 0 || got.rlim_max != 8 ? 2 : 0;
}

static void test_landlock_leaves_the_listed_paths_only(void **state)
{
    (void)state;
    if (sp_session_landlock_abi() == 0) {
        int rules = -1;
        assert_int_equal(sp_session_rules_new(&rules), SP_ERR_UNSUPPORTED);
        assert_int_equal(rules, -1);
        return;
    }
    assert_int_equal(in_child(try_landlock), 0);
}

static void test_limits_are_set_for_good(void **state)
{
    (void)state;
    assert_int_equal(in_child(try_limits), 0);
}

static void test_limit_that_is_lower_already_stays(void **state)
{
    (void)state;
    assert_int_equal(in_child(try_lower_limits), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_landlock_leaves_the_listed_paths_only),
        cmocka_unit_test(test_limits_are_set_for_good),
        cmocka_unit_test(test_limit_that_is_lower_already_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
