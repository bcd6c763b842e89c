#include "process/role.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "os/schedule.h"
#include "process/profiles.h"

#define CONTROL_FD 3
#define GIFTS_MAX  32U

/* So long may messages that are still queued take when the process ends orderly. */
#define FLUSH_MS   1000U

struct gift {
    enum sp_gift what;
    unsigned index;
    int fd;
};

struct wire {
    struct sp_self *self;
    struct sp_peer peer;
    struct sp_channel *channel;
};

enum life { LIFE_NEW, LIFE_SETTLED, LIFE_RUNNING };

struct sp_self {
    const struct sp_role_spec *spec;
    enum life life;
    struct sp_loop *loop;
    struct sp_channel *control;
    uint32_t incarnation;
    struct sp_confine_options confine;
    struct sp_buf more;   /* what the role adds to its report */
    struct sp_buf report; /* of this process's confinement, and that */
    struct sp_payload settings;
    struct gift gifts[GIFTS_MAX];
    unsigned gift_count;
    struct wire *wires[SP_ROLE_COUNT][SP_ROLE_INDEX_MAX];
    sp_handle_fn *handlers[SP_ROLE_COUNT][SP_MSG_COUNT];
    bool hears[SP_ROLE_COUNT];
    void *state;
    int exit_status;
};

struct sp_loop *sp_self_loop(struct sp_self *self)
{
    return self->loop;
}

uint32_t sp_self_incarnation(const struct sp_self *self)
{
    return self->incarnation;
}

struct sp_slice sp_self_settings(const struct sp_self *self)
{
    return self->settings.bytes;
}

uint32_t sp_self_uid(const struct sp_self *self)
{
    return self->confine.uid;
}

void sp_self_connects_to(struct sp_self *self, const uint16_t *ports, size_t count)
{
    self->confine.ports = ports;
    self->confine.port_count = count;
}

void sp_self_reports(struct sp_self *self, struct sp_slice text)
{
    sp_buf_clear(&self->more);
    (void)!sp_buf_put(&self->more, sp_slice_sub(text, 0, SP_SELF_REPORT_MAX));
}

int sp_self_take_gift(struct sp_self *self, enum sp_gift what, unsigned index)
{
    for (unsigned i = 0; i < self->gift_count; i++) {
        if (self->gifts[i].what == what && self->gifts[i].index == index) {
            return sp_take_fd(&self->gifts[i].fd);
        }
    }
    return -1; /* style: raw-minus-one: a descriptor, and there is none */
}

struct sp_channel *sp_self_wire(struct sp_self *self, enum sp_role role, unsigned index)
{
    if ((unsigned)role >= SP_ROLE_COUNT || index >= SP_ROLE_INDEX_MAX ||
        self->wires[role][index] == NULL) {
        return NULL;
    }
    return self->wires[role][index]->channel;
}

void sp_self_finish(struct sp_self *self, enum sp_err why)
{
    if (why != SP_OK) {
        sp_log(SP_LOG_ERROR, "role.failed", "error=%s", sp_err_name(why));
        self->exit_status = 1;
    }
    sp_loop_stop(self->loop);
}

void sp_self_reloaded(struct sp_self *self, uint32_t generation, enum sp_err err)
{
    const struct sp_msg_reloaded msg = {.generation = generation, .err = err};
    if (self->control == NULL || sp_msg_reloaded_send(self->control, &msg) != SP_OK) {
        sp_self_finish(self, SP_ERR_WIRE);
    }
}

enum sp_err sp_self_retired(struct sp_self *self, const struct sp_msg_retired *msg)
{
    return self->control == NULL ? SP_ERR_CLOSED : sp_msg_retired_send(self->control, msg);
}

/* --- log lines go to the supervisor, which stamps who said them --- */

static void log_to_control(void *ctx, enum sp_log_level level, struct sp_slice line)
{
    struct sp_self *self = ctx;
    const struct sp_msg_log message = {.level = (uint8_t)level, .line = line};
    /* A full control channel drops the line: the log must never stop the work. */
    if (self->control != NULL && sp_msg_log_send(self->control, &message) == SP_OK) {
        sp_channel_flush(self->control); /* they may be the last words */
    }
}

/* --- wires to peers --- */

static void free_wire(struct wire *wire)
{
    sp_channel_free(wire->channel);
    free(wire);
}

