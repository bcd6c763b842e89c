#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/disk.h"
#include "audit/tidy.h"
#include "base/attr.h"

struct world {
    char path[64];
    struct sp_disk_directory directory;
    struct sp_disk disk;
};

static int make_world(void **state)
{
    static struct world w;
    (void)snprintf(w.path, sizeof(w.path), "/tmp/sp-tidy-XXXXXX");
    assert_non_null(mkdtemp(w.path));
    int log = open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(sp_disk_open_directory(&w.directory, log, -1, &w.disk), SP_OK);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    char command[96];
    sp_disk_close_directory(&w->directory);
    (void)snprintf(command, sizeof(command), "rm -rf %s", w->path);
    assert_int_equal(system(command), 0);
    return 0;
}

static bool is_there(const struct world *w, const char *path)
{
    struct stat st;
    return fstatat(w->directory.fds[SP_DISK_LOG], path, &st, 0) == 0;
}

static void put(struct world *w, const char *path)
{
    assert_int_equal(
        sp_disk_put_file(&w->disk, (struct sp_disk_name){SP_DISK_LOG, path}, sp_slice_of("x")),
        SP_OK);
}

static void test_partial_files_go_when_the_full_one_is_there(void **state)
{
    static const char *const gone[] = {"tile/entries/000.p", "tile/0/000.p", "tile/0/001.p"};
    static const char *const kept[] = {"tile/entries/000",     "tile/0/000",     "tile/0/001",
                                       "tile/entries/001.p/5", "tile/1/000.p/2", "checkpoint"};
    struct world *w = *state;
    struct sp_tidy tidy = {.entries = 0};
    for (size_t i = 0; i < SP_COUNT(kept); i++) {
        put(w, kept[i]);
    }
    put(w, "tile/entries/000.p/1");
    put(w, "tile/entries/000.p/255");
    put(w, "tile/0/000.p/7");
    put(w, "tile/0/001.p/200");
    assert_false(sp_tidy_some(w->directory.fds[SP_DISK_LOG], &tidy, 10));
    for (size_t i = 0; i < SP_COUNT(gone); i++) {
        assert_false(is_there(w, gone[i]));
    }
    for (size_t i = 0; i < SP_COUNT(kept); i++) {
        assert_true(is_there(w, kept[i]));
    }
    assert_int_equal(tidy.entries, 1);
    assert_int_equal(tidy.levels[0], 2);
}

static void test_it_goes_on_where_it_was_and_leaves_what_is_not_ours(void **state)
{
    struct world *w = *state;
    struct sp_tidy tidy = {.entries = 0};
    put(w, "tile/entries/000");
    put(w, "tile/entries/001");
    put(w, "tile/entries/001.p/what");
    assert_true(sp_tidy_some(w->directory.fds[SP_DISK_LOG], &tidy, 1));
    assert_int_equal(tidy.entries, 1);
    assert_true(sp_tidy_some(w->directory.fds[SP_DISK_LOG], &tidy, 1));
    assert_int_equal(tidy.entries, 2);
    assert_false(sp_tidy_some(w->directory.fds[SP_DISK_LOG], &tidy, 1));
    assert_true(is_there(w, "tile/entries/001.p/what"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_partial_files_go_when_the_full_one_is_there,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_it_goes_on_where_it_was_and_leaves_what_is_not_ours,
                                        make_world, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
