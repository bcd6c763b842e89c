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

#include "audit/key.h"
#include "base/own.h"

struct world {
    char path[64];
    int dir;
};

static int make_world(void **state)
{
    static struct world w;
    (void)snprintf(w.path, sizeof(w.path), "/tmp/sp-key-XXXXXX");
    assert_non_null(mkdtemp(w.path));
    w.dir = open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(w.dir >= 0);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    (void)unlinkat(w->dir, SP_LOG_KEY_FILE, 0);
    (void)unlinkat(w->dir, "key-2", 0);
    (void)unlinkat(w->dir, "key-3", 0);
    sp_close(w->dir);
    assert_int_equal(rmdir(w->path), 0);
    return 0;
}

static void test_a_key_is_made_once_and_kept(void **state)
{
    struct world *w = *state;
    SP_AUTO_KEY_RING struct sp_key_ring first = {.keys = NULL};
    SP_AUTO_KEY_RING struct sp_key_ring again = {.keys = NULL};
    struct stat st;
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &first), SP_OK);
    assert_int_equal(fstatat(w->dir, SP_LOG_KEY_FILE, &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(sp_slice_starts(sp_slice_of(first.keys[0].name), "sallyport.log/"));
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &again), SP_OK);
    assert_string_equal(again.keys[0].name, first.keys[0].name);
    assert_memory_equal(again.keys[0].public_key, first.keys[0].public_key, SP_SIGN_PUBLIC_BYTES);
}

static void test_a_log_keeps_its_name(void **state)
{
    struct world *w = *state;
    SP_AUTO_KEY_RING struct sp_key_ring key = {.keys = NULL};
    SP_AUTO_KEY_RING struct sp_key_ring again = {.keys = NULL};
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of("no name"), &key), SP_ERR_CONFIG);
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of("example.com/log"), &key), SP_OK);
    assert_string_equal(key.keys[0].name, "example.com/log");
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of("example.com/other"), &again),
                     SP_ERR_CONFIG);
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &again), SP_OK);
    assert_string_equal(again.keys[0].name, "example.com/log");
}

static void test_a_file_that_is_no_key_is_refused(void **state)
{
    struct world *w = *state;
    SP_AUTO_KEY_RING struct sp_key_ring key = {.keys = NULL};
    int fd = openat(w->dir, SP_LOG_KEY_FILE, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "PRIVATE+KEY+x\n", 14), 14);
    sp_close(fd);
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &key), SP_ERR_INVALID);
    assert_null(key.keys);
}

/* --- other keys --- */

static void open_disk(const struct world *w, struct sp_disk_directory *directory,
                      struct sp_disk *disk)
{
    assert_int_equal(sp_disk_open_directory(directory, -1, dup(w->dir), disk), SP_OK);
}

static size_t read_file(const struct world *w, const char *name, char out[600])
{
    int fd = openat(w->dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, out, 599);
    sp_close(fd);
    assert_true(len > 0);
    out[len] = '\0';
    return (size_t)len;
}

static void test_a_next_key_is_made_once_for_its_owner_alone(void **state)
{
    struct world *w = *state;
    SP_AUTO_KEY_RING struct sp_key_ring ring = {.keys = NULL};
    SP_AUTO_KEY_RING struct sp_key_ring again = {.keys = NULL};
    struct sp_disk_directory directory;
    struct sp_disk disk;
    const struct sp_note_key *next = NULL;
    const struct sp_note_key *same = NULL;
    struct stat st;
    open_disk(w, &directory, &disk);
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of("example.com/log"), &ring), SP_OK);
    assert_int_equal(sp_key_ring_next(&ring, &disk, &next), SP_OK);
    assert_string_equal(next->name, "example.com/log");
    assert_memory_not_equal(next->public_key, ring.keys[0].public_key, SP_SIGN_PUBLIC_BYTES);
    assert_int_equal(ring.present, 0);
    assert_int_equal(sp_key_ring_next(&ring, &disk, &same), SP_OK);
    assert_ptr_equal(same, next);
    assert_int_equal(fstatat(w->dir, "key-2", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &again), SP_OK);
    assert_int_equal(again.count, 2);
    assert_memory_equal(again.keys[1].public_key, next->public_key, SP_SIGN_PUBLIC_BYTES);
    sp_disk_close_directory(&directory);
}

static void test_of_a_retired_key_only_the_public_part_is_left(void **state)
{
    struct world *w = *state;
    SP_AUTO_KEY_RING struct sp_key_ring ring = {.keys = NULL};
    SP_AUTO_KEY_RING struct sp_key_ring again = {.keys = NULL};
    struct sp_disk_directory directory;
    struct sp_disk disk;
    const struct sp_note_key *next = NULL;
    char before[600];
    char after[600];
    open_disk(w, &directory, &disk);
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &ring), SP_OK);
    const size_t len = read_file(w, SP_LOG_KEY_FILE, before);
    assert_int_equal(sp_key_ring_next(&ring, &disk, &next), SP_OK);
    assert_int_equal(sp_key_ring_retire(&ring, &disk), SP_OK);
    assert_true(ring.keys[0].can_sign); /* it still signs */
    ring.present = 1;
    assert_int_equal(sp_key_ring_retire(&ring, &disk), SP_OK);
    assert_false(ring.keys[0].can_sign);
    assert_true(ring.keys[1].can_sign);
    assert_int_equal(read_file(w, SP_LOG_KEY_FILE, after), len);
    assert_null(strstr(after, "PRIVATE"));
    assert_int_equal(after[len - 1], '\n');
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &again), SP_OK);
    assert_int_equal(again.count, 2);
    assert_false(again.keys[0].can_sign);
    assert_true(again.keys[1].can_sign);
    assert_memory_equal(again.keys[0].public_key, ring.keys[0].public_key, SP_SIGN_PUBLIC_BYTES);
    sp_disk_close_directory(&directory);
}

/* The power went while it was written: it was never used, and the next try writes over it. */
static void test_a_key_that_was_never_finished_is_made_anew(void **state)
{
    struct world *w = *state;
    SP_AUTO_KEY_RING struct sp_key_ring ring = {.keys = NULL};
    SP_AUTO_KEY_RING struct sp_key_ring again = {.keys = NULL};
    struct sp_disk_directory directory;
    struct sp_disk disk;
    const struct sp_note_key *next = NULL;
    open_disk(w, &directory, &disk);
    int fd = openat(w->dir, "key-2", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "PRIVATE+KEY+x", 13), 13);
    sp_close(fd);
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &ring), SP_OK);
    assert_int_equal(ring.count, 1);
    assert_int_equal(sp_key_ring_next(&ring, &disk, &next), SP_OK);
    assert_int_equal(sp_key_ring_open(w->dir, sp_slice_of(""), &again), SP_OK);
    assert_int_equal(again.count, 2);
    sp_disk_close_directory(&directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_key_is_made_once_and_kept, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_log_keeps_its_name, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_no_key_is_refused, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_next_key_is_made_once_for_its_owner_alone,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_of_a_retired_key_only_the_public_part_is_left,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_key_that_was_never_finished_is_made_anew, make_world,
                                        end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
