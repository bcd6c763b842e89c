#include "dial/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/own.h"

/* How long a unix socket with a full backlog is left alone before the next try. */
#define BACKLOG_WAIT_MS 5U

struct call {
    struct sp_dial *dial;
    struct call *next;
    struct call **link; /* what points at this call */
    uint64_t number;
    const struct sp_dial_target *target;
    struct sp_addresses addresses;
    size_t at; /* the address that is being tried */
    uint64_t deadline_ms;
    int fd;
    int last_errno;
    struct sp_watch *watch;
    struct sp_timer *timer;
};

struct sp_dial {
    struct sp_loop *loop;
    struct sp_dial_targets targets;
    struct sp_resolved memory[SP_DIAL_TARGETS_MAX];
    uint32_t connect_ms;
    sp_dial_fn *fn;
    void *ctx;
    struct call *calls;
    size_t call_counts[SP_ROLE_COUNT]; /* by asker */
};

static void try_address(struct call *call);

static void call_free(struct call *call)
{
    sp_watch_free(call->watch);
    sp_timer_free(call->timer);
    sp_close(call->fd);
    *call->link = call->next;
    if (call->next != NULL) {
        call->next->link = call->link;
    }
    call->dial->call_counts[call->target->asker]--;
    free(call);
}

static void refuse(struct sp_dial *dial, uint64_t number, enum sp_err err,
                   const struct sp_where *why)
{
    struct sp_dial_end end = {.err = err, .fd = -1, .why = why};
    dial->fn(dial->ctx, number, &end);
}

static void fail(struct call *call, const char *reason)
{
    struct sp_where why;
    struct sp_dial *dial = call->dial;
    uint64_t number = call->number;
    sp_where_set(&why, 0, 0, "cannot connect to %s: %s", call->target->host, reason);
    call_free(call);
    refuse(dial, number, SP_ERR_POOL_UNAVAILABLE, &why);
}

