#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/drop.h"
#include "disk_world.h"

#define NOON   UINT64_C(1795258800) /* of 2026-11-21 */
#define DAY    UINT64_C(86400)
#define US     UINT64_C(1000000)
#define OBJECT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int dir_of(const struct disk_world *w)
{
    return w->directory.fds[SP_DISK_LOG];
}

static bool is_there(const struct disk_world *w, const char *path)
{
    struct stat st;
    return fstatat(dir_of(w), path, &st, 0) == 0;
}

static void put(struct disk_world *w, const char *path, uint64_t at_s)
{
    const struct timespec times[2] = {{.tv_sec = (time_t)at_s}, {.tv_sec = (time_t)at_s}};
    assert_int_equal(
        sp_disk_put_file(&w->disk, (struct sp_disk_name){SP_DISK_LOG, path}, sp_slice_of("x")),
        SP_OK);
    assert_int_equal(utimensat(dir_of(w), path, times, 0), 0);
}

static void put_large(struct disk_world *w, uint64_t number, size_t size, uint64_t at_s)
{
    static uint8_t zeros[1000];
    char path[SP_TILE_PATH_BYTES];
    const struct timespec times[2] = {{.tv_sec = (time_t)at_s}, {.tv_sec = (time_t)at_s}};
    sp_tile_path((struct sp_tile){SP_TILE_ENTRIES, number, SP_TILE_WIDTH}, path);
    assert_int_equal(sp_disk_put_file(&w->disk, (struct sp_disk_name){SP_DISK_LOG, path},
                                      sp_slice_make(zeros, size)),
                     SP_OK);
    assert_int_equal(utimensat(dir_of(w), path, times, 0), 0);
}

static void put_bundle(struct disk_world *w, uint64_t number, uint64_t at_s)
{
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path((struct sp_tile){SP_TILE_ENTRIES, number, SP_TILE_WIDTH}, path);
    put(w, path, at_s);
}

static bool has_bundle(const struct disk_world *w, uint64_t number)
{
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path((struct sp_tile){SP_TILE_ENTRIES, number, SP_TILE_WIDTH}, path);
    return is_there(w, path);
}

static void test_old_bundles_go_up_to_the_one_that_is_recorded(void **state)
{
    struct disk_world *w = *state;
    struct sp_drop drop = {.first = 0};
    for (uint64_t i = 0; i < 6; i++) {
        put_bundle(w, i, NOON - (6 - i) * DAY);
    }
    put(w, "tile/0/000", NOON - 100 * DAY);
    assert_true(sp_drop_find(dir_of(w), &drop, 10));
    assert_int_equal(drop.first, 0);
    assert_int_equal(sp_drop_due(dir_of(w), &drop, NOON - 10 * DAY, 100), 0);
    assert_int_equal(sp_drop_due(dir_of(w), &drop, NOON - 3 * DAY, 100), 3);
    assert_int_equal(sp_drop_due(dir_of(w), &drop, NOON - 3 * DAY, 2), 2);
    assert_int_equal(sp_drop_due(dir_of(w), &drop, NOON + DAY, 100), 6);
    assert_true(sp_drop_some(dir_of(w), &drop, 3, 2)); /* there is more to do */
    assert_false(sp_drop_some(dir_of(w), &drop, 3, 2));
    assert_int_equal(drop.first, 3);
    assert_false(has_bundle(w, 2));
    assert_true(has_bundle(w, 3));
    assert_true(is_there(w, "tile/0/000"));
}

static void test_as_many_bytes_stay_as_are_to_be_kept(void **state)
{
    struct disk_world *w = *state;
    struct sp_drop drop = {.first = 0};
    for (uint64_t i = 3; i < 9; i++) {
        put_large(w, i, 100 * (size_t)i, NOON - (9 - i) * DAY);
    }
    assert_true(sp_drop_find(dir_of(w), &drop, 10));
    assert_false(sp_drop_count(dir_of(w), &drop, 4)); /* there is more to count */
    assert_true(sp_drop_count(dir_of(w), &drop, 4));
    assert_int_equal(drop.bytes, 3300);
    assert_int_equal(sp_drop_over(dir_of(w), &drop, 3300, NOON, 100), 3);
    assert_int_equal(sp_drop_over(dir_of(w), &drop, 3299, NOON, 100), 4);
    assert_int_equal(sp_drop_over(dir_of(w), &drop, 2600, NOON, 100), 5);
    assert_int_equal(sp_drop_over(dir_of(w), &drop, 2599, NOON, 100), 6);
    assert_int_equal(sp_drop_over(dir_of(w), &drop, 1, NOON, 2), 5);
    assert_int_equal(sp_drop_over(dir_of(w), &drop, 1, NOON - 4 * DAY, 100),
                     5); /* young ones stay */
    assert_int_equal(sp_drop_over(dir_of(w), &drop, 1, NOON + DAY, 100), 9);
    assert_false(sp_drop_some(dir_of(w), &drop, 5, 10));
    assert_int_equal(drop.bytes, 2600);
    assert_int_equal(drop.gone_s, NOON - 5 * DAY);
    put_large(w, 9, 50, NOON);
    assert_true(sp_drop_count(dir_of(w), &drop, 4));
    assert_int_equal(drop.bytes, 2650);
    drop.first = 9; /* as if the rest had gone otherwise */
    drop.counted = 8;
    assert_true(sp_drop_count(dir_of(w), &drop, 4));
    assert_int_equal(drop.bytes, 50);
}

