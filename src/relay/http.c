#include "relay/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/own.h"
#include "relay/http_setup.h"
#include "relay/sink.h"

/* An answer's buffer that grew over this is given back after use. */
#define ANSWER_KEEP_BYTES ((size_t)256 * 1024)
#define FDS_MAX           ((size_t)65536)

/* One connection of libcurl's, from take_connection to its close. */
struct conn {
    struct sp_http *http;
    struct sp_watch *watch;
    curl_socket_t fd;
    unsigned wanted;  /* what libcurl wants to hear of */
    unsigned applied; /* what the loop watches */
    bool is_dirty;    /* stands in the list of those to compare */
    bool is_dead;     /* the pool closed it while it was idle */
};

struct slot {
    struct sp_http *http;
    size_t number;
    CURL *easy;
    struct curl_slist *headers;
    uint64_t bearer_generation; /* of the headers */
    struct sp_http_request request;
    size_t sent; /* of the body, handed to libcurl */
    struct sp_buf answer;
    struct sp_sink sink; /* of a download */
    bool is_busy;
    bool has_special; /* the headers are those of one request */
    bool has_run;     /* the place of the pool is in libcurl's cache, where it stays */
    bool has_head;    /* the final answer's, whole: libcurl takes a head that is cut for one */
    bool is_answer_too_big;
    char why[CURL_ERROR_SIZE];
};

struct sp_http {
    struct sp_loop *loop;
    struct sp_http_config config;
    struct sp_http_ops ops;
    struct sp_http_setup setup;
    CURLM *multi;
    struct sp_timer *timer;
    struct slot *slots;
    struct conn **by_fd; /* FDS_MAX places */
    struct conn **dirty;
    size_t dirty_count;
    size_t open_count;
    size_t dead_count;
    size_t busy_count;
    uint64_t bearer_generation;
    long timer_ms; /* what libcurl asked for last; -1 nothing */
    bool is_timer_new;
    bool is_running;
};

static void run(struct sp_http *http, curl_socket_t fd, int what);

/* --- what libcurl calls --- */

static size_t on_body_wanted(char *to, size_t size, size_t count, void *ctx)
{
    struct slot *slot = ctx;
    const struct sp_slice parts[] = {slot->request.body, slot->request.content, slot->request.tail};
    size_t passed = slot->sent;
    size_t len = 0;
    for (size_t i = 0; i < SP_COUNT(parts); i++) {
        struct sp_slice left = sp_slice_sub(parts[i], passed, parts[i].len);
        passed -= parts[i].len - left.len;
        len += sp_slice_copy(left, to + len, size * count - len);
    }
    slot->sent += len;
    return len;
}

/* A body cannot be taken back: only one of which nothing went out yet may begin "again". */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    const struct slot *slot = ctx;
    return slot->sent == 0 && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK
                                                                : CURL_SEEKFUNC_FAIL;
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *ctx)
{
    struct slot *slot = ctx;
    struct sp_slice in = sp_slice_make(bytes, size * count);
    enum sp_err err =
        slot->sink.fd > 0 ? sp_sink_put(&slot->sink, in) : sp_buf_put(&slot->answer, in);
    if (err != SP_OK) {
        slot->is_answer_too_big = true;
        return 0; /* ends the transfer */
    }
    return size * count;
}

/* One line of a head at a time, the empty one at its end included. */
static size_t on_head(char *bytes, size_t size, size_t count, void *ctx)
{
    struct slot *slot = ctx;
    long status = 0;
    struct sp_slice line = sp_slice_make(bytes, size * count);
    if (sp_slice_is(line, "\r\n") || sp_slice_is(line, "\n")) {
        (void)curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
        slot->has_head = status >= 200;
        /* Only the bytes of a file go into a descriptor: an error is read as any other, and so is a part nobody asked for. */
        bool is_file = slot->request.is_download && status >= 200 && status <= 299 && status != 206;
        return is_file && sp_sink_begin(&slot->sink, SP_HTTP_FILE_BYTES_MAX) != SP_OK ? 0
                                                                                      : line.len;
    }
    sp_sink_note(&slot->sink, line);
    return line.len;
}

