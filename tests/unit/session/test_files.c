#include "session/files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "session/link.h"

struct world {
    char path[64];
    int data;
    int here;
    int there;
    struct sp_files files;
    struct sp_buf scratch;
    struct sp_buf listed;
    enum sp_file_end end;
};

static struct sp_link_frame in;

static int open_world(void **state)
{
    static struct world w;
    w = (struct world){.path = "/tmp/sp-files-XXXXXX"};
    if (mkdtemp(w.path) == NULL || sp_link_pair(false, &w.here, &w.there) != SP_OK) {
        return 1;
    }
    w.data = open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sp_files_init(&w.files, w.data);
    sp_buf_init(&w.scratch, SP_FRAME_BYTES_MAX);
    sp_buf_init(&w.listed, 1 << 20);
    *state = &w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    char command[128] = "rm -rf ";
    sp_files_done(&w->files);
    sp_close(w->data);
    sp_close(w->here);
    sp_close(w->there);
    sp_buf_done(&w->scratch);
    sp_buf_done(&w->listed);
    return system(strcat(command, w->path));
}

static void ask(struct world *w, uint64_t number, enum sp_file_op op, const char *path)
{
    const struct sp_frame frame = {.type = SP_FRAME_FILE,
                                   .nonce = number,
                                   .a = (uint8_t)op,
                                   .b = 1,
                                   .bytes = sp_slice_of(path)};
    assert_int_equal(sp_files_do(&w->files, w->there, &frame, &w->scratch), SP_OK);
    sp_buf_clear(&w->listed);
    do {
        assert_int_equal(sp_link_receive(w->here, &in), SP_OK);
        assert_true(in.frame.nonce == number);
        if (in.frame.type == SP_FRAME_LISTED) {
            assert_int_equal(sp_buf_put(&w->listed, in.frame.bytes), SP_OK);
        }
    } while (in.frame.type == SP_FRAME_LISTED);
    assert_int_equal(in.frame.type, SP_FRAME_FILED);
    w->end = (enum sp_file_end)in.frame.a;
}

static void expect(struct world *w, enum sp_file_op op, const char *path, enum sp_file_end want)
{
    ask(w, 9, op, path);
    if (w->end != want) {
        fail_msg("%d of '%s' ended as %d, not %d", (int)op, path, (int)w->end, (int)want);
    }
}

static unsigned count_listed(const struct world *w, const char *has)
{
    struct sp_reader r;
    struct sp_file_entry entry;
    unsigned count = 0;
    bool found = false;
    sp_reader_init(&r, sp_buf_slice(&w->listed));
    while (sp_file_entry_read(&r, &entry) == SP_OK) {
        count++;
        found = found || sp_slice_is(entry.path, has);
    }
    return found ? count : 0;
}

static void test_upload_gets_its_name_at_the_end(void **state)
{
    struct world *w = *state;
    expect(w, SP_FILE_CREATE, "a/b/c.txt", SP_FILE_DONE);
    expect(w, SP_FILE_STAT, "a/b/c.txt", SP_FILE_NOT_FOUND);
    ask(w, 9, SP_FILE_LIST, "");
    assert_int_equal(count_listed(w, "a/b"), 2);
    ask(w, 9, SP_FILE_COMMIT, "");
    assert_int_equal(w->end, SP_FILE_DONE);
    expect(w, SP_FILE_STAT, "a/b/c.txt", SP_FILE_DONE);
    ask(w, 9, SP_FILE_LIST, "a");
    assert_int_equal(count_listed(w, "a/b/c.txt"), 2);
    ask(w, 9, SP_FILE_COMMIT, "");
    assert_int_equal(w->end, SP_FILE_NOT_FOUND);
}

static void test_second_upload_replaces_the_first(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 2; i++) {
        expect(w, SP_FILE_CREATE, "x", SP_FILE_DONE);
        ask(w, 9, SP_FILE_COMMIT, "");
        assert_int_equal(w->end, SP_FILE_DONE);
    }
    expect(w, SP_FILE_DELETE, "x", SP_FILE_DONE);
    expect(w, SP_FILE_DELETE, "x", SP_FILE_NOT_FOUND);
}

static void test_aborted_upload_leaves_nothing(void **state)
{
    struct world *w = *state;
    const struct sp_frame end = {.type = SP_FRAME_FILE, .nonce = 9, .a = SP_FILE_ABORT};
    expect(w, SP_FILE_CREATE, "x", SP_FILE_DONE);
    assert_int_equal(sp_files_do(&w->files, w->there, &end, &w->scratch), SP_OK);
    assert_int_equal(rmdir(w->path), 0);
    assert_int_equal(mkdir(w->path, 0700), 0);
}

static void test_uploads_at_once_are_bounded(void **state)
{
    struct world *w = *state;
    for (uint64_t i = 1; i <= SP_FILES_UPLOADS_MAX; i++) {
        ask(w, i, SP_FILE_CREATE, "x");
        assert_int_equal(w->end, SP_FILE_DONE);
    }
    ask(w, 99, SP_FILE_CREATE, "x");
    assert_int_equal(w->end, SP_FILE_TOO_MANY);
}

