#include "wire/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/own.h"

#define SIGNALS_MAX 8U

struct on_signal {
    struct event event;
    sp_signal_fn *fn;
    void *ctx;
};

struct sp_timer {
    struct sp_loop *loop;
    struct event event;
    sp_timer_fn *fn;
    void *ctx;
    struct sp_timer *next_due;
    bool is_due;
};

/*
 * Timers of 0 ms stand in a list of their own that runs once at the end of a turn: libevent would either run them before
 * events that are already pending, or let one that sets itself again starve the descriptors.
 *
 * Hangups have an epoll descriptor of their own: libevent reports an error on a descriptor as readable and writable
 * only, so that one watched for its hangup alone would spin.
 */
struct sp_loop {
    struct event_base *base;
    struct sp_timer *due_first;
    struct sp_timer **due_last;
    struct sp_timer *due_running; /* the rest of the list that is being run */
    struct sp_last *lasts;
    struct event turn_end;
    struct event hangup_event;
    int hangup_fd;
    bool is_stopped;
    struct on_signal signals[SIGNALS_MAX];
    unsigned signal_count;
};

struct sp_watch {
    struct sp_loop *loop;
    int fd;
    unsigned what;
    bool is_known_to_hangup; /* stands in the epoll set of hangups, armed or not */
    sp_watch_fn *fn;
    void *ctx;
    struct event read;
    struct event write;
};

static void on_turn_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* One event a call: a callback may free any watch, and what is left makes the descriptor readable again. */
static void on_hangup_ready(evutil_socket_t fd, short what, void *arg)
{
    struct epoll_event event = {0};
    (void)what;
    (void)arg;
    if (epoll_wait(fd, &event, 1, 0) == 1) {
        struct sp_watch *watch = event.data.ptr;
        watch->what &= ~(SP_WATCH_HANGUP | SP_WATCH_DEAD);
        watch->fn(watch->ctx, watch->fd, SP_WATCH_HANGUP);
    }
}

static void drop_log(int severity, const char *text)
{
    (void)severity;
    (void)text;
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL) {
        return NULL;
    }
    struct event_base *base = NULL;
    if (event_config_require_features(config, EV_FEATURE_O1) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0) {
        base = event_base_new_with_config(config);
    }
    event_config_free(config);
    return base;
}

enum sp_err sp_loop_new(struct sp_loop **out)
{
    struct sp_loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return SP_ERR_NOMEM;
    }
    loop->due_last = &loop->due_first;
    loop->hangup_fd = -1;
    event_set_log_callback(drop_log);
    loop->base = new_base();
    if (loop->base == NULL) {
        free(loop);
        return SP_ERR_SYSTEM;
    }
    loop->hangup_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->hangup_fd < 0 ||
        evtimer_assign(&loop->turn_end, loop->base, on_turn_end, NULL) != 0 ||
        event_assign(&loop->hangup_event, loop->base, loop->hangup_fd, EV_READ | EV_PERSIST,
                     on_hangup_ready, loop) != 0 ||
        event_add(&loop->hangup_event, NULL) != 0) {
        sp_close(loop->hangup_fd);
        event_base_free(loop->base);
        free(loop);
        return SP_ERR_SYSTEM;
    }
    *out = loop;
    return SP_OK;
}

void sp_loop_free(struct sp_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    for (unsigned i = 0; i < loop->signal_count; i++) {
        (void)event_del(&loop->signals[i].event);
    }
    (void)event_del(&loop->hangup_event);
    (void)event_del(&loop->turn_end);
    event_base_free(loop->base);
    sp_close(loop->hangup_fd);
    free(loop);
}

/* Runs the timers that were due when the turn ended; those that they set are for the next turn. */
static void run_due(struct sp_loop *loop)
{
    loop->due_running = loop->due_first;
    loop->due_first = NULL;
    loop->due_last = &loop->due_first;
    while (loop->due_running != NULL) {
        struct sp_timer *timer = loop->due_running;
        loop->due_running = timer->next_due;
        timer->next_due = NULL;
        timer->is_due = false;
        timer->fn(timer->ctx);
    }
}

static void run_lasts(struct sp_loop *loop)
{
    while (loop->lasts != NULL) {
        struct sp_last *last = loop->lasts;
        loop->lasts = last->next;
        last->is_asked = false;
        last->fn(last->ctx);
    }
}