static void on_ready(void *ctx, int fd, unsigned what)
{
    struct conn *conn = ctx;
    struct sp_http *http = conn->http;
    int action = ((what & SP_WATCH_READ) != 0 ? CURL_CSELECT_IN : 0) |
                 ((what & SP_WATCH_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    if (conn->wanted == 0) {
        /* Nothing is due on an idle connection: the pool closed it, or talks out of turn. Not used again. */
        conn->is_dead = true;
        http->dead_count++;
        conn->applied = 0;
        sp_watch_free(conn->watch);
        conn->watch = NULL;
        return;
    }
    run(http, fd, action);
}

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct slot *slot = ctx;
    struct sp_http *http = slot->http;
    (void)address;
    /* libcurl begins anew when a connection dies under a request; once a part of the body is out, that must not be. */
    if (purpose != CURLSOCKTYPE_IPCXN || slot->sent > 0) {
        return CURL_SOCKET_BAD;
    }
    SP_AUTO_CLOSE int fd = -1;
    if (http->ops.take_connection(http->ops.ctx, &fd) != SP_OK || fd < 0 || (size_t)fd >= FDS_MAX) {
        return CURL_SOCKET_BAD;
    }
    struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        return CURL_SOCKET_BAD;
    }
    *conn = (struct conn){.http = http, .fd = fd};
    SP_ASSERT(http->by_fd[fd] == NULL);
    http->by_fd[fd] = conn;
    http->open_count++;
    return sp_take_fd(&fd);
}

static void forget_dirty(struct sp_http *http, const struct conn *conn)
{
    for (size_t i = 0; i < http->dirty_count; i++) {
        if (http->dirty[i] == conn) {
            http->dirty[i] = http->dirty[--http->dirty_count];
            return;
        }
    }
}

static int on_close(void *ctx, curl_socket_t fd)
{
    struct sp_http *http = ctx;
    struct conn *conn = fd >= 0 && (size_t)fd < FDS_MAX ? http->by_fd[fd] : NULL;
    if (conn != NULL) {
        http->by_fd[fd] = NULL;
        http->open_count--;
        http->dead_count -= conn->is_dead ? 1 : 0;
        forget_dirty(http, conn);
        sp_watch_free(conn->watch);
        free(conn);
    }
    return close(fd);
}

/* Notes what libcurl wants; the loop is told once libcurl is done, of what really differs by then. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
    struct sp_http *http = ctx;
    struct conn *conn = fd >= 0 && (size_t)fd < FDS_MAX ? http->by_fd[fd] : NULL;
    (void)easy;
    (void)unused;
    if (conn == NULL) {
        return 0;
    }
    switch (what) {
    case CURL_POLL_IN:
        conn->wanted = SP_WATCH_READ;
        break;
    case CURL_POLL_OUT:
        conn->wanted = SP_WATCH_WRITE;
        break;
    case CURL_POLL_INOUT:
        conn->wanted = SP_WATCH_READ | SP_WATCH_WRITE;
        break;
    default:
        conn->wanted = 0;
        break;
    }
    if (!conn->is_dirty) {
        conn->is_dirty = true;
        http->dirty[http->dirty_count++] = conn;
    }
    return 0;
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *ctx)
{
    struct sp_http *http = ctx;
    (void)multi;
    http->timer_ms = timeout_ms;
    http->is_timer_new = true;
    return 0;
}

/* --- driving it --- */

/* An idle connection stays watched for reading: that is how its end is noticed, and it saves two system calls a request. */
static void apply_watches(struct sp_http *http)
{
    while (http->dirty_count > 0) {
        struct conn *conn = http->dirty[--http->dirty_count];
        unsigned wanted = conn->wanted == 0 && !conn->is_dead ? SP_WATCH_READ : conn->wanted;
        enum sp_err err = SP_OK;
        conn->is_dirty = false;
        if (conn->watch == NULL && wanted != 0) {
            err = sp_watch_new(http->loop, conn->fd, wanted, on_ready, conn, &conn->watch);
        } else if (conn->watch != NULL && wanted != conn->applied) {
            err = sp_watch_set(conn->watch, wanted);
        }
        /* Without a watch the request on it ends by its time limit. */
        conn->applied = err == SP_OK ? wanted : 0;
    }
}

static void apply_timer(struct sp_http *http)
{
    if (!http->is_timer_new) {
        return;
    }
    http->is_timer_new = false;
    if (http->timer_ms < 0) {
        sp_timer_stop(http->timer);
        return;
    }
    if (sp_timer_set(http->timer, (uint64_t)http->timer_ms) != SP_OK) {
        http->is_timer_new = true; /* for want of memory; asked again after the next event */
    }
}

static enum sp_http_state state_of(const struct slot *slot, CURLcode code)
{
    if (code == CURLE_OK && slot->has_head) {
        return SP_HTTP_ANSWERED;
    }
    if (slot->sent > 0) {
        return SP_HTTP_BROKEN;
    }
    switch ((int)code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
        return SP_HTTP_NO_CONNECTION;
    default:
        return SP_HTTP_NOT_SENT;
    }
}

