/* guardian: with folders in the place of the kernel's; tests/integration/pool/test_groups.py has the real ones. */
#include "session/guardian.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"

#define PATIENCE_MS 30000

static char top[64];

static int open_world(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof top, "/tmp/sp-guardian-%d", (int)getpid());
    return mkdir(top, 0755);
}

static int close_world(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", top);
    return system(command);
}

static void path_of(const char *below, char out[256])
{
    (void)snprintf(out, 256, "%s/sallyport-%d%s", top, (int)getpid(), below);
}

static void make(const char *below)
{
    char path[256];
    path_of(below, path);
    assert_int_equal(mkdir(path, 0755), 0);
}

static bool exists(const char *below)
{
    char path[256];
    path_of(below, path);
    return access(path, F_OK) == 0;
}

/* Until it is as wanted, or the patience of somebody on a slow machine is over. */
static bool becomes(const char *below, bool want)
{
    for (unsigned waited = 0; exists(below) != want && waited < PATIENCE_MS; waited += 10) {
        (void)usleep(10000);
    }
    return exists(below) == want;
}

static struct sp_cgroup own_group(void)
{
    char path[256];
    struct sp_cgroup groups = {.dirs = {-1, -1, -1}, .has = {SP_CGROUP_MEMORY}, .count = 1};
    make("");
    make("/s-1");
    make("/s-2");
    path_of("", path);
    groups.dirs[0] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(groups.dirs[0] >= 0);
    return groups;
}

static void test_groups_stay_while_somebody_is_there_and_then_go(void **state)
{
    struct sp_cgroup groups = own_group();
    int alive = -1;
    (void)state;
    assert_int_equal(sp_guardian_start(&groups, &alive), SP_OK);
    sp_close(groups.dirs[0]);
    int held = dup(alive);
    sp_close(alive);
    (void)usleep(100000);
    assert_true(exists("/s-1"));
    sp_close(held);
    assert_true(becomes("", false));
}

/* "Seccomp:\t2" in what the kernel says of a process. */
static bool has_filter(pid_t pid)
{
    char path[64];
    char text[4096];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    return strstr(text, "Seccomp:\t2") != NULL;
}

static pid_t only_child(void)
{
    char path[64];
    char text[64] = "";
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
    return (pid_t)strtol(text, NULL, 10);
}

/* As a child of ours its end is seen: what its filter does not know would kill it. */
static void test_it_does_its_work_behind_a_filter(void **state)
{
    struct sp_cgroup groups = own_group();
    int alive = -1;
    int status = -1;
    (void)state;
    make("/s-2/process");
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(sp_guardian_start(&groups, &alive), SP_OK);
    sp_close(groups.dirs[0]);
    const pid_t pid = only_child();
    for (unsigned waited = 0; !has_filter(pid) && waited < PATIENCE_MS; waited += 10) {
        (void)usleep(10000);
    }
    assert_true(has_filter(pid));
    sp_close(alive);
    assert_true(becomes("/s-1", false));
    char busy[256];
    path_of("/s-2/process", busy);
    assert_int_equal(rmdir(busy), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_false(exists(""));
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

static void test_group_that_is_busy_at_first_is_tried_again(void **state)
{
    struct sp_cgroup groups = own_group();
    char busy[256];
    int alive = -1;
    (void)state;
    make("/s-2/process");
    assert_int_equal(sp_guardian_start(&groups, &alive), SP_OK);
    sp_close(groups.dirs[0]);
    sp_close(alive);
    assert_true(becomes("/s-1", false));
    assert_true(exists("/s-2"));
    path_of("/s-2/process", busy);
    assert_int_equal(rmdir(busy), 0);
    assert_true(becomes("", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_stay_while_somebody_is_there_and_then_go),
        cmocka_unit_test(test_it_does_its_work_behind_a_filter),
        cmocka_unit_test(test_group_that_is_busy_at_first_is_tried_again),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