void sp_loop_at_last(struct sp_loop *loop, struct sp_last *last)
{
    if (!last->is_asked) {
        last->is_asked = true;
        last->next = loop->lasts;
        loop->lasts = last;
    }
}

void sp_loop_forget_last(struct sp_loop *loop, struct sp_last *last)
{
    struct sp_last **at = &loop->lasts;
    if (!last->is_asked) {
        return;
    }
    last->is_asked = false;
    while (*at != NULL && *at != last) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = last->next;
    }
}

static enum sp_err turn(struct sp_loop *loop, int flags)
{
    run_lasts(loop); /* asked for before the loop ran */
    if (loop->due_first != NULL) {
        flags = EVLOOP_ONCE | EVLOOP_NONBLOCK;
    }
    if (event_base_loop(loop->base, flags | EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
        return SP_ERR_SYSTEM;
    }
    run_due(loop);
    run_lasts(loop);
    return SP_OK;
}

enum sp_err sp_loop_run(struct sp_loop *loop)
{
    while (!loop->is_stopped) {
        SP_TRY(turn(loop, EVLOOP_ONCE));
    }
    loop->is_stopped = false;
    return SP_OK;
}

enum sp_err sp_loop_turn(struct sp_loop *loop, unsigned wait_ms)
{
    if (wait_ms == 0) {
        return turn(loop, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
    const struct timeval wait = {.tv_sec = wait_ms / 1000,
                                 .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000};
    if (evtimer_add(&loop->turn_end, &wait) != 0) {
        return SP_ERR_SYSTEM;
    }
    enum sp_err err = turn(loop, EVLOOP_ONCE);
    (void)evtimer_del(&loop->turn_end);
    return err;
}

void sp_loop_stop(struct sp_loop *loop)
{
    loop->is_stopped = true;
}

/* --- watches --- */

static void on_read(evutil_socket_t fd, short what, void *arg)
{
    struct sp_watch *watch = arg;
    (void)what;
    watch->fn(watch->ctx, fd, SP_WATCH_READ);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
    struct sp_watch *watch = arg;
    (void)what;
    watch->fn(watch->ctx, fd, SP_WATCH_WRITE);
}

enum sp_err sp_watch_new(struct sp_loop *loop, int fd, unsigned what, sp_watch_fn *fn, void *ctx,
                         struct sp_watch **out)
{
    struct sp_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return SP_ERR_NOMEM;
    }
    watch->loop = loop;
    watch->fd = fd;
    watch->fn = fn;
    watch->ctx = ctx;
    enum sp_err err = SP_ERR_SYSTEM;
    if (event_assign(&watch->read, loop->base, fd, EV_READ | EV_PERSIST, on_read, watch) == 0 &&
        event_assign(&watch->write, loop->base, fd, EV_WRITE | EV_PERSIST, on_write, watch) == 0) {
        err = sp_watch_set(watch, what);
    }
    if (err != SP_OK) {
        free(watch);
        return err;
    }
    *out = watch;
    return SP_OK;
}

static enum sp_err set_event(struct event *event, bool is_on, bool should_be_on)
{
    if (is_on == should_be_on) {
        return SP_OK;
    }
    int status = should_be_on ? event_add(event, NULL) : event_del(event);
    return status == 0 ? SP_OK : SP_ERR_SYSTEM;
}

/* One report, then silence until it is asked for again: an ended connection stays ended. */
static enum sp_err set_hangup(struct sp_watch *watch, unsigned what)
{
    unsigned old = watch->what & (SP_WATCH_HANGUP | SP_WATCH_DEAD);
    what &= SP_WATCH_HANGUP | SP_WATCH_DEAD;
    if (what == old) {
        return SP_OK;
    }
    struct epoll_event event = {.events = EPOLLONESHOT, .data.ptr = watch};
    int operation = watch->is_known_to_hangup ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if ((what & SP_WATCH_HANGUP) != 0) {
        event.events |= EPOLLRDHUP;
    }
    if (what == 0) {
        operation = EPOLL_CTL_DEL;
    }
    if (epoll_ctl(watch->loop->hangup_fd, operation, watch->fd, &event) != 0) {
        return errno == ENOMEM || errno == ENOSPC ? SP_ERR_NOMEM : SP_ERR_SYSTEM;
    }
    watch->is_known_to_hangup = what != 0;
    return SP_OK;
}

enum sp_err sp_watch_set(struct sp_watch *watch, unsigned what)
{
    SP_TRY(
        set_event(&watch->read, (watch->what & SP_WATCH_READ) != 0, (what & SP_WATCH_READ) != 0));
    watch->what = (watch->what & ~SP_WATCH_READ) | (what & SP_WATCH_READ);
    SP_TRY(set_event(&watch->write, (watch->what & SP_WATCH_WRITE) != 0,
                     (what & SP_WATCH_WRITE) != 0));
    watch->what = (watch->what & ~SP_WATCH_WRITE) | (what & SP_WATCH_WRITE);
    SP_TRY(set_hangup(watch, what));
    watch->what = what;
    return SP_OK;
}

void sp_watch_free(struct sp_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    (void)event_del(&watch->read);
    (void)event_del(&watch->write);
    if (watch->is_known_to_hangup) {
        struct epoll_event event = {0};
        (void)epoll_ctl(watch->loop->hangup_fd, EPOLL_CTL_DEL, watch->fd, &event);
    }
    free(watch);
}

/* --- timers --- */

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct sp_timer *timer = arg;
    (void)fd;
    (void)what;
    timer->fn(timer->ctx);
}

enum sp_err sp_timer_new(struct sp_loop *loop, sp_timer_fn *fn, void *ctx, struct sp_timer **out)
{
    struct sp_timer *timer = calloc(1, sizeof(*timer));
    if (timer == NULL) {
        return SP_ERR_NOMEM;
    }
    timer->loop = loop;
    timer->fn = fn;
    timer->ctx = ctx;
    if (evtimer_assign(&timer->event, loop->base, on_timeout, timer) != 0) {
        free(timer);
        return SP_ERR_SYSTEM;
    }
    *out = timer;
    return SP_OK;
}

static bool unlink_from(struct sp_timer **at, const struct sp_timer *timer)
{
    while (*at != NULL && *at != timer) {
        at = &(*at)->next_due;
    }
    if (*at == NULL) {
        return false;
    }
    *at = timer->next_due;
    return true;
}

static void forget_due(struct sp_timer *timer)
{
    struct sp_loop *loop = timer->loop;
    if (!timer->is_due) {
        return;
    }
    timer->is_due = false;
    if (!unlink_from(&loop->due_running, timer)) {
        (void)unlink_from(&loop->due_first, timer);
        loop->due_last = &loop->due_first;
        while (*loop->due_last != NULL) {
            loop->due_last = &(*loop->due_last)->next_due;
        }
    }
    timer->next_due = NULL;
}

enum sp_err sp_timer_set(struct sp_timer *timer, uint64_t after_ms)
{
    if (after_ms == 0) {
        (void)evtimer_del(&timer->event);
        if (!timer->is_due) {
            timer->is_due = true;
            timer->next_due = NULL;
            *timer->loop->due_last = timer;
            timer->loop->due_last = &timer->next_due;
        }
        return SP_OK;
    }
    forget_due(timer);
    const struct timeval after = {.tv_sec = (time_t)(after_ms / 1000),
                                  .tv_usec = (suseconds_t)(after_ms % 1000) * 1000};
    return evtimer_add(&timer->event, &after) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

void sp_timer_stop(struct sp_timer *timer)
{
    forget_due(timer);
    (void)evtimer_del(&timer->event);
}

void sp_timer_free(struct sp_timer *timer)
{
    if (timer != NULL) {
        sp_timer_stop(timer);
        free(timer);
    }
}

/* --- signals --- */

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
    const struct on_signal *wanted = arg;
    (void)what;
    wanted->fn(wanted->ctx, signo);
}

enum sp_err sp_loop_on_signal(struct sp_loop *loop, int signo, sp_signal_fn *fn, void *ctx)
{
    if (loop->signal_count >= SIGNALS_MAX) {
        return SP_ERR_FULL;
    }
    struct on_signal *wanted = &loop->signals[loop->signal_count];
    wanted->fn = fn;
    wanted->ctx = ctx;
    if (evsignal_assign(&wanted->event, loop->base, signo, on_signal, wanted) != 0 ||
        event_add(&wanted->event, NULL) != 0) {
        return SP_ERR_SYSTEM;
    }
    loop->signal_count++;
    return SP_OK;
}
