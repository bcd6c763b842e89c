#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/root.h"

static int status_of(int (*body)(void))
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(body());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

static int settle_outside(void)
{
    bool is_moved = true;
    return sp_root_settle(&is_moved) == SP_OK && !is_moved ? 0 : 1;
}

/* In a chroot of the whole tree, bound to another place: 0 when a user namespace can be made after all. */
static int settle_inside(void)
{
    char place[] = "/tmp/sp-root-XXXXXX";
    bool is_moved = false;
    if (mkdtemp(place) == NULL || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("/", place, NULL, MS_BIND | MS_REC, NULL) != 0 || chroot(place) != 0 ||
        chdir("/usr") != 0) {
        return 77;
    }
    if (unshare(CLONE_NEWUSER) == 0) {
        return 78; /* this kernel does not mind */
    }
    if (sp_root_settle(&is_moved) != SP_OK || !is_moved || access("bin", F_OK) != 0) {
        return 1;
    }
    return unshare(CLONE_NEWUSER) == 0 ? 0 : 2;
}

static void test_outside_of_a_chroot_nothing_happens(void **state)
{
    (void)state;
    int status = status_of(settle_outside);
    if (status != 0) {
        skip(); /* these tests run in a chroot themselves */
    }
}

static void test_chroot_becomes_the_root_of_a_namespace(void **state)
{
    (void)state;
    int status = geteuid() == 0 ? status_of(settle_inside) : 77;
    if (status >= 77) {
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outside_of_a_chroot_nothing_happens),
        cmocka_unit_test(test_chroot_becomes_the_root_of_a_namespace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