/* Who runs out of memory makes room by its own end: the neighbour whose message it was did nothing wrong. */
static bool is_own_trouble(enum sp_err err)
{
    return err == SP_ERR_NOMEM || err == SP_ERR_SYSTEM;
}

/*
 * What if the asker is hostile? A message without a row ends its wire; the supervisor is told who it was, and replaces
 * that process.
 */
static enum sp_err on_peer_message(void *ctx, struct sp_channel *from, struct sp_message *message)
{
    struct wire *wire = ctx;
    struct sp_self *self = wire->self;
    const struct sp_peer peer = wire->peer;
    (void)from;
    if (message->type >= SP_MSG_COUNT || self->handlers[peer.role][message->type] == NULL) {
        return SP_ERR_WIRE;
    }
    enum sp_err err = self->handlers[peer.role][message->type](self->state, peer, message);
    if (!is_own_trouble(err)) {
        return err;
    }
    sp_log(SP_LOG_ERROR, "role.trouble", "message=%s from=%s.%u", sp_msg_name(message->type),
           sp_role_name(peer.role), peer.index);
    sp_self_finish(self, err);
    return SP_OK;
}

static void on_peer_lost(void *ctx, struct sp_channel *from, enum sp_err why)
{
    struct wire *wire = ctx;
    struct sp_self *self = wire->self;
    const struct sp_peer peer = wire->peer;
    (void)from;
    if (why != SP_ERR_CLOSED) {
        const struct sp_msg_broken message = {
            .role = (uint8_t)peer.role, .index = (uint16_t)peer.index, .err = why};
        sp_log(SP_LOG_WARN, "wire.broken", "peer=%s.%u error=%s", sp_role_name(peer.role),
               peer.index, sp_err_name(why));
        if (sp_msg_broken_send(self->control, &message) != SP_OK) {
            sp_self_finish(self, SP_ERR_WIRE);
        }
    }
    self->wires[peer.role][peer.index] = NULL;
    free_wire(wire);
    if (self->spec->lost != NULL) {
        self->spec->lost(self->state, peer);
    }
}

void sp_self_break(struct sp_self *self, struct sp_peer peer)
{
    if (sp_self_wire(self, peer.role, peer.index) != NULL) {
        struct wire *wire = self->wires[peer.role][peer.index];
        on_peer_lost(wire, wire->channel, SP_ERR_WIRE);
    }
}

static enum sp_err add_wire(struct sp_self *self, struct sp_peer peer, int take_fd)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct wire *wire = calloc(1, sizeof(*wire));
    if (wire == NULL) {
        return SP_ERR_NOMEM;
    }
    wire->self = self;
    wire->peer = peer;
    /* A role that hears nothing from this peer has the sending end of a one-way wire. */
    sp_channel_fn *fn = self->hears[peer.role] ? on_peer_message : NULL;
    enum sp_err err =
        sp_channel_new(self->loop, sp_take_fd(&fd), fn, on_peer_lost, wire, &wire->channel);
    if (err != SP_OK) {
        free(wire);
        return err;
    }
    self->wires[peer.role][peer.index] = wire;
    return SP_OK;
}

/* --- the control channel: the supervisor is trusted, but nothing is taken twice or out of order --- */

static enum sp_err on_settings(struct sp_self *self, struct sp_message *message)
{
    struct sp_msg_settings settings;
    if (self->life != LIFE_NEW) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_msg_settings_read(message, &settings));
    self->incarnation = settings.incarnation;
    self->confine.uid = settings.uid;
    self->confine.gid = settings.gid;
    self->confine.given_up = settings.given_up;
    self->life = LIFE_SETTLED;
    sp_log_to(log_to_control, self,
              settings.log_level <= SP_LOG_DEBUG ? (enum sp_log_level)settings.log_level
                                                 : SP_LOG_INFO);
    enum sp_err err = sp_payload_keep(&settings.settings, &self->settings);
    sp_payload_done(&settings.settings);
    return err;
}

static enum sp_err on_gift(struct sp_self *self, struct sp_message *message)
{
    struct sp_msg_gift gift;
    if (self->life == LIFE_NEW || self->gift_count >= GIFTS_MAX) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_msg_gift_read(message, &gift));
    if (gift.what >= SP_GIFT_COUNT || message->fd_count != 1) {
        return SP_ERR_WIRE;
    }
    self->gifts[self->gift_count++] = (struct gift){
        .what = (enum sp_gift)gift.what, .index = gift.index, .fd = sp_take_fd(&message->fds[0])};
    return SP_OK;
}

