#include "session/house.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "sandbox/namespaces.h"
#include "sandbox/profile_session.h"
#include "session/house_inner.h"
#include "session/root.h"

#define DESCRIPTORS_WANTED 8192U
#define QUIET_MS           3 /* rooms are made again when nothing was asked for so long */
#define SOON_MS            1000U
#define WATCHED_MAX        (2 + HOUSE_TEMPLATES * 2 + HOUSE_MAKING)

static struct house house;

enum sp_err sp_house_tell(struct house *h, const struct sp_frame *frame, int fd)
{
    return sp_link_send(SP_SESSION_CONTROL_FD, frame, fd, &h->scratch);
}

enum sp_err sp_house_refuse(struct house *h, uint32_t ticket)
{
    const struct sp_frame refused = {
        .type = SP_FRAME_ENDED, .ticket = ticket, .number = UINT32_MAX};
    return sp_house_tell(h, &refused, -1);
}

/* ---- orders ---- */

static void forget_order(struct house *h, size_t at)
{
    h->order_count--;
    for (size_t i = at; i < h->order_count; i++) {
        h->orders[i] = h->orders[i + 1];
    }
}

static size_t find_order(const struct house *h, uint32_t ticket)
{
    size_t at = 0;
    while (at < h->order_count && h->orders[at].ticket != ticket) {
        at++;
    }
    return at;
}

/* If the pool is taken over: it can have as many sessions as the configuration allows, and end them. */
static enum sp_err on_fork(struct house *h, const struct sp_frame *frame)
{
    size_t sessions = sp_house_count(h, ROOM_TAKEN) + h->order_count;
    if (sessions >= h->options->sessions_max || frame->nonce == HOUSE_KEY_NONE ||
        sp_house_room_of(h, frame->ticket) != NULL ||
        find_order(h, frame->ticket) < h->order_count) {
        return sp_house_refuse(h, frame->ticket);
    }
    h->orders[h->order_count++] = (struct order){.ticket = frame->ticket, .key = frame->nonce};
    return SP_OK;
}

static enum sp_err on_kill(struct house *h, uint32_t ticket)
{
    const struct room_row *row = sp_house_room_of(h, ticket);
    size_t at = find_order(h, ticket);
    if (at < h->order_count) {
        forget_order(h, at);
        return sp_house_refuse(h, ticket);
    }
    if (row != NULL) {
        /* Not reaped yet, so the number still means this process. */
        (void)kill(row->room.pid, SIGKILL);
    }
    return SP_OK;
}

static enum sp_err on_pool(struct house *h)
{
    enum sp_err err = sp_link_receive(SP_SESSION_CONTROL_FD, &h->in);
    if (err == SP_ERR_UNAVAILABLE) {
        return SP_OK;
    }
    if (err != SP_OK) {
        return err;
    }
    if (h->in.frame.type == SP_FRAME_FORK) {
        return on_fork(h, &h->in.frame);
    }
    return h->in.frame.type == SP_FRAME_KILL ? on_kill(h, h->in.frame.ticket) : SP_ERR_WIRE;
}

/* Orders whose template is there and for which a room stands, the oldest first. */
static enum sp_err serve_orders(struct house *h, uint64_t now_ms)
{
    size_t at = 0;
    while (at < h->order_count) {
        struct room_row *room = sp_house_stock(h);
        struct template_row *template = NULL;
        const struct order order = h->orders[at];
        if (room == NULL) {
            return SP_OK;
        }
        template = sp_house_template_for(h, order.key, now_ms);
        if (template == NULL) {
            at++;
            continue;
        }
        forget_order(h, at);
        SP_TRY(sp_house_hand_over(h, template, room, order.ticket));
    }
    return SP_OK;
}

/* ---- children ---- */

static enum sp_err on_children(struct house *h, uint64_t now_ms)
{
    struct signalfd_siginfo ignored;
    int status = 0;
    (void)!read(h->signals, &ignored, sizeof ignored);
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        SP_TRY(sp_house_room_ended(h, pid, status, now_ms));
        SP_TRY(sp_house_template_ended(h, pid, now_ms));
    }
    return SP_OK;
}

/* ---- the loop ---- */

/* What each watched descriptor belongs to. */
struct watch {
    struct pollfd fds[WATCHED_MAX];
    struct template_row *templates[WATCHED_MAX];
    struct room_row *rooms[WATCHED_MAX];
    nfds_t count;
};

static void add(struct watch *w, int fd, struct template_row *template, struct room_row *room)
{
    if (fd >= 0 && w->count < WATCHED_MAX) {
        w->fds[w->count] = (struct pollfd){.fd = fd, .events = POLLIN};
        w->templates[w->count] = template;
        w->rooms[w->count] = room;
        w->count++;
    }
}

