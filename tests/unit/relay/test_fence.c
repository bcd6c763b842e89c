/* fence: behind it nobody connects, and everything else goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/fence.h"

/* In a child, because there is no way back. Zero when all is as it should be. */
static int behind_the_fence(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(1)};
    int ends[2];
    if (sp_fence_enter() != SP_OK) {
        return 1;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
        errno != EINPROGRESS) {
        return 2;
    }
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 &&
                   write(ends[0], "x", 1) == 1
               ? 0
               : 3;
}

static void test_fence_answers_every_connect_and_nothing_else(void **state)
{
    int status = 0;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        _exit(behind_the_fence());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fence_answers_every_connect_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
