/* client: one request, one whole answer, from a server in a child process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "relay/client.h"

/* Answers one connection with `answer` followed by what it was asked, then leaves. */
static void serve_one(int listener, const char *answer)
{
    char request[2048];
    size_t have = 0;
    int fd = accept(listener, NULL, NULL);
    while (have < sizeof(request)) {
        ssize_t got = read(fd, request + have, sizeof(request) - have);
        have += got > 0 ? (size_t)got : 0;
        if (got <= 0 || memmem(request, have, "}", 1) != NULL) {
            break;
        }
    }
    (void)!write(fd, answer, strlen(answer));
    (void)!write(fd, request, have);
    _exit(0);
}

static enum sp_err ask(const char *answer, struct sp_client_answer *out, struct sp_where *where)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    char url[64];
    SP_AUTO_CLOSE int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    pid_t child = fork();
    if (child == 0) {
        serve_one(listener, answer);
    }
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/executions",
                   (unsigned)ntohs(address.sin_port));
    struct sp_client_request request = {
        .method = "POST",
        .save_fd = -1,
        .url = sp_slice_of(url),
        .bearer = SP_SLICE_LITERAL("t0ken"),
        .body = SP_SLICE_LITERAL("{}"),
        .connect_ms = 1000,
        .timeout_ms = 3000,
    };
    enum sp_err err = sp_client_send(&request, out, where);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return err;
}

static bool has(const struct sp_buf *body, const char *text)
{
    return memmem(body->ptr, body->len, text, strlen(text)) != NULL;
}

static void test_client_gives_the_whole_answer_back(void **state)
{
    (void)state;
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    assert_int_equal(ask("HTTP/1.1 403 No\r\nConnection: close\r\n\r\n", &answer, NULL), SP_OK);
    assert_int_equal(answer.status, 403);
    assert_true(has(&answer.body, "POST /executions HTTP/1.1\r\n"));
    assert_true(has(&answer.body, "\r\nAuthorization: Bearer t0ken\r\n"));
    assert_true(has(&answer.body, "\r\nContent-Length: 2\r\n"));
    assert_false(has(&answer.body, "Expect"));
}

static void test_client_says_why_there_is_no_answer(void **state)
{
    (void)state;
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    struct sp_where where = {0};
    assert_int_equal(ask("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", &answer, &where),
                     SP_ERR_CLOSED);
    assert_true(where.text[0] != '\0');
    assert_int_equal(answer.status, 0);
}

static void test_client_follows_no_redirect(void **state)
{
    (void)state;
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    assert_int_equal(
        ask("HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n",
            &answer, NULL),
        SP_OK);
    assert_int_equal(answer.status, 307);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_gives_the_whole_answer_back),
        cmocka_unit_test(test_client_says_why_there_is_no_answer),
        cmocka_unit_test(test_client_follows_no_redirect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