static void test_no_link_and_no_path_leads_outside(void **state)
{
    struct world *w = *state;
    assert_int_equal(symlinkat("/etc/passwd", w->data, "link"), 0);
    assert_int_equal(symlinkat("/etc", w->data, "etc"), 0);
    assert_int_equal(symlinkat("link", w->data, "link-to-link"), 0);
    assert_int_equal(mkfifoat(w->data, "fifo", 0600), 0);
    expect(w, SP_FILE_OPEN, "link", SP_FILE_REFUSED);
    expect(w, SP_FILE_OPEN, "link-to-link", SP_FILE_REFUSED);
    expect(w, SP_FILE_OPEN, "etc/passwd", SP_FILE_REFUSED);
    expect(w, SP_FILE_STAT, "etc/passwd", SP_FILE_REFUSED);
    expect(w, SP_FILE_STAT, "link", SP_FILE_REFUSED);
    expect(w, SP_FILE_LIST, "etc", SP_FILE_REFUSED);
    expect(w, SP_FILE_CREATE, "etc/sallyport-test", SP_FILE_REFUSED);
    expect(w, SP_FILE_DELETE, "etc/passwd", SP_FILE_REFUSED);
    expect(w, SP_FILE_OPEN, "../etc/passwd", SP_FILE_REFUSED);
    expect(w, SP_FILE_OPEN, "..", SP_FILE_REFUSED);
    expect(w, SP_FILE_OPEN, "/etc/passwd", SP_FILE_REFUSED);
    expect(w, SP_FILE_CREATE, "../x", SP_FILE_REFUSED);
    expect(w, SP_FILE_OPEN, "fifo", SP_FILE_REFUSED);
    expect(w, SP_FILE_OPEN, "", SP_FILE_REFUSED);
    ask(w, 9, SP_FILE_LIST, "");
    assert_int_equal(w->listed.len, 0);
    expect(w, SP_FILE_DELETE, "link", SP_FILE_DONE);
    assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void test_upload_over_a_link_replaces_the_link(void **state)
{
    struct world *w = *state;
    struct stat about;
    assert_int_equal(symlinkat("/tmp/sp-files-nowhere", w->data, "x"), 0);
    expect(w, SP_FILE_CREATE, "x", SP_FILE_DONE);
    ask(w, 9, SP_FILE_COMMIT, "");
    assert_int_equal(w->end, SP_FILE_DONE);
    assert_int_equal(fstatat(w->data, "x", &about, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(about.st_mode));
    assert_int_not_equal(access("/tmp/sp-files-nowhere", F_OK), 0);
}

static void test_directories_are_told_from_files(void **state)
{
    struct world *w = *state;
    assert_int_equal(mkdirat(w->data, "d", 0755), 0);
    expect(w, SP_FILE_CREATE, "d/x", SP_FILE_DONE);
    ask(w, 9, SP_FILE_COMMIT, "");
    expect(w, SP_FILE_OPEN, "d", SP_FILE_IS_DIRECTORY);
    expect(w, SP_FILE_CREATE, "d", SP_FILE_IS_DIRECTORY);
    expect(w, SP_FILE_CREATE, "d/x/y", SP_FILE_NO_DIRECTORY);
    expect(w, SP_FILE_OPEN, "d/x/y", SP_FILE_NO_DIRECTORY);
    expect(w, SP_FILE_LIST, "d/x", SP_FILE_NO_DIRECTORY);
    expect(w, SP_FILE_LIST, "nothing", SP_FILE_NOT_FOUND);
    expect(w, SP_FILE_DELETE, "d", SP_FILE_IS_DIRECTORY);
    expect(w, SP_FILE_DELETE, "d/x", SP_FILE_DONE);
    expect(w, SP_FILE_DELETE, "d", SP_FILE_DONE);
}

static void test_deep_and_wide_trees_are_listed_whole(void **state)
{
    enum { DEPTH = 150 };
    struct world *w = *state;
    int at = dup(w->data);
    for (unsigned i = 0; i < DEPTH; i++) {
        assert_int_equal(mkdirat(at, "d", 0755), 0);
        assert_int_equal(mkdirat(at, "e", 0755), 0);
        int next = openat(at, i % 2 == 0 ? "d" : "e", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        sp_close(at);
        at = next;
    }
    sp_close(at);
    ask(w, 9, SP_FILE_LIST, "");
    assert_int_equal(w->end, SP_FILE_DONE);
    assert_int_equal(count_listed(w, "d/e/d/e/e"), 2 * DEPTH);
    ask(w, 9, SP_FILE_LIST, "d/e");
    assert_int_equal(w->end, SP_FILE_DONE);
    assert_int_equal(count_listed(w, "d/e/d"), 2 * (DEPTH - 2));
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIVE(test_upload_gets_its_name_at_the_end),
        LIVE(test_second_upload_replaces_the_first),
        LIVE(test_aborted_upload_leaves_nothing),
        LIVE(test_uploads_at_once_are_bounded),
        LIVE(test_no_link_and_no_path_leads_outside),
        LIVE(test_upload_over_a_link_replaces_the_link),
        LIVE(test_directories_are_told_from_files),
        LIVE(test_deep_and_wide_trees_are_listed_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
