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
    sp_close(w->dir);
    assert_int_equal(rmdir(w->path), 0);
    return 0;
}

static void test_a_key_is_made_once_and_kept(void **state)
{
    struct world *w = *state;
    SP_AUTO_NOTE_KEY struct sp_note_key first = {.key = NULL};
    SP_AUTO_NOTE_KEY struct sp_note_key again = {.key = NULL};
    struct stat st;
    assert_int_equal(sp_log_key_open(w->dir, sp_slice_of(""), &first), SP_OK);
    assert_int_equal(fstatat(w->dir, SP_LOG_KEY_FILE, &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(sp_slice_starts(sp_slice_of(first.name), "sallyport.log/"));
    assert_int_equal(sp_log_key_open(w->dir, sp_slice_of(""), &again), SP_OK);
    assert_string_equal(again.name, first.name);
    assert_memory_equal(again.public_key, first.public_key, SP_SIGN_PUBLIC_BYTES);
}

static void test_a_log_keeps_its_name(void **state)
{
    struct world *w = *state;
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    SP_AUTO_NOTE_KEY struct sp_note_key again = {.key = NULL};
    assert_int_equal(sp_log_key_open(w->dir, sp_slice_of("no name"), &key), SP_ERR_CONFIG);
    assert_int_equal(sp_log_key_open(w->dir, sp_slice_of("example.com/log"), &key), SP_OK);
    assert_string_equal(key.name, "example.com/log");
    assert_int_equal(sp_log_key_open(w->dir, sp_slice_of("example.com/other"), &again),
                     SP_ERR_CONFIG);
    assert_int_equal(sp_log_key_open(w->dir, sp_slice_of(""), &again), SP_OK);
    assert_string_equal(again.name, "example.com/log");
}

static void test_a_file_that_is_no_key_is_refused(void **state)
{
    struct world *w = *state;
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    int fd = openat(w->dir, SP_LOG_KEY_FILE, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "PRIVATE+KEY+x\n", 14), 14);
    sp_close(fd);
    assert_int_equal(sp_log_key_open(w->dir, sp_slice_of(""), &key), SP_ERR_INVALID);
    assert_null(key.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_key_is_made_once_and_kept, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_log_keeps_its_name, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_no_key_is_refused, make_world,
                                        end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
