#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "inside.h"

#define ABI_TRUNCATE 3
#define ABI_NET      4
#define ABI_SCOPE    6

static const char *const some_paths[] = {"/etc/hosts", "/etc/no-such-file", NULL};
static const struct sp_profile nothing = {.name = "nothing", .files = SP_FILES_NONE};
static const struct sp_profile reading = {
    .name = "reading", .files = SP_FILES_READ, .paths = some_paths};
static const struct sp_profile logging = {.name = "logging", .files = SP_FILES_LOG};

static int enter(const struct sp_profile *profile, int dir)
{
    int abi = 0;
    const struct sp_landlock_given given = {.dir_fd = dir};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   sp_landlock_enter(profile, &given, &abi) == SP_OK
               ? 0
               : 50;
}

static bool is_denied(int status)
{
    return status < 0 && (errno == EACCES || errno == EXDEV || errno == EPERM);
}

/* Each answers 0, or the number of the first expectation that failed. */
static int try_nothing(const void *what)
{
    (void)what;
    if (enter(&nothing, -1) != 0) {
        return 1;
    }
    if (!is_denied(open("/etc/hosts", O_RDONLY | O_CLOEXEC))) {
        return 2;
    }
    return is_denied(open("/tmp/sp-landlock-new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) ? 0 : 3;
}

static int try_reading(const void *what)
{
    (void)what;
    if (enter(&reading, -1) != 0) {
        return 1;
    }
    if (open("/etc/hosts", O_RDONLY | O_CLOEXEC) < 0) {
        return 2;
    }
    if (!is_denied(open("/etc/hosts", O_RDWR | O_CLOEXEC))) {
        return 3;
    }
    return is_denied(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) ? 0 : 4;
}

static int try_logging(const void *what)
{
    const int dir = *(const int *)what;
    if (enter(&logging, dir) != 0) {
        return 1;
    }
    const int fd = openat(dir, "log", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "entry", 5) != 5) {
        return 2;
    }
    if (!is_denied(unlinkat(dir, "log", 0)) || !is_denied(renameat(dir, "log", dir, "other"))) {
        return 3;
    }
    if (mkdirat(dir, "folder", 0700) != 0 || !is_denied(unlinkat(dir, "folder", AT_REMOVEDIR)) ||
        !is_denied(symlinkat("log", dir, "link"))) {
        return 4;
    }
    if (!is_denied(openat(dir, "../../etc/passwd", O_RDONLY | O_CLOEXEC))) {
        return 5;
    }
    if (sp_landlock_abi() >= ABI_TRUNCATE &&
        (!is_denied(openat(dir, "log", O_RDWR | O_TRUNC | O_CLOEXEC)) ||
         !is_denied(ftruncate(fd, 0)))) {
        return 6;
    }
    return 0;
}

static int try_connecting(const void *what)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    (void)what;
    if (enter(&nothing, -1) != 0) {
        return 1;
    }
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return is_denied(connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)))
               ? 0
               : 2;
}

static bool may_connect_to(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    SP_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return !is_denied(
        connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)));
}

static int try_ports(const void *what)
{
    static const uint16_t ports[] = {9, 53};
    static const struct sp_profile connecting = {
        .name = "connecting", .files = SP_FILES_NONE, .may_connect = true};
    const struct sp_landlock_given given = {
        .dir_fd = -1, .ports = ports, .port_count = SP_COUNT(ports)};
    int abi = 0;
    (void)what;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        sp_landlock_enter(&connecting, &given, &abi) != SP_OK) {
        return 1;
    }
    if (!may_connect_to(9) || !may_connect_to(53)) {
        return 2; /* nobody may be there, but the way is free */
    }
    return may_connect_to(10) || may_connect_to(443) ? 3 : 0;
}

static int try_anywhere(const void *what)
{
    static const struct sp_profile connecting = {
        .name = "connecting", .files = SP_FILES_NONE, .may_connect = true};
    (void)what;
    return enter(&connecting, -1) == 0 && may_connect_to(10) ? 0 : 1;
}

static int try_signalling(const void *what)
{
    (void)what;
    return enter(&nothing, -1) == 0 && is_denied(kill(getppid(), 0)) ? 0 : 1;
}

static void test_nothing_is_within_reach(void **state)
{
    (void)state;
    assert_int_equal(in_child(try_nothing, NULL), 0);
}

static void test_listed_files_are_read_and_no_others(void **state)
{
    (void)state;
    assert_int_equal(in_child(try_reading, NULL), 0);
}

static void test_log_grows_and_is_never_removed_renamed_or_cut(void **state)
{
    SP_AUTO_CLOSE int dir = make_dir();
    (void)state;
    assert_int_equal(in_child(try_logging, &dir), 0);
}

static void test_connections_and_signals_are_refused_where_the_kernel_can(void **state)
{
    (void)state;
    if (sp_landlock_abi() >= ABI_NET) {
        assert_int_equal(in_child(try_connecting, NULL), 0);
        assert_int_equal(in_child(try_ports, NULL), 0);
        assert_int_equal(in_child(try_anywhere, NULL), 0);
    }
    if (sp_landlock_abi() >= ABI_SCOPE) {
        assert_int_equal(in_child(try_signalling, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_within_reach),
        cmocka_unit_test(test_listed_files_are_read_and_no_others),
        cmocka_unit_test(test_log_grows_and_is_never_removed_renamed_or_cut),
        cmocka_unit_test(test_connections_and_signals_are_refused_where_the_kernel_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