/* A directory is init's to take; its number alone is needed here, while it stays open. */
static int directory_gift(const struct sp_self *self, unsigned index)
{
    for (unsigned i = 0; i < self->gift_count; i++) {
        if (self->gifts[i].what == SP_GIFT_STATE && self->gifts[i].index == index) {
            return self->gifts[i].fd;
        }
    }
    return -1; /* style: raw-minus-one: a descriptor, and there is none */
}

static void drop_gifts(struct sp_self *self)
{
    for (unsigned i = 0; i < self->gift_count; i++) {
        sp_close(sp_take_fd(&self->gifts[i].fd));
    }
    self->gift_count = 0;
}

static enum sp_err confine(struct sp_self *self, int directory, int own_directory,
                           struct sp_msg_up *up)
{
    struct sp_confinement report = {.text = ""};
    self->confine.profile = sp_profile_of(self->spec->role);
    self->confine.dir_fd = directory;
    self->confine.own_fd = own_directory;
    enum sp_err err = sp_confine(&self->confine, &report);
    SP_TRY(sp_buf_put_text(&self->report, report.text));
    if (self->more.len > 0) {
        SP_TRY(sp_buf_put_byte(&self->report, ' '));
        SP_TRY(sp_buf_put(&self->report, sp_buf_slice(&self->more)));
    }
    up->report = sp_buf_slice(&self->report);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "role.confinement.missing", "%s error=%s", report.text,
               sp_err_name(err));
    }
    return err;
}

static enum sp_err renew(struct sp_self *self)
{
    if (self->spec->renewed == NULL) {
        return SP_ERR_WIRE;
    }
    self->spec->renewed(self->state);
    drop_gifts(self);
    return SP_OK;
}

/* Nothing of a peer is read before the end of this: wires are only handed over after UP. */
static enum sp_err on_go(struct sp_self *self, struct sp_message *message)
{
    struct sp_msg_go go;
    struct sp_msg_up up = {.report = {NULL, 0}};
    const int directory = directory_gift(self, 0);
    const int own_directory = directory_gift(self, 1);
    SP_TRY(sp_msg_go_read(message, &go));
    if (self->life == LIFE_RUNNING) {
        return renew(self);
    }
    if (self->life != LIFE_SETTLED) {
        return SP_ERR_WIRE;
    }
    SP_TRY(self->spec->init(self, &self->state));
    sp_payload_done(&self->settings);
    drop_gifts(self);
    SP_TRY(confine(self, directory, own_directory, &up));
    self->life = LIFE_RUNNING;
    SP_TRY(sp_msg_up_send(self->control, &up));
    return self->spec->start == NULL ? SP_OK : self->spec->start(self->state);
}

static enum sp_err on_wire(struct sp_self *self, struct sp_message *message)
{
    struct sp_msg_wire wire;
    struct sp_peer peer = {.role = SP_ROLE_SUPERVISOR, .index = 0};
    if (self->life != LIFE_RUNNING || message->fd_count != 1) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_msg_wire_read(message, &wire));
    SP_TRY(sp_role_from_number(wire.role, &peer.role));
    peer.index = wire.index;
    if (peer.index >= SP_ROLE_INDEX_MAX) {
        return SP_ERR_WIRE;
    }
    struct wire *old = self->wires[peer.role][peer.index];
    if (old != NULL) {
        /* The new peer can be here before the end of the old one was read. */
        self->wires[peer.role][peer.index] = NULL;
        free_wire(old);
        if (self->spec->lost != NULL) {
            self->spec->lost(self->state, peer);
        }
    }
    SP_TRY(add_wire(self, peer, sp_take_fd(&message->fds[0])));
    if (self->spec->wired != NULL) {
        self->spec->wired(self->state, peer);
    }
    return SP_OK;
}

static enum sp_err on_stop(struct sp_self *self, struct sp_message *message)
{
    struct sp_msg_stop stop;
    SP_TRY(sp_msg_stop_read(message, &stop));
    if (self->life != LIFE_RUNNING || self->spec->stop == NULL) {
        sp_self_finish(self, SP_OK);
        return SP_OK;
    }
    self->spec->stop(self->state, stop.grace_ms);
    return SP_OK;
}