static const char *why_of(const struct slot *slot, CURLcode code)
{
    if (code == CURLE_OK) {
        return slot->has_head ? "" : "the head of the answer is cut";
    }
    if (slot->is_answer_too_big) {
        return "the answer is over its limit";
    }
    if (slot->sent > 0 && code == CURLE_COULDNT_CONNECT) {
        return "the pool closed the connection without an answer"; /* and on_open gave no other one */
    }
    return slot->why[0] != '\0' ? slot->why : curl_easy_strerror(code);
}

/*
 * A handle whose transfer failed is not used again: libcurl may have noted that the body must be rewound first, which
 * our seek refuses, so the next request would fail before it is sent.
 */
static void forget_easy(struct slot *slot)
{
    curl_easy_cleanup(slot->easy);
    slot->easy = NULL;
    slot->has_run = false;
    sp_http_setup_headers_free(&slot->headers);
}

static void end_slot(struct slot *slot, CURLcode code)
{
    SP_AUTO_PAYLOAD struct sp_payload content = SP_PAYLOAD_EMPTY;
    struct sp_http *http = slot->http;
    long status = 0;
    curl_off_t retry_after = 0;
    if (code == CURLE_OK) {
        (void)curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(slot->easy, CURLINFO_RETRY_AFTER, &retry_after);
    }
    struct sp_buf answer = slot->answer;
    sp_buf_init(&slot->answer, SP_HTTP_ANSWER_BYTES_MAX);
    struct sp_http_end end = {
        .state = state_of(slot, code),
        .status = status > 0 && status < 1000 ? (unsigned)status : 0,
        .retry_after_s = retry_after > 0 && retry_after < 86400 ? (uint32_t)retry_after : 0,
        .body = sp_buf_slice(&answer),
        .why = why_of(slot, code),
        .is_too_big = slot->is_answer_too_big,
    };
    SP_CLEANUP(sp_sink_done)
    struct sp_sink sink = slot->sink; /* the slot may be started again from within */
    slot->sink = (struct sp_sink){.fd = 0};
    sp_sink_end(&sink, &content, &end);
    if (code != CURLE_OK) {
        forget_easy(slot);
    } else {
        slot->has_run = true;
    }
    slot->is_busy = false;
    http->busy_count--;
    http->ops.ended(http->ops.ctx, slot->number, &end);
    if (slot->answer.ptr == NULL && answer.room <= ANSWER_KEEP_BYTES) {
        sp_buf_clear(&answer);
        slot->answer = answer;
        return;
    }
    sp_buf_done(&answer);
}

static bool end_finished(struct sp_http *http)
{
    bool any = false;
    int left = 0;
    for (CURLMsg *msg = curl_multi_info_read(http->multi, &left); msg != NULL;
         msg = curl_multi_info_read(http->multi, &left)) {
        struct slot *slot = NULL;
        CURLcode code = msg->data.result;
        if (msg->msg != CURLMSG_DONE ||
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &slot) != CURLE_OK) {
            continue;
        }
        (void)curl_multi_remove_handle(http->multi, slot->easy);
        end_slot(slot, code);
        any = true;
    }
    return any;
}

/* Lets libcurl work until nothing is due now. Requests that are started from within join this round. */
static void run(struct sp_http *http, curl_socket_t fd, int what)
{
    int running = 0;
    bool again = true;
    if (http->is_running) {
        return;
    }
    http->is_running = true;
    (void)curl_multi_socket_action(http->multi, fd, what, &running);
    while (again) {
        again = end_finished(http);
        if (http->is_timer_new && http->timer_ms == 0) {
            http->is_timer_new = false;
            (void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
            again = true;
        }
    }
    http->is_running = false;
    apply_watches(http);
    apply_timer(http);
}

static void on_time(void *ctx)
{
    run(ctx, CURL_SOCKET_TIMEOUT, 0);
}

/* --- requests --- */

static enum sp_err hook_slot(struct sp_http *http, struct slot *slot)
{
    CURL *easy = slot->easy;
    if (curl_easy_setopt(easy, CURLOPT_PRIVATE, slot) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_body_wanted) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_READDATA, slot) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, slot) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->why) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http) != CURLE_OK) {
        return SP_ERR_NOMEM;
    }
    return SP_OK;
}

static enum sp_err prepare_slot(struct sp_http *http, struct slot *slot,
                                const struct sp_http_request *request)
{
    if (slot->easy == NULL) {
        SP_TRY(sp_http_setup_easy(&http->setup, &slot->easy));
        SP_TRY(hook_slot(http, slot));
    }
    bool is_special = request->content_type.len > 0 || request->traceparent.len > 0 ||
                      request->method != NULL || request->fields[0].name != NULL;
    if (slot->headers == NULL || is_special || slot->has_special ||
        slot->bearer_generation != http->bearer_generation) {
        sp_http_setup_headers_free(&slot->headers);
        SP_TRY(sp_http_setup_headers(&http->setup, request, &slot->headers));
        slot->has_special = is_special;
        slot->bearer_generation = http->bearer_generation;
        if (curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers) != CURLE_OK) {
            return SP_ERR_NOMEM;
        }
    }
    return SP_OK;
}

