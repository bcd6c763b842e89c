#include "os/sockets.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void test_addresses_are_numeric_and_whole(void **state)
{
    static const struct {
        const char *text;
        enum sp_err want;
        bool is_loopback;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:8080", SP_OK, true, 8080},
        {"127.1.2.3:1", SP_OK, true, 1},
        {"localhost:80", SP_OK, true, 80},
        {"0.0.0.0:8080", SP_OK, false, 8080},
        {"10.0.0.1:65535", SP_OK, false, 65535},
        {"[::1]:8080", SP_OK, true, 8080},
        {"[::]:8080", SP_OK, false, 8080},
        {"[::ffff:127.0.0.1]:8080", SP_OK, false, 8080},
        {"127.0.0.1", SP_ERR_INVALID, false, 0},
        {"127.0.0.1:", SP_ERR_INVALID, false, 0},
        {":8080", SP_ERR_INVALID, false, 0},
        {"127.0.0.1:65536", SP_ERR_RANGE, false, 0},
        {"127.0.0.1:80x", SP_ERR_INVALID, false, 0},
        {"127.0.0.1:+80", SP_ERR_INVALID, false, 0},
        {"127.1:80", SP_ERR_INVALID, false, 0},
        {"::1:8080", SP_ERR_INVALID, false, 0},
        {"[::1:8080", SP_ERR_INVALID, false, 0},
        {"[]:8080", SP_ERR_INVALID, false, 0},
        {"example.org:80", SP_ERR_INVALID, false, 0},
        {"", SP_ERR_INVALID, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_socket_where where = {.port = 7};
        const enum sp_err err = sp_socket_address(sp_slice_of(cases[i].text), &where);
        if (err != cases[i].want ||
            (err == SP_OK &&
             (where.is_loopback != cases[i].is_loopback || where.port != cases[i].port)) ||
            (err != SP_OK && where.port != 7)) {
            fail_msg("%s: %s", cases[i].text, sp_err_name(err));
        }
    }
}

static void test_port_zero_is_chosen_and_a_taken_port_refused(void **state)
{
    struct sp_socket_where where;
    uint16_t port = 0;
    int fd = -1;
    int second = -1;
    (void)state;
    assert_int_equal(sp_socket_address(SP_SLICE_LITERAL("127.0.0.1:0"), &where), SP_OK);
    assert_int_equal(sp_socket_listen(&where, &fd, &port), SP_OK);
    assert_true(port > 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    where.port = port;
    assert_int_equal(sp_socket_listen(&where, &second, &port), SP_ERR_BUSY);
    assert_int_equal(second, -1);
    close(fd);
}

static void test_unix_socket_replaces_an_old_one_and_is_private(void **state)
{
    char path[] = "/tmp/sp-sockets-XXXXXX";
    struct stat st;
    int fd = -1;
    (void)state;
    assert_non_null(mkdtemp(path));
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(sp_socket_listen_unix_at(dir, "s", 0, &fd), SP_OK);
        assert_int_equal(fstatat(dir, "s", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        /* As dial does: by a short path from the directory. */
        const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "s"};
        const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(fchdir(dir), 0);
        assert_int_equal(
            connect(client, (const struct sockaddr *)(const void *)&address, sizeof(address)), 0);
        close(client);
        close(fd);
    }
    close(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_numeric_and_whole),
        cmocka_unit_test(test_port_zero_is_chosen_and_a_taken_port_refused),
        cmocka_unit_test(test_unix_socket_replaces_an_old_one_and_is_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
