#include "os/files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"

struct place {
    char path[64];
    int dir;
};

static struct place new_place(void)
{
    struct place place = {.path = "/tmp/sp-files-XXXXXX", .dir = -1};
    assert_non_null(mkdtemp(place.path));
    assert_int_equal(sp_dir_open(place.path, &place.dir), SP_OK);
    return place;
}

static mode_t mode_of(int dir, const char *name)
{
    struct stat st;
    assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st.st_mode & 07777;
}

static void test_private_file_is_whole_and_for_its_owner_only(void **state)
{
    struct place place = new_place();
    SP_AUTO_BUF struct sp_buf got;
    (void)state;
    sp_buf_init(&got, 64);
    assert_int_equal(sp_file_write_private_at(place.dir, "key", SP_SLICE_LITERAL("first")), SP_OK);
    assert_int_equal(sp_file_write_private_at(place.dir, "key", SP_SLICE_LITERAL("second")), SP_OK);
    assert_int_equal(mode_of(place.dir, "key"), 0600);
    assert_int_equal(sp_file_read_at(place.dir, "key", &got), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&got), "second"));
    assert_int_equal(faccessat(place.dir, "key~", F_OK, 0), -1);
    close(place.dir);
}

static void test_reading_stops_at_the_limit(void **state)
{
    static const struct {
        const char *name;
        size_t max;
        enum sp_err want;
    } cases[] = {
        {.name = "exactly", .max = 5, .want = SP_OK},
        {.name = "one less", .max = 4, .want = SP_ERR_TOO_BIG},
        {.name = "none", .max = 0, .want = SP_ERR_TOO_BIG},
    };
    struct place place = new_place();
    (void)state;
    assert_int_equal(sp_file_write_private_at(place.dir, "f", SP_SLICE_LITERAL("12345")), SP_OK);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf got;
        sp_buf_init(&got, cases[i].max);
        if (sp_file_read_at(place.dir, "f", &got) != cases[i].want) {
            fail_msg("%s", cases[i].name);
        }
    }
    SP_AUTO_BUF struct sp_buf got;
    sp_buf_init(&got, 5);
    assert_int_equal(sp_file_read_at(place.dir, "g", &got), SP_ERR_NOT_FOUND);
    close(place.dir);
}

static void test_opening_beneath_follows_no_link_and_no_way_up(void **state)
{
    struct place place = new_place();
    int fd = -1;
    (void)state;
    assert_int_equal(symlinkat("/etc/passwd", place.dir, "link"), 0);
    assert_int_not_equal(sp_file_open_beneath(place.dir, "link", O_RDONLY, 0, &fd), SP_OK);
    assert_int_not_equal(sp_file_open_beneath(place.dir, "../etc/passwd", O_RDONLY, 0, &fd), SP_OK);
    assert_int_not_equal(sp_file_open_beneath(place.dir, "/etc/passwd", O_RDONLY, 0, &fd), SP_OK);
    assert_int_equal(fd, -1);
    close(place.dir);
}

static void test_directories_are_made_with_what_leads_to_them(void **state)
{
    struct place place = new_place();
    char path[128];
    int fd = -1;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/a/b/c", place.path);
    assert_int_equal(sp_dir_make(path, 0700), SP_OK);
    assert_int_equal(sp_dir_make(path, 0711), SP_OK);
    assert_int_equal(mode_of(place.dir, "a/b/c"), 0711);
    assert_int_equal(sp_dir_make_at(place.dir, "d", 0700, &fd), SP_OK);
    assert_int_equal(mode_of(place.dir, "d"), 0700);
    close(fd);
    assert_int_equal(sp_dir_make("", 0700), SP_ERR_INVALID);
    close(place.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private_file_is_whole_and_for_its_owner_only),
        cmocka_unit_test(test_reading_stops_at_the_limit),
        cmocka_unit_test(test_opening_beneath_follows_no_link_and_no_way_up),
        cmocka_unit_test(test_directories_are_made_with_what_leads_to_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