/* libcurl would read the list of addresses anew for every request of a handle that has one. */
static enum sp_err forget_place(struct slot *slot)
{
    if (slot->has_run && curl_easy_setopt(slot->easy, CURLOPT_RESOLVE, NULL) != CURLE_OK) {
        return SP_ERR_NOMEM;
    }
    return SP_OK;
}

enum sp_err sp_http_start(struct sp_http *http, size_t number,
                          const struct sp_http_request *request)
{
    SP_ASSERT(number < http->config.slots && !http->slots[number].is_busy);
    struct slot *slot = &http->slots[number];
    SP_TRY(prepare_slot(http, slot, request));
    SP_TRY(forget_place(slot));
    SP_TRY(sp_http_setup_request(&http->setup, slot->easy, request));
    slot->request = *request;
    slot->sent = 0;
    slot->has_head = false;
    slot->is_answer_too_big = false;
    slot->why[0] = '\0';
    sp_sink_done(&slot->sink);
    sp_buf_clear(&slot->answer);
    if (curl_multi_add_handle(http->multi, slot->easy) != CURLM_OK) {
        return SP_ERR_NOMEM;
    }
    slot->is_busy = true;
    http->busy_count++;
    run(http, CURL_SOCKET_TIMEOUT, 0);
    return SP_OK;
}

enum sp_err sp_http_set_bearer(struct sp_http *http, struct sp_slice bearer)
{
    SP_TRY(sp_http_setup_bearer(&http->setup, bearer));
    http->bearer_generation++;
    return SP_OK;
}

size_t sp_http_idle(const struct sp_http *http)
{
    size_t taken = http->busy_count + http->dead_count;
    return http->open_count > taken ? http->open_count - taken : 0;
}

/* --- life --- */

static enum sp_err open_multi(struct sp_http *http)
{
    http->multi = curl_multi_init();
    if (http->multi == NULL) {
        return SP_ERR_NOMEM;
    }
    CURLM *multi = http->multi;
    if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)http->config.slots) != CURLM_OK) {
        return SP_ERR_NOMEM;
    }
    return SP_OK;
}

static enum sp_err allocate(struct sp_http *http)
{
    http->slots = calloc(http->config.slots, sizeof(*http->slots));
    http->by_fd = calloc(FDS_MAX, sizeof(struct conn *));
    http->dirty = calloc(FDS_MAX, sizeof(struct conn *));
    if (http->slots == NULL || http->by_fd == NULL || http->dirty == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < http->config.slots; i++) {
        http->slots[i].http = http;
        http->slots[i].number = i;
        sp_buf_init(&http->slots[i].answer, SP_HTTP_ANSWER_BYTES_MAX);
    }
    return SP_OK;
}

enum sp_err sp_http_new(struct sp_loop *loop, const struct sp_http_config *config,
                        const struct sp_http_ops *ops, struct sp_http **out)
{
    if (config->slots == 0 || config->slots > SP_HTTP_SLOTS_MAX) {
        return SP_ERR_RANGE;
    }
    struct sp_http *http = calloc(1, sizeof(*http));
    if (http == NULL) {
        return SP_ERR_NOMEM;
    }
    http->loop = loop;
    http->config = *config;
    http->ops = *ops;
    http->timer_ms = -1;
    enum sp_err err = sp_http_setup_init(&http->setup, &http->config);
    if (err == SP_OK) {
        err = allocate(http);
    }
    if (err == SP_OK) {
        err = open_multi(http);
    }
    if (err == SP_OK) {
        err = sp_timer_new(loop, on_time, http, &http->timer);
    }
    if (err != SP_OK) {
        sp_http_free(http);
        return err;
    }
    *out = http;
    return SP_OK;
}

void sp_http_free(struct sp_http *http)
{
    if (http == NULL) {
        return;
    }
    for (size_t i = 0; http->slots != NULL && i < http->config.slots; i++) {
        struct slot *slot = &http->slots[i];
        if (slot->is_busy) {
            (void)curl_multi_remove_handle(http->multi, slot->easy);
        }
        curl_easy_cleanup(slot->easy);
        sp_http_setup_headers_free(&slot->headers);
        sp_buf_done(&slot->answer);
        sp_sink_done(&slot->sink);
    }
    if (http->multi != NULL) {
        (void)curl_multi_cleanup(http->multi); /* closes what is open, by on_close */
    }
    sp_timer_free(http->timer);
    sp_http_setup_done(&http->setup);
    free(http->slots);
    free(http->by_fd);
    free(http->dirty);
    free(http);
}
