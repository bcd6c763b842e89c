#include "inside.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/profile.h"

const struct sp_profile *const all_profiles[] = {
    &sp_profile_door,  &sp_profile_front,   &sp_profile_admit, &sp_profile_inspect,
    &sp_profile_audit, &sp_profile_relay,   &sp_profile_token, &sp_profile_dial,
    &sp_profile_pool,  &sp_profile_nursery,
};
const size_t all_profile_count = SP_COUNT(all_profiles);

int in_child(attempt_fn *attempt, const void *what)
{
    int status = 0;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)alarm(10);
        _exit(attempt(what));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

struct confined {
    const struct sp_profile *profile;
    int dir_fd;
    attempt_fn *attempt;
    const void *what;
};

static int confine_and_try(const void *what)
{
    const struct confined *confined = what;
    const struct sp_confine_options options = {
        .profile = confined->profile, .uid = TEST_UID, .gid = TEST_UID, .dir_fd = confined->dir_fd};
    struct sp_confinement report;
    return sp_confine(&options, &report) == SP_OK ? confined->attempt(confined->what) : 99;
}

int inside(const struct sp_profile *profile, int dir_fd, attempt_fn *attempt, const void *what)
{
    const struct confined confined = {
        .profile = profile, .dir_fd = dir_fd, .attempt = attempt, .what = what};
    return in_child(confine_and_try, &confined);
}

int make_dir(void)
{
    char path[] = "/tmp/sp-sandbox-XXXXXX";
    assert_non_null(mkdtemp(path));
    assert_int_equal(chown(path, geteuid() == 0 ? TEST_UID : geteuid(), (gid_t)-1), 0);
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}
