#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/disk.h"

#define NAME "entries-00000000000000000000.jsonl"

struct world {
    char path[64];
    struct sp_disk_directory directory;
    struct sp_disk disk;
};

static int make_world(void **state)
{
    static struct world w;
    (void)snprintf(w.path, sizeof(w.path), "/tmp/sp-disk-XXXXXX");
    assert_non_null(mkdtemp(w.path));
    int fd = open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    sp_disk_open_directory(&w.directory, fd, &w.disk);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    (void)unlinkat(w->directory.fd, NAME, 0);
    (void)unlinkat(w->directory.fd, "entries-00000000000000000012.jsonl", 0);
    (void)unlinkat(w->directory.fd, "entries-x.jsonl", 0);
    sp_disk_close_directory(&w->directory);
    (void)rmdir(w->path);
    return 0;
}

static void test_what_was_written_is_read(void **state)
{
    struct world *w = *state;
    struct sp_disk_stat st;
    uint8_t back[8] = {0};
    size_t len = 0;
    int fd = -1;
    assert_int_equal(w->disk.open(w->disk.ctx, NAME, false, &fd), SP_ERR_NOT_FOUND);
    assert_int_equal(w->disk.open(w->disk.ctx, NAME, true, &fd), SP_OK);
    assert_int_equal(w->disk.write(w->disk.ctx, fd, 0, sp_slice_of("hello"), &len), SP_OK);
    assert_int_equal(len, 5);
    assert_int_equal(w->disk.sync(w->disk.ctx, fd), SP_OK);
    assert_int_equal(w->disk.sync_directory(w->disk.ctx), SP_OK);
    assert_int_equal(w->disk.read(w->disk.ctx, fd, 1, back, sizeof(back), &len), SP_OK);
    assert_true(sp_slice_is(sp_slice_make(back, len), "ello"));
    assert_int_equal(w->disk.find(w->disk.ctx, NAME, &st), SP_OK);
    assert_int_equal(st.size, 5);
    w->disk.close(w->disk.ctx, fd);
    assert_int_equal(w->disk.open(w->disk.ctx, NAME, true, &fd), SP_ERR_SYSTEM);
    assert_string_equal(w->disk.reason(w->disk.ctx), "File exists");
}

static void test_the_last_segment_is_found_by_its_name(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {NAME, "entries-00000000000000000012.jsonl", "entries-x.jsonl"};
    uint64_t first = 0;
    assert_int_equal(w->disk.last_segment(w->disk.ctx, &first), SP_ERR_NOT_FOUND);
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        int fd = -1;
        assert_int_equal(w->disk.open(w->disk.ctx, names[i], true, &fd), SP_OK);
        w->disk.close(w->disk.ctx, fd);
    }
    assert_int_equal(w->disk.last_segment(w->disk.ctx, &first), SP_OK);
    assert_int_equal(first, 12);
}

static void test_a_link_is_not_followed(void **state)
{
    struct world *w = *state;
    int fd = -1;
    assert_int_equal(symlinkat("/etc/passwd", w->directory.fd, NAME), 0);
    assert_int_equal(w->disk.open(w->disk.ctx, NAME, false, &fd), SP_ERR_SYSTEM);
    assert_int_equal(w->disk.open(w->disk.ctx, NAME, true, &fd), SP_ERR_SYSTEM);
}

static void test_a_removed_directory_is_noticed(void **state)
{
    struct world *w = *state;
    int fd = -1;
    assert_false(sp_disk_is_directory_gone(&w->directory));
    assert_int_equal(rmdir(w->path), 0);
    assert_true(sp_disk_is_directory_gone(&w->directory));
    assert_int_equal(w->disk.open(w->disk.ctx, NAME, true, &fd), SP_ERR_NOT_FOUND);
}

static const struct {
    const char *name;
    enum sp_err want;
    uint64_t first;
} names[] = {
    {NAME, SP_OK, 0},
    {"entries-00000000000000000012.jsonl", SP_OK, 12},
    {"entries-18446744073709551615.jsonl", SP_OK, UINT64_MAX},
    {"entries-18446744073709551616.jsonl", SP_ERR_RANGE, 0},
    {"entries-0000000000000000012.jsonl", SP_ERR_INVALID, 0},
    {"entries-0000000000000000001x.jsonl", SP_ERR_INVALID, 0},
    {"entries-00000000000000000012.json", SP_ERR_INVALID, 0},
    {"xntries-00000000000000000012.jsonl", SP_ERR_INVALID, 0},
};

static void test_names_of_segments(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        uint64_t first = 0;
        char again[SP_SEGMENT_NAME_BYTES];
        print_message("%s\n", names[i].name);
        assert_int_equal(sp_segment_first(sp_slice_of(names[i].name), &first), names[i].want);
        assert_int_equal(first, names[i].first);
        sp_segment_name(first, again);
        if (names[i].want == SP_OK) {
            assert_string_equal(again, names[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_written_is_read, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_the_last_segment_is_found_by_its_name, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_link_is_not_followed, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_removed_directory_is_noticed, make_world, end_world),
        cmocka_unit_test(test_names_of_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
