/* cgroup: with folders in the place of the kernel's; tests/integration/pool/test_groups.py has the real ones. */
#include "session/cgroup.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"

static char top[64];

static int open_world(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof top, "/tmp/sp-cgroup-%d", (int)getpid());
    return mkdir(top, 0755);
}

static int close_world(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", top);
    return system(command);
}

static void make(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static bool exists(const char *format, int number)
{
    char name[128];
    char path[256];
    (void)snprintf(name, sizeof name, "/sallyport-%d", number);
    (void)snprintf(path, sizeof path, "%s%s%s", top, format, name);
    return access(path, F_OK) == 0;
}

static void done(struct sp_cgroup *cgroup)
{
    for (unsigned i = 0; i < cgroup->count; i++) {
        sp_close(cgroup->dirs[i]);
    }
}

static void test_own_group_is_made_below_the_present_one_and_stale_ones_go(void **state)
{
    struct sp_cgroup cgroup;
    const char *self = "9:cpuacct:/\n4:memory:/a/b\n8:pids:/\n0::/\n";
    (void)state;
    make("memory");
    make("memory/a");
    make("memory/a/b");
    make("memory/a/b/sallyport-2147483646"); /* a process of that number cannot be */
    make("memory/a/b/sallyport-2147483646/s-1");
    make("memory/a/b/sallyport-x");
    make("pids");
    assert_int_equal(sp_cgroup_open(top, sp_slice_of(self), geteuid(), &cgroup), SP_OK);
    assert_false(cgroup.is_v2);
    assert_int_equal(cgroup.count, 2);
    assert_int_equal(cgroup.has[0], SP_CGROUP_MEMORY);
    assert_int_equal(cgroup.has[1], SP_CGROUP_PIDS);
    assert_true(exists("/memory/a/b", (int)getpid()));
    assert_true(exists("/pids", (int)getpid()));
    assert_false(exists("/memory/a/b", 2147483646));
    done(&cgroup);
}

static void test_without_memory_there_are_no_groups(void **state)
{
    static const char *const cases[] = {
        "",
        "x",
        "4:cpu:/\n",
        "4:memory:/nowhere\n",
        "4:memory:\n",
        "4:memory\n",
        ":memory:/a/nowhere\n",
        "0::/nowhere\n",
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_cgroup cgroup;
        assert_int_equal(sp_cgroup_open(top, sp_slice_of(cases[i]), geteuid(), &cgroup),
                         SP_ERR_UNSUPPORTED);
    }
}

static void test_group_without_the_kernels_files_is_not_kept(void **state)
{
    const struct sp_session_limits limits = {.memory_bytes = 1, .data_bytes = 1, .processes = 4};
    struct sp_cgroup cgroup;
    int fds[SP_CGROUP_PARTS_MAX] = {-1, -1, -1};
    unsigned count = 7;
    (void)state;
    assert_int_equal(sp_cgroup_open(top, sp_slice_of("4:memory:/a/b\n"), geteuid(), &cgroup),
                     SP_OK);
    assert_int_equal(sp_cgroup_make(&cgroup, 3, &limits, fds, &count), SP_ERR_SYSTEM);
    assert_int_equal(count, 7);
    assert_true(sp_cgroup_remove(&cgroup, 3));
    assert_false(sp_cgroup_was_memory(&cgroup, 3));
    done(&cgroup);
}

static void test_memory_is_told_from_the_kernels_count(void **state)
{
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        {"oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", false},
        {"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", true},
        {"oom_kill -1\n", false},
        {"", false},
    };
    struct sp_cgroup cgroup = {.dirs = {-1, -1, -1}, .count = 1};
    (void)state;
    cgroup.dirs[0] = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    make("s-5");
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_CLOSE int fd = openat(cgroup.dirs[0], "s-5/memory.oom_control",
                                      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        struct sp_slice text = sp_slice_of(cases[i].text);
        assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
        assert_int_equal(sp_cgroup_was_memory(&cgroup, 5), cases[i].want);
    }
    done(&cgroup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_group_is_made_below_the_present_one_and_stale_ones_go),
        cmocka_unit_test(test_without_memory_there_are_no_groups),
        cmocka_unit_test(test_group_without_the_kernels_files_is_not_kept),
        cmocka_unit_test(test_memory_is_told_from_the_kernels_count),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
