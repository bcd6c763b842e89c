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

#include "audit/tidy.h"
#include "base/attr.h"
#include "disk_world.h"

static bool is_there(const struct disk_world *w, const char *path)
{
    struct stat st;
    return fstatat(w->directory.fds[SP_DISK_LOG], path, &st, 0) == 0;
}

static void put(struct disk_world *w, const char *path)
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
    struct disk_world *w = *state;
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
    struct disk_world *w = *state;
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
        DISK_TEST(test_partial_files_go_when_the_full_one_is_there),
        DISK_TEST(test_it_goes_on_where_it_was_and_leaves_what_is_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
