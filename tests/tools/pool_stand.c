/*
 * pool_stand - the embedded pool by itself, without gateway and confinement of its own: for tests and for trying out.
 *
 * pool_stand SOCKET SESSION-PROGRAM MAX READY COOLDOWN_S OUTPUT_BYTES [--own-code] [options of sallyport-session...]
 * With `--templates N`, a session comes from the template of the key that its first request names.
 * One process holds the HTTP face; the template is its child, started anew when it ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "os/root.h"
#include "pool/server.h"

#define WIRE_FD  3
#define ARGS_MAX 32
#define USAGE    2

struct stand {
    struct sp_loop *loop;
    struct sp_pool_server *server;
    char *arguments[ARGS_MAX];
    pid_t template;
};

static _Noreturn void fail(const char *step)
{
    perror(step);
    exit(1);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    (void)unlink(path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0 ||
        listen(fd, 128) != 0) {
        fail("listen");
    }
    return fd;
}

static _Noreturn void be_template(const struct stand *stand, int wire)
{
    static char *const nothing[] = {NULL};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || dup2(wire, WIRE_FD) < 0) {
        fail("template");
    }
    if (wire == WIRE_FD) {
        (void)fcntl(wire, F_SETFD, 0);
    }
    (void)execve(stand->arguments[0], stand->arguments, nothing);
    fail("execve");
}

static void start_template(struct stand *stand)
{
    int pair[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        fail("socketpair");
    }
    stand->template = fork();
    if (stand->template <0) {
        fail("fork");
    }
    if (stand->template == 0) {
        be_template(stand, pair[1]);
    }
    (void)close(pair[1]);
    if (sp_pool_server_template(stand->server, pair[0]) != SP_OK) {
        fail("template");
    }
}

static void on_child(void *ctx, int signo)
{
    struct stand *stand = ctx;
    (void)signo;
    if (waitpid(stand->template, NULL, WNOHANG) == stand->template) {
        start_template(stand);
    }
}

static void on_end(void *ctx, int signo)
{
    struct stand *stand = ctx;
    (void)signo;
    sp_loop_stop(stand->loop);
}

static uint32_t number(const char *text)
{
    uint64_t value = 0;
    if (sp_parse_u64(sp_slice_of(text), UINT32_MAX, &value) != SP_OK) {
        (void)fprintf(stderr, "not a number: %s\n", text);
        exit(USAGE);
    }
    return (uint32_t)value;
}

int main(int argc, char **argv)
{
    static struct stand stand;
    struct sp_pool_config config = {0};
    uint64_t seed = 0;
    bool is_moved = false;
    if (argc < 7 || argc - 6 >= ARGS_MAX) {
        (void)fputs(
            "usage: pool_stand SOCKET PROGRAM MAX READY COOLDOWN_S OUTPUT_BYTES [--own-code] "
            "[option value...]\n",
            stderr);
        return USAGE;
    }
    if (sp_root_settle(&is_moved) != SP_OK) {
        (void)fputs("pool_stand: no sessions in this chroot\n", stderr);
    }
    config.max_sessions = number(argv[3]);
    config.ready_sessions = number(argv[4]);
    config.cooldown_ms = number(argv[5]) * 1000;
    config.output_max = number(argv[6]);
    stand.arguments[0] = argv[2];
    config.may_own_code = argc > 7 && sp_slice_is(sp_slice_of(argv[7]), "--own-code");
    const int first = config.may_own_code ? 8 : 7;
    for (int i = first; i < argc; i++) {
        stand.arguments[i - first + 1] = argv[i];
        config.is_by_key = config.is_by_key || sp_slice_is(sp_slice_of(argv[i]), "--templates");
    }
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed ||
        sp_loop_new(&stand.loop) != SP_OK ||
        sp_pool_server_new(stand.loop, &config, listen_at(argv[1]), seed, &stand.server) != SP_OK ||
        sp_loop_on_signal(stand.loop, SIGCHLD, on_child, &stand) != SP_OK ||
        sp_loop_on_signal(stand.loop, SIGTERM, on_end, &stand) != SP_OK) {
        fail("start");
    }
    start_template(&stand);
    if (sp_loop_run(stand.loop) != SP_OK) {
        fail("loop");
    }
    sp_pool_server_free(stand.server);
    sp_loop_free(stand.loop);
    return 0;
}
