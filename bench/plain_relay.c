/*
 * plain_relay - the yardstick: libmicrohttpd in, libcurl out, one epoll loop, and nothing in between.
 *
 * plain_relay PORT URL: relays every POST to URL plus the request's path. No check, no log, no query.
 */
#include <curl/curl.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

struct exchange {
    struct MHD_Connection *client;
    CURL *easy;
    char *in;
    size_t in_len;
    char *out;
    size_t out_len;
    int is_running;
    int is_done;
};

static const char *base_url;
static CURLM *multi;
static struct curl_slist *headers;
static CURL *spare[256]; /* easy handles to use again */
static size_t spare_count;
static int epoll_fd;
static long timer_ms = -1;

static void append(char **to, size_t *len, const void *bytes, size_t more)
{
    char *grown = realloc(*to, *len + more + 1);
    if (grown == NULL) {
        abort();
    }
    memcpy(grown + *len, bytes, more);
    *to = grown;
    *len += more;
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    append(&x->out, &x->out_len, bytes, size * count);
    return size * count;
}

static void begin(struct exchange *x, const char *path)
{
    char url[2048];
    (void)snprintf(url, sizeof(url), "%s%s", base_url, path);
    x->easy = spare_count > 0 ? spare[--spare_count] : curl_easy_init();
    curl_easy_setopt(x->easy, CURLOPT_URL, url);
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, x->in);
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->in_len);
    curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
    curl_multi_add_handle(multi, x->easy);
    x->is_running = 1;
    MHD_suspend_connection(x->client);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *client, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **ctx)
{
    struct exchange *x = *ctx;
    (void)cls, (void)method, (void)version;
    if (x == NULL) {
        *ctx = x = calloc(1, sizeof(*x));
        x->client = client;
        return MHD_YES;
    }
    if (*size > 0) {
        append(&x->in, &x->in_len, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (!x->is_running) {
        begin(x, url);
    }
    if (!x->is_done) {
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(x->out_len, x->out, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result queued = MHD_queue_response(client, 200, response);
    MHD_destroy_response(response);
    return queued;
}

static void on_end(void *cls, struct MHD_Connection *client, void **ctx,
                   enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *ctx;
    (void)cls, (void)client, (void)why;
    if (x != NULL) {
        free(x->in);
        free(x->out);
        free(x);
    }
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct epoll_event event = {.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) |
                                          (what & CURL_POLL_OUT ? EPOLLOUT : 0U),
                                .data.fd = fd};
    (void)easy, (void)ctx;
    int how = what == CURL_POLL_REMOVE ? EPOLL_CTL_DEL
              : known == NULL          ? EPOLL_CTL_ADD
                                       : EPOLL_CTL_MOD;
    (void)epoll_ctl(epoll_fd, how, fd, &event);
    curl_multi_assign(multi, fd, what == CURL_POLL_REMOVE ? NULL : &epoll_fd);
    return 0;
}

static int on_timer(CURLM *m, long ms, void *ctx)
{
    (void)m, (void)ctx;
    timer_ms = ms;
    return 0;
}

static void collect(void)
{
    int left = 0;
    for (CURLMsg *done = curl_multi_info_read(multi, &left); done != NULL;
         done = curl_multi_info_read(multi, &left)) {
        struct exchange *x = NULL;
        curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, &x);
        curl_multi_remove_handle(multi, x->easy);
        if (spare_count < sizeof(spare) / sizeof(spare[0])) {
            spare[spare_count++] = x->easy;
        } else {
            curl_easy_cleanup(x->easy);
        }
        x->is_done = 1;
        MHD_resume_connection(x->client);
    }
}

/* Until what comes first: libcurl's timer, or what libmicrohttpd has already read and not yet looked at. */
static int wait_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG mhd_ms = 1000;
    int ms = timer_ms < 0 || timer_ms > 1000 ? 1000 : (int)timer_ms;
    return MHD_get_timeout(daemon, &mhd_ms) == MHD_YES && (int)mhd_ms < ms ? (int)mhd_ms : ms;
}

static void loop(struct MHD_Daemon *daemon)
{
    int mhd_fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct epoll_event mhd = {.events = EPOLLIN, .data.fd = mhd_fd};
    (void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, mhd_fd, &mhd);
    for (;;) {
        struct epoll_event ready[256];
        int running = 0;
        int count = epoll_wait(epoll_fd, ready, 256, wait_ms(daemon));
        for (int i = 0; i < count; i++) {
            if (ready[i].data.fd != mhd_fd) {
                curl_multi_socket_action(multi, ready[i].data.fd, 0, &running);
            }
        }
        if (timer_ms == 0 || count == 0) {
            timer_ms = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        collect();
        MHD_run(daemon);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: plain_relay PORT URL\n");
        return 2;
    }
    base_url = argv[2];
    curl_global_init(CURL_GLOBAL_ALL);
    multi = curl_multi_init();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    headers =
        curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), "Expect:");
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL,
        on_request, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_CONNECTION_LIMIT,
        1024U, MHD_OPTION_END);
    if (daemon == NULL) {
        perror("plain_relay");
        return 1;
    }
    loop(daemon);
}
