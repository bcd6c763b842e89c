#include "os/spawn.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "base/slice.h"

#define CHILD_ARGUMENT "--spawned"

/* The program that is spawned is this one: it looks at itself, and says by a byte what is wrong (or '0'). */
static char look_around(char **argv)
{
    int signo = 0;
    struct stat null;
    struct stat in;
    if (environ[0] != NULL || !sp_slice_is(sp_slice_of(argv[0]), "a title")) {
        return '1';
    }
    if (stat("/dev/null", &null) != 0 || fstat(STDIN_FILENO, &in) != 0 ||
        in.st_rdev != null.st_rdev) {
        return '2';
    }
    for (int fd = SP_SPAWN_CONTROL_FD + 1; fd < 64; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            return '3';
        }
    }
    if (prctl(PR_GET_PDEATHSIG, &signo, 0, 0, 0) != 0 || signo != SIGKILL) {
        return '4';
    }
    if (signal(SIGPIPE, SIG_DFL) != SIG_DFL || getsid(0) != getpid()) {
        return '5';
    }
    return access("marker", F_OK) == 0 ? '0' : '6';
}

static int run_as_child(char **argv)
{
    const char found = look_around(argv);
    return write(SP_SPAWN_CONTROL_FD, &found, 1) == 1 ? 0 : 1;
}

/* A program that is not ours: an environment of its own, its output to us, no wire, and nobody hears its complaints. */
static void test_a_foreign_program_has_what_it_is_given(void **state)
{
    static const char *const argv[] = {
        "sh", "-c", "echo \"$A $(ls /proc/self/fd | wc -l)\"; echo complaint >&2", NULL};
    static const char *const environment[] = {"A=b c", "PATH=/usr/bin:/bin", NULL};
    char said[64] = "";
    int ends[2];
    int status = 0;
    pid_t pid = -1;
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const struct sp_spawn how = {.program = "/bin/sh",
                                 .argv = argv,
                                 .environment = environment,
                                 .control_fd = -1,
                                 .output_fd = ends[1],
                                 .directory_fd = -1,
                                 .error_fd = SP_SPAWN_NO_ERRORS};
    assert_int_equal(sp_spawn_program(&how, &pid), SP_OK);
    close(ends[1]);
    assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
    assert_string_equal(said, "b c 4\n"); /* input, output, errors, and the listing itself */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[0]);
}

static void test_child_has_its_wire_and_nothing_else(void **state)
{
    static const char *const argv[] = {"a title", CHILD_ARGUMENT, NULL};
    char path[] = "/tmp/sp-spawn-XXXXXX";
    char found = '?';
    int ends[2];
    int status = 0;
    pid_t pid = -1;
    (void)state;
    assert_non_null(mkdtemp(path));
    SP_AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_CLOSE int marker = openat(dir, "marker", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    SP_AUTO_CLOSE int leaked =
        open("/dev/null", O_RDONLY); /* not CLOEXEC, as a careless library has them */
    assert_true(marker >= 0 && leaked >= 0);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(setenv("SP_SECRET", "must not be inherited", 1), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    const struct sp_spawn how = {
        .argv = argv, .control_fd = ends[1], .directory_fd = dir, .error_fd = -1};
    assert_int_equal(sp_spawn_program(&how, &pid), SP_OK);
    close(ends[1]);
    assert_int_equal(read(ends[0], &found, 1), 1);
    assert_int_equal(found, '0');
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[0]);
}

int main(int argc, char **argv)
{
    if (argc == 2 && sp_slice_is(sp_slice_of(argv[1]), CHILD_ARGUMENT)) {
        return run_as_child(argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_has_its_wire_and_nothing_else),
        cmocka_unit_test(test_a_foreign_program_has_what_it_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
