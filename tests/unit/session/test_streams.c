#include "session/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"

#define COPIES 500

/* Every case spoils the standard descriptors, so each lives in a process of its own; its status says what failed. */
static int in_child(int (*body)(int heard))
{
    int status = -1;
    int pair[2] = {-1, -1};
    pid_t pid = -1;
    assert_int_equal(pipe(pair), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        bool is_ready = dup2(null, 0) == 0 && dup2(pair[1], 1) == 1 && dup2(pair[1], 2) == 2 &&
                        sp_streams_keep(COPIES) == SP_OK;
        _exit(is_ready ? body(pair[0]) : 99);
    }
    sp_close(pair[0]);
    sp_close(pair[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What is written to 1 and 2 arrives, and 0 reads as empty. */
static int speaks(int heard)
{
    char got[3] = {0};
    return write(1, "a", 1) == 1 && write(2, "b", 1) == 1 && read(heard, got, 2) == 2 &&
                   got[0] == 'a' && got[1] == 'b' && read(0, got, 1) == 0
               ? 0
               : 1;
}

static int leaves_alone(int heard)
{
    return sp_streams_restore() == SP_OK ? speaks(heard) : 2;
}

static int closes(int heard)
{
    (void)close(0);
    (void)close(1);
    (void)close(2);
    return sp_streams_restore() == SP_OK ? speaks(heard) : 2;
}

static int points_elsewhere(int heard)
{
    int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
    if (dup2(zero, 0) < 0 || dup2(zero, 1) < 0 || dup2(zero, 2) < 0) {
        return 98;
    }
    return sp_streams_restore() == SP_OK ? speaks(heard) : 2;
}

static int does_not_wait(int heard)
{
    (void)heard;
    if (fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK) != 0) {
        return 98;
    }
    return sp_streams_restore() == SP_OK && (fcntl(1, F_GETFL) & O_NONBLOCK) == 0 ? 0 : 2;
}

static int has_no_copies(int heard)
{
    (void)heard;
    (void)close(COPIES);
    if (sp_streams_restore() != SP_OK) {
        return 3; /* nothing is amiss yet */
    }
    (void)close(1);
    return sp_streams_restore() == SP_ERR_CLOSED ? 0 : 2;
}

static int has_false_copies(int heard)
{
    int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
    (void)heard;
    if (dup2(zero, COPIES + 1) < 0) {
        return 98;
    }
    (void)close(2);
    return sp_streams_restore() == SP_ERR_CLOSED ? 0 : 2;
}

static void test_streams_are_put_back(void **state)
{
    (void)state;
    assert_int_equal(in_child(leaves_alone), 0);
    assert_int_equal(in_child(closes), 0);
    assert_int_equal(in_child(points_elsewhere), 0);
    assert_int_equal(in_child(does_not_wait), 0);
}

static void test_without_copies_it_is_said(void **state)
{
    (void)state;
    assert_int_equal(in_child(has_no_copies), 0);
    assert_int_equal(in_child(has_false_copies), 0);
}

static void test_copies_do_not_go_to_other_programs(void **state)
{
    (void)state;
    assert_int_equal(sp_streams_keep(COPIES), SP_OK);
    assert_int_equal(fcntl(COPIES, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(COPIES + 1, F_GETFD), FD_CLOEXEC);
    assert_int_equal(close(COPIES) + close(COPIES + 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_are_put_back),
        cmocka_unit_test(test_without_copies_it_is_said),
        cmocka_unit_test(test_copies_do_not_go_to_other_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