static void watch_all(struct house *h, struct watch *w)
{
    w->count = 0;
    add(w, SP_SESSION_CONTROL_FD, NULL, NULL);
    add(w, h->signals, NULL, NULL);
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        struct template_row *row = &h->templates[i];
        if (row->state != TEMPLATE_FREE) {
            add(w, row->wire, row, NULL);
        }
        if (row->state == TEMPLATE_PROBING) {
            add(w, row->probe->room.control, row, row->probe);
        }
    }
    for (size_t i = 0; i < h->room_rows; i++) {
        if (h->rooms[i].state == ROOM_MAKING) {
            add(w, h->rooms[i].room.control, NULL, &h->rooms[i]);
        }
    }
}

static enum sp_err dispatch(struct house *h, struct watch *w, size_t at)
{
    struct template_row *template = w->templates[at];
    struct room_row *room = w->rooms[at];
    if (template != NULL && room != NULL) {
        return template->state == TEMPLATE_PROBING ? sp_house_probe_says(h, template) : SP_OK;
    }
    if (template != NULL) {
        return template->wire >= 0 ? sp_house_template_says(h, template) : SP_OK;
    }
    return room->state == ROOM_MAKING ? sp_house_room_says(h, room) : SP_OK;
}

/* Rooms that somebody waits for are made at once; the stock, when nothing else is to be done. */
static int wait_ms(const struct house *h, uint64_t now_ms)
{
    unsigned ahead = sp_house_count(h, ROOM_MAKING) + sp_house_count(h, ROOM_STOCK);
    uint64_t due = sp_house_templates_due(h);
    uint64_t left = due > now_ms ? due - now_ms : 0;
    if (now_ms >= h->room_again_ms && ahead < HOUSE_STOCK) {
        return QUIET_MS;
    }
    if (h->order_count > 0 || h->template_again_ms > now_ms || h->room_again_ms > now_ms) {
        left = left < SOON_MS ? left : SOON_MS;
    }
    return left >= INT32_MAX ? -1 : (int)left + 1;
}

static enum sp_err turn(struct house *h, struct watch *w)
{
    uint64_t now_ms = sp_clock_mono_ms();
    int ready = 0;
    watch_all(h, w);
    ready = poll(w->fds, w->count, wait_ms(h, now_ms));
    now_ms = sp_clock_mono_ms();
    if (ready == 0) {
        (void)!sp_house_make_room(h, now_ms, HOUSE_STOCK);
    }
    for (size_t i = 2; ready > 0 && i < w->count; i++) {
        if (w->fds[i].revents != 0) {
            SP_TRY(dispatch(h, w, i));
        }
    }
    if (ready > 0 && w->fds[1].revents != 0) {
        SP_TRY(on_children(h, now_ms));
    }
    if (ready > 0 && w->fds[0].revents != 0) {
        SP_TRY(on_pool(h));
    }
    SP_TRY(sp_house_templates_tick(h, now_ms));
    SP_TRY(serve_orders(h, now_ms));
    while (sp_house_make_room(h, now_ms, (unsigned)h->order_count) == SP_OK) {
    }
    return SP_OK;
}

/* ---- before ---- */

static void raise_descriptor_limit(void)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum sp_err watch_children(struct house *h)
{
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &child, NULL) != 0) {
        return SP_ERR_SYSTEM;
    }
    h->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return h->signals < 0 ? SP_ERR_SYSTEM : SP_OK;
}

static enum sp_err write_arguments(struct house *h, char **argv)
{
    size_t count = 0;
    for (; argv[count] != NULL; count++) {
        if (count + 3 >= HOUSE_ARGUMENTS) {
            return SP_ERR_TOO_BIG;
        }
        h->arguments[count] = argv[count];
    }
    h->arguments[count] = "--as";
    h->arguments[count + 1] = "template";
    h->arguments[count + 2] = NULL;
    return SP_OK;
}

static enum sp_err prepare(struct house *h, char **argv)
{
    const char *at = "";
    enum sp_err err = sp_root_build(h->options->has_egress, &at);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "template.root.failed", "step=\"%s\" errno=%d", at, errno);
        return err;
    }
    raise_descriptor_limit();
    SP_TRY(write_arguments(h, argv));
    SP_TRY(sp_ns_keep_admin());
    SP_TRY(sp_session_filter_build(&h->filter));
    h->plan = (struct sp_room_plan){.limits = h->options->limits,
                                    .filter = sp_buf_slice(&h->filter),
                                    .outside_link = h->options->outside_link,
                                    .has_egress = h->options->has_egress};
    return watch_children(h);
}

int sp_house_run(const struct sp_session_options *options, char **argv)
{
    static struct watch watch;
    struct house *h = &house;
    enum sp_err err = SP_OK;
    h->options = options;
    sp_buf_init(&h->filter, SP_FILTER_BYTES_MAX + 1);
    sp_buf_init(&h->scratch, SP_FRAME_BYTES_MAX);
    sp_buf_init(&h->packages, SP_FRAME_PART_MAX);
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        h->templates[i].wire = -1;
    }
    err = prepare(h, argv);
    if (err == SP_OK) {
        err = sp_house_templates_tick(h, sp_clock_mono_ms());
    }
    while (err == SP_OK) {
        err = turn(h, &watch);
    }
    if (err != SP_ERR_CLOSED) {
        sp_log(SP_LOG_ERROR, "template.ended", "why=%s", sp_err_name(err));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