/* A young one in between keeps all behind it: what is left is one piece. */
static void test_nothing_behind_a_young_bundle_is_due(void **state)
{
    struct disk_world *w = *state;
    struct sp_drop drop = {.first = 0};
    put_bundle(w, 0, NOON - 9 * DAY);
    put_bundle(w, 1, NOON);
    put_bundle(w, 2, NOON - 9 * DAY);
    assert_true(sp_drop_find(dir_of(w), &drop, 10));
    assert_int_equal(sp_drop_due(dir_of(w), &drop, NOON - DAY, 100), 1);
}

static void test_the_first_bundle_is_found_after_a_restart(void **state)
{
    struct disk_world *w = *state;
    struct sp_drop drop = {.first = 0};
    assert_false(sp_drop_find(dir_of(w), &drop, 100)); /* no log yet */
    put_bundle(w, 1234, NOON - 9 * DAY);
    put_bundle(w, 1235, NOON - 9 * DAY);
    drop = (struct sp_drop){.first = 0};
    assert_false(sp_drop_find(dir_of(w), &drop, 1000));
    assert_true(sp_drop_find(dir_of(w), &drop, 1000));
    assert_int_equal(drop.first, 1234);
    assert_false(sp_drop_some(dir_of(w), &drop, 1235, 10));
    assert_false(has_bundle(w, 1234));
    assert_true(has_bundle(w, 1235));
    drop = (struct sp_drop){.first = 5000}; /* a new log begins where nobody looks any more */
    put_bundle(w, 0, NOON);
    assert_true(sp_drop_find(dir_of(w), &drop, 10));
    assert_int_equal(drop.first, 0);
}

static void test_an_empty_directory_of_a_thousand_goes_too(void **state)
{
    struct disk_world *w = *state;
    struct sp_drop drop = {.is_known = true, .first = 1999};
    put_bundle(w, 1999, NOON);
    put_bundle(w, 2000, NOON);
    assert_true(is_there(w, "tile/entries/x001"));
    assert_false(sp_drop_some(dir_of(w), &drop, 2000, 10));
    assert_false(is_there(w, "tile/entries/x001"));
    assert_true(is_there(w, "tile/entries/x002/000"));
}

static void test_kept_code_of_days_gone_by_goes(void **state)
{
    struct disk_world *w = *state;
    put(w, "code/20261119/" OBJECT, NOON);
    put(w, "code/20261120/" OBJECT, NOON);
    put(w, "code/20261121/" OBJECT, NOON);
    put(w, "code/20261101/note", NOON);
    put(w, "code/2026110/" OBJECT, NOON);
    put(w, "code/2026x101/" OBJECT, NOON);
    sp_drop_code(dir_of(w), (NOON - DAY) * US, 100);
    assert_false(is_there(w, "code/20261119"));
    assert_true(is_there(w, "code/20261120/" OBJECT)); /* that day is not over before the time */
    assert_true(is_there(w, "code/20261121/" OBJECT));
    assert_true(is_there(w, "code/20261101/note")); /* not ours */
    assert_true(is_there(w, "code/2026110/" OBJECT));
    assert_true(is_there(w, "code/2026x101/" OBJECT));
    sp_drop_code(dir_of(w), (NOON + 9 * DAY) * US, 1);
    assert_int_equal(is_there(w, "code/20261120/" OBJECT) + is_there(w, "code/20261121/" OBJECT),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(test_old_bundles_go_up_to_the_one_that_is_recorded),
        DISK_TEST(test_as_many_bytes_stay_as_are_to_be_kept),
        DISK_TEST(test_nothing_behind_a_young_bundle_is_due),
        DISK_TEST(test_the_first_bundle_is_found_after_a_restart),
        DISK_TEST(test_an_empty_directory_of_a_thousand_goes_too),
        DISK_TEST(test_kept_code_of_days_gone_by_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
