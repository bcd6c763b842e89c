/*
 * stub_pool - a session pool that answers every execution with the same result, as cheaply as it can.
 *
 * stub_pool PORT | stub_pool PATH: listens on 127.0.0.1:PORT or on a unix socket; one epoll loop, keep-alive.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define HEAD_MAX        16384

#define NEW_BODY                                                                                   \
    "{\"id\":\"e-1\",\"identifier\":\"stub\",\"executionType\":\"Synchronous\",\"status\":"        \
    "\"Succeeded\","                                                                               \
    "\"result\":{\"stdout\":\"1\\n\",\"stderr\":\"\",\"executionResult\":\"\","                    \
    "\"executionTimeInMilliseconds\":1}}"
#define OLD_BODY                                                                                   \
    "{\"properties\":{\"$id\":\"1\",\"status\":\"Success\",\"stdout\":\"1\\n\",\"stderr\":\"\","   \
    "\"result\":\"\",\"executionResult\":\"\",\"executionTimeInMilliseconds\":1}}"

/* What is known of one connection: the head that is being read, then how much of the body is to come. */
struct client {
    char head[HEAD_MAX + 1];
    size_t len;
    size_t body_left;
    bool in_body;
    bool is_old;
};

static struct client *clients[CONNECTIONS_MAX];
static char answers[2][1024];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on(const char *where)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_path = strchr(where, '/') != NULL;
    int one = 1;
    int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        die("socket");
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    (void)snprintf(local.sun_path, sizeof(local.sun_path), "%s", where);
    inet.sin_port = htons((uint16_t)strtoul(where, NULL, 10));
    int bound = is_path ? bind(fd, (struct sockaddr *)&local, sizeof(local))
                        : bind(fd, (struct sockaddr *)&inet, sizeof(inet));
    if (bound != 0 || listen(fd, 1024) != 0) {
        die(where);
    }
    return fd;
}

/* The end of the head, then what its Content-Length says. */
static bool take_head(struct client *c, size_t *out_head_len)
{
    c->head[c->len] = '\0';
    const char *end = strstr(c->head, "\r\n\r\n");
    if (end == NULL) {
        return false;
    }
    *out_head_len = (size_t)(end - c->head) + 4;
    c->body_left = 0;
    c->is_old = strstr(c->head, "/code/execute") != NULL && strstr(c->head, "/code/execute") < end;
    for (const char *line = strstr(c->head, "\r\n"); line != NULL && line < end;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, "content-length:", 15) == 0) {
            c->body_left = strtoul(line + 17, NULL, 10);
        }
    }
    return true;
}

static bool answer(int fd, const struct client *c)
{
    const char *text = answers[c->is_old ? 1 : 0];
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* Reads what is there and answers each request that is complete. False: the connection is over. */
static bool serve(int fd, struct client *c)
{
    static char body[65536];
    for (;;) {
        ssize_t got =
            c->in_body
                ? recv(fd, body, c->body_left < sizeof(body) ? c->body_left : sizeof(body), 0)
                : recv(fd, c->head + c->len, HEAD_MAX - c->len, 0);
        if (got <= 0) {
            return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        }
        if (c->in_body) {
            c->body_left -= (size_t)got;
        } else {
            c->len += (size_t)got;
            size_t head_len = 0;
            if (!take_head(c, &head_len)) {
                continue;
            }
            size_t extra = c->len - head_len;
            c->in_body = true;
            c->body_left = c->body_left > extra ? c->body_left - extra : 0;
        }
        if (c->in_body && c->body_left == 0) {
            c->in_body = false;
            c->len = 0;
            if (!answer(fd, c)) {
                return false;
            }
        }
    }
}

static void accept_all(int listener, int epoll)
{
    int one = 1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        if (fd >= CONNECTIONS_MAX) {
            (void)close(fd);
            continue;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        clients[fd] = calloc(1, sizeof(*clients[fd]));
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (clients[fd] == NULL || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            die("accept");
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: stub_pool PORT|PATH\n");
        return 2;
    }
    static const char *const bodies[2] = {NEW_BODY, OLD_BODY};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(
            answers[i], sizeof(answers[i]),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
            strlen(bodies[i]), bodies[i]);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(argv[1]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) {
        die("epoll");
    }
    for (;;) {
        struct epoll_event ready[256];
        int count = epoll_wait(epoll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                accept_all(listener, epoll);
            } else if (!serve(fd, clients[fd])) {
                free(clients[fd]);
                clients[fd] = NULL;
                (void)close(fd);
            }
        }
    }
}
