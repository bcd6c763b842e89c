#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "disk_world.h"

static struct sp_disk_name in_log(const char *path)
{
    return (struct sp_disk_name){.place = SP_DISK_LOG, .path = path};
}

static void test_what_was_written_is_read(void **state)
{
    struct disk_world *w = *state;
    SP_AUTO_BUF struct sp_buf back;
    struct sp_disk_stat st;
    sp_buf_init(&back, 100);
    assert_int_equal(sp_disk_get_file(&w->disk, in_log("a/b/c"), 100, &back), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_disk_put_file(&w->disk, in_log("a/b/c"), sp_slice_of("hello")), SP_OK);
    assert_int_equal(sp_disk_sync_file(&w->disk, in_log("a/b/c")), SP_OK);
    assert_int_equal(w->disk.sync_names(w->disk.ctx, in_log("a/b/c")), SP_OK);
    assert_int_equal(sp_disk_get_file(&w->disk, in_log("a/b/c"), 4, &back), SP_ERR_TOO_BIG);
    assert_int_equal(sp_disk_get_file(&w->disk, in_log("a/b/c"), 5, &back), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&back), "hello"));
    assert_int_equal(w->disk.find(w->disk.ctx, in_log("a/b/c"), &st), SP_OK);
    assert_int_equal(st.size, 5);
    assert_int_equal(sp_disk_put_file(&w->disk, in_log("a/b/c"), sp_slice_of("HE")), SP_OK);
    sp_buf_clear(&back);
    assert_int_equal(sp_disk_get_file(&w->disk, in_log("a/b/c"), 5, &back), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&back), "HEllo")); /* nothing is ever cut */
}

static void test_places_are_apart(void **state)
{
    struct disk_world *w = *state;
    struct sp_disk_stat st;
    const struct sp_disk_name own = {.place = SP_DISK_OWN, .path = "key"};
    assert_int_equal(sp_disk_put_file(&w->disk, own, sp_slice_of("x")), SP_OK);
    assert_int_equal(w->disk.find(w->disk.ctx, own, &st), SP_OK);
    assert_int_equal(w->disk.find(w->disk.ctx, in_log("key"), &st), SP_ERR_NOT_FOUND);
}

static void test_a_journal_is_overwritten_in_place(void **state)
{
    struct disk_world *w = *state;
    static uint8_t blocks[3 * 4096];
    const struct sp_disk_name name = {.place = SP_DISK_OWN, .path = "journal-0"};
    SP_AUTO_BUF struct sp_buf back;
    int fd = -1;
    sp_buf_init(&back, sizeof(blocks) + 1);
    assert_int_equal(w->disk.open(w->disk.ctx, name, SP_DISK_JOURNAL, &fd), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_disk_put_file(&w->disk, name, sp_slice_make(blocks, sizeof(blocks))),
                     SP_OK);
    assert_int_equal(w->disk.open(w->disk.ctx, name, SP_DISK_JOURNAL, &fd), SP_OK);
    memset(blocks, 'b', 4096);
    assert_int_equal(w->disk.write_durable(w->disk.ctx, fd, 4096, sp_slice_make(blocks, 4096)),
                     SP_OK);
    w->disk.close(w->disk.ctx, fd);
    assert_int_equal(sp_disk_get_file(&w->disk, name, sizeof(blocks), &back), SP_OK);
    assert_int_equal(back.len, sizeof(blocks));
    assert_int_equal(back.ptr[4095], 0);
    assert_int_equal(back.ptr[4096], 'b');
    assert_int_equal(back.ptr[8191], 'b');
    assert_int_equal(back.ptr[8192], 0);
}

static void test_a_link_is_not_followed(void **state)
{
    struct disk_world *w = *state;
    int fd = -1;
    assert_int_equal(symlinkat("/etc/passwd", w->directory.fds[SP_DISK_LOG], "link"), 0);
    assert_int_equal(w->disk.open(w->disk.ctx, in_log("link"), SP_DISK_READ, &fd), SP_ERR_SYSTEM);
    assert_int_equal(w->disk.open(w->disk.ctx, in_log("link"), SP_DISK_MAKE, &fd), SP_ERR_SYSTEM);
    assert_int_equal(w->disk.open(w->disk.ctx, in_log("link"), SP_DISK_JOURNAL, &fd),
                     SP_ERR_SYSTEM);
}

static void test_a_removed_directory_is_noticed(void **state)
{
    struct disk_world *w = *state;
    assert_false(sp_disk_is_directory_gone(&w->directory));
    assert_int_equal(unlinkat(w->directory.fds[SP_DISK_LOG], "own", AT_REMOVEDIR), 0);
    assert_true(sp_disk_is_directory_gone(&w->directory));
    const struct sp_disk_name own = {.place = SP_DISK_OWN, .path = "x"};
    assert_int_equal(sp_disk_put_file(&w->disk, own, sp_slice_of("x")), SP_ERR_NOT_FOUND);
    assert_string_equal(w->disk.reason(w->disk.ctx), "No such file or directory");
}

static enum sp_err count(void *ctx, const char *name, bool is_directory)
{
    int *found = ctx;
    *found += strcmp(name, "own") == 0 && is_directory     ? 10
              : strcmp(name, "file") == 0 && !is_directory ? 1
                                                           : 100;
    return SP_OK;
}

static void test_names_are_listed(void **state)
{
    struct disk_world *w = *state;
    int found = 0;
    uint64_t room = 0;
    assert_int_equal(sp_disk_put_file(&w->disk, in_log("file"), sp_slice_of("x")), SP_OK);
    assert_int_equal(w->disk.list(w->disk.ctx, in_log("."), count, &found), SP_OK);
    assert_int_equal(found, 11);
    assert_int_equal(w->disk.list(w->disk.ctx, in_log("file"), count, &found), SP_ERR_SYSTEM);
    assert_int_equal(w->disk.room(w->disk.ctx, SP_DISK_LOG, &room), SP_OK);
    assert_true(room > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_written_is_read, make_disk_world_with_own,
                                        end_disk_world),
        cmocka_unit_test_setup_teardown(test_places_are_apart, make_disk_world_with_own,
                                        end_disk_world),
        cmocka_unit_test_setup_teardown(test_a_journal_is_overwritten_in_place,
                                        make_disk_world_with_own, end_disk_world),
        cmocka_unit_test_setup_teardown(test_a_link_is_not_followed, make_disk_world_with_own,
                                        end_disk_world),
        cmocka_unit_test_setup_teardown(test_a_removed_directory_is_noticed,
                                        make_disk_world_with_own, end_disk_world),
        cmocka_unit_test_setup_teardown(test_names_are_listed, make_disk_world_with_own,
                                        end_disk_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