static void succeed(struct call *call)
{
    struct sp_where why = {0};
    struct sp_dial *dial = call->dial;
    uint64_t number = call->number;
    int on = 1;
    if (call->target->port != 0) {
        /* A request is written whole; waiting for more to fill a segment only adds latency. */
        (void)setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(call->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    struct sp_dial_end end = {.err = SP_OK, .fd = sp_take_fd(&call->fd), .why = &why};
    call_free(call);
    dial->fn(dial->ctx, number, &end);
}

/* Leaves this address; the watch goes before its descriptor. */
static void drop_address(struct call *call)
{
    sp_watch_free(call->watch);
    call->watch = NULL;
    sp_close(sp_take_fd(&call->fd));
    call->at++;
}

static void on_writable(void *ctx, int fd, unsigned what)
{
    struct call *call = ctx;
    int failed = 0;
    socklen_t len = sizeof(failed);
    (void)what;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0) {
        failed = errno;
    }
    if (failed == 0) {
        succeed(call);
        return;
    }
    call->last_errno = failed;
    drop_address(call);
    try_address(call);
}

static void on_time(void *ctx)
{
    struct call *call = ctx;
    if (call->fd >= 0) {
        call->last_errno = ETIMEDOUT;
        drop_address(call);
    }
    try_address(call);
}

/* The time that is left is shared by the addresses that are left. */
static uint64_t share_ms(const struct call *call, uint64_t now_ms)
{
    return (call->deadline_ms - now_ms) / (call->addresses.count - call->at) + 1;
}

static int try_as(struct call *call, int type)
{
    const struct sp_address *address = &call->addresses.items[call->at];
    call->fd = socket(address->bytes.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (call->fd < 0) {
        return errno;
    }
    return connect(call->fd, (const struct sockaddr *)&address->bytes, address->len) == 0 ? 0
                                                                                          : errno;
}

/* Zero: connected. EINPROGRESS: wait for it. EAGAIN: a unix socket's backlog is full. */
static int begin_connect(struct call *call)
{
    const enum sp_dial_kind kind = call->target->kind;
    const int failed = try_as(call, kind == SP_DIAL_STREAM ? SOCK_STREAM : SOCK_DGRAM);
    if (kind != SP_DIAL_EITHER || failed != EPROTOTYPE) {
        return failed;
    }
    sp_close(sp_take_fd(&call->fd));
    return try_as(call, SOCK_STREAM);
}

static void try_address(struct call *call)
{
    while (call->at < call->addresses.count) {
        uint64_t now_ms = sp_clock_mono_ms();
        if (now_ms >= call->deadline_ms) {
            call->last_errno = ETIMEDOUT;
            break;
        }
        int failed = begin_connect(call);
        if (failed == 0) {
            succeed(call);
            return;
        }
        if (failed == EINPROGRESS &&
            sp_watch_new(call->dial->loop, call->fd, SP_WATCH_WRITE, on_writable, call,
                         &call->watch) == SP_OK &&
            sp_timer_set(call->timer, share_ms(call, now_ms)) == SP_OK) {
            return;
        }
        if (failed == EAGAIN && sp_timer_set(call->timer, BACKLOG_WAIT_MS) == SP_OK) {
            sp_close(sp_take_fd(&call->fd)); /* tried again at the same address */
            return;
        }
        call->last_errno = failed;
        drop_address(call);
    }
    fail(call, strerror(call->last_errno));
}

enum sp_err sp_dial_new(struct sp_loop *loop, struct sp_dial_targets *take_targets,
                        uint32_t connect_ms, sp_dial_fn *fn, void *ctx, struct sp_dial **out)
{
    struct sp_dial *dial = calloc(1, sizeof(*dial));
    if (dial == NULL) {
        return SP_ERR_NOMEM;
    }
    dial->loop = loop;
    dial->targets = *take_targets;
    dial->connect_ms = connect_ms;
    dial->fn = fn;
    dial->ctx = ctx;
    *take_targets = (struct sp_dial_targets){0};
    *out = dial;
    return SP_OK;
}

void sp_dial_free(struct sp_dial *dial)
{
    if (dial == NULL) {
        return;
    }
    while (dial->calls != NULL) {
        call_free(dial->calls);
    }
    sp_dial_targets_done(&dial->targets);
    free(dial);
}

static enum sp_err call_new(struct sp_dial *dial, uint64_t number,
                            const struct sp_dial_target *target, struct call **out)
{
    if (dial->call_counts[target->asker] >= SP_DIAL_CALLS_MAX) {
        return SP_ERR_FULL;
    }
    struct call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        return SP_ERR_NOMEM;
    }
    *call = (struct call){.dial = dial,
                          .number = number,
                          .target = target,
                          .fd = -1,
                          .next = dial->calls,
                          .link = &dial->calls};
    if (dial->calls != NULL) {
        dial->calls->link = &call->next;
    }
    dial->calls = call;
    dial->call_counts[target->asker]++;
    enum sp_err err = sp_timer_new(dial->loop, on_time, call, &call->timer);
    if (err != SP_OK) {
        call_free(call);
        return err;
    }
    *out = call;
    return SP_OK;
}

enum sp_err sp_dial_call(struct sp_dial *dial, uint64_t call, enum sp_role asker, unsigned target)
{
    struct sp_where why = {0};
    const struct sp_dial_target *place = NULL;
    struct sp_addresses addresses = {.count = 0};
    struct call *made = NULL;
    SP_TRY(sp_dial_targets_get(&dial->targets, asker, target, &place));
    enum sp_err err =
        sp_resolve(place, &dial->memory[target], sp_clock_mono_ms(), &addresses, &why);
    if (err == SP_OK) {
        err = call_new(dial, call, place, &made);
    }
    if (err != SP_OK) {
        refuse(dial, call, err, &why);
        return SP_OK;
    }
    made->addresses = addresses;
    made->deadline_ms = sp_clock_mono_ms() + dial->connect_ms;
    try_address(made);
    return SP_OK;
}
