/*
 * load - sends one request over and over on keep-alive connections, a fixed number of times, and times every answer.
 *
 * load PORT CONNECTIONS REQUESTS FILE: the bytes of FILE are the request. Prints one line of JSON. One request is under
 * way on each connection; an answer that is no 2xx, or a connection that ends, counts as an error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define ANSWER_MAX      65536

struct connection {
    int fd;
    size_t sent;
    size_t got;
    uint64_t started_ns;
    char answer[ANSWER_MAX + 1];
};

static struct {
    const char *bytes;
    size_t len;
    unsigned port;
    size_t total;
    size_t begun;
    size_t done;
    size_t errors;
    uint32_t *latency_us;
    int epoll;
} run;

static uint64_t now_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000U + (uint64_t)at.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void read_request(const char *path)
{
    static char bytes[1024 * 1024];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        die(path);
    }
    run.len = fread(bytes, 1, sizeof(bytes), file);
    run.bytes = bytes;
    (void)fclose(file);
}

static void open_connection(struct connection *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)run.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        die("connect");
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(run.epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static void push(struct connection *c)
{
    while (c->sent < run.len) {
        ssize_t put =
            send(c->fd, run.bytes + c->sent, run.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0) {
            return;
        }
        c->sent += (size_t)put;
    }
}

static void begin(struct connection *c)
{
    if (run.begun == run.total) {
        c->sent = run.len; /* nothing more to do here */
        return;
    }
    run.begun++;
    c->sent = 0;
    c->got = 0;
    c->started_ns = now_ns();
    push(c);
}

/* Whether the answer is complete, by its Content-Length. */
static bool is_complete(struct connection *c)
{
    c->answer[c->got] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n");
    if (end == NULL) {
        return false;
    }
    size_t body = 0;
    for (const char *line = strstr(c->answer, "\r\n"); line != NULL && line < end;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, "content-length:", 15) == 0) {
            body = strtoul(line + 17, NULL, 10);
        }
    }
    return c->got >= (size_t)(end - c->answer) + 4 + body;
}

static void finish(struct connection *c, bool is_error)
{
    run.latency_us[run.done++] = (uint32_t)((now_ns() - c->started_ns) / 1000U);
    if (is_error) {
        run.errors++;
    }
}

static void pull(struct connection *c)
{
    for (;;) {
        ssize_t got = recv(c->fd, c->answer + c->got, ANSWER_MAX - c->got, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (got <= 0) {
            if (c->started_ns != 0) {
                finish(c, true);
            }
            (void)close(c->fd);
            open_connection(c);
            begin(c);
            return;
        }
        c->got += (size_t)got;
        if (is_complete(c)) {
            bool is_error = strncmp(c->answer, "HTTP/1.1 2", 10) != 0;
            if (is_error && run.errors == 0) {
                (void)fprintf(stderr, "load: the first error: %.400s\n", c->answer);
            }
            finish(c, is_error);
            c->started_ns = 0;
            c->got = 0;
            begin(c);
        }
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t percentile(double share)
{
    size_t at = (size_t)((double)run.done * share);
    return run.latency_us[at < run.done ? at : run.done - 1];
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "usage: load PORT CONNECTIONS REQUESTS FILE\n");
        return 2;
    }
    static struct connection connections[CONNECTIONS_MAX];
    size_t count = strtoul(argv[2], NULL, 10);
    run.port = (unsigned)strtoul(argv[1], NULL, 10);
    run.total = strtoul(argv[3], NULL, 10);
    run.latency_us = calloc(run.total, sizeof(*run.latency_us));
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (count == 0 || count > CONNECTIONS_MAX || run.total == 0 || run.latency_us == NULL ||
        run.epoll < 0) {
        return 2;
    }
    read_request(argv[4]);
    uint64_t started = now_ns();
    for (size_t i = 0; i < count; i++) {
        open_connection(&connections[i]);
        begin(&connections[i]);
    }
    while (run.done < run.total) {
        struct epoll_event ready[256];
        int got = epoll_wait(run.epoll, ready, 256, 30000);
        if (got <= 0) {
            (void)fprintf(stderr, "load: no answer for 30 s after %zu of %zu\n", run.done,
                          run.total);
            return 1;
        }
        for (int i = 0; i < got; i++) {
            struct connection *c = ready[i].data.ptr;
            push(c);
            pull(c);
        }
    }
    double seconds = (double)(now_ns() - started) / 1e9;
    qsort(run.latency_us, run.done, sizeof(*run.latency_us), by_size);
    (void)printf("{\"requests\":%zu,\"errors\":%zu,\"seconds\":%.3f,\"p50_us\":%u,\"p99_us\":%u,"
                 "\"max_us\":%u}\n",
                 run.done, run.errors, seconds, percentile(0.5), percentile(0.99), percentile(1.0));
    return run.errors == 0 ? 0 : 1;
}