static enum sp_err on_control(void *ctx, struct sp_channel *from, struct sp_message *message)
{
    static enum sp_err (*const accepts[SP_MSG_COUNT])(struct sp_self *, struct sp_message *) = {
        [SP_MSG_SETTINGS] = on_settings, [SP_MSG_GIFT] = on_gift, [SP_MSG_GO] = on_go,
        [SP_MSG_WIRE] = on_wire,         [SP_MSG_STOP] = on_stop,
    };
    struct sp_self *self = ctx;
    (void)from;
    if (message->type >= SP_MSG_COUNT) {
        return SP_ERR_WIRE;
    }
    sp_handle_fn *own = self->handlers[SP_ROLE_SUPERVISOR][message->type];
    if (accepts[message->type] == NULL && (own == NULL || self->life != LIFE_RUNNING)) {
        return SP_ERR_WIRE;
    }
    const struct sp_peer supervisor = {.role = SP_ROLE_SUPERVISOR, .index = 0};
    enum sp_err err = accepts[message->type] != NULL ? accepts[message->type](self, message)
                                                     : own(self->state, supervisor, message);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "role.start.failed", "step=%s error=%s", sp_msg_name(message->type),
               sp_err_name(err));
        sp_self_finish(self, err);
    }
    return SP_OK;
}

/* Without a supervisor there is nobody who restarts, wires or stops us: end at once. */
static void on_control_lost(void *ctx, struct sp_channel *from, enum sp_err why)
{
    struct sp_self *self = ctx;
    (void)from;
    (void)why;
    self->exit_status = 1;
    sp_loop_stop(self->loop);
}

static void fill_handlers(struct sp_self *self)
{
    for (size_t i = 0; i < self->spec->handler_count; i++) {
        const struct sp_handler *row = &self->spec->handlers[i];
        SP_ASSERT((unsigned)row->from < SP_ROLE_COUNT && (unsigned)row->type < SP_MSG_COUNT);
        self->handlers[row->from][row->type] = row->fn;
        self->hears[row->from] = true;
    }
}

/* A terminal's signals are the supervisor's to answer; a broken connection and a file at its limit are error codes, not deaths. */
static void ignore_signals(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
}

static enum sp_err run(struct sp_self *self)
{
    SP_TRY(sp_loop_new(&self->loop));
    SP_TRY(
        sp_channel_new(self->loop, CONTROL_FD, on_control, on_control_lost, self, &self->control));
    return sp_loop_run(self->loop);
}

static bool is_waiting(const struct sp_self *self)
{
    if (self->control != NULL && sp_channel_waiting(self->control) > 0) {
        return true;
    }
    for (size_t role = 0; role < SP_ROLE_COUNT; role++) {
        for (size_t i = 0; i < SP_ROLE_INDEX_MAX; i++) {
            if (self->wires[role][i] != NULL &&
                sp_channel_waiting(self->wires[role][i]->channel) > 0) {
                return true;
            }
        }
    }
    return false;
}

static void flush(struct sp_self *self)
{
    const uint64_t until = sp_clock_mono_ms() + FLUSH_MS;
    while (is_waiting(self) && sp_clock_mono_ms() < until) {
        if (sp_loop_turn(self->loop, 10) != SP_OK) {
            return;
        }
    }
}

int sp_role_run(const struct sp_role_spec *spec)
{
    struct sp_self *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return 1;
    }
    self->spec = spec;
    self->settings = SP_PAYLOAD_EMPTY;
    sp_buf_init(&self->more, SP_SELF_REPORT_MAX);
    sp_buf_init(&self->report, SP_CONFINEMENT_TEXT_MAX + 1 + SP_SELF_REPORT_MAX);
    ignore_signals();
    tzset(); /* libraries ask for the time at their first need, and the zone's file cannot be opened then */
    if (sp_schedule_in_batches() != SP_OK) {
        sp_log(SP_LOG_DEBUG, "role.schedule", "batches=no"); /* it only saves work */
    }
    fill_handlers(self);
    if (run(self) != SP_OK) {
        self->exit_status = 1;
    } else {
        flush(self);
    }
    /* The state goes with the process; its descriptors close in one moment, after the last message was sent. */
    int status = self->exit_status;
    sp_log_to(NULL, NULL, SP_LOG_ERROR);
    _exit(status);
}
