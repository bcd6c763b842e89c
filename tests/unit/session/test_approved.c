#include "session/approved.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "session/share.h"

static struct sp_slice digest(uint32_t number, uint8_t out[SP_APPROVED_BYTES])
{
    for (size_t i = 0; i < SP_APPROVED_BYTES; i++) {
        out[i] = (uint8_t)(number >> 8 * (i % 4));
    }
    return sp_slice_make(out, SP_APPROVED_BYTES);
}

static struct sp_approved *new_list(int *fd)
{
    void *pages = NULL;
    assert_int_equal(sp_share_new("approved", sizeof(struct sp_approved), fd), SP_OK);
    assert_int_equal(sp_share_map(*fd, sizeof(struct sp_approved), &pages), SP_OK);
    assert_int_equal(sp_share_close_writing(*fd), SP_OK);
    return pages;
}

static void test_what_was_added_is_approved(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    struct sp_approved *approved = NULL;
    uint8_t bytes[SP_APPROVED_BYTES];
    (void)state;
    approved = new_list(&fd);
    assert_false(sp_approved_has(approved, digest(0, bytes)));
    sp_approved_add(approved, digest(7, bytes));
    assert_true(sp_approved_has(approved, digest(7, bytes)));
    assert_false(sp_approved_has(approved, digest(8, bytes)));
    sp_approved_add(approved, sp_slice_make(bytes, SP_APPROVED_BYTES - 1));
    sp_approved_add(approved, sp_slice_make(NULL, 0));
    sp_approved_add(approved, digest(7, bytes));
    assert_int_equal(approved->added, 1);
    assert_int_equal(munmap(approved, sizeof *approved), 0);
}

static void test_past_the_bound_the_oldest_is_forgotten(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    struct sp_approved *approved = NULL;
    uint8_t bytes[SP_APPROVED_BYTES];
    (void)state;
    approved = new_list(&fd);
    for (uint32_t i = 1; i <= SP_APPROVED_MAX + 1; i++) {
        sp_approved_add(approved, digest(i, bytes));
    }
    assert_false(sp_approved_has(approved, digest(1, bytes)));
    assert_true(sp_approved_has(approved, digest(2, bytes)));
    assert_true(sp_approved_has(approved, digest(SP_APPROVED_MAX + 1, bytes)));
    assert_int_equal(munmap(approved, sizeof *approved), 0);
}

/* The interpreter sees what init adds afterwards, and cannot add anything itself. */
static void test_sealed_side_reads_and_cannot_write(void **state)
{
    SP_AUTO_CLOSE int fd = -1;
    struct sp_approved *approved = NULL;
    uint8_t bytes[SP_APPROVED_BYTES];
    int go[2] = {-1, -1};
    int status = 0;
    (void)state;
    approved = new_list(&fd);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const void *seen = NULL;
        void *mine = NULL;
        /* The runner's handler would go on with the other cases here, in the child. */
        (void)signal(SIGSEGV, SIG_DFL);
        bool is_sealed = sp_share_view(fd, sizeof *approved, &seen) == SP_OK &&
                         sp_share_map(fd, sizeof *approved, &mine) != SP_OK;
        approved = (struct sp_approved *)(uintptr_t)seen;
        is_sealed = is_sealed && mprotect(approved, sizeof *approved, PROT_READ | PROT_WRITE) != 0;
        bool waited = read(go[0], bytes, 1) == 1;
        if (!is_sealed || !waited || !sp_approved_has(approved, digest(5, bytes))) {
            _exit(9);
        }
        sp_approved_add(approved, digest(6, bytes));
        _exit(0);
    }
    sp_approved_add(approved, digest(5, bytes));
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_false(sp_approved_has(approved, digest(6, bytes)));
    (void)close(go[0]);
    (void)close(go[1]);
    assert_int_equal(munmap(approved, sizeof *approved), 0);
}

static void test_only_the_system_is_closed(void **state)
{
    static const struct {
        const char *path;
        bool is_open;
    } cases[] = {
        {"/usr/lib/python3/x.py", false},
        {"/mnt/data/x.py", true},
        {"/tmp/x.py", true},
        {"/dev/shm/x.py", true},
        {"/proc/self/cwd/x.py", true},
        {"/usr", false},
        {"/usrx/x.py", true},
        {"/usr/../tmp/x.py", true},
        {"/tmp/../usr/x.py", false},
        {"/./usr//lib/./x.py", false},
        {"/../../usr/x.py", false},
        {"/etc/python3.11/sitecustomize.py", false},
        {"//usr/x.py", false},
        {"/", true},
        {"", true},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        if (sp_approved_is_open_place(sp_slice_of(cases[i].path)) != cases[i].is_open) {
            fail_msg("%s", cases[i].path);
        }
    }
}

static void test_path_that_is_too_deep_to_tell_is_open(void **state)
{
    char path[4 + 2 * 70 + 1] = "/usr";
    (void)state;
    for (size_t i = 4; i + 1 < sizeof path; i += 2) {
        path[i] = '/';
        path[i + 1] = 'a';
    }
    assert_true(sp_approved_is_open_place(sp_slice_of(path)));
    path[4 + 2 * 60] = '\0';
    assert_false(sp_approved_is_open_place(sp_slice_of(path)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_added_is_approved),
        cmocka_unit_test(test_past_the_bound_the_oldest_is_forgotten),
        cmocka_unit_test(test_sealed_side_reads_and_cannot_write),
        cmocka_unit_test(test_only_the_system_is_closed),
        cmocka_unit_test(test_path_that_is_too_deep_to_tell_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
